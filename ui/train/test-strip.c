#include "ui/train/test-strip.h"

#include <glib/gi18n-lib.h>

#include "ui/train/test-tile.h"

struct _LwTestStrip {
  GtkWidget    parent_instance;

  /* children */
  GtkWidget   *head;
  GtkLabel    *note;
  GtkFlowBox  *grid;

  LwTestTile  *tiles[LW_TEST_STRIP_MAX]; /* the grid's */
  gsize        n_tiles;
  int          selected;
  gboolean     compact;
  gboolean     narrow;
};

enum {
  PROP_0,
  PROP_NOTE,
  PROP_SELECTED,
  PROP_COMPACT,
  PROP_NARROW,
  N_PROPS
};

enum {
  ACTIVATED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwTestStrip, lw_test_strip, GTK_TYPE_WIDGET)

static void
selection_changed (LwTestStrip *self)
{
  g_autoptr (GList) children = gtk_flow_box_get_selected_children (self->grid);
  int selected = -1;

  if (children != NULL)
    selected = gtk_flow_box_child_get_index (children->data);
  if (self->selected == selected)
    return;
  self->selected = selected;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
}

static void
tile_activated (LwTestStrip *self, GtkFlowBoxChild *tile)
{
  g_signal_emit (self, signals[ACTIVATED], 0, gtk_flow_box_child_get_index (tile));
}

/* Only as many as fill the rows. What can no longer be seen is no longer selected. */
static void
fold (LwTestStrip *self)
{
  gsize columns = self->narrow ? 5 : 6;
  gsize rows = self->compact ? 2 : 3;

  gtk_flow_box_set_min_children_per_line (self->grid, (guint) columns);
  gtk_flow_box_set_max_children_per_line (self->grid, (guint) columns);
  for (gsize i = 0; i < self->n_tiles; i++)
    gtk_widget_set_visible (GTK_WIDGET (self->tiles[i]), i < rows * columns);
  if (self->selected >= (int) (rows * columns))
    lw_test_strip_set_selected (self, -1);
}

static void
unselect_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  lw_test_strip_set_selected (LW_TEST_STRIP (widget), -1);
}

static void
lw_test_strip_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwTestStrip *self = LW_TEST_STRIP (object);

  switch (id)
    {
    case PROP_NOTE:
      g_value_set_string (value, lw_test_strip_get_note (self));
      break;
    case PROP_SELECTED:
      g_value_set_int (value, self->selected);
      break;
    case PROP_COMPACT:
      g_value_set_boolean (value, self->compact);
      break;
    case PROP_NARROW:
      g_value_set_boolean (value, self->narrow);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_test_strip_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwTestStrip *self = LW_TEST_STRIP (object);

  switch (id)
    {
    case PROP_NOTE:
      lw_test_strip_set_note (self, g_value_get_string (value));
      break;
    case PROP_SELECTED:
      lw_test_strip_set_selected (self, g_value_get_int (value));
      break;
    case PROP_COMPACT:
      lw_test_strip_set_compact (self, g_value_get_boolean (value));
      break;
    case PROP_NARROW:
      lw_test_strip_set_narrow (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_test_strip_dispose (GObject *object)
{
  LwTestStrip *self = LW_TEST_STRIP (object);

  if (self->grid != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->grid, self);
      gtk_widget_unparent (GTK_WIDGET (self->grid));
      self->grid = NULL;
      self->n_tiles = 0;
    }
  g_clear_pointer (&self->head, gtk_widget_unparent);

  G_OBJECT_CLASS (lw_test_strip_parent_class)->dispose (object);
}

static void
lw_test_strip_class_init (LwTestStripClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_test_strip_get_property;
  object_class->set_property = lw_test_strip_set_property;
  object_class->dispose = lw_test_strip_dispose;

  properties[PROP_NOTE] = g_param_spec_string ("note", NULL, NULL, "", flags);
  properties[PROP_SELECTED] = g_param_spec_int ("selected", NULL, NULL, -1, LW_TEST_STRIP_MAX - 1,
                                                -1, flags);
  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE, flags);
  properties[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[ACTIVATED] = g_signal_new ("activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                     0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);

  gtk_widget_class_install_action (widget_class, "strip.unselect", NULL, unselect_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "strip.unselect", NULL);
  gtk_widget_class_set_css_name (widget_class, "teststrip");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
lw_test_strip_init (LwTestStrip *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (widget);
  GtkWidget *title = gtk_label_new (_("Test digits"));
  GtkWidget *note = gtk_label_new (NULL);
  GtkWidget *grid = gtk_flow_box_new ();

  self->selected = -1;
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 6);

  self->head = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_widget_add_css_class (title, "heading");
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_box_append (GTK_BOX (self->head), title);
  self->note = GTK_LABEL (note);
  gtk_widget_add_css_class (note, "caption");
  gtk_widget_add_css_class (note, "dim-label");
  gtk_widget_add_css_class (note, "numeric");
  gtk_widget_set_hexpand (note, TRUE);
  gtk_label_set_xalign (self->note, 1);
  gtk_label_set_ellipsize (self->note, PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (self->head), note);
  gtk_widget_set_parent (self->head, widget);

  self->grid = GTK_FLOW_BOX (grid);
  gtk_flow_box_set_homogeneous (self->grid, TRUE);
  gtk_flow_box_set_row_spacing (self->grid, 3);
  gtk_flow_box_set_column_spacing (self->grid, 6);
  gtk_flow_box_set_selection_mode (self->grid, GTK_SELECTION_SINGLE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (grid),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Test digits"),
                                  -1);
  g_signal_connect_swapped (grid, "selected-children-changed", G_CALLBACK (selection_changed),
                            self);
  g_signal_connect_swapped (grid, "child-activated", G_CALLBACK (tile_activated), self);
  gtk_widget_set_parent (grid, widget);
  fold (self);
}

GtkWidget *
lw_test_strip_new (void)
{
  return g_object_new (LW_TYPE_TEST_STRIP, NULL);
}

void
lw_test_strip_set_images (LwTestStrip  *self,
                          const guint8 *pixels,
                          const int    *labels,
                          const guint  *indices,
                          gsize         n)
{
  g_return_if_fail (LW_IS_TEST_STRIP (self));
  g_return_if_fail (n == 0 || pixels != NULL);

  lw_test_strip_set_selected (self, -1);
  for (gsize i = 0; i < self->n_tiles; i++)
    gtk_flow_box_remove (self->grid, GTK_WIDGET (self->tiles[i]));
  self->n_tiles = MIN (n, LW_TEST_STRIP_MAX);
  for (gsize i = 0; i < self->n_tiles; i++)
    {
      GtkWidget *tile = lw_test_tile_new (pixels + i * LW_DIGIT_PIXELS,
                                          labels != NULL ? labels[i] : -1,
                                          indices != NULL ? indices[i] : (guint) i);

      self->tiles[i] = LW_TEST_TILE (tile);
      gtk_flow_box_append (self->grid, tile);
    }
  fold (self);
}

void
lw_test_strip_set_guesses (LwTestStrip *self, const int *guesses)
{
  g_return_if_fail (LW_IS_TEST_STRIP (self));

  for (gsize i = 0; i < self->n_tiles; i++)
    lw_test_tile_set_guess (self->tiles[i], guesses != NULL ? guesses[i] : -1);
}

gsize
lw_test_strip_get_n_images (LwTestStrip *self)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), 0);

  return self->n_tiles;
}

gboolean
lw_test_strip_get_image (LwTestStrip *self, int position, float *image, int *label, guint *index)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), FALSE);

  if (position < 0 || (gsize) position >= self->n_tiles)
    return FALSE;
  if (image != NULL)
    lw_test_tile_get_image (self->tiles[position], image);
  if (label != NULL)
    *label = lw_test_tile_get_label (self->tiles[position]);
  if (index != NULL)
    *index = lw_test_tile_get_index (self->tiles[position]);
  return TRUE;
}

const char *
lw_test_strip_get_caption (LwTestStrip *self, int position)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), NULL);

  if (position < 0 || (gsize) position >= self->n_tiles)
    return NULL;
  return lw_test_tile_get_caption (self->tiles[position]);
}

int
lw_test_strip_get_selected (LwTestStrip *self)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), -1);

  return self->selected;
}

void
lw_test_strip_set_selected (LwTestStrip *self, int position)
{
  g_return_if_fail (LW_IS_TEST_STRIP (self));

  if (position >= 0 && (gsize) position < self->n_tiles
      && gtk_widget_get_visible (GTK_WIDGET (self->tiles[position])))
    gtk_flow_box_select_child (self->grid, GTK_FLOW_BOX_CHILD (self->tiles[position]));
  else
    gtk_flow_box_unselect_all (self->grid);
}

const char *
lw_test_strip_get_note (LwTestStrip *self)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), NULL);

  return gtk_label_get_text (self->note);
}

void
lw_test_strip_set_note (LwTestStrip *self, const char *note)
{
  g_return_if_fail (LW_IS_TEST_STRIP (self));

  if (note == NULL)
    note = "";
  if (g_str_equal (gtk_label_get_text (self->note), note))
    return;
  gtk_label_set_text (self->note, note);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NOTE]);
}

gboolean
lw_test_strip_get_compact (LwTestStrip *self)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), FALSE);

  return self->compact;
}

void
lw_test_strip_set_compact (LwTestStrip *self, gboolean compact)
{
  g_return_if_fail (LW_IS_TEST_STRIP (self));

  compact = !!compact;
  if (self->compact == compact)
    return;
  self->compact = compact;
  fold (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}

gboolean
lw_test_strip_get_narrow (LwTestStrip *self)
{
  g_return_val_if_fail (LW_IS_TEST_STRIP (self), FALSE);

  return self->narrow;
}

void
lw_test_strip_set_narrow (LwTestStrip *self, gboolean narrow)
{
  g_return_if_fail (LW_IS_TEST_STRIP (self));

  narrow = !!narrow;
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  fold (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NARROW]);
}
