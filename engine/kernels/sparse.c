#include "engine/kernels/kernels-private.h"

/* Products of a matrix of which most elements are 0: the pixels of handwritten digits are, to four fifths. Each row of
 * the result adds up a row of B for each element that is not, in their order; so the sums are gemm.c's to the bit, but
 * for the zeros that it adds besides. */

/* The used ones of the elements in v, which begin at column c; returns how many. */
LW_INLINE int
take_used (LwVec v, int c, int32_t *columns, float *values)
{
  uint32_t used = lw_vec_used (v);

#if defined LW_KERNEL_AVX512
  if (used != 0)
    {
      const __m512i lanes = _mm512_add_epi32 ((__m512i) lw_vec_lane_numbers (), _mm512_set1_epi32 (c));

      /* Whole vectors: what lies behind is written anew, or slack. */
      _mm512_storeu_si512 (columns, _mm512_maskz_compress_epi32 ((__mmask16) used, lanes));
      _mm512_storeu_ps (values, _mm512_maskz_compress_ps ((__mmask16) used, (__m512) v));
    }
  return __builtin_popcount (used);
#else
  int n = 0;

  for (; used != 0; used &= used - 1, n++)
    {
      const int lane = __builtin_ctz (used);

      columns[n] = c + lane;
      values[n] = v[lane];
    }
  return n;
#endif
}

gboolean
LW_KERNEL (lw_compress) (int rows, int cols, const float *x, int32_t most, int32_t *starts, int32_t *columns,
                         float *values)
{
  int32_t n = 0;

  starts[0] = 0;
  for (int r = 0; r < rows; r++)
    {
      const float *row = x + (gsize) r * cols;
      int          c = 0;

      for (; c + LW_LANES <= cols; c += LW_LANES)
        n += take_used (lw_vec_load (row + c), c, columns + n, values + n);
      if (c < cols)
        n += take_used (lw_vec_load_part (row + c, cols - c), c, columns + n, values + n);
      starts[r + 1] = n;
      if (n > most)
        return FALSE;
    }
  return TRUE;
}

/* NV vectors of all rows of C, the last of `rest` floats; the compiler sees NV as a constant. */
LW_INLINE void
multiply_panel (const LwSparse *a, int n, const float *b, const float *bias, gboolean relu, float *c, int rest,
                const int NV)
{
  for (int r = 0; r < a->rows; r++)
    {
      float *out = c + (gsize) r * n;
      LwVec  sums[8];

      LW_UNROLL
      for (int v = 0; v < NV; v++)
        if (bias == NULL)
          sums[v] = (LwVec) { 0 };
        else
          sums[v] = v < NV - 1 ? lw_vec_load (bias + v * LW_LANES) : lw_vec_load_part (bias + v * LW_LANES, rest);
      for (int32_t i = a->starts[r]; i < a->starts[r + 1]; i++)
        {
          const float *row = b + (gsize) a->columns[i] * n;

          LW_UNROLL
          for (int v = 0; v < NV; v++)
            sums[v] = lw_vec_multiply_add (a->values[i], lw_vec_load (row + v * LW_LANES), sums[v]);
        }
      LW_UNROLL
      for (int v = 0; v < NV; v++)
        {
          const LwVec sum = relu ? lw_vec_relu (sums[v]) : sums[v];

          if (v < NV - 1)
            lw_vec_store (out + v * LW_LANES, sum);
          else
            lw_vec_store_part (out + v * LW_LANES, rest, sum);
        }
    }
}

void
LW_KERNEL (lw_sparse_multiply) (const LwSparse *a, int n, const float *b, const float *bias, gboolean relu,
                                float *c)
{
  for (int column = 0; column < n;)
    {
      const int    left = (n - column + LW_LANES - 1) / LW_LANES;
      const int    vectors = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
      const int    rest = MIN (n - column - (vectors - 1) * LW_LANES, LW_LANES);
      const float *start = bias != NULL ? bias + column : NULL;

      switch (vectors)
        {
        case 8: multiply_panel (a, n, b + column, start, relu, c + column, rest, 8); break;
        case 4: multiply_panel (a, n, b + column, start, relu, c + column, rest, 4); break;
        case 2: multiply_panel (a, n, b + column, start, relu, c + column, rest, 2); break;
        default: multiply_panel (a, n, b + column, start, relu, c + column, rest, 1); break;
        }
      column += vectors * LW_LANES;
    }
}
