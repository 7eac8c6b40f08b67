#pragma once

#include <stdint.h>

/* What layerwise-read-h5 says to the process that started it.
 *
 * The program gets an HDF5 file as its standard input (a memory file, so its size is known) and, as
 * its argument, how many bytes of elements it may hand back. It writes LW_H5_MAGIC, then a record for
 * each dataset below the groups /layers, /_layer_checkpoint_dependencies and /optimizer:
 *
 *   LwH5Record, the dataset's path without the leading "/", `rank` sizes of 8 bytes, the elements
 *
 * and last a record of kind LW_H5_END, without which the rest does not count. All in this machine's
 * byte order: both ends are the same program. Floating-point elements come as float32, whole numbers
 * as int64; datasets of other kinds are left out. */

#define LW_H5_MAGIC "LwH5\1\0\0\0"

#define LW_H5_MAX_PATH 512
#define LW_H5_MAX_RANK 8
#define LW_H5_MAX_ARRAYS 4096

enum {
  LW_H5_END,
  LW_H5_FLOAT32,
  LW_H5_INT64,
};

typedef struct {
  uint32_t kind;
  uint32_t path_length;
  uint32_t rank;
  uint32_t padding; /* 0 */
  uint64_t size;    /* bytes of elements */
} LwH5Record;

/* Exit codes. */
enum {
  LW_H5_DONE = 0,
  LW_H5_DAMAGED = 3,
  LW_H5_TOO_LARGE = 4,
  LW_H5_FOREIGN = 5, /* links or storage outside the file, filters that are not HDF5's own */
};
