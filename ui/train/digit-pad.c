#include "ui/train/digit-pad-private.h"

#include <glib/gi18n-lib.h>

/* Without the border of 1 px. */
#define SIDE_MIN 130
#define SIDE_NATURAL 166
#define SIDE_MAX 198

enum {
  PROP_0,
  PROP_EMPTY,
  PROP_CAN_UNDO,
  PROP_ERASING,
  PROP_CENTRE,
  N_PROPS
};

enum {
  CHANGED,
  FAILED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwDigitPad, lw_digit_pad, GTK_TYPE_WIDGET)

/* How a change is told */

static gboolean
emit_changed (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  LW_DIGIT_PAD (widget)->tick = 0;
  g_signal_emit (widget, signals[CHANGED], 0);
  return G_SOURCE_REMOVE;
}

static void
queue_changed (LwDigitPad *self)
{
  GtkWidget *widget = GTK_WIDGET (self);

  gtk_widget_queue_draw (widget);
  if (!gtk_widget_get_mapped (widget))
    g_signal_emit (self, signals[CHANGED], 0);
  else if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (widget, emit_changed, NULL, NULL);
}

void
lw_digit_pad_drawing_changed (LwDigitPad *self)
{
  gboolean empty = lw_digit_raster_is_empty (self->raster);
  gboolean can_undo = lw_digit_raster_can_undo (self->raster);

  if (self->empty != empty)
    {
      self->empty = empty;
      gtk_widget_action_set_enabled (GTK_WIDGET (self), "pad.clear", !empty);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EMPTY]);
    }
  if (self->can_undo != can_undo)
    {
      self->can_undo = can_undo;
      gtk_widget_action_set_enabled (GTK_WIDGET (self), "pad.undo", can_undo);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_UNDO]);
    }
  queue_changed (self);
}

double
lw_digit_pad_get_side (LwDigitPad *self)
{
  GtkWidget *widget = GTK_WIDGET (self);

  return MAX (1, MIN (gtk_widget_get_width (widget), gtk_widget_get_height (widget)));
}

void
lw_digit_pad_get_corner (LwDigitPad *self, double *left, double *top)
{
  double side = lw_digit_pad_get_side (self);

  *left = 0.5 * (gtk_widget_get_width (GTK_WIDGET (self)) - side);
  *top = 0.5 * (gtk_widget_get_height (GTK_WIDGET (self)) - side);
}

void
lw_digit_pad_fail (LwDigitPad *self, const char *sentence)
{
  g_signal_emit (self, signals[FAILED], 0, sentence);
}

/* Actions and menu */

static void
undo_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  lw_digit_pad_undo (LW_DIGIT_PAD (widget));
}

static void
clear_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  lw_digit_pad_clear (LW_DIGIT_PAD (widget));
}

static void
pop_up_menu (LwDigitPad *self, double x, double y)
{
  if (self->menu == NULL)
    {
      g_autoptr (GMenu) model = g_menu_new ();
      g_autoptr (GMenu) tools = g_menu_new ();
      g_autoptr (GMenu) edits = g_menu_new ();

      g_menu_append (tools, _("_Centre it"), "pad.centre");
      g_menu_append (tools, _("_Eraser"), "pad.erasing");
      g_menu_append_section (model, NULL, G_MENU_MODEL (tools));
      g_menu_append (edits, _("_Undo stroke"), "pad.undo");
      g_menu_append (edits, _("_Paste picture"), "pad.paste");
      g_menu_append (edits, _("C_lear"), "pad.clear");
      g_menu_append_section (model, NULL, G_MENU_MODEL (edits));
      self->menu = gtk_popover_menu_new_from_model (G_MENU_MODEL (model));
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu),
                               &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
menu_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  pop_up_menu (LW_DIGIT_PAD (widget), 0.5 * gtk_widget_get_width (widget),
               0.5 * gtk_widget_get_height (widget));
}

/* When the button is let go: a popover that comes under one which is still down gets a release that GTK
 * cannot account for. */
static void
secondary_released (GtkGestureClick *gesture, int n_press, double x, double y, LwDigitPad *self)
{
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  pop_up_menu (self, x, y);
}

/* Widget */

static GtkSizeRequestMode
lw_digit_pad_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
lw_digit_pad_measure (GtkWidget      *widget,
                      GtkOrientation  orientation,
                      int             for_size,
                      int            *minimum,
                      int            *natural,
                      int            *minimum_baseline,
                      int            *natural_baseline)
{
  *minimum = SIDE_MIN;
  *natural = SIDE_NATURAL;
  if (orientation == GTK_ORIENTATION_VERTICAL && for_size >= 0)
    *natural = CLAMP (for_size, SIDE_MIN, SIDE_MAX);
}

static void
lw_digit_pad_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  LwDigitPad *self = LW_DIGIT_PAD (widget);

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
}

static void
snapshot_hint (LwDigitPad *self, GtkSnapshot *snapshot, const GdkRGBA *color)
{
  GtkWidget *widget = GTK_WIDGET (self);
  g_autoptr (PangoLayout) title = gtk_widget_create_pango_layout (widget, _("Draw a digit here"));
  g_autoptr (PangoLayout) detail = gtk_widget_create_pango_layout (widget, _("or drop a picture"));
  PangoLayout *layouts[] = { title, detail };
  g_autoptr (PangoAttrList) small = pango_attr_list_new ();
  int width = gtk_widget_get_width (widget);
  int heights[2];
  GdkRGBA dim = *color;
  float y;

  dim.alpha *= 0.72f;
  pango_attr_list_insert (small, pango_attr_scale_new (0.82));
  pango_layout_set_attributes (detail, small);
  for (int i = 0; i < 2; i++)
    {
      pango_layout_set_width (layouts[i], MAX (1, width - 12) * PANGO_SCALE);
      pango_layout_set_alignment (layouts[i], PANGO_ALIGN_CENTER);
      pango_layout_get_pixel_size (layouts[i], NULL, &heights[i]);
    }
  y = 0.5f * (float) (gtk_widget_get_height (widget) - heights[0] - heights[1]);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (6, y));
  gtk_snapshot_append_layout (snapshot, title, &dim);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (0, (float) heights[0]));
  gtk_snapshot_append_layout (snapshot, detail, &dim);
  gtk_snapshot_restore (snapshot);
}

/* The keyboard's pen: a ring of the tool's size, full while it is down. */
static void
paint_pen (LwDigitPad *self, cairo_t *cr, const GdkRGBA *color)
{
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  GdkRGBA ring = *color;
  double radius = 0.5 * (self->erasing ? LW_DIGIT_ERASER : LW_DIGIT_PEN) + 0.012;

  gtk_style_context_lookup_color (style, "accent_color", &ring);
  gdk_cairo_set_source_rgba (cr, &ring);
  cairo_arc (cr, self->pen_x, self->pen_y, radius, 0, 2.0 * G_PI);
  if (self->pen_down)
    cairo_fill (cr);
  else
    {
      cairo_set_line_width (cr, 2.0 / lw_digit_pad_get_side (self));
      cairo_stroke (cr);
    }
}

static void
lw_digit_pad_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LwDigitPad *self = LW_DIGIT_PAD (widget);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  double left, top, side = lw_digit_pad_get_side (self);
  gboolean pen = gtk_widget_has_visible_focus (widget) || self->pen_down;
  cairo_t *cr;
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  if (self->empty && !pen)
    {
      snapshot_hint (self, snapshot, &color);
      return;
    }
  lw_digit_pad_get_corner (self, &left, &top);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  cairo_translate (cr, left, top);
  cairo_scale (cr, side, side);
  gdk_cairo_set_source_rgba (cr, &color);
  lw_digit_raster_paint (self->raster, cr);
  if (pen)
    paint_pen (self, cr, &color);
  cairo_destroy (cr);
}

static void
lw_digit_pad_unmap (GtkWidget *widget)
{
  LwDigitPad *self = LW_DIGIT_PAD (widget);

  GTK_WIDGET_CLASS (lw_digit_pad_parent_class)->unmap (widget);

  /* No frame will come to bring the news. */
  if (self->tick != 0)
    {
      gtk_widget_remove_tick_callback (widget, self->tick);
      self->tick = 0;
      g_signal_emit (self, signals[CHANGED], 0);
    }
}

static void
lw_digit_pad_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwDigitPad *self = LW_DIGIT_PAD (object);

  switch (id)
    {
    case PROP_EMPTY:
      g_value_set_boolean (value, self->empty);
      break;
    case PROP_CAN_UNDO:
      g_value_set_boolean (value, self->can_undo);
      break;
    case PROP_ERASING:
      g_value_set_boolean (value, self->erasing);
      break;
    case PROP_CENTRE:
      g_value_set_boolean (value, self->centre);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_digit_pad_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwDigitPad *self = LW_DIGIT_PAD (object);

  switch (id)
    {
    case PROP_ERASING:
      lw_digit_pad_set_erasing (self, g_value_get_boolean (value));
      break;
    case PROP_CENTRE:
      lw_digit_pad_set_centre (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_digit_pad_dispose (GObject *object)
{
  LwDigitPad *self = LW_DIGIT_PAD (object);

  lw_digit_pad_stop_loading (self);
  g_clear_pointer (&self->menu, gtk_widget_unparent);

  G_OBJECT_CLASS (lw_digit_pad_parent_class)->dispose (object);
}

static void
lw_digit_pad_finalize (GObject *object)
{
  LwDigitPad *self = LW_DIGIT_PAD (object);

  g_clear_pointer (&self->raster, lw_digit_raster_free);

  G_OBJECT_CLASS (lw_digit_pad_parent_class)->finalize (object);
}

static void
lw_digit_pad_class_init (LwDigitPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_digit_pad_get_property;
  object_class->set_property = lw_digit_pad_set_property;
  object_class->dispose = lw_digit_pad_dispose;
  object_class->finalize = lw_digit_pad_finalize;
  widget_class->get_request_mode = lw_digit_pad_get_request_mode;
  widget_class->measure = lw_digit_pad_measure;
  widget_class->size_allocate = lw_digit_pad_size_allocate;
  widget_class->snapshot = lw_digit_pad_snapshot;
  widget_class->unmap = lw_digit_pad_unmap;

  properties[PROP_EMPTY] = g_param_spec_boolean ("empty", NULL, NULL, TRUE, readable);
  properties[PROP_CAN_UNDO] = g_param_spec_boolean ("can-undo", NULL, NULL, FALSE, readable);
  properties[PROP_ERASING] = g_param_spec_boolean ("erasing", NULL, NULL, FALSE, writable);
  properties[PROP_CENTRE] = g_param_spec_boolean ("centre", NULL, NULL, TRUE, writable);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  gtk_widget_class_install_action (widget_class, "pad.undo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "pad.clear", NULL, clear_action);
  lw_digit_pad_class_add_pictures (widget_class);
  gtk_widget_class_install_action (widget_class, "pad.menu", NULL, menu_action);
  gtk_widget_class_install_property_action (widget_class, "pad.erasing", "erasing");
  gtk_widget_class_install_property_action (widget_class, "pad.centre", "centre");
  /* The menu shows the last one. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_BackSpace, 0, "pad.clear", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "pad.clear", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "pad.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "pad.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "pad.menu", NULL);

  gtk_widget_class_set_css_name (widget_class, "digitpad");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
add_menu_click (LwDigitPad *self)
{
  GtkGesture *click = gtk_gesture_click_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "released", G_CALLBACK (secondary_released), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
}

static void
lw_digit_pad_init (LwDigitPad *self)
{
  GtkWidget *widget = GTK_WIDGET (self);

  self->raster = lw_digit_raster_new ();
  self->centre = TRUE;
  self->empty = TRUE;
  self->pen_x = self->pen_y = 0.5;
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_overflow (widget, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_cursor_from_name (widget, "crosshair");
  gtk_widget_action_set_enabled (widget, "pad.undo", FALSE);
  gtk_widget_action_set_enabled (widget, "pad.clear", FALSE);
  lw_digit_pad_add_strokes (self);
  add_menu_click (self);
  lw_digit_pad_add_pictures (self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Drawing pad"),
                                  -1);
  lw_digit_pad_tell_pen (self);
}

GtkWidget *
lw_digit_pad_new (void)
{
  return g_object_new (LW_TYPE_DIGIT_PAD, NULL);
}

void
lw_digit_pad_get_image (LwDigitPad *self, float out[LW_DIGIT_PIXELS])
{
  g_return_if_fail (LW_IS_DIGIT_PAD (self));

  lw_digit_raster_render (self->raster, self->centre, out);
}

void
lw_digit_pad_undo (LwDigitPad *self)
{
  g_return_if_fail (LW_IS_DIGIT_PAD (self));

  lw_digit_pad_stop_loading (self);
  self->drawing = FALSE;
  self->pen_down = FALSE;
  if (lw_digit_raster_undo (self->raster))
    lw_digit_pad_drawing_changed (self);
}

void
lw_digit_pad_clear (LwDigitPad *self)
{
  g_return_if_fail (LW_IS_DIGIT_PAD (self));

  lw_digit_pad_stop_loading (self);
  self->drawing = FALSE;
  self->pen_down = FALSE;
  if (lw_digit_raster_clear (self->raster))
    lw_digit_pad_drawing_changed (self);
}

gboolean
lw_digit_pad_get_empty (LwDigitPad *self)
{
  g_return_val_if_fail (LW_IS_DIGIT_PAD (self), TRUE);

  return self->empty;
}

gboolean
lw_digit_pad_get_can_undo (LwDigitPad *self)
{
  g_return_val_if_fail (LW_IS_DIGIT_PAD (self), FALSE);

  return self->can_undo;
}

gboolean
lw_digit_pad_get_erasing (LwDigitPad *self)
{
  g_return_val_if_fail (LW_IS_DIGIT_PAD (self), FALSE);

  return self->erasing;
}

void
lw_digit_pad_set_erasing (LwDigitPad *self, gboolean erasing)
{
  g_return_if_fail (LW_IS_DIGIT_PAD (self));

  erasing = !!erasing;
  if (self->erasing == erasing)
    return;
  self->erasing = erasing;
  lw_digit_pad_lift_pen (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERASING]);
}

gboolean
lw_digit_pad_get_centre (LwDigitPad *self)
{
  g_return_val_if_fail (LW_IS_DIGIT_PAD (self), FALSE);

  return self->centre;
}

void
lw_digit_pad_set_centre (LwDigitPad *self, gboolean centre)
{
  g_return_if_fail (LW_IS_DIGIT_PAD (self));

  centre = !!centre;
  if (self->centre == centre)
    return;
  self->centre = centre;
  if (!self->empty)
    queue_changed (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CENTRE]);
}
