#include "engine/io/keras_config.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/loss.h"
#include "engine/nn/model_spec.h"
#include "engine/ops/ops.h"
#include "gradient-check.h"
#include "scope-tools.h"

#include <math.h>
#include <string.h>

/* The losses: values by their formulas, gradients, what the spec's loss makes of labels, and what they
 * say to tensors that do not fit. */

static LwTensor *
labels_of (LwScope *s, LwDType dtype, gint64 n, ...)
{
  LwTensor *x = lw_scope_new_tensor (s, dtype, &LW_SHAPE (n));
  va_list   values;

  va_start (values, n);
  for (gint64 i = 0; i < n; i++)
    {
      int value = va_arg (values, int);

      if (dtype == LW_INT64)
        ((gint64 *) lw_tensor_get_mutable_data (x))[i] = value;
      else if (dtype == LW_INT32)
        ((gint32 *) lw_tensor_get_mutable_data (x))[i] = value;
      else
        ((guint8 *) lw_tensor_get_mutable_data (x))[i] = (guint8) value;
    }
  va_end (values);
  return x;
}

static void
assert_values (LwTensor *x, const LwShape *shape, ...)
{
  va_list values;

  g_assert_true (lw_shape_equal (lw_tensor_get_shape (x), shape));
  va_start (values, shape);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      double want = va_arg (values, double);

      g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (x, i), want, 2e-6 * (1 + fabs (want)));
    }
  va_end (values);
}

/* -- values -- */

static void
test_errors (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *t = test_floats (s, &LW_SHAPE (2, 3), 0., 1., 2., 3., 4., 5.);
  LwTensor *p = test_floats (s, &LW_SHAPE (2, 3), 0.5, 1., 0., 3., 1., 5.25);

  assert_values (lw_mean_squared_error (s, t, p), &LW_SHAPE (2), 4.25 / 3, 9.0625 / 3);
  assert_values (lw_mean_absolute_error (s, t, p), &LW_SHAPE (2), 2.5 / 3, 3.25 / 3);
  /* Differences 0.5 0 -2 and 0 -3 0.25. */
  assert_values (lw_huber (s, t, p, 1), &LW_SHAPE (2), (0.125 + 1.5) / 3, (2.5 + 0.03125) / 3);
  assert_values (lw_huber (s, t, p, 0.25), &LW_SHAPE (2), (0.25 * 0.375 + 0.25 * 1.875) / 3,
                 (0.25 * 2.875 + 0.03125) / 3);
  assert_values (lw_huber (s, t, p, HUGE_VAL), &LW_SHAPE (2), 4.25 / 6, 9.0625 / 6);
  /* Of any rank: the last axis goes. */
  assert_values (lw_mean_squared_error (s, test_floats (s, &LW_SHAPE (2), 1., 2.), test_floats (s, &LW_SHAPE (2), 2., 4.)),
                 &LW_SCALAR, 2.5);
  t = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 1, 5), 1);
  assert_values (lw_mean_absolute_error (s, t, lw_zeros_like (s, t)), &LW_SHAPE (2, 1), 1., 1.);
  t = lw_fill (s, LW_FLOAT32, &LW_SHAPE (0, 5), 1);
  assert_values (lw_mean_absolute_error (s, t, t), &LW_SHAPE (0));
  test_end_well (s);
}

static void
test_categorical (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *t = test_floats (s, &LW_SHAPE (3, 2), 1., 0., 0., 1., 0.25, 0.75);
  LwTensor *p = test_floats (s, &LW_SHAPE (3, 2), 3., 1., 0.25, 0.75, 1., 1.);
  LwTensor *x = test_floats (s, &LW_SHAPE (3, 2), 0., 1., 1000., -1000., 2., 2.);
  double    a = log1p (exp (-1.));

  /* Probabilities are divided by their sum; a logit of a thousand is no trouble. */
  assert_values (lw_categorical_crossentropy (s, t, p, FALSE, 0), &LW_SHAPE (3), -log (0.75), -log (0.75), log (2));
  assert_values (lw_categorical_crossentropy (s, t, x, TRUE, 0), &LW_SHAPE (3), 1 + a, 2000., log (2));
  /* 0.2: 0.9 and 0.1 */
  assert_values (lw_categorical_crossentropy (s, t, x, TRUE, 0.2), &LW_SHAPE (3), 0.9 * (1 + a) + 0.1 * a, 1800.,
                 log (2));
  /* Certainty is cut off at 1e-7. */
  p = test_floats (s, &LW_SHAPE (2, 2), 1., 0., 0., 1.);
  assert_values (lw_categorical_crossentropy (s, lw_subtract (s, lw_ones_like (s, p), p), p, FALSE, 0),
                 &LW_SHAPE (2), -log (1e-7), -log (1e-7));
  test_end_well (s);
}

static void
test_binary (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *t = test_floats (s, &LW_SHAPE (2, 2), 1., 0., 1., 0.5);
  LwTensor *p = test_floats (s, &LW_SHAPE (2, 2), 0.25, 0.25, 0., 0.5);
  LwTensor *x = test_floats (s, &LW_SHAPE (2, 2), -1000., 1000., 20., 0.);

  assert_values (lw_binary_crossentropy (s, t, p, FALSE, 0), &LW_SHAPE (2), (-log (0.25) - log (0.75)) / 2,
                 (-log (1e-7) + log (2)) / 2);
  /* A certain 1 costs as much as a certain 0. */
  assert_values (lw_binary_crossentropy (s, lw_zeros_like (s, p), lw_ones_like (s, p), FALSE, 0),
                 &LW_SHAPE (2), -log (1e-7), -log (1e-7));
  assert_values (lw_binary_crossentropy (s, t, x, TRUE, 0), &LW_SHAPE (2), 1000.,
                 (log1p (exp (-20.)) + log (2)) / 2);
  /* 0.4: 0.8 and 0.2; a half stays. */
  assert_values (lw_binary_crossentropy (s, t, x, TRUE, 0.4), &LW_SHAPE (2), 800.,
                 (log1p (exp (-20.)) + 0.2 * 20 + log (2)) / 2);
  test_end_well (s);
}

/* One loss for each row, and their mean as the fused op takes it. */
static void
test_each (void)
{
  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    for (int from_logits = 0; from_logits < 2; from_logits++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *x = lw_scope_take (s, check_random_tensor (dtype, &LW_SHAPE (7, 5), 0.1, 2));
        LwTensor *labels = labels_of (s, LW_INT32, 7, 0, 4, 2, 2, 1, 3, 0);
        LwTensor *each = lw_sparse_categorical_crossentropy_each (s, labels, x, from_logits);

        check_close ("each", each,
                     lw_categorical_crossentropy (s, lw_one_hot (s, labels, 5, dtype), x, from_logits, 0),
                     dtype == LW_FLOAT32 ? 1e-6 : 1e-14);
        check_close ("mean", lw_sparse_categorical_crossentropy (s, labels, x, from_logits),
                     lw_reduce_mean (s, each, NULL, 0, FALSE), dtype == LW_FLOAT32 ? 1e-6 : 1e-14);
        test_end_well (s);
      }
}

/* -- gradients -- */

typedef enum { SPARSE, CATEGORICAL, BINARY, SQUARED, ABSOLUTE, HUBER, N_LOSSES } Loss;

static const char *const loss_names[N_LOSSES] = { "sparse_categorical_crossentropy", "categorical_crossentropy",
                                                  "binary_crossentropy", "mean_squared_error",
                                                  "mean_absolute_error", "huber" };

typedef struct {
  Loss      loss;
  gboolean  from_logits;
  double    smoothing;
  LwTensor *y_true[2]; /* for x in float32, in float64 */
  LwTensor *labels;
} Example;

static LwTensor *
call_loss (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Example *e = data;
  LwTensor      *t = e->y_true[lw_tensor_get_dtype (x[0]) == LW_FLOAT64];

  switch (e->loss)
    {
    case SPARSE: return lw_sparse_categorical_crossentropy_each (s, e->labels, x[0], e->from_logits);
    case CATEGORICAL: return lw_categorical_crossentropy (s, t, x[0], e->from_logits, e->smoothing);
    case BINARY: return lw_binary_crossentropy (s, t, x[0], e->from_logits, e->smoothing);
    case SQUARED: return lw_mean_squared_error (s, t, x[0]);
    case ABSOLUTE: return lw_mean_absolute_error (s, t, x[0]);
    case HUBER: return lw_huber (s, t, x[0], 0.6);
    case N_LOSSES: break;
    }
  g_assert_not_reached ();
}

static void
check_loss (Loss loss, const LwShape *shape, gboolean from_logits, double smoothing)
{
  Example   e = { loss, from_logits, smoothing, { NULL, NULL }, NULL };
  LwTensor *x = check_random_tensor (LW_FLOAT64, shape, from_logits ? -3 : 0.05, from_logits ? 3 : 0.95);

  e.y_true[1] = check_random_tensor (LW_FLOAT64, shape, 0, 1);
  e.y_true[0] = check_convert (e.y_true[1], LW_FLOAT32);
  if (loss == SPARSE)
    {
      g_autofree gint32 *labels = g_new (gint32, shape->dims[0]);

      for (gint64 i = 0; i < shape->dims[0]; i++)
        labels[i] = check_random_int (0, (int) shape->dims[1] - 1);
      e.labels = lw_tensor_new_from_data (NULL, LW_INT32, &LW_SHAPE (shape->dims[0]), labels, NULL);
    }
  check_gradients (loss_names[loss], call_loss, &e, 1, &x);
  lw_tensor_unref (e.y_true[0]);
  lw_tensor_unref (e.y_true[1]);
  g_clear_pointer (&e.labels, lw_tensor_unref);
}

static void
test_gradients (void)
{
  const LwShape shapes[] = { LW_SHAPE (4, 3), LW_SHAPE (7, 10), LW_SHAPE (1, 17), LW_SHAPE (5, 1),
                             LW_SHAPE (6), LW_SHAPE (2, 3, 4), LW_SHAPE (0, 3) };

  for (int loss = 0; loss < N_LOSSES; loss++)
    for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
      for (int from_logits = 0; from_logits < 2; from_logits++)
        {
          if (loss == SPARSE && (shapes[i].rank != 2 || shapes[i].dims[0] == 0))
            continue;
          if (loss == CATEGORICAL && !from_logits && shapes[i].dims[shapes[i].rank - 1] == 1)
            continue; /* always 1, where the clip bites */
          check_loss (loss, &shapes[i], from_logits, 0);
          if (loss == CATEGORICAL || loss == BINARY)
            check_loss (loss, &shapes[i], from_logits, 0.3);
        }
}

/* What the tape says at the corners: clipped probabilities and equal numbers pass nothing, the border of
 * Huber's square is smooth, and a logit of 0 has the middle of its two sides. y_true gets nothing. */
static void
test_corners (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  GError   *error = NULL;
  LwTensor *t = test_floats (s, &LW_SHAPE (1, 2), 1., 0.), *x = test_floats (s, &LW_SHAPE (1, 2), 0., 1.);
  LwTensor *sources[] = { x, t }, *grads[2];
  LwTensor *binary, *difference, *border;

  lw_tape_watch (tape, x);
  lw_tape_watch (tape, t);
  binary = lw_binary_crossentropy (s, t, x, FALSE, 0);
  g_assert_true (lw_tape_gradient (tape, s, binary, 2, sources, grads, &error));
  g_assert_no_error (error);
  assert_values (grads[0], &LW_SHAPE (1, 2), 0., 0.);
  g_assert_null (grads[1]);
  binary = lw_binary_crossentropy (s, t, x, TRUE, 0);
  g_assert_true (lw_tape_gradient (tape, s, binary, 1, sources, grads, &error));
  assert_values (grads[0], &LW_SHAPE (1, 2), -0.25, 0.5 / (1 + exp (-1.)));
  difference = lw_mean_absolute_error (s, test_floats (s, &LW_SHAPE (1, 2), 0., 0.), x);
  g_assert_true (lw_tape_gradient (tape, s, difference, 1, sources, grads, &error));
  assert_values (grads[0], &LW_SHAPE (1, 2), 0., 0.5);
  border = lw_huber (s, test_floats (s, &LW_SHAPE (1, 2), 0., 0.), x, 1);
  g_assert_true (lw_tape_gradient (tape, s, border, 1, sources, grads, &error));
  assert_values (grads[0], &LW_SHAPE (1, 2), 0., 0.5);
  g_assert_no_error (error);
  lw_tape_free (tape);
  test_end_well (s);
}

/* -- what does not fit -- */

static void
test_bad_arguments (void)
{
  const struct {
    LwShape     t, p;
    LwDType     t_dtype, p_dtype;
    LwError     code;
    const char *first, *second;
  } cases[] = {
    { LW_SHAPE (2, 3), LW_SHAPE (2, 4), LW_FLOAT32, LW_FLOAT32, LW_ERROR_SHAPE, "2×3", "2×4" },
    { LW_SHAPE (3), LW_SHAPE (3, 1), LW_FLOAT64, LW_FLOAT64, LW_ERROR_SHAPE, "shape 3", "3×1" },
    { LW_SCALAR, LW_SHAPE (1), LW_FLOAT32, LW_FLOAT32, LW_ERROR_SHAPE, "scalar", "1" },
    { LW_SCALAR, LW_SCALAR, LW_FLOAT32, LW_FLOAT32, LW_ERROR_SHAPE, "scalar", "rows" },
    { LW_SHAPE (2, 0), LW_SHAPE (2, 0), LW_FLOAT32, LW_FLOAT32, LW_ERROR_SHAPE, "2×0", "rows" },
    { LW_SHAPE (0, 1 << 30), LW_SHAPE (1 << 30, 0), LW_FLOAT32, LW_FLOAT32, LW_ERROR_SHAPE, "0×1073741824",
      "1073741824×0" },
    { LW_SHAPE (2, 3), LW_SHAPE (2, 3), LW_FLOAT32, LW_FLOAT64, LW_ERROR_DTYPE, "float32", "float64" },
    { LW_SHAPE (2, 3), LW_SHAPE (2, 3), LW_INT32, LW_INT32, LW_ERROR_DTYPE, "int32", "float32" },
    { LW_SHAPE (2, 3), LW_SHAPE (2, 3), LW_UINT8, LW_FLOAT32, LW_ERROR_DTYPE, "uint8", "float32" },
  };

  for (int loss = CATEGORICAL; loss < N_LOSSES; loss++)
    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *t = lw_fill (s, cases[i].t_dtype, &cases[i].t, 0);
        LwTensor *p = lw_fill (s, cases[i].p_dtype, &cases[i].p, 0);
        Example   e = { loss, TRUE, 0, { t, t }, NULL };

        g_assert_true (call_loss (s, &p, &e) == lw_scope_get_invalid (s));
        test_end_badly (s, cases[i].code, cases[i].first, cases[i].second, loss_names[loss], NULL);
      }

  for (int i = 0; i < 5; i++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3), 0.5);

      if (i == 0)
        lw_categorical_crossentropy (s, x, x, TRUE, 1.5);
      else if (i == 1)
        lw_binary_crossentropy (s, x, x, TRUE, -0.5);
      else if (i == 2)
        lw_binary_crossentropy (s, x, x, FALSE, (double) NAN);
      else if (i == 3)
        lw_huber (s, x, x, 0);
      else
        lw_huber (s, x, x, (double) NAN);
      test_end_badly (s, LW_ERROR_VALUE, NULL);
    }
}

/* -- the loss of a model -- */

static LwSpec *
new_loss (const char *class_name, const char *key, GVariant *value)
{
  GError              *error = NULL;
  LwSpec              *spec = lw_spec_new (lw_loss_class_find (class_name), NULL);
  g_autoptr (GVariant) own = value != NULL ? g_variant_ref_sink (value) : NULL;

  g_assert_nonnull (spec);
  if (key != NULL)
    {
      LwSpec *changed = lw_spec_with_variant (spec, key, own, &error);

      g_assert_no_error (error);
      lw_spec_unref (spec);
      spec = changed;
    }
  return spec;
}

static double
call_spec (LwScope *s, LwSpec *spec, LwTensor *y_true, LwTensor *y_pred)
{
  LwTensor *loss = lw_loss_call (s, spec, y_true, y_pred);

  g_assert_cmpint (lw_tensor_get_rank (loss), ==, 0);
  lw_spec_unref (spec);
  return lw_tensor_get_value (loss, 0);
}

static void
test_specs (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *p = test_floats (s, &LW_SHAPE (2, 3), 0.5, 0.25, 0.25, 0.25, 0.25, 0.5);
  LwTensor *labels[] = { labels_of (s, LW_INT32, 2, 0, 1), labels_of (s, LW_INT64, 2, 0, 1),
                         labels_of (s, LW_UINT8, 2, 0, 1), test_floats (s, &LW_SHAPE (2, 3), 1., 0., 0., 0., 1., 0.),
                         lw_cast (s, test_floats (s, &LW_SHAPE (2, 3), 1., 0., 0., 0., 1., 0.), LW_INT64),
                         lw_cast (s, test_floats (s, &LW_SHAPE (2, 3), 1., 0., 0., 0., 1., 0.), LW_BOOL) };
  GVariant *no = g_variant_ref_sink (g_variant_new_boolean (FALSE));
  double    cross_entropy = (log (2) + log (4)) / 2;
  double    binary = (log (2) - 2 * log (0.75) + log (4) - log (0.75) + log (2)) / 6;

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      if (lw_tensor_get_rank (labels[i]) == 1)
        g_assert_cmpfloat_with_epsilon (
            call_spec (s, new_loss ("SparseCategoricalCrossentropy", "from_logits", no), labels[i], p),
            cross_entropy, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          call_spec (s, new_loss ("CategoricalCrossentropy", "from_logits", no), labels[i], p), cross_entropy, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          call_spec (s, new_loss ("BinaryCrossentropy", "from_logits", no), labels[i], p), binary, 1e-6);
      g_assert_cmpfloat_with_epsilon (call_spec (s, new_loss ("MeanSquaredError", NULL, NULL), labels[i], p),
                                      (0.25 + 0.125 + 0.0625 + 0.5625 + 0.25) / 6, 1e-6);
      g_assert_cmpfloat_with_epsilon (call_spec (s, new_loss ("MeanAbsoluteError", NULL, NULL), labels[i], p),
                                      2.5 / 6, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          call_spec (s, new_loss ("Huber", "delta", g_variant_new_double (0.5)), labels[i], p),
          (0.125 + 3 * 0.03125 + 0.25 + 0.125) / 6, 1e-6);
    }
  g_assert_cmpfloat_with_epsilon (
      call_spec (s, new_loss ("CategoricalCrossentropy", "label_smoothing", g_variant_new_double (1)), labels[0],
                 lw_zeros_like (s, p)),
      log (3), 1e-6);
  /* One number each: the label is the number. */
  g_assert_cmpfloat_with_epsilon (call_spec (s, new_loss ("MeanSquaredError", NULL, NULL), labels[0],
                                             test_floats (s, &LW_SHAPE (2, 1), 0.5, 3.)),
                                  (0.25 + 4) / 2, 1e-6);
  g_variant_unref (no);
  test_end_well (s);
}

static void
test_bad_labels (void)
{
  static const char *const names[] = { "SparseCategoricalCrossentropy", "CategoricalCrossentropy",
                                       "BinaryCrossentropy", "MeanSquaredError", "MeanAbsoluteError", "Huber" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (int bad = 0; bad < 5; bad++)
      {
        LwScope           *s = lw_scope_begin (check_device ());
        g_autoptr (LwSpec) loss = new_loss (names[i], NULL, NULL);
        LwTensor          *p = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3), 0.5);

        if (bad == 0)
          lw_loss_call (s, loss, labels_of (s, LW_INT32, 2, 0, 3), p);
        else if (bad == 1)
          lw_loss_call (s, loss, labels_of (s, LW_INT64, 2, -1, 0), p);
        else if (bad == 2)
          lw_loss_call (s, loss, labels_of (s, LW_INT32, 3, 0, 1, 2), p);
        else if (bad == 3)
          lw_loss_call (s, loss, lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 0), p);
        else
          lw_loss_call (s, loss, labels_of (s, LW_INT32, 2, 0, 1), lw_fill (s, LW_FLOAT32, &LW_SCALAR, 0));
        if (bad < 2)
          test_end_badly (s, LW_ERROR_VALUE, "classes 0 to 2", NULL);
        else if (bad == 3 && i == 0)
          test_end_badly (s, LW_ERROR_DTYPE, "float32", NULL);
        else
          test_end_badly (s, LW_ERROR_SHAPE, bad == 2 ? "3" : "2", bad == 4 ? "scalar" : "2×3", NULL);
      }
}

/* -- the loss in a model -- */

static LwModelSpec *
build (LwSpec *loss, const char *activation)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new ("model", &LW_SHAPE (28, 28, 1));
  g_autoptr (LwSpec)      flatten = lw_spec_new (&lw_layer_class_find ("Flatten")->spec, NULL);
  g_autoptr (LwSpec)      dense = lw_spec_new (&lw_layer_class_find ("Dense")->spec, NULL);
  g_autoptr (LwSpec)      wide = NULL;
  g_autoptr (LwSpec)      active = NULL;
  g_autoptr (GVariant)    value = NULL;
  g_autoptr (LwModelSpec) flat = lw_model_spec_with_inserted (model, 0, flatten);
  g_autoptr (LwModelSpec) full = NULL;
  LwModelSpec            *compiled;
  GError                 *error = NULL;

  wide = lw_spec_with_value (dense, "units", (LwFieldValue) { .i = LW_N_CLASSES }, &error);
  g_assert_no_error (error);
  value = g_variant_ref_sink (g_variant_new_string (activation));
  active = lw_spec_with_variant (wide, "activation", value, &error);
  g_assert_no_error (error);
  full = lw_model_spec_with_inserted (flat, 1, active);
  compiled = lw_model_spec_with_loss (full, loss);
  lw_spec_unref (loss);
  return compiled;
}

/* Which last activation fits which loss; a fault names its cure, and the cure works. */
static void
test_faults (void)
{
  static const struct {
    const char *loss;
    int         from_logits; /* -1: no such key */
    const char *activation, *fault;
  } cases[] = {
    { "CategoricalCrossentropy", 1, "linear", NULL },
    { "CategoricalCrossentropy", 0, "softmax", NULL },
    { "CategoricalCrossentropy", 1, "softmax", "remove softmax or turn from_logits off" },
    { "CategoricalCrossentropy", 0, "linear", "turn from_logits on or end the model in softmax" },
    { "BinaryCrossentropy", 1, "linear", NULL },
    { "BinaryCrossentropy", 0, "sigmoid", NULL },
    { "BinaryCrossentropy", 1, "sigmoid", "turn from_logits off" },
    { "BinaryCrossentropy", 1, "softmax", "turn from_logits off" },
    { "BinaryCrossentropy", 0, "relu", "turn from_logits on or end the model in sigmoid" },
    { "MeanSquaredError", -1, "linear", NULL },
    { "MeanSquaredError", -1, "softmax", NULL },
    { "MeanAbsoluteError", -1, "relu", NULL },
    { "Huber", -1, "sigmoid", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const gboolean          has_logits = cases[i].from_logits >= 0;
      g_autoptr (LwModelSpec) model
          = build (new_loss (cases[i].loss, has_logits ? "from_logits" : NULL,
                             has_logits ? g_variant_new_boolean (cases[i].from_logits) : NULL),
                   cases[i].activation);
      const LwFault          *fault = lw_model_spec_get_fault (model);
      g_autoptr (LwModelSpec) mended = NULL;

      if (cases[i].fault == NULL)
        {
          g_assert_null (fault);
          continue;
        }
      g_assert_nonnull (fault);
      g_assert_nonnull (strstr (fault->message, cases[i].fault));
      mended = lw_model_spec_with_fix (model, fault, fault->fixes[0]);
      g_assert_null (lw_model_spec_get_fault (mended));
    }
}

/* Each loss through Keras' words and back, with its values; and by the names that Keras takes. */
static void
test_keras_words (void)
{
  static const struct {
    const char *class_name, *key;
    double      value;
    const char *words;
  } cases[] = {
    { "SparseCategoricalCrossentropy", NULL, 0, "SparseCategoricalCrossentropy" },
    { "CategoricalCrossentropy", "label_smoothing", 0.125, "\"label_smoothing\":0.125" },
    { "BinaryCrossentropy", "label_smoothing", 0.5, "\"label_smoothing\":0.5" },
    { "MeanSquaredError", NULL, 0, "\"class_name\":\"MeanSquaredError\",\"config\":{}" },
    { "MeanAbsoluteError", NULL, 0, "\"class_name\":\"MeanAbsoluteError\",\"config\":{}" },
    { "Huber", "delta", 0.25, "\"config\":{\"delta\":0.25}" },
  };
  static const char *const names[][2] = {
    { "mse", "MeanSquaredError" },
    { "MAE", "MeanAbsoluteError" },
    { "bce", "BinaryCrossentropy" },
    { "huber", "Huber" },
    { "mean_squared_error", "MeanSquaredError" },
    { "mean_absolute_error", "MeanAbsoluteError" },
    { "binary_crossentropy", "BinaryCrossentropy" },
    { "categorical_crossentropy", "CategoricalCrossentropy" },
    { "CategoricalCrossentropy", "CategoricalCrossentropy" },
  };
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = build (
          new_loss (cases[i].class_name, cases[i].key,
                    cases[i].key != NULL ? g_variant_new_double (cases[i].value) : NULL), "linear");
      g_autofree char        *json = lw_keras_config_write (model);
      g_autoptr (LwModelSpec) read = lw_keras_config_read (json, -1, &error);

      g_assert_no_error (error);
      if (strstr (json, cases[i].words) == NULL)
        g_error ("no %s in %s", cases[i].words, json);
      g_assert_true (lw_spec_equal (lw_model_spec_get_loss (model), lw_model_spec_get_loss (read)));
      g_assert_true (lw_model_spec_equal (model, read));
    }

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *json = g_strdup_printf (
          "{\"class_name\":\"Sequential\",\"config\":{\"layers\":[{\"class_name\":\"InputLayer\",\"config\":"
          "{\"batch_shape\":[null,28,28,1]}},{\"class_name\":\"Flatten\",\"config\":{}},{\"class_name\":"
          "\"Dense\",\"config\":{\"units\":10}}]},\"compile_config\":{\"optimizer\":\"sgd\",\"loss\":\"%s\"}}",
          names[i][0]);
      g_autoptr (LwModelSpec) read = lw_keras_config_read (json, -1, &error);
      const LwSpec           *loss;

      g_assert_no_error (error);
      loss = lw_model_spec_get_loss (read);
      g_assert_true (lw_spec_is_a (loss, names[i][1]));
      /* Keras' own default, which is not the palette's. */
      if (lw_spec_class_find (lw_spec_get_class (loss), "from_logits", NULL) != NULL)
        g_assert_false (lw_spec_get_bool (loss, "from_logits"));
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/losses/errors", test_errors);
  g_test_add_func ("/losses/categorical", test_categorical);
  g_test_add_func ("/losses/binary", test_binary);
  g_test_add_func ("/losses/each", test_each);
  g_test_add_func ("/losses/gradients", test_gradients);
  g_test_add_func ("/losses/corners", test_corners);
  g_test_add_func ("/losses/bad-arguments", test_bad_arguments);
  g_test_add_func ("/losses/specs", test_specs);
  g_test_add_func ("/losses/bad-labels", test_bad_labels);
  g_test_add_func ("/losses/faults", test_faults);
  g_test_add_func ("/losses/keras-words", test_keras_words);
  result = g_test_run ();
  check_device_free ();
  return result;
}
