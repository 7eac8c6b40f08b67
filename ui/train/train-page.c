#include "ui/train/train-page.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "ui/ui-resources.h"

/* By how much a size has to pass the limit below which the page folds, for it to unfold. */
#define HYSTERESIS 24
/* A window of 700 px without header bar and status line. */
#define HEIGHT_LOW 611

#define MIN_MIDDLE 440
#define MIN_MIDDLE_FOLDED 400

typedef enum {
  FOLD_NONE,
  FOLD_DETAILS,
  FOLD_RIGHT,
  FOLD_LEFT,
} Fold;

/* Below which width the page folds further. */
static const int fold_limits[] = {
  [FOLD_NONE] = 1120,
  [FOLD_DETAILS] = 960,
  [FOLD_RIGHT] = 760,
};

struct _LwTrainPage {
  GtkWidget parent_instance;

  Fold fold;
  /* With a large font a fold may need more than its limit. */
  int needed[G_N_ELEMENTS (fold_limits)];
  gboolean low;
  gboolean placed;   /* the panes have had their first widths */
  gboolean unstyled; /* a fold is so new that its style does not count in measures yet */
  gboolean placed_late; /* their widths must be set once more */
  guint fold_id;
  gboolean show_left;
  gboolean show_right;
  gboolean left_before; /* it became a flap */
  gboolean right_before;

  /* The side panes' widths, with and without details: what the user made of them. */
  int inner_width; /* when it last had two children */
  int left_widths[2];
  int right_widths[2];

  GtkWidget *left_button;
  GtkWidget *right_button;

  /* template */
  AdwFlap *right_flap;
  AdwFlap *left_flap;
  AdwBin *right_bin;
  AdwBin *left_bin;
  GtkPaned *outer;
  GtkPaned *inner;
  LwBuilderPane *builder;
  LwChartPane *chart_pane;
  LwPredictPane *predict;
};

enum {
  PROP_0,
  PROP_SHOW_LEFT,
  PROP_SHOW_RIGHT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwTrainPage, lw_train_page, GTK_TYPE_WIDGET)

/* TRUE below @limit; from there on what it was, until the hysteresis is passed. */
static gboolean
is_below (int size, int limit, gboolean was_below)
{
  return size < limit + (was_below ? HYSTERESIS : 0);
}

static Fold
fold_for_width (LwTrainPage *self, int width)
{
  Fold fold = FOLD_NONE;

  while (fold < FOLD_LEFT
         && is_below (width, MAX (fold_limits[fold], self->needed[fold]), self->fold > fold))
    fold++;
  return fold;
}

static int
minimum_width (gpointer widget)
{
  int minimum;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  return minimum;
}

static int
handle_width (GtkPaned *paned)
{
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (paned)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (child != gtk_paned_get_start_child (paned) && child != gtk_paned_get_end_child (paned))
      {
        int natural;

        gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
        return natural;
      }
  return 0;
}

/* Gives the side panes their widths, the middle the rest of @width. A GtkPaned takes its position
 * for that in the last allocation with two children, and goes on from there by itself. */
static void
place_panes (LwTrainPage *self, int width)
{
  int details = self->fold >= FOLD_DETAILS;
  int inner_width = self->inner_width;

  if (inner_width == 0)
    {
      inner_width = width;
      if (self->fold < FOLD_LEFT)
        inner_width -= self->left_widths[details] + handle_width (self->outer);
    }
  if (self->fold < FOLD_RIGHT)
    gtk_paned_set_position (self->inner, inner_width - self->right_widths[details]
                                           - handle_width (self->inner));
  if (self->fold < FOLD_LEFT)
    gtk_paned_set_position (self->outer, self->left_widths[details]);
  self->placed = TRUE;
}

static void
remember_widths (LwTrainPage *self, gboolean is_settled)
{
  int details = self->fold >= FOLD_DETAILS;
  int left = gtk_widget_get_width (GTK_WIDGET (self->builder));
  int right = gtk_widget_get_width (GTK_WIDGET (self->predict));

  if (self->fold < FOLD_RIGHT && self->show_right)
    self->inner_width = gtk_widget_get_width (GTK_WIDGET (self->inner));
  /* Before the page folds, its panes are squeezed. */
  if (!is_settled)
    return;
  if (self->fold < FOLD_LEFT && self->show_left && left > 0)
    self->left_widths[details] = left;
  if (self->fold < FOLD_RIGHT && self->show_right && right > 0)
    self->right_widths[details] = right;
}

/* Shows what "show-left" and "show-right" say, in the form that the fold asks for. */
static void
update_panes (LwTrainPage *self)
{
  gboolean left_folded = self->fold >= FOLD_LEFT;
  gboolean right_folded = self->fold >= FOLD_RIGHT;

  gtk_widget_set_visible (GTK_WIDGET (self->builder), left_folded || self->show_left);
  gtk_widget_set_visible (GTK_WIDGET (self->predict), right_folded || self->show_right);
  adw_flap_set_reveal_flap (self->left_flap, left_folded && self->show_left);
  adw_flap_set_reveal_flap (self->right_flap, right_folded && self->show_right);
  gtk_widget_set_visible (self->left_button, left_folded);
  gtk_widget_set_visible (self->right_button, right_folded);
}

/* Moves the right pane between its GtkPaned and its flap; likewise the left one. */
static void
move_right (LwTrainPage *self, gboolean folded)
{
  g_autoptr (GtkWidget) pane = g_object_ref (GTK_WIDGET (self->predict));

  if (folded)
    {
      gtk_paned_set_end_child (self->inner, NULL);
      adw_bin_set_child (self->right_bin, pane);
      self->right_before = self->show_right;
      lw_train_page_set_show_right (self, FALSE);
    }
  else
    {
      adw_bin_set_child (self->right_bin, NULL);
      gtk_paned_set_end_child (self->inner, pane);
      lw_train_page_set_show_right (self, self->right_before);
    }
}

static void
move_left (LwTrainPage *self, gboolean folded)
{
  g_autoptr (GtkWidget) pane = g_object_ref (GTK_WIDGET (self->builder));

  if (folded)
    {
      gtk_paned_set_start_child (self->outer, NULL);
      adw_bin_set_child (self->left_bin, pane);
      self->left_before = self->show_left;
      lw_train_page_set_show_left (self, FALSE);
    }
  else
    {
      adw_bin_set_child (self->left_bin, NULL);
      gtk_paned_set_start_child (self->outer, pane);
      lw_train_page_set_show_left (self, self->left_before);
    }
}

static void
set_fold (LwTrainPage *self, Fold fold)
{
  Fold before = self->fold;
  gboolean details = fold >= FOLD_DETAILS;

  if (before == fold)
    return;

  self->fold = fold;
  lw_builder_pane_set_compact (self->builder, details);
  lw_chart_pane_set_narrow (self->chart_pane, details);
  lw_predict_pane_set_narrow (self->predict, details);
  gtk_widget_set_size_request (GTK_WIDGET (self->chart_pane),
                               details ? MIN_MIDDLE_FOLDED : MIN_MIDDLE, -1);
  if ((before >= FOLD_RIGHT) != (fold >= FOLD_RIGHT))
    move_right (self, fold >= FOLD_RIGHT);
  if ((before >= FOLD_LEFT) != (fold >= FOLD_LEFT))
    move_left (self, fold >= FOLD_LEFT);
  update_panes (self);
}

static void
set_low (LwTrainPage *self, gboolean low)
{
  self->low = low;
  lw_chart_pane_set_low (self->chart_pane, low);
  lw_predict_pane_set_compact (self->predict, low);
}

static gboolean
on_fold_idle (gpointer user_data)
{
  LwTrainPage *self = user_data;
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  int height = gtk_widget_get_height (GTK_WIDGET (self));
  Fold fold = fold_for_width (self, width);

  self->fold_id = 0;
  if (fold != self->fold || self->placed_late)
    {
      set_fold (self, fold);
      place_panes (self, width);
      self->placed_late = FALSE;
    }
  set_low (self, is_below (height, HEIGHT_LOW, self->low));
  return G_SOURCE_REMOVE;
}

/* Not while the page is being allocated: folding asks for another layout. */
static void
queue_fold (LwTrainPage *self)
{
  if (self->fold_id == 0)
    self->fold_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_fold_idle, self, NULL);
}

static void
lw_train_page_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                       int *natural, int *minimum_baseline, int *natural_baseline)
{
  LwTrainPage *self = LW_TRAIN_PAGE (widget);
  GtkWidget *child = GTK_WIDGET (self->right_flap);

  if (orientation == GTK_ORIENTATION_VERTICAL && for_size >= 0)
    for_size = MAX (for_size, minimum_width (child));
  gtk_widget_measure (child, orientation, for_size, minimum, natural, NULL, NULL);
  /* A narrower page will fold, until there is nothing but the charts. */
  if (orientation == GTK_ORIENTATION_HORIZONTAL && self->fold < FOLD_LEFT)
    *minimum = MIN (*minimum, minimum_width (self->chart_pane));
  *minimum_baseline = *natural_baseline = -1;
}

static void
lw_train_page_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  LwTrainPage *self = LW_TRAIN_PAGE (widget);
  GtkWidget *child = GTK_WIDGET (self->right_flap);
  int minimum;

  if (!self->placed)
    {
      /* Nobody has seen the page yet: no need to wait. */
      set_fold (self, fold_for_width (self, width));
      set_low (self, is_below (height, HEIGHT_LOW, FALSE));
      place_panes (self, width);
      self->unstyled = self->fold != FOLD_NONE;
    }
  else if (self->unstyled)
    {
      /* A GtkPaned refuses a position that was too small for what its child needed, in the old
       * style, when it was last allocated. It learns better now; then it is asked again. */
      self->unstyled = FALSE;
      self->placed_late = TRUE;
      queue_fold (self);
    }

  minimum = minimum_width (child);
  if (minimum > width && self->fold < FOLD_LEFT && !self->unstyled)
    self->needed[self->fold] = minimum;
  gtk_widget_allocate (child, MAX (width, minimum), height, baseline, NULL);

  remember_widths (self, fold_for_width (self, width) == self->fold && !self->unstyled
                           && !self->placed_late);
  if (fold_for_width (self, width) != self->fold
      || is_below (height, HEIGHT_LOW, self->low) != self->low)
    queue_fold (self);
}

/* Escape, or a click beside it, closes a flap. The keys of the charts work again then. */
static void
on_flap_revealed (LwTrainPage *self, GParamSpec *pspec, AdwFlap *flap)
{
  gboolean revealed = adw_flap_get_reveal_flap (flap);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (!revealed && focus != NULL && gtk_widget_is_ancestor (focus, adw_flap_get_flap (flap)))
    lw_chart_pane_grab_chart_focus (self->chart_pane);

  if (flap == self->left_flap && self->fold >= FOLD_LEFT)
    lw_train_page_set_show_left (self, revealed);
  else if (flap == self->right_flap && self->fold >= FOLD_RIGHT)
    lw_train_page_set_show_right (self, revealed);
}

LwBuilderPane *
lw_train_page_get_builder (LwTrainPage *self)
{
  g_return_val_if_fail (LW_IS_TRAIN_PAGE (self), NULL);

  return self->builder;
}

LwChartPane *
lw_train_page_get_chart_pane (LwTrainPage *self)
{
  g_return_val_if_fail (LW_IS_TRAIN_PAGE (self), NULL);

  return self->chart_pane;
}

LwPredictPane *
lw_train_page_get_predict_pane (LwTrainPage *self)
{
  g_return_val_if_fail (LW_IS_TRAIN_PAGE (self), NULL);

  return self->predict;
}

gboolean
lw_train_page_get_show_left (LwTrainPage *self)
{
  g_return_val_if_fail (LW_IS_TRAIN_PAGE (self), FALSE);

  return self->show_left;
}

void
lw_train_page_set_show_left (LwTrainPage *self, gboolean show)
{
  g_return_if_fail (LW_IS_TRAIN_PAGE (self));

  show = !!show;
  if (self->show_left == show)
    return;
  self->show_left = show;
  update_panes (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOW_LEFT]);
  /* Two flaps would lie over each other. */
  if (show && self->fold >= FOLD_LEFT)
    lw_train_page_set_show_right (self, FALSE);
}

gboolean
lw_train_page_get_show_right (LwTrainPage *self)
{
  g_return_val_if_fail (LW_IS_TRAIN_PAGE (self), FALSE);

  return self->show_right;
}

void
lw_train_page_set_show_right (LwTrainPage *self, gboolean show)
{
  g_return_if_fail (LW_IS_TRAIN_PAGE (self));

  show = !!show;
  if (self->show_right == show)
    return;
  self->show_right = show;
  update_panes (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOW_RIGHT]);
  if (show && self->fold >= FOLD_LEFT)
    lw_train_page_set_show_left (self, FALSE);
}

void
lw_train_page_show_fault (LwTrainPage *self)
{
  g_return_if_fail (LW_IS_TRAIN_PAGE (self));

  lw_train_page_set_show_left (self, TRUE);
  lw_builder_pane_show_fault (self->builder);
}

static void
lw_train_page_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwTrainPage *self = LW_TRAIN_PAGE (object);

  switch (id)
    {
    case PROP_SHOW_LEFT:
      g_value_set_boolean (value, self->show_left);
      break;
    case PROP_SHOW_RIGHT:
      g_value_set_boolean (value, self->show_right);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_train_page_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwTrainPage *self = LW_TRAIN_PAGE (object);

  switch (id)
    {
    case PROP_SHOW_LEFT:
      lw_train_page_set_show_left (self, g_value_get_boolean (value));
      break;
    case PROP_SHOW_RIGHT:
      lw_train_page_set_show_right (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_train_page_dispose (GObject *object)
{
  LwTrainPage *self = LW_TRAIN_PAGE (object);

  g_clear_handle_id (&self->fold_id, g_source_remove);
  if (self->right_flap != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->left_flap, self);
      g_signal_handlers_disconnect_by_data (self->right_flap, self);
      gtk_widget_unparent (GTK_WIDGET (self->right_flap));
      self->right_flap = NULL;
    }

  G_OBJECT_CLASS (lw_train_page_parent_class)->dispose (object);
}

static void
lw_train_page_class_init (LwTrainPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_train_page_get_property;
  object_class->set_property = lw_train_page_set_property;
  object_class->dispose = lw_train_page_dispose;
  widget_class->measure = lw_train_page_measure;
  widget_class->size_allocate = lw_train_page_size_allocate;

  properties[PROP_SHOW_LEFT] = g_param_spec_boolean ("show-left", NULL, NULL, TRUE, flags);
  properties[PROP_SHOW_RIGHT] = g_param_spec_boolean ("show-right", NULL, NULL, TRUE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (ADW_TYPE_FLAP);
  g_type_ensure (LW_TYPE_BUILDER_PANE);
  g_type_ensure (LW_TYPE_CHART_PANE);
  g_type_ensure (LW_TYPE_PREDICT_PANE);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/train/train-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, right_flap);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, left_flap);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, right_bin);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, left_bin);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, outer);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, inner);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, builder);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, chart_pane);
  gtk_widget_class_bind_template_child (widget_class, LwTrainPage, predict);
  gtk_widget_class_bind_template_callback (widget_class, on_flap_revealed);
  gtk_widget_class_set_css_name (widget_class, "trainpage");
}

static GtkWidget *
new_pane_button (LwTrainPage *self, const char *icon_name, const char *name, const char *property)
{
  GtkWidget *button = gtk_toggle_button_new ();

  gtk_button_set_icon_name (GTK_BUTTON (button), icon_name);
  gtk_widget_set_tooltip_text (button, name);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_visible (button, FALSE);
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_bind_property (self, property, button, "active",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  return button;
}

static void
lw_train_page_init (LwTrainPage *self)
{
  self->show_left = self->show_right = TRUE;
  self->left_widths[0] = 320;
  self->left_widths[1] = 284;
  self->right_widths[0] = 312;
  self->right_widths[1] = 256;
  gtk_widget_init_template (GTK_WIDGET (self));

  self->left_button = new_pane_button (self, "sidebar-show-symbolic", _("Model"), "show-left");
  self->right_button = new_pane_button (self, "sidebar-show-right-symbolic", _("Draw a digit"),
                                        "show-right");
  lw_chart_pane_add_start_button (self->chart_pane, self->left_button);
  lw_chart_pane_add_end_button (self->chart_pane, self->right_button);
}

GtkWidget *
lw_train_page_new (void)
{
  return g_object_new (LW_TYPE_TRAIN_PAGE, NULL);
}
