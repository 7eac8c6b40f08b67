#include "gradient-check.h"

#include <math.h>

/* Dense leaves out inputs that are 0 where most are. Nobody may tell: to the bit, with what is not finite in the way,
 * and for every pattern. */

#define ROWS   32
#define FEW    7 /* rows for which no inputs are left out */
#define INPUTS 300
#define UNITS  40

typedef gboolean (*IsUnused) (int row, int input);

/* As the pixels of digits: a border, and most within. */
static gboolean
digits (int row, int input)
{
  return input < 60 || input >= 240 || check_random_int (0, 3) > 0;
}

static gboolean
stripes (int row, int input)
{
  return (input / 5 + row) % 5 != 0;
}

static gboolean
all (int row, int input)
{
  return TRUE;
}

static gboolean
none (int row, int input)
{
  return FALSE;
}

/* Too few for it to pay. */
static gboolean
half (int row, int input)
{
  return check_random_int (0, 1);
}

static LwTensor *
new_input (IsUnused is_unused)
{
  LwTensor *x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (ROWS, INPUTS), -1, 1);
  float    *values = lw_tensor_get_mutable_data (x);

  for (int r = 0; r < ROWS; r++)
    for (int i = 0; i < INPUTS; i++)
      if (is_unused (r, i))
        values[r * INPUTS + i] = r % 2 == 0 ? 0 : -0.0f;
  return x;
}

static void
check_pattern (IsUnused is_unused, LwDevice *device, LwActivation activation, gboolean has_bias)
{
  LwScope  *s = lw_scope_begin (device);
  LwTensor *x = lw_scope_take (s, new_input (is_unused));
  LwTensor *kernel = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &LW_SHAPE (INPUTS, UNITS), -1, 1));
  LwTensor *bias = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &LW_SHAPE (UNITS), -1, 1));
  LwTensor *gy = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &LW_SHAPE (ROWS, UNITS), -1, 1));
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *sources[] = { kernel, x };
  LwTensor *grads[2], *y, *masked;
  GError   *error = NULL;

  ((float *) lw_tensor_get_mutable_data (bias))[3] = -0.0f;
  lw_tape_watch (tape, kernel);
  lw_tape_watch (tape, x);
  y = lw_dense (s, x, kernel, has_bias ? bias : NULL, activation);
  for (int first = 0; first + FEW <= ROWS; first += FEW)
    {
      LwTensor *rows = lw_scope_take (s, lw_tensor_new_rows (x, (gsize) first, FEW));
      LwTensor *want = lw_dense (s, rows, kernel, has_bias ? bias : NULL, activation);

      g_assert_true (lw_tensor_equal (lw_scope_take (s, lw_tensor_new_rows (y, (gsize) first, FEW)), want));
    }
  g_assert_true (lw_tape_gradient_with (tape, s, 1, &y, 2, sources,
                                        &(LwGradientOptions) { .output_gradients = &gy }, grads, &error));
  g_assert_no_error (error);
  masked = lw_scope_take (s, lw_tensor_copy (gy, NULL));
  for (gsize i = 0; i < ROWS * UNITS && activation == LW_ACTIVATION_RELU; i++)
    if (!(lw_tensor_get_value (y, i) > 0))
      ((float *) lw_tensor_get_mutable_data (masked))[i] = 0;
  g_assert_true (lw_tensor_equal (grads[0], lw_matmul (s, x, masked, TRUE, FALSE)));
  g_assert_true (lw_tensor_equal (grads[1], lw_matmul (s, masked, kernel, FALSE, TRUE)));
  lw_tape_free (tape);
  g_assert_true (lw_scope_end (s, &error));
}

static void
test_unused (void)
{
  static const IsUnused patterns[] = { digits, stripes, all, none, half };

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    for (int isa = 0; isa < LW_N_ISAS; isa++)
      for (int threads = 1; threads <= 3 && lw_kernels_get ((LwIsa) isa) != NULL; threads++)
        {
          g_autoptr (LwDevice) device = lw_device_new_with_kernels (lw_kernels_get ((LwIsa) isa), threads, 0);

          check_pattern (patterns[i], device, LW_ACTIVATION_RELU, TRUE);
          check_pattern (patterns[i], device, LW_ACTIVATION_LINEAR, TRUE);
          check_pattern (patterns[i], device, LW_ACTIVATION_LINEAR, FALSE);
        }
}

/* 0 · infinity is NaN, wherever it stands. */
static void
test_not_finite (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_scope_take (s, new_input (digits));
  LwTensor *kernel = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &LW_SHAPE (INPUTS, UNITS), -1, 1));
  LwTensor *gy = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &LW_SHAPE (ROWS, UNITS), -1, 1));
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *y, *gw;
  GError   *error = NULL;

  ((float *) lw_tensor_get_mutable_data (kernel))[5 * UNITS + 7] = INFINITY; /* of an unused input */
  ((float *) lw_tensor_get_mutable_data (gy))[2 * UNITS + 4] = NAN;
  lw_tape_watch (tape, kernel);
  y = lw_dense (s, x, kernel, NULL, LW_ACTIVATION_LINEAR);
  for (gsize r = 0; r < ROWS; r++)
    for (gsize unit = 0; unit < UNITS; unit++)
      g_assert_true (isnan (lw_tensor_get_value (y, r * UNITS + unit)) == (unit == 7));
  g_assert_true (lw_tape_gradient_with (tape, s, 1, &y, 1, &kernel,
                                        &(LwGradientOptions) { .output_gradients = &gy }, &gw, &error));
  for (gsize i = 0; i < INPUTS; i++)
    for (gsize unit = 0; unit < UNITS; unit++)
      g_assert_true (isnan (lw_tensor_get_value (gw, i * UNITS + unit)) == (unit == 4));
  lw_tape_free (tape);
  g_assert_true (lw_scope_end (s, &error));
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dense/unused", test_unused);
  g_test_add_func ("/dense/not-finite", test_not_finite);
  status = g_test_run ();
  check_device_free ();
  return status;
}
