#include "ui/builder/layer-editor.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ui/builder/field-control.h"

#define COLUMNS 2

/* The input has no class in the engine: its one field is the size that the images must have. */
static const LwField input_field = {
  .key = "size",
  .label = N_("Height × width"),
  .type = LW_FIELD_PAIR,
  .standard = { .pair = { 28, 28 } },
  .minimum = 1,
  .maximum = 1024,
  .optional = TRUE,
};

struct _LwLayerEditor {
  GtkWidget          parent_instance;

  const LwSpecClass *klass; /* NULL for the input */
  guint              index;
  char              *name;
  GPtrArray         *controls; /* of LwFieldControl, not owned, in the order of the fields */

  GtkWidget         *box;
  GtkWidget         *name_entry;
};

G_DEFINE_FINAL_TYPE (LwLayerEditor, lw_layer_editor, GTK_TYPE_WIDGET)

static void
on_edited (LwFieldControl *control,
           GVariant       *value,
           LwLayerEditor  *self)
{
  gint64 height, width;

  if (self->klass != NULL)
    {
      gtk_widget_activate_action (GTK_WIDGET (self), "model.set-field", "(usv)", self->index,
                                  lw_field_control_get_field (control)->key, value);
      return;
    }

  g_variant_get (value, "(xx)", &height, &width);
  gtk_widget_activate_action (GTK_WIDGET (self), "model.set-input", "(ii)",
                              height > 0 ? (int) height : LW_DIM_ANY,
                              width > 0 ? (int) width : LW_DIM_ANY);
}

static void
apply_name (LwLayerEditor *self)
{
  g_autofree char *name = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name_entry)));

  g_strstrip (name);
  if (*name != '\0' && g_strcmp0 (name, self->name) != 0)
    gtk_widget_activate_action (GTK_WIDGET (self), "model.rename-layer", "(us)", self->index, name);

  /* Refused names (taken, or empty) give way to the one in force. */
  if (self->name != NULL &&
      strcmp (gtk_editable_get_text (GTK_EDITABLE (self->name_entry)), self->name) != 0)
    gtk_editable_set_text (GTK_EDITABLE (self->name_entry), self->name);
}

static void
on_name_focus_left (LwLayerEditor *self)
{
  /* Not while the card is being taken apart. */
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    apply_name (self);
}

static GtkWidget *
create_name_entry (LwLayerEditor *self)
{
  GtkEventController *focus = gtk_event_controller_focus_new ();

  self->name_entry = gtk_entry_new ();
  gtk_editable_set_width_chars (GTK_EDITABLE (self->name_entry), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->name_entry),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Name"), -1);
  g_signal_connect_swapped (self->name_entry, "activate", G_CALLBACK (apply_name), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (on_name_focus_left), self);
  gtk_widget_add_controller (self->name_entry, focus);

  return self->name_entry;
}

static void
attach (GtkWidget  *grid,
        guint       place,
        const char *label,
        GtkWidget  *control)
{
  GtkWidget *cell = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *caption = gtk_label_new (label);

  gtk_label_set_xalign (GTK_LABEL (caption), 0);
  gtk_label_set_ellipsize (GTK_LABEL (caption), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (caption, "caption");
  gtk_widget_add_css_class (caption, "dim-label");
  gtk_widget_set_hexpand (cell, TRUE);
  gtk_box_append (GTK_BOX (cell), caption);
  gtk_box_append (GTK_BOX (cell), control);
  gtk_grid_attach (GTK_GRID (grid), cell, (int) (place % COLUMNS), (int) (place / COLUMNS), 1, 1);
}

static GtkWidget *
create_grid (void)
{
  GtkWidget *grid = gtk_grid_new ();

  gtk_grid_set_column_homogeneous (GTK_GRID (grid), TRUE);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 12);
  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);

  return grid;
}

/* "More", and in small letters what is behind it. */
static GtkWidget *
create_more (GtkWidget  *grid,
             const char *contents)
{
  GtkWidget *expander = gtk_expander_new (NULL);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *title = gtk_label_new (_("More"));
  GtkWidget *subtitle = gtk_label_new (contents);

  gtk_widget_add_css_class (title, "caption-heading");
  gtk_widget_add_css_class (subtitle, "caption");
  gtk_widget_add_css_class (subtitle, "dim-label");
  gtk_label_set_ellipsize (GTK_LABEL (subtitle), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (line), title);
  gtk_box_append (GTK_BOX (line), subtitle);
  gtk_expander_set_label_widget (GTK_EXPANDER (expander), line);
  gtk_accessible_update_property (GTK_ACCESSIBLE (expander), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _("More"), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, contents, -1);
  gtk_widget_set_margin_top (grid, 6);
  gtk_expander_set_child (GTK_EXPANDER (expander), grid);

  return expander;
}

static void
add_field (LwLayerEditor *self,
           GtkWidget     *grid,
           guint         *place,
           const LwField *field)
{
  GtkWidget *control = lw_field_control_new (field);

  g_signal_connect (control, "edited", G_CALLBACK (on_edited), self);
  g_ptr_array_add (self->controls, control);
  attach (grid, (*place)++, _(field->label), control);
}

static void
populate (LwLayerEditor *self)
{
  g_autoptr (GString) contents = g_string_new (NULL);
  GtkWidget *grid = create_grid ();
  GtkWidget *rare;
  guint place = 0, rare_place = 0, usual = 0;

  gtk_box_append (GTK_BOX (self->box), grid);

  if (self->klass == NULL)
    {
      add_field (self, grid, &place, &input_field);
      return;
    }

  for (guint i = 0; i < self->klass->n_fields; i++)
    usual += self->klass->fields[i].rare ? 0 : 1;

  /* A layer without usual fields has its name in the open: there is nothing to hide it behind. */
  rare = usual > 0 ? create_grid () : grid;

  for (guint i = 0; i < self->klass->n_fields; i++)
    {
      const LwField *field = &self->klass->fields[i];

      if (field->rare)
        {
          g_autofree char *word = g_utf8_strdown (_(field->label), -1);

          add_field (self, rare, &rare_place, field);
          /* Translators: joins the names of fields in a list. */
          g_string_append_printf (contents, "%s%s", word, _(", "));
        }
      else
        add_field (self, grid, &place, field);
    }

  g_string_append (contents, C_("in a list of fields", "name"));
  attach (rare, rare_place, _("Name"), create_name_entry (self));

  if (rare != grid)
    gtk_box_append (GTK_BOX (self->box), create_more (rare, contents->str));
}

static void
lw_layer_editor_dispose (GObject *object)
{
  LwLayerEditor *self = LW_LAYER_EDITOR (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->controls, g_ptr_array_unref);
  g_clear_pointer (&self->name, g_free);
  G_OBJECT_CLASS (lw_layer_editor_parent_class)->dispose (object);
}

static void
lw_layer_editor_class_init (LwLayerEditorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_layer_editor_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "layereditor");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
lw_layer_editor_init (LwLayerEditor *self)
{
  self->controls = g_ptr_array_new ();
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
}

GtkWidget *
lw_layer_editor_new (const LwSpecClass *klass)
{
  LwLayerEditor *self = g_object_new (LW_TYPE_LAYER_EDITOR, NULL);

  self->klass = klass;
  populate (self);

  return GTK_WIDGET (self);
}

void
lw_layer_editor_set_layer (LwLayerEditor *self,
                           guint          index,
                           const LwSpec  *layer)
{
  const char *name = lw_spec_get_name (layer);

  g_return_if_fail (LW_IS_LAYER_EDITOR (self));
  g_return_if_fail (lw_spec_get_class (layer) == self->klass);

  self->index = index;
  for (guint i = 0; i < self->controls->len; i++)
    {
      LwFieldControl *control = g_ptr_array_index (self->controls, i);
      guint field = (guint) (lw_field_control_get_field (control) - self->klass->fields);

      lw_field_control_set_value (control, lw_spec_get_value (layer, field));
    }

  if (g_strcmp0 (self->name, name) != 0)
    {
      g_free (self->name);
      self->name = g_strdup (name);
      if (g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (self->name_entry)), name) != 0)
        gtk_editable_set_text (GTK_EDITABLE (self->name_entry), name != NULL ? name : "");
    }
}

void
lw_layer_editor_set_input (LwLayerEditor *self,
                           const LwShape *input)
{
  LwFieldValue value = { .pair = { 0, 0 } };

  g_return_if_fail (LW_IS_LAYER_EDITOR (self));
  g_return_if_fail (self->klass == NULL);

  if (input->rank >= 2 && input->dims[0] != LW_DIM_ANY && input->dims[1] != LW_DIM_ANY)
    {
      value.pair[0] = input->dims[0];
      value.pair[1] = input->dims[1];
    }
  lw_field_control_set_value (g_ptr_array_index (self->controls, 0), &value);
}

GtkWidget *
lw_layer_editor_find (LwLayerEditor *self,
                      const char    *key)
{
  g_return_val_if_fail (LW_IS_LAYER_EDITOR (self), NULL);

  for (guint i = 0; i < self->controls->len; i++)
    {
      GtkWidget *control = g_ptr_array_index (self->controls, i);

      if (g_str_equal (lw_field_control_get_field (LW_FIELD_CONTROL (control))->key, key))
        return control;
    }

  return NULL;
}

GtkWidget *
lw_layer_editor_get_name_entry (LwLayerEditor *self)
{
  g_return_val_if_fail (LW_IS_LAYER_EDITOR (self), NULL);

  return self->name_entry;
}
