#include "engine/kernels/kernels-private.h"

/* Winograd's minimal filtering F(2×2, 3×3): four outputs of a 3×3 convolution from sixteen products instead of
 * thirty-six. Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, equations 10 to 12:
 *
 *   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
 *
 *        1   0   0           1  0 -1  0
 *   G =  ½   ½   ½     Bᵀ =  0  1  1  0     Aᵀ = 1  1  1  0
 *        ½  -½   ½           0 -1  1  0          0  1 -1 -1
 *        0   0   1           0  1  0 -1
 *
 * with g a kernel, d a patch of 4×4 pixels and ⊙ a product for each of the sixteen places, which over all channels,
 * filters and patches is sixteen matrix products: gemm.c's work. Here are the transforms around it, sums of lanes
 * that each hold a channel of their own. */

/* Column j of Bᵀ d, from the patch's four pixels in that column. */
LW_INLINE void
transform_column (const LwVec d[4], LwVec t[4])
{
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}

/* n channels of one patch; `x` is its first pixel, of which the rows first_row … end_row - 1 and the columns likewise
 * lie in the image. */
LW_INLINE void
transform_patch (const float *x, ptrdiff_t row, ptrdiff_t pixel, int first_row, int end_row, int first_column,
                 int end_column, int n, float *v, ptrdiff_t place)
{
  LwVec t[4][4];

  LW_UNROLL
  for (int j = 0; j < 4; j++)
    {
      LwVec d[4];

      LW_UNROLL
      for (int i = 0; i < 4; i++)
        {
          const float *p = x + i * row + j * pixel;

          if (i < first_row || i >= end_row || j < first_column || j >= end_column)
            d[i] = (LwVec) { 0 };
          else
            d[i] = n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n);
        }
      transform_column (d, t[j]);
    }
  LW_UNROLL
  for (int i = 0; i < 4; i++)
    {
      const LwVec row_i[4] = { t[0][i], t[1][i], t[2][i], t[3][i] };
      LwVec       out[4];

      transform_column (row_i, out);
      LW_UNROLL
      for (int j = 0; j < 4; j++)
        {
          float *p = v + (i * 4 + j) * place;

          if (n == LW_LANES)
            lw_vec_store (p, out[j]);
          else
            lw_vec_store_part (p, n, out[j]);
        }
    }
}

LW_INLINE void
next_tile (int per_row, int *tile_row, int *tile_column)
{
  if (++*tile_column < per_row)
    return;
  *tile_column = 0;
  ++*tile_row;
}

void
LW_KERNEL (lw_winograd_input) (const LwWinograd *z, int first, int n, const float *x, float *v)
{
  const int       per_row = (z->ow + 1) / 2;
  const ptrdiff_t row = (ptrdiff_t) z->w * z->cin, place = z->cin;

  int             tile_row = first / per_row, tile_column = first % per_row;

  for (int tile = 0; tile < n; tile++)
    {
      const int      top = tile_row * 2 - z->pad_top, left = tile_column * 2 - z->pad_left;
      const int      first_row = MAX (-top, 0), end_row = MIN (z->h - top, 4);
      const int      first_column = MAX (-left, 0), end_column = MIN (z->w - left, 4);
      const gboolean inside = first_row == 0 && end_row == 4 && first_column == 0 && end_column == 4;

      for (int c = 0; c < z->cin; c += LW_LANES)
        {
          const float *p = x + top * row + (ptrdiff_t) left * z->cin + c;
          float       *out = v + tile * (16 * (ptrdiff_t) z->cin + LW_WINOGRAD_GAP) + c;

          if (G_LIKELY (inside && z->cin - c >= LW_LANES))
            transform_patch (p, row, z->cin, 0, 4, 0, 4, LW_LANES, out, place);
          else
            transform_patch (p, row, z->cin, first_row, end_row, first_column, end_column,
                             MIN (z->cin - c, LW_LANES), out, place);
        }
      next_tile (per_row, &tile_row, &tile_column);
    }
}

LW_INLINE void
put (float *p, int n, LwVec v, gboolean relu)
{
  const LwVec clamped = relu ? lw_vec_relu (v) : v;

  if (n == LW_LANES)
    lw_vec_store (p, clamped);
  else
    lw_vec_store_part (p, n, clamped);
}

/* n filters of one tile: `y` is its first pixel, of which there are `rows` by `columns`. */
LW_INLINE void
transform_products (const float *m, ptrdiff_t place, int n, LwVec bias, gboolean relu, float *y, ptrdiff_t row,
                    ptrdiff_t pixel, int rows, int columns)
{
  LwVec s[2][4], out[2][2];

  LW_UNROLL
  for (int j = 0; j < 4; j++)
    {
      LwVec p[4];

      LW_UNROLL
      for (int i = 0; i < 4; i++)
        p[i] = n == LW_LANES ? lw_vec_load (m + (i * 4 + j) * place)
                             : lw_vec_load_part (m + (i * 4 + j) * place, n);
      s[0][j] = p[0] + p[1] + p[2];
      s[1][j] = p[1] - p[2] - p[3];
    }
  LW_UNROLL
  for (int i = 0; i < 2; i++)
    {
      out[i][0] = s[i][0] + s[i][1] + s[i][2] + bias;
      out[i][1] = s[i][1] - s[i][2] - s[i][3] + bias;
    }
  put (y, n, out[0][0], relu);
  if (columns > 1)
    put (y + pixel, n, out[0][1], relu);
  if (rows > 1)
    put (y + row, n, out[1][0], relu);
  if (rows > 1 && columns > 1)
    put (y + row + pixel, n, out[1][1], relu);
}

void
LW_KERNEL (lw_winograd_output) (const LwWinograd *z, int first, int n, const float *m, const float *bias,
                                gboolean relu, float *y)
{
  const int       per_row = (z->ow + 1) / 2;
  const ptrdiff_t row = (ptrdiff_t) z->ow * z->cout, place = z->cout;

  int             tile_row = first / per_row, tile_column = first % per_row;

  for (int tile = 0; tile < n; tile++)
    {
      const int top = tile_row * 2, left = tile_column * 2;
      const int rows = MIN (z->oh - top, 2), columns = MIN (z->ow - left, 2);

      for (int c = 0; c < z->cout; c += LW_LANES)
        {
          const int    lanes = MIN (z->cout - c, LW_LANES);
          const float *p = m + tile * (16 * (ptrdiff_t) z->cout + LW_WINOGRAD_GAP) + c;
          float       *out = y + top * row + (ptrdiff_t) left * z->cout + c;
          LwVec        start = { 0 };

          if (bias != NULL)
            start = lanes == LW_LANES ? lw_vec_load (bias + c) : lw_vec_load_part (bias + c, lanes);
          if (G_LIKELY (lanes == LW_LANES && rows == 2 && columns == 2))
            transform_products (p, place, LW_LANES, start, relu, out, row, z->cout, 2, 2);
          else
            transform_products (p, place, lanes, start, relu, out, row, z->cout, rows, columns);
        }
      next_tile (per_row, &tile_row, &tile_column);
    }
}

/* n of one cell's products of input and output channels. */
LW_INLINE void
transform_kernel (const float *g, ptrdiff_t cell, gboolean turned, int n, float *u, ptrdiff_t place)
{
  LwVec t[4][3];

  LW_UNROLL
  for (int b = 0; b < 3; b++)
    {
      LwVec p[3];

      LW_UNROLL
      for (int a = 0; a < 3; a++)
        {
          const float *from = g + (turned ? 8 - (a * 3 + b) : a * 3 + b) * cell;

          p[a] = n == LW_LANES ? lw_vec_load (from) : lw_vec_load_part (from, n);
        }
      t[0][b] = p[0];
      t[1][b] = ((p[0] + p[2]) + p[1]) * 0.5f;
      t[2][b] = ((p[0] + p[2]) - p[1]) * 0.5f;
      t[3][b] = p[2];
    }
  LW_UNROLL
  for (int a = 0; a < 4; a++)
    {
      const LwVec out[4] = { t[a][0], ((t[a][0] + t[a][2]) + t[a][1]) * 0.5f,
                             ((t[a][0] + t[a][2]) - t[a][1]) * 0.5f, t[a][2] };

      LW_UNROLL
      for (int b = 0; b < 4; b++)
        if (n == LW_LANES)
          lw_vec_store (u + (4 * a + b) * place, out[b]);
        else
          lw_vec_store_part (u + (4 * a + b) * place, n, out[b]);
    }
}

void
LW_KERNEL (lw_winograd_kernel) (gsize n, gboolean turned, const float *g, float *u)
{
  const ptrdiff_t place = (ptrdiff_t) n + LW_WINOGRAD_GAP;
  gsize           i = 0;

  for (; i + LW_LANES <= n; i += LW_LANES)
    transform_kernel (g + i, (ptrdiff_t) n, turned, LW_LANES, u + i, place);
  if (i < n)
    transform_kernel (g + i, (ptrdiff_t) n, turned, (int) (n - i), u + i, place);
}
