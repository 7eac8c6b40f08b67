#include "engine/kernels/kernels-private.h"

/* The one matrix product behind convolution, its gradients and Dense.
 *
 * A register tile of MR rows by NV vectors of C stays in registers over all segments and all k: in
 * each step NV vectors of B are loaded and MR numbers of A broadcast. Every height up to the
 * register file's limit is instantiated, so that m rows split into tiles that differ by one at most
 * (26 = 13 + 13), and one function runs all tiles of one height. Columns of C go outermost: the
 * panel of B that a tile reads stays in the nearest cache for all rows.
 *
 * This is the one source that fuses multiplications with additions. Tile heights, widths
 * and cache blocks say which elements are computed together, never in which order one element's
 * products are added; storing a partial sum as float and loading it again changes no bit. */

#if LW_VECTOR_REGISTERS == 32
#define MAX_HEIGHT_1 28
#define MAX_HEIGHT_2 14
#else
#define MAX_HEIGHT_1 12
#define MAX_HEIGHT_2 6
#endif

/* The depth of a panel of B that is run through before the next, and the floats of A that ought to
 * stay in the second-level cache while the panels of B pass by. */
#define DEPTH_BLOCK 1024
#define L1_BLOCK 8192
#define A_BLOCK (192 * 1024)

/* Tiles of one height in one panel: for each of `rows`, n_tiles of them downwards. */
typedef struct {
  int              rows, n_tiles, k, n_segments;
  int              columns; /* floats of C in the panel */
  const float     *a, *b, *bias; /* bias is NULL but where a sum starts from it */
  const int32_t   *a_offsets;
  const ptrdiff_t *a_segments, *b_segments;
  ptrdiff_t        a_row_block, a_row_stride, a_k_stride, b_row_block, b_stride, c_row_block, c_row_stride;
  float           *c;
  gboolean         accumulate, relu;
} Panel;

typedef void (*PanelFunc) (const Panel *panel);

/* Keeps the compiler from recomputing x from what it was made of. */
#define OPAQUE(x) __asm__ ("" : "+r"(x))

/* Rows in a group that share one pointer: 0, 1, 2, 3 and 4 strides from it are what an x86 address
 * can say with two registers, the stride and its triple. With one pointer per row, fourteen rows
 * would not fit the sixteen general registers. */
#define GROUP 5
#define MAX_GROUPS ((MAX_HEIGHT_1 + GROUP - 1) / GROUP)

LW_INLINE float *
group_row (char *group, ptrdiff_t stride, ptrdiff_t triple, int row)
{
  return (float *) (row == 3 ? group + triple : group + row * stride);
}

/* The first of each group among MR rows that are `stride` bytes apart. OPAQUE makes the compiler form these
 * addresses here, and not all MR of them ahead of a loop. */
LW_INLINE void
find_groups (const float *row, ptrdiff_t stride, const int MR, char **groups)
{
  LW_UNROLL
  for (int i = 0; i < (MR + GROUP - 1) / GROUP; i++)
    {
      groups[i] = (char *) row + i * GROUP * stride;
      OPAQUE (groups[i]);
    }
}

/* n floats, the others zero; n >= LW_LANES means a whole vector. */
LW_INLINE LwVec
load_columns (const float *p, int n)
{
  return n >= LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n);
}

/* One tile of MR rows by NV vectors, in registers; where NV is 1 the second vector of each row vanishes. */
typedef struct {
  LwVec sums_0[MAX_HEIGHT_1], sums_1[MAX_HEIGHT_1];
} Tile;

/* From C, `whole` vectors or the columns that there are. */
LW_INLINE void
load_tile (Tile *tile, const float *c, ptrdiff_t stride, ptrdiff_t triple, int n_0, int n_1,
           const gboolean whole, const int NV, const int MR)
{
  char *groups[MAX_GROUPS];

  find_groups (c, stride, MR, groups);
  LW_UNROLL
  for (int m = 0; m < MR; m++)
    {
      const float *row = group_row (groups[m / GROUP], stride, triple, m % GROUP);

      tile->sums_0[m] = NV == 2 || whole ? lw_vec_load (row) : lw_vec_load_part (row, n_0);
      if (NV == 2)
        tile->sums_1[m] = whole ? lw_vec_load (row + LW_LANES) : lw_vec_load_part (row + LW_LANES, n_1);
    }
}

LW_INLINE void
store_tile (const Tile *tile, float *c, ptrdiff_t stride, ptrdiff_t triple, int n_0, int n_1,
            const gboolean whole, gboolean relu, const int NV, const int MR)
{
  char *groups[MAX_GROUPS];

  find_groups (c, stride, MR, groups);
  LW_UNROLL
  for (int m = 0; m < MR; m++)
    {
      float      *row = group_row (groups[m / GROUP], stride, triple, m % GROUP);
      const LwVec v_0 = relu ? lw_vec_relu (tile->sums_0[m]) : tile->sums_0[m];
      const LwVec v_1 = NV == 2 && relu ? lw_vec_relu (tile->sums_1[m]) : tile->sums_1[m];

      if (NV == 2 || whole)
        lw_vec_store (row, v_0);
      else
        lw_vec_store_part (row, n_0, v_0);
      if (NV == 2 && whole)
        lw_vec_store (row + LW_LANES, v_1);
      else if (NV == 2)
        lw_vec_store_part (row + LW_LANES, n_1, v_1);
    }
}

/* Where the next numbers of A are. */
typedef struct {
  char          *groups[MAX_GROUPS]; /* LW_A_STRIDED: of rows */
  ptrdiff_t      stride, triple;
  const float   *a; /* otherwise, with the rows' offsets for LW_A_OFFSETS */
  ptrdiff_t      offsets[MAX_HEIGHT_1];
} Reader;

/* Adds the products of the number of A that is `ahead` bytes on in each row, and of B's row b. */
LW_INLINE void
add_products (Tile *tile, const Reader *reader, ptrdiff_t ahead, const float *b, const LwGemmA mode,
              const int NV, const int MR)
{
  const LwVec b_0 = lw_vec_load (b);
  const LwVec b_1 = NV == 2 ? lw_vec_load (b + LW_LANES) : b_0;

  LW_UNROLL
  for (int m = 0; m < MR; m++)
    {
      float a_mk;

      if (mode == LW_A_STRIDED)
        a_mk = *group_row (reader->groups[m / GROUP] + ahead, reader->stride, reader->triple, m % GROUP);
      else if (mode == LW_A_CONTIGUOUS)
        a_mk = reader->a[m];
      else
        a_mk = reader->a[reader->offsets[m]];
      tile->sums_0[m] = lw_vec_multiply_add (a_mk, b_0, tile->sums_0[m]);
      if (NV == 2)
        tile->sums_1[m] = lw_vec_multiply_add (a_mk, b_1, tile->sums_1[m]);
    }
}

/* The products of the next `n` numbers of A in each row. */
LW_INLINE void
add_steps (Tile *tile, Reader *reader, const float **b, ptrdiff_t a_k_stride, ptrdiff_t b_stride, const int n,
           const LwGemmA mode, const int NV, const int MR)
{
  LW_UNROLL
  for (int u = 0; u < n; u++)
    {
      add_products (tile, reader, u * (ptrdiff_t) sizeof (float), *b, mode, NV, MR);
      *b += b_stride;
      if (mode != LW_A_STRIDED)
        reader->a += a_k_stride;
    }
  LW_UNROLL
  for (int i = 0; i < (MR + GROUP - 1) / GROUP; i++)
    if (mode == LW_A_STRIDED)
      reader->groups[i] += n * (ptrdiff_t) sizeof (float);
}

/* All products of one segment, in the order of k. */
LW_INLINE void
add_segment (Tile *tile, Reader *reader, const float *b, int depth, ptrdiff_t a_k_stride, ptrdiff_t b_stride,
             const LwGemmA mode, const int NV, const int MR)
{
  int k = depth;

  if (mode == LW_A_OFFSETS || LW_VECTOR_REGISTERS < 32)
    {
      for (; k > 0; k--)
        add_steps (tile, reader, &b, a_k_stride, b_stride, 1, mode, NV, MR);
      return;
    }
  for (; k >= 4; k -= 4)
    add_steps (tile, reader, &b, a_k_stride, b_stride, 4, mode, NV, MR);
  if (k & 2)
    add_steps (tile, reader, &b, a_k_stride, b_stride, 2, mode, NV, MR);
  if (k & 1)
    add_steps (tile, reader, &b, a_k_stride, b_stride, 1, mode, NV, MR);
}

/* All tiles of MR rows by NV vectors. The compiler sees mode, NV and MR as constants, unrolls the
 * loops over m and keeps the tile in registers. */
LW_INLINE void
run_panel (const Panel *panel, const LwGemmA mode, const int NV, const int MR)
{
  const int       n_0 = NV == 1 ? panel->columns : LW_LANES; /* columns in the first vector, */
  const int       n_1 = panel->columns - LW_LANES;           /* and in the second */
  const gboolean  whole = (NV == 1 ? n_0 : n_1) >= LW_LANES;
  const int       depth = panel->k, n_segments = panel->n_segments;
  const ptrdiff_t a_row_stride = panel->a_row_stride, a_k_stride = panel->a_k_stride;
  const ptrdiff_t b_stride = panel->b_stride, c_row_stride = panel->c_row_stride;
  ptrdiff_t       stride = c_row_stride * (ptrdiff_t) sizeof (float), triple = 3 * stride;
  Reader          reader = { .stride = a_row_stride * (ptrdiff_t) sizeof (float) };

  reader.triple = 3 * reader.stride;
  OPAQUE (reader.stride);
  OPAQUE (reader.triple);
  OPAQUE (stride);
  OPAQUE (triple);

  for (int r = 0; r < panel->rows; r++)
    for (int t = 0; t < panel->n_tiles; t++)
      {
        const float *a_tile = panel->a + r * panel->a_row_block;
        const float *b_row = panel->b + r * panel->b_row_block;
        float       *c_tile = panel->c + r * panel->c_row_block + t * MR * c_row_stride;
        Tile         tile;

        if (mode == LW_A_STRIDED)
          a_tile += t * MR * a_row_stride;
        else if (mode == LW_A_CONTIGUOUS)
          a_tile += t * MR;
        else
          {
            LW_UNROLL
            for (int m = 0; m < MR; m++)
              reader.offsets[m] = panel->a_offsets[t * MR + m];
          }

        if (!panel->accumulate)
          {
            LwVec start_0 = { 0 }, start_1 = { 0 };

            if (panel->bias != NULL)
              {
                start_0 = load_columns (panel->bias, n_0);
                if (NV == 2)
                  start_1 = load_columns (panel->bias + LW_LANES, n_1);
              }
            LW_UNROLL
            for (int m = 0; m < MR; m++)
              {
                tile.sums_0[m] = start_0;
                tile.sums_1[m] = start_1;
              }
          }
        else if (G_LIKELY (whole))
          load_tile (&tile, c_tile, stride, triple, n_0, n_1, TRUE, NV, MR);
        else
          load_tile (&tile, c_tile, stride, triple, n_0, n_1, FALSE, NV, MR);

        for (int g = 0; g < n_segments; g++)
          {
            reader.a = a_tile + panel->a_segments[g];
            if (mode == LW_A_STRIDED)
              find_groups (reader.a, reader.stride, MR, reader.groups);
            add_segment (&tile, &reader, b_row + panel->b_segments[g], depth, a_k_stride, b_stride, mode, NV, MR);
          }

        if (G_LIKELY (whole))
          store_tile (&tile, c_tile, stride, triple, n_0, n_1, TRUE, panel->relu, NV, MR);
        else
          store_tile (&tile, c_tile, stride, triple, n_0, n_1, FALSE, panel->relu, NV, MR);
      }
}

#define FOR_HEIGHTS_1_TO_6(X, ...)                                                                 \
  X (1, __VA_ARGS__) X (2, __VA_ARGS__) X (3, __VA_ARGS__) X (4, __VA_ARGS__) X (5, __VA_ARGS__)   \
  X (6, __VA_ARGS__)
#define FOR_HEIGHTS_7_TO_12(X, ...)                                                                \
  X (7, __VA_ARGS__) X (8, __VA_ARGS__) X (9, __VA_ARGS__) X (10, __VA_ARGS__)                     \
  X (11, __VA_ARGS__) X (12, __VA_ARGS__)
#define FOR_HEIGHTS_13_TO_14(X, ...) X (13, __VA_ARGS__) X (14, __VA_ARGS__)
#define FOR_HEIGHTS_15_TO_28(X, ...)                                                               \
  X (15, __VA_ARGS__) X (16, __VA_ARGS__) X (17, __VA_ARGS__) X (18, __VA_ARGS__)                  \
  X (19, __VA_ARGS__) X (20, __VA_ARGS__) X (21, __VA_ARGS__) X (22, __VA_ARGS__)                  \
  X (23, __VA_ARGS__) X (24, __VA_ARGS__) X (25, __VA_ARGS__) X (26, __VA_ARGS__)                  \
  X (27, __VA_ARGS__) X (28, __VA_ARGS__)

#if LW_VECTOR_REGISTERS == 32
#define FOR_HEIGHTS_2(X, ...)                                                                      \
  FOR_HEIGHTS_1_TO_6 (X, __VA_ARGS__)                                                              \
  FOR_HEIGHTS_7_TO_12 (X, __VA_ARGS__)                                                             \
  FOR_HEIGHTS_13_TO_14 (X, __VA_ARGS__)
#define FOR_HEIGHTS_1(X, ...) FOR_HEIGHTS_2 (X, __VA_ARGS__) FOR_HEIGHTS_15_TO_28 (X, __VA_ARGS__)
#else
#define FOR_HEIGHTS_1(X, ...)                                                                      \
  FOR_HEIGHTS_1_TO_6 (X, __VA_ARGS__)                                                              \
  FOR_HEIGHTS_7_TO_12 (X, __VA_ARGS__)
#define FOR_HEIGHTS_2 FOR_HEIGHTS_1_TO_6
#endif

#define DEFINE_PANEL(MR, NV, mode)                                                                 \
  static __attribute__ ((noinline)) void panel_##NV##_##MR##_##mode (const Panel *panel)           \
  {                                                                                                \
    run_panel (panel, mode, NV, MR);                                                               \
  }
#define NAME_PANEL(MR, NV, mode) panel_##NV##_##MR##_##mode,

FOR_HEIGHTS_1 (DEFINE_PANEL, 1, LW_A_STRIDED)
FOR_HEIGHTS_1 (DEFINE_PANEL, 1, LW_A_CONTIGUOUS)
FOR_HEIGHTS_1 (DEFINE_PANEL, 1, LW_A_OFFSETS)
FOR_HEIGHTS_2 (DEFINE_PANEL, 2, LW_A_STRIDED)
FOR_HEIGHTS_2 (DEFINE_PANEL, 2, LW_A_CONTIGUOUS)
FOR_HEIGHTS_2 (DEFINE_PANEL, 2, LW_A_OFFSETS)

static const PanelFunc panels_1[3][MAX_HEIGHT_1] = {
  [LW_A_STRIDED] = { FOR_HEIGHTS_1 (NAME_PANEL, 1, LW_A_STRIDED) },
  [LW_A_CONTIGUOUS] = { FOR_HEIGHTS_1 (NAME_PANEL, 1, LW_A_CONTIGUOUS) },
  [LW_A_OFFSETS] = { FOR_HEIGHTS_1 (NAME_PANEL, 1, LW_A_OFFSETS) },
};
static const PanelFunc panels_2[3][MAX_HEIGHT_2] = {
  [LW_A_STRIDED] = { FOR_HEIGHTS_2 (NAME_PANEL, 2, LW_A_STRIDED) },
  [LW_A_CONTIGUOUS] = { FOR_HEIGHTS_2 (NAME_PANEL, 2, LW_A_CONTIGUOUS) },
  [LW_A_OFFSETS] = { FOR_HEIGHTS_2 (NAME_PANEL, 2, LW_A_OFFSETS) },
};

/* Moves the panel's A and C down by m rows. */
static void
skip_rows (Panel *panel, LwGemmA mode, int m)
{
  if (mode == LW_A_STRIDED)
    panel->a += m * panel->a_row_stride;
  else if (mode == LW_A_CONTIGUOUS)
    panel->a += m;
  else
    panel->a_offsets += m;
  panel->c += m * panel->c_row_stride;
}

/* All n columns for `rows` × m rows of C and a stretch of the depth: panel says which. */
static void
run_columns (Panel panel, LwGemmA mode, int m, int n)
{
  for (int column = 0; column < n;)
    {
      const gboolean   wide = n - column > LW_LANES;
      const int        columns = MIN (n - column, wide ? 2 * LW_LANES : LW_LANES);
      const int        max_height = wide ? MAX_HEIGHT_2 : MAX_HEIGHT_1;
      const int        n_tiles = (m + max_height - 1) / max_height;
      const int        height = m / n_tiles;
      const int        n_higher = m - height * n_tiles;
      const PanelFunc *functions = wide ? panels_2[mode] : panels_1[mode];
      Panel            tiles = panel;

      tiles.columns = columns;
      tiles.b += column;
      tiles.c += column;
      if (tiles.bias != NULL)
        tiles.bias += column;

      if (n_higher > 0)
        {
          tiles.n_tiles = n_higher;
          functions[height] (&tiles);
          skip_rows (&tiles, mode, n_higher * (height + 1));
        }
      tiles.n_tiles = n_tiles - n_higher;
      functions[height - 1] (&tiles);

      column += columns;
    }
}

/* The largest part when n is cut evenly into the fewest parts of at most `limit`: 1600 by 1024 runs
 * as 800 + 800. */
static int
even_part (int n, int limit)
{
  const int parts = (n + limit - 1) / limit;

  return (n + parts - 1) / parts;
}

void
LW_KERNEL (lw_gemm) (const LwGemm *gemm)
{
  static const ptrdiff_t no_segments[1] = { 0 };

  const LwGemmA mode = gemm->a_mode;
  const int     rows = gemm->rows, m = gemm->m, n = gemm->n;
  const int     n_segments = gemm->n_segments, k = gemm->k;
  const gsize   depth = (gsize) n_segments * k;
  int           segments_at_once = MAX (n_segments, 1), k_at_once = MAX (k, 1);
  int           rows_at_once = rows, m_at_once = m;

  if (rows <= 0 || m <= 0 || n <= 0)
    return;

  /* One tile has nothing to come back for. */
  if ((gsize) rows * m > MAX_HEIGHT_1)
    {
      if (k > DEPTH_BLOCK)
        k_at_once = even_part (k, DEPTH_BLOCK);
      if (mode != LW_A_STRIDED && n_segments > 1)
        {
          /* Each tile of a weight gradient walks over the same stretch of A and of B. */
          const gsize floats = k * (MIN (gemm->a_k_stride, m) + MIN (n, 2 * LW_LANES));

          segments_at_once = even_part (n_segments, (int) CLAMP (L1_BLOCK / MAX (floats, 1), 1,
                                                                 (gsize) n_segments));
        }
      else if (depth > DEPTH_BLOCK)
        segments_at_once = even_part (n_segments, CLAMP (DEPTH_BLOCK / MAX (k, 1), 1, n_segments));
    }
  if (n > 2 * LW_LANES)
    {
      const gsize a_rows = MAX (A_BLOCK / MAX ((gsize) segments_at_once * k_at_once, 1), 1);

      if (rows > 1)
        rows_at_once = (int) CLAMP (a_rows / m, 1, (gsize) rows);
      else if ((gsize) m > a_rows)
        m_at_once = (int) MAX (a_rows / MAX_HEIGHT_2, 4) * MAX_HEIGHT_2;
    }

  /* An empty sum (no segments, k = 0) still writes its start: the loops run once. */
  for (int g = 0; g == 0 || g < n_segments; g += segments_at_once)
    for (int k_begin = 0; k_begin == 0 || k_begin < k; k_begin += k_at_once)
      for (int r = 0; r < rows; r += rows_at_once)
        for (int m_begin = 0; m_begin < m; m_begin += m_at_once)
          {
            const gboolean first = g == 0 && k_begin == 0;
            const gboolean last = g + segments_at_once >= n_segments && k_begin + k_at_once >= k;
            Panel          panel = {
                       .rows = MIN (rows_at_once, rows - r),
                       .k = MIN (k_at_once, k - k_begin),
                       .n_segments = MIN (segments_at_once, n_segments - g),
                       .a = gemm->a + r * gemm->a_row_block
                            + k_begin * (mode == LW_A_STRIDED ? 1 : gemm->a_k_stride),
                       .b = gemm->b + r * gemm->b_row_block + k_begin * gemm->b_stride,
                       .bias = first && gemm->start == LW_START_BIAS ? gemm->bias : NULL,
                       .a_offsets = gemm->a_offsets,
                       .a_segments = gemm->a_segments != NULL ? gemm->a_segments + g : no_segments,
                       .b_segments = gemm->b_segments != NULL ? gemm->b_segments + g : no_segments,
                       .a_row_block = gemm->a_row_block,
                       .a_row_stride = gemm->a_row_stride,
                       .a_k_stride = gemm->a_k_stride,
                       .b_row_block = gemm->b_row_block,
                       .b_stride = gemm->b_stride,
                       .c_row_block = gemm->c_row_block,
                       .c_row_stride = gemm->c_row_stride,
                       .c = gemm->c + r * gemm->c_row_block,
                       .accumulate = !first || gemm->start == LW_START_ACCUMULATE,
                       .relu = last && gemm->relu,
            };

            skip_rows (&panel, mode, m_begin);
            run_columns (panel, mode, MIN (m_at_once, m - m_begin), n);
          }
}
