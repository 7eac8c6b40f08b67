#pragma once

#include "engine/core/dtype.h"
#include "engine/core/shape.h"

/* The header of NumPy's .npy format: a magic string, a version, a length, and a Python dictionary
 * as text, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }. Described in NumPy's
 * numpy/lib/format.py. */

G_BEGIN_DECLS

/* What stands before the dictionary: 10 bytes in version 1.0, 12 in 2.0 and 3.0. */
#define LW_NPY_MIN_PREFIX 10
#define LW_NPY_MAX_PREFIX 12
/* No dictionary of an array that Layerwise can read is longer. */
#define LW_NPY_MAX_HEADER 65536

typedef struct {
  LwDType  dtype;
  gboolean swapped; /* the elements' bytes are in the other order than this machine's */
  gboolean fortran; /* the first axis varies fastest */
  LwShape  shape;
  gsize    count;   /* elements; their bytes are known to fit a gsize */
} LwNpyHeader;

/* Reads the first LW_NPY_MIN_PREFIX bytes: how long the whole prefix is. */
gboolean lw_npy_prefix_parse (const guint8 *prefix, const char *subject, gsize *prefix_length,
                              GError **error);
/* The dictionary's length, from the whole prefix. */
gboolean lw_npy_length_parse (const guint8 *prefix, const char *subject, gsize *length,
                              GError **error);
/* The dictionary itself, `length` bytes of text. */
gboolean lw_npy_header_parse (const char *text, gsize length, const char *subject,
                              LwNpyHeader *header, GError **error);

/* Prefix and dictionary for a C-order array of this machine, padded so that the elements start at a
 * multiple of 64. */
GBytes  *lw_npy_header_write (LwDType dtype, const LwShape *shape) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
