#include "engine/kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

/* How fast the kernels run, on one core, beside the processor's own limit:
 *
 *   bench-kernels [--isa NAME] [--short]
 *
 * The limit is the best of many runs of multiply-adds that need nothing but registers. Each figure is the median of repeated runs, as GFLOP/s (two operations for each
 * multiply-add) and as a share of the limit; elementwise kernels count bytes instead. */

static double seconds_per_case = 0.15;

typedef struct {
  const char      *name;
  const LwKernels *kernels;
  gpointer         data;
  void           (*run) (const LwKernels *kernels, gpointer data);
  double           amount; /* floating-point operations or bytes in one run */
} Case;

static int
compare_doubles (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
now (void)
{
  return (double) g_get_monotonic_time () * 1e-6;
}

/* Amount per second: the median over batches of runs, each long enough for the clock, and in *best
 * the highest of them. */
static double
measure (const Case *one, double *best)
{
  enum { MAX_SAMPLES = 200 };
  double samples[MAX_SAMPLES];
  int    n = 0, repeats = 1;
  double begin, end;

  for (;;)
    {
      begin = now ();
      for (int i = 0; i < repeats; i++)
        one->run (one->kernels, one->data);
      if (now () - begin > 0.001)
        break;
      repeats *= 2;
    }
  end = now () + seconds_per_case;
  do
    {
      begin = now ();
      for (int i = 0; i < repeats; i++)
        one->run (one->kernels, one->data);
      samples[n++] = one->amount * repeats / (now () - begin);
    }
  while (n < MAX_SAMPLES && now () < end);
  qsort (samples, n, sizeof (double), compare_doubles);
  *best = samples[n - 1];
  return samples[n / 2];
}

typedef float *AlignedFloats;
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (AlignedFloats, g_aligned_free, NULL)

static float *
new_floats (gsize n)
{
  /* Aligned as the engine's buffers are, so that vectors do not straddle cache lines. */
  float *x = g_aligned_alloc (n + LW_KERNEL_SLACK / sizeof (float), sizeof (float), 64);

  for (gsize i = 0; i < n + LW_KERNEL_SLACK / sizeof (float); i++)
    x[i] = (float) g_random_double_range (-1, 1);
  return x;
}

static void
run_gemm (const LwKernels *kernels, gpointer data)
{
  kernels->gemm (data);
}

static double
gemm_operations (const LwGemm *gemm)
{
  return 2. * gemm->rows * gemm->m * gemm->n * gemm->k * gemm->n_segments;
}

static double peak;

static void
report_gemm (const LwKernels *kernels, const char *name, LwGemm *gemm)
{
  const Case   one = { name, kernels, gemm, run_gemm, gemm_operations (gemm) };
  double       best;
  const double speed = measure (&one, &best);

  g_print ("%-44s %8.1f GFLOP/s  %5.1f %%  %8.1f us\n", name, speed * 1e-9, 100 * speed / peak,
           1e6 * one.amount / speed);
}

static ptrdiff_t *
multiples (int n, ptrdiff_t step)
{
  ptrdiff_t *table = g_new (ptrdiff_t, n);

  for (int i = 0; i < n; i++)
    table[i] = i * step;
  return table;
}

/* One image [h, w, cin] under kernel k×k, "valid": forward, weight gradient, data gradient. */
static void
bench_convolution (const LwKernels *kernels, int h, int w, int cin, int k, int cout)
{
  const int            oh = h - k + 1, ow = w - k + 1;
  const int            border = k - 1, gw = ow + 2 * border; /* the gradient's zero-bordered scratch */
  g_auto (AlignedFloats) x = new_floats ((gsize) h * w * cin);
  g_auto (AlignedFloats) y = new_floats ((gsize) oh * ow * cout);
  g_auto (AlignedFloats) weights = new_floats ((gsize) k * k * cin * cout);
  g_auto (AlignedFloats) bias = new_floats (cout);
  g_auto (AlignedFloats) scratch = new_floats ((gsize) (oh + 2 * border) * gw * cout);
  g_autofree ptrdiff_t *x_rows = multiples (MAX (oh, k), (ptrdiff_t) w * cin);
  g_autofree ptrdiff_t *w_rows = multiples (k, (ptrdiff_t) k * cin * cout);
  g_autofree ptrdiff_t *y_rows = multiples (oh, (ptrdiff_t) ow * cout);
  g_autofree ptrdiff_t *g_rows = multiples (MAX (oh, k), (ptrdiff_t) gw * cout);
  g_autofree int32_t   *offsets = g_new (int32_t, k * k * cin);
  g_autofree char      *shape = g_strdup_printf ("%dx%d from %dx%dx%d k%d c%d", oh, ow, h, w, cin, k,
                                                cout);
  g_autofree char      *forward_name = g_strdup_printf ("conv %s", shape);
  g_autofree char      *weights_name = g_strdup_printf ("conv dW %s", shape);
  g_autofree char      *data_name = g_strdup_printf ("conv dX %s", shape);
  LwGemm forward = { .a_mode = LW_A_STRIDED, .start = LW_START_BIAS, .relu = TRUE, .rows = oh,
                     .m = ow, .n = cout, .k = k * cin, .a = x, .a_row_block = (ptrdiff_t) w * cin,
                     .a_row_stride = cin, .b = weights, .b_stride = cout, .n_segments = k,
                     .a_segments = x_rows, .b_segments = w_rows, .bias = bias, .c = y,
                     .c_row_block = (ptrdiff_t) ow * cout, .c_row_stride = cout };
  LwGemm dw = { .a_mode = LW_A_CONTIGUOUS, .start = LW_START_ACCUMULATE, .rows = k, .m = k * cin,
                .n = cout, .k = ow, .a = x, .a_row_block = (ptrdiff_t) w * cin, .a_k_stride = cin,
                .b = y, .b_stride = cout, .n_segments = oh, .a_segments = x_rows,
                .b_segments = y_rows, .c = weights,
                .c_row_block = (ptrdiff_t) k * cin * cout, .c_row_stride = cout };
  LwGemm dx = { .a_mode = LW_A_STRIDED, .rows = h, .m = w, .n = cin, .k = k * cout, .a = scratch,
                .a_row_block = (ptrdiff_t) gw * cout, .a_row_stride = cout, .b = weights,
                .b_stride = cin, .n_segments = k, .a_segments = g_rows, .b_segments = w_rows, .c = x,
                .c_row_block = (ptrdiff_t) w * cin, .c_row_stride = cin };

  report_gemm (kernels, forward_name, &forward);
  memset (weights, 0, (gsize) k * k * cin * cout * sizeof (float));
  if (k * cin < 12)
    {
      /* All kernel rows in one product. */
      for (int ky = 0; ky < k; ky++)
        for (int i = 0; i < k * cin; i++)
          offsets[ky * k * cin + i] = ky * w * cin + i;
      dw.a_mode = LW_A_OFFSETS;
      dw.rows = 1;
      dw.m = k * k * cin;
      dw.a_offsets = offsets;
    }
  for (gsize i = 0; i < (gsize) h * w * cin; i++)
    x[i] *= 1e-3f; /* sums that go on for seconds stay finite */
  report_gemm (kernels, weights_name, &dw);
  memset (weights, 0, (gsize) k * k * cin * cout * sizeof (float));
  if (cin > 1)
    report_gemm (kernels, data_name, &dx);
}

/* Dense [batch, inputs] -> units: forward, dW = xᵀ·gy, dX = gy·Wᵀ (the transpose made before). */
static void
bench_dense (const LwKernels *kernels, int batch, int inputs, int units)
{
  g_auto (AlignedFloats) x = new_floats ((gsize) batch * inputs);
  g_auto (AlignedFloats) weights = new_floats ((gsize) inputs * units);
  g_auto (AlignedFloats) y = new_floats ((gsize) batch * units);
  g_auto (AlignedFloats) bias = new_floats (units);
  g_autofree char  *forward_name = g_strdup_printf ("dense %dx%dx%d", batch, inputs, units);
  g_autofree char  *weights_name = g_strdup_printf ("dense dW %dx%dx%d", batch, inputs, units);
  g_autofree char  *data_name = g_strdup_printf ("dense dX %dx%dx%d", batch, inputs, units);
  LwGemm forward = { .a_mode = LW_A_STRIDED, .start = LW_START_BIAS, .rows = 1, .m = batch,
                     .n = units, .k = inputs, .a = x, .a_row_stride = inputs, .b = weights,
                     .b_stride = units, .n_segments = 1, .bias = bias, .c = y,
                     .c_row_stride = units };
  LwGemm dw = { .a_mode = LW_A_CONTIGUOUS, .rows = 1, .m = inputs, .n = units, .k = batch, .a = x,
                .a_k_stride = inputs, .b = y, .b_stride = units, .n_segments = 1, .c = weights,
                .c_row_stride = units };
  LwGemm dx = { .a_mode = LW_A_STRIDED, .rows = 1, .m = batch, .n = inputs, .k = units, .a = y,
                .a_row_stride = units, .b = weights, .b_stride = inputs, .n_segments = 1, .c = x,
                .c_row_stride = inputs };

  report_gemm (kernels, forward_name, &forward);
  report_gemm (kernels, weights_name, &dw);
  report_gemm (kernels, data_name, &dx);
}

/* The limit: independent chains of multiply-adds on vectors of each common length, best of all. */
typedef float Vec4 __attribute__ ((vector_size (16)));
typedef float Vec8 __attribute__ ((vector_size (32)));
typedef float Vec16 __attribute__ ((vector_size (64)));

#define CHAINS 12
#define STEPS 100000

#define DEFINE_CHAINS(NAME, VEC, TARGET)                                                           \
  __attribute__ ((noinline, optimize ("O3"), TARGET)) static float NAME (float x)                  \
  {                                                                                                \
    VEC a0 = { x }, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0,        \
        a9 = a0, a10 = a0, a11 = a0;                                                               \
    VEC f = { x };                                                                                 \
                                                                                                   \
    for (int i = 0; i < STEPS; i++)                                                                \
      {                                                                                            \
        STEP_ALL                                                                                   \
      }                                                                                            \
    a0 += a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;                                  \
    return a0[0];                                                                                  \
  }

#if defined __x86_64__
#define STEP(i) __asm__ volatile ("vfmadd231ps %1, %1, %0" : "+v"(a##i) : "v"(f));
#define STEP_ALL                                                                                   \
  STEP (0) STEP (1) STEP (2) STEP (3) STEP (4) STEP (5) STEP (6) STEP (7) STEP (8) STEP (9)        \
  STEP (10) STEP (11)
#ifdef __clang__
#define TARGET_OF(x) target (x)
#undef DEFINE_CHAINS
#define DEFINE_CHAINS(NAME, VEC, TARGET)                                                           \
  __attribute__ ((noinline, TARGET)) static float NAME (float x)                                   \
  {                                                                                                \
    VEC a0 = { x }, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0,        \
        a9 = a0, a10 = a0, a11 = a0;                                                               \
    VEC f = { x };                                                                                 \
                                                                                                   \
    for (int i = 0; i < STEPS; i++)                                                                \
      {                                                                                            \
        STEP_ALL                                                                                   \
      }                                                                                            \
    a0 += a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;                                  \
    return a0[0];                                                                                  \
  }
#endif
DEFINE_CHAINS (chains_avx512, Vec16, target ("avx512f"))
DEFINE_CHAINS (chains_avx2, Vec8, target ("avx2,fma"))
#undef STEP
#define STEP(i)                                                                                    \
  {                                                                                                \
    Vec4 product = f;                                                                              \
    __asm__ volatile ("mulps %2, %0\n\taddps %0, %1" : "+x"(product), "+x"(a##i) : "x"(f));        \
  }
DEFINE_CHAINS (chains_baseline, Vec4, unused)
#elif defined __aarch64__
#define STEP(i) __asm__ volatile ("fmla %0.4s, %1.4s, %1.4s" : "+w"(a##i) : "w"(f));
#define STEP_ALL                                                                                   \
  STEP (0) STEP (1) STEP (2) STEP (3) STEP (4) STEP (5) STEP (6) STEP (7) STEP (8) STEP (9)        \
  STEP (10) STEP (11)
DEFINE_CHAINS (chains_neon, Vec4, unused)
#else
#define STEP_ALL a0 += f * f; a1 += f * f; a2 += f * f; a3 += f * f; a4 += f * f; a5 += f * f;     \
  a6 += f * f; a7 += f * f; a8 += f * f; a9 += f * f; a10 += f * f; a11 += f * f;
DEFINE_CHAINS (chains_baseline, Vec4, unused)
#endif

static void
run_chains (const LwKernels *kernels, gpointer data)
{
  switch (kernels->isa)
    {
#if defined __x86_64__
    case LW_ISA_AVX512:
      (void) chains_avx512 (1e-3f);
      break;
    case LW_ISA_AVX2:
      (void) chains_avx2 (1e-3f);
      break;
#endif
#if defined __aarch64__
    case LW_ISA_NEON:
      (void) chains_neon (1e-3f);
      break;
#else
    case LW_ISA_BASELINE:
      (void) chains_baseline (1e-3f);
      break;
#endif
    default:
      break;
    }
}

/* --- Elementwise --- */

typedef struct {
  gsize      n;
  float     *a, *b, *c, *d;
  uint8_t   *mask;
  int32_t   *labels;
  LwPool2d   pool;
} Buffers;

static void
run_adam (const LwKernels *k, gpointer data)
{
  const Buffers   *x = data;
  const LwAdamStep step = { 1e-9f, 0.1f, 0.001f, 1e-7f };

  k->adam (x->n, &step, x->a, x->b, x->c, x->d, NULL, x->b, x->c, x->d, NULL);
}

static void
run_exp (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->exp (x->n, x->a, x->b);
}

static void
run_log (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->log (x->n, x->a, x->b);
}

static void
run_tanh (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->tanh (x->n, x->a, x->b);
}

static void
run_scale_u8 (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->scale_u8 (x->n, 1 / 255.f, 0, x->mask, x->b);
}

static void
run_relu_gradient (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->relu_gradient (x->n, x->a, x->b, x->c);
}

static void
run_dropout (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;
  const uint32_t key[2] = { 1, 2 };

  k->dropout (x->n, key, 3, 0, 0x80000000u, 2, x->a, x->b, x->mask);
}

static void
run_dropout_gradient (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->dropout_gradient (x->n, 2, x->mask, x->a, x->b);
}

static void
run_softmax (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->softmax_cross_entropy ((int) (x->n / 10), 10, x->a, x->labels, x->b, x->c);
}

static void
run_max_pool (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->max_pool (&x->pool, x->a, x->b, x->mask);
}

static void
run_max_pool_gradient (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->max_pool_gradient (&x->pool, x->mask, x->b, x->a);
}

static void
run_global_average (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->global_average (576, 16, x->a, x->b);
}

static void
run_global_average_gradient (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->global_average_gradient (576, 16, x->b, x->a);
}

static void
run_mask_gradient (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->mask_gradient (24, 24, 16, x->a, x->b, x->c, 28 * 16, 16, x->d);
}

static void
run_transpose (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->transpose (96, 96, x->a, x->b);
}

static void
bench_elementwise (const LwKernels *kernels)
{
  enum { N = 16384 };
  Buffers x = { N, new_floats (2 * N), new_floats (2 * N), new_floats (2 * N), new_floats (2 * N),
                g_new0 (uint8_t, N), g_new0 (int32_t, N),
                { 26, 26, 32, 13, 13, 2, 2, 2, 2, 0, 0 } };
  const struct {
    const char *name;
    void      (*run) (const LwKernels *kernels, gpointer data);
    gsize       elements;
  } cases[] = {
    { "adam", run_adam, N },
    { "exp", run_exp, N },
    { "log", run_log, N },
    { "tanh", run_tanh, N },
    { "scale_u8", run_scale_u8, N },
    { "relu gradient", run_relu_gradient, N },
    { "dropout", run_dropout, N },
    { "dropout gradient", run_dropout_gradient, N },
    { "softmax cross-entropy, 10 classes", run_softmax, N },
    { "max pool 2x2 of 26x26x32", run_max_pool, 26 * 26 * 32 },
    { "max pool gradient", run_max_pool_gradient, 26 * 26 * 32 },
    { "global average of 24x24x16", run_global_average, 24 * 24 * 16 },
    { "global average gradient", run_global_average_gradient, 24 * 24 * 16 },
    { "mask gradient of 24x24x16", run_mask_gradient, 24 * 24 * 16 },
    { "transpose 96x96", run_transpose, 96 * 96 },
  };

  for (gsize i = 0; i < N; i++)
    x.d[i] = x.d[i] * x.d[i];
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case   one = { cases[i].name, kernels, &x, cases[i].run, (double) cases[i].elements };
      double       best;
      const double speed = measure (&one, &best);

      g_print ("%-44s %8.2f Gelement/s       %8.2f us\n", cases[i].name, speed * 1e-9,
               1e6 * one.amount / speed);
    }
  g_aligned_free (x.a);
  g_aligned_free (x.b);
  g_aligned_free (x.c);
  g_aligned_free (x.d);
  g_free (x.mask);
  g_free (x.labels);
}

static void
bench (const LwKernels *kernels)
{
  const Case   chains = { "limit", kernels, NULL, run_chains,
                          2. * CHAINS * STEPS * kernels->lanes };
  const guint  mode = lw_float_mode_enter ();

  measure (&chains, &peak);
  g_print ("\n%s: %d lanes, multiply-add chains %.1f GFLOP/s on one core\n", kernels->name,
           kernels->lanes, peak * 1e-9);
  bench_convolution (kernels, 28, 28, 1, 3, 16);
  bench_convolution (kernels, 26, 26, 16, 3, 16);
  bench_convolution (kernels, 28, 28, 1, 3, 32);
  bench_convolution (kernels, 13, 13, 32, 3, 64);
  bench_convolution (kernels, 26, 26, 16, 3, 24);
  bench_dense (kernels, 32, 784, 64);
  bench_dense (kernels, 128, 1600, 10);
  bench_dense (kernels, 32, 64, 10);
  bench_dense (kernels, 512, 512, 512);
  bench_dense (kernels, 1, 784, 64);
  bench_elementwise (kernels);
  lw_float_mode_leave (mode);
}

int
main (int argc, char *argv[])
{
  g_autofree char       *name = NULL;
  gboolean               brief = FALSE;
  g_autoptr (GError)     error = NULL;
  const GOptionEntry     entries[] = {
    { "isa", 0, 0, G_OPTION_ARG_STRING, &name, "Only this instruction set", "NAME" },
    { "short", 0, 0, G_OPTION_ARG_NONE, &brief, "A few milliseconds each: a smoke test", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("bench-kernels: %s\n", error->message);
      return 2;
    }
  if (brief)
    seconds_per_case = 0.002;
  for (int isa = LW_N_ISAS - 1; isa >= 0; isa--)
    {
      const LwKernels *kernels = lw_kernels_get ((LwIsa) isa);

      if (kernels != NULL && (name == NULL || g_str_equal (name, kernels->name)))
        bench (kernels);
    }
  return 0;
}
