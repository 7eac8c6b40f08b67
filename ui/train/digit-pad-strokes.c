#include "ui/train/digit-pad-private.h"

#include <glib/gi18n-lib.h>

/* Strokes on the pad, by pointer, finger and pen and from the keyboard. */

#define KEY_STEP 0.04
#define KEY_STEP_SMALL 0.01

/* Pointer, finger and pen */

static gboolean
extend_to (LwDigitPad *self, double x, double y)
{
  double left, top, side = lw_digit_pad_get_side (self);

  lw_digit_pad_get_corner (self, &left, &top);
  return lw_digit_raster_extend (self->raster, (x - left) / side, (y - top) / side);
}

static void
drag_begin (GtkGestureDrag *gesture, double x, double y, LwDigitPad *self)
{
  GdkEvent *event = gtk_gesture_get_last_event (GTK_GESTURE (gesture), NULL);
  GdkDeviceTool *tool = event != NULL ? gdk_event_get_device_tool (event) : NULL;
  gboolean erase = self->erasing;
  double left, top, side = lw_digit_pad_get_side (self);

  if (tool != NULL && gdk_device_tool_get_tool_type (tool) == GDK_DEVICE_TOOL_TYPE_ERASER)
    erase = TRUE;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  lw_digit_pad_stop_loading (self);
  self->pen_down = FALSE;
  self->drawing = TRUE;
  self->start_x = x;
  self->start_y = y;
  self->last_time = event != NULL ? gdk_event_get_time (event) : 0;
  lw_digit_pad_get_corner (self, &left, &top);
  lw_digit_raster_begin (self->raster, erase ? LW_DIGIT_TOOL_ERASER : LW_DIGIT_TOOL_PEN,
                         (x - left) / side, (y - top) / side);
  lw_digit_pad_drawing_changed (self);
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
    lw_digit_pad_drawing_changed (self);
}

static void
drag_end (LwDigitPad *self)
{
  self->drawing = FALSE;
}

/* Keyboard */

void
lw_digit_pad_tell_pen (LwDigitPad *self)
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

void
lw_digit_pad_lift_pen (LwDigitPad *self)
{
  self->pen_down = FALSE;
  lw_digit_pad_tell_pen (self);
}

static void
lower_pen (LwDigitPad *self)
{
  self->pen_down = TRUE;
  lw_digit_pad_stop_loading (self);
  lw_digit_raster_begin (self->raster, self->erasing ? LW_DIGIT_TOOL_ERASER : LW_DIGIT_TOOL_PEN,
                         self->pen_x, self->pen_y);
  lw_digit_pad_drawing_changed (self);
  lw_digit_pad_tell_pen (self);
}

static void
move_pen (LwDigitPad *self, double dx, double dy)
{
  self->pen_x = CLAMP (self->pen_x + dx, 0.0, 1.0);
  self->pen_y = CLAMP (self->pen_y + dy, 0.0, 1.0);
  self->moved_while_held = TRUE;
  if (self->pen_down && lw_digit_raster_extend (self->raster, self->pen_x, self->pen_y))
    lw_digit_pad_drawing_changed (self);
  lw_digit_pad_tell_pen (self);
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
        lw_digit_pad_lift_pen (self);
      else
        lower_pen (self);
      return TRUE;
    case GDK_KEY_Escape:
      if (!self->pen_down)
        return FALSE;
      lw_digit_pad_lift_pen (self);
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
    lw_digit_pad_lift_pen (self);
}

static void
focus_entered (LwDigitPad *self)
{
  self->focused = TRUE;
  lw_digit_pad_tell_pen (self);
}

static void
focus_left (LwDigitPad *self)
{
  self->focused = FALSE;
  self->space_held = FALSE;
  lw_digit_pad_lift_pen (self);
}

void
lw_digit_pad_add_strokes (LwDigitPad *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  gtk_gesture_single_set_exclusive (GTK_GESTURE_SINGLE (drag), TRUE);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update), self);
  g_signal_connect_swapped (drag, "drag-end", G_CALLBACK (drag_end), self);
  g_signal_connect_swapped (drag, "cancel", G_CALLBACK (drag_end), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed), self);
  g_signal_connect (keys, "key-released", G_CALLBACK (key_released), self);
  gtk_widget_add_controller (widget, keys);

  g_signal_connect_swapped (focus, "enter", G_CALLBACK (focus_entered), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (focus_left), self);
  gtk_widget_add_controller (widget, focus);
}
