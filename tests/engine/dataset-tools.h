#pragma once

#include "engine/data/dataset.h"

G_BEGIN_DECLS

/* Elements 0 … n - 1: component 0 is the number itself, component 1 a row [2] with it in. */
LwDataset *test_numbers_new (gsize n) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
