#pragma once

#include "engine/autodiff/tape.h"
#include "engine/ops/ops.h"

/* Proof of gradients: a function of a few tensors, its gradients by the tape, and those by central
 * finite differences in float64; then the same in float32. */

/* Random numbers that are the same in every run. */
double    check_random        (double low, double high);
int       check_random_int    (int low, int high); /* both ends included */

/* Uniform in low … high; each value is a float32 exactly, whatever the dtype. */
LwTensor *check_random_tensor (LwDType dtype, const LwShape *shape, double low, double high);

/* The same values in another floating dtype. */
LwTensor *check_convert       (LwTensor *x, LwDType dtype);

/* |got - want| <= tolerance · (1 + |want|) for each element; the shapes are equal. */
void      check_close         (const char *what, LwTensor *got, LwTensor *want, double tolerance);

/* A device with two threads; check_device_free() at the end of main. */
LwDevice *check_device        (void);
void      check_device_free   (void);

typedef LwTensor *(*CheckFunc) (LwScope *s, LwTensor *const *x, gpointer data);

/* y = func (x[0], …, x[n - 1]), all float64, any shape. Takes the references. `what` begins the
 * message of a failure. */
void      check_gradients     (const char *what, CheckFunc func, gpointer data, guint n, LwTensor **x);

/* TRUE if check_gradients() has met that op (its LwOp's name). */
gboolean  check_has_differentiated (const char *op);
