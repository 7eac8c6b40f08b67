#include "ui/builder/layer-card.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/builder/card-actions.h"
#include "ui/builder/card-note.h"
#include "ui/builder/card-words.h"
#include "ui/builder/cost-bar.h"
#include "ui/builder/layer-editor.h"
#include "ui/builder/memory-line.h"
#include "ui/charts/chart-text.h"
#include "ui/ui-resources.h"

/* How long the ring of a new card glows, in ms; style.css has the same number. */
#define GLOW 800

/* What a card's line holds beside its texts: margins, paddings, the handle, and the gaps
 * between. */
#define HEAD_SPACE 72

struct _LwLayerCard {
  GtkListBoxRow      parent_instance;

  int                index;
  guint              n_layers;
  LwSpec            *spec; /* NULL for the input */
  LwShape            input; /* of the model; for the input's card */
  gint64             n_parameters; /* -1 if not known, or without any */
  LwLayerCost        cost;
  double             memory_share; /* of all layers' memory; NaN as long as `cost` is not known */
  int                width; /* of the list, as last told; 0 if not yet */
  LwShape            output_shape;
  char              *output_text; /* NULL if there is no shape */
  char              *data_name;
  gboolean           faulty;
  const char        *fix_action; /* what the note's buttons ask for */
  guint              hint;       /* its number, where the note is one */
  gboolean           compact;
  gboolean           expanded;
  guint              glow_source;

  GtkWidget         *editor;
  LwMemoryLine      *memory; /* below the editor */
  GtkWidget         *menu;

  GtkRevealer       *arrival;
  GtkWidget         *card;
  GtkWidget         *head;
  GtkWidget         *handle;
  GtkLabel          *title;
  GtkLabel          *inline_summary;
  GtkLabel          *output;
  GtkWidget         *second_line;
  GtkLabel          *summary;
  GtkLabel          *cost_label;
  LwCardNote        *note;
  GtkRevealer       *editor_revealer;
  LwCostBar         *cost_bar;
};

G_DEFINE_FINAL_TYPE (LwLayerCard, lw_layer_card, GTK_TYPE_LIST_BOX_ROW)

enum {
  PROP_0,
  PROP_COMPACT,
  PROP_EXPANDED,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* How wide a text stands in a label, in px. */
static int
measure_text (GtkLabel   *label,
              const char *text)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (label), text);
  int width;

  pango_layout_get_pixel_size (layout, &width, NULL);
  return width;
}

static void
update_output (LwLayerCard *self)
{
  g_autofree char *tight = NULL;
  int room = self->width - HEAD_SPACE -
             measure_text (self->title, gtk_label_get_text (self->title));

  if (self->output_text == NULL)
    gtk_label_set_text (self->output, _("no shape"));
  else if (self->width > 0 && measure_text (self->output, self->output_text) > room)
    {
      tight = lw_shape_to_string (&self->output_shape);
      gtk_label_set_text (self->output, tight);
    }
  else
    gtk_label_set_text (self->output, self->output_text);
}

/* The settings in full where they fit beside what stands at the right, else in short. */
static void
update_lines (LwLayerCard *self)
{
  g_autofree char *full = NULL;
  g_autofree char *brief = NULL;
  const char *summary;
  gboolean two;
  int room;

  if (self->spec != NULL)
    full = lw_spec_to_summary (self->spec);
  else
    full = g_strdup (self->data_name != NULL ? self->data_name : "");
  brief = lw_card_shorten_summary (full);
  summary = full;
  two = !self->compact && (self->n_parameters > 0 || (self->faulty && *full != '\0'));

  update_output (self);
  room = self->width - HEAD_SPACE;
  if (two)
    room -= measure_text (self->cost_label, gtk_label_get_text (self->cost_label));
  else
    room -= 6 + measure_text (self->title, gtk_label_get_text (self->title)) +
            measure_text (self->output, gtk_label_get_text (self->output));

  if (self->width > 0 && measure_text (self->summary, full) > room)
    summary = brief;
  gtk_label_set_text (self->inline_summary, two ? "" : summary);
  gtk_label_set_text (self->summary, summary);
  gtk_widget_set_visible (self->second_line, two);
}

static gboolean
has_cost (LwLayerCard *self)
{
  return !isnan (self->memory_share);
}

static void
update_memory (LwLayerCard *self)
{
  if (self->memory != NULL)
    lw_memory_line_set (self->memory, self->cost.weight_bytes + self->cost.activation_bytes,
                        self->memory_share);
}

static void
update_cost (LwLayerCard *self)
{
  g_autofree char *count = NULL;
  g_autofree char *percent = NULL;
  g_autofree char *text = NULL;

  lw_cost_bar_set_share (self->cost_bar, has_cost (self) ? self->cost.share : NAN);

  if (self->n_parameters > 0)
    {
      count = lw_chart_format_count ((guint64) self->n_parameters);
      percent = lw_chart_format_percent (self->cost.share, 0);
      if (!has_cost (self))
        text = g_strdup (count);
      else
        /* Translators: parameters and share of the training time: "18,496 · 66 % of time". */
        text = g_strdup_printf (_("%s · %s of time"), count, percent);
    }
  gtk_label_set_text (self->cost_label, text != NULL ? text : "");
  update_memory (self);
}

static void
update_accessible (LwLayerCard *self)
{
  g_autoptr (GString) label = g_string_new (gtk_label_get_text (self->title));
  g_autofree char *summary = NULL;
  g_autofree char *cost = has_cost (self) ? lw_card_describe_cost (&self->cost) : NULL;

  if (self->spec != NULL)
    {
      summary = lw_spec_to_summary (self->spec);
      g_string_append_printf (label, " %s", lw_spec_get_name (self->spec));
      if (*summary != '\0')
        g_string_append_printf (label, ", %s", summary);
    }
  else if (self->data_name != NULL)
    g_string_append_printf (label, " %s", self->data_name);

  g_string_append (label, ", ");
  if (self->output_text != NULL)
    g_string_append_printf (label, _("output %s"), self->output_text);
  else
    g_string_append (label, _("no shape"));

  if (self->n_parameters > 0)
    {
      g_autofree char *count = lw_chart_format_count ((guint64) self->n_parameters);

      g_string_append (label, ", ");
      g_string_append_printf (
        label, ngettext ("%s parameter", "%s parameters", (gulong) self->n_parameters), count);
    }
  if (has_cost (self))
    {
      g_autofree char *percent = lw_chart_format_percent (self->cost.share, 0);

      g_string_append (label, ", ");
      g_string_append_printf (label, _("%s of time"), percent);
    }
  gtk_widget_set_tooltip_text (self->head, self->compact ? label->str : cost);
  if (lw_card_note_get_message (self->note) != NULL)
    g_string_append_printf (label, lw_card_note_get_kind (self->note) == LW_NOTE_HINT ? _(". Hint: %s") : ". %s",
                            lw_card_note_get_message (self->note));

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label->str,
                                  -1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_INVALID,
                               self->faulty ? GTK_ACCESSIBLE_INVALID_TRUE
                                            : GTK_ACCESSIBLE_INVALID_FALSE,
                               GTK_ACCESSIBLE_STATE_EXPANDED, self->expanded, -1);
}

static void
on_note_chosen (LwCardNote  *note,
                guint        button,
                LwLayerCard *self)
{
  if (g_str_equal (self->fix_action, "model.apply-hint"))
    gtk_widget_activate_action (GTK_WIDGET (self), self->fix_action, "(uu)", self->hint, button);
  else if (g_str_equal (self->fix_action, "model.apply-fix"))
    gtk_widget_activate_action (GTK_WIDGET (self), self->fix_action, "u", button);
  else
    gtk_widget_activate_action (GTK_WIDGET (self), self->fix_action, NULL);
}

static void
set_faulty (LwLayerCard *self,
            gboolean     faulty)
{
  self->faulty = faulty;
  if (faulty)
    gtk_widget_add_css_class (GTK_WIDGET (self), "faulty");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "faulty");
}

/* The model's fault, if it is this card's, else the hint, which may be NULL. */
static void
update_note (LwLayerCard       *self,
             const LwModelSpec *model,
             const LwHint      *hint)
{
  const LwFault *fault = lw_model_spec_get_fault (model);
  const LwFault *shown;
  char *labels[LW_MAX_FIXES + 1] = { NULL };

  /* That there are no layers yet is told where they would be. */
  if (fault != NULL && (fault->layer != self->index || lw_model_spec_get_n_layers (model) == 0))
    fault = NULL;

  shown = fault != NULL ? fault : hint;
  for (guint i = 0; shown != NULL && i < shown->n_fixes; i++)
    labels[i] = lw_fix_to_label (model, shown, shown->fixes[i]);

  self->fix_action = fault != NULL ? "model.apply-fix" : "model.apply-hint";
  lw_card_note_set (self->note, fault != NULL ? LW_NOTE_FAULT : LW_NOTE_HINT,
                    shown != NULL ? shown->message : NULL, (const char *const *) labels);
  set_faulty (self, fault != NULL);
  for (guint i = 0; labels[i] != NULL; i++)
    g_free (labels[i]);
}

static void
update_editor (LwLayerCard *self)
{
  if (self->editor == NULL)
    return;

  if (self->spec != NULL)
    lw_layer_editor_set_layer (LW_LAYER_EDITOR (self->editor), (guint) self->index, self->spec);
  else
    lw_layer_editor_set_input (LW_LAYER_EDITOR (self->editor), &self->input);
}

/* A name keeps this much room before its settings get any. */
static void
set_title (LwLayerCard *self,
           const char  *title)
{
  gtk_label_set_text (self->title, title);
  gtk_label_set_width_chars (self->title, (int) MIN (g_utf8_strlen (title, -1) * 3 / 4, 12));
}

static void
set_output (LwLayerCard   *self,
            const LwShape *output)
{
  g_clear_pointer (&self->output_text, g_free);
  if (output != NULL)
    {
      self->output_text = lw_card_format_shape (output);
      self->output_shape = *output;
    }
}

void
lw_layer_card_set_layer (LwLayerCard       *self,
                         const LwModelSpec *model,
                         guint              index,
                         const LwHint      *hint,
                         guint              number)
{
  const LwSpec *spec = lw_model_spec_get_layer (model, index);
  const LwLayerInfo *info = lw_model_spec_get_info (model, index);

  g_return_if_fail (LW_IS_LAYER_CARD (self));
  g_return_if_fail (self->spec == NULL ||
                    lw_spec_get_class (self->spec) == lw_spec_get_class (spec));

  self->index = (int) index;
  self->n_layers = lw_model_spec_get_n_layers (model);
  if (self->spec != spec)
    {
      g_clear_pointer (&self->spec, lw_spec_unref);
      self->spec = lw_spec_ref ((LwSpec *) spec);
    }
  self->n_parameters = info != NULL ? lw_layer_info_get_n_parameters (info) : -1;

  set_title (self, _(lw_spec_get_class (spec)->label));
  set_output (self, info != NULL ? &info->output : NULL);
  self->hint = number;
  update_note (self, model, hint);
  update_cost (self);
  update_lines (self);
  update_editor (self);
  update_accessible (self);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.move-up", index > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.move-down", index + 1 < self->n_layers);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.duplicate", TRUE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.delete", TRUE);
}

void
lw_layer_card_set_input (LwLayerCard       *self,
                         const LwModelSpec *model,
                         const char        *data_name,
                         const char        *data_fault,
                         const char        *data_fix)
{
  const char *const labels[] = { data_fix, NULL };

  g_return_if_fail (LW_IS_LAYER_CARD (self));
  g_return_if_fail (self->spec == NULL);

  self->index = LW_LAYER_CARD_INPUT;
  self->input = *lw_model_spec_get_input (model);
  self->n_parameters = -1;
  if (self->data_name != data_name)
    {
      g_free (self->data_name);
      self->data_name = g_strdup (data_name);
    }

  set_title (self, _("Input"));
  gtk_widget_add_css_class (GTK_WIDGET (self), "input");
  set_output (self, &self->input);
  update_note (self, model, NULL);
  if (!self->faulty && data_fault != NULL)
    {
      self->fix_action = "model.fit-input";
      lw_card_note_set (self->note, LW_NOTE_FAULT, data_fault, labels);
      set_faulty (self, TRUE);
    }
  update_lines (self);
  update_editor (self);
  update_accessible (self);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.move-up", FALSE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.move-down", FALSE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.duplicate", FALSE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.delete", FALSE);
}

void
lw_layer_card_set_cost (LwLayerCard       *self,
                        const LwLayerCost *cost,
                        double             memory_share)
{
  g_return_if_fail (LW_IS_LAYER_CARD (self));

  if (cost == NULL && !has_cost (self))
    return;

  self->cost = cost != NULL ? *cost : (LwLayerCost) { 0 };
  self->memory_share = cost != NULL ? memory_share : NAN;
  update_cost (self);
  update_lines (self);
  update_accessible (self);
}

void
lw_layer_card_set_lit (LwLayerCard *self,
                       gboolean     lit)
{
  g_return_if_fail (LW_IS_LAYER_CARD (self));

  if (lit)
    gtk_widget_add_css_class (GTK_WIDGET (self), "lit");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "lit");
}

void
lw_layer_card_set_compact (LwLayerCard *self,
                           gboolean     compact)
{
  g_return_if_fail (LW_IS_LAYER_CARD (self));

  compact = !!compact;
  if (self->compact == compact)
    return;

  self->compact = compact;
  update_lines (self);
  update_accessible (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}

void
lw_layer_card_set_width (LwLayerCard *self,
                         int          width)
{
  g_return_if_fail (LW_IS_LAYER_CARD (self));

  self->width = width;
  update_lines (self);
}

/* A press on the editor's ground must not reach the list, which would close the card. */
static void
on_editor_pressed (GtkGestureClick *gesture)
{
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
create_editor (LwLayerCard *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkGesture *click = gtk_gesture_click_new ();

  self->editor = lw_layer_editor_new (self->spec != NULL ? lw_spec_get_class (self->spec) : NULL);
  gtk_widget_add_css_class (box, "layer-editor");
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (box), self->editor);
  self->memory = LW_MEMORY_LINE (lw_memory_line_new ());
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->memory));
  update_memory (self);
  g_signal_connect (click, "pressed", G_CALLBACK (on_editor_pressed), NULL);
  gtk_widget_add_controller (box, GTK_EVENT_CONTROLLER (click));
  gtk_revealer_set_child (self->editor_revealer, box);
}

void
lw_layer_card_set_expanded (LwLayerCard *self,
                            gboolean     expanded)
{
  GtkWidget *focus;

  g_return_if_fail (LW_IS_LAYER_CARD (self));

  expanded = !!expanded;
  if (self->expanded == expanded)
    return;

  self->expanded = expanded;
  if (expanded && self->editor == NULL)
    create_editor (self);
  if (expanded)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self), "expanded");
      update_editor (self);
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self), "expanded");
      focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));
      if (focus != NULL && gtk_widget_is_ancestor (focus, GTK_WIDGET (self->editor_revealer)))
        gtk_widget_grab_focus (GTK_WIDGET (self));
    }

  gtk_revealer_set_reveal_child (self->editor_revealer, expanded);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_EXPANDED, expanded, -1);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EXPANDED]);
}

gboolean
lw_layer_card_get_expanded (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), FALSE);

  return self->expanded;
}

static gboolean
end_glow (gpointer data)
{
  LwLayerCard *self = data;

  self->glow_source = 0;
  gtk_widget_remove_css_class (GTK_WIDGET (self), "arriving");

  return G_SOURCE_REMOVE;
}

static gboolean
begin_arrival (GtkWidget     *widget,
               GdkFrameClock *clock,
               gpointer       data)
{
  gtk_revealer_set_reveal_child (LW_LAYER_CARD (widget)->arrival, TRUE);

  return G_SOURCE_REMOVE;
}

void
lw_layer_card_animate_in (LwLayerCard *self)
{
  gboolean animate;

  g_return_if_fail (LW_IS_LAYER_CARD (self));

  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-enable-animations", &animate,
                NULL);
  if (!animate || self->glow_source != 0)
    return;

  gtk_revealer_set_transition_duration (self->arrival, 0);
  gtk_revealer_set_reveal_child (self->arrival, FALSE);
  gtk_revealer_set_transition_duration (self->arrival, 200);
  gtk_widget_add_css_class (GTK_WIDGET (self), "arriving");
  self->glow_source = g_timeout_add (GLOW, end_glow, self);
  /* From the next frame on: a revealer that is not yet mapped would not move. */
  gtk_widget_add_tick_callback (GTK_WIDGET (self), begin_arrival, NULL, NULL);
}

static void
open_menu (LwLayerCard        *self,
           const GdkRectangle *place)
{
  if (self->menu == NULL)
    {
      self->menu = lw_card_menu_new ();
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }

  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), place);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
menu (GtkWidget  *widget,
      const char *action,
      GVariant   *parameter)
{
  LwLayerCard *self = LW_LAYER_CARD (widget);
  GdkRectangle place = { 36, gtk_widget_get_height (self->head), 1, 1 };

  if (self->spec != NULL)
    open_menu (self, &place);
}

/* When the button is let go: a popover that comes under one which is still down gets a release that GTK
 * cannot account for. */
static void
on_secondary_released (GtkGestureClick *gesture,
                       int              n_press,
                       double           x,
                       double           y,
                       LwLayerCard     *self)
{
  GdkRectangle place = { (int) x, (int) y, 1, 1 };

  if (self->spec == NULL)
    return;

  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  open_menu (self, &place);
}

int
lw_layer_card_get_index (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), LW_LAYER_CARD_INPUT);

  return self->index;
}

const LwSpec *
lw_layer_card_get_spec (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), NULL);

  return self->spec;
}

gboolean
lw_layer_card_get_faulty (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), FALSE);

  return self->faulty;
}

GtkWidget *
lw_layer_card_get_fix_button (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), NULL);

  return lw_card_note_get_button (self->note);
}

GtkWidget *
lw_layer_card_get_editor (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), NULL);

  return self->editor;
}

GtkWidget *
lw_layer_card_get_head (LwLayerCard *self)
{
  g_return_val_if_fail (LW_IS_LAYER_CARD (self), NULL);

  return self->head;
}

static void
lw_layer_card_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  LwLayerCard *self = LW_LAYER_CARD (object);

  switch (id)
    {
    case PROP_COMPACT:
      g_value_set_boolean (value, self->compact);
      break;
    case PROP_EXPANDED:
      g_value_set_boolean (value, self->expanded);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_layer_card_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  LwLayerCard *self = LW_LAYER_CARD (object);

  switch (id)
    {
    case PROP_COMPACT:
      lw_layer_card_set_compact (self, g_value_get_boolean (value));
      break;
    case PROP_EXPANDED:
      lw_layer_card_set_expanded (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_layer_card_dispose (GObject *object)
{
  LwLayerCard *self = LW_LAYER_CARD (object);

  g_clear_handle_id (&self->glow_source, g_source_remove);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_layer_card_parent_class)->dispose (object);
}

static void
lw_layer_card_finalize (GObject *object)
{
  LwLayerCard *self = LW_LAYER_CARD (object);

  g_clear_pointer (&self->spec, lw_spec_unref);
  g_free (self->output_text);
  g_free (self->data_name);
  G_OBJECT_CLASS (lw_layer_card_parent_class)->finalize (object);
}

static void
lw_layer_card_class_init (LwLayerCardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = lw_layer_card_get_property;
  object_class->set_property = lw_layer_card_set_property;
  object_class->dispose = lw_layer_card_dispose;
  object_class->finalize = lw_layer_card_finalize;

  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                     G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_EXPANDED] = g_param_spec_boolean ("expanded", NULL, NULL, FALSE,
                                                    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                      G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  gtk_widget_class_install_action (widget_class, "card.menu", NULL, menu);
  lw_card_actions_install (widget_class);

  lw_ui_resources_ensure ();
  g_type_ensure (LW_TYPE_CARD_NOTE);
  g_type_ensure (LW_TYPE_COST_BAR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/layer-card.ui");
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, arrival);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, card);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, head);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, handle);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, title);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, inline_summary);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, output);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, second_line);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, summary);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, cost_label);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, note);
  gtk_widget_class_bind_template_callback (widget_class, on_note_chosen);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, editor_revealer);
  gtk_widget_class_bind_template_child (widget_class, LwLayerCard, cost_bar);
}

static void
lw_layer_card_init (LwLayerCard *self)
{
  GtkGesture *click = gtk_gesture_click_new ();

  self->index = LW_LAYER_CARD_INPUT;
  self->n_parameters = -1;
  self->memory_share = NAN;
  gtk_widget_init_template (GTK_WIDGET (self));

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "released", G_CALLBACK (on_secondary_released), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
}

GtkWidget *
lw_layer_card_new (void)
{
  return g_object_new (LW_TYPE_LAYER_CARD, NULL);
}
