/* Sixteen matrix products over the tiles of an image, between the transforms of kernels/winograd.c. */

#include "engine/ops/winograd.h"

/* Tiles that go through at a time: a tile of the matrix kernel's rows, so that sixteen times their channels stay in the
 * nearest caches. */
#define BLOCK 28

/* From so many channels on, in and out, the transforms are outweighed; and from so many outputs on, tiles that reach
 * over the edge and the kernel's transform, which many images share but one must bear alone. */
#define MIN_CHANNELS 16
#define MIN_SIDE     6
#define MIN_OUTPUTS  64

gboolean
lw_winograd_suits (const LwConv2dSize *z)
{
  return z->kh == 3 && z->kw == 3 && z->stride_h == 1 && z->stride_w == 1 && z->dilation_h == 1
         && z->dilation_w == 1 && MIN (z->cin, z->cout) >= MIN_CHANNELS
         && MIN (z->oh, z->ow) >= MIN_SIDE && (gint64) z->oh * z->ow >= MIN_OUTPUTS;
}

static int
count_tiles (const LwWinograd *z)
{
  return (z->oh + 1) / 2 * ((z->ow + 1) / 2);
}

/* Blocks of like size. */
static int
get_block (int n_tiles)
{
  const int n_blocks = (n_tiles + BLOCK - 1) / BLOCK;

  return (n_tiles + n_blocks - 1) / n_blocks;
}

gsize
lw_winograd_get_kernel (int cin, int cout)
{
  return 16 * ((gsize) cin * (gsize) cout + LW_WINOGRAD_GAP);
}

gsize
lw_winograd_get_scratch (const LwWinograd *z)
{
  return (gsize) get_block (count_tiles (z)) * (16 * (gsize) (z->cin + z->cout) + 2 * LW_WINOGRAD_GAP);
}

void
lw_winograd_run (const LwKernels *kernels, const LwWinograd *z, const float *x, const float *u, const float *bias,
                 gboolean relu, float *scratch, float *y)
{
  const int n_tiles = count_tiles (z), block = get_block (n_tiles);
  float    *v = scratch, *m = scratch + (gsize) block * (16 * (gsize) z->cin + LW_WINOGRAD_GAP);

  for (int first = 0; first < n_tiles; first += block)
    {
      const int n = MIN (block, n_tiles - first);

      kernels->winograd_input (z, first, n, x, v);
      kernels->gemm (&(LwGemm) {
        .a_mode = LW_A_STRIDED,
        .start = LW_START_ZERO,
        .rows = 16,
        .m = n,
        .n = z->cout,
        .k = z->cin,
        .a = v,
        .a_row_block = z->cin,
        .a_row_stride = 16 * (ptrdiff_t) z->cin + LW_WINOGRAD_GAP,
        .a_k_stride = 1,
        .b = u,
        .b_row_block = (ptrdiff_t) z->cin * z->cout + LW_WINOGRAD_GAP,
        .b_stride = z->cout,
        .n_segments = 1,
        .c = m,
        .c_row_block = z->cout,
        .c_row_stride = 16 * (ptrdiff_t) z->cout + LW_WINOGRAD_GAP,
      });
      kernels->winograd_output (z, first, n, m, bias, relu, y);
    }
}
