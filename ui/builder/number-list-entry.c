#include "ui/builder/number-list-entry.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

struct _LwNumberListEntry {
  GtkWidget      parent_instance;

  const LwField *field;
  LwFieldList    list;

  GtkWidget     *box;
  GtkWidget     *entry;
  GtkWidget     *message; /* hidden while there is nothing to say */
};

G_DEFINE_FINAL_TYPE (LwNumberListEntry, lw_number_list_entry, GTK_TYPE_WIDGET)

enum {
  EDITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
lists_equal (const LwFieldList *a,
             const LwFieldList *b)
{
  if (a->n != b->n)
    return FALSE;
  for (int i = 0; i < a->n; i++)
    if (a->x[i] != b->x[i])
      return FALSE;

  return TRUE;
}

static char *
list_to_text (LwNumberListEntry *self)
{
  const LwFieldValue value = { .list = self->list };

  return self->list.n == 0 ? g_strdup ("") : lw_field_value_to_string (self->field, &value);
}

static void
show_message (LwNumberListEntry *self,
              const char        *message)
{
  GtkAccessible *accessible = GTK_ACCESSIBLE (self->entry);

  gtk_label_set_text (GTK_LABEL (self->message), message != NULL ? message : "");
  gtk_widget_set_visible (self->message, message != NULL);
  if (message != NULL)
    {
      gtk_widget_add_css_class (self->entry, "error");
      gtk_accessible_update_state (accessible, GTK_ACCESSIBLE_STATE_INVALID,
                                   GTK_ACCESSIBLE_INVALID_TRUE, -1);
      gtk_accessible_update_property (accessible, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, message, -1);
    }
  else
    {
      gtk_widget_remove_css_class (self->entry, "error");
      gtk_accessible_reset_state (accessible, GTK_ACCESSIBLE_STATE_INVALID);
      gtk_accessible_reset_property (accessible, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION);
    }
}

/* What the field takes, for the sentence under a wrong entry. */
static char *
describe_limits (const LwField *field)
{
  const LwField number = { .type = LW_FIELD_FLOAT };
  const LwFieldValue limits[] = { { .x = field->minimum }, { .x = field->maximum } };
  g_autofree char *minimum = lw_field_value_to_string (&number, &limits[0]);
  g_autofree char *maximum = lw_field_value_to_string (&number, &limits[1]);

  return g_strdup_printf (field->whole
                            ? _("Give 1 to %d whole numbers from %s to %s, parted by commas.")
                            : _("Give 1 to %d numbers from %s to %s, parted by commas."),
                          LW_FIELD_MAX_LIST, minimum, maximum);
}

static gboolean
parse_list (const LwField *field,
            const char    *text,
            LwFieldList   *list)
{
  g_autoptr (GString) plain = g_string_new (text);
  const char *p;

  *list = (LwFieldList) { 0 };
  g_string_replace (plain, "−", "-", 0);
  for (char *c = plain->str; *c != '\0'; c++)
    if (strchr ("[]();", *c) != NULL || g_ascii_isspace (*c))
      *c = *c == ';' ? ',' : ' ';
  g_strstrip (plain->str);
  if (*plain->str == '\0' || g_ascii_strcasecmp (plain->str, "none") == 0)
    return field->optional;

  for (p = plain->str; *p != '\0';)
    {
      char *end;
      double x = g_ascii_strtod (p, &end);

      if (end == p || list->n == LW_FIELD_MAX_LIST || !(x >= field->minimum && x <= field->maximum) ||
          (field->whole && x != floor (x)))
        return FALSE;
      list->x[list->n++] = x;

      /* One comma, spaces, or both; a comma at the end is passed over, as in Python. */
      p = end;
      while (*p == ' ')
        p++;
      if (*p == ',')
        p++;
      else if (p == end && *p != '\0')
        return FALSE;
      while (*p == ' ')
        p++;
    }

  return TRUE;
}

static void
apply (LwNumberListEntry *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  LwFieldList list;

  if (!parse_list (self->field, text, &list))
    {
      g_autofree char *message = describe_limits (self->field);

      show_message (self, message);
      return;
    }

  if (!lists_equal (&list, &self->list))
    {
      lw_number_list_entry_set_list (self, &list);
      g_signal_emit (self, signals[EDITED], 0);
    }
  else
    lw_number_list_entry_set_list (self, &list);
}

static void
on_focus_left (LwNumberListEntry *self)
{
  /* Not while the card is being taken apart. */
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    apply (self);
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller,
                guint                  key,
                guint                  code,
                GdkModifierType        state,
                LwNumberListEntry     *self)
{
  const LwFieldList list = self->list;
  g_autofree char *text = list_to_text (self);

  if (key != GDK_KEY_Escape ||
      strcmp (text, gtk_editable_get_text (GTK_EDITABLE (self->entry))) == 0)
    return FALSE;

  lw_number_list_entry_set_list (self, &list);
  return TRUE;
}

static void
lw_number_list_entry_dispose (GObject *object)
{
  LwNumberListEntry *self = LW_NUMBER_LIST_ENTRY (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_number_list_entry_parent_class)->dispose (object);
}

static gboolean
lw_number_list_entry_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (LW_NUMBER_LIST_ENTRY (widget)->entry);
}

static void
lw_number_list_entry_class_init (LwNumberListEntryClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_number_list_entry_dispose;
  widget_class->grab_focus = lw_number_list_entry_grab_focus;

  signals[EDITED] = g_signal_new ("edited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "numberlistentry");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GENERIC);
}

static void
lw_number_list_entry_init (LwNumberListEntry *self)
{
  GtkEventController *focus = gtk_event_controller_focus_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  self->entry = gtk_entry_new ();
  self->message = gtk_label_new (NULL);

  gtk_editable_set_width_chars (GTK_EDITABLE (self->entry), 6);
  gtk_widget_add_css_class (self->entry, "numeric");
  gtk_label_set_xalign (GTK_LABEL (self->message), 0);
  gtk_label_set_wrap (GTK_LABEL (self->message), TRUE);
  gtk_label_set_width_chars (GTK_LABEL (self->message), 6);
  gtk_label_set_max_width_chars (GTK_LABEL (self->message), 24);
  gtk_widget_add_css_class (self->message, "caption");
  gtk_widget_add_css_class (self->message, "error");
  gtk_widget_set_visible (self->message, FALSE);
  gtk_box_append (GTK_BOX (self->box), self->entry);
  gtk_box_append (GTK_BOX (self->box), self->message);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));

  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (apply), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (on_focus_left), self);
  gtk_widget_add_controller (self->entry, focus);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  gtk_widget_add_controller (self->entry, keys);
}

GtkWidget *
lw_number_list_entry_new (const LwField *field)
{
  LwNumberListEntry *self;

  g_return_val_if_fail (field != NULL && field->type == LW_FIELD_LIST, NULL);

  self = g_object_new (LW_TYPE_NUMBER_LIST_ENTRY, NULL);
  self->field = field;
  lw_number_list_entry_set_list (self, &field->standard.list);

  return GTK_WIDGET (self);
}

void
lw_number_list_entry_set_list (LwNumberListEntry *self,
                               const LwFieldList *list)
{
  g_autofree char *text = NULL;

  g_return_if_fail (LW_IS_NUMBER_LIST_ENTRY (self));

  self->list = *list;
  text = list_to_text (self);
  if (strcmp (text, gtk_editable_get_text (GTK_EDITABLE (self->entry))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  show_message (self, NULL);
}

LwFieldList
lw_number_list_entry_get_list (LwNumberListEntry *self)
{
  g_return_val_if_fail (LW_IS_NUMBER_LIST_ENTRY (self), (LwFieldList) { 0 });

  return self->list;
}

GtkWidget *
lw_number_list_entry_get_entry (LwNumberListEntry *self)
{
  g_return_val_if_fail (LW_IS_NUMBER_LIST_ENTRY (self), NULL);

  return self->entry;
}

const char *
lw_number_list_entry_get_error (LwNumberListEntry *self)
{
  g_return_val_if_fail (LW_IS_NUMBER_LIST_ENTRY (self), NULL);

  return gtk_widget_get_visible (self->message) ? gtk_label_get_text (GTK_LABEL (self->message))
                                                : NULL;
}
