#pragma once

#include <glib.h>

/* LwRng: a counter-based random generator, a plain value that can be read, kept and set.
 *
 * Draw number `counter` of stream `stream` under `seed` is a pure function of the three
 * (Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), so that a
 * run's future is decided by a few integers, and any thread may compute any draw. */

G_BEGIN_DECLS

typedef struct {
  guint64 seed;
  guint64 stream;  /* which of the seed's independent sequences */
  guint64 counter; /* draws taken so far, 32 bits each */
} LwRng;

/* Names of streams: one for each use, so that adding a draw here changes nothing there. Layer i draws
 * its initial weights from LW_STREAM_WEIGHTS + i, so that another size of one layer leaves the
 * others' weights as they are, and its dropout from LW_STREAM_DROPOUT + i. */
enum {
  LW_STREAM_SHUFFLE = 2,
  LW_STREAM_DROPOUT = 1 << 10,
  LW_STREAM_WEIGHTS = 1 << 20,
};

LwRng   lw_rng_new          (guint64 seed, guint64 stream);
guint32 lw_rng_next         (LwRng *rng);
/* Uniform in 0..n-1 without bias (Lemire, "Fast random integer generation in an interval", 2019);
 * n from 1 on. */
guint32 lw_rng_next_below   (LwRng *rng, guint32 n);
/* Uniform in [0, 1) with 24 bits; the same in double with 53 (two draws). */
float   lw_rng_next_float   (LwRng *rng);
double  lw_rng_next_double  (LwRng *rng);
/* Normal, mean 0 and deviation 1 (four draws: two doubles, the first taken from 1). */
double  lw_rng_next_normal  (LwRng *rng);

/* The normal number that belongs to two uniform ones, u in (0, 1] a multiple of 2^-53, v in [0, 1):
 * sqrt (-2 log u) · cos (2 π v) (Box and Muller, "A note on the generation of random normal deviates",
 * 1958), by series of sums, products, quotients and roots, which IEEE 754 fixes to the last bit: the same
 * on every machine, with every C library. */
double  lw_normal_from_uniform (double u, double v);

G_END_DECLS
