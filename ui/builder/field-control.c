#include "ui/builder/field-control.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "ui/builder/number-list-entry.h"
#include "ui/builder/number-spin.h"

/* Two choices stand side by side while their words fit half a card. */
#define MAX_TOGGLE_LETTERS 14

struct _LwFieldControl {
  GtkWidget      parent_instance;

  const LwField *field;
  gboolean       updating;

  GtkWidget     *child;
  GtkWidget     *toggles[2]; /* in `child`; NULL unless two choices are shown so */
};

G_DEFINE_FINAL_TYPE (LwFieldControl, lw_field_control, GTK_TYPE_WIDGET)

enum {
  EDITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
emit_edited (LwFieldControl *self)
{
  g_autoptr (GVariant) value = NULL;

  if (self->updating)
    return;

  value = g_variant_ref_sink (lw_field_control_get_variant (self));
  g_signal_emit (self, signals[EDITED], 0, value);
}

static void
on_toggled (GtkToggleButton *toggle,
            LwFieldControl  *self)
{
  /* One click switches one toggle off and the other on: only the second is the choice. */
  if (gtk_toggle_button_get_active (toggle))
    emit_edited (self);
}

/* Small numbers are told apart by their order of magnitude, shares of one by even steps. */
static void
describe_float (const LwField *field,
                LwNumberRange *range)
{
  double standard = isnan (field->standard.x) ? 0 : field->standard.x;

  if (field->optional)
    {
      range->minimum = MIN (field->minimum, 0);
      range->low_word = C_("no value", "off");
    }

  if (range->minimum >= 0 &&
      (field->maximum > 1 || field->optional || (standard > 0 && standard < 0.02)))
    {
      range->step = LW_NUMBER_STEP_DECADES;
      range->smallest = MAX (field->minimum, 1e-8);
    }
  else if (field->maximum > 1)
    range->increment = 0.1;
  else
    range->increment = standard > 0.95  ? 0.001
                       : standard > 0.5 ? 0.01
                       : standard > 0   ? 0.05
                                        : 0.1;
}

static GtkWidget *
create_spin (LwFieldControl *self)
{
  const LwField *field = self->field;
  LwNumberRange range = { LW_NUMBER_STEP_EVEN, TRUE, field->minimum, field->maximum, 1, 0, NULL,
                          NULL };
  GtkWidget *spin;

  if (field->type == LW_FIELD_PAIR)
    {
      range.step = LW_NUMBER_STEP_PAIR;
      range.minimum = MAX (field->minimum, 1);
      if (field->optional)
        {
          range.minimum = 0;
          range.low_word = C_("size", "auto");
        }
    }
  else if (field->type == LW_FIELD_FLOAT)
    {
      range.whole = FALSE;
      describe_float (field, &range);
    }

  spin = lw_number_spin_new (&range);
  g_signal_connect_swapped (spin, "edited", G_CALLBACK (emit_edited), self);

  return spin;
}

static GtkWidget *
create_list (LwFieldControl *self)
{
  GtkWidget *list = lw_number_list_entry_new (self->field);

  g_signal_connect_swapped (list, "edited", G_CALLBACK (emit_edited), self);

  return list;
}

static GtkWidget *
create_toggles (LwFieldControl *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_box_set_homogeneous (GTK_BOX (box), TRUE);
  gtk_widget_add_css_class (box, "linked");

  for (int i = 0; i < 2; i++)
    {
      self->toggles[i] = gtk_toggle_button_new_with_label (self->field->choices[i]);
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->toggles[i]),
                                     GTK_TOGGLE_BUTTON (self->toggles[0]));
      gtk_widget_set_hexpand (self->toggles[i], TRUE);
      gtk_box_append (GTK_BOX (box), self->toggles[i]);
    }

  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->toggles[0]), TRUE);
  for (int i = 0; i < 2; i++)
    g_signal_connect (self->toggles[i], "toggled", G_CALLBACK (on_toggled), self);

  return box;
}

static void
set_up_word (GtkSignalListItemFactory *factory,
             GtkListItem              *item)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_list_item_set_child (item, label);
}

static void
bind_word (GtkSignalListItemFactory *factory,
           GtkListItem              *item)
{
  const char *word = gtk_string_object_get_string (gtk_list_item_get_item (item));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)), word);
}

/* A long word must not widen the card; the list that drops down has it in full. */
static void
ellipsize_button (GtkDropDown *drop_down)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (set_up_word), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_word), NULL);
  gtk_drop_down_set_list_factory (drop_down, gtk_drop_down_get_factory (drop_down));
  gtk_drop_down_set_factory (drop_down, factory);
}

static GtkWidget *
create_choice (LwFieldControl *self)
{
  const char *const *choices = self->field->choices;
  GtkWidget *drop_down;

  if (g_strv_length ((char **) choices) == 2 &&
      strlen (choices[0]) + strlen (choices[1]) <= MAX_TOGGLE_LETTERS)
    return create_toggles (self);

  drop_down = gtk_drop_down_new_from_strings (choices);
  ellipsize_button (GTK_DROP_DOWN (drop_down));
  g_signal_connect_swapped (drop_down, "notify::selected", G_CALLBACK (emit_edited), self);

  return drop_down;
}

static GtkWidget *
create_switch (LwFieldControl *self)
{
  GtkWidget *button = gtk_switch_new ();

  gtk_widget_set_halign (button, GTK_ALIGN_START);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (button, "notify::active", G_CALLBACK (emit_edited), self);

  return button;
}

static void
lw_field_control_dispose (GObject *object)
{
  LwFieldControl *self = LW_FIELD_CONTROL (object);

  g_clear_pointer (&self->child, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_field_control_parent_class)->dispose (object);
}

static gboolean
lw_field_control_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (lw_field_control_get_main (LW_FIELD_CONTROL (widget)));
}

static void
lw_field_control_class_init (LwFieldControlClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_field_control_dispose;
  widget_class->grab_focus = lw_field_control_grab_focus;

  signals[EDITED] = g_signal_new ("edited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_VARIANT);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "fieldcontrol");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GENERIC);
}

static void
lw_field_control_init (LwFieldControl *self)
{
}

GtkWidget *
lw_field_control_new (const LwField *field)
{
  LwFieldControl *self;
  const char *label;

  g_return_val_if_fail (field != NULL, NULL);

  self = g_object_new (LW_TYPE_FIELD_CONTROL, NULL);
  self->field = field;
  label = _(field->label);

  switch (field->type)
    {
    case LW_FIELD_CHOICE:
      self->child = create_choice (self);
      break;
    case LW_FIELD_BOOL:
      self->child = create_switch (self);
      break;
    case LW_FIELD_LIST:
      self->child = create_list (self);
      break;
    case LW_FIELD_INT:
    case LW_FIELD_PAIR:
    case LW_FIELD_FLOAT:
    default:
      self->child = create_spin (self);
      break;
    }

  gtk_widget_set_parent (self->child, GTK_WIDGET (self));

  if (self->toggles[0] != NULL)
    {
      for (int i = 0; i < 2; i++)
        {
          /* Translators: a choice and what it is for: "Padding: same". */
          g_autofree char *name = g_strdup_printf (_("%s: %s"), label, field->choices[i]);

          gtk_accessible_update_property (GTK_ACCESSIBLE (self->toggles[i]),
                                          GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
        }
    }
  else
    gtk_accessible_update_property (GTK_ACCESSIBLE (lw_field_control_get_main (self)),
                                    GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);

  lw_field_control_set_value (self, &field->standard);

  return GTK_WIDGET (self);
}

const LwField *
lw_field_control_get_field (LwFieldControl *self)
{
  g_return_val_if_fail (LW_IS_FIELD_CONTROL (self), NULL);

  return self->field;
}

void
lw_field_control_set_value (LwFieldControl     *self,
                            const LwFieldValue *value)
{
  g_return_if_fail (LW_IS_FIELD_CONTROL (self));
  g_return_if_fail (value != NULL);

  self->updating = TRUE;

  switch (self->field->type)
    {
    case LW_FIELD_INT:
      lw_number_spin_set_value (LW_NUMBER_SPIN (self->child), (double) value->i);
      break;
    case LW_FIELD_PAIR:
      lw_number_spin_set_pair (LW_NUMBER_SPIN (self->child), value->pair);
      break;
    case LW_FIELD_FLOAT:
      lw_number_spin_set_value (LW_NUMBER_SPIN (self->child),
                                isnan (value->x) ? MIN (self->field->minimum, 0) : value->x);
      break;
    case LW_FIELD_BOOL:
      if (gtk_switch_get_active (GTK_SWITCH (self->child)) != !!value->b)
        gtk_switch_set_active (GTK_SWITCH (self->child), value->b);
      break;
    case LW_FIELD_CHOICE:
      if (self->toggles[0] != NULL)
        gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->toggles[value->choice == 1]), TRUE);
      else if (gtk_drop_down_get_selected (GTK_DROP_DOWN (self->child)) != (guint) value->choice)
        gtk_drop_down_set_selected (GTK_DROP_DOWN (self->child), (guint) value->choice);
      break;
    case LW_FIELD_LIST:
      lw_number_list_entry_set_list (LW_NUMBER_LIST_ENTRY (self->child), &value->list);
      break;
    default:
      break;
    }

  self->updating = FALSE;
}

GVariant *
lw_field_control_get_variant (LwFieldControl *self)
{
  LwFieldList list;
  gint64 pair[2];
  double x;
  guint choice;

  g_return_val_if_fail (LW_IS_FIELD_CONTROL (self), NULL);

  switch (self->field->type)
    {
    case LW_FIELD_INT:
      x = lw_number_spin_get_value (LW_NUMBER_SPIN (self->child));
      return g_variant_new_int64 ((gint64) llround (x));
    case LW_FIELD_PAIR:
      lw_number_spin_get_pair (LW_NUMBER_SPIN (self->child), pair);
      return g_variant_new ("(xx)", pair[0], pair[1]);
    case LW_FIELD_FLOAT:
      x = lw_number_spin_get_value (LW_NUMBER_SPIN (self->child));
      if (self->field->optional && x <= MIN (self->field->minimum, 0))
        x = NAN;
      return g_variant_new_double (x);
    case LW_FIELD_BOOL:
      return g_variant_new_boolean (gtk_switch_get_active (GTK_SWITCH (self->child)));
    case LW_FIELD_LIST:
      list = lw_number_list_entry_get_list (LW_NUMBER_LIST_ENTRY (self->child));
      return g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, list.x, (gsize) list.n,
                                        sizeof (double));
    case LW_FIELD_CHOICE:
    default:
      if (self->toggles[0] != NULL)
        choice = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->toggles[1])) ? 1 : 0;
      else
        choice = gtk_drop_down_get_selected (GTK_DROP_DOWN (self->child));
      return g_variant_new_string (self->field->choices[choice]);
    }
}

GtkWidget *
lw_field_control_get_main (LwFieldControl *self)
{
  g_return_val_if_fail (LW_IS_FIELD_CONTROL (self), NULL);

  if (LW_IS_NUMBER_SPIN (self->child))
    return lw_number_spin_get_button (LW_NUMBER_SPIN (self->child));
  if (LW_IS_NUMBER_LIST_ENTRY (self->child))
    return lw_number_list_entry_get_entry (LW_NUMBER_LIST_ENTRY (self->child));
  if (self->toggles[0] != NULL)
    return self->toggles[gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->toggles[1]))];

  return self->child;
}
