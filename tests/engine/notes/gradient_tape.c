/* Automatic differentiation: with tf.GradientTape() as tape: …; tape.gradient (target, sources). */

#include "notes.h"

/* loss = w²: the tape watches trainable variables by itself. */
static void
of_a_variable (LwScope *s)
{
  LwVariable *w = lw_variable_new (LW_TENSOR (s, ((float[1][1]) { { 1.0 } })), TRUE, "w");
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwTensor   *loss = lw_multiply (s, lw_variable_read (s, w), lw_variable_read (s, w));
  LwTensor   *grad;
  GError     *error = NULL;

  lw_tape_gradient_of_variables (tape, s, loss, 1, &w, &grad, &error);
  notes_check (error);
  notes_print_expect (grad, "[[2.]]");

  /* That was this tape's one answer; persistent=True gives more. */
  g_assert_false (lw_tape_gradient_of_variables (tape, s, loss, 1, &w, &grad, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_STATE);
  g_clear_error (&error);
  lw_tape_free (tape);
  lw_variable_unref (w);
}

/* tape.watch (x): constants are watched on request. Two tapes, one in the other: d²(x³)/dx² = 6x. */
static void
of_a_constant (LwScope *s)
{
  LwTensor *x = LW_TENSOR (s, 2.0);
  LwTape   *outer = lw_tape_begin (s, FALSE), *inner = lw_tape_begin (s, FALSE);
  LwTensor *y, *first, *second;
  GError   *error = NULL;

  lw_tape_watch (outer, x);
  lw_tape_watch (inner, x);
  y = lw_multiply (s, lw_multiply (s, x, x), x);
  lw_tape_gradient (inner, s, y, 1, &x, &first, &error);
  notes_check (error);
  notes_print_expect (first, "12.0"); /* 3x² */
  lw_tape_gradient (outer, s, first, 1, &x, &second, &error);
  notes_check (error);
  notes_print_expect (second, "12.0"); /* 6x */
  lw_tape_free (inner);
  lw_tape_free (outer);
}

/* One persistent tape, several targets and sources; what a target does not depend on has no gradient. */
static void
of_several (LwScope *s)
{
  LwTensor *x = LW_NAMED ("x", LW_TENSOR (s, ((float[3]) { 1, 2, 3 })));
  LwTensor *w = LW_NAMED ("w", LW_TENSOR (s, 10.)), *unused = LW_TENSOR (s, 7.);
  LwTensor *sources[] = { x, w, unused };
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *targets[2], *grads[3];
  GError   *error = NULL;
  g_autofree char *text = NULL;

  for (int i = 0; i < 3; i++)
    lw_tape_watch (tape, sources[i]);
  targets[0] = lw_multiply (s, lw_square (s, x), w);
  targets[1] = lw_square (s, w);
  lw_tape_end (tape); /* here the with block would end */

  /* A target that is not a scalar is summed, and so are targets. */
  lw_tape_gradient (tape, s, targets[0], 3, sources, grads, &error);
  notes_check (error);
  notes_print_expect (grads[0], "[20. 40. 60.]");
  notes_print_expect (grads[1], "14.0");
  g_assert_null (grads[2]);
  lw_tape_gradient_with (tape, s, 2, targets, 3, sources,
                         &(LwGradientOptions) { .unconnected = LW_UNCONNECTED_ZERO }, grads, &error);
  notes_check (error);
  notes_print_expect (grads[1], "34.0");
  notes_print_expect (grads[2], "0.0");

  /* What a tape has recorded can be read. */
  text = lw_tape_to_string (tape);
  g_assert_cmpstr (text, ==,
                   "%0 = square (x: float32 3) -> float32 3\n"
                   "%1 = multiply (%0: float32 3, w: float32 scalar) -> float32 3\n"
                   "%2 = square (w: float32 scalar) -> float32 scalar\n");
  lw_tape_free (tape);
}

static void
gradient_tape (LwScope *s)
{
  of_a_variable (s);
  of_a_constant (s);
  of_several (s);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/gradient-tape", gradient_tape);
}
