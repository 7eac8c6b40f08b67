/* Static and dynamic models: one that is compiled and fitted, and one whose structure is another in every
 * call. Both run through the same ops, tape and optimizers. */

#include "notes.h"

#include "engine/data/images.h"
#include "engine/train/training.h"

/* Static: a model's layers, optimizer and loss are a value, and fit() is LwTraining. 50 steps of 32. */
static void
compile_and_fit (void)
{
  g_autofree char        *path = lw_images_find_mnist ();
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autoptr (LwDevice)    device = NULL;
  g_autoptr (LwImages)    mnist = NULL;
  g_autoptr (LwTraining)  training = NULL;
  double                  loss, accuracy;
  GError                 *error = NULL;

  device = lw_device_new (0, 0, &error);
  notes_check (error);
  mnist = lw_images_load (path, &error);
  notes_check (error);
  training = lw_training_new (device, model, &settings, mnist, &error);
  notes_check (error);
  for (int i = 0; i < 50; i++)
    {
      LwHistoryPoint point;

      lw_training_step (training, &point, &error);
      notes_check (error);
    }
  lw_training_get_epoch_means (training, &loss, &accuracy);
  g_test_message ("after 50 steps: loss %.3f, accuracy %.3f", loss, accuracy);
  g_assert_cmpfloat (loss, <, 1.9);
  g_assert_cmpfloat (accuracy, >, 0.4);
}

/* Dynamic: the same layer is applied as often as its output asks for it; y = x·w·w·…, until y >= 10. */
static LwTensor *
call (LwScope *s, LwVariable *w, LwTensor *x, int *n_layers)
{
  LwTensor *y = x;

  for (*n_layers = 0; lw_tensor_get_value (y, 0) < 10; (*n_layers)++)
    y = lw_multiply (s, y, lw_variable_read (s, w));
  return y;
}

static void
another_structure_each_call (LwScope *s)
{
  static const struct {
    float  x;
    int    n_layers;
    double gradient; /* n·x·w^(n - 1) at w = 2 */
  } calls[] = { { 1, 4, 32 }, { 3, 2, 12 }, { 9, 1, 9 } };
  LwVariable *w = lw_variable_new (LW_TENSOR (s, 2.), TRUE, "w");

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (LwTape) tape = lw_tape_begin (s, FALSE);
      LwTensor          *y, *grad;
      int                n_layers;
      GError            *error = NULL;

      y = call (s, w, LW_TENSOR (s, calls[i].x), &n_layers);
      lw_tape_gradient_of_variables (tape, s, y, 1, &w, &grad, &error);
      notes_check (error);
      g_assert_cmpint (n_layers, ==, calls[i].n_layers);
      g_assert_cmpfloat (lw_tensor_get_value (grad, 0), ==, calls[i].gradient);
    }
  lw_variable_unref (w);
}

static void
dynamic_model (LwScope *s)
{
  compile_and_fit ();
  another_structure_each_call (s);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/dynamic-model", dynamic_model);
}
