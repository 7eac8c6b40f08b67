#include "engine/kernels/kernels.h"
#include "engine/kernels/philox.h"
#include "engine/kernels/reference.h"
#include "engine/ops/winograd.h"

#include <math.h>
#include <string.h>

/* Every kernel of every instruction set that this machine has, against the plain reference and
 * against the other instruction sets, bit for bit where the design promises it. */

#define GUARD 16 /* words kept before and behind every array */
#define GUARD_WORD 0x7fc0beefu /* a NaN: what leaks into a result shows */
#define MAX_OUTPUTS 8

/* --- Arrays with guards, random numbers, the instruction sets ------------------------------- */

static gsize
words_for (gsize bytes)
{
  return (bytes + 3) / 4;
}

/* Zeroed `bytes`, with guard words around them. The memory behind has LW_KERNEL_SLACK to read. */
static gpointer
guarded_new (gsize bytes)
{
  const gsize words = words_for (bytes);
  guint32    *base = g_new0 (guint32, words + 2 * GUARD);

  for (int i = 0; i < GUARD; i++)
    {
      base[i] = GUARD_WORD;
      base[GUARD + words + i] = GUARD_WORD;
    }
  return base + GUARD;
}

static void
guarded_check (gconstpointer array, gsize bytes)
{
  const guint32 *base = (const guint32 *) array - GUARD;

  for (int i = 0; i < GUARD; i++)
    {
      g_assert_cmphex (base[i], ==, GUARD_WORD);
      g_assert_cmphex (base[GUARD + words_for (bytes) + i], ==, GUARD_WORD);
    }
}

static void
guarded_free (gpointer array)
{
  g_free ((guint32 *) array - GUARD);
}

static float
random_float (void)
{
  return (float) g_test_rand_double_range (-1, 1);
}

static float *
random_floats (gsize n)
{
  float *x = guarded_new (n * sizeof (float));

  for (gsize i = 0; i < n; i++)
    x[i] = random_float ();
  return x;
}

static int
random_int (int low, int high)
{
  return g_test_rand_int_range (low, high + 1);
}

/* The kernels under test; returns how many. */
static int
available (const LwKernels *kernels[LW_N_ISAS])
{
  int n = 0;

  for (int isa = 0; isa < LW_N_ISAS; isa++)
    {
      const LwKernels *one = lw_kernels_get ((LwIsa) isa);

      if (one != NULL)
        kernels[n++] = one;
    }
  g_assert_cmpint (n, >, 0);
  return n;
}

static gboolean
has_fma (const LwKernels *kernels)
{
  return kernels->isa != LW_ISA_BASELINE;
}

static double *
to_double (gsize n, const float *x)
{
  double *y = g_new (double, n + 1);

  for (gsize i = 0; i < n; i++)
    y[i] = x[i];
  return y;
}

/* got within `tolerance` of expected, relative to 1 + |expected|. */
static void
assert_close (gsize n, const float *got, const double *expected, double tolerance)
{
  for (gsize i = 0; i < n; i++)
    if (!(fabs (got[i] - expected[i]) <= tolerance * (1 + fabs (expected[i]))))
      g_error ("element %" G_GSIZE_FORMAT ": got %.9g, expected %.17g", i, (double) got[i],
               expected[i]);
}

/* --- gemm ---------------------------------------------------------------------------------- */

/* A random problem with its arrays. */
typedef struct {
  LwGemm     gemm;
  float     *a, *b, *bias, *c;
  gsize      c_size;
  int32_t   *offsets;
  ptrdiff_t *a_segments, *b_segments;
} Problem;

static void
problem_init (Problem *p, LwGemmA mode, LwGemmStart start, gboolean relu, int rows, int m, int n,
              int k, int n_segments)
{
  LwGemm *gemm = &p->gemm;
  gsize   a_size = 0, b_size = 0;

  memset (p, 0, sizeof *p);
  gemm->a_mode = mode;
  gemm->start = start;
  gemm->relu = relu;
  gemm->rows = rows;
  gemm->m = m;
  gemm->n = n;
  gemm->k = k;
  gemm->n_segments = n_segments;
  gemm->a_row_stride = mode == LW_A_STRIDED ? random_int (1, k + 3) : 0;
  gemm->a_k_stride = mode == LW_A_STRIDED ? 1 : random_int (1, m + 3);
  gemm->a_row_block = random_int (0, 40);
  gemm->b_stride = n + random_int (0, 3);
  gemm->c_row_stride = n + random_int (0, 3);
  gemm->c_row_block = m * gemm->c_row_stride + random_int (0, 3);

  p->offsets = g_new (int32_t, m);
  for (int i = 0; i < m; i++)
    p->offsets[i] = random_int (0, 50);
  p->a_segments = g_new (ptrdiff_t, n_segments);
  p->b_segments = g_new (ptrdiff_t, n_segments);
  for (int g = 0; g < n_segments; g++)
    {
      p->a_segments[g] = n_segments == 1 ? 0 : random_int (0, 30);
      p->b_segments[g] = (ptrdiff_t) g * k * gemm->b_stride;
    }
  a_size = 100 + (rows - 1) * gemm->a_row_block + m * (gemm->a_row_stride + 1)
           + k * gemm->a_k_stride;
  b_size = (gsize) n_segments * k * gemm->b_stride + 1;
  p->c_size = (rows - 1) * gemm->c_row_block + (m - 1) * gemm->c_row_stride + n;

  gemm->a = p->a = random_floats (a_size);
  gemm->b = p->b = random_floats (b_size);
  gemm->bias = p->bias = random_floats (n);
  p->c = random_floats (p->c_size);
  gemm->a_offsets = mode == LW_A_OFFSETS ? p->offsets : NULL;
  if (n_segments > 1)
    {
      gemm->a_segments = p->a_segments;
      gemm->b_segments = p->b_segments;
    }
}

static void
problem_clear (Problem *p)
{
  guarded_free (p->a);
  guarded_free (p->b);
  guarded_free (p->bias);
  guarded_free (p->c);
  g_free (p->offsets);
  g_free (p->a_segments);
  g_free (p->b_segments);
}

/* What kernels.h says, element by element: one fused (or, for the baseline, one separate) multiply
 * and add after the other. */
static void
gemm_by_definition (const Problem *p, gboolean fused, float *c)
{
  const LwGemm *gemm = &p->gemm;

  for (int r = 0; r < gemm->rows; r++)
    for (int m = 0; m < gemm->m; m++)
      for (int n = 0; n < gemm->n; n++)
        {
          float *out = c + r * gemm->c_row_block + m * gemm->c_row_stride + n;
          float  sum = gemm->start == LW_START_ZERO   ? 0
                       : gemm->start == LW_START_BIAS ? p->bias[n]
                                                      : *out;

          for (int g = 0; g < gemm->n_segments; g++)
            for (int k = 0; k < gemm->k; k++)
              {
                const ptrdiff_t row = gemm->a_mode == LW_A_STRIDED      ? m * gemm->a_row_stride
                                      : gemm->a_mode == LW_A_CONTIGUOUS ? m
                                                                        : p->offsets[m];
                const float a = p->a[r * gemm->a_row_block + p->a_segments[g] + row
                                     + k * gemm->a_k_stride];
                const float b = p->b[p->b_segments[g] + k * gemm->b_stride + n];

                if (fused)
                  sum = fmaf (a, b, sum);
                else
                  {
                    const volatile float product = a * b;

                    sum = sum + product;
                  }
              }
          *out = gemm->relu && sum < 0 ? 0 : sum;
        }
}

static void
check_problem (Problem *p)
{
  const LwKernels *kernels[LW_N_ISAS];
  const int        n_kernels = available (kernels);
  const gsize      bytes = p->c_size * sizeof (float);

  for (int i = 0; i < n_kernels; i++)
    {
      g_autofree float *expected = g_memdup2 (p->c, bytes);
      float            *got = guarded_new (bytes);

      memcpy (got, p->c, bytes);
      gemm_by_definition (p, has_fma (kernels[i]), expected);
      p->gemm.c = got;
      kernels[i]->gemm (&p->gemm);
      /* Bit by bit: so AVX2 and AVX-512 agree, and what lies between the rows of C is untouched. */
      if (memcmp (got, expected, bytes) != 0)
        g_error ("%s: mode %d start %d rows %d m %d n %d k %d segments %d differ from the definition",
                 kernels[i]->name, p->gemm.a_mode, p->gemm.start, p->gemm.rows, p->gemm.m,
                 p->gemm.n, p->gemm.k, p->gemm.n_segments);
      guarded_check (got, bytes);
      guarded_free (got);
    }
}

static void
test_gemm_random (void)
{
  for (int mode = LW_A_STRIDED; mode <= LW_A_OFFSETS; mode++)
    for (int i = 0; i < 150; i++)
      {
        Problem p;

        problem_init (&p, (LwGemmA) mode, (LwGemmStart) random_int (0, 2), random_int (0, 1),
                      random_int (1, 4), random_int (1, 45), random_int (1, 70),
                      random_int (0, 20), random_int (1, 5));
        check_problem (&p);
        problem_clear (&p);
      }
}

/* Every tile height and every width of the columns' tail. */
static void
test_gemm_tails (void)
{
  for (int m = 1; m <= 30; m++)
    for (int n = 1; n <= 40; n++)
      {
        Problem p;

        problem_init (&p, (LwGemmA) ((m + n) % 3), (LwGemmStart) (n % 3), m % 2, 1, m, n, 3, 1);
        check_problem (&p);
        problem_clear (&p);
      }
}

/* Large enough to be cut along depth, rows and m. */
static void
test_gemm_blocks (void)
{
  static const struct {
    LwGemmA mode;
    int     rows, m, n, k, n_segments;
  } cases[] = {
    { LW_A_STRIDED, 1, 300, 37, 2100, 1 }, { LW_A_STRIDED, 1, 40, 10, 1600, 1 },
    { LW_A_STRIDED, 14, 30, 40, 300, 5 },  { LW_A_CONTIGUOUS, 1, 500, 33, 1030, 1 },
    { LW_A_CONTIGUOUS, 3, 96, 40, 26, 90 }, { LW_A_OFFSETS, 1, 27, 64, 700, 3 },
    { LW_A_OFFSETS, 2, 400, 34, 600, 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int start = LW_START_ZERO; start <= LW_START_ACCUMULATE; start++)
      {
        Problem p;

        problem_init (&p, cases[i].mode, (LwGemmStart) start, start == LW_START_BIAS, cases[i].rows,
                      cases[i].m, cases[i].n, cases[i].k, cases[i].n_segments);
        check_problem (&p);
        problem_clear (&p);
      }
}

static void
test_gemm_relu_keeps_nan (void)
{
  const LwKernels *kernels[LW_N_ISAS];
  const int        n_kernels = available (kernels);

  for (int i = 0; i < n_kernels; i++)
    {
      const float a[3] = { NAN, -1, 1 };
      float       b[1 + 16] = { 2 };
      float       c[3];
      LwGemm      gemm = { .a_mode = LW_A_STRIDED, .relu = TRUE, .rows = 1, .m = 3, .n = 1, .k = 1,
                           .a = a, .a_row_stride = 1, .b = b, .b_stride = 1, .n_segments = 1,
                           .c = c, .c_row_stride = 1 };

      kernels[i]->gemm (&gemm);
      g_assert_true (isnan (c[0]));
      g_assert_cmpfloat (c[1], ==, 0);
      g_assert_cmpfloat (c[2], ==, 2);
    }
}

/* --- Convolution as the engine drives gemm ------------------------------------------------- */

static void
test_convolution (void)
{
  const LwKernels *kernels[LW_N_ISAS];
  const int        n_kernels = available (kernels);

  for (int trial = 0; trial < 40; trial++)
    {
      const int     kh = random_int (1, 4), kw = random_int (1, 4);
      const int     stride = random_int (1, 2);
      LwConv2dSize  s = { .n = 1, .cin = random_int (1, 17), .cout = random_int (1, 40), .kh = kh,
                          .kw = kw, .stride_h = stride, .stride_w = stride, .dilation_h = 1,
                          .dilation_w = 1 };
      g_autofree ptrdiff_t *a_rows = NULL, *b_rows = NULL;
      g_autofree double    *xd = NULL, *wd = NULL, *bd = NULL, *gyd = NULL, *expected = NULL;
      gsize                 x_size, w_size, y_size;
      float                *x, *w, *bias, *gy;

      s.h = random_int (kh, 14);
      s.w = random_int (kw, 14);
      s.oh = (s.h - kh) / stride + 1;
      s.ow = (s.w - kw) / stride + 1;
      x_size = (gsize) s.h * s.w * s.cin;
      w_size = (gsize) kh * kw * s.cin * s.cout;
      y_size = (gsize) s.oh * s.ow * s.cout;
      x = random_floats (x_size);
      w = random_floats (w_size);
      bias = random_floats (s.cout);
      gy = random_floats (y_size);
      xd = to_double (x_size, x);
      wd = to_double (w_size, w);
      bd = to_double (s.cout, bias);
      gyd = to_double (y_size, gy);
      expected = g_new (double, MAX (MAX (x_size, y_size), w_size));
      a_rows = g_new (ptrdiff_t, MAX (kh, s.oh));
      b_rows = g_new (ptrdiff_t, MAX (kh, s.oh));

      for (int i = 0; i < n_kernels; i++)
        {
          float  *y = guarded_new (y_size * sizeof (float));
          float  *gw = guarded_new (w_size * sizeof (float));
          LwGemm  forward = { .a_mode = LW_A_STRIDED, .start = LW_START_BIAS, .bias = bias,
                              .rows = s.oh, .m = s.ow, .n = s.cout, .k = kw * s.cin, .a = x,
                              .a_row_block = (ptrdiff_t) stride * s.w * s.cin,
                              .a_row_stride = stride * s.cin, .b = w, .b_stride = s.cout,
                              .n_segments = kh, .a_segments = a_rows, .b_segments = b_rows, .c = y,
                              .c_row_block = (ptrdiff_t) s.ow * s.cout, .c_row_stride = s.cout };
          /* Rows are kernel rows, segments the image's output rows, k runs along a row. */
          LwGemm  weights = { .a_mode = LW_A_CONTIGUOUS, .rows = kh, .m = kw * s.cin, .n = s.cout,
                              .k = s.ow, .a = x, .a_row_block = (ptrdiff_t) s.w * s.cin,
                              .a_k_stride = stride * s.cin, .b = gy, .b_stride = s.cout,
                              .n_segments = s.oh, .a_segments = a_rows, .b_segments = b_rows,
                              .c = gw, .c_row_block = (ptrdiff_t) kw * s.cin * s.cout,
                              .c_row_stride = s.cout };

          for (int ky = 0; ky < kh; ky++)
            {
              a_rows[ky] = (ptrdiff_t) ky * s.w * s.cin;
              b_rows[ky] = (ptrdiff_t) ky * kw * s.cin * s.cout;
            }
          kernels[i]->gemm (&forward);
          lw_reference_conv2d_f64 (&s, xd, wd, bd, expected);
          assert_close (y_size, y, expected, 2e-5);
          guarded_check (y, y_size * sizeof (float));

          for (int oy = 0; oy < s.oh; oy++)
            {
              a_rows[oy] = (ptrdiff_t) oy * stride * s.w * s.cin;
              b_rows[oy] = (ptrdiff_t) oy * s.ow * s.cout;
            }
          kernels[i]->gemm (&weights);
          lw_reference_conv2d_weight_gradient_f64 (&s, xd, gyd, expected);
          assert_close (w_size, gw, expected, 2e-5);
          guarded_check (gw, w_size * sizeof (float));
          guarded_free (y);
          guarded_free (gw);
        }
      guarded_free (x);
      guarded_free (w);
      guarded_free (bias);
      guarded_free (gy);
    }
}

/* --- The elementwise family: all instruction sets give one and the same bits ---------------- */

/* The outputs of one call; made afresh for each instruction set, compared with the first one's. */
typedef struct {
  int      n;
  gpointer arrays[MAX_OUTPUTS];
  gsize    bytes[MAX_OUTPUTS];
} Outputs;

static gpointer
output (Outputs *outputs, gsize bytes)
{
  g_assert_cmpint (outputs->n, <, MAX_OUTPUTS);
  outputs->arrays[outputs->n] = guarded_new (bytes);
  outputs->bytes[outputs->n] = bytes;
  return outputs->arrays[outputs->n++];
}

static void
outputs_check (const Outputs *outputs, const Outputs *first, const LwKernels *kernels,
               const char *what)
{
  for (int i = 0; i < outputs->n; i++)
    {
      guarded_check (outputs->arrays[i], outputs->bytes[i]);
      if (memcmp (outputs->arrays[i], first->arrays[i], first->bytes[i]) != 0)
        g_error ("%s: output %d of %s differs from the baseline's", what, i, kernels->name);
    }
}

static void
outputs_clear (Outputs *outputs)
{
  for (int i = 0; i < outputs->n; i++)
    guarded_free (outputs->arrays[i]);
  memset (outputs, 0, sizeof *outputs);
}

/* Runs the block for every instruction set with `k` the kernels and `out` its outputs, and compares. */
#define FOR_EACH_ISA(WHAT, ...)                                                                    \
  G_STMT_START                                                                                     \
    {                                                                                              \
      const LwKernels *kernels_[LW_N_ISAS];                                                        \
      const int        n_kernels_ = available (kernels_);                                          \
      Outputs          first_ = { 0 };                                                             \
      const guint      mode_ = lw_float_mode_enter ();                                             \
                                                                                                   \
      for (int isa_ = 0; isa_ < n_kernels_; isa_++)                                                \
        {                                                                                          \
          const LwKernels *k = kernels_[isa_];                                                     \
          Outputs          outputs_ = { 0 };                                                       \
          Outputs         *out = &outputs_;                                                        \
                                                                                                   \
          __VA_ARGS__;                                                                             \
          outputs_check (out, isa_ == 0 ? out : &first_, k, WHAT);                                 \
          if (isa_ == 0)                                                                           \
            first_ = outputs_;                                                                     \
          else                                                                                     \
            outputs_clear (out);                                                                   \
        }                                                                                          \
      outputs_clear (&first_);                                                                     \
      lw_float_mode_leave (mode_);                                                                 \
    }                                                                                              \
  G_STMT_END

static void
test_elementwise (void)
{
  for (int n = 0; n < 80; n++)
    {
      const gsize  size = (gsize) n * sizeof (float);
      float       *a = random_floats (n), *b = random_floats (n), *positive = random_floats (n);
      guint8      *bytes = guarded_new (n);

      for (int i = 0; i < n; i++)
        {
          a[i] *= 20;
          positive[i] = fabsf (positive[i]) * 30 + 1e-3f;
          bytes[i] = (guint8) random_int (0, 255);
        }
      if (n > 3)
        a[1] = NAN, a[2] = -0.f, a[3] = INFINITY;

#define UNARY(NAME, X, CHECK)                                                                      \
  FOR_EACH_ISA (#NAME, {                                                                           \
    float *y = output (out, size);                                                                 \
                                                                                                   \
    k->NAME (n, X, y);                                                                             \
    for (int i = 0; i < n; i++)                                                                    \
      {                                                                                            \
        const double x_ = X[i], y_ = y[i];                                                         \
                                                                                                   \
        if (isnan (x_))                                                                            \
          g_assert_true (isnan (y_));                                                              \
        else if (isfinite (x_))                                                                    \
          g_assert_cmpfloat (fabs (y_ - (CHECK)), <=, 1e-6 * fabs (CHECK) + 1e-30);                \
      }                                                                                            \
  })
#define BINARY(NAME, X, Y, CHECK)                                                                  \
  FOR_EACH_ISA (#NAME, {                                                                           \
    float *y = output (out, size);                                                                 \
                                                                                                   \
    k->NAME (n, X, Y, y);                                                                          \
    for (int i = 0; i < n; i++)                                                                    \
      {                                                                                            \
        const double p_ = X[i], q_ = Y[i];                                                         \
                                                                                                   \
        if (isfinite (p_) && isfinite (q_))                                                        \
          g_assert_cmpfloat (fabs (y[i] - (CHECK)), <=, 1e-6 * (fabs (CHECK) + fabs (q_)));        \
      }                                                                                            \
  })
      BINARY (add, a, b, p_ + q_);
      BINARY (subtract, a, b, p_ - q_);
      BINARY (multiply, a, b, p_ * q_);
      BINARY (divide, a, positive, p_ / q_);
      BINARY (maximum, a, b, MAX (p_, q_));
      BINARY (minimum, a, b, MIN (p_, q_));
      BINARY (pow, positive, b, pow (p_, q_));
      BINARY (relu_gradient, b, positive, p_ > 0 ? q_ : 0);
      BINARY (sigmoid_gradient, b, positive, q_ * p_ * (1 - p_));
      BINARY (tanh_gradient, b, positive, q_ * (1 - p_ * p_));
      UNARY (exp, a, exp (x_));
      UNARY (log, positive, log (x_));
      UNARY (sqrt, positive, sqrt (x_));
      UNARY (abs, a, fabs (x_));
      UNARY (relu, a, x_ < 0 ? 0 : x_);
      UNARY (sigmoid, a, 1 / (1 + exp (-x_)));
      UNARY (tanh, a, tanh (x_));
#undef UNARY
#undef BINARY

      FOR_EACH_ISA ("scale", {
        float *y = output (out, size);

        k->scale (n, 3.f, b, y);
        for (int i = 0; i < n; i++)
          g_assert_cmpfloat (y[i], ==, b[i] * 3.f);
      });
      FOR_EACH_ISA ("scale_u8", {
        float *y = output (out, size);

        k->scale_u8 (n, 1 / 255.f, -0.5f, bytes, y);
        for (int i = 0; i < n; i++)
          g_assert_cmpfloat (fabs (y[i] - (bytes[i] / 255. - 0.5)), <=, 1e-7);
      });
      /* In place. */
      FOR_EACH_ISA ("exp in place", {
        float *y = output (out, size);
        float *z = output (out, size);

        memcpy (y, a, size);
        k->exp (n, y, y);
        k->exp (n, a, z);
        g_assert_cmpmem (y, size, z, size);
      });
      FOR_EACH_ISA ("all_finite", {
        g_assert_true (k->all_finite (n, b));
        g_assert_true (n <= 3 || !k->all_finite (n, a));
        for (int i = 0; i < n; i += 7)
          {
            const float was = b[i];

            b[i] = i % 2 == 0 ? -INFINITY : NAN;
            g_assert_false (k->all_finite (n, b));
            b[i] = was;
          }
        (void) out;
      });
      guarded_free (a);
      guarded_free (b);
      guarded_free (positive);
      guarded_free (bytes);
    }
}

/* The activations that compute from their inputs: against the reference in double, in place, and at
 * what has no neighbours. */
static void
test_activations (void)
{
  for (int n = 0; n < 70; n++)
    {
      const gsize        size = (gsize) n * sizeof (float);
      float             *x = random_floats (n), *gy = random_floats (n);
      g_autofree double *xd = NULL, *gyd = NULL, *yd = g_new (double, n + 1);

      for (int i = 0; i < n; i++)
        x[i] *= i % 3 == 0 ? 20 : 3;
      xd = to_double (n, x);
      gyd = to_double (n, gy);

#define ACTIVATION(NAME, ...)                                                                      \
  FOR_EACH_ISA (#NAME, {                                                                           \
    float *y = output (out, size);                                                                 \
    float *gx = output (out, size);                                                                \
    float *in_place = output (out, size);                                                          \
                                                                                                   \
    k->NAME (n, ##__VA_ARGS__, x, y);                                                              \
    lw_reference_##NAME##_f64 (n, ##__VA_ARGS__, xd, yd);                                          \
    assert_close (n, y, yd, 1e-6);                                                                 \
    k->NAME##_gradient (n, ##__VA_ARGS__, x, gy, gx);                                              \
    lw_reference_##NAME##_gradient_f64 (n, ##__VA_ARGS__, xd, gyd, yd);                            \
    assert_close (n, gx, yd, 1e-6);                                                                \
    memcpy (in_place, x, size);                                                                    \
    k->NAME (n, ##__VA_ARGS__, in_place, in_place);                                                \
    g_assert_cmpmem (in_place, size, y, size);                                                     \
    memcpy (in_place, gy, size);                                                                   \
    k->NAME##_gradient (n, ##__VA_ARGS__, x, in_place, in_place);                                  \
    g_assert_cmpmem (in_place, size, gx, size);                                                    \
  })
      ACTIVATION (clip, -1.5f, 2.25f);
      ACTIVATION (relu_with, 0.25f, 6.f, 0.5f);
      ACTIVATION (relu_with, 0.f, INFINITY, 0.f);
      ACTIVATION (elu, 0.75f);
      ACTIVATION (softplus);
      ACTIVATION (silu);
      ACTIVATION (gelu);
      ACTIVATION (gelu_tanh);
#undef ACTIVATION
      guarded_free (x);
      guarded_free (gy);
    }
}

/* The reference in float is the reference in double, rounded. */
static void
test_activations_reference (void)
{
  enum { N = 501 };
  float  x[N], gy[N], y[N];
  double xd[N], gyd[N], yd[N];

  for (int i = 0; i < N; i++)
    {
      xd[i] = x[i] = random_float () * 8;
      gyd[i] = gy[i] = random_float ();
    }
#define ACTIVATION(NAME, ...)                                                                      \
  lw_reference_##NAME##_f32 (N, ##__VA_ARGS__, x, y);                                              \
  lw_reference_##NAME##_f64 (N, ##__VA_ARGS__, xd, yd);                                            \
  assert_close (N, y, yd, 3e-7);                                                                   \
  lw_reference_##NAME##_gradient_f32 (N, ##__VA_ARGS__, x, gy, y);                                 \
  lw_reference_##NAME##_gradient_f64 (N, ##__VA_ARGS__, xd, gyd, yd);                              \
  assert_close (N, y, yd, 3e-7)
  ACTIVATION (clip, -1.5f, 2.25f);
  ACTIVATION (relu_with, 0.25f, 6.f, 0.5f);
  ACTIVATION (elu, 0.75f);
  ACTIVATION (softplus);
  ACTIVATION (silu);
  ACTIVATION (gelu);
  ACTIVATION (gelu_tanh);
#undef ACTIVATION
}

static void
test_activations_extremes (void)
{
  const float x[] = { NAN, INFINITY, -INFINITY, 0.f, -0.f, 3.4e38f, -3.4e38f, 90.f, -90.f, 1e-38f };
  enum { N = G_N_ELEMENTS (x) };

#define EXTREMES(NAME, AT_INFINITY, AT_MINUS_INFINITY, HIGH_SLOPE, LOW_SLOPE, ...)                 \
  FOR_EACH_ISA (#NAME, {                                                                           \
    float *y = output (out, sizeof x);                                                             \
    float *g = output (out, sizeof x);                                                             \
                                                                                                   \
    for (int i = 0; i < N; i++)                                                                    \
      g[i] = 1;                                                                                    \
    k->NAME (N, ##__VA_ARGS__, x, y);                                                              \
    k->NAME##_gradient (N, ##__VA_ARGS__, x, g, g);                                                \
    g_assert_true (isnan (y[0]));                                                                  \
    y[0] = g[0] = 0; /* its sign is nobody's promise */                                            \
    g_assert_cmpfloat (y[1], ==, AT_INFINITY);                                                     \
    g_assert_cmpfloat (y[2], ==, AT_MINUS_INFINITY);                                               \
    for (int i = 1; i < N; i++)                                                                    \
      g_assert_false (isnan (y[i]) || isnan (g[i]));                                               \
    for (int i = 1; i < 8; i += i == 1 ? 4 : 2)                                                    \
      {                                                                                            \
        g_assert_cmpfloat (g[i], ==, HIGH_SLOPE);                                                  \
        g_assert_cmpfloat (fabsf (g[i + 1] - (LOW_SLOPE)), <, 1e-30);                              \
      }                                                                                            \
  })
  EXTREMES (clip, 2, -1, 0, 0, -1.f, 2.f);
  EXTREMES (relu_with, 6, 0, 0, 0, 0.f, 6.f, 0.f);
  EXTREMES (relu_with, INFINITY, -INFINITY, 1, 0.5f, 0.5f, INFINITY, 0.f);
  EXTREMES (elu, INFINITY, -2, 1, 0, 2.f);
  EXTREMES (softplus, INFINITY, 0, 1, 0);
  EXTREMES (silu, INFINITY, 0, 1, 0);
  EXTREMES (gelu, INFINITY, 0, 1, 0);
  EXTREMES (gelu_tanh, INFINITY, 0, 1, 0);
#undef EXTREMES
}

/* Every pair of these as C's pow() has it, a denormal counting as 0. */
static void
test_pow (void)
{
  static const float special[] = { 0.f,  -0.f, INFINITY, -INFINITY, NAN,     1.f,   -1.f,       2.f,  -2.f, 0.5f,
                                   -0.5f, 3.f, -3.f,     1e30f,     -1e30f, 0.3f,  16777217.f, -0.3f, 2e-38f };
  enum { COUNT = G_N_ELEMENTS (special), N = COUNT * COUNT };
  float a[N], b[N];

  for (int i = 0; i < N; i++)
    {
      a[i] = special[i / COUNT];
      b[i] = special[i % COUNT];
    }
  FOR_EACH_ISA ("pow", {
    float *y = output (out, sizeof a);

    k->pow (N, a, b, y);
    for (int i = 0; i < N; i++)
      {
        const double truth = pow (a[i], b[i]);

        if (isnan (truth))
          {
            g_assert_true (isnan (y[i]));
            y[i] = NAN; /* whatever its sign */
            continue;
          }
        g_assert_cmpint (signbit (y[i]) != 0, ==, signbit (truth) != 0);
        if (fabs (truth) < 1.1754943e-38)
          g_assert_cmpfloat (y[i], ==, 0);
        else if (fabs (truth) > 3.4028235e38)
          g_assert_true (isinf (y[i]));
        else
          g_assert_cmpfloat (fabs (y[i] - truth), <=, 1e-7 * fabs (truth));
      }
  });
}

static void
test_maximum_of_nan (void)
{
  const float a[] = { NAN, 1, NAN, -0.f, INFINITY }, b[] = { 1, NAN, NAN, -1, -INFINITY };

  FOR_EACH_ISA ("maximum", {
    float *high = output (out, sizeof a);
    float *low = output (out, sizeof a);

    k->maximum (5, a, b, high);
    k->minimum (5, a, b, low);
    for (int i = 0; i < 3; i++)
      g_assert_true (isnan (high[i]) && isnan (low[i]));
    g_assert_true (high[3] == 0 && low[3] == -1);
    g_assert_true (high[4] == INFINITY && low[4] == -INFINITY);
  });
}

static void
test_transpose (void)
{
  for (int trial = 0; trial < 30; trial++)
    {
      const int rows = random_int (1, 50), cols = random_int (1, 50);
      float    *x = random_floats ((gsize) rows * cols);

      FOR_EACH_ISA ("transpose", {
        float *y = output (out, (gsize) rows * cols * sizeof (float));

        k->transpose (rows, cols, x, y);
        for (int r = 0; r < rows; r++)
          for (int c = 0; c < cols; c++)
            g_assert_cmpfloat (y[c * rows + r], ==, x[r * cols + c]);
      });
      guarded_free (x);
    }
}

/* Distance in units of the last place of a float at the true value. */
static double
ulps (float got, double truth)
{
  int exponent;

  frexp (truth, &exponent);
  return fabs (got - truth) / ldexp (1, MAX (exponent, -125) - 24);
}

typedef void (*Function) (gsize n, const float *x, float *y);

static void
sweep (const char *name, Function function, double (*truth) (double), double limit)
{
  enum { BATCH = 1024 };
  float  x[BATCH], y[BATCH];
  int    n = 0;
  double worst = 0, worst_at = 0;

  /* A stride that is prime visits every exponent with ever new fractions. */
  for (guint64 bits = 0; bits < G_GUINT64_CONSTANT (0x100000000); bits += 3001)
    {
      const guint32 word = (guint32) bits;

      memcpy (&x[n], &word, sizeof word);
      if (isnormal (x[n]))
        n++;
      if (n == BATCH || (bits + 3001 > G_MAXUINT32 && n > 0))
        {
          function (n, x, y);
          for (int i = 0; i < n; i++)
            {
              const double expected = truth (x[i]);

              if (isnan (expected))
                g_assert_true (isnan (y[i]));
              else if (fabs (expected) < 1.1754944e-38)
                g_assert_cmpfloat (fabs (y[i]), <=, 1.1754944e-38);
              else if (fabs (expected) > 3.40282347e38)
                g_assert_true (isinf (y[i]) || ulps (y[i], expected) <= limit);
              else if (ulps (y[i], expected) > worst)
                {
                  worst = ulps (y[i], expected);
                  worst_at = x[i];
                }
            }
          n = 0;
        }
    }
  g_test_message ("%s: at most %.3f ulp, at %.9g", name, worst, worst_at);
  g_assert_cmpfloat (worst, <=, limit);
}

static double
sigmoid (double x)
{
  return 1 / (1 + exp (-x));
}

static double
softplus (double x)
{
  return (x > 0 ? x : 0) + log1p (exp (-fabs (x)));
}

/* Their last normal numbers come from sigmoids and densities that are none any more. */
static double
silu (double x)
{
  return x < -88 ? 0 : x / (1 + exp (-x));
}

static void
silu_but_its_tail (gsize n, const float *x, float *y)
{
  lw_kernels_best ()->silu (n, x, y);
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < -88 ? 0 : y[i];
}

static double
gelu (double x)
{
  return x < -12.5 ? 0 : 0.5 * x * erfc (-x / sqrt (2));
}

static void
gelu_but_its_tail (gsize n, const float *x, float *y)
{
  lw_kernels_best ()->gelu (n, x, y);
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < -12.5 ? 0 : y[i];
}

static void
exp_by_elu (gsize n, const float *x, float *y)
{
  float lower[1024];

  for (gsize i = 0; i < n; i++)
    lower[i] = -fabsf (x[i]);
  lw_kernels_best ()->elu (n, 1, lower, y);
}

static double
expm1_below (double x)
{
  return expm1 (-fabs (x));
}

static void
test_accuracy (void)
{
  const LwKernels *k = lw_kernels_best (); /* the others give the same bits */
  const guint      mode = lw_float_mode_enter ();

  sweep ("exp", k->exp, exp, 2);
  sweep ("log", k->log, log, 2);
  sweep ("tanh", k->tanh, tanh, 2);
  sweep ("sigmoid", k->sigmoid, sigmoid, 4);
  sweep ("sqrt", k->sqrt, sqrt, 0.5);
  sweep ("expm1", exp_by_elu, expm1_below, 1);
  sweep ("softplus", k->softplus, softplus, 4);
  sweep ("silu", silu_but_its_tail, silu, 4);
  sweep ("gelu", gelu_but_its_tail, gelu, 8);
  lw_float_mode_leave (mode);
}

static void
test_special_values (void)
{
  const float x[] = { 0.f, -0.f, INFINITY, -INFINITY, NAN, 1.f, -1.f, 89.f, -104.f, 1000.f, -1000.f,
                      3.4e38f, -3.4e38f, 88.72283f, 1.17549435e-38f };
  enum { N = G_N_ELEMENTS (x) };

  FOR_EACH_ISA ("special values", {
    float *e = output (out, sizeof x);
    float *l = output (out, sizeof x);
    float *t = output (out, sizeof x);
    float *s = output (out, sizeof x);
    float *r = output (out, sizeof x);

    k->exp (N, x, e);
    g_assert_cmpfloat (e[0], ==, 1);
    g_assert_cmpfloat (e[1], ==, 1);
    g_assert_cmpfloat (e[2], ==, INFINITY);
    g_assert_cmpfloat (e[3], ==, 0);
    g_assert_true (isnan (e[4]));
    g_assert_cmpfloat (e[7], ==, INFINITY);
    g_assert_cmpfloat (e[8], ==, 0);
    g_assert_cmpfloat (e[9], ==, INFINITY);
    g_assert_cmpfloat (e[10], ==, 0);
    g_assert_true (isfinite (e[13]));

    k->log (N, x, l);
    g_assert_cmpfloat (l[0], ==, -INFINITY);
    g_assert_cmpfloat (l[1], ==, -INFINITY);
    g_assert_cmpfloat (l[2], ==, INFINITY);
    g_assert_true (isnan (l[3]));
    g_assert_true (isnan (l[4]));
    g_assert_cmpfloat (l[5], ==, 0);
    g_assert_true (isnan (l[6]));
    g_assert_true (isnan (l[12]));
    g_assert_cmpfloat (fabsf (l[14] + 87.336544f), <, 1e-4);

    k->tanh (N, x, t);
    g_assert_cmpfloat (t[0], ==, 0);
    g_assert_true (signbit (t[1]));
    g_assert_cmpfloat (t[2], ==, 1);
    g_assert_cmpfloat (t[3], ==, -1);
    g_assert_true (isnan (t[4]));
    g_assert_cmpfloat (t[11], ==, 1);
    g_assert_cmpfloat (t[12], ==, -1);

    k->sigmoid (N, x, s);
    g_assert_cmpfloat (s[0], ==, 0.5);
    g_assert_cmpfloat (s[2], ==, 1);
    g_assert_cmpfloat (s[3], ==, 0);
    g_assert_true (isnan (s[4]));
    g_assert_cmpfloat (s[10], ==, 0);

    k->relu (N, x, r);
    g_assert_cmpfloat (r[2], ==, INFINITY);
    g_assert_cmpfloat (r[3], ==, 0);
    g_assert_true (isnan (r[4]));
    g_assert_cmpfloat (r[6], ==, 0);
  });
}

/* --- Softmax ------------------------------------------------------------------------------- */

static void
test_softmax (void)
{
  for (int cols = 1; cols < 70; cols++)
    {
      const int            rows = random_int (1, 5);
      const gsize          n = (gsize) rows * cols;
      float               *x = random_floats (n), *gy = random_floats (n);
      g_autofree int32_t  *labels = g_new (int32_t, rows);
      g_autofree double   *xd = NULL, *gyd = NULL;
      g_autofree double   *pd = g_new (double, n), *gd = g_new (double, n);
      g_autofree double   *ld = g_new (double, rows);

      for (gsize i = 0; i < n; i++)
        x[i] *= 10;
      for (int r = 0; r < rows; r++)
        labels[r] = random_int (0, cols - 1);
      xd = to_double (n, x);
      gyd = to_double (n, gy);

      FOR_EACH_ISA ("softmax", {
        float *y = output (out, n * sizeof (float));
        float *gx = output (out, n * sizeof (float));
        float *p = output (out, n * sizeof (float));
        float *losses = output (out, rows * sizeof (float));
        float *gl = output (out, n * sizeof (float));
        float *log_y = output (out, n * sizeof (float));
        float *log_gx = output (out, n * sizeof (float));

        k->log_softmax (rows, cols, x, log_y);
        lw_reference_log_softmax_f64 (rows, cols, xd, pd);
        assert_close (n, log_y, pd, 1e-6);
        k->log_softmax_gradient (rows, cols, log_y, gy, log_gx);
        lw_reference_log_softmax_gradient_f64 (rows, cols, pd, gyd, gd);
        assert_close (n, log_gx, gd, 2e-6);
        memcpy (gl, x, n * sizeof (float));
        k->log_softmax (rows, cols, gl, gl);
        g_assert_cmpmem (gl, n * sizeof (float), log_y, n * sizeof (float));

        k->softmax (rows, cols, x, y);
        lw_reference_softmax_cross_entropy_f64 (rows, cols, xd, labels, pd, ld);
        assert_close (n, y, pd, 1e-6);
        k->softmax_gradient (rows, cols, y, gy, gx);
        lw_reference_softmax_gradient_f64 (rows, cols, pd, gyd, gd);
        assert_close (n, gx, gd, 1e-6);
        k->softmax_cross_entropy (rows, cols, x, labels, p, losses);
        g_assert_cmpmem (p, n * sizeof (float), y, n * sizeof (float));
        assert_close (rows, losses, ld, 1e-6);
        k->softmax_cross_entropy_gradient (rows, cols, p, labels, 0.25f, gl);
        lw_reference_softmax_cross_entropy_gradient_f64 (rows, cols, pd, labels, 0.25, gd);
        assert_close (n, gl, gd, 1e-6);
      });
      guarded_free (x);
      guarded_free (gy);
    }
}

static void
test_softmax_extremes (void)
{
  const float   x[4][3] = { { -INFINITY, 0, 0 }, { NAN, 0, 1 }, { 1e30f, -1e30f, 0 },
                            { 1000, 1000, -1000 } };
  const int32_t labels[4] = { 0, 1, 0, 2 };

  FOR_EACH_ISA ("softmax extremes", {
    float *p = output (out, sizeof x);
    float *log_p = output (out, sizeof x);
    float *losses = output (out, 4 * sizeof (float));

    k->softmax_cross_entropy (4, 3, x[0], labels, p, losses);
    g_assert_cmpfloat (p[0], ==, 0);
    g_assert_cmpfloat (p[1], ==, 0.5);
    g_assert_cmpfloat (losses[0], ==, INFINITY);
    for (int c = 3; c < 6; c++)
      g_assert_true (isnan (p[c]));
    g_assert_true (isnan (losses[1]));
    g_assert_cmpfloat (p[6], ==, 1);
    g_assert_cmpfloat (losses[2], ==, 0);
    g_assert_cmpfloat (p[9], ==, 0.5);
    g_assert_cmpfloat (fabsf (losses[3] - 2000.6931f), <, 1e-3);

    k->log_softmax (4, 3, x[0], log_p);
    g_assert_cmpfloat (log_p[0], ==, -INFINITY);
    g_assert_cmpfloat (fabsf (log_p[1] + 0.69314718f), <, 1e-6);
    for (int c = 3; c < 6; c++)
      g_assert_true (isnan (log_p[c]));
    g_assert_cmpfloat (log_p[6], ==, 0);
    g_assert_cmpfloat (log_p[7], ==, -2e30f);
    g_assert_cmpfloat (fabsf (log_p[11] + 2000.6931f), <, 1e-3);
  });
}

/* --- Pooling ------------------------------------------------------------------------------- */

static void
test_pool (void)
{
  for (int channels = 1; channels <= 40; channels++)
    for (int trial = 0; trial < 3; trial++)
      {
        LwPool2d             pool = { .channels = channels, .pool_h = random_int (1, 3),
                                      .pool_w = random_int (1, 3), .stride_h = random_int (1, 3),
                                      .stride_w = random_int (1, 3) };
        g_autofree double   *xd = NULL, *gyd = NULL, *yd = NULL, *gxd = NULL;
        g_autofree int32_t  *won = NULL;
        gsize                x_size, y_size;
        float               *x, *gy;

        pool.h = random_int (pool.pool_h, 9);
        pool.w = random_int (pool.pool_w, 9);
        if (random_int (0, 1))
          {
            /* "same" */
            pool.oh = (pool.h + pool.stride_h - 1) / pool.stride_h;
            pool.ow = (pool.w + pool.stride_w - 1) / pool.stride_w;
            pool.pad_top = MAX ((pool.oh - 1) * pool.stride_h + pool.pool_h - pool.h, 0) / 2;
            pool.pad_left = MAX ((pool.ow - 1) * pool.stride_w + pool.pool_w - pool.w, 0) / 2;
          }
        else
          {
            pool.oh = (pool.h - pool.pool_h) / pool.stride_h + 1;
            pool.ow = (pool.w - pool.pool_w) / pool.stride_w + 1;
          }
        x_size = (gsize) pool.h * pool.w * channels;
        y_size = (gsize) pool.oh * pool.ow * channels;
        x = random_floats (x_size);
        gy = random_floats (y_size);
        for (gsize i = 0; i < x_size; i++)
          x[i] = roundf (x[i] * 4); /* many equal maxima */
        xd = to_double (x_size, x);
        gyd = to_double (y_size, gy);
        yd = g_new (double, y_size);
        gxd = g_new (double, x_size);
        won = g_new (int32_t, y_size);

        FOR_EACH_ISA ("pool", {
          float  *y = output (out, y_size * sizeof (float));
          float  *gx = output (out, x_size * sizeof (float));
          float  *mean = output (out, y_size * sizeof (float));
          float  *gmean = output (out, x_size * sizeof (float));
          guint8 *winner = output (out, y_size);

          k->max_pool (&pool, x, y, winner);
          lw_reference_max_pool_f64 (&pool, 1, xd, yd, won);
          assert_close (y_size, y, yd, 0);
          for (gsize i = 0; i < y_size; i++)
            g_assert_cmpint (winner[i], ==, won[i]);
          k->max_pool_gradient (&pool, winner, gy, gx);
          lw_reference_max_pool_gradient_f64 (&pool, 1, won, gyd, gxd);
          assert_close (x_size, gx, gxd, 1e-6);
          k->average_pool (&pool, x, mean);
          lw_reference_average_pool_f64 (&pool, 1, xd, yd);
          assert_close (y_size, mean, yd, 1e-6);
          k->average_pool_gradient (&pool, gy, gmean);
          lw_reference_average_pool_gradient_f64 (&pool, 1, gyd, gxd);
          assert_close (x_size, gmean, gxd, 1e-6);
        });
        guarded_free (x);
        guarded_free (gy);
      }
}

static void
test_max_pool_nan (void)
{
  const LwPool2d pool = { .h = 2, .w = 2, .channels = 1, .oh = 1, .ow = 1, .pool_h = 2, .pool_w = 2,
                          .stride_h = 2, .stride_w = 2 };

  for (int cell = 0; cell < 4; cell++)
    {
      float x[4] = { 1, 2, 3, 4 };

      x[cell] = NAN;
      FOR_EACH_ISA ("max_pool of NaN", {
        float  *y = output (out, sizeof (float));
        guint8 *winner = output (out, 1);

        k->max_pool (&pool, x, y, winner);
        g_assert_true (isnan (y[0]));
        g_assert_cmpint (winner[0], ==, cell);
      });
    }
}

/* --- Matrices of mostly zeros --------------------------------------------------------------- */

static void
test_sparse (void)
{
  for (int n = 1; n <= 150; n += random_int (1, 5))
    {
      const int   rows = random_int (1, 40), cols = random_int (1, 70), share = random_int (0, 9);
      const gsize size = (gsize) rows * cols;
      float      *x = random_floats (size), *b = random_floats ((gsize) cols * n), *bias = random_floats (n);
      gint32      count = 0;

      for (gsize i = 0; i < size; i++)
        {
          if (random_int (0, 9) >= share)
            x[i] = i % 2 ? 0 : -0.0f;
          count += x[i] != 0;
        }
      FOR_EACH_ISA ("compress", {
        const gsize room = (gsize) (count + cols) * sizeof (gint32) + LW_KERNEL_SLACK;
        gint32     *starts = output (out, ((gsize) rows + 1) * sizeof (gint32));
        gint32     *columns = guarded_new (room);
        float      *values = guarded_new (room);
        gint32     *copy = output (out, (gsize) count * sizeof (gint32));
        gint32      at = 0;

        g_assert_true (k->compress (rows, cols, x, count, starts, columns, values));
        guarded_check (columns, room);
        guarded_check (values, room);
        for (int r = 0; r < rows; r++)
          {
            g_assert_cmpint (starts[r], ==, at);
            for (int c = 0; c < cols; c++)
              if (x[r * cols + c] != 0)
                {
                  g_assert_cmpint (columns[at], ==, c);
                  g_assert_cmpfloat (values[at++], ==, x[r * cols + c]);
                }
          }
        g_assert_cmpint (starts[rows], ==, count);
        memcpy (copy, columns, (gsize) count * sizeof (gint32));
        if (count > 0)
          g_assert_false (k->compress (rows, cols, x, count - 1, starts, columns, values));
        g_assert_true (k->compress (rows, cols, x, count, starts, columns, values));

        for (int relu = 0; relu <= 1; relu++)
          {
            const LwSparse    a = { rows, starts, columns, values };
            const LwGemm      gemm = { .a_mode = LW_A_STRIDED, .start = LW_START_BIAS, .relu = relu, .rows = 1,
                                       .m = rows, .n = n, .k = cols, .a = x, .a_row_stride = cols, .b = b,
                                       .b_stride = n, .n_segments = 1, .bias = bias, .c_row_stride = n };
            LwGemm            dense = gemm;
            const gsize       bytes = (gsize) rows * n * sizeof (float);
            g_autofree float *expected = g_malloc (bytes);
            float            *c = guarded_new (bytes);

            dense.c = expected;
            k->gemm (&dense);
            k->sparse_multiply (&a, n, b, bias, relu, c);
            g_assert_cmpmem (c, bytes, expected, bytes);
            guarded_check (c, bytes);
            dense.start = LW_START_ZERO;
            k->gemm (&dense);
            k->sparse_multiply (&a, n, b, NULL, relu, c);
            g_assert_cmpmem (c, bytes, expected, bytes);
            guarded_free (c);
          }
        guarded_free (columns);
        guarded_free (values);
      });
      guarded_free (x);
      guarded_free (b);
      guarded_free (bias);
    }
}

/* --- Winograd's transforms ------------------------------------------------------------------ */

/* A small convolution of each number of channels, all of it and tile by tile, with every way of padding: within
 * rounding of the direct way's. */
static void
test_winograd (void)
{
  for (int channels = 1; channels <= 40; channels++)
    {
      const int             cin = random_int (0, 1) ? channels : random_int (1, 40);
      const int             cout = cin == channels ? random_int (1, 40) : channels;
      const int             pad_top = random_int (0, 2), pad_left = random_int (0, 2);
      const int             h = random_int (3, 12), w = random_int (3, 12);
      const int             oh = h - 2 + pad_top + random_int (0, 2), ow = w - 2 + pad_left + random_int (0, 2);
      const LwWinograd      z = { h, w, cin, oh, ow, cout, pad_top, pad_left };
      const LwConv2dSize    s = { .n = 1, .h = h, .w = w, .cin = cin, .oh = oh, .ow = ow, .cout = cout, .kh = 3,
                                  .kw = 3, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1,
                                  .pad_top = pad_top, .pad_left = pad_left };
      const int             n_tiles = (oh + 1) / 2 * ((ow + 1) / 2);
      const gsize           x_size = (gsize) h * w * cin, y_size = (gsize) oh * ow * cout;
      const gsize           g_size = 9 * (gsize) cin * cout, u_size = lw_winograd_get_kernel (cin, cout);
      const gsize           v_size = (gsize) n_tiles * (16 * (gsize) cin + LW_WINOGRAD_GAP);
      const gsize           m_size = (gsize) n_tiles * (16 * (gsize) cout + LW_WINOGRAD_GAP);
      float                *x = random_floats (x_size), *g = random_floats (g_size), *bias = random_floats (cout);
      float                *m = random_floats (m_size);
      g_autofree double    *xd = to_double (x_size, x), *gd = to_double (g_size, g), *bd = to_double (cout, bias);
      g_autofree double    *expected = g_new (double, y_size);
      const LwKernels      *kernels[LW_N_ISAS];
      const int             n_kernels = available (kernels);
      const gboolean        relu = random_int (0, 1);

      FOR_EACH_ISA ("winograd's transforms", {
        float *u = output (out, u_size * sizeof (float));
        float *v = output (out, v_size * sizeof (float));
        float *y = output (out, y_size * sizeof (float));
        float *part = output (out, v_size * sizeof (float));

        k->winograd_kernel ((gsize) cin * cout, channels % 2, g, u);
        k->winograd_input (&z, 0, n_tiles, x, v);
        k->winograd_output (&z, 0, n_tiles, m, channels % 3 ? bias : NULL, relu, y);
        for (int tile = 0; tile < n_tiles; tile++)
          k->winograd_input (&z, tile, 1, x, part + tile * (16 * cin + LW_WINOGRAD_GAP));
        g_assert_cmpmem (part, v_size * sizeof (float), v, v_size * sizeof (float));
      });

      lw_reference_conv2d_f64 (&s, xd, gd, bd, expected);
      for (gsize i = 0; relu && i < y_size; i++)
        expected[i] = MAX (expected[i], 0);
      for (int i = 0; i < n_kernels; i++)
        {
          float *u = guarded_new (u_size * sizeof (float) + LW_KERNEL_SLACK);
          float *y = guarded_new (y_size * sizeof (float));
          float *room = guarded_new (lw_winograd_get_scratch (&z) * sizeof (float));

          kernels[i]->winograd_kernel ((gsize) cin * cout, FALSE, g, u);
          lw_winograd_run (kernels[i], &z, x, u, bias, relu, room, y);
          assert_close (y_size, y, expected, 2e-5);
          guarded_check (y, y_size * sizeof (float));
          guarded_check (room, lw_winograd_get_scratch (&z) * sizeof (float));
          guarded_free (u);
          guarded_free (y);
          guarded_free (room);
        }
      guarded_free (x);
      guarded_free (g);
      guarded_free (bias);
      guarded_free (m);
    }
}

static void
test_global_average (void)
{
  for (int channels = 1; channels <= 40; channels++)
    {
      const int          pixels = random_int (1, 60);
      const gsize        n = (gsize) pixels * channels;
      float             *x = random_floats (n), *gy = random_floats (channels);
      g_autofree double *xd = to_double (n, x), *gyd = to_double (channels, gy);
      g_autofree double *expected = g_new (double, n);

      FOR_EACH_ISA ("global_average", {
        float *y = output (out, channels * sizeof (float));
        float *gx = output (out, n * sizeof (float));

        k->global_average (pixels, channels, x, y);
        lw_reference_global_average_f64 (1, pixels, channels, xd, expected);
        assert_close (channels, y, expected, 1e-6);
        k->global_average_gradient (pixels, channels, gy, gx);
        lw_reference_global_average_gradient_f64 (1, pixels, channels, gyd, expected);
        assert_close (n, gx, expected, 1e-7);
      });
      guarded_free (x);
      guarded_free (gy);
    }
}

static void
test_mark_columns (void)
{
  for (int cols = 1; cols <= 70; cols++)
    {
      const int   rows = random_int (1, 9);
      const gsize n = (gsize) rows * cols;
      float      *x = random_floats (n);

      for (int c = 0; c < cols; c++)
        for (int r = 0; r < rows && c % 3 != 0; r++)
          if (c % 3 == 1 || r != c % rows)
            x[r * cols + c] = r % 2 == 0 ? 0 : -0.0f;
      if (cols > 4)
        x[4] = NAN; /* which is something */
      FOR_EACH_ISA ("mark_columns", {
        guint8 *used = output (out, cols);

        k->mark_columns (rows, cols, x, used);
        for (int c = 0; c < cols; c++)
          g_assert_cmpint (used[c], ==, c % 3 != 1 || c == 4);
      });
      guarded_free (x);
    }
}

static void
test_mask_gradient (void)
{
  for (int channels = 1; channels <= 40; channels++)
    {
      const gsize pixels = (gsize) random_int (1, 40);
      const gsize n = pixels * (gsize) channels;
      float      *y = random_floats (n), *gy = random_floats (n), *before = random_floats (channels);

      for (int masks = 0; masks <= 1; masks++)
        FOR_EACH_ISA ("mask_gradient", {
          float *masked = output (out, n * sizeof (float));
          float *db = output (out, channels * sizeof (float));
          float *again = output (out, channels * sizeof (float));

          memcpy (db, before, channels * sizeof (float));
          memcpy (again, before, channels * sizeof (float));
          k->mask_gradient (pixels, channels, masks ? y : NULL, gy, masked, db);
          for (int c = 0; c < channels; c++)
            {
              double sum = before[c];

              for (gsize i = c; i < n; i += channels)
                {
                  const float expected = !masks || y[i] > 0 ? gy[i] : 0;

                  g_assert_cmpfloat (masked[i], ==, expected);
                  sum += expected;
                }
              g_assert_cmpfloat (fabs (db[c] - sum), <=, 1e-5);
            }
          /* Either output may be left out; the other is the same. */
          k->mask_gradient (pixels, channels, masks ? y : NULL, gy, NULL, again);
          g_assert_cmpmem (again, channels * sizeof (float), db, channels * sizeof (float));
          k->mask_gradient (pixels, channels, masks ? y : NULL, gy, masked, NULL);
        });
      guarded_free (y);
      guarded_free (gy);
      guarded_free (before);
    }
}

/* --- Dropout and its generator -------------------------------------------------------------- */

/* From the known-answer file that Random123 is distributed with. */
static void
test_philox (void)
{
  static const struct {
    uint32_t counter[4], key[2], words[4];
  } known[] = {
    { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
      { 0xffffffff, 0xffffffff },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
      { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      uint32_t words[4];

      lw_philox4x32 (known[i].counter, known[i].key, words);
      g_assert_cmpmem (words, sizeof words, known[i].words, sizeof words);
    }
}

static void
test_dropout (void)
{
  const uint32_t key[2] = { 0x12345678, 0x9abcdef0 };
  const uint64_t stream = G_GUINT64_CONSTANT (0x0123456789abcdef);
  const uint32_t threshold = 0x40000000; /* a quarter is dropped */

  for (int trial = 0; trial < 30; trial++)
    {
      const int      n = trial == 0 ? 100000 : random_int (1, 200);
      const uint64_t first = 4 * ((uint64_t) random_int (0, 1000)
                                  + (trial % 2 ? G_GUINT64_CONSTANT (0xfffffff0) : 0));
      float         *x = random_floats (n);

      FOR_EACH_ISA ("dropout", {
        float  *y = output (out, n * sizeof (float));
        float  *gx = output (out, n * sizeof (float));
        guint8 *mask = output (out, n);
        int     kept = 0;

        k->dropout (n, key, stream, first, threshold, 1 / 0.75f, x, y, mask);
        k->dropout_gradient (n, 1 / 0.75f, mask, x, gx);
        for (int i = 0; i < n; i++)
          {
            const uint64_t block = (first + i) / 4;
            const uint32_t counter[4] = { (uint32_t) block, (uint32_t) (block >> 32),
                                          (uint32_t) stream, (uint32_t) (stream >> 32) };
            uint32_t       words[4];
            gboolean       keep;

            lw_philox4x32 (counter, key, words);
            keep = words[(first + i) % 4] >= threshold;
            g_assert_cmpint (mask[i], ==, keep);
            g_assert_cmpfloat (y[i], ==, keep ? x[i] * (1 / 0.75f) : 0);
            g_assert_cmpfloat (gx[i], ==, y[i]);
            kept += keep;
          }
        /* 0.75 ± 5 standard deviations */
        if (n == 100000)
          g_assert_cmpfloat (fabs (kept / 100000. - 0.75), <, 5 * sqrt (0.75 * 0.25 / 100000));
      });
      guarded_free (x);
    }
}

/* --- Optimizers ------------------------------------------------------------------------------ */

static void
test_adam (void)
{
  const LwAdamStep step = { 0.01f, 0.1f, 0.001f, 1e-7f };

  for (int n = 1; n < 70; n++)
    for (int amsgrad = 0; amsgrad <= 1; amsgrad++)
      {
        const gsize        size = (gsize) n * sizeof (float);
        float             *g = random_floats (n), *w = random_floats (n), *m = random_floats (n);
        float             *v = random_floats (n), *vhat = random_floats (n);
        g_autofree double *gd = NULL, *wd = NULL, *md = NULL, *vd = NULL, *hd = NULL;

        for (int i = 0; i < n; i++)
          {
            v[i] = v[i] * v[i];
            vhat[i] = vhat[i] * vhat[i];
          }
        gd = to_double (n, g);
        wd = to_double (n, w);
        md = to_double (n, m);
        vd = to_double (n, v);
        hd = to_double (n, vhat);
        lw_reference_adam_f64 (n, step.alpha, step.one_minus_beta_1, step.one_minus_beta_2,
                               step.epsilon, gd, wd, md, vd, amsgrad ? hd : NULL, wd, md, vd,
                               amsgrad ? hd : NULL);
        FOR_EACH_ISA ("adam", {
          float *w_out = output (out, size);
          float *m_out = output (out, size);
          float *v_out = output (out, size);
          float *h_out = output (out, size);
          float *in_place = output (out, size);

          k->adam (n, &step, g, w, m, v, amsgrad ? vhat : NULL, w_out, m_out, v_out,
                   amsgrad ? h_out : NULL);
          assert_close (n, w_out, wd, 1e-5);
          assert_close (n, m_out, md, 1e-6);
          assert_close (n, v_out, vd, 1e-6);
          if (amsgrad)
            assert_close (n, h_out, hd, 1e-6);
          memcpy (in_place, w, size);
          memcpy (m_out, m, size);
          memcpy (v_out, v, size);
          memcpy (h_out, vhat, size);
          k->adam (n, &step, g, in_place, m_out, v_out, amsgrad ? h_out : NULL, in_place, m_out,
                   v_out, amsgrad ? h_out : NULL);
          g_assert_cmpmem (in_place, size, w_out, size);
        });
        guarded_free (g);
        guarded_free (w);
        guarded_free (m);
        guarded_free (v);
        guarded_free (vhat);
      }
}

static void
test_sgd (void)
{
  for (int n = 1; n < 70; n++)
    for (int kind = 0; kind < 3; kind++) /* plain, momentum, nesterov */
      {
        const gsize        size = (gsize) n * sizeof (float);
        float             *g = random_floats (n), *w = random_floats (n), *m = random_floats (n);
        g_autofree double *gd = to_double (n, g), *wd = to_double (n, w), *md = to_double (n, m);

        lw_reference_sgd_f64 (n, 0.125, 0.75, kind == 2, gd, wd, kind ? md : NULL, wd,
                              kind ? md : NULL);
        FOR_EACH_ISA ("sgd", {
          float *w_out = output (out, size);
          float *m_out = output (out, size);

          k->sgd (n, 0.125f, 0.75f, kind == 2, g, w, kind ? m : NULL, w_out, kind ? m_out : NULL);
          assert_close (n, w_out, wd, 1e-6);
          if (kind)
            assert_close (n, m_out, md, 1e-6);
        });
        guarded_free (g);
        guarded_free (w);
        guarded_free (m);
      }
}

static void
test_nadam (void)
{
  const LwNadamStep step = { 0.01f, 0.8f, 0.3f, 1.25f, 0.1f, 0.001f, 1e-7f };

  for (int n = 1; n < 70; n++)
    {
      const gsize        size = (gsize) n * sizeof (float);
      float             *g = random_floats (n), *w = random_floats (n), *m = random_floats (n);
      float             *v = random_floats (n);
      g_autofree double *gd = NULL, *wd = NULL, *md = NULL, *vd = NULL;

      for (int i = 0; i < n; i++)
        v[i] = v[i] * v[i];
      gd = to_double (n, g);
      wd = to_double (n, w);
      md = to_double (n, m);
      vd = to_double (n, v);
      lw_reference_nadam_f64 (n, step.rate, step.of_m, step.of_g, step.correction, step.one_minus_beta_1,
                              step.one_minus_beta_2, step.epsilon, gd, wd, md, vd, wd, md, vd);
      FOR_EACH_ISA ("nadam", {
        float *w_out = output (out, size);
        float *m_out = output (out, size);
        float *v_out = output (out, size);
        float *in_place = output (out, size);

        k->nadam (n, &step, g, w, m, v, w_out, m_out, v_out);
        assert_close (n, w_out, wd, 1e-5);
        assert_close (n, m_out, md, 1e-6);
        assert_close (n, v_out, vd, 1e-6);
        memcpy (in_place, w, size);
        memcpy (m_out, m, size);
        memcpy (v_out, v, size);
        k->nadam (n, &step, g, in_place, m_out, v_out, in_place, m_out, v_out);
        g_assert_cmpmem (in_place, size, w_out, size);
      });
      guarded_free (g);
      guarded_free (w);
      guarded_free (m);
      guarded_free (v);
    }
}

static void
test_rmsprop (void)
{
  const LwRmspropStep step = { 0.01f, 0.75f, 0.25f, 0.5f, 1e-3f };

  for (int n = 1; n < 70; n++)
    for (int kind = 0; kind < 4; kind++)
      {
        const gsize        size = (gsize) n * sizeof (float);
        const gboolean     has_momentum = (kind & 1) != 0, centered = (kind & 2) != 0;
        float             *g = random_floats (n), *w = random_floats (n), *v = random_floats (n);
        float             *b = random_floats (n), *a = random_floats (n);
        g_autofree double *gd = NULL, *wd = NULL, *vd = NULL, *bd = NULL, *ad = NULL;

        /* Half of them with a variance that is negative before it is mended. */
        for (int i = 0; i < n; i++)
          v[i] = i % 2 ? a[i] * a[i] * 4 : 0;
        gd = to_double (n, g);
        wd = to_double (n, w);
        vd = to_double (n, v);
        bd = to_double (n, b);
        ad = to_double (n, a);
        lw_reference_rmsprop_f64 (n, step.rate, step.rho, step.momentum, step.epsilon, gd, wd, vd,
                                  has_momentum ? bd : NULL, centered ? ad : NULL, wd, vd,
                                  has_momentum ? bd : NULL, centered ? ad : NULL);
        FOR_EACH_ISA ("rmsprop", {
          float *w_out = output (out, size);
          float *v_out = output (out, size);
          float *b_out = output (out, size);
          float *a_out = output (out, size);
          float *in_place = output (out, size);

          k->rmsprop (n, &step, g, w, v, has_momentum ? b : NULL, centered ? a : NULL, w_out, v_out,
                      has_momentum ? b_out : NULL, centered ? a_out : NULL);
          assert_close (n, w_out, wd, 1e-4);
          assert_close (n, v_out, vd, 1e-6);
          if (has_momentum)
            assert_close (n, b_out, bd, 1e-4);
          if (centered)
            assert_close (n, a_out, ad, 1e-6);
          memcpy (in_place, w, size);
          memcpy (v_out, v, size);
          memcpy (b_out, b, size);
          memcpy (a_out, a, size);
          k->rmsprop (n, &step, g, in_place, v_out, has_momentum ? b_out : NULL, centered ? a_out : NULL,
                      in_place, v_out, has_momentum ? b_out : NULL, centered ? a_out : NULL);
          g_assert_cmpmem (in_place, size, w_out, size);
        });
        guarded_free (g);
        guarded_free (w);
        guarded_free (v);
        guarded_free (b);
        guarded_free (a);
      }
}

static void
test_adagrad (void)
{
  for (int n = 1; n < 70; n++)
    {
      const gsize        size = (gsize) n * sizeof (float);
      float             *g = random_floats (n), *w = random_floats (n), *sum = random_floats (n);
      g_autofree double *gd = NULL, *wd = NULL, *sd = NULL;

      for (int i = 0; i < n; i++)
        sum[i] = sum[i] * sum[i];
      gd = to_double (n, g);
      wd = to_double (n, w);
      sd = to_double (n, sum);
      lw_reference_adagrad_f64 (n, 0.125, 1e-7, gd, wd, sd, wd, sd);
      FOR_EACH_ISA ("adagrad", {
        float *w_out = output (out, size);
        float *sum_out = output (out, size);
        float *in_place = output (out, size);

        k->adagrad (n, 0.125f, 1e-7f, g, w, sum, w_out, sum_out);
        assert_close (n, w_out, wd, 1e-5);
        assert_close (n, sum_out, sd, 1e-6);
        memcpy (in_place, w, size);
        memcpy (sum_out, sum, size);
        k->adagrad (n, 0.125f, 1e-7f, g, in_place, sum_out, in_place, sum_out);
        g_assert_cmpmem (in_place, size, w_out, size);
      });
      guarded_free (g);
      guarded_free (w);
      guarded_free (sum);
    }
}

/* --- The table ------------------------------------------------------------------------------- */

static void
test_table (void)
{
  LwIsa isa;

  for (int i = 0; i < LW_N_ISAS; i++)
    {
      const LwKernels *k = lw_kernels_get ((LwIsa) i);

      g_assert_true (lw_isa_from_name (lw_isa_name ((LwIsa) i), &isa));
      g_assert_cmpint (isa, ==, i);
      if (k == NULL)
        continue;
      g_assert_cmpint (k->isa, ==, i);
      g_assert_cmpstr (k->name, ==, lw_isa_name ((LwIsa) i));
      g_assert_cmpint (k->lanes * sizeof (float), <=, LW_KERNEL_SLACK);
    }
  g_assert_nonnull (lw_kernels_best ());
  g_assert_false (lw_isa_from_name ("sse9", &isa));
  g_assert_false (lw_isa_from_name ("", &isa));
  g_assert_false (lw_isa_from_name (NULL, &isa));
}

static void
test_float_mode (void)
{
  const volatile float smallest = 1.17549435e-38f;
  const guint          mode = lw_float_mode_enter ();
  const volatile float flushed = smallest * 0.5f;

  lw_float_mode_leave (mode);
#if defined __x86_64__ || defined __aarch64__
  g_assert_cmpfloat (flushed, ==, 0);
#else
  (void) flushed;
#endif
  {
    const volatile float kept = smallest * 0.5f;

    g_assert_cmpfloat (kept, >, 0);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/kernels/table", test_table);
  g_test_add_func ("/kernels/float-mode", test_float_mode);
  g_test_add_func ("/kernels/gemm/random", test_gemm_random);
  g_test_add_func ("/kernels/gemm/tails", test_gemm_tails);
  g_test_add_func ("/kernels/gemm/blocks", test_gemm_blocks);
  g_test_add_func ("/kernels/gemm/relu-keeps-nan", test_gemm_relu_keeps_nan);
  g_test_add_func ("/kernels/gemm/convolution", test_convolution);
  g_test_add_func ("/kernels/elementwise", test_elementwise);
  g_test_add_func ("/kernels/activations/random", test_activations);
  g_test_add_func ("/kernels/activations/reference", test_activations_reference);
  g_test_add_func ("/kernels/activations/extremes", test_activations_extremes);
  g_test_add_func ("/kernels/pow", test_pow);
  g_test_add_func ("/kernels/maximum-of-nan", test_maximum_of_nan);
  g_test_add_func ("/kernels/transpose", test_transpose);
  g_test_add_func ("/kernels/accuracy", test_accuracy);
  g_test_add_func ("/kernels/special-values", test_special_values);
  g_test_add_func ("/kernels/softmax/random", test_softmax);
  g_test_add_func ("/kernels/softmax/extremes", test_softmax_extremes);
  g_test_add_func ("/kernels/pool/random", test_pool);
  g_test_add_func ("/kernels/pool/nan", test_max_pool_nan);
  g_test_add_func ("/kernels/pool/global-average", test_global_average);
  g_test_add_func ("/kernels/sparse", test_sparse);
  g_test_add_func ("/kernels/winograd", test_winograd);
  g_test_add_func ("/kernels/mask-gradient", test_mask_gradient);
  g_test_add_func ("/kernels/mark-columns", test_mark_columns);
  g_test_add_func ("/kernels/philox", test_philox);
  g_test_add_func ("/kernels/dropout", test_dropout);
  g_test_add_func ("/kernels/adam", test_adam);
  g_test_add_func ("/kernels/sgd", test_sgd);
  g_test_add_func ("/kernels/nadam", test_nadam);
  g_test_add_func ("/kernels/rmsprop", test_rmsprop);
  g_test_add_func ("/kernels/adagrad", test_adagrad);

  return g_test_run ();
}
