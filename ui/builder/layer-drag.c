#include "ui/builder/layer-drag.h"

#include "ui/builder/palette-row.h"

/* A drag this near to the edge of what is visible scrolls, by up to so much a second, in px. */
#define SCROLL_EDGE 36.0
#define SCROLL_SPEED 600.0

struct _LwLayerDrag {
  GObject      parent_instance;

  LwLayerList *list; /* not owned: it owns us */

  LwLayerCard *dragged; /* weak; NULL between drags, and while a row of the palette is dragged */
  double       y;       /* of the pointer, in the list's coordinates */
  guint        scroll_tick;
  gint64       scroll_time;
};

G_DEFINE_FINAL_TYPE (LwLayerDrag, lw_layer_drag, G_TYPE_OBJECT)

/* The drop mark: a class on the card before or behind whose gap it is drawn; see style.css. */
static void
set_drop_place (LwLayerDrag *self,
                int          place)
{
  GtkWidget *card;
  int dragged = self->dragged != NULL ? lw_layer_card_get_index (self->dragged) : -2;

  /* Dropped on either side of itself, a card stays. */
  if (place == dragged || place == dragged + 1)
    place = -1;

  for (int i = 0; (card = lw_layer_list_get_card (self->list, i)) != NULL; i++)
    {
      gtk_widget_remove_css_class (card, "drop-before");
      gtk_widget_remove_css_class (card, "drop-after");
      if (place == i)
        gtk_widget_add_css_class (card, "drop-before");
      else if (place == i + 1 && lw_layer_list_get_card (self->list, i + 1) == NULL)
        gtk_widget_add_css_class (card, "drop-after");
    }

  /* The first layer of all comes behind the input. */
  card = lw_layer_list_get_card (self->list, LW_LAYER_CARD_INPUT);
  if (card != NULL && place == 0 && lw_layer_list_get_card (self->list, 0) == NULL)
    gtk_widget_add_css_class (card, "drop-after");
  else if (card != NULL)
    gtk_widget_remove_css_class (card, "drop-after");
}

static gboolean
scroll_while_dragging (GtkWidget     *widget,
                       GdkFrameClock *clock,
                       gpointer       data)
{
  LwLayerDrag *self = data;
  GtkWidget *scrolled = gtk_widget_get_ancestor (widget, GTK_TYPE_SCROLLED_WINDOW);
  GtkAdjustment *adjustment;
  gint64 now = gdk_frame_clock_get_frame_time (clock);
  double seconds = (double) (now - self->scroll_time) / G_TIME_SPAN_SECOND;
  double x, y, height, speed = 0;

  self->scroll_time = now;
  if (scrolled == NULL ||
      !gtk_widget_translate_coordinates (widget, scrolled, 0, self->y, &x, &y))
    return G_SOURCE_CONTINUE;

  adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scrolled));
  height = gtk_widget_get_height (scrolled);
  if (y < SCROLL_EDGE)
    speed = (y - SCROLL_EDGE) / SCROLL_EDGE;
  else if (y > height - SCROLL_EDGE)
    speed = (y - height + SCROLL_EDGE) / SCROLL_EDGE;

  if (speed != 0)
    {
      double before = gtk_adjustment_get_value (adjustment);

      gtk_adjustment_set_value (adjustment, before + CLAMP (speed, -1, 1) * SCROLL_SPEED * seconds);
      self->y += gtk_adjustment_get_value (adjustment) - before;
      set_drop_place (self, (int) lw_layer_list_get_place_at (self->list, self->y));
    }

  return G_SOURCE_CONTINUE;
}

static void
end_scrolling (LwLayerDrag *self)
{
  if (self->scroll_tick != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self->list), self->scroll_tick);
  self->scroll_tick = 0;
}

/* Where in the list a drop at `y` of its target falls: on the ground below the list, at the list's end. */
static double
get_list_y (LwLayerDrag   *self,
            GtkDropTarget *target,
            double         y)
{
  GtkWidget *list = GTK_WIDGET (self->list);

  return gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (target)) == list ? y : gtk_widget_get_height (list);
}

static GdkDragAction
on_drop_motion (GtkDropTarget *target,
                double         x,
                double         y,
                LwLayerDrag   *self)
{
  self->y = get_list_y (self, target, y);
  if (self->scroll_tick == 0)
    {
      GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self->list));

      self->scroll_time = gdk_frame_clock_get_frame_time (clock);
      self->scroll_tick = gtk_widget_add_tick_callback (GTK_WIDGET (self->list),
                                                        scroll_while_dragging, self, NULL);
    }
  set_drop_place (self, (int) lw_layer_list_get_place_at (self->list, self->y));

  return self->dragged != NULL ? GDK_ACTION_MOVE : GDK_ACTION_COPY;
}

static void
on_drop_leave (GtkDropTarget *target,
               LwLayerDrag   *self)
{
  end_scrolling (self);
  set_drop_place (self, -1);
}

static gboolean
on_drop (GtkDropTarget *target,
         const GValue  *value,
         double         x,
         double         y,
         LwLayerDrag   *self)
{
  guint place = lw_layer_list_get_place_at (self->list, get_list_y (self, target, y));
  LwLayerCard *card;
  guint from;

  end_scrolling (self);
  set_drop_place (self, -1);
  if (G_VALUE_HOLDS (value, LW_TYPE_PALETTE_ROW))
    {
      LwPaletteRow *row = g_value_get_object (value);

      gtk_widget_activate_action (GTK_WIDGET (self->list), "model.add-layer", "(su)",
                                  lw_palette_row_get_class (row)->class_name, place);
      lw_layer_list_show_layer (self->list, (int) place);
      return TRUE;
    }

  card = g_value_get_object (value);
  if (card == NULL || card != self->dragged)
    return FALSE;

  from = (guint) lw_layer_card_get_index (card);
  if (place > from)
    place--;
  if (place != from)
    {
      /* The card in hand is the one that the next key is meant for. */
      lw_layer_list_show_layer (self->list, (int) from);
      gtk_widget_activate_action (GTK_WIDGET (self->list), "model.move-layer", "(uu)", from, place);
    }

  return TRUE;
}

static GdkContentProvider *
on_drag_prepare (GtkDragSource *source,
                 double         x,
                 double         y,
                 LwLayerCard   *card)
{
  GtkWidget *frame = gtk_widget_get_ancestor (lw_layer_card_get_head (card), GTK_TYPE_OVERLAY);
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (frame);

  gtk_drag_source_set_icon (source, paintable, (int) x, (int) y);
  return gdk_content_provider_new_typed (LW_TYPE_LAYER_CARD, card);
}

static void
on_drag_begin (GtkDragSource *source,
               GdkDrag       *drag,
               LwLayerDrag   *self)
{
  GtkWidget *head = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (source));
  GtkWidget *card = gtk_widget_get_ancestor (head, LW_TYPE_LAYER_CARD);

  g_set_weak_pointer (&self->dragged, LW_LAYER_CARD (card));
  gtk_widget_add_css_class (card, "dragged");
}

static void
on_drag_end (GtkDragSource *source,
             GdkDrag       *drag,
             gboolean       delete_data,
             LwLayerDrag   *self)
{
  if (self->dragged != NULL)
    gtk_widget_remove_css_class (GTK_WIDGET (self->dragged), "dragged");
  on_drop_leave (NULL, self);
  g_clear_weak_pointer (&self->dragged);
}

static void
lw_layer_drag_dispose (GObject *object)
{
  LwLayerDrag *self = LW_LAYER_DRAG (object);

  end_scrolling (self);
  g_clear_weak_pointer (&self->dragged);
  G_OBJECT_CLASS (lw_layer_drag_parent_class)->dispose (object);
}

static void
lw_layer_drag_class_init (LwLayerDragClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = lw_layer_drag_dispose;
}

static void
lw_layer_drag_init (LwLayerDrag *self)
{
}

void
lw_layer_drag_add_target (LwLayerDrag *self,
                          GtkWidget   *widget)
{
  GType types[] = { LW_TYPE_LAYER_CARD, LW_TYPE_PALETTE_ROW };
  GtkDropTarget *target = gtk_drop_target_new (G_TYPE_INVALID, GDK_ACTION_MOVE | GDK_ACTION_COPY);

  gtk_drop_target_set_gtypes (target, types, G_N_ELEMENTS (types));
  g_signal_connect_object (target, "motion", G_CALLBACK (on_drop_motion), self, 0);
  g_signal_connect_object (target, "leave", G_CALLBACK (on_drop_leave), self, 0);
  g_signal_connect_object (target, "drop", G_CALLBACK (on_drop), self, 0);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (target));
}

LwLayerDrag *
lw_layer_drag_new (LwLayerList *list)
{
  LwLayerDrag *self = g_object_new (LW_TYPE_LAYER_DRAG, NULL);

  self->list = list;
  lw_layer_drag_add_target (self, GTK_WIDGET (list));

  return self;
}

void
lw_layer_drag_add_card (LwLayerDrag *self,
                        LwLayerCard *card)
{
  GtkDragSource *source = gtk_drag_source_new ();

  gtk_drag_source_set_actions (source, GDK_ACTION_MOVE);
  g_signal_connect_object (source, "prepare", G_CALLBACK (on_drag_prepare), card, 0);
  g_signal_connect_object (source, "drag-begin", G_CALLBACK (on_drag_begin), self, 0);
  g_signal_connect_object (source, "drag-end", G_CALLBACK (on_drag_end), self, 0);
  gtk_widget_add_controller (lw_layer_card_get_head (card), GTK_EVENT_CONTROLLER (source));
}
