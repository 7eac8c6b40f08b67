#include "ui/train/digit-pad.h"

#include <glib/gi18n-lib.h>

/* Without the border of 1 px. */
#define SIDE_MIN 130
#define SIDE_NATURAL 166
#define SIDE_MAX 198
#define KEY_STEP 0.04
#define KEY_STEP_SMALL 0.01

struct _LwDigitPad {
  GtkWidget       parent_instance;

  /* owned */
  LwDigitRaster  *raster;
  GtkWidget      *menu;
  GCancellable   *loading;

  gboolean        centre;
  gboolean        erasing;
  gboolean        empty;
  gboolean        can_undo;
  guint           tick;

  gboolean        drawing; /* a stroke of pointer, finger or pen */
  double          start_x, start_y;
  guint32         last_time;

  double          pen_x, pen_y; /* where the keyboard's pen is, in the unit square */
  gboolean        focused;
  gboolean        pen_down;
  gboolean        space_held;
  gboolean        moved_while_held;
};

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

static void
drawing_changed (LwDigitPad *self)
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

static void
stop_loading (LwDigitPad *self)
{
  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
}

/* Pointer, finger and pen */

static double
side_of (LwDigitPad *self)
{
  GtkWidget *widget = GTK_WIDGET (self);

  return MAX (1, MIN (gtk_widget_get_width (widget), gtk_widget_get_height (widget)));
}

/* From the widget's px to the unit square, and the square's corner in px. */
static void
corner_of (LwDigitPad *self, double *left, double *top)
{
  double side = side_of (self);

  *left = 0.5 * (gtk_widget_get_width (GTK_WIDGET (self)) - side);
  *top = 0.5 * (gtk_widget_get_height (GTK_WIDGET (self)) - side);
}

static gboolean
extend_to (LwDigitPad *self, double x, double y)
{
  double left, top, side = side_of (self);

  corner_of (self, &left, &top);
  return lw_digit_raster_extend (self->raster, (x - left) / side, (y - top) / side);
}

static void
drag_begin (GtkGestureDrag *gesture, double x, double y, LwDigitPad *self)
{
  GdkEvent *event = gtk_gesture_get_last_event (GTK_GESTURE (gesture), NULL);
  GdkDeviceTool *tool = event != NULL ? gdk_event_get_device_tool (event) : NULL;
  gboolean erase = self->erasing;
  double left, top, side = side_of (self);

  if (tool != NULL && gdk_device_tool_get_tool_type (tool) == GDK_DEVICE_TOOL_TYPE_ERASER)
    erase = TRUE;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  stop_loading (self);
  self->pen_down = FALSE;
  self->drawing = TRUE;
  self->start_x = x;
  self->start_y = y;
  self->last_time = event != NULL ? gdk_event_get_time (event) : 0;
  corner_of (self, &left, &top);
  lw_digit_raster_begin (self->raster, erase ? LW_DIGIT_TOOL_ERASER : LW_DIGIT_TOOL_PEN,
                         (x - left) / side, (y - top) / side);
  drawing_changed (self);
}

/* A fast hand moves far between two frames; the positions that GDK merged into one event are what
 * makes its stroke round. */
static gboolean
extend_through_history (LwDigitPad *self, GdkEvent *event)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  g_autofree GdkTimeCoord *history = NULL;
  guint n = 0;
  double left, top;
  gboolean changed = FALSE;

  if (event == NULL || native == NULL
      || gdk_event_get_surface (event) != gtk_native_get_surface (native))
    return FALSE;
  history = gdk_event_get_history (event, &n);
  gtk_native_get_surface_transform (native, &left, &top);
  for (guint i = 0; i < n; i++)
    {
      graphene_point_t point;

      if ((history[i].flags & GDK_AXIS_FLAG_X) == 0 || (history[i].flags & GDK_AXIS_FLAG_Y) == 0
          || history[i].time <= self->last_time)
        continue;
      point = GRAPHENE_POINT_INIT ((float) (history[i].axes[GDK_AXIS_X] - left),
                                   (float) (history[i].axes[GDK_AXIS_Y] - top));
      if (gtk_widget_compute_point (GTK_WIDGET (native), GTK_WIDGET (self), &point, &point))
        changed |= extend_to (self, point.x, point.y);
    }
  self->last_time = gdk_event_get_time (event);
  return changed;
}

static void
drag_update (GtkGestureDrag *gesture, double offset_x, double offset_y, LwDigitPad *self)
{
  gboolean changed;

  if (!self->drawing)
    return;
  changed = extend_through_history (self, gtk_gesture_get_last_event (GTK_GESTURE (gesture), NULL));
  changed |= extend_to (self, self->start_x + offset_x, self->start_y + offset_y);
  if (changed)
    drawing_changed (self);
}

static void
drag_end (LwDigitPad *self)
{
  self->drawing = FALSE;
}

/* Keyboard */

static void
tell_pen (LwDigitPad *self)
{
  g_autofree char *text = NULL;

  if (self->focused)
    {
      const char *format;

      /* The pen's place is told in columns and rows of the 28×28 values. */
      if (!self->pen_down)
        format = _("Pen up at column %d, row %d");
      else if (self->erasing)
        format = _("Eraser down at column %d, row %d");
      else
        format = _("Pen down at column %d, row %d");
      text = g_strdup_printf (format, (int) (self->pen_x * 27.0 + 0.5) + 1,
                              (int) (self->pen_y * 27.0 + 0.5) + 1);
    }
  else
    text = g_strdup (_("Draw with the pointer, or with the arrow keys and Space. Delete clears."));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text,
                                  -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
lift_pen (LwDigitPad *self)
{
  self->pen_down = FALSE;
  tell_pen (self);
}

static void
lower_pen (LwDigitPad *self)
{
  self->pen_down = TRUE;
  stop_loading (self);
  lw_digit_raster_begin (self->raster, self->erasing ? LW_DIGIT_TOOL_ERASER : LW_DIGIT_TOOL_PEN,
                         self->pen_x, self->pen_y);
  drawing_changed (self);
  tell_pen (self);
}

static void
move_pen (LwDigitPad *self, double dx, double dy)
{
  self->pen_x = CLAMP (self->pen_x + dx, 0.0, 1.0);
  self->pen_y = CLAMP (self->pen_y + dy, 0.0, 1.0);
  self->moved_while_held = TRUE;
  if (self->pen_down && lw_digit_raster_extend (self->raster, self->pen_x, self->pen_y))
    drawing_changed (self);
  tell_pen (self);
}

static gboolean
key_pressed (GtkEventControllerKey *controller,
             guint                  keyval,
             guint                  keycode,
             GdkModifierType        state,
             LwDigitPad            *self)
{
  double step = (state & GDK_SHIFT_MASK) != 0 ? KEY_STEP_SMALL : KEY_STEP;

  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)) != 0 || self->drawing)
    return FALSE;
  switch (keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      move_pen (self, -step, 0);
      return TRUE;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      move_pen (self, step, 0);
      return TRUE;
    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
      move_pen (self, 0, -step);
      return TRUE;
    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
      move_pen (self, 0, step);
      return TRUE;
    case GDK_KEY_space:
    case GDK_KEY_KP_Space:
      /* A held key repeats. */
      if (self->space_held)
        return TRUE;
      self->space_held = TRUE;
      self->moved_while_held = FALSE;
      if (self->pen_down)
        lift_pen (self);
      else
        lower_pen (self);
      return TRUE;
    case GDK_KEY_Escape:
      if (!self->pen_down)
        return FALSE;
      lift_pen (self);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
key_released (GtkEventControllerKey *controller,
              guint                  keyval,
              guint                  keycode,
              GdkModifierType        state,
              LwDigitPad            *self)
{
  if (keyval != GDK_KEY_space && keyval != GDK_KEY_KP_Space)
    return;
  self->space_held = FALSE;
  if (self->pen_down && self->moved_while_held)
    lift_pen (self);
}

static void
focus_entered (LwDigitPad *self)
{
  self->focused = TRUE;
  tell_pen (self);
}

static void
focus_left (LwDigitPad *self)
{
  self->focused = FALSE;
  self->space_held = FALSE;
  lift_pen (self);
}

/* Pictures */

static void
fail (LwDigitPad *self, const char *sentence)
{
  g_signal_emit (self, signals[FAILED], 0, sentence);
}

void
lw_digit_pad_set_texture (LwDigitPad *self, GdkTexture *texture)
{
  g_autofree guchar *pixels = NULL;
  int width, height;

  g_return_if_fail (LW_IS_DIGIT_PAD (self));
  g_return_if_fail (GDK_IS_TEXTURE (texture));

  stop_loading (self);
  width = gdk_texture_get_width (texture);
  height = gdk_texture_get_height (texture);
  pixels = g_try_malloc_n ((gsize) width * 4, (gsize) height);
  if (pixels == NULL)
    {
      fail (self, _("The picture is too large for this computer's memory. Make it smaller first."));
      return;
    }
  gdk_texture_download (texture, pixels, (gsize) width * 4);
  if (!lw_digit_raster_picture (self->raster, pixels, width, height, (gsize) width * 4))
    {
      fail (self, _("No digit was found in the picture, because it has one colour only. "
                    "Take a picture with dark ink on a light ground, or the reverse."));
      return;
    }
  self->pen_down = FALSE;
  drawing_changed (self);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GdkTexture *texture = gdk_texture_new_from_file (G_FILE (task_data), &error);

  if (texture == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, texture, g_object_unref);
}

static void
loaded (GObject *object, GAsyncResult *result, gpointer user_data)
{
  LwDigitPad *self = LW_DIGIT_PAD (object);
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), &error);

  if (texture != NULL)
    lw_digit_pad_set_texture (self, texture);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      GFile *file = g_task_get_task_data (G_TASK (result));
      g_autofree char *path = g_file_get_parse_name (file);
      g_autofree char *sentence = NULL;

      sentence = g_strdup_printf (_("“%s” could not be read as a picture: %s. "
                                    "Use a PNG or JPEG file."),
                                  path, error->message);
      fail (self, sentence);
    }
}

void
lw_digit_pad_load_file (LwDigitPad *self, GFile *file)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (LW_IS_DIGIT_PAD (self));
  g_return_if_fail (G_IS_FILE (file));

  stop_loading (self);
  self->loading = g_cancellable_new ();
  task = g_task_new (self, self->loading, loaded, NULL);
  g_task_set_source_tag (task, lw_digit_pad_load_file);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, load_in_thread);
}

static gboolean
dropped (GtkDropTarget *target, const GValue *value, double x, double y, LwDigitPad *self)
{
  if (G_VALUE_HOLDS (value, GDK_TYPE_TEXTURE))
    lw_digit_pad_set_texture (self, g_value_get_object (value));
  else if (G_VALUE_HOLDS (value, G_TYPE_FILE))
    lw_digit_pad_load_file (self, g_value_get_object (value));
  else if (G_VALUE_HOLDS (value, GDK_TYPE_FILE_LIST))
    {
      g_autoptr (GSList) files = gdk_file_list_get_files (g_value_get_boxed (value));

      if (files == NULL)
        return FALSE;
      lw_digit_pad_load_file (self, files->data);
    }
  else
    return FALSE;
  return TRUE;
}

static void
pasted (GObject *clipboard, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LwDigitPad) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  texture = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (clipboard), result, &error);
  if (texture != NULL)
    lw_digit_pad_set_texture (self, texture);
  else
    fail (self, _("There is no picture on the clipboard. Copy one first."));
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
paste_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gdk_clipboard_read_texture_async (gtk_widget_get_clipboard (widget), NULL, pasted,
                                    g_object_ref (widget));
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
      cairo_set_line_width (cr, 2.0 / side_of (self));
      cairo_stroke (cr);
    }
}

static void
lw_digit_pad_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LwDigitPad *self = LW_DIGIT_PAD (widget);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  double left, top, side = side_of (self);
  gboolean pen = gtk_widget_has_visible_focus (widget) || self->pen_down;
  cairo_t *cr;
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  if (self->empty && !pen)
    {
      snapshot_hint (self, snapshot, &color);
      return;
    }
  corner_of (self, &left, &top);
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

  stop_loading (self);
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
  gtk_widget_class_install_action (widget_class, "pad.paste", NULL, paste_action);
  gtk_widget_class_install_action (widget_class, "pad.menu", NULL, menu_action);
  gtk_widget_class_install_property_action (widget_class, "pad.erasing", "erasing");
  gtk_widget_class_install_property_action (widget_class, "pad.centre", "centre");
  /* The menu shows the last one. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_BackSpace, 0, "pad.clear", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "pad.clear", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "pad.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_v, GDK_CONTROL_MASK, "pad.paste",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "pad.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "pad.menu", NULL);

  gtk_widget_class_set_css_name (widget_class, "digitpad");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
add_controllers (LwDigitPad *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();
  GtkDropTarget *drop = gtk_drop_target_new (G_TYPE_INVALID, GDK_ACTION_COPY);
  GType types[] = { GDK_TYPE_TEXTURE, GDK_TYPE_FILE_LIST, G_TYPE_FILE };

  gtk_gesture_single_set_exclusive (GTK_GESTURE_SINGLE (drag), TRUE);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update), self);
  g_signal_connect_swapped (drag, "drag-end", G_CALLBACK (drag_end), self);
  g_signal_connect_swapped (drag, "cancel", G_CALLBACK (drag_end), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "released", G_CALLBACK (secondary_released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));

  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed), self);
  g_signal_connect (keys, "key-released", G_CALLBACK (key_released), self);
  gtk_widget_add_controller (widget, keys);

  g_signal_connect_swapped (focus, "enter", G_CALLBACK (focus_entered), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (focus_left), self);
  gtk_widget_add_controller (widget, focus);

  gtk_drop_target_set_gtypes (drop, types, G_N_ELEMENTS (types));
  g_signal_connect (drop, "drop", G_CALLBACK (dropped), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drop));
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
  add_controllers (self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Drawing pad"),
                                  -1);
  tell_pen (self);
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

  stop_loading (self);
  self->drawing = FALSE;
  self->pen_down = FALSE;
  if (lw_digit_raster_undo (self->raster))
    drawing_changed (self);
}

void
lw_digit_pad_clear (LwDigitPad *self)
{
  g_return_if_fail (LW_IS_DIGIT_PAD (self));

  stop_loading (self);
  self->drawing = FALSE;
  self->pen_down = FALSE;
  if (lw_digit_raster_clear (self->raster))
    drawing_changed (self);
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
  lift_pen (self);
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
