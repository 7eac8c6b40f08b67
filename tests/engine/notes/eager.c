/* Eager values: tf.constant, tf.matmul, tf.add, tf.multiply, .numpy(), convert_to_tensor, tf.cast.
 *
 * Every operation computes at once: there is no graph to run later, and C's own if and for are the
 * model's control flow. The scope `s` owns the results, and keeps the first error. */

#include "notes.h"

static void
eager (LwScope *s)
{
  /* x = [[2.]]; m = tf.matmul (x, x) */
  LwTensor *x = LW_TENSOR (s, ((float[1][1]) { { 2. } }));
  LwTensor *m = lw_matmul (s, x, x, FALSE, FALSE);
  LwTensor *a, *b, *c, *number, *wide, *pixels;

  notes_print_expect (m, "[[4.]]");

  /* a = tf.constant ([[1, 2], [3, 4]]): whole numbers in C are int32, as TensorFlow infers them. */
  a = LW_NAMED ("a", LW_TENSOR (s, ((int[2][2]) { { 1, 2 }, { 3, 4 } })));
  g_assert_cmpint (lw_tensor_get_dtype (a), ==, LW_INT32);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (a), &LW_SHAPE (2, 2)));
  g_assert_cmpstr (lw_tensor_get_name (a), ==, "a");

  /* print (a.numpy ()) */
  notes_print_expect (a, "[[1 2]\n [3 4]]");

  /* b = tf.add (a, 1): the scalar is broadcast. c = tf.multiply (a, b) */
  b = lw_add (s, a, LW_TENSOR (s, 1));
  notes_print_expect (b, "[[2 3]\n [4 5]]");
  c = lw_multiply (s, a, b);
  notes_print_expect (c, "[[ 2  6]\n [12 20]]");

  /* max_num = tf.convert_to_tensor (15) */
  number = LW_TENSOR (s, 15);
  g_assert_cmpint (lw_tensor_get_rank (number), ==, 0);
  notes_print_expect (number, "15");

  /* C's control flow decides what is computed next. */
  for (int i = 0; lw_tensor_get_value (number, 0) > 1; i++)
    {
      number = lw_divide (s, number, LW_TENSOR (s, 2));
      g_assert_cmpint (i, <, 3);
    }
  notes_print_expect (number, "1");

  /* tf.matmul (a, wide, transpose_a=True) */
  a = lw_cast (s, a, LW_FLOAT32);
  wide = LW_TENSOR (s, ((float[2][3]) { { 1, 0, 2 }, { 0, 1, 0.5 } }));
  m = lw_matmul_with (s, a, wide, &(LwMatmul) { .transpose_a = TRUE });
  notes_print_expect (m, "[[1.  3.  3.5]\n [2.  4.  6. ]]");

  /* tf.cast: towards zero from float to whole numbers. */
  notes_print_expect (lw_cast (s, LW_TENSOR (s, ((float[3]) { 1.9, -1.9, 0 })), LW_INT32), "[ 1 -1  0]");

  /* tf.cast (images[..., tf.newaxis] / 255, tf.float32) */
  pixels = LW_TENSOR (s, ((guint8[1][2][2]) { { { 0, 51 }, { 102, 255 } } }));
  pixels = lw_scale (s, lw_cast (s, lw_expand_dims (s, pixels, -1), LW_FLOAT32), 1 / 255.);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (pixels), &LW_SHAPE (1, 2, 2, 1)));
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (pixels, 1), 0.2, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (pixels, 3), 1, 1e-6);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/eager", eager);
}
