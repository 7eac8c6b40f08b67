#include "ui/code/code-page.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ui/code/code-view.h"
#include "ui/ui-resources.h"

struct _LwCodePage {
  GtkWidget parent_instance;

  LwModelSpec *model;
  LwRunSettings settings;
  LwKerasScript *script; /* NULL until there is a model */
  char *data_name;
  char *data_path;
  char *save_path;
  int selected;

  /* template */
  AdwFlap *flap;
  LwCodeView *view;
  AdwActionRow *data_row;
  AdwActionRow *training_row;
  AdwActionRow *saving_row;
  GtkSwitch *data_switch;
  GtkSwitch *training_switch;
  GtkSwitch *saving_switch;
  GtkSwitch *shapes_switch;
  GtkLabel *note;
};

enum {
  PROP_0,
  PROP_SELECTED_LAYER,
  PROP_SHOW_SETTINGS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwCodePage, lw_code_page, GTK_TYPE_WIDGET)

GtkWidget *
lw_code_page_get_switch (LwCodePage        *self,
                         LwKerasScriptParts part)
{
  g_return_val_if_fail (LW_IS_CODE_PAGE (self), NULL);

  switch (part)
    {
    case LW_KERAS_SCRIPT_DATA: return GTK_WIDGET (self->data_switch);
    case LW_KERAS_SCRIPT_TRAINING: return GTK_WIDGET (self->training_switch);
    case LW_KERAS_SCRIPT_SAVING: return GTK_WIDGET (self->saving_switch);
    case LW_KERAS_SCRIPT_SHAPES: return GTK_WIDGET (self->shapes_switch);
    default: return NULL;
    }
}

static LwKerasScriptParts
get_parts (LwCodePage *self)
{
  LwKerasScriptParts parts = 0;

  for (guint part = 1; part <= LW_KERAS_SCRIPT_SHAPES; part <<= 1)
    if (gtk_switch_get_active (GTK_SWITCH (lw_code_page_get_switch (self, (LwKerasScriptParts) part))))
      parts |= (LwKerasScriptParts) part;
  return parts;
}

static void
update_mark (LwCodePage *self,
             gboolean    show)
{
  const int layer = self->selected;

  if (self->script != NULL && layer >= 0 && (guint) layer < self->script->n_layers)
    lw_code_view_set_marked (self->view, self->script->layers[layer].first, self->script->layers[layer].n,
                             show);
  else
    lw_code_view_set_marked (self->view, 0, 0, FALSE);
}

static char *
get_save_path (LwCodePage *self)
{
  return self->save_path != NULL ? g_strdup (self->save_path) : lw_keras_script_get_save_path (self->model);
}

static void
update_rows (LwCodePage *self)
{
  g_autofree char *save_path = get_save_path (self);
  g_autofree char *data = g_strdup_printf (_("%s, divided by 255"), self->data_name);
  g_autofree char *epochs = g_strdup_printf (ngettext ("%u epoch", "%u epochs", self->settings.epochs),
                                             self->settings.epochs);
  /* Translators: "5 epochs, batch 128". */
  g_autofree char *training = g_strdup_printf (_("%s, batch %u"), epochs, self->settings.batch_size);
  g_autofree char *file = g_markup_printf_escaped ("<b>%s</b>", save_path);
  /* Translators: %s is a file's name. */
  g_autofree char *note = g_strdup_printf (_("The random generators differ, so a run in Keras starts from "
                                             "other weights. For the same weights, save the model and load "
                                             "%s there."), file);

  adw_action_row_set_subtitle (self->data_row, data);
  adw_action_row_set_subtitle (self->training_row, training);
  adw_action_row_set_subtitle (self->saving_row, save_path);
  gtk_label_set_markup (self->note, note);
}

static void
update (LwCodePage *self)
{
  const LwKerasScriptOptions options = {
    .parts = get_parts (self),
    .data_path = self->data_path,
    .save_path = self->save_path,
  };

  if (self->model == NULL)
    return;

  lw_keras_script_free (self->script);
  self->script = lw_keras_script_new (self->model, &self->settings, &options);
  lw_code_view_set_text (self->view, self->script->text);
  update_mark (self, FALSE);
  update_rows (self);
}

static void
on_switched (LwCodePage *self)
{
  update (self);
}

static void
on_line_chosen (LwCodePage *self,
                guint       line)
{
  const int layer = self->script != NULL ? lw_keras_script_get_layer_at (self->script, line) : -1;

  if (layer >= 0)
    lw_code_page_set_selected_layer (self, layer);
}

void
lw_code_page_set_model (LwCodePage  *self,
                        LwModelSpec *model)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));
  g_return_if_fail (model != NULL);

  if (self->model == model)
    return;
  lw_model_spec_ref (model);
  g_clear_pointer (&self->model, lw_model_spec_unref);
  self->model = model;
  update (self);
}

void
lw_code_page_set_settings (LwCodePage          *self,
                           const LwRunSettings *settings)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));

  self->settings = *settings;
  update (self);
}

void
lw_code_page_set_data (LwCodePage *self,
                       const char *name,
                       const char *path)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));
  g_return_if_fail (name != NULL);

  if (strcmp (self->data_name, name) == 0 && g_strcmp0 (self->data_path, path) == 0)
    return;
  g_free (self->data_name);
  self->data_name = g_strdup (name);
  g_free (self->data_path);
  self->data_path = g_strdup (path);
  update (self);
}

void
lw_code_page_set_save_path (LwCodePage *self,
                            const char *path)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));

  if (g_strcmp0 (self->save_path, path) == 0)
    return;
  g_free (self->save_path);
  self->save_path = g_strdup (path);
  update (self);
}

char *
lw_code_page_get_text (LwCodePage *self)
{
  g_return_val_if_fail (LW_IS_CODE_PAGE (self), NULL);

  return lw_code_view_get_text (self->view);
}

char *
lw_code_page_get_file_name (LwCodePage *self)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (LW_IS_CODE_PAGE (self) && self->model != NULL, NULL);

  path = get_save_path (self);
  if (g_str_has_suffix (path, ".keras"))
    path[strlen (path) - strlen (".keras")] = '\0';
  return g_strconcat (path, ".py", NULL);
}

int
lw_code_page_get_selected_layer (LwCodePage *self)
{
  g_return_val_if_fail (LW_IS_CODE_PAGE (self), -1);

  return self->selected;
}

void
lw_code_page_set_selected_layer (LwCodePage *self,
                                 int         layer)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));

  if (self->selected == layer)
    return;
  self->selected = layer;
  update_mark (self, TRUE);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED_LAYER]);
}

gboolean
lw_code_page_get_show_settings (LwCodePage *self)
{
  g_return_val_if_fail (LW_IS_CODE_PAGE (self), FALSE);

  return adw_flap_get_reveal_flap (self->flap);
}

void
lw_code_page_set_show_settings (LwCodePage *self,
                                gboolean    show)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));

  adw_flap_set_reveal_flap (self->flap, show);
}

/* A focus in the flap does not go with it, and what is not seen is not read. */
static void
on_flap_revealed (LwCodePage *self)
{
  GtkWidget *settings = adw_flap_get_flap (self->flap);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  gtk_accessible_update_state (GTK_ACCESSIBLE (settings), GTK_ACCESSIBLE_STATE_HIDDEN,
                               !adw_flap_get_reveal_flap (self->flap), -1);
  if (!adw_flap_get_reveal_flap (self->flap) && focus != NULL && gtk_widget_is_ancestor (focus, settings))
    lw_code_page_grab_text_focus (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOW_SETTINGS]);
}

void
lw_code_page_grab_text_focus (LwCodePage *self)
{
  g_return_if_fail (LW_IS_CODE_PAGE (self));

  gtk_widget_grab_focus (lw_code_view_get_body (self->view));
}

GtkWidget *
lw_code_page_get_view (LwCodePage *self)
{
  g_return_val_if_fail (LW_IS_CODE_PAGE (self), NULL);

  return GTK_WIDGET (self->view);
}

static void
lw_code_page_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  LwCodePage *self = LW_CODE_PAGE (object);

  switch (id)
    {
    case PROP_SELECTED_LAYER:
      g_value_set_int (value, self->selected);
      break;
    case PROP_SHOW_SETTINGS:
      g_value_set_boolean (value, lw_code_page_get_show_settings (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_code_page_set_property (GObject      *object,
                           guint         id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  LwCodePage *self = LW_CODE_PAGE (object);

  switch (id)
    {
    case PROP_SELECTED_LAYER:
      lw_code_page_set_selected_layer (self, g_value_get_int (value));
      break;
    case PROP_SHOW_SETTINGS:
      lw_code_page_set_show_settings (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_code_page_dispose (GObject *object)
{
  LwCodePage *self = LW_CODE_PAGE (object);

  if (self->flap != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->flap, self);
      gtk_widget_unparent (GTK_WIDGET (self->flap));
      self->flap = NULL;
    }
  g_clear_pointer (&self->script, lw_keras_script_free);
  g_clear_pointer (&self->model, lw_model_spec_unref);

  G_OBJECT_CLASS (lw_code_page_parent_class)->dispose (object);
}

static void
lw_code_page_finalize (GObject *object)
{
  LwCodePage *self = LW_CODE_PAGE (object);

  g_free (self->data_name);
  g_free (self->data_path);
  g_free (self->save_path);

  G_OBJECT_CLASS (lw_code_page_parent_class)->finalize (object);
}

static void
lw_code_page_class_init (LwCodePageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_code_page_get_property;
  object_class->set_property = lw_code_page_set_property;
  object_class->dispose = lw_code_page_dispose;
  object_class->finalize = lw_code_page_finalize;

  properties[PROP_SELECTED_LAYER] = g_param_spec_int ("selected-layer", NULL, NULL, -1, G_MAXINT, -1, flags);
  properties[PROP_SHOW_SETTINGS] = g_param_spec_boolean ("show-settings", NULL, NULL, TRUE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (ADW_TYPE_FLAP);
  g_type_ensure (LW_TYPE_CODE_VIEW);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class, LW_UI_RESOURCE_PREFIX "/code/code-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, flap);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, view);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, data_row);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, training_row);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, saving_row);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, data_switch);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, training_switch);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, saving_switch);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, shapes_switch);
  gtk_widget_class_bind_template_child (widget_class, LwCodePage, note);
  gtk_widget_class_bind_template_callback (widget_class, on_flap_revealed);
  gtk_widget_class_bind_template_callback (widget_class, on_line_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_switched);
  gtk_widget_class_set_css_name (widget_class, "codepage");
}

static void
lw_code_page_init (LwCodePage *self)
{
  self->settings = LW_RUN_SETTINGS_STANDARD;
  self->data_name = g_strdup ("MNIST");
  self->selected = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
lw_code_page_new (void)
{
  return g_object_new (LW_TYPE_CODE_PAGE, NULL);
}
