#include "ui/builder/layer-list.h"


#include "ui/builder/card-match.h"
#include "ui/builder/empty-stack.h"
#include "ui/builder/layer-card.h"
#include "ui/builder/layer-drag.h"
#include "ui/ui-resources.h"

/* How long an opening card is kept in sight, in µs: a little longer than it moves. */
#define FOLLOW_TIME (260 * G_TIME_SPAN_MILLISECOND)

struct _LwLayerList {
  GtkWidget    parent_instance;

  LwModelSpec *model;
  GPtrArray   *hints; /* of LwHint: the model's */
  char        *data_name;
  char        *data_fault;
  char        *data_fix;
  GPtrArray   *cards; /* the layers' cards in the model's order, owned by `box` */
  GtkWidget   *input_card;
  gboolean     compact;
  int          selected; /* as last told */
  int          width; /* as last allocated */
  guint        resize_source;

  LwStepPhase  phase;
  int          lit; /* as lw_step_phase_get_layer() tells */

  LwLayerDrag *drag;

  LwLayerCard *followed;
  guint        follow_tick;
  gint64       follow_end;

  GtkWidget   *content;
  GtkWidget   *box;
  GtkWidget   *empty;
};

G_DEFINE_FINAL_TYPE (LwLayerList, lw_layer_list, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_COMPACT,
  PROP_SELECTED,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static GtkAdjustment *
get_adjustment (LwLayerList *self)
{
  GtkWidget *scrolled = gtk_widget_get_ancestor (GTK_WIDGET (self), GTK_TYPE_SCROLLED_WINDOW);

  return scrolled != NULL ? gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scrolled))
                          : NULL;
}

static void
scroll_to (LwLayerList *self,
           GtkWidget   *card)
{
  GtkAdjustment *adjustment = get_adjustment (self);
  GtkWidget *viewport = gtk_widget_get_ancestor (GTK_WIDGET (self), GTK_TYPE_VIEWPORT);
  GtkWidget *content = viewport != NULL ? gtk_viewport_get_child (GTK_VIEWPORT (viewport)) : NULL;
  graphene_rect_t bounds;

  if (adjustment == NULL || content == NULL ||
      !gtk_widget_compute_bounds (card, content, &bounds))
    return;

  gtk_adjustment_clamp_page (adjustment, bounds.origin.y,
                             bounds.origin.y + bounds.size.height + 6);
}

static gboolean
follow_card (GtkWidget     *widget,
             GdkFrameClock *clock,
             gpointer       data)
{
  LwLayerList *self = LW_LAYER_LIST (widget);

  if (self->followed != NULL)
    scroll_to (self, GTK_WIDGET (self->followed));
  if (self->followed != NULL && g_get_monotonic_time () < self->follow_end)
    return G_SOURCE_CONTINUE;

  self->follow_tick = 0;
  g_clear_weak_pointer (&self->followed);
  return G_SOURCE_REMOVE;
}

/* Keeps a card in sight while it grows. */
static void
follow (LwLayerList *self,
        LwLayerCard *card)
{
  g_set_weak_pointer (&self->followed, card);
  self->follow_end = g_get_monotonic_time () + FOLLOW_TIME;
  if (self->follow_tick == 0)
    self->follow_tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), follow_card, NULL, NULL);
}

static void
on_row_activated (GtkListBox  *box,
                  LwLayerCard *card,
                  LwLayerList *self)
{
  gboolean expanded = !lw_layer_card_get_expanded (card);
  GtkWidget *other;

  for (other = gtk_widget_get_first_child (self->box); other != NULL;
       other = gtk_widget_get_next_sibling (other))
    if (LW_IS_LAYER_CARD (other) && other != GTK_WIDGET (card))
      lw_layer_card_set_expanded (LW_LAYER_CARD (other), FALSE);

  lw_layer_card_set_expanded (card, expanded);
  if (expanded)
    follow (self, card);
}

static void
update_selected (LwLayerList *self)
{
  int selected;

  /* The box tells of it once more when it goes. */
  if (self->box == NULL)
    return;
  selected = lw_layer_list_get_selected (self);
  if (self->selected == selected)
    return;

  self->selected = selected;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
}

static int
compare_cards (GtkListBoxRow *a,
               GtkListBoxRow *b,
               gpointer       data)
{
  return lw_layer_card_get_index (LW_LAYER_CARD (a)) - lw_layer_card_get_index (LW_LAYER_CARD (b));
}

guint
lw_layer_list_get_place_at (LwLayerList *self,
                            double       y)
{
  g_return_val_if_fail (LW_IS_LAYER_LIST (self), 0);

  for (guint i = 0; i < self->cards->len; i++)
    {
      graphene_rect_t bounds;

      if (gtk_widget_compute_bounds (g_ptr_array_index (self->cards, i), GTK_WIDGET (self),
                                     &bounds) &&
          y < bounds.origin.y + bounds.size.height / 2)
        return i;
    }

  return self->cards->len;
}

void
lw_layer_list_add_ground (LwLayerList *self,
                          GtkWidget   *ground)
{
  g_return_if_fail (LW_IS_LAYER_LIST (self));

  lw_layer_drag_add_target (self->drag, ground);
}

static GtkWidget *
create_card (LwLayerList *self,
             gboolean     draggable)
{
  GtkWidget *card = lw_layer_card_new ();

  lw_layer_card_set_compact (LW_LAYER_CARD (card), self->compact);
  lw_layer_card_set_width (LW_LAYER_CARD (card), self->width);
  if (draggable)
    lw_layer_drag_add_card (self->drag, LW_LAYER_CARD (card));

  return card;
}

static GtkWidget *
get_focused_card (LwLayerList *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (focus == NULL || !gtk_widget_is_ancestor (focus, self->box))
    return NULL;

  return LW_IS_LAYER_CARD (focus) ? focus : gtk_widget_get_ancestor (focus, LW_TYPE_LAYER_CARD);
}

static void
update_input (LwLayerList *self)
{
  gboolean first = self->input_card == NULL;

  if (first)
    self->input_card = create_card (self, FALSE);
  lw_layer_card_set_input (LW_LAYER_CARD (self->input_card), self->model, self->data_name,
                           self->data_fault, self->data_fix);
  if (first)
    gtk_list_box_insert (GTK_LIST_BOX (self->box), self->input_card, 0);
}

static void
show_layer (LwLayerList *self,
            guint        layer)
{
  const LwHint *hint = NULL;
  guint number = 0;

  for (guint i = 0; i < self->hints->len && hint == NULL; i++)
    if (((const LwHint *) g_ptr_array_index (self->hints, i))->layer == (int) layer)
      {
        hint = g_ptr_array_index (self->hints, i);
        number = i;
      }
  lw_layer_card_set_layer (g_ptr_array_index (self->cards, layer), self->model, layer, hint, number);
}

/* Takes the cards of layers that are gone out of the list. Returns the place of the one that had
 * the focus or else the selection, or -1; clears *focused if that card is gone. */
static int
remove_cards (LwLayerList *self,
              GPtrArray   *gone,
              GtkWidget  **focused)
{
  GtkListBoxRow *selected = gtk_list_box_get_selected_row (GTK_LIST_BOX (self->box));
  int place = -1;

  for (guint i = 0; i < gone->len; i++)
    {
      GtkWidget *card = g_ptr_array_index (gone, i);

      if (card == NULL)
        continue;
      if (card == *focused || (place < 0 && card == GTK_WIDGET (selected)))
        place = (int) i;
      if (card == *focused)
        *focused = NULL;
      gtk_list_box_remove (GTK_LIST_BOX (self->box), card);
    }

  return place;
}

void
lw_layer_list_set_model (LwLayerList *self,
                         LwModelSpec *model)
{
  g_autoptr (GPtrArray) old = NULL;
  GtkWidget *focused, *target = NULL;
  gboolean first, had_focus;
  LwLayerCard *arrived = NULL;
  guint n_arrived = 0;
  int place;

  g_return_if_fail (LW_IS_LAYER_LIST (self));
  g_return_if_fail (model != NULL);

  if (self->model == model)
    return;

  first = self->model == NULL;
  focused = get_focused_card (self);
  had_focus = focused != NULL;
  lw_model_spec_ref (model);
  g_clear_pointer (&self->model, lw_model_spec_unref);
  self->model = model;
  g_clear_pointer (&self->hints, g_ptr_array_unref);
  /* Hints at the batch size are told elsewhere, and come behind those at layers. */
  self->hints = lw_model_hints_new (model, LW_RUN_SETTINGS_STANDARD.batch_size);

  old = self->cards;
  /* Shares go with their cards when these only change places. */
  if (old->len != lw_model_spec_get_n_layers (model))
    lw_layer_list_set_costs (self, NULL, 0);
  self->cards = lw_match_cards (model, old);
  place = remove_cards (self, old, &focused);

  update_input (self);
  for (guint i = 0; i < self->cards->len; i++)
    if (g_ptr_array_index (self->cards, i) != NULL)
      show_layer (self, i);
  gtk_list_box_invalidate_sort (GTK_LIST_BOX (self->box));
  gtk_widget_set_visible (self->empty, self->cards->len == 0);

  for (guint i = 0; i < self->cards->len; i++)
    if (g_ptr_array_index (self->cards, i) == NULL)
      {
        GtkWidget *card = create_card (self, TRUE);

        g_ptr_array_index (self->cards, i) = card;
        show_layer (self, i);
        gtk_list_box_insert (GTK_LIST_BOX (self->box), card, (int) i + 1);
        arrived = LW_LAYER_CARD (card);
        n_arrived++;
      }

  /* One new card is somebody's doing: it is shown and taken up. A whole new model is not. */
  if (!first && n_arrived == 1)
    {
      gtk_list_box_select_row (GTK_LIST_BOX (self->box), GTK_LIST_BOX_ROW (arrived));
      lw_layer_card_animate_in (arrived);
      follow (self, arrived);
      target = GTK_WIDGET (arrived);
    }
  else if (place >= 0 && self->cards->len > 0)
    {
      target = g_ptr_array_index (self->cards, MIN ((guint) place, self->cards->len - 1));
      gtk_list_box_select_row (GTK_LIST_BOX (self->box), GTK_LIST_BOX_ROW (target));
    }

  /* A focus that was in the list stays in it, also when what had it (a fix button) is gone. */
  if (target == NULL && focused != NULL && get_focused_card (self) != focused)
    target = focused;
  if (target != NULL && had_focus)
    gtk_widget_grab_focus (target);
  /* The selected card may have another place. */
  update_selected (self);
}

LwModelSpec *
lw_layer_list_get_model (LwLayerList *self)
{
  g_return_val_if_fail (LW_IS_LAYER_LIST (self), NULL);

  return self->model;
}

void
lw_layer_list_set_data_name (LwLayerList *self,
                             const char  *data_name)
{
  g_return_if_fail (LW_IS_LAYER_LIST (self));

  if (g_strcmp0 (self->data_name, data_name) == 0)
    return;

  g_free (self->data_name);
  self->data_name = g_strdup (data_name);
  if (self->model != NULL)
    update_input (self);
}

void
lw_layer_list_set_data_fault (LwLayerList *self,
                              const char  *sentence,
                              const char  *fix)
{
  g_return_if_fail (LW_IS_LAYER_LIST (self));

  if (g_strcmp0 (self->data_fault, sentence) == 0 && g_strcmp0 (self->data_fix, fix) == 0)
    return;

  g_free (self->data_fault);
  g_free (self->data_fix);
  self->data_fault = g_strdup (sentence);
  self->data_fix = g_strdup (fix);
  if (self->model != NULL)
    update_input (self);
}

void
lw_layer_list_set_costs (LwLayerList       *self,
                         const LwLayerCost *costs,
                         guint              n)
{
  gint64 all = 0;

  g_return_if_fail (LW_IS_LAYER_LIST (self));

  for (guint i = 0; costs != NULL && i < n; i++)
    all += costs[i].weight_bytes + costs[i].activation_bytes;
  for (guint i = 0; i < self->cards->len; i++)
    {
      const LwLayerCost *cost = costs != NULL && i < n ? &costs[i] : NULL;
      double bytes = cost != NULL ? (double) (cost->weight_bytes + cost->activation_bytes) : 0;

      lw_layer_card_set_cost (g_ptr_array_index (self->cards, i), cost,
                              all > 0 ? bytes / (double) all : 0);
    }
}

void
lw_layer_list_set_phase (LwLayerList *self,
                         LwStepPhase  phase,
                         double       fraction)
{
  GtkWidget *card;
  gboolean animate;
  int lit;

  g_return_if_fail (LW_IS_LAYER_LIST (self));

  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-enable-animations", &animate,
                NULL);
  lit = lw_step_phase_get_layer (phase, fraction, self->cards->len, animate);
  if (self->model == NULL || (self->phase == phase && self->lit == lit))
    return;

  self->phase = phase;
  self->lit = lit;
  for (int i = -1; (card = lw_layer_list_get_card (self, i)) != NULL; i++)
    lw_layer_card_set_lit (LW_LAYER_CARD (card),
                           i == lit || (lit == LW_STEP_ALL && lw_step_phase_concerns (phase, self->model, i)));
  if (lit >= -1)
    scroll_to (self, lw_layer_list_get_card (self, lit));
}

void
lw_layer_list_set_compact (LwLayerList *self,
                           gboolean     compact)
{
  GtkWidget *card;

  g_return_if_fail (LW_IS_LAYER_LIST (self));

  compact = !!compact;
  if (self->compact == compact)
    return;

  self->compact = compact;
  for (card = gtk_widget_get_first_child (self->box); card != NULL;
       card = gtk_widget_get_next_sibling (card))
    if (LW_IS_LAYER_CARD (card))
      lw_layer_card_set_compact (LW_LAYER_CARD (card), compact);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}

int
lw_layer_list_get_selected (LwLayerList *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (LW_IS_LAYER_LIST (self), -1);

  row = gtk_list_box_get_selected_row (GTK_LIST_BOX (self->box));
  return row != NULL ? lw_layer_card_get_index (LW_LAYER_CARD (row)) : -1;
}

void
lw_layer_list_set_selected (LwLayerList *self,
                            int          layer)
{
  GtkWidget *card;

  g_return_if_fail (LW_IS_LAYER_LIST (self));

  if (lw_layer_list_get_selected (self) == layer)
    return;

  card = layer >= 0 ? lw_layer_list_get_card (self, layer) : NULL;
  gtk_list_box_select_row (GTK_LIST_BOX (self->box), GTK_LIST_BOX_ROW (card));
}

GtkWidget *
lw_layer_list_get_card (LwLayerList *self,
                        int          layer)
{
  g_return_val_if_fail (LW_IS_LAYER_LIST (self), NULL);

  if (layer < 0)
    return self->input_card;

  return (guint) layer < self->cards->len ? g_ptr_array_index (self->cards, (guint) layer) : NULL;
}

guint
lw_layer_list_get_place (LwLayerList *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (LW_IS_LAYER_LIST (self), G_MAXUINT32);

  row = gtk_list_box_get_selected_row (GTK_LIST_BOX (self->box));
  return row != NULL ? (guint) (lw_layer_card_get_index (LW_LAYER_CARD (row)) + 1) : G_MAXUINT32;
}

void
lw_layer_list_show_layer (LwLayerList *self,
                          int          layer)
{
  GtkWidget *card = lw_layer_list_get_card (self, layer);

  g_return_if_fail (LW_IS_LAYER_LIST (self));
  if (card == NULL)
    return;

  gtk_list_box_select_row (GTK_LIST_BOX (self->box), GTK_LIST_BOX_ROW (card));
  gtk_widget_grab_focus (card);
  follow (self, LW_LAYER_CARD (card));
}

/* The fault of a model without layers is on no card. */
static GtkWidget *
get_card_at_fault (LwLayerList *self)
{
  const LwFault *fault = self->model != NULL ? lw_model_spec_get_fault (self->model) : NULL;

  if (fault != NULL)
    return self->cards->len > 0 ? lw_layer_list_get_card (self, fault->layer) : NULL;
  return self->data_fault != NULL ? self->input_card : NULL;
}

gboolean
lw_layer_list_show_fault (LwLayerList *self)
{
  GtkWidget *card, *button;

  g_return_val_if_fail (LW_IS_LAYER_LIST (self), FALSE);

  if (self->model != NULL && lw_model_spec_get_fault (self->model) != NULL && self->cards->len == 0)
    return gtk_widget_child_focus (self->empty, GTK_DIR_TAB_FORWARD);

  card = get_card_at_fault (self);
  if (card == NULL)
    return FALSE;

  lw_layer_list_show_layer (self, lw_layer_card_get_index (LW_LAYER_CARD (card)));
  button = lw_layer_card_get_fix_button (LW_LAYER_CARD (card));
  if (button != NULL)
    gtk_widget_grab_focus (button);

  return TRUE;
}

gboolean
lw_layer_list_fix_fault (LwLayerList *self)
{
  GtkWidget *card, *button;

  g_return_val_if_fail (LW_IS_LAYER_LIST (self), FALSE);

  card = get_card_at_fault (self);
  button = card != NULL ? lw_layer_card_get_fix_button (LW_LAYER_CARD (card)) : NULL;
  return button != NULL && gtk_widget_activate (button);
}

/* A scrolled window that asks for its content's natural height does so without a width, and would
 * get the height of sentences on one line. The width it last had is the one it will have. */
static void
lw_layer_list_measure (GtkWidget      *widget,
                       GtkOrientation  orientation,
                       int             for_size,
                       int            *minimum,
                       int            *natural,
                       int            *minimum_baseline,
                       int            *natural_baseline)
{
  LwLayerList *self = LW_LAYER_LIST (widget);

  if (orientation == GTK_ORIENTATION_VERTICAL && for_size < 0 && self->width > 0)
    for_size = self->width;

  gtk_widget_measure (self->content, orientation, for_size, minimum, natural, NULL, NULL);
}

static gboolean
apply_width (gpointer data)
{
  LwLayerList *self = data;
  GtkWidget *card;

  self->resize_source = 0;
  for (card = gtk_widget_get_first_child (self->box); card != NULL;
       card = gtk_widget_get_next_sibling (card))
    if (LW_IS_LAYER_CARD (card))
      lw_layer_card_set_width (LW_LAYER_CARD (card), self->width);
  gtk_widget_queue_resize (GTK_WIDGET (self));

  return G_SOURCE_REMOVE;
}

static void
lw_layer_list_size_allocate (GtkWidget *widget,
                             int        width,
                             int        height,
                             int        baseline)
{
  LwLayerList *self = LW_LAYER_LIST (widget);

  if (self->width != width)
    {
      self->width = width;
      if (self->resize_source == 0)
        self->resize_source = g_idle_add (apply_width, self);
    }

  gtk_widget_allocate (self->content, width, height, baseline, NULL);
}

static GtkSizeRequestMode
lw_layer_list_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
lw_layer_list_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  if (id == PROP_COMPACT)
    g_value_set_boolean (value, LW_LAYER_LIST (object)->compact);
  else if (id == PROP_SELECTED)
    g_value_set_int (value, lw_layer_list_get_selected (LW_LAYER_LIST (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
lw_layer_list_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  if (id == PROP_COMPACT)
    lw_layer_list_set_compact (LW_LAYER_LIST (object), g_value_get_boolean (value));
  else if (id == PROP_SELECTED)
    lw_layer_list_set_selected (LW_LAYER_LIST (object), g_value_get_int (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
lw_layer_list_dispose (GObject *object)
{
  LwLayerList *self = LW_LAYER_LIST (object);

  g_clear_handle_id (&self->resize_source, g_source_remove);
  g_clear_object (&self->drag);
  g_clear_weak_pointer (&self->followed);
  self->input_card = NULL;
  g_ptr_array_set_size (self->cards, 0);
  g_clear_pointer (&self->content, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_layer_list_parent_class)->dispose (object);
}

static void
lw_layer_list_finalize (GObject *object)
{
  LwLayerList *self = LW_LAYER_LIST (object);

  g_clear_pointer (&self->model, lw_model_spec_unref);
  g_ptr_array_unref (self->cards);
  g_clear_pointer (&self->hints, g_ptr_array_unref);
  g_free (self->data_name);
  g_free (self->data_fault);
  g_free (self->data_fix);
  G_OBJECT_CLASS (lw_layer_list_parent_class)->finalize (object);
}

static void
lw_layer_list_class_init (LwLayerListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = lw_layer_list_get_property;
  object_class->set_property = lw_layer_list_set_property;
  object_class->dispose = lw_layer_list_dispose;
  object_class->finalize = lw_layer_list_finalize;
  widget_class->measure = lw_layer_list_measure;
  widget_class->size_allocate = lw_layer_list_size_allocate;
  widget_class->get_request_mode = lw_layer_list_get_request_mode;

  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                     G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_SELECTED] = g_param_spec_int ("selected", NULL, NULL, -1, G_MAXINT, -1,
                                                G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                  G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  gtk_widget_class_set_css_name (widget_class, "layerlist");
  g_type_ensure (LW_TYPE_EMPTY_STACK);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/layer-list.ui");
  gtk_widget_class_bind_template_child (widget_class, LwLayerList, content);
  gtk_widget_class_bind_template_child (widget_class, LwLayerList, box);
  gtk_widget_class_bind_template_child (widget_class, LwLayerList, empty);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, update_selected);
}

static void
lw_layer_list_init (LwLayerList *self)
{
  self->cards = g_ptr_array_new ();
  self->selected = -1;
  self->data_name = g_strdup ("MNIST");
  self->lit = LW_STEP_NOWHERE;
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_list_box_set_sort_func (GTK_LIST_BOX (self->box), compare_cards, NULL, NULL);
  self->drag = lw_layer_drag_new (self);
}

GtkWidget *
lw_layer_list_new (void)
{
  return g_object_new (LW_TYPE_LAYER_LIST, NULL);
}
