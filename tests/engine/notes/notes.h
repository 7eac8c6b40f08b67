#pragma once

#include "engine/autodiff/tape.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/ops/constant.h"

/* What the programs of the notes have in common: a scope to run in, Python's print(), and Keras' way to
 * write down a layer. */

G_BEGIN_DECLS

typedef void (*NotesFunc) (LwScope *s);

/* For main(): runs one part of the notes as a test, in a scope that must end without an error. */
int           notes_run           (int argc, char *argv[], const char *name, NotesFunc func);

/* Fails the test with the error's sentence, if there is one. */
void          notes_check         (const GError *error);

/* print (x), as a comment in the test's output; and the same with what it must print. */
void          notes_print         (LwTensor *x);
void          notes_print_expect  (LwTensor *x, const char *expected);

/* Keras' calls in one line of words, a class and what differs from its defaults:
 * "Conv2D filters=16 kernel_size=3,3 activation=relu". */
LwSpec       *notes_layer         (const char *words) G_GNUC_WARN_UNUSED_RESULT;

/* tf.keras.Sequential ([…]): the layers' words, NULL behind the last. */
LwSequential *notes_sequential    (LwShape input_shape, ...) G_GNUC_NULL_TERMINATED G_GNUC_WARN_UNUSED_RESULT;

/* tf.keras.optimizers: "Adam", "SGD learning_rate=0.01"; for these variables, which apply_gradients()
 * takes in the same order. */
LwOptimizer  *notes_optimizer     (const char *words, guint n, LwVariable *const *variables) G_GNUC_WARN_UNUSED_RESULT;

/* A path in the test's own temporary folder, which is removed in the end. */
char         *notes_path          (const char *name) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
