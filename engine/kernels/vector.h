#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The vectors of the instruction set that a kernel source is being compiled for, in the compilers'
 * vector extensions. The build defines one of LW_KERNEL_BASELINE, _AVX2, _AVX512 and _NEON (none
 * means baseline) and passes the flags that go with it.
 *
 * Lanes always hold independent elements: a kernel that adds up lanes of one vector has to do so
 * over a fixed number of them, because LW_LANES differs from one instruction set to the next. */

#if defined LW_KERNEL_AVX512
#include <immintrin.h>
#define LW_LANES 16
#define LW_VECTOR_REGISTERS 32
#define LW_KERNEL(name) name##_avx512
#elif defined LW_KERNEL_AVX2
#include <immintrin.h>
#define LW_LANES 8
#define LW_VECTOR_REGISTERS 16
#define LW_KERNEL(name) name##_avx2
#elif defined LW_KERNEL_NEON
#include <arm_neon.h>
#define LW_LANES 4
#define LW_VECTOR_REGISTERS 32
#define LW_KERNEL(name) name##_neon
#else
#if defined __SSE2__
#include <emmintrin.h>
#endif
#define LW_LANES 4
#define LW_VECTOR_REGISTERS 16
#define LW_KERNEL(name) name##_baseline
#endif

/* Both compilers unroll these loops wholly, so that an array of vectors indexed by the counter
 * lives in registers. clang ignores GCC's pragma and has its own. The loops it stands before have
 * constant bounds of at most 16. */
#ifdef __clang__
#define LW_UNROLL _Pragma ("clang loop unroll(full)")
#else
#define LW_UNROLL _Pragma ("GCC unroll 32")
#endif

/* Before a loop whose output arrays are either the input arrays or distinct from them: element i
 * depends on element i alone, so the compiler needs no test for overlap. */
#ifdef __clang__
#define LW_INDEPENDENT _Pragma ("clang loop vectorize(assume_safety)")
#else
#define LW_INDEPENDENT _Pragma ("GCC ivdep")
#endif

#define LW_INLINE static inline __attribute__ ((always_inline, unused))

typedef float    LwVec __attribute__ ((vector_size (LW_LANES * 4)));
typedef int32_t  LwVecInt __attribute__ ((vector_size (LW_LANES * 4)));
typedef uint64_t LwVecWide __attribute__ ((vector_size (LW_LANES * 4)));
typedef uint8_t  LwVecByte __attribute__ ((vector_size (LW_LANES)));
typedef float    LwVecUnaligned __attribute__ ((vector_size (LW_LANES * 4), aligned (4), may_alias));

LW_INLINE LwVec
lw_vec_load (const float *p)
{
  return *(const LwVecUnaligned *) p;
}

LW_INLINE void
lw_vec_store (float *p, LwVec v)
{
  *(LwVecUnaligned *) p = v;
}

LW_INLINE LwVec
lw_vec_set (float x)
{
  return x - (LwVec) { 0 }; /* minus, so that -0 stays -0 */
}

/* 0, 1, 2, ... */
LW_INLINE LwVecInt
lw_vec_lane_numbers (void)
{
  static const int32_t numbers[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
  LwVecInt             v;

  memcpy (&v, numbers, sizeof v);
  return v;
}

/* a · b + c with one rounding, where the instruction set has that; said outright, since a compiler
 * that is left to contract does so only where it sees fit. */
LW_INLINE LwVec
lw_vec_multiply_add (float a, LwVec b, LwVec c)
{
#if defined LW_KERNEL_AVX512
  return (LwVec) _mm512_fmadd_ps (_mm512_set1_ps (a), (__m512) b, (__m512) c);
#elif defined LW_KERNEL_AVX2
  return (LwVec) _mm256_fmadd_ps (_mm256_set1_ps (a), (__m256) b, (__m256) c);
#elif defined LW_KERNEL_NEON
  return (LwVec) vfmaq_n_f32 ((float32x4_t) c, (float32x4_t) b, a);
#else
  return a * b + c;
#endif
}

/* The first n of LW_LANES floats, 0 <= n <= LW_LANES; nothing behind them is touched, and the
 * other lanes of a loaded vector are zero. */
LW_INLINE LwVec
lw_vec_load_part (const float *p, int n)
{
#if defined LW_KERNEL_AVX512
  return (LwVec) _mm512_maskz_loadu_ps ((__mmask16) ((1u << n) - 1), p);
#elif defined LW_KERNEL_AVX2
  const __m256i lane = _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7);
  return (LwVec) _mm256_maskload_ps (p, _mm256_cmpgt_epi32 (_mm256_set1_epi32 (n), lane));
#else
  float lanes[LW_LANES] = { 0 };

  for (int i = 0; i < n; i++)
    lanes[i] = p[i];
  return lw_vec_load (lanes);
#endif
}

LW_INLINE void
lw_vec_store_part (float *p, int n, LwVec v)
{
#if defined LW_KERNEL_AVX512
  _mm512_mask_storeu_ps (p, (__mmask16) ((1u << n) - 1), (__m512) v);
#elif defined LW_KERNEL_AVX2
  const __m256i lane = _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_ps (p, _mm256_cmpgt_epi32 (_mm256_set1_epi32 (n), lane), (__m256) v);
#else
  float lanes[LW_LANES];

  lw_vec_store (lanes, v);
  for (int i = 0; i < n; i++)
    p[i] = lanes[i];
#endif
}

/* x < 0 ? 0 : x in each lane: a NaN stays one, -0 stays -0. */
LW_INLINE LwVec
lw_vec_relu (LwVec x)
{
#if defined LW_KERNEL_AVX512
  /* max (a, b) is "a > b ? a : b": the second operand when one is NaN. */
  return (LwVec) _mm512_max_ps (_mm512_setzero_ps (), (__m512) x);
#elif defined LW_KERNEL_AVX2
  return (LwVec) _mm256_max_ps (_mm256_setzero_ps (), (__m256) x);
#else
  return (LwVec) ((LwVecInt) x & ~(LwVecInt) (x < (LwVec) { 0 }));
#endif
}

/* mask ? a : b in each lane; mask lanes are 0 or -1, as comparisons give them. */
LW_INLINE LwVec
lw_vec_select (LwVecInt mask, LwVec a, LwVec b)
{
  return (LwVec) ((mask & (LwVecInt) a) | (~mask & (LwVecInt) b));
}

LW_INLINE LwVecInt
lw_vec_select_int (LwVecInt mask, LwVecInt a, LwVecInt b)
{
  return (mask & a) | (~mask & b);
}

/* The 64-bit products of the low halves of a's and b's lanes; what the high halves hold is of no
 * account. */
LW_INLINE LwVecWide
lw_vec_multiply_low (LwVecWide a, LwVecWide b)
{
#if defined LW_KERNEL_AVX512
  return (LwVecWide) _mm512_mul_epu32 ((__m512i) a, (__m512i) b);
#elif defined LW_KERNEL_AVX2
  return (LwVecWide) _mm256_mul_epu32 ((__m256i) a, (__m256i) b);
#elif defined __SSE2__
  return (LwVecWide) _mm_mul_epu32 ((__m128i) a, (__m128i) b);
#else
  return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

/* A bit for each lane that is not 0 (a NaN is something), lane 0's the lowest. */
LW_INLINE uint32_t
lw_vec_used (LwVec v)
{
#if defined LW_KERNEL_AVX512
  return _mm512_cmp_ps_mask ((__m512) v, _mm512_setzero_ps (), _CMP_NEQ_UQ);
#elif defined LW_KERNEL_AVX2
  return (uint32_t) _mm256_movemask_ps (_mm256_cmp_ps ((__m256) v, _mm256_setzero_ps (), _CMP_NEQ_UQ));
#elif defined __SSE2__
  return (uint32_t) _mm_movemask_ps (_mm_cmpneq_ps ((__m128) v, _mm_setzero_ps ()));
#else
  const LwVecInt used = v != (LwVec) { 0 };
  uint32_t       bits = 0;

  for (int i = 0; i < LW_LANES; i++)
    bits |= (uint32_t) (used[i] & 1) << i;
  return bits;
#endif
}

/* Stores n lanes, each in 0..255, as bytes. */
LW_INLINE void
lw_vec_store_bytes (uint8_t *p, int n, LwVecInt v)
{
  uint8_t bytes[LW_LANES];

#if defined LW_KERNEL_AVX2
  const __m128i words = _mm_packs_epi32 (_mm256_castsi256_si128 ((__m256i) v),
                                         _mm256_extracti128_si256 ((__m256i) v, 1));
  const __m128i packed = _mm_packus_epi16 (words, words);

  memcpy (bytes, &packed, sizeof bytes);
#elif !defined LW_KERNEL_AVX512 && defined __SSE2__
  const __m128i words = _mm_packs_epi32 ((__m128i) v, (__m128i) v);
  const __m128i packed = _mm_packus_epi16 (words, words);

  memcpy (bytes, &packed, sizeof bytes);
#else
  const LwVecByte packed = __builtin_convertvector (v, LwVecByte);

  memcpy (bytes, &packed, sizeof bytes);
#endif
  if (n >= LW_LANES)
    memcpy (p, bytes, sizeof bytes);
  else
    for (int i = 0; i < n; i++)
      p[i] = bytes[i];
}
