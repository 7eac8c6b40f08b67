#include "engine/core/shape.h"

static void
test_equal (void)
{
  LwShape a = LW_SHAPE (28, 28, 1);

  g_assert_true (lw_shape_equal (&a, &LW_SHAPE (28, 28, 1)));
  g_assert_false (lw_shape_equal (&a, &LW_SHAPE (28, 28)));
  g_assert_false (lw_shape_equal (&a, &LW_SHAPE (28, 1, 28)));
  g_assert_true (lw_shape_equal (&LW_SCALAR, &LW_SCALAR));
}

static void
test_count (void)
{
  const gint64 big = G_GINT64_CONSTANT (1) << 20;
  gsize        count = 7;

  g_assert_true (lw_shape_get_count (&LW_SHAPE (32, 28, 28, 1), &count));
  g_assert_cmpuint (count, ==, 25088);
  g_assert_true (lw_shape_get_count (&LW_SCALAR, &count));
  g_assert_cmpuint (count, ==, 1);
  g_assert_true (lw_shape_get_count (&LW_SHAPE (5, 0, 3), &count));
  g_assert_cmpuint (count, ==, 0);

  g_assert_true (lw_shape_get_count (&LW_SHAPE (big, big), &count));
  g_assert_cmpuint (count, ==, G_GUINT64_CONSTANT (1) << 40);
  g_assert_false (lw_shape_get_count (&LW_SHAPE (big, big, 2), &count));
  g_assert_false (lw_shape_get_count (&LW_SHAPE (G_MAXINT64, G_MAXINT64, G_MAXINT64), &count));
  g_assert_false (lw_shape_get_count (&LW_SHAPE (LW_DIM_ANY, 3), &count));
  g_assert_false (lw_shape_get_count (&LW_SHAPE (G_MININT64), &count));
  g_assert_false (lw_shape_get_count (&(LwShape) { .rank = LW_MAX_RANK + 1 }, &count));
}

static void
test_parts (void)
{
  const LwShape image = LW_SHAPE (32, 28, 28, 1);
  LwShape       tail = lw_shape_tail (&image, 1);
  LwShape       batch = lw_shape_prepend (&tail, 64);

  g_assert_true (lw_shape_equal (&tail, &LW_SHAPE (28, 28, 1)));
  g_assert_true (lw_shape_equal (&batch, &LW_SHAPE (64, 28, 28, 1)));
  tail = lw_shape_tail (&image, 4);
  g_assert_cmpint (tail.rank, ==, 0);

  g_assert_true (lw_shape_is_known (&image));
  g_assert_false (lw_shape_is_known (&LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1)));
}

static void
assert_text (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_text (void)
{
  assert_text (lw_shape_to_string (&LW_SHAPE (26, 26, 32)), "26×26×32");
  assert_text (lw_shape_to_string (&LW_SHAPE (10)), "10");
  assert_text (lw_shape_to_string (&LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1)), "None×None×1");
  assert_text (lw_shape_to_string (&LW_SCALAR), "scalar");
  assert_text (lw_shape_to_label (&LW_SHAPE (26, 26, 32)), "26 × 26 × 32");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shape/equal", test_equal);
  g_test_add_func ("/shape/count", test_count);
  g_test_add_func ("/shape/parts", test_parts);
  g_test_add_func ("/shape/text", test_text);
  return g_test_run ();
}
