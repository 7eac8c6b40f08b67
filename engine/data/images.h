#pragma once

#include "engine/core/scope.h"

/* LwImages: a data set of small grey images of ten kinds, as in MNIST, all of it in memory.
 * Immutable and refcounted; safe to ref, unref and read from any thread. */

G_BEGIN_DECLS

#define LW_IMAGES_N_CLASSES 10

typedef struct {
  LwTensor *train_images; /* n×height×width, uint8; 0 is the background */
  LwTensor *train_labels; /* n, int32, each 0 to 9 */
  LwTensor *test_images;  /* the same height and width */
  LwTensor *test_labels;
  char     *name;         /* for people: "MNIST", or the file's name, or the IDX files' folder's */

  /*< private >*/
  gatomicrefcount ref_count;
} LwImages;

/* Reads an .npz with x_train, y_train, x_test and y_test, as the notes' mnist.npz; or, when `path` is
 * one of MNIST's four IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte,
 * t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte; with .gz or without), those four in its folder.
 * Images may also be n×height×width×1, labels any of uint8, int32 and int64. A missing or damaged file
 * gives one sentence with its path and the cure. */
LwImages *lw_images_load       (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwImages *lw_images_ref        (LwImages *images);
void      lw_images_unref      (LwImages *images);

/* Where mnist.npz is: in $LAYERWISE_DATA_DIR if that is set (and then nowhere else), else beside the
 * sources that this program was built from, else where it is installed. If it is not there, the
 * place where it was expected, so that lw_images_load() can name it. */
char     *lw_images_find_mnist (void) G_GNUC_WARN_UNUSED_RESULT;

/* What models take: pixels [n, height, width] uint8 as [n, height, width, 1] float32 from 0 to 1. */
LwTensor *lw_images_scale      (LwScope *s, LwTensor *pixels);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwImages, lw_images_unref)

G_END_DECLS
