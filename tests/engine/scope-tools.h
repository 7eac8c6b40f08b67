#pragma once

#include "engine/autodiff/tape.h"
#include "engine/ops/ops.h"

/* What tests of operations share: small tensors, and how a scope is to end. */

/* A float32 tensor of these doubles, as many as the shape has. */
LwTensor   *test_floats       (LwScope *s, const LwShape *shape, ...);
/* A float64 scalar. */
LwTensor   *test_scalar       (LwScope *s, double value);
/* A variable that holds one. */
LwVariable *test_variable_new (double value, gboolean trainable, const char *name);

/* x is there and has one element, this. */
void        test_assert_value (LwTensor *x, double expected);
/* x prints as this. */
void        test_assert_text  (LwTensor *x, const char *expected);

/* One gradient that is expected to be had. */
LwTensor   *test_gradient     (LwTape *tape, LwScope *s, LwTensor *target, LwTensor *source);

/* The scope ends without an error. */
void        test_end_well     (LwScope *s);
/* The scope has failed so, with a sentence that holds each of the words; NULL ends them. */
void        test_end_badly    (LwScope *s, LwError code, ...) G_GNUC_NULL_TERMINATED;
