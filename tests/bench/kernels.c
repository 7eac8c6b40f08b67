#include "tests/bench/bench.h"

#include "engine/ops/winograd.h"

#include <string.h>

/* How fast the kernels run, on one core, beside the processor's own limit. Each figure is the median
 * of repeated runs: matrix products as GFLOP/s (two operations for each multiply-add) and as a share
 * of the limit, elementwise kernels as elements. */

typedef struct {
  BenchReport     *report;
  const LwKernels *kernels;
  double           seconds; /* for each case */
  LwDevice        *limit;   /* these kernels, for bench_peak() */
} Bench;

typedef void (*RunFunc) (const LwKernels *kernels, gpointer data);

/* Seconds of one run: the median over batches of runs, each long enough for the clock. */
static double
measure (const Bench *bench, RunFunc run, gpointer data)
{
  enum { MAX_SAMPLES = 200 };
  double samples[MAX_SAMPLES];
  int    n = 0, repeats = 1;
  double begin, end;

  for (;;)
    {
      begin = bench_now ();
      for (int i = 0; i < repeats; i++)
        run (bench->kernels, data);
      if (bench_now () - begin > 0.0005)
        break;
      repeats *= 2;
    }
  end = bench_now () + bench->seconds;
  do
    {
      begin = bench_now ();
      for (int i = 0; i < repeats; i++)
        run (bench->kernels, data);
      samples[n++] = (bench_now () - begin) / repeats;
    }
  while (n < MAX_SAMPLES && bench_now () < end);
  return bench_median (n, samples);
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

static void
report_gemm (const Bench *bench, const char *name, LwGemm *gemm)
{
  /* The limit anew, right before: clocks change with the heat and with who else is here. */
  const double peak = bench_peak (bench->limit, bench->seconds / 4);
  const double seconds = measure (bench, run_gemm, gemm);
  const double speed = gemm_operations (gemm) / seconds;

  bench_report_row (bench->report, &(BenchRow){ .name = name, .threads = 1, .value = speed * 1e-9,
                                                .unit = "GFLOP/s", .share = speed / peak,
                                                .microseconds = seconds * 1e6 });
}

static ptrdiff_t *
multiples (int n, ptrdiff_t step)
{
  ptrdiff_t *table = g_new (ptrdiff_t, n);

  for (int i = 0; i < n; i++)
    table[i] = i * step;
  return table;
}

typedef struct {
  LwWinograd   size;
  const float *x, *u, *bias;
  float       *scratch, *y;
} Winograd;

static void
run_winograd (const LwKernels *kernels, gpointer data)
{
  const Winograd *w = data;

  lw_winograd_run (kernels, &w->size, w->x, w->u, w->bias, TRUE, w->scratch, w->y);
}

/* The same convolution from fewer products; they are counted as the direct way's, so that the figures compare. */
static void
bench_winograd (const Bench *bench, int h, int w, int cin, int cout)
{
  Winograd               work = { .size = { h, w, cin, h - 2, w - 2, cout, 0, 0 } };
  g_auto (AlignedFloats) x = new_floats ((gsize) h * w * cin);
  g_auto (AlignedFloats) y = new_floats ((gsize) (h - 2) * (w - 2) * cout);
  g_auto (AlignedFloats) u = new_floats (lw_winograd_get_kernel (cin, cout));
  g_auto (AlignedFloats) bias = new_floats (cout);
  g_auto (AlignedFloats) scratch = new_floats (lw_winograd_get_scratch (&work.size));
  g_autofree char       *name = g_strdup_printf ("winograd %dx%d from %dx%dx%d c%d", h - 2, w - 2, h, w, cin, cout);
  const double           peak = bench_peak (bench->limit, bench->seconds / 4);
  double                 seconds, speed;

  work.x = x, work.u = u, work.bias = bias, work.scratch = scratch, work.y = y;
  seconds = measure (bench, run_winograd, &work);
  speed = 18. * (h - 2) * (w - 2) * cin * cout / seconds;
  bench_report_row (bench->report, &(BenchRow){ .name = name, .threads = 1, .value = speed * 1e-9,
                                                .unit = "GFLOP/s", .share = speed / peak,
                                                .microseconds = seconds * 1e6 });
}

/* One image [h, w, cin] under kernel k×k, "valid": forward, weight gradient, data gradient (of one of the kernel's
 * columns, for the rows that all of its rows reach). */
static void
bench_convolution (const Bench *bench, int h, int w, int cin, int k, int cout)
{
  const int            oh = h - k + 1, ow = w - k + 1;
  g_auto (AlignedFloats) x = new_floats ((gsize) h * w * cin);
  g_auto (AlignedFloats) y = new_floats ((gsize) oh * ow * cout);
  g_auto (AlignedFloats) weights = new_floats ((gsize) k * k * cin * cout);
  g_auto (AlignedFloats) bias = new_floats (cout);
  g_autofree ptrdiff_t *x_rows = multiples (MAX (oh, k), (ptrdiff_t) w * cin);
  g_autofree ptrdiff_t *w_rows = multiples (k, (ptrdiff_t) k * cin * cout);
  g_autofree ptrdiff_t *y_rows = multiples (oh, (ptrdiff_t) ow * cout);
  g_autofree ptrdiff_t *g_rows = multiples (k, -(ptrdiff_t) ow * cout);
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
  LwGemm dx = { .a_mode = LW_A_STRIDED, .start = LW_START_ACCUMULATE, .rows = h - 2 * (k - 1), .m = ow,
                .n = cin, .k = cout, .a = y + (ptrdiff_t) (k - 1) * ow * cout,
                .a_row_block = (ptrdiff_t) ow * cout, .a_row_stride = cout, .b = weights, .b_stride = cin,
                .n_segments = k, .a_segments = g_rows, .b_segments = w_rows,
                .c = x + (ptrdiff_t) (k - 1) * w * cin, .c_row_block = (ptrdiff_t) w * cin,
                .c_row_stride = cin };

  report_gemm (bench, forward_name, &forward);
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
  report_gemm (bench, weights_name, &dw);
  memset (weights, 0, (gsize) k * k * cin * cout * sizeof (float));
  memset (x, 0, (gsize) h * w * cin * sizeof (float));
  if (cin > 1)
    report_gemm (bench, data_name, &dx);
}

/* Dense [batch, inputs] -> units: forward, dW = xᵀ·gy, dX = gy·Wᵀ (the transpose made before). */
static void
bench_dense (const Bench *bench, int batch, int inputs, int units)
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

  report_gemm (bench, forward_name, &forward);
  report_gemm (bench, weights_name, &dw);
  report_gemm (bench, data_name, &dx);
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

  k->mask_gradient (24 * 24, 16, x->a, x->b, x->c, x->d);
}

static void
run_transpose (const LwKernels *k, gpointer data)
{
  const Buffers *x = data;

  k->transpose (96, 96, x->a, x->b);
}

static void
bench_elementwise (const Bench *bench)
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
      const double seconds = measure (bench, cases[i].run, &x);

      bench_report_row (bench->report,
                        &(BenchRow){ .name = cases[i].name, .threads = 1,
                                     .value = (double) cases[i].elements / seconds * 1e-9,
                                     .unit = "Gelement/s", .microseconds = seconds * 1e6 });
    }
  g_aligned_free (x.a);
  g_aligned_free (x.b);
  g_aligned_free (x.c);
  g_aligned_free (x.d);
  g_free (x.mask);
  g_free (x.labels);
}

void
bench_kernels (BenchReport *report, const BenchOptions *options, const LwKernels *kernels)
{
  LwDevice         limit = { .kernels = kernels };
  const Bench      bench = { report, kernels, options->spell / 5, &limit };
  const guint      mode = lw_float_mode_enter ();
  g_autofree char *title = g_strdup_printf ("Kernels, %s", kernels->name);

  bench_report_section (report, title);
  bench_convolution (&bench, 28, 28, 1, 3, 16);
  bench_convolution (&bench, 26, 26, 16, 3, 16);
  bench_convolution (&bench, 28, 28, 1, 3, 32);
  bench_convolution (&bench, 13, 13, 32, 3, 64);
  bench_convolution (&bench, 26, 26, 16, 3, 24);
  bench_winograd (&bench, 26, 26, 16, 16);
  bench_winograd (&bench, 13, 13, 32, 64);
  bench_dense (&bench, 32, 784, 64);
  bench_dense (&bench, 128, 1600, 10);
  bench_dense (&bench, 32, 64, 10);
  bench_dense (&bench, 512, 512, 512);
  bench_dense (&bench, 1, 784, 64);
  bench_elementwise (&bench);
  lw_float_mode_leave (mode);
}
