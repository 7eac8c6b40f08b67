#include "engine/kernels/kernels.h"

#include <string.h>

#if defined __x86_64__
#include <immintrin.h>
#endif

extern const LwKernels lw_kernels_baseline;
extern const LwKernels lw_kernels_avx2;
extern const LwKernels lw_kernels_avx512;
extern const LwKernels lw_kernels_neon;

static const char *const isa_names[LW_N_ISAS] = {
  [LW_ISA_BASELINE] = "baseline",
  [LW_ISA_AVX2] = "avx2",
  [LW_ISA_AVX512] = "avx512",
  [LW_ISA_NEON] = "neon",
};

const LwKernels *
lw_kernels_get (LwIsa isa)
{
  switch (isa)
    {
#if defined __x86_64__
    /* __builtin_cpu_supports() also asks XGETBV whether the operating system saves the registers. */
    case LW_ISA_BASELINE:
      return &lw_kernels_baseline;
    case LW_ISA_AVX2:
      __builtin_cpu_init ();
      return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma")
                 ? &lw_kernels_avx2 : NULL;
    case LW_ISA_AVX512:
      __builtin_cpu_init ();
      return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512dq")
                     && __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512vl")
                     && __builtin_cpu_supports ("fma")
                 ? &lw_kernels_avx512 : NULL;
    case LW_ISA_NEON:
#elif defined __aarch64__
    case LW_ISA_NEON:
      return &lw_kernels_neon;
    case LW_ISA_BASELINE:
    case LW_ISA_AVX2:
    case LW_ISA_AVX512:
#else
    case LW_ISA_BASELINE:
      return &lw_kernels_baseline;
    case LW_ISA_AVX2:
    case LW_ISA_AVX512:
    case LW_ISA_NEON:
#endif
    case LW_N_ISAS:
    default:
      return NULL;
    }
}

const LwKernels *
lw_kernels_best (void)
{
  static const LwIsa by_speed[] = { LW_ISA_AVX512, LW_ISA_AVX2, LW_ISA_NEON, LW_ISA_BASELINE };

  for (gsize i = 0; i < G_N_ELEMENTS (by_speed); i++)
    {
      const LwKernels *kernels = lw_kernels_get (by_speed[i]);

      if (kernels != NULL)
        return kernels;
    }
  g_assert_not_reached ();
}

gboolean
lw_isa_from_name (const char *name, LwIsa *isa)
{
  g_return_val_if_fail (isa != NULL, FALSE);

  for (int i = 0; i < LW_N_ISAS; i++)
    if (name != NULL && strcmp (name, isa_names[i]) == 0)
      {
        *isa = (LwIsa) i;
        return TRUE;
      }
  return FALSE;
}

const char *
lw_isa_name (LwIsa isa)
{
  g_return_val_if_fail ((int) isa >= 0 && isa < LW_N_ISAS, NULL);

  return isa_names[isa];
}

guint
lw_float_mode_enter (void)
{
#if defined __x86_64__
  const guint flush_and_treat_as_zero = 0x8040; /* MXCSR.FTZ, MXCSR.DAZ */
  const guint previous = _mm_getcsr ();

  _mm_setcsr (previous | flush_and_treat_as_zero);
  return previous;
#elif defined __aarch64__
  guint64 previous;

  __asm__ volatile ("mrs %0, fpcr" : "=r"(previous));
  __asm__ volatile ("msr fpcr, %0" : : "r"(previous | G_GUINT64_CONSTANT (1) << 24)); /* FZ */
  return (guint) previous;
#else
  return 0;
#endif
}

void
lw_float_mode_leave (guint previous)
{
#if defined __x86_64__
  /* The exception flags raised meanwhile stay as they are. */
  _mm_setcsr ((_mm_getcsr () & ~0x8040u) | (previous & 0x8040u));
#elif defined __aarch64__
  __asm__ volatile ("msr fpcr, %0" : : "r"((guint64) previous));
#else
  (void) previous;
#endif
}
