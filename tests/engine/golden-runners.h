#pragma once

#include "golden-case.h"

/* What runs a case, by the op's name in the index. */

typedef void (*GoldenFunc) (GoldenRun *run);

/* NULL for an op that is not known. In golden-ops.c; golden-nn.c has losses, optimizers and models. */
GoldenFunc golden_find_runner     (const char *op);
GoldenFunc golden_find_nn_runner  (const char *op);
