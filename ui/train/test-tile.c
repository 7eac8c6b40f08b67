#include "ui/train/test-tile.h"

#include <glib/gi18n-lib.h>

#include "ui/train/digit-preview.h"
#include "ui/charts/chart-text.h"

/* Without the border of 1 px. */
#define SIDE_MIN 36
#define SIDE_NATURAL 41

struct _LwTestTile {
  GtkFlowBoxChild  parent_instance;

  LwDigitPreview  *preview;
  GtkLabel        *caption;
  int              label;
  int              guess;
  guint            index;
};

G_DEFINE_FINAL_TYPE (LwTestTile, lw_test_tile, GTK_TYPE_FLOW_BOX_CHILD)

static void
lw_test_tile_class_init (LwTestTileClass *klass)
{
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "testtile");
}

static void
lw_test_tile_init (LwTestTile *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1);
  /* The tile itself says which image it is. */
  GtkWidget *preview = g_object_new (LW_TYPE_DIGIT_PREVIEW, "accessible-role",
                                     GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  GtkWidget *caption = gtk_label_new ("?");

  self->preview = LW_DIGIT_PREVIEW (preview);
  self->caption = GTK_LABEL (caption);
  self->label = -1;
  self->guess = -1;
  lw_digit_preview_set_size (self->preview, SIDE_MIN, SIDE_NATURAL);
  gtk_widget_add_css_class (caption, "caption");
  gtk_widget_add_css_class (caption, "numeric");
  gtk_box_append (GTK_BOX (box), preview);
  gtk_box_append (GTK_BOX (box), caption);
  gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (self), box);
}

static void
tell (LwTestTile *self)
{
  g_autofree char *number = lw_chart_format_count (self->index);
  g_autofree char *text = NULL;

  if (self->guess < 0 && self->label < 0)
    text = g_strdup_printf (_("Test image %s"), number);
  else if (self->guess < 0)
    text = g_strdup_printf (_("Test image %s: is %d"), number, self->label);
  else if (self->label < 0)
    text = g_strdup_printf (_("Test image %s: guessed %d"), number, self->guess);
  else
    text = g_strdup_printf (_("Test image %s: guessed %d, is %d"), number, self->guess,
                            self->label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), text);
}

GtkWidget *
lw_test_tile_new (const guint8 *pixels, int label, guint index)
{
  LwTestTile *self;
  float image[LW_DIGIT_PIXELS];

  g_return_val_if_fail (pixels != NULL, NULL);

  self = g_object_new (LW_TYPE_TEST_TILE, NULL);
  for (int i = 0; i < LW_DIGIT_PIXELS; i++)
    image[i] = (float) pixels[i] / 255.0f;
  lw_digit_preview_set_image (self->preview, image);
  self->label = label;
  self->index = index;
  tell (self);
  return GTK_WIDGET (self);
}

void
lw_test_tile_set_guess (LwTestTile *self, int guess)
{
  g_autofree char *text = NULL;
  gboolean wrong;

  g_return_if_fail (LW_IS_TEST_TILE (self));

  guess = MAX (guess, -1);
  if (self->guess == guess)
    return;
  self->guess = guess;
  wrong = guess >= 0 && self->label >= 0 && guess != self->label;
  if (guess < 0)
    text = g_strdup ("?");
  else
    text = g_strdup_printf (wrong ? "%d\u202f×" : "%d", guess);
  gtk_label_set_text (self->caption, text);
  if (wrong)
    gtk_widget_add_css_class (GTK_WIDGET (self), "wrong");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "wrong");
  tell (self);
}

void
lw_test_tile_get_image (LwTestTile *self, float out[LW_DIGIT_PIXELS])
{
  g_return_if_fail (LW_IS_TEST_TILE (self));

  lw_digit_preview_get_image (self->preview, out);
}

int
lw_test_tile_get_label (LwTestTile *self)
{
  g_return_val_if_fail (LW_IS_TEST_TILE (self), -1);

  return self->label;
}

guint
lw_test_tile_get_index (LwTestTile *self)
{
  g_return_val_if_fail (LW_IS_TEST_TILE (self), 0);

  return self->index;
}

const char *
lw_test_tile_get_caption (LwTestTile *self)
{
  g_return_val_if_fail (LW_IS_TEST_TILE (self), NULL);

  return gtk_label_get_text (self->caption);
}
