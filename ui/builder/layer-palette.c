#include "ui/builder/layer-palette.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/engine.h"
#include "ui/builder/palette-row.h"
#include "ui/ui-resources.h"

struct _LwLayerPalette {
  GtkPopover  parent_instance;

  char      **words; /* what is searched for, case-folded */

  GtkWidget  *search;
  GtkWidget  *scrolled;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (LwLayerPalette, lw_layer_palette, GTK_TYPE_POPOVER)

enum {
  CHOSEN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static const LwSpecClass *
get_class (GtkListBoxRow *row)
{
  return lw_palette_row_get_class (LW_PALETTE_ROW (row));
}

static void
update_header (GtkListBoxRow *row,
               GtkListBoxRow *before,
               gpointer       data)
{
  GtkWidget *header;

  if (before != NULL && g_strcmp0 (get_class (row)->group, get_class (before)->group) == 0)
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  if (gtk_list_box_row_get_header (row) != NULL)
    return;

  header = gtk_label_new (_(get_class (row)->group));
  gtk_label_set_xalign (GTK_LABEL (header), 0);
  gtk_widget_add_css_class (header, "caption-heading");
  gtk_widget_add_css_class (header, "dim-label");
  gtk_widget_add_css_class (header, "layer-group");
  gtk_list_box_row_set_header (row, header);
}

/* Every word must be somewhere in what the row says of the class. */
static gboolean
is_wanted (GtkListBoxRow *row,
           gpointer       data)
{
  LwLayerPalette *self = data;
  const LwSpecClass *klass = get_class (row);
  g_autofree char *text = NULL;
  g_autofree char *folded = NULL;

  if (self->words == NULL)
    return TRUE;

  text = g_strjoin (" ", _(klass->label), klass->class_name, _(klass->group), _(klass->summary),
                    NULL);
  folded = g_utf8_casefold (text, -1);
  for (char **word = self->words; *word != NULL; word++)
    if (strstr (folded, *word) == NULL)
      return FALSE;

  return TRUE;
}

static void
scroll_to (LwLayerPalette *self,
           GtkWidget      *row)
{
  graphene_rect_t bounds;

  if (gtk_widget_compute_bounds (row, GTK_WIDGET (self->list), &bounds))
    gtk_adjustment_clamp_page (
      gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scrolled)), bounds.origin.y,
      bounds.origin.y + bounds.size.height);
}

/* A class whose name begins with what was typed comes before one that only speaks of it. */
static void
select_best (LwLayerPalette *self)
{
  GtkListBoxRow *best = NULL;
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    {
      g_autofree char *name = NULL;

      if (!gtk_widget_get_child_visible (GTK_WIDGET (row)))
        continue;
      if (best == NULL)
        best = row;
      if (self->words == NULL || self->words[0] == NULL)
        break;

      name = g_utf8_casefold (_(get_class (row)->label), -1);
      if (g_str_has_prefix (name, self->words[0]))
        {
          best = row;
          break;
        }
    }

  gtk_list_box_select_row (self->list, best);
  if (best != NULL)
    scroll_to (self, GTK_WIDGET (best));
}

static void
on_search_changed (GtkSearchEntry *search,
                   LwLayerPalette *self)
{
  g_autofree char *folded = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (search)), -1);

  g_clear_pointer (&self->words, g_strfreev);
  g_strstrip (folded);
  if (*folded != '\0')
    self->words = g_strsplit (folded, " ", -1);

  gtk_list_box_invalidate_filter (self->list);
  select_best (self);
}

/* With `stay` the palette is open for the next. */
static void
choose (LwLayerPalette *self,
        GtkListBoxRow  *row,
        gboolean        stay)
{
  const char *class_name;

  if (row == NULL || !gtk_widget_get_child_visible (GTK_WIDGET (row)))
    return;

  class_name = get_class (row)->class_name;
  if (!stay)
    gtk_popover_popdown (GTK_POPOVER (self));
  g_signal_emit (self, signals[CHOSEN], 0, class_name);
  if (stay)
    gtk_editable_set_text (GTK_EDITABLE (self->search), "");
}

static void
on_search_activate (GtkSearchEntry *search,
                    LwLayerPalette *self)
{
  /* The list may be behind by a delayed "search-changed". */
  on_search_changed (search, self);
  choose (self, gtk_list_box_get_selected_row (self->list), FALSE);
}

static void
on_row_activated (GtkListBox     *list,
                  GtkListBoxRow  *row,
                  LwLayerPalette *self)
{
  choose (self, row, FALSE);
}

static void
move_selection (LwLayerPalette *self,
                int             direction)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);
  int i = row != NULL ? gtk_list_box_row_get_index (row) + direction : 0;

  while ((row = i < 0 ? NULL : gtk_list_box_get_row_at_index (self->list, i)) != NULL &&
         !gtk_widget_get_child_visible (GTK_WIDGET (row)))
    i += direction;
  if (row == NULL)
    return;

  gtk_list_box_select_row (self->list, row);
  scroll_to (self, GTK_WIDGET (row));
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller,
                guint                  key,
                guint                  code,
                GdkModifierType        state,
                LwLayerPalette        *self)
{
  if (key == GDK_KEY_Down || key == GDK_KEY_KP_Down)
    move_selection (self, 1);
  else if (key == GDK_KEY_Up || key == GDK_KEY_KP_Up)
    move_selection (self, -1);
  else if ((key == GDK_KEY_Return || key == GDK_KEY_KP_Enter || key == GDK_KEY_ISO_Enter)
           && (state & GDK_CONTROL_MASK) != 0)
    {
      on_search_changed (GTK_SEARCH_ENTRY (self->search), self);
      choose (self, gtk_list_box_get_selected_row (self->list), TRUE);
    }
  else
    return FALSE;

  return TRUE;
}

static void
lw_layer_palette_show (GtkWidget *widget)
{
  LwLayerPalette *self = LW_LAYER_PALETTE (widget);

  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  on_search_changed (GTK_SEARCH_ENTRY (self->search), self);
  GTK_WIDGET_CLASS (lw_layer_palette_parent_class)->show (widget);
  gtk_widget_grab_focus (self->search);
}

static void
lw_layer_palette_finalize (GObject *object)
{
  g_strfreev (LW_LAYER_PALETTE (object)->words);
  G_OBJECT_CLASS (lw_layer_palette_parent_class)->finalize (object);
}

static void
lw_layer_palette_class_init (LwLayerPaletteClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = lw_layer_palette_finalize;
  widget_class->show = lw_layer_palette_show;

  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/layer-palette.ui");
  gtk_widget_class_bind_template_child (widget_class, LwLayerPalette, search);
  gtk_widget_class_bind_template_child (widget_class, LwLayerPalette, scrolled);
  gtk_widget_class_bind_template_child (widget_class, LwLayerPalette, list);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, gtk_popover_popdown);
}

static void
lw_layer_palette_init (LwLayerPalette *self)
{
  const LwLayerClass *const *classes;
  GtkEventController *keys = gtk_event_controller_key_new ();
  guint n;

  gtk_widget_init_template (GTK_WIDGET (self));

  classes = lw_layer_classes (&n);
  for (guint i = 0; i < n; i++)
    {
      GtkWidget *row = lw_palette_row_new (&classes[i]->spec);

      /* The palette lies over the stack that the row is to be dropped on. */
      g_signal_connect_swapped (row, "drag-begun", G_CALLBACK (gtk_popover_popdown), self);
      gtk_list_box_append (self->list, row);
    }
  gtk_list_box_set_header_func (self->list, update_header, NULL, NULL);
  gtk_list_box_set_filter_func (self->list, is_wanted, self, NULL);
  gtk_search_entry_set_key_capture_widget (GTK_SEARCH_ENTRY (self->search), GTK_WIDGET (self));

  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (self->search, keys);
}

GtkWidget *
lw_layer_palette_new (void)
{
  return g_object_new (LW_TYPE_LAYER_PALETTE, NULL);
}

GtkWidget *
lw_layer_palette_get_search (LwLayerPalette *self)
{
  g_return_val_if_fail (LW_IS_LAYER_PALETTE (self), NULL);

  return self->search;
}
