#include "tests/bench/bench.h"

#include <string.h>

/* What this machine can do at best, before anything of ours runs on it. */

/* The limit: independent chains of multiply-adds on vectors of each common length, best of all. */
typedef float Vec4 __attribute__ ((vector_size (16)));
typedef float Vec8 __attribute__ ((vector_size (32)));
typedef float Vec16 __attribute__ ((vector_size (64)));

#define CHAINS 12
#define STEPS 20000

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

/* Operations of one call, and the call: the chains of the device's own instruction set. */
#define CHAIN_OPERATIONS(lanes) (2. * CHAINS * STEPS * (lanes))

static void
run_chains (gpointer data, int chunk)
{
  const LwKernels *kernels = data;

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

double
bench_peak (LwDevice *device, double seconds)
{
  const int    n_chunks = 4 * lw_device_get_n_threads (device);
  const double amount = n_chunks * CHAIN_OPERATIONS (device->kernels->lanes);
  const double end = bench_now () + seconds;
  double       best = 0;

  for (int i = 0; i < 10 || bench_now () < end; i++)
    {
      const double begin = bench_now ();

      lw_device_run (device, n_chunks, run_chains, (gpointer) device->kernels);
      best = MAX (best, amount / (bench_now () - begin));
    }
  return best;
}

/* --- Memory --- */

#define BLOCK ((gsize) 1 << 20) /* bytes that a thread takes at a time */

typedef struct {
  gsize    n_blocks;
  char    *from, *to;
  guint64 *sums;
} Memory;

static void
copy_block (gpointer data, int chunk)
{
  const Memory *memory = data;

  memcpy (memory->to + (gsize) chunk * BLOCK, memory->from + (gsize) chunk * BLOCK, BLOCK);
}

typedef guint64 Words __attribute__ ((vector_size (16)));

static void
read_block (gpointer data, int chunk)
{
  const Memory *memory = data;
  const Words  *words = (const Words *) (memory->from + (gsize) chunk * BLOCK);
  Words         a = { 0 }, b = a, c = a, d = a;

  for (gsize i = 0; i < BLOCK / sizeof (Words); i += 4)
    {
      a += words[i];
      b += words[i + 1];
      c += words[i + 2];
      d += words[i + 3];
    }
  a += b + c + d;
  memory->sums[chunk] = a[0] + a[1];
}

static double
bandwidth (LwDevice *device, const BenchOptions *options, LwChunkFunc func, double passes)
{
  const gsize n_blocks = options->brief ? 16 : 256;
  Memory      memory = { n_blocks, g_aligned_alloc (n_blocks, BLOCK, 64),
                         g_aligned_alloc (n_blocks, BLOCK, 64), g_new0 (guint64, n_blocks) };
  double      speeds[BENCH_MAX_ROUNDS];

  /* Pages must exist before they are timed. */
  memset (memory.from, 1, n_blocks * BLOCK);
  memset (memory.to, 2, n_blocks * BLOCK);
  for (guint i = 0; i < options->rounds; i++)
    {
      const double begin = bench_now ();

      lw_device_run (device, (int) n_blocks, func, &memory);
      speeds[i] = passes * (double) (n_blocks * BLOCK) / (bench_now () - begin);
    }
  g_aligned_free (memory.from);
  g_aligned_free (memory.to);
  g_free (memory.sums);
  return bench_median (options->rounds, speeds);
}

double
bench_copy_bandwidth (LwDevice *device, const BenchOptions *options)
{
  return bandwidth (device, options, copy_block, 2);
}

double
bench_read_bandwidth (LwDevice *device, const BenchOptions *options)
{
  return bandwidth (device, options, read_block, 1);
}

void
bench_machine (BenchReport *report, const BenchOptions *options, LwDevice *one, LwDevice *all)
{
  LwDevice *const  devices[] = { one, all };
  const gsize      n = one == all ? 1 : 2;
  g_autofree char *title = g_strdup_printf ("This machine (%s, %d floats in a vector)",
                                            one->kernels->name, one->kernels->lanes);
  double           peaks[2][BENCH_MAX_ROUNDS];

  bench_report_section (report, title);
  for (guint round = 0; round < options->rounds; round++)
    for (gsize i = 0; i < n; i++)
      peaks[i][round] = bench_peak (devices[i], options->spell / 10);
  for (gsize i = 0; i < n; i++)
    bench_report_row (report, &(BenchRow){ .name = "multiply-adds in registers",
                                           .threads = lw_device_get_n_threads (devices[i]),
                                           .value = bench_median (options->rounds, peaks[i]) * 1e-9,
                                           .unit = "GFLOP/s" });
  for (gsize i = 0; i < n; i++)
    bench_report_row (report, &(BenchRow){ .name = "memory, copied (read and written)",
                                           .threads = lw_device_get_n_threads (devices[i]),
                                           .value = bench_copy_bandwidth (devices[i], options) * 1e-9,
                                           .unit = "GB/s" });
  for (gsize i = 0; i < n; i++)
    bench_report_row (report, &(BenchRow){ .name = "memory, read",
                                           .threads = lw_device_get_n_threads (devices[i]),
                                           .value = bench_read_bandwidth (devices[i], options) * 1e-9,
                                           .unit = "GB/s" });
}
