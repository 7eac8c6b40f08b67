/* Two-dimensional convolution with bias and relu fused in, and its gradients, on the one matrix kernel.
 *
 * With NHWC images and HWIO kernels the kw·cin inputs under one kernel row are contiguous, and the
 * next output pixel's begin stride·cin further on: a convolution is a sum over kernel rows of matrix
 * products whose A rows overlap, and needs no unfolding. The data gradient adds the upstream gradient's
 * rows, multiplied by the kernel's cells transposed, to where each kernel column read from: rows of C that
 * are stride·cin apart. The weight gradient reads the image transposed. Images are independent, so they
 * are shared out among threads; the weight gradient's sums are taken over at most N_PARTS fixed parts of
 * the batch, which are joined in order.
 *
 * Left out on purpose: groups, channels-first layout. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"
#include "engine/ops/winograd.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define N_PARTS 8

/* A part has this many images at least, as far as there are any: so few are not worth a sum of their own,
 * and a larger batch's part that one thread works on is one of these. Unless one image alone is much work:
 * so many multiplications. */
#define PART_IMAGES 4
#define MUCH_WORK   (1 << 25)

/* Below this many inputs per kernel row the weight gradient takes all kernel rows as one tile. */
#define FEW_INPUTS 12

typedef struct {
  LwConv2d     conv;
  LwActivation activation;
  gboolean     has_bias;
  LwConv2dSize size;
} Attributes;

/* The image as the kernel wants it: itself, or a copy with the padding around it. */
typedef struct {
  int      height, width;
  gboolean copied;
} Padded;

/* Segments of one kernel: a whole row if it is contiguous, else each of its cells. */
typedef struct {
  int        n, k;
  ptrdiff_t *a, *b;
} Segments;

gint64
lw_window_output (gint64 n, gint64 window, gint64 stride, gint64 dilation, LwPadding padding,
                  gint64 *pad_before)
{
  gint64 reach = (window - 1) * dilation + 1;
  gint64 output, total;

  if (padding == LW_PADDING_VALID)
    {
      *pad_before = 0;
      return n < reach ? 0 : (n - reach) / stride + 1;
    }
  output = (n + stride - 1) / stride;
  total = MAX ((output - 1) * stride + reach - n, 0);
  *pad_before = total / 2;
  return output;
}

static Padded
padded_size (const LwConv2dSize *z)
{
  Padded padded = { (z->oh - 1) * z->stride_h + (z->kh - 1) * z->dilation_h + 1,
                    (z->ow - 1) * z->stride_w + (z->kw - 1) * z->dilation_w + 1, TRUE };

  if (z->pad_top == 0 && z->pad_left == 0 && padded.height <= z->h && padded.width <= z->w)
    padded = (Padded) { z->h, z->w, FALSE };
  return padded;
}

/* Lays the image into the middle of `out`, whose border is zero already. */
static void
pad_image (const LwConv2dSize *z, const Padded *padded, const float *image, float *out)
{
  int rows = MIN (z->h, padded->height - z->pad_top);
  int columns = MIN (z->w, padded->width - z->pad_left);

  for (int row = 0; row < rows; row++)
    memcpy (out + ((gsize) (row + z->pad_top) * (gsize) padded->width + (gsize) z->pad_left) * (gsize) z->cin,
            image + (gsize) row * (gsize) (z->w * z->cin), (gsize) columns * (gsize) z->cin * sizeof (float));
}

/* Zeros, or NULL when memory is out. */
static float *
new_scratch (LwDevice *device, gsize n)
{
  float *scratch = lw_pool_alloc (device->pool, n * sizeof (float));

  if (scratch != NULL)
    memset (scratch, 0, n * sizeof (float));
  return scratch;
}

/* What threads take as they go, so many floats each at most three times, is there before they begin. */
static void
reserve_scratch (LwDevice *device, int n_chunks, guint n, const gsize *floats)
{
  const int n_threads = MIN (lw_device_get_n_threads (device), n_chunks);
  gsize     sizes[3];
  guint     n_sizes = 0;

  for (guint i = 0; i < n; i++)
    if (floats[i] > 0)
      sizes[n_sizes++] = floats[i] * sizeof (float);
  if (n_threads > 1 && n_sizes > 0)
    lw_pool_reserve (device->pool, n_sizes, sizes, (guint) n_threads);
}

static void
fail_for_memory (LwScope *s, const LwConv2dSize *z)
{
  g_autofree char *image = lw_shape_to_string (&LW_SHAPE (z->h, z->w, z->cin));

  lw_scope_fail (s, LW_ERROR_VALUE,
                 _("There is not enough memory for conv2d on images of %s; use a smaller batch, fewer "
                   "filters or less dilation"), image);
}

/* A kernel of kh × kw cells of `depth` floats, on an image `width` pixels wide; B has `n` columns. */
static Segments
segments_new (const LwConv2dSize *z, int depth, int width, int n)
{
  gboolean whole_rows = z->dilation_w == 1;
  Segments segments = { whole_rows ? z->kh : z->kh * z->kw, whole_rows ? z->kw * depth : depth,
                        g_new (ptrdiff_t, z->kh * z->kw), g_new (ptrdiff_t, z->kh * z->kw) };

  for (int i = 0; i < segments.n; i++)
    {
      int ky = whole_rows ? i : i / z->kw;
      int kx = whole_rows ? 0 : i % z->kw;

      segments.a[i] = ((ptrdiff_t) ky * z->dilation_h * width + (ptrdiff_t) kx * z->dilation_w) * depth;
      segments.b[i] = (ptrdiff_t) i * segments.k * n;
    }
  return segments;
}

static void
segments_clear (Segments *segments)
{
  g_free (segments->a);
  g_free (segments->b);
}

/* -- forward -- */

typedef struct {
  LwDevice           *device;
  const LwConv2dSize *z;
  Padded              padded;
  LwGemm              gemm;
  const float        *x;
  float              *y;
  gint                out_of_memory; /* atomic: any thread may find it so */
} Forward;

static void
forward_image (gpointer data, int image)
{
  Forward            *forward = data;
  const LwConv2dSize *z = forward->z;
  LwGemm              gemm = forward->gemm;
  float              *scratch = NULL;

  gemm.a = forward->x + (gsize) image * (gsize) z->h * (gsize) z->w * (gsize) z->cin;
  gemm.c = forward->y + (gsize) image * (gsize) z->oh * (gsize) z->ow * (gsize) z->cout;
  if (forward->padded.copied)
    {
      scratch = new_scratch (forward->device, (gsize) forward->padded.height
                                                  * (gsize) forward->padded.width * (gsize) z->cin);
      if (scratch == NULL)
        {
          g_atomic_int_set (&forward->out_of_memory, TRUE);
          return;
        }
      pad_image (z, &forward->padded, gemm.a, scratch);
      gemm.a = scratch;
    }
  forward->device->kernels->gemm (&gemm);
  lw_pool_free (scratch);
}

/* -- forward, by Winograd's way -- */

typedef struct {
  LwDevice    *device;
  LwWinograd   size;
  gsize        image_x, image_y, n_scratch; /* floats */
  const float *x, *u, *bias;
  gboolean     relu;
  float       *y;
  gint         out_of_memory; /* atomic */
} Winograd;

static void
winograd_image (gpointer data, int image)
{
  Winograd *winograd = data;
  float    *scratch = lw_pool_alloc (winograd->device->pool, winograd->n_scratch * sizeof (float));

  if (scratch != NULL)
    lw_winograd_run (winograd->device->kernels, &winograd->size, winograd->x + (gsize) image * winograd->image_x,
                     winograd->u, winograd->bias, winograd->relu, scratch,
                     winograd->y + (gsize) image * winograd->image_y);
  else
    g_atomic_int_set (&winograd->out_of_memory, TRUE);
  lw_pool_free (scratch);
}

static void
winograd_forward_f32 (LwScope *s, const LwConv2dSize *z, const float *x, const float *kernel, const float *bias,
                      gboolean relu, float *y)
{
  LwDevice *device = lw_scope_get_device (s);
  float    *u = lw_pool_alloc (device->pool, lw_winograd_get_kernel (z->cin, z->cout) * sizeof (float));
  Winograd  winograd = { device, { z->h, z->w, z->cin, z->oh, z->ow, z->cout, z->pad_top, z->pad_left },
                         (gsize) z->h * (gsize) z->w * (gsize) z->cin,
                         (gsize) z->oh * (gsize) z->ow * (gsize) z->cout, 0, x, u, bias, relu, y, u == NULL };

  if (u != NULL)
    {
      device->kernels->winograd_kernel ((gsize) z->cin * (gsize) z->cout, FALSE, kernel, u);
      winograd.n_scratch = lw_winograd_get_scratch (&winograd.size);
      reserve_scratch (device, z->n, 1, &winograd.n_scratch);
      lw_device_run (device, z->n, winograd_image, &winograd);
    }
  if (g_atomic_int_get (&winograd.out_of_memory))
    fail_for_memory (s, z);
  lw_pool_free (u);
}

static void
forward_f32 (LwScope *s, const LwConv2dSize *z, const float *x, const float *kernel, const float *bias,
             gboolean relu, float *y)
{
  Forward  forward = { lw_scope_get_device (s), z, padded_size (z), .x = x, .y = y };
  Segments segments = segments_new (z, z->cin, forward.padded.width, z->cout);

  forward.gemm = (LwGemm) {
    .a_mode = LW_A_STRIDED,
    .start = bias != NULL ? LW_START_BIAS : LW_START_ZERO,
    .relu = relu,
    .rows = z->oh,
    .m = z->ow,
    .n = z->cout,
    .k = segments.k,
    .a_row_block = (ptrdiff_t) z->stride_h * forward.padded.width * z->cin,
    .a_row_stride = (ptrdiff_t) z->stride_w * z->cin,
    .a_k_stride = 1,
    .b = kernel,
    .b_stride = z->cout,
    .n_segments = segments.n,
    .a_segments = segments.a,
    .b_segments = segments.b,
    .bias = bias,
    .c_row_block = (ptrdiff_t) z->ow * z->cout,
    .c_row_stride = z->cout,
  };
  if (forward.padded.copied)
    {
      const gsize floats = (gsize) forward.padded.height * (gsize) forward.padded.width * (gsize) z->cin;

      reserve_scratch (forward.device, z->n, 1, &floats);
    }
  lw_device_run (forward.device, z->n, forward_image, &forward);
  segments_clear (&segments);
  if (g_atomic_int_get (&forward.out_of_memory))
    fail_for_memory (s, z);
}

/* -- gradients -- */

/* The kernel's columns, and what each has to do with the columns of x and gy. */
typedef struct {
  int       first_x; /* the first column of x that it read from inside the image, */
  int       first_y; /* for this one of gy, */
  int       n;       /* and as many columns of gy */
} KernelColumn;

typedef struct {
  LwDevice           *device;
  const LwConv2dSize *z;
  Padded              padded; /* of x, for the weight gradient */
  const float        *x, *y, *gy;
  float              *gx;          /* or NULL */
  float              *parts_gw;    /* [n_parts, kernel] or NULL */
  float              *parts_gb;    /* [n_parts, cout] or NULL */
  const float        *turned;      /* the kernel [kh, kw, cout, cin], for gx */
  const KernelColumn *columns;     /* [kw], for gx */
  const float        *u;           /* the kernel for Winograd's way to gx, or NULL */
  LwWinograd          winograd;
  gsize               kernel_size;
  int                 images_each; /* in one part */
  LwGemm              weight_gemm;
  gint                out_of_memory; /* atomic: any thread may find it so */
} Backward;

/* Each cell's channels transposed: [kh, kw, cout, cin]. */
static void
turn_kernel (const LwKernels *kernels, const LwConv2dSize *z, const float *kernel, float *turned)
{
  gsize cell = (gsize) z->cin * (gsize) z->cout;

  for (gsize i = 0; i < (gsize) z->kh * (gsize) z->kw; i++)
    kernels->transpose (z->cin, z->cout, kernel + i * cell, turned + i * cell);
}

static KernelColumn *
kernel_columns_new (const LwConv2dSize *z)
{
  KernelColumn *columns = g_new (KernelColumn, z->kw);

  for (int kx = 0; kx < z->kw; kx++)
    {
      const gint64 stride = z->stride_w;
      gint64       at = kx * z->dilation_w - z->pad_left; /* of x, where gy's column 0 read from */
      gint64       first = at < 0 ? (-at + stride - 1) / stride : 0;
      gint64       end = at < z->w ? MIN ((z->w - 1 - at) / stride + 1, z->ow) : 0;

      columns[kx] = (KernelColumn) { (int) (at + first * stride), (int) first, (int) MAX (end - first, 0) };
    }
  return columns;
}

/* The kernel rows that read from row `row` of x, as (ky, row of gy); how many. */
static int
find_kernel_rows (const LwConv2dSize *z, gint64 row, int (*pairs)[2])
{
  int n = 0;

  for (int ky = 0; ky < z->kh; ky++)
    {
      gint64 from = row + z->pad_top - ky * z->dilation_h;

      if (from < 0)
        break;
      if (from % z->stride_h != 0 || from / z->stride_h >= z->oh)
        continue;
      pairs[n][0] = ky;
      pairs[n++][1] = (int) (from / z->stride_h);
    }
  return n;
}

/* gx of one image, a run of rows at a time: those which the same kernel rows read, one stride apart. */
static void
data_gradient (const Backward *backward, const float *gy, float *gx)
{
  const LwConv2dSize  *z = backward->z;
  const ptrdiff_t      gy_row = (ptrdiff_t) z->ow * z->cout;
  const ptrdiff_t      cell = (ptrdiff_t) z->cin * z->cout;
  g_autofree ptrdiff_t *a_segments = g_new (ptrdiff_t, z->kh);
  g_autofree ptrdiff_t *b_segments = g_new (ptrdiff_t, z->kh);
  g_autofree int      (*pairs)[2] = g_malloc_n ((gsize) z->kh, 2 * sizeof (int));
  g_autofree int      (*others)[2] = g_malloc_n ((gsize) z->kh, 2 * sizeof (int));
  LwGemm               gemm = {
                  .a_mode = LW_A_STRIDED,
                  .start = LW_START_ACCUMULATE,
                  .n = z->cin,
                  .k = z->cout,
                  .a_row_block = gy_row,
                  .a_row_stride = z->cout,
                  .a_k_stride = 1,
                  .b_stride = z->cin,
                  .a_segments = a_segments,
                  .b_segments = b_segments,
                  .c_row_block = (ptrdiff_t) z->stride_h * z->w * z->cin,
                  .c_row_stride = (ptrdiff_t) z->stride_w * z->cin,
  };

  memset (gx, 0, (gsize) z->h * (gsize) z->w * (gsize) z->cin * sizeof (float));
  for (int phase = 0; phase < MIN (z->stride_h, z->h); phase++)
    for (gint64 row = phase; row < z->h; row += (gint64) gemm.rows * z->stride_h)
      {
        gemm.n_segments = find_kernel_rows (z, row, pairs);
        gemm.rows = 1;
        for (gint64 next = row + z->stride_h; next < z->h; next += z->stride_h, gemm.rows++)
          {
            int      n = find_kernel_rows (z, next, others);
            gboolean same = n == gemm.n_segments;

            for (int i = 0; same && i < n; i++)
              same = others[i][0] == pairs[i][0];
            if (!same)
              break;
          }
        if (gemm.n_segments == 0)
          continue;
        for (int i = 0; i < gemm.n_segments; i++)
          {
            a_segments[i] = pairs[i][1] * gy_row;
            b_segments[i] = (ptrdiff_t) pairs[i][0] * z->kw * cell;
          }
        for (int kx = 0; kx < z->kw; kx++)
          {
            const KernelColumn *column = &backward->columns[kx];

            gemm.m = column->n;
            gemm.a = gy + (ptrdiff_t) column->first_y * z->cout;
            gemm.b = backward->turned + kx * cell;
            gemm.c = gx + (row * z->w + column->first_x) * z->cin;
            backward->device->kernels->gemm (&gemm);
          }
      }
}

/* Room for one image's gy where it must be masked, x where it must be padded, and Winograd's way; NULL for none. */
typedef struct {
  float *masked, *padded, *tiles;
} Room;

static void
backward_images (const Backward *backward, int part, const Room *room)
{
  float              *masked = room->masked, *padded = room->padded;
  const LwConv2dSize *z = backward->z;
  int                 first = part * backward->images_each;
  int                 end = MIN (first + backward->images_each, z->n);
  gsize               image_x = (gsize) z->h * (gsize) z->w * (gsize) z->cin;
  gsize               pixels = (gsize) z->oh * (gsize) z->ow;
  float              *gb = backward->parts_gb != NULL ? backward->parts_gb + (gsize) part * (gsize) z->cout : NULL;

  if (gb != NULL)
    memset (gb, 0, (gsize) z->cout * sizeof (float));

  for (int image = first; image < end; image++)
    {
      const float *x = backward->x + (gsize) image * image_x;
      const gsize  at = (gsize) image * pixels * (gsize) z->cout;
      const float *gy = masked != NULL ? masked : backward->gy + at;

      if (masked != NULL || gb != NULL)
        backward->device->kernels->mask_gradient (pixels, z->cout, backward->y != NULL ? backward->y + at : NULL,
                                                  backward->gy + at, masked, gb);
      if (backward->parts_gw != NULL)
        {
          LwGemm gemm = backward->weight_gemm;

          if (padded != NULL)
            pad_image (z, &backward->padded, x, padded);
          gemm.start = image == first ? LW_START_ZERO : LW_START_ACCUMULATE;
          gemm.a = padded != NULL ? padded : x;
          gemm.b = gy;
          gemm.c = backward->parts_gw + (gsize) part * backward->kernel_size;
          backward->device->kernels->gemm (&gemm);
        }
      if (backward->gx != NULL && backward->u != NULL)
        lw_winograd_run (backward->device->kernels, &backward->winograd, gy, backward->u, NULL, FALSE, room->tiles,
                         backward->gx + (gsize) image * image_x);
      else if (backward->gx != NULL)
        data_gradient (backward, gy, backward->gx + (gsize) image * image_x);
    }
}

static void
count_room (const Backward *backward, gsize floats[3])
{
  const LwConv2dSize *z = backward->z;
  const gboolean      pads = backward->padded.copied && backward->parts_gw != NULL;

  floats[0] = backward->y != NULL ? (gsize) z->oh * (gsize) z->ow * (gsize) z->cout : 0;
  floats[1] = pads ? (gsize) backward->padded.height * (gsize) backward->padded.width * (gsize) z->cin : 0;
  floats[2] = backward->u != NULL ? lw_winograd_get_scratch (&backward->winograd) : 0;
}

static void
backward_part (gpointer data, int part)
{
  Backward *backward = data;
  float    *places[3] = { NULL };
  gsize     floats[3];
  gboolean  ok = TRUE;

  count_room (backward, floats);
  for (int i = 0; i < 3; i++)
    if (floats[i] > 0)
      {
        places[i] = lw_pool_alloc (backward->device->pool, floats[i] * sizeof (float));
        ok = ok && places[i] != NULL;
      }
  if (ok && places[1] != NULL)
    memset (places[1], 0, floats[1] * sizeof (float)); /* the padding */
  if (ok)
    backward_images (backward, part, &(Room) { places[0], places[1], places[2] });
  else
    g_atomic_int_set (&backward->out_of_memory, TRUE);
  for (int i = 0; i < 3; i++)
    lw_pool_free (places[i]);
}

/* Describes the product of x transposed and gy; what it points to, for the caller to free. */
static void
describe_weight_gemm (Backward *backward, ptrdiff_t **a_segments, ptrdiff_t **b_segments, int32_t **offsets)
{
  const LwConv2dSize *z = backward->z;
  const gboolean      by_offsets = z->kw * z->cin < FEW_INPUTS || z->dilation_w > 1;
  const ptrdiff_t     width = backward->padded.width;

  *a_segments = g_new (ptrdiff_t, z->oh);
  *b_segments = g_new (ptrdiff_t, z->oh);
  for (int row = 0; row < z->oh; row++)
    {
      (*a_segments)[row] = (ptrdiff_t) row * z->stride_h * width * z->cin;
      (*b_segments)[row] = (ptrdiff_t) row * z->ow * z->cout;
    }
  backward->weight_gemm = (LwGemm) {
    .a_mode = by_offsets ? LW_A_OFFSETS : LW_A_CONTIGUOUS,
    .rows = by_offsets ? 1 : z->kh,
    .m = by_offsets ? z->kh * z->kw * z->cin : z->kw * z->cin,
    .n = z->cout,
    .k = z->ow,
    .a_row_block = (ptrdiff_t) z->dilation_h * width * z->cin,
    .a_k_stride = (ptrdiff_t) z->stride_w * z->cin,
    .b_stride = z->cout,
    .n_segments = z->oh,
    .a_segments = *a_segments,
    .b_segments = *b_segments,
    .c_row_block = (ptrdiff_t) z->kw * z->cin * z->cout,
    .c_row_stride = z->cout,
  };
  if (!by_offsets)
    return;
  *offsets = g_new (int32_t, z->kh * z->kw * z->cin);
  for (int i = 0; i < z->kh * z->kw * z->cin; i++)
    {
      int cell = i / z->cin;

      (*offsets)[i] = (int32_t) ((cell / z->kw * z->dilation_h * width + cell % z->kw * z->dilation_w) * z->cin
                                 + i % z->cin);
    }
  backward->weight_gemm.a_offsets = *offsets;
}

/* sum[i] = parts[0][i] + parts[1][i] + …, in that order; one part is the sum itself. */
static void
join_parts (const LwKernels *kernels, const float *parts, int n_parts, gsize n, float *sum)
{
  if (n_parts == 1)
    return;
  memcpy (sum, parts, n * sizeof (float));
  for (int part = 1; part < n_parts; part++)
    kernels->add (n, sum, parts + (gsize) part * n, sum);
}

/* Images in a part; it depends on the sizes alone. */
static int
count_images_each (const LwConv2dSize *z)
{
  double work = (double) z->oh * z->ow * z->kh * z->kw * z->cin * z->cout;

  return MAX ((z->n + N_PARTS - 1) / N_PARTS, work < MUCH_WORK ? MIN (PART_IMAGES, z->n) : 1);
}

static void
backward_f32 (LwScope *s, const LwConv2dSize *z, const float *x, const float *kernel, const float *y,
              const float *gy, float *gx, float *gw, float *gb)
{
  LwDevice                *device = lw_scope_get_device (s);
  gsize                    kernel_size = (gsize) z->kh * (gsize) z->kw * (gsize) z->cin * (gsize) z->cout;
  g_autofree KernelColumn *columns = NULL;
  g_autofree ptrdiff_t    *weight_a = NULL, *weight_b = NULL;
  g_autofree int32_t      *offsets = NULL;
  float                   *turned = NULL, *u = NULL;
  int                      n_parts;
  Backward                 backward = { .device = device, .z = z, .padded = padded_size (z), .x = x, .y = y,
                                        .gy = gy, .gx = gx, .kernel_size = kernel_size,
                                        .images_each = count_images_each (z) };

  n_parts = (z->n + backward.images_each - 1) / backward.images_each;
  if (gw != NULL)
    {
      backward.parts_gw = n_parts == 1 ? gw : new_scratch (device, (gsize) n_parts * kernel_size);
      backward.out_of_memory |= backward.parts_gw == NULL;
      describe_weight_gemm (&backward, &weight_a, &weight_b, &offsets);
    }
  if (gb != NULL)
    {
      backward.parts_gb = n_parts == 1 ? gb : new_scratch (device, (gsize) n_parts * (gsize) z->cout);
      backward.out_of_memory |= backward.parts_gb == NULL;
    }
  if (gx != NULL)
    {
      turned = lw_pool_alloc (device->pool, kernel_size * sizeof (float));
      backward.out_of_memory |= turned == NULL;
      if (turned != NULL)
        turn_kernel (device->kernels, z, kernel, turned);
      backward.turned = turned;
      backward.columns = columns = kernel_columns_new (z);
    }
  if (turned != NULL && lw_winograd_suits (z))
    {
      /* The convolution of gy with the kernel turned round, at whose edges all but one cell may reach outside. */
      backward.winograd = (LwWinograd) { z->oh, z->ow, z->cout, z->h, z->w, z->cin, 2 - z->pad_top, 2 - z->pad_left };
      backward.u = u = lw_pool_alloc (device->pool, lw_winograd_get_kernel (z->cin, z->cout) * sizeof (float));
      backward.out_of_memory |= u == NULL;
      if (u != NULL)
        device->kernels->winograd_kernel ((gsize) z->cin * (gsize) z->cout, TRUE, turned, u);
    }

  if (!backward.out_of_memory)
    {
      gsize floats[3];

      count_room (&backward, floats);
      reserve_scratch (device, n_parts, 3, floats);
      lw_device_run (device, n_parts, backward_part, &backward);
    }

  if (g_atomic_int_get (&backward.out_of_memory))
    fail_for_memory (s, z);
  if (gw != NULL && !lw_scope_has_failed (s))
    join_parts (device->kernels, backward.parts_gw, n_parts, kernel_size, gw);
  if (gb != NULL && !lw_scope_has_failed (s))
    join_parts (device->kernels, backward.parts_gb, n_parts, (gsize) z->cout, gb);
  lw_pool_free (turned);
  lw_pool_free (u);
  if (n_parts > 1)
    {
      lw_pool_free (backward.parts_gw);
      lw_pool_free (backward.parts_gb);
    }
}

static void
backward_f64 (LwScope *s, const LwConv2dSize *z, const double *x, const double *kernel, const double *y,
              const double *gy, double *gx, double *gw, double *gb)
{
  gsize   n = (gsize) z->n * (gsize) z->oh * (gsize) z->ow * (gsize) z->cout;
  double *masked = NULL;

  if (y != NULL)
    {
      masked = lw_pool_alloc (lw_scope_get_device (s)->pool, n * sizeof (double));
      if (masked == NULL)
        {
          fail_for_memory (s, z);
          return;
        }
      lw_reference_relu_gradient_f64 (n, y, gy, masked);
      gy = masked;
    }
  if (gx != NULL)
    lw_reference_conv2d_data_gradient_f64 (z, gy, kernel, gx);
  if (gw != NULL)
    lw_reference_conv2d_weight_gradient_f64 (z, x, gy, gw);
  if (gb != NULL)
    lw_reference_conv2d_bias_gradient_f64 (z, gy, gb);
  lw_pool_free (masked);
}

/* -- the op -- */

static const LwOp gradient_op = { "the gradient of conv2d", NULL };

static void
conv2d_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes   *attributes = node->attributes;
  const LwConv2dSize *z = &attributes->size;
  gboolean            relu = attributes->activation == LW_ACTIVATION_RELU;
  gpointer            out[3] = { NULL };
  LwTensor           *inputs[] = { gy, node->inputs[0], node->inputs[1] };

  for (guint i = 0; i < node->n_inputs; i++)
    if (needs[i])
      {
        gx[i] = lw_op_new_like (s, node->inputs[i]);
        if (gx[i] == NULL)
          return;
        out[i] = lw_tensor_get_mutable_data (gx[i]);
        if (z->n == 0)
          memset (out[i], 0, lw_tensor_get_byte_size (gx[i]));
      }
  if (z->n > 0 && lw_tensor_get_dtype (gy) == LW_FLOAT32)
    backward_f32 (s, z, lw_tensor_get_data (node->inputs[0]), lw_tensor_get_data (node->inputs[1]),
                  relu ? lw_tensor_get_data (node->output) : NULL, lw_tensor_get_data (gy), out[0],
                  out[1], out[2]);
  else if (z->n > 0)
    backward_f64 (s, z, lw_tensor_get_data (node->inputs[0]), lw_tensor_get_data (node->inputs[1]),
                  relu ? lw_tensor_get_data (node->output) : NULL, lw_tensor_get_data (gy), out[0],
                  out[1], out[2]);
  if (lw_scope_has_failed (s))
    return;
  for (guint i = 0; i < node->n_inputs; i++)
    if (gx[i] != NULL)
      lw_op_record_opaque (s, &gradient_op, inputs, 3, gx[i]);
}

static const LwOp conv2d_op = { "conv2d", conv2d_gradient };

/* Checks the shapes and fills in the sizes. */
static gboolean
resolve_size (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias, const LwConv2d *conv,
              LwConv2dSize *z)
{
  const LwShape   *shape = lw_tensor_get_shape (x);
  const LwShape   *weights = lw_tensor_get_shape (kernel);
  g_autofree char *have = lw_shape_to_string (shape);
  g_autofree char *want = lw_shape_to_string (weights);
  gint64           pad_top, pad_left, oh, ow;

  if (!lw_op_check_floating (s, "conv2d", x) || !lw_op_check_same (s, "conv2d", x, kernel)
      || (bias != NULL && !lw_op_check_same (s, "conv2d", x, bias)))
    return FALSE;
  if (shape->rank != 4 || weights->rank != 4 || shape->dims[3] != weights->dims[2])
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("conv2d cannot apply a kernel of shape %s (height, width, channels in, filters) to "
                       "images of shape %s (batch, height, width, channels)"), want, have);
      return FALSE;
    }
  if (bias != NULL && !lw_shape_equal (lw_tensor_get_shape (bias), &LW_SHAPE (weights->dims[3])))
    {
      g_autofree char *biases = lw_shape_to_string (lw_tensor_get_shape (bias));

      lw_scope_fail (s, LW_ERROR_SHAPE, _("conv2d needs one bias for each filter of its kernel %s, not %s"),
                     want, biases);
      return FALSE;
    }
  if (MIN (conv->strides[0], conv->strides[1]) < 1 || MIN (conv->dilation[0], conv->dilation[1]) < 1)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("conv2d needs strides and dilation of at least 1"));
      return FALSE;
    }
  if (MIN (MIN (weights->dims[0], weights->dims[1]), MIN (weights->dims[2], weights->dims[3])) < 1
      || MIN (shape->dims[1], shape->dims[2]) < 1)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("conv2d needs sizes of at least 1 for all but the batch, but the kernel has shape %s and "
                       "the images %s"), want, have);
      return FALSE;
    }
  oh = lw_window_output (shape->dims[1], weights->dims[0], conv->strides[0], conv->dilation[0],
                         conv->padding, &pad_top);
  ow = lw_window_output (shape->dims[2], weights->dims[1], conv->strides[1], conv->dilation[1],
                         conv->padding, &pad_left);
  if (oh < 1 || ow < 1)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("conv2d cannot fit its kernel of shape %s into images of shape %s; use same padding "
                       "or a smaller kernel"), want, have);
      return FALSE;
    }
  if (shape->dims[0] > G_MAXINT32 || shape->dims[1] * shape->dims[2] * shape->dims[3] > G_MAXINT32
      || (double) oh * (double) ow * (double) weights->dims[3] > G_MAXINT32
      || ((double) shape->dims[1] + (double) weights->dims[0] * conv->dilation[0])
                 * ((double) shape->dims[2] + (double) weights->dims[1] * conv->dilation[1])
                 * (double) MAX (shape->dims[3], weights->dims[3]) > G_MAXINT32)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("conv2d cannot work on images of shape %s with a kernel of shape "
                                          "%s: one image would have over 2^31 elements"), have, want);
      return FALSE;
    }
  *z = (LwConv2dSize) {
    .n = (int) shape->dims[0], .h = (int) shape->dims[1], .w = (int) shape->dims[2],
    .cin = (int) shape->dims[3], .oh = (int) oh, .ow = (int) ow, .cout = (int) weights->dims[3],
    .kh = (int) weights->dims[0], .kw = (int) weights->dims[1], .stride_h = conv->strides[0],
    .stride_w = conv->strides[1], .dilation_h = conv->dilation[0], .dilation_w = conv->dilation[1],
    .pad_top = (int) pad_top, .pad_left = (int) pad_left,
  };
  return TRUE;
}

LwTensor *
lw_conv2d (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias, const LwConv2d *conv,
           LwActivation activation)
{
  gboolean   relu = activation == LW_ACTIVATION_RELU;
  Attributes attributes = { *conv, relu ? activation : LW_ACTIVATION_LINEAR, bias != NULL, { 0 } };
  LwTensor  *inputs[] = { x, kernel, bias };
  LwTensor  *y;

  if (lw_scope_has_failed (s) || !resolve_size (s, x, kernel, bias, conv, &attributes.size))
    return lw_scope_get_invalid (s);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x),
                           &LW_SHAPE (attributes.size.n, attributes.size.oh, attributes.size.ow,
                                      attributes.size.cout));
  if (y == NULL)
    return lw_scope_get_invalid (s);

  if (lw_tensor_get_dtype (x) == LW_FLOAT32 && lw_winograd_suits (&attributes.size))
    winograd_forward_f32 (s, &attributes.size, lw_tensor_get_data (x), lw_tensor_get_data (kernel),
                 bias != NULL ? lw_tensor_get_data (bias) : NULL, relu, lw_tensor_get_mutable_data (y));
  else if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    forward_f32 (s, &attributes.size, lw_tensor_get_data (x), lw_tensor_get_data (kernel),
                 bias != NULL ? lw_tensor_get_data (bias) : NULL, relu, lw_tensor_get_mutable_data (y));
  else
    {
      lw_reference_conv2d_f64 (&attributes.size, lw_tensor_get_data (x), lw_tensor_get_data (kernel),
                               bias != NULL ? lw_tensor_get_data (bias) : NULL,
                               lw_tensor_get_mutable_data (y));
      if (relu)
        lw_reference_relu_f64 (lw_tensor_get_count (y), lw_tensor_get_data (y),
                               lw_tensor_get_mutable_data (y));
    }
  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  lw_scope_record (s, &conv2d_op, inputs, bias != NULL ? 3 : 2, y, NULL, &attributes, sizeof attributes);
  return relu ? y : lw_activate (s, y, activation);
}
