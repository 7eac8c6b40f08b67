#include "ui/code/code-view.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ui/code/code-gutter.h"
#include "ui/code/code-style.h"

struct _LwCodeView {
  GtkWidget parent_instance;

  gboolean changing; /* the text; the cursor then moves by itself */
  guint first, n;    /* marked */
  gboolean unseen;   /* the mark came while nobody saw the text, and is to be scrolled to */
  guint show_id;

  GtkWidget *box;
  GtkTextView *text;
  GtkTextBuffer *buffer;
  LwCodeGutter *gutter;
  GtkTextTag *tags[LW_PYTHON_N_KINDS];
  GtkTextTag *mark;
};

enum {
  LINE_CHOSEN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwCodeView, lw_code_view, GTK_TYPE_WIDGET)

static void
update_colors (LwCodeView *self)
{
  AdwStyleManager *manager = adw_style_manager_get_for_display (gtk_widget_get_display (GTK_WIDGET (self)));
  GtkStyleContext *context = gtk_widget_get_style_context (GTK_WIDGET (self));
  GdkRGBA colors[LW_PYTHON_N_KINDS];
  GdkRGBA accent;

  lw_code_style_get_colors (adw_style_manager_get_dark (manager),
                            adw_style_manager_get_high_contrast (manager), colors);
  for (guint kind = 0; kind < LW_PYTHON_N_KINDS; kind++)
    g_object_set (self->tags[kind], "foreground-rgba", &colors[kind], NULL);

  if (!gtk_style_context_lookup_color (context, "accent_color", &accent))
    gtk_style_context_get_color (context, &accent);
  accent.alpha = LW_CODE_MARK_ALPHA;
  g_object_set (self->mark, "paragraph-background-rgba", &accent, NULL);
}

/* -- the text -- */

typedef struct {
  LwCodeView *self;
  const char *text;
  gsize byte; /* how far the text has been counted, */
  int offset; /* and the characters up to there */
} Coloring;

static int
offset_of (Coloring *coloring,
           gsize     byte)
{
  coloring->offset += (int) g_utf8_strlen (coloring->text + coloring->byte, (gssize) (byte - coloring->byte));
  coloring->byte = byte;
  return coloring->offset;
}

static void
color_part (LwPythonKind kind,
            gsize        start,
            gsize        end,
            gpointer     data)
{
  Coloring *coloring = data;
  GtkTextIter from, to;

  gtk_text_buffer_get_iter_at_offset (coloring->self->buffer, &from, offset_of (coloring, start));
  gtk_text_buffer_get_iter_at_offset (coloring->self->buffer, &to, offset_of (coloring, end));
  gtk_text_buffer_apply_tag (coloring->self->buffer, coloring->self->tags[kind], &from, &to);
}

static void
apply_mark (LwCodeView *self)
{
  GtkTextIter from, to;

  gtk_text_buffer_get_bounds (self->buffer, &from, &to);
  gtk_text_buffer_remove_tag (self->buffer, self->mark, &from, &to);
  if (self->n > 0)
    {
      gtk_text_buffer_get_iter_at_line (self->buffer, &from, (int) self->first);
      gtk_text_buffer_get_iter_at_line (self->buffer, &to, (int) (self->first + self->n));
      gtk_text_buffer_apply_tag (self->buffer, self->mark, &from, &to);
    }
  lw_code_gutter_set_marked (self->gutter, self->first, self->n);
}

static gboolean
begins_line (const char *text,
             gsize       place)
{
  return place == 0 || text[place - 1] == '\n';
}

/* How many bytes at the beginning, or at the end, of the two texts are the same: in whole lines. */
static gsize
count_same_head (const char *a,
                 const char *b)
{
  gsize same = 0;

  for (gsize i = 0; a[i] != '\0' && a[i] == b[i]; i++)
    if (a[i] == '\n')
      same = i + 1;

  return same;
}

static gsize
count_same_tail (const char *a,
                 gsize       a_length,
                 const char *b,
                 gsize       b_length)
{
  gsize same = 0;

  for (gsize i = 1; i <= MIN (a_length, b_length) && a[a_length - i] == b[b_length - i]; i++)
    if (begins_line (a, a_length - i) && begins_line (b, b_length - i))
      same = i;

  return same;
}

char *
lw_code_view_get_text (LwCodeView *self)
{
  GtkTextIter start, end;

  g_return_val_if_fail (LW_IS_CODE_VIEW (self), NULL);

  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  return gtk_text_buffer_get_text (self->buffer, &start, &end, TRUE);
}

void
lw_code_view_set_text (LwCodeView *self,
                       const char *text)
{
  g_autofree char *old = NULL;
  gsize old_length, length, head, tail;
  GtkTextIter from, to;

  g_return_if_fail (LW_IS_CODE_VIEW (self));

  old = lw_code_view_get_text (self);
  if (strcmp (old, text) == 0)
    return;
  old_length = strlen (old);
  length = strlen (text);
  head = count_same_head (old, text);
  tail = count_same_tail (old + head, old_length - head, text + head, length - head);

  /* Only the lines that differ are replaced, so that the others stay where they are. */
  self->changing = TRUE;
  gtk_text_buffer_get_iter_at_offset (self->buffer, &from, (int) g_utf8_strlen (old, (gssize) head));
  gtk_text_buffer_get_iter_at_offset (self->buffer, &to,
                                      (int) g_utf8_strlen (old, (gssize) (old_length - tail)));
  gtk_text_buffer_delete (self->buffer, &from, &to);
  gtk_text_buffer_insert (self->buffer, &from, text + head, (int) (length - tail - head));

  gtk_text_buffer_get_bounds (self->buffer, &from, &to);
  gtk_text_buffer_remove_all_tags (self->buffer, &from, &to);
  lw_python_scan (text, color_part, &(Coloring) { .self = self, .text = text });
  if (old_length == 0)
    {
      gtk_text_buffer_get_start_iter (self->buffer, &from);
      gtk_text_buffer_place_cursor (self->buffer, &from);
    }
  self->changing = FALSE;
  apply_mark (self);
  gtk_widget_queue_resize (GTK_WIDGET (self->gutter));
  /* A text that changes in an animation's tick is else laid out while it is drawn, which is too late for its
   * scroll bars. */
  gtk_widget_queue_resize (GTK_WIDGET (self->text));
}

/* By a mark of the buffer: lines that are not laid out yet have no place to scroll to. */
static void
show_mark (LwCodeView *self)
{
  GtkTextMark *place = gtk_text_buffer_get_mark (self->buffer, "shown");
  GtkTextIter iter;

  self->unseen = FALSE;
  gtk_text_buffer_get_iter_at_line (self->buffer, &iter, (int) self->first);
  gtk_text_buffer_move_mark (self->buffer, place, &iter);
  gtk_text_view_scroll_to_mark (self->text, place, 0.05, FALSE, 0, 0);
}

void
lw_code_view_set_marked (LwCodeView *self,
                         guint       first,
                         guint       n,
                         gboolean    show)
{
  g_return_if_fail (LW_IS_CODE_VIEW (self));

  self->first = first;
  self->n = n;
  apply_mark (self);
  self->unseen = n > 0 && (self->unseen || show);
  if (self->unseen && gtk_widget_get_mapped (GTK_WIDGET (self)))
    show_mark (self);
}

/* -- choosing a line -- */

static void
on_cursor_moved (LwCodeView *self)
{
  GtkTextIter iter;

  if (self->changing)
    return;
  gtk_text_buffer_get_iter_at_mark (self->buffer, &iter, gtk_text_buffer_get_insert (self->buffer));
  g_signal_emit (self, signals[LINE_CHOSEN], 0, (guint) gtk_text_iter_get_line (&iter));
}

/* Also where the cursor is there already. */
static void
on_pressed (LwCodeView *self,
            int         n_press,
            double      x,
            double      y)
{
  GtkTextIter iter;
  int buffer_y, top, height;

  gtk_text_view_window_to_buffer_coords (self->text, GTK_TEXT_WINDOW_WIDGET, (int) x, (int) y, NULL, &buffer_y);
  gtk_text_view_get_line_at_y (self->text, &iter, buffer_y, &top);
  gtk_text_view_get_line_yrange (self->text, &iter, &top, &height);
  if (buffer_y >= top && buffer_y < top + height)
    g_signal_emit (self, signals[LINE_CHOSEN], 0, (guint) gtk_text_iter_get_line (&iter));
}

GtkWidget *
lw_code_view_get_body (LwCodeView *self)
{
  g_return_val_if_fail (LW_IS_CODE_VIEW (self), NULL);

  return GTK_WIDGET (self->text);
}

/* -- the object -- */

static gboolean
on_show_idle (gpointer data)
{
  LwCodeView *self = data;

  self->show_id = 0;
  if (self->unseen && gtk_widget_get_mapped (GTK_WIDGET (self)))
    show_mark (self);
  return G_SOURCE_REMOVE;
}

/* How much of the text is seen is known only when it has been laid out. */
static void
lw_code_view_map (GtkWidget *widget)
{
  LwCodeView *self = LW_CODE_VIEW (widget);

  GTK_WIDGET_CLASS (lw_code_view_parent_class)->map (widget);
  if (self->unseen && self->show_id == 0)
    self->show_id = g_idle_add (on_show_idle, self);
}

static void
lw_code_view_css_changed (GtkWidget         *widget,
                          GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (lw_code_view_parent_class)->css_changed (widget, change);
  if (LW_CODE_VIEW (widget)->text != NULL)
    update_colors (LW_CODE_VIEW (widget));
}

static void
lw_code_view_dispose (GObject *object)
{
  LwCodeView *self = LW_CODE_VIEW (object);

  g_clear_handle_id (&self->show_id, g_source_remove);
  if (self->box != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->buffer, self);
      self->text = NULL;
      self->gutter = NULL;
      g_clear_pointer (&self->box, gtk_widget_unparent);
    }
  g_clear_object (&self->buffer);
  G_OBJECT_CLASS (lw_code_view_parent_class)->dispose (object);
}

static void
lw_code_view_class_init (LwCodeViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = lw_code_view_dispose;
  widget_class->map = lw_code_view_map;
  widget_class->css_changed = lw_code_view_css_changed;

  signals[LINE_CHOSEN] = g_signal_new ("line-chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "codeview");
}

static void
lw_code_view_init (LwCodeView *self)
{
  GtkEventController *click = GTK_EVENT_CONTROLLER (gtk_gesture_click_new ());
  GtkWidget *scrolled;
  GtkTextIter start;

  self->buffer = gtk_text_buffer_new (NULL);
  for (guint kind = 0; kind < LW_PYTHON_N_KINDS; kind++)
    self->tags[kind] = gtk_text_buffer_create_tag (self->buffer, NULL, NULL);
  g_object_set (self->tags[LW_PYTHON_KEYWORD], "weight", PANGO_WEIGHT_BOLD, NULL);
  self->mark = gtk_text_buffer_create_tag (self->buffer, "marked", NULL);
  gtk_text_buffer_get_start_iter (self->buffer, &start);
  gtk_text_buffer_create_mark (self->buffer, "shown", &start, TRUE);

  self->text = GTK_TEXT_VIEW (gtk_text_view_new_with_buffer (self->buffer));
  gtk_text_view_set_editable (self->text, FALSE);
  gtk_text_view_set_accepts_tab (self->text, FALSE);
  gtk_text_view_set_monospace (self->text, TRUE);
  gtk_text_view_set_top_margin (self->text, 12);
  gtk_text_view_set_bottom_margin (self->text, 12);
  gtk_text_view_set_pixels_above_lines (self->text, 1);
  gtk_text_view_set_pixels_below_lines (self->text, 3);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->text), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _("Keras script"), -1);
  self->gutter = LW_CODE_GUTTER (lw_code_gutter_new (self->text));

  scrolled = gtk_scrolled_window_new ();
  gtk_widget_set_hexpand (scrolled, TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->text));
  g_signal_connect_object (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scrolled)), "value-changed",
                           G_CALLBACK (gtk_widget_queue_draw), self->gutter, G_CONNECT_SWAPPED);
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->gutter));
  gtk_box_append (GTK_BOX (self->box), scrolled);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));

  g_signal_connect_swapped (self->buffer, "notify::cursor-position", G_CALLBACK (on_cursor_moved), self);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_PRIMARY);
  gtk_event_controller_set_propagation_phase (click, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self->text), click);
  update_colors (self);
}

GtkWidget *
lw_code_view_new (void)
{
  return g_object_new (LW_TYPE_CODE_VIEW, NULL);
}
