#include "engine/ops/constant.h"

#include "gradient-check.h"
#include "scope-tools.h"

#include <math.h>
#include <string.h>

/* Ops that move elements, and those that reduce over axes: values, gradients (twice, too) over random
 * shapes with sizes of 1 and 0 among them, and what they say to arguments that do not fit. */

#define ROUNDS 12

static void
assert_is (LwTensor *x, LwShape shape, const char *expected)
{
  g_autofree char *text = lw_tensor_to_string (x);

  g_assert_true (lw_shape_equal (lw_tensor_get_shape (x), &shape));
  g_assert_cmpstr (text, ==, expected);
}

static LwShape
random_shape (int rank, int smallest)
{
  LwShape shape = { .rank = rank };

  for (int i = 0; i < rank; i++)
    shape.dims[i] = check_random_int (0, 3) == 0 ? smallest : check_random_int (1, 5);
  return shape;
}

/* The gradient of sum (func (x)²) · x-like weights by an inner tape: checked by differences from outside, the
 * second derivative is. */
typedef struct {
  CheckFunc func;
  gpointer  data;
  guint     n;
} Twice;

static LwTensor *
first_gradient (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Twice *twice = data;
  GError      *error = NULL;
  LwTape      *tape = lw_tape_begin (s, FALSE);
  LwTensor    *grads[LW_MAX_INPUTS];
  LwTensor    *target, *all;

  for (guint i = 0; i < twice->n; i++)
    lw_tape_watch (tape, x[i]);
  target = lw_reduce_sum (s, lw_square (s, twice->func (s, x, twice->data)), NULL, 0, FALSE);
  lw_tape_gradient (tape, s, target, twice->n, x, grads, &error);
  g_assert_no_error (error);
  lw_tape_free (tape);
  all = lw_reduce_sum (s, lw_square (s, grads[0]), NULL, 0, FALSE);
  for (guint i = 1; i < twice->n; i++)
    all = lw_add (s, all, lw_reduce_sum (s, lw_square (s, grads[i]), NULL, 0, FALSE));
  return all;
}

static void
check_twice (const char *what, CheckFunc func, gpointer data, guint n, LwTensor **x)
{
  Twice     twice = { func, data, n };
  LwTensor *again[LW_MAX_INPUTS];

  for (guint i = 0; i < n; i++)
    again[i] = check_convert (x[i], LW_FLOAT64);
  check_gradients (what, func, data, n, x);
  check_gradients (what, first_gradient, &twice, n, again);
}

/* -- transpose, expand_dims, squeeze, broadcast_to -- */

static void
test_transpose (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_reshape (s, lw_range (s, LW_INT32, 0, 24, 1), &LW_SHAPE (2, 3, 4));
  LwTensor *y = lw_transpose_axes (s, x, (int[]) { 1, 0, 2 });

  assert_is (y, LW_SHAPE (3, 2, 4), "[[[ 0  1  2  3]\n  [12 13 14 15]]\n\n [[ 4  5  6  7]\n  [16 17 18 19]]\n\n "
                                    "[[ 8  9 10 11]\n  [20 21 22 23]]]");
  g_assert_true (lw_tensor_equal (lw_transpose_axes (s, y, (int[]) { -2, 0, -1 }), x));
  y = lw_transpose_axes (s, x, NULL);
  for (gsize i = 0; i < 24; i++)
    g_assert_cmpfloat (lw_tensor_get_value (y, i % 4 * 6 + i / 4 % 3 * 2 + i / 12), ==, (double) i);
  assert_is (lw_transpose_axes (s, LW_TENSOR (s, 3), NULL), LW_SCALAR, "3");
  assert_is (lw_transpose (s, LW_TENSOR (s, ((gint64[2][3]) { { 1, 2, 3 }, { 4, 5, 6 } }))), LW_SHAPE (3, 2),
             "[[1 4]\n [2 5]\n [3 6]]");
  assert_is (lw_transpose (s, LW_TENSOR (s, ((guint8[1][3]) { { 1, 2, 3 } }))), LW_SHAPE (3, 1), "[[1]\n [2]\n [3]]");
  assert_is (lw_transpose_axes (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (0, 2, 3), 1), NULL), LW_SHAPE (3, 2, 0), "[]");

  /* There and back in every rank, float32 too (whose matrices go through a kernel). */
  for (int rank = 0; rank <= LW_MAX_RANK; rank++)
    for (int round = 0; round < 4; round++)
      {
        LwShape   shape = random_shape (rank, 1);
        int       order[LW_MAX_RANK] = { 0 }, back[LW_MAX_RANK] = { 0 };
        LwTensor *r = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &shape, -1, 1));

        for (int i = 0; i < rank; i++)
          {
            int j = check_random_int (0, i);

            order[i] = order[j];
            order[j] = i;
          }
        for (int i = 0; i < rank; i++)
          back[order[i]] = i;
        g_assert_true (lw_tensor_equal (lw_transpose_axes (s, lw_transpose_axes (s, r, order), back), r));
      }
  test_end_well (s);
}

static void
test_expand_squeeze (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = LW_TENSOR (s, ((float[2][3]) { { 1, 2, 3 }, { 4, 5, 6 } }));

  for (int axis = -3; axis < 3; axis++)
    {
      LwTensor *y = lw_expand_dims (s, x, axis);
      int       at = axis < 0 ? axis + 3 : axis;

      g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), at == 0   ? &LW_SHAPE (1, 2, 3)
                                                              : at == 1 ? &LW_SHAPE (2, 1, 3)
                                                                        : &LW_SHAPE (2, 3, 1)));
      g_assert_true (lw_tensor_get_data (y) == lw_tensor_get_data (x));
      g_assert_true (lw_tensor_equal (lw_squeeze (s, y, axis), x));
    }
  assert_is (lw_expand_dims (s, LW_TENSOR (s, 3), 0), LW_SHAPE (1), "[3]");
  assert_is (lw_squeeze (s, LW_TENSOR (s, ((int[1]) { 3 })), -1), LW_SCALAR, "3");
  test_end_well (s);
}

static void
test_broadcast_to (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  assert_is (lw_broadcast_to (s, LW_TENSOR (s, ((int[3]) { 1, 2, 3 })), &LW_SHAPE (2, 3)), LW_SHAPE (2, 3),
             "[[1 2 3]\n [1 2 3]]");
  assert_is (lw_broadcast_to (s, LW_TENSOR (s, ((int[2][1]) { { 1 }, { 2 } })), &LW_SHAPE (2, 2, 2)), LW_SHAPE (2, 2, 2),
             "[[[1 1]\n  [2 2]]\n\n [[1 1]\n  [2 2]]]");
  assert_is (lw_broadcast_to (s, LW_TENSOR (s, 7), &LW_SHAPE (1, 2)), LW_SHAPE (1, 2), "[[7 7]]");
  assert_is (lw_broadcast_to (s, LW_TENSOR (s, 7), &LW_SHAPE (3, 0)), LW_SHAPE (3, 0), "[]");
  test_end_well (s);
}

typedef struct {
  LwShape shape;
  int     order[LW_MAX_RANK];
  int     axis;
} Layout;

static LwTensor *
apply_transpose (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_transpose_axes (s, x[0], ((Layout *) data)->order);
}

static LwTensor *
apply_expand (LwScope *s, LwTensor *const *x, gpointer data)
{
  Layout *layout = data;

  return lw_squeeze (s, lw_expand_dims (s, lw_expand_dims (s, x[0], layout->axis), -1), layout->axis);
}

static LwTensor *
apply_broadcast (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_broadcast_to (s, x[0], &((Layout *) data)->shape);
}

static void
test_layout_gradients (void)
{
  for (int round = 0; round < ROUNDS; round++)
    {
      int       rank = check_random_int (0, 4);
      Layout    layout = { .shape = random_shape (rank, round % 3 == 0 ? 0 : 1), .axis = check_random_int (0, rank) };
      LwShape   before = { .rank = check_random_int (0, rank) };
      LwTensor *x = check_random_tensor (LW_FLOAT64, &layout.shape, -1, 1), *y;

      for (int i = 0; i < rank; i++)
        layout.order[i] = (i + 1) % rank;
      for (int i = 0; i < before.rank; i++)
        before.dims[i] = check_random_int (0, 1) ? 1 : layout.shape.dims[rank - before.rank + i];
      y = check_convert (x, LW_FLOAT64);
      check_twice ("transpose", apply_transpose, &layout, 1, &y);
      check_twice ("expand_dims", apply_expand, &layout, 1, &x);
      x = check_random_tensor (LW_FLOAT64, &before, -1, 1);
      check_twice ("broadcast_to", apply_broadcast, &layout, 1, &x);
    }
}

/* -- slice -- */

#define ALL { .all = TRUE }

static void
test_slice (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_range (s, LW_INT32, 0, 10, 1);
  LwTensor *m = lw_reshape (s, lw_range (s, LW_FLOAT32, 0, 12, 1), &LW_SHAPE (3, 4));
  const struct {
    LwSlice     slice;
    const char *text;
  } cases[] = {
    { ALL, "[0 1 2 3 4 5 6 7 8 9]" },
    { { FALSE, 2, 5, 1 }, "[2 3 4]" },
    { { FALSE, 2, LW_SLICE_END, 3 }, "[2 5 8]" },
    { { FALSE, -3, LW_SLICE_END, 1 }, "[7 8 9]" },
    { { FALSE, 0, -1, 4 }, "[0 4 8]" },
    { { FALSE, LW_SLICE_END, -11, -1 }, "[9 8 7 6 5 4 3 2 1 0]" },
    { { FALSE, LW_SLICE_END, LW_SLICE_BEGIN, -4 }, "[9 5 1]" },
    { { FALSE, 7, 2, -2 }, "[7 5 3]" },
    { { FALSE, 5, 2, 1 }, "[]" },
    { { FALSE, 2, 5, -1 }, "[]" },
    { { FALSE, -100, 3, 1 }, "[0 1 2]" },
    { { FALSE, 8, 100, 1 }, "[8 9]" },
    { { FALSE, 100, 200, 1 }, "[]" },
    { { FALSE, 1, LW_SLICE_END, G_MAXINT64 }, "[1]" },
    { { FALSE, 8, G_MININT64, G_MININT64 }, "[8]" },
    { { FALSE, G_MININT64, LW_SLICE_END, 5 }, "[0 5]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = lw_tensor_to_string (lw_slice (s, x, &cases[i].slice, 1));

      g_assert_cmpstr (text, ==, cases[i].text);
    }
  assert_is (lw_slice (s, m, (LwSlice[]) { { FALSE, 1, 3, 1 } }, 1), LW_SHAPE (2, 4), "[[ 4.  5.  6.  7.]\n [ 8.  9. 10. 11.]]");
  assert_is (lw_slice (s, m, (LwSlice[]) { ALL, { FALSE, -1, -4, -2 } }, 2), LW_SHAPE (3, 2),
             "[[ 3.  1.]\n [ 7.  5.]\n [11.  9.]]");
  assert_is (lw_squeeze (s, lw_slice (s, m, (LwSlice[]) { ALL, { FALSE, 1, 2, 1 } }, 2), 1), LW_SHAPE (3), "[1. 5. 9.]");
  assert_is (lw_slice (s, LW_TENSOR (s, 3), NULL, 0), LW_SCALAR, "3");
  assert_is (lw_slice (s, lw_fill (s, LW_UINT8, &LW_SHAPE (2, 0), 1), (LwSlice[]) { { FALSE, 0, 1, 1 }, ALL }, 2), LW_SHAPE (1, 0),
             "[]");
  /* A step beyond all axes, along one whose stride is large. */
  m = lw_fill (s, LW_UINT8, &LW_SHAPE (2, 1 << 22), 7);
  assert_is (lw_slice (s, m, (LwSlice[]) { { FALSE, 0, 2, G_MAXINT64 }, { FALSE, 5, 2, G_MININT64 } }, 2), LW_SHAPE (1, 1),
             "[[7]]");
  test_end_well (s);
}

typedef struct {
  LwSlice slices[LW_MAX_RANK];
  int     n;
} Slices;

static LwTensor *
apply_slice (LwScope *s, LwTensor *const *x, gpointer data)
{
  Slices *slices = data;

  return lw_slice (s, x[0], slices->slices, slices->n);
}

static void
test_slice_gradient (void)
{
  for (int round = 0; round < ROUNDS; round++)
    {
      int       rank = check_random_int (0, 4);
      LwShape   shape = random_shape (rank, round % 4 == 0 ? 0 : 1);
      Slices    slices = { .n = check_random_int (0, rank) };
      LwTensor *x = check_random_tensor (LW_FLOAT64, &shape, -1, 1);

      for (int i = 0; i < slices.n; i++)
        slices.slices[i] = (LwSlice) { check_random_int (0, 3) == 0, check_random_int (-4, 2), check_random_int (-2, 6),
                                       check_random_int (0, 1) ? check_random_int (1, 3) : -check_random_int (1, 3) };
      check_twice ("slice", apply_slice, &slices, 1, &x);
    }
}

/* -- concat, stack -- */

static void
test_concat (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *a = LW_TENSOR (s, ((int[2][2]) { { 1, 2 }, { 3, 4 } })), *b = LW_TENSOR (s, ((int[2][1]) { { 5 }, { 6 } }));
  LwTensor *many[20];

  assert_is (lw_concat (s, 2, (LwTensor *[]) { a, b }, 1), LW_SHAPE (2, 3), "[[1 2 5]\n [3 4 6]]");
  assert_is (lw_concat (s, 3, (LwTensor *[]) { b, a, b }, -1), LW_SHAPE (2, 4), "[[5 1 2 5]\n [6 3 4 6]]");
  assert_is (lw_concat (s, 2, (LwTensor *[]) { a, a }, 0), LW_SHAPE (4, 2), "[[1 2]\n [3 4]\n [1 2]\n [3 4]]");
  assert_is (lw_concat (s, 2, (LwTensor *[]) { lw_fill (s, LW_INT32, &LW_SHAPE (2, 0), 1), b }, 1), LW_SHAPE (2, 1), "[[5]\n [6]]");
  g_assert_true (lw_concat (s, 1, &a, 0) == a);
  assert_is (lw_stack (s, 2, (LwTensor *[]) { LW_TENSOR (s, 1), LW_TENSOR (s, 2) }, 0), LW_SHAPE (2), "[1 2]");
  assert_is (lw_stack (s, 2, (LwTensor *[]) { a, a }, -1), LW_SHAPE (2, 2, 2), "[[[1 1]\n  [2 2]]\n\n [[3 3]\n  [4 4]]]");
  assert_is (lw_stack (s, 2, (LwTensor *[]) { a, a }, 1), LW_SHAPE (2, 2, 2), "[[[1 2]\n  [1 2]]\n\n [[3 4]\n  [3 4]]]");
  for (int i = 0; i < 20; i++)
    many[i] = LW_TENSOR (s, i);
  assert_is (lw_stack (s, 20, many, 0), LW_SHAPE (20), "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19]");
  test_end_well (s);
}

static LwTensor *
apply_concat (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_concat (s, 3, x, *(int *) data);
}

static LwTensor *
apply_stack (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_stack (s, 2, x, *(int *) data);
}

/* More parts than a node has inputs. */
static LwTensor *
apply_long_stack (LwScope *s, LwTensor *const *x, gpointer data)
{
  LwTensor *parts[17];

  for (int i = 0; i < 17; i++)
    parts[i] = lw_scale (s, x[i % 2], i + 1);
  return lw_stack (s, 17, parts, *(int *) data);
}

static void
test_concat_gradient (void)
{
  for (int round = 0; round < ROUNDS; round++)
    {
      int       rank = check_random_int (1, 4), axis = check_random_int (0, rank - 1), new_axis = check_random_int (-rank, rank);
      LwShape   shape = random_shape (rank, round % 4 == 0 ? 0 : 1);
      LwTensor *x[3], *y[2], *z[2];

      for (int i = 0; i < 2; i++)
        {
          y[i] = check_random_tensor (LW_FLOAT64, &shape, -1, 1);
          z[i] = check_random_tensor (LW_FLOAT64, &shape, -1, 1);
        }
      for (int i = 0; i < 3; i++)
        {
          shape.dims[axis] = check_random_int (0, 3);
          x[i] = check_random_tensor (LW_FLOAT64, &shape, -1, 1);
        }
      check_twice ("concat", apply_concat, &axis, 3, x);
      check_twice ("stack", apply_stack, &new_axis, 2, y);
      if (round < 3)
        check_twice ("a long stack", apply_long_stack, &new_axis, 2, z);
      else
        for (int i = 0; i < 2; i++)
          lw_tensor_unref (z[i]);
    }
}

/* -- gather, one_hot -- */

static void
test_gather (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = LW_TENSOR (s, ((float[3][2]) { { 1, 2 }, { 3, 4 }, { 5, 6 } }));

  assert_is (lw_gather (s, x, LW_TENSOR (s, ((int[3]) { 2, 0, 2 })), 0), LW_SHAPE (3, 2), "[[5. 6.]\n [1. 2.]\n [5. 6.]]");
  assert_is (lw_gather (s, x, LW_TENSOR (s, ((gint64[1]) { 1 })), -1), LW_SHAPE (3, 1), "[[2.]\n [4.]\n [6.]]");
  assert_is (lw_gather (s, x, LW_TENSOR (s, 1), 0), LW_SHAPE (2), "[3. 4.]");
  assert_is (lw_gather (s, x, LW_TENSOR (s, ((guint8[2][2]) { { 0, 1 }, { 1, 0 } })), 1), LW_SHAPE (3, 2, 2),
             "[[[1. 2.]\n  [2. 1.]]\n\n [[3. 4.]\n  [4. 3.]]\n\n [[5. 6.]\n  [6. 5.]]]");
  assert_is (lw_gather (s, x, lw_fill (s, LW_INT32, &LW_SHAPE (0), 0), 0), LW_SHAPE (0, 2), "[]");
  assert_is (lw_gather (s, lw_fill (s, LW_BOOL, &LW_SHAPE (2, 0), 0), LW_TENSOR (s, ((int[1]) { 1 })), 0), LW_SHAPE (1, 0), "[]");
  test_end_well (s);
}

static void
test_one_hot (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *labels = LW_TENSOR (s, ((int[4]) { 0, 2, -1, 3 }));

  assert_is (lw_one_hot (s, labels, 3, LW_FLOAT32), LW_SHAPE (4, 3), "[[1. 0. 0.]\n [0. 0. 1.]\n [0. 0. 0.]\n [0. 0. 0.]]");
  assert_is (lw_one_hot (s, LW_TENSOR (s, (guint8) 1), 2, LW_BOOL), LW_SHAPE (2), "[False  True]");
  assert_is (lw_one_hot (s, LW_TENSOR (s, ((gint64[1][1]) { { 1 } })), 2, LW_INT64), LW_SHAPE (1, 1, 2), "[[[0 1]]]");
  assert_is (lw_one_hot (s, labels, 0, LW_FLOAT64), LW_SHAPE (4, 0), "[]");
  test_end_well (s);
}

typedef struct {
  LwTensor *indices;
  int       axis;
} Gather;

static LwTensor *
apply_gather (LwScope *s, LwTensor *const *x, gpointer data)
{
  Gather *gather = data;

  return lw_gather (s, x[0], gather->indices, gather->axis);
}

static void
test_gather_gradient (void)
{
  for (int round = 0; round < ROUNDS; round++)
    {
      int       rank = check_random_int (1, 4);
      LwShape   shape = random_shape (rank, 1), places = random_shape (check_random_int (0, 2), round % 3 == 0 ? 0 : 1);
      Gather    gather = { lw_tensor_new (NULL, LW_INT32, &places, NULL), check_random_int (0, rank - 1) };
      gint32   *index = lw_tensor_get_mutable_data (gather.indices);
      LwTensor *x = check_random_tensor (LW_FLOAT64, &shape, -1, 1);

      for (gsize i = 0; i < lw_tensor_get_count (gather.indices); i++)
        index[i] = check_random_int (0, (int) shape.dims[gather.axis] - 1);
      check_twice ("gather", apply_gather, &gather, 1, &x);
      lw_tensor_unref (gather.indices);
    }
}

/* -- reductions -- */

static void
test_reduce (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_reshape (s, lw_range (s, LW_FLOAT32, 1, 25, 1), &LW_SHAPE (2, 3, 4));
  LwTensor *small = lw_fill (s, LW_FLOAT32, &LW_SHAPE (1000001), 0.1);

  assert_is (lw_reduce_sum (s, x, (int[]) { 0, 2 }, 2, FALSE), LW_SHAPE (3), "[ 68. 100. 132.]");
  assert_is (lw_reduce_sum (s, x, (int[]) { 0, -1 }, 2, TRUE), LW_SHAPE (1, 3, 1), "[[[ 68.]\n  [100.]\n  [132.]]]");
  assert_is (lw_reduce_mean (s, x, (int[]) { 1 }, 1, FALSE), LW_SHAPE (2, 4), "[[ 5.  6.  7.  8.]\n [17. 18. 19. 20.]]");
  assert_is (lw_reduce_max (s, x, (int[]) { 2, 1 }, 2, TRUE), LW_SHAPE (2, 1, 1), "[[[12.]]\n\n [[24.]]]");
  assert_is (lw_reduce_max (s, x, NULL, 0, TRUE), LW_SHAPE (1, 1, 1), "[[[24.]]]");
  assert_is (lw_reduce_sum (s, LW_TENSOR (s, 3.0), NULL, 0, TRUE), LW_SCALAR, "3.0");

  /* A million numbers lose nothing. */
  g_assert_cmpfloat (lw_tensor_get_value (lw_reduce_mean (s, small, NULL, 0, FALSE), 0), ==, 0.1f);
  g_assert_cmpfloat (lw_tensor_get_value (lw_reduce_sum (s, small, NULL, 0, FALSE), 0), ==, (float) (1000001 * (double) 0.1f));

  /* Of nothing: 0, NaN and -infinity, as in TensorFlow. */
  x = lw_fill (s, LW_FLOAT64, &LW_SHAPE (2, 0), 1);
  assert_is (lw_reduce_sum (s, x, (int[]) { 1 }, 1, FALSE), LW_SHAPE (2), "[0. 0.]");
  assert_is (lw_reduce_mean (s, x, (int[]) { 1 }, 1, FALSE), LW_SHAPE (2), "[nan nan]");
  assert_is (lw_reduce_max (s, x, (int[]) { 1 }, 1, FALSE), LW_SHAPE (2), "[-inf -inf]");
  assert_is (lw_reduce_mean (s, x, (int[]) { 0 }, 1, FALSE), LW_SHAPE (0), "[]");
  test_end_well (s);
}

static void
test_argmax (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = LW_TENSOR (s, ((float[2][3]) { { 1, 5, 5 }, { 7, 0, NAN } }));
  LwTensor *large = LW_TENSOR (s, ((gint64[2]) { G_MAXINT64 - 1, G_MAXINT64 }));

  assert_is (lw_argmax_over (s, x, 1), LW_SHAPE (2), "[1 2]");
  assert_is (lw_argmax_over (s, x, 0), LW_SHAPE (3), "[1 0 1]");
  assert_is (lw_argmax_over (s, x, -2), LW_SHAPE (3), "[1 0 1]");
  assert_is (lw_argmax (s, LW_TENSOR (s, ((float[3]) { NAN, 1, NAN }))), LW_SCALAR, "0");
  assert_is (lw_argmax (s, large), LW_SCALAR, "1");
  assert_is (lw_argmax_over (s, LW_TENSOR (s, ((guint8[2][2][1]) { { { 1 }, { 2 } }, { { 4 }, { 3 } } })), 1), LW_SHAPE (2, 1),
             "[[1]\n [0]]");
  assert_is (lw_argmax_over (s, lw_fill (s, LW_INT32, &LW_SHAPE (3, 0), 1), 0), LW_SHAPE (0), "[]");
  g_assert_cmpint (lw_tensor_get_dtype (lw_argmax (s, large)), ==, LW_INT64);
  test_end_well (s);
}

typedef struct {
  int      axes[LW_MAX_RANK];
  int      n, kind;
  gboolean keepdims;
} Reduce;

static LwTensor *
apply_reduce (LwScope *s, LwTensor *const *x, gpointer data)
{
  Reduce *r = data;

  return (r->kind == 0 ? lw_reduce_sum : r->kind == 1 ? lw_reduce_mean : lw_reduce_max) (s, x[0], r->axes, r->n, r->keepdims);
}

static void
test_reduce_gradients (void)
{
  for (int round = 0; round < 4 * ROUNDS; round++)
    {
      int       rank = check_random_int (0, 4);
      Reduce    r = { .kind = round % 3, .keepdims = round % 2 };
      LwShape   shape = random_shape (rank, round % 3 == 0 && round % 4 == 0 ? 0 : 1);
      LwTensor *x = check_random_tensor (LW_FLOAT64, &shape, -1, 1);

      for (int i = 0; i < rank; i++)
        if (check_random_int (0, 1))
          r.axes[r.n++] = check_random_int (0, 1) ? i : i - rank;
      check_twice (r.kind == 0 ? "reduce_sum" : r.kind == 1 ? "reduce_mean" : "reduce_max", apply_reduce, &r, 1, &x);
    }
}

/* Infinities tie as other numbers do. */
static void
test_max_of_infinities (void)
{
  const float values[] = { INFINITY, 1, INFINITY };
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwTensor   *x = LW_TENSOR (s, values), *gx = NULL;

  lw_tape_watch (tape, x);
  g_assert_true (lw_tape_gradient (tape, s, lw_reduce_max (s, x, NULL, 0, FALSE), 1, &x, &gx, NULL));
  assert_is (gx, LW_SHAPE (3), "[0.5 0.  0.5]");
  lw_tape_free (tape);
  test_end_well (s);
}

/* -- what does not fit -- */

#define F(...) lw_fill (s, LW_FLOAT32, &LW_SHAPE (__VA_ARGS__), 1)
#define N(...) lw_fill (s, LW_INT32, &LW_SHAPE (__VA_ARGS__), 9)
#define SCALAR lw_constant_scalar (s, LW_FLOAT32, 1)

static LwTensor *
call_bad (LwScope *s, int i, LwError *code, const char **words)
{
  const LwSlice all = ALL, still = { FALSE, 0, 1, 0 };

  *code = LW_ERROR_SHAPE;
  switch (i)
    {
#define BAD(number, call, first, second) case number: words[0] = first; words[1] = second; return call;
      BAD (0, lw_transpose_axes (s, F (2, 3), ((int[]) { 0, 0 })), "transpose", "2×3")
      BAD (1, lw_transpose_axes (s, F (2, 3), ((int[]) { 0, 2 })), "transpose", "(0, 2)")
      BAD (2, lw_transpose_axes (s, F (2, 3), ((int[]) { G_MININT, 0 })), "transpose", "2×3")
      BAD (3, lw_transpose (s, SCALAR), "transpose", "scalar")
      BAD (4, lw_expand_dims (s, F (2, 3), 3), "axis 3", "2×3")
      BAD (5, lw_expand_dims (s, F (2, 3), -4), "axis -4", "2×3")
      BAD (6, lw_expand_dims (s, F (1, 1, 1, 1, 1, 1, 1, 2), 0), "expand_dims", "1×1×1×1×1×1×1×2")
      BAD (7, lw_squeeze (s, F (2, 1), 0), "squeeze", "2×1")
      BAD (8, lw_squeeze (s, SCALAR, 0), "squeeze", "scalar")
      BAD (9, lw_broadcast_to (s, F (2, 3), &LW_SHAPE (3, 3)), "2×3", "3×3")
      BAD (10, lw_broadcast_to (s, F (2, 3), &LW_SHAPE (3)), "2×3", "3")
      BAD (11, lw_broadcast_to (s, F (3), &LW_SHAPE (1)), "broadcast_to", "1")
      BAD (12, lw_broadcast_to (s, F (1), &LW_SHAPE (-1)), "broadcast_to", "None")
      BAD (13, lw_broadcast_to (s, F (0), &LW_SHAPE (4)), "0", "4")
      BAD (14, lw_slice (s, F (2), ((LwSlice[]) { all, all }), 2), "slice", "2")
      BAD (15, lw_slice (s, SCALAR, &all, 1), "slice", "scalar")
      BAD (16, lw_concat (s, 2, ((LwTensor *[]) { F (2, 3), F (3, 3) }), 1), "2×3", "3×3")
      BAD (17, lw_concat (s, 2, ((LwTensor *[]) { F (2, 3), F (3) }), 0), "2×3", "3")
      BAD (18, lw_concat (s, 2, ((LwTensor *[]) { SCALAR, SCALAR }), 0), "concat", "scalar")
      BAD (19, lw_concat (s, 2, ((LwTensor *[]) { F (2), F (2) }), 1), "axis 1", "2")
      BAD (20, lw_stack (s, 2, ((LwTensor *[]) { F (2, 3), F (3, 2) }), 0), "2×3", "3×2")
      BAD (21, lw_stack (s, 2, ((LwTensor *[]) { F (2), F (2) }), 2), "axis 2", "2")
      BAD (22, lw_stack (s, 1, ((LwTensor *[]) { F (1, 1, 1, 1, 1, 1, 1, 3) }), 0), "expand_dims", "1×1×1×1×1×1×1×3")
      BAD (23, lw_gather (s, F (2, 3), N (1), 2), "axis 2", "2×3")
      BAD (24, lw_gather (s, SCALAR, N (1), 0), "gather", "scalar")
      BAD (25, lw_gather (s, F (1, 1, 1, 1, 1, 2), N (1, 1, 1, 2), 0), "1×1×1×1×1×2", "1×1×1×2")
      BAD (26, lw_one_hot (s, N (1, 1, 1, 1, 1, 1, 1, 2), 3, LW_FLOAT32), "one_hot", "1×1×1×1×1×1×1×2")
      BAD (27, lw_argmax_over (s, F (2, 3), 2), "axis 2", "2×3")
      BAD (28, lw_argmax_over (s, F (0, 3), 0), "argmax", "0×3")
      BAD (29, lw_argmax_over (s, SCALAR, 0), "argmax", "scalar")
      BAD (30, lw_reduce_sum (s, F (2, 3), ((int[]) { 1, -1 }), 2, FALSE), "twice", "2×3")
      BAD (31, lw_reduce_max (s, F (2, 3), ((int[]) { G_MININT }), 1, FALSE), "reduce_max", "2×3")
#undef BAD
#define BAD(number, what, call, first, second)                                                     \
  case number: *code = LW_ERROR_##what; words[0] = first; words[1] = second; return call;
      BAD (32, VALUE, lw_slice (s, F (2, 3), &still, 1), "axis 0", "2×3")
      BAD (33, VALUE, lw_concat (s, 0, NULL, 0), "concat", "one tensor")
      BAD (34, VALUE, lw_stack (s, 0, NULL, 0), "stack", "one tensor")
      BAD (35, DTYPE, lw_concat (s, 2, ((LwTensor *[]) { F (2), N (2) }), 0), "float32", "int32")
      BAD (36, DTYPE, lw_stack (s, 2, ((LwTensor *[]) { F (2), N (2) }), 0), "float32", "int32")
      BAD (37, VALUE, lw_gather (s, F (2, 3), N (1), 0), "entry 9", "2×3")
      BAD (38, VALUE, lw_gather (s, F (2, 3), lw_fill (s, LW_INT64, &LW_SHAPE (1), -1), 1), "entry -1", "2×3")
      BAD (39, VALUE, lw_gather (s, F (0), lw_fill (s, LW_INT64, &LW_SHAPE (1), 0), 0), "entry 0", "0")
      BAD (40, DTYPE, lw_gather (s, F (2, 3), F (1), 0), "gather", "float32")
      BAD (41, DTYPE, lw_one_hot (s, F (2), 3, LW_FLOAT32), "one_hot", "float32")
      BAD (42, VALUE, lw_one_hot (s, N (2), -1, LW_FLOAT32), "one_hot", "-1")
      BAD (43, VALUE, lw_one_hot (s, N (2), G_MAXINT64, LW_FLOAT32), "2×9223372036854775807", "2^40")
      BAD (44, VALUE, lw_broadcast_to (s, F (1, 1), &LW_SHAPE (G_MAXINT64, G_MAXINT64)), "9223372036854775807", "2^40")
      BAD (45, DTYPE, lw_reduce_mean (s, N (2, 3), NULL, 0, FALSE), "reduce_mean", "int32")
#undef BAD
    default: return NULL;
    }
}

static void
test_errors (void)
{
  int n_seen = 0;

  for (int i = 0; i < 46; i++)
    {
      LwScope    *s = lw_scope_begin (check_device ());
      GError     *error = NULL;
      const char *words[2];
      LwError     code;

      g_assert_true (call_bad (s, i, &code, words) == lw_scope_get_invalid (s));
      g_assert_false (lw_scope_end (s, &error));
      if (!g_error_matches (error, LW_ERROR, (int) code) || strstr (error->message, words[0]) == NULL
          || strstr (error->message, words[1]) == NULL)
        g_error ("case %d: %s", i, error->message);
      g_error_free (error);
      n_seen++;
    }
  g_assert_cmpint (n_seen, ==, 46);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/transpose", test_transpose);
  g_test_add_func ("/layout/expand-squeeze", test_expand_squeeze);
  g_test_add_func ("/layout/broadcast-to", test_broadcast_to);
  g_test_add_func ("/layout/gradients", test_layout_gradients);
  g_test_add_func ("/layout/slice", test_slice);
  g_test_add_func ("/layout/slice-gradient", test_slice_gradient);
  g_test_add_func ("/layout/concat", test_concat);
  g_test_add_func ("/layout/concat-gradient", test_concat_gradient);
  g_test_add_func ("/layout/gather", test_gather);
  g_test_add_func ("/layout/gather-gradient", test_gather_gradient);
  g_test_add_func ("/layout/one-hot", test_one_hot);
  g_test_add_func ("/layout/reduce", test_reduce);
  g_test_add_func ("/layout/reduce-gradients", test_reduce_gradients);
  g_test_add_func ("/layout/max-of-infinities", test_max_of_infinities);
  g_test_add_func ("/layout/argmax", test_argmax);
  g_test_add_func ("/layout/errors", test_errors);
  result = g_test_run ();
  check_device_free ();
  return result;
}
