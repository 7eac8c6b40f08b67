#include "ui/train/run-slot-popover.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "ui/charts/chart-style.h"
#include "ui/train/run-swatch.h"

#define N LW_CHART_N_SLOTS

struct _LwRunSlotPopover {
  GtkPopover parent_instance;

  /* owned */
  LwRunItem *item;

  GtkLabel *title;
  GtkToggleButton *buttons[N * N]; /* by slot */
};

G_DEFINE_FINAL_TYPE (LwRunSlotPopover, lw_run_slot_popover, GTK_TYPE_POPOVER)

/* The slot with the colour of `column` and the dash of `row`: past the sixth slot the colours start over
 * and the dashes move on by one (chart-style.h). */
static guint
slot_at (guint column, guint row)
{
  return N * ((row + N - column) % N) + column;
}

char *
lw_run_slot_describe (guint slot, gboolean dark)
{
  static const char *const colors[N] = { N_("Blue"), N_("Orange"), N_("Green"),
                                         N_("Pink"), N_("Ochre"),  N_("Black") };
  static const char *const dashes[N] = { N_("solid"), N_("dashed"), N_("dotted"), N_("dashes and dots"),
                                         N_("long dashes"), N_("sparse dots") };
  guint column = slot % N;
  const char *color = dark && column == 4   ? _("Yellow")
                      : dark && column == 5 ? _("White")
                                            : _(colors[column]);

  /* Translators: a colour and a dash: "Blue, solid" */
  return g_strdup_printf (_("%s, %s"), color, _(dashes[(slot + slot / N) % N]));
}

static void
on_clicked (GtkToggleButton *button, LwRunSlotPopover *self)
{
  guint slot = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "lw-slot"));

  if (self->item == NULL)
    return;
  if (slot != lw_run_item_get_slot (self->item))
    gtk_widget_activate_action (GTK_WIDGET (self), "runs.set-slot", "(uu)", lw_run_item_get_id (self->item), slot);
  gtk_popover_popdown (GTK_POPOVER (self));
}

/* The names of the other runs that have it: "Run 2, Run 5"; NULL for none. */
static char *
find_owners (LwRunSlotPopover *self, guint slot, GListModel *runs)
{
  GString *names = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (LwRunItem) item = g_list_model_get_item (runs, i);

      if (item == self->item || lw_run_item_get_slot (item) % (N * N) != slot)
        continue;
      if (names == NULL)
        names = g_string_new (lw_run_item_get_name (item));
      else
        g_string_append_printf (names, ", %s", lw_run_item_get_name (item));
    }
  return names != NULL ? g_string_free (names, FALSE) : NULL;
}

static void
update_button (LwRunSlotPopover *self, guint slot, GListModel *runs)
{
  GtkWidget *button = GTK_WIDGET (self->buttons[slot]);
  gboolean dark = adw_style_manager_get_dark (adw_style_manager_get_for_display (gtk_widget_get_display (button)));
  g_autofree char *looks = lw_run_slot_describe (slot, dark);
  g_autofree char *owners = find_owners (self, slot, runs);
  /* Translators: looks, then the run or runs that have them: "Blue, solid (Run 2)" */
  g_autofree char *label = owners != NULL ? g_strdup_printf (_("%s (%s)"), looks, owners) : g_strdup (looks);

  gtk_widget_set_tooltip_text (button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (owners != NULL)
    gtk_widget_add_css_class (button, "taken");
  else
    gtk_widget_remove_css_class (button, "taken");
}

void
lw_run_slot_popover_set_item (LwRunSlotPopover *self, LwRunItem *item, GListModel *runs)
{
  g_autofree char *title = NULL;
  guint slot;

  g_return_if_fail (LW_IS_RUN_SLOT_POPOVER (self));
  g_return_if_fail (LW_IS_RUN_ITEM (item));
  g_return_if_fail (G_IS_LIST_MODEL (runs));

  g_set_object (&self->item, item);
  slot = lw_run_item_get_slot (item) % (N * N);
  /* Translators: %s is a run's name. */
  title = g_strdup_printf (_("Colour and dash of %s"), lw_run_item_get_name (item));
  gtk_label_set_text (self->title, title);
  gtk_toggle_button_set_active (self->buttons[slot], TRUE);
  for (guint i = 0; i < N * N; i++)
    update_button (self, i, runs);
}

/* With the focus on the run's own. */
static void
lw_run_slot_popover_map (GtkWidget *widget)
{
  LwRunSlotPopover *self = LW_RUN_SLOT_POPOVER (widget);

  GTK_WIDGET_CLASS (lw_run_slot_popover_parent_class)->map (widget);
  if (self->item != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (self->buttons[lw_run_item_get_slot (self->item) % (N * N)]));
}

static void
lw_run_slot_popover_dispose (GObject *object)
{
  g_clear_object (&LW_RUN_SLOT_POPOVER (object)->item);
  G_OBJECT_CLASS (lw_run_slot_popover_parent_class)->dispose (object);
}

static void
lw_run_slot_popover_class_init (LwRunSlotPopoverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = lw_run_slot_popover_dispose;
  GTK_WIDGET_CLASS (klass)->map = lw_run_slot_popover_map;
}

static void
lw_run_slot_popover_init (LwRunSlotPopover *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *grid = gtk_grid_new ();

  self->title = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_xalign (self->title, 0);
  gtk_label_set_ellipsize (self->title, PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (GTK_WIDGET (self->title), "heading");
  for (guint row = 0; row < N; row++)
    for (guint column = 0; column < N; column++)
      {
        guint slot = slot_at (column, row);
        GtkWidget *button = gtk_toggle_button_new ();
        GtkWidget *swatch = lw_run_swatch_new ();

        g_object_set (swatch, "slot", slot, NULL);
        lw_run_swatch_set_factor (LW_RUN_SWATCH (swatch), 1.4);
        gtk_button_set_child (GTK_BUTTON (button), swatch);
        gtk_widget_add_css_class (button, "flat");
        gtk_widget_add_css_class (button, "run-slot");
        g_object_set_data (G_OBJECT (button), "lw-slot", GUINT_TO_POINTER (slot));
        if (row + column > 0)
          gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (button), self->buttons[slot_at (0, 0)]);
        g_signal_connect (button, "clicked", G_CALLBACK (on_clicked), self);
        gtk_grid_attach (GTK_GRID (grid), button, (int) column, (int) row, 1, 1);
        self->buttons[slot] = GTK_TOGGLE_BUTTON (button);
      }
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->title));
  gtk_box_append (GTK_BOX (box), grid);
  gtk_widget_add_css_class (GTK_WIDGET (self), "run-popover");
  gtk_popover_set_child (GTK_POPOVER (self), box);
}

GtkWidget *
lw_run_slot_popover_new (void)
{
  return g_object_new (LW_TYPE_RUN_SLOT_POPOVER, NULL);
}
