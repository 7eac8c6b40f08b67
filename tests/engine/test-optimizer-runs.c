#include "file-tools.h"
#include "train-tools.h"

#include <math.h>
#include <string.h>

/* Runs with every optimizer: through a file in mid-epoch and on, they take the very steps they would have
 * taken, and a change of the rate leaves a schedule and takes it up again. */

#define N_TRAIN 200
#define BATCH 32
#define N_STEPS 9 /* an epoch has 7 */
#define STOP 4

static LwImages *images;

static const LwRunSettings settings = { 2, BATCH, G_MAXUINT, 7, LW_VALIDATION_NONE, 0.1 };

static LwSpec *
set (LwSpec *spec, const char *key, LwFieldValue value)
{
  GError *error = NULL;
  LwSpec *next = lw_spec_with_value (spec, key, value, &error);

  g_assert_no_error (error);
  lw_spec_unref (spec);
  return next;
}

static LwSpec *
set_float (LwSpec *spec, const char *key, double x)
{
  return set (spec, key, (LwFieldValue) { .x = x });
}

/* Variants of one class: as it comes; with every slot it can have; with averages, clipping and decay; with
 * each schedule. */
#define N_VARIANTS 6

static LwSpec *
make_spec (const LwSpecClass *klass, int variant)
{
  static const char *const bools[] = { "amsgrad", "nesterov", "centered" };
  LwSpec                  *spec = lw_spec_new (klass, NULL);

  if (variant >= 1)
    {
      if (lw_spec_class_find (klass, "momentum", NULL) != NULL)
        spec = set_float (spec, "momentum", 0.5);
      for (gsize i = 0; i < G_N_ELEMENTS (bools); i++)
        if (lw_spec_class_find (klass, bools[i], NULL) != NULL)
          spec = set (spec, bools[i], (LwFieldValue) { .b = TRUE });
    }
  if (variant >= 2)
    {
      spec = set (spec, "use_ema", (LwFieldValue) { .b = TRUE });
      spec = set (spec, "ema_overwrite_frequency", (LwFieldValue) { .i = 3 });
      spec = set_float (spec, "weight_decay", 0.01);
      spec = set_float (spec, variant % 2 ? "clipnorm" : "global_clipnorm", 0.5);
    }
  if (variant >= 3)
    {
      spec = set (spec, "schedule", (LwFieldValue) { .choice = variant - 2 });
      if (variant == 5)
        {
          spec = set (spec, "boundaries", (LwFieldValue) { .list = { 2, { 3, 6 } } });
          /* The file keeps the rates alone. */
          spec = set_float (spec, "learning_rate", 0.001);
        }
      else
        spec = set (spec, "decay_steps", (LwFieldValue) { .i = 5 });
    }
  return spec;
}

static LwModelSpec *
make_model (const LwSpecClass *klass, int variant)
{
  g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("logistic");
  g_autoptr (LwSpec)      spec = make_spec (klass, variant);

  return lw_model_spec_with_optimizer (preset, spec);
}

/* The state as it comes back from a file. */
static LwState *
through_file (LwState *state)
{
  g_autofree char       *path = test_path ("run.keras");
  g_autoptr (LwHistory)  history = lw_history_new ();
  GError                *error = NULL;
  LwRun                 *run = lw_run_new (state->model, &state->settings, state, history);
  LwState               *back;

  g_assert_true (lw_keras_archive_save (path, run, &error));
  g_assert_no_error (error);
  lw_run_free (run);
  run = lw_keras_archive_load (path, &error);
  g_assert_no_error (error);
  g_assert_true (lw_state_equal (run->state, state));
  back = lw_state_ref (run->state);
  lw_run_free (run);
  return back;
}

static LwTraining *
go_on (LwState *state)
{
  GError              *error = NULL;
  g_autoptr (LwDevice) device = lw_device_new (2, 0, NULL);
  LwTraining          *training = lw_training_new_from_state (device, state, images, &error);

  g_assert_no_error (error);
  return training;
}

static void
test_resume (gconstpointer data)
{
  const LwSpecClass *klass = data;

  for (int variant = 0; variant < N_VARIANTS; variant++)
    {
      g_autoptr (LwModelSpec) model = make_model (klass, variant);
      g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
      g_autoptr (LwState)     begun = lw_training_get_state (training), begun_back = through_file (begun);
      g_autoptr (LwState)     middle = NULL, back = NULL, whole = NULL, ended = NULL;
      g_autoptr (LwTraining)  resumed = NULL;

      g_assert_true (lw_state_equal (begun, begun_back));
      test_take_steps (training, STOP);
      middle = lw_training_get_state (training);
      test_take_steps (training, N_STEPS - STOP);
      whole = lw_training_get_state (training);
      g_assert_true (test_state_is_finite (whole));

      back = through_file (middle);
      resumed = go_on (back);
      test_take_steps (resumed, N_STEPS - STOP);
      ended = lw_training_get_state (resumed);
      g_assert_true (lw_state_equal (ended, whole));
    }
}

/* Another rate stays, also through a file; the schedule's own takes it up where the run then is. */
static void
test_leave_schedule (gconstpointer data)
{
  const LwSpecClass *klass = data;

  for (int variant = 3; variant < N_VARIANTS; variant++)
    {
      g_autoptr (LwModelSpec) model = make_model (klass, variant);
      g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
      g_autoptr (LwTraining)  resumed = NULL;
      g_autoptr (LwState)     middle = NULL, back = NULL, whole = NULL, ended = NULL, other = NULL;
      const double            initial = lw_training_get_learning_rate (training);

      g_assert_cmpfloat (initial, ==, lw_schedule_get_initial (lw_model_spec_get_optimizer (model)));
      test_take_steps (training, 2);
      lw_training_set_learning_rate (training, 0.25);
      test_take_steps (training, 1);
      middle = lw_training_get_state (training);
      g_assert_cmpfloat (middle->learning_rate, ==, 0.25);
      test_take_steps (training, 2);
      lw_training_set_learning_rate (training, initial);
      test_take_steps (training, 2);
      whole = lw_training_get_state (training);
      g_assert_cmpfloat (whole->learning_rate, ==, initial);

      back = through_file (middle);
      resumed = go_on (back);
      g_assert_cmpfloat (lw_training_get_learning_rate (resumed), ==, 0.25);
      test_take_steps (resumed, 2);
      lw_training_set_learning_rate (resumed, initial);
      test_take_steps (resumed, 2);
      ended = lw_training_get_state (resumed);
      g_assert_true (lw_state_equal (ended, whole));

      other = test_state_after (model, &settings, images, 7);
      g_assert_false (lw_tensor_equal (other->weights[0], whole->weights[0]));
    }
}

/* Settings that do not go together end a run before it begins, with a sentence. */
static void
test_refused (void)
{
  g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("logistic");
  g_autoptr (LwModelSpec) model = NULL;
  g_autoptr (LwDevice)    device = lw_device_new (1, 0, NULL);
  LwSpec                 *spec = lw_spec_new (lw_optimizer_class_find ("RMSprop"), NULL);
  g_autoptr (GError)      error = NULL;

  spec = set_float (set_float (spec, "clipnorm", 1), "clipvalue", 1);
  model = lw_model_spec_with_optimizer (preset, spec);
  lw_spec_unref (spec);
  g_assert_null (lw_training_new (device, model, &settings, images, &error));
  test_check_error (error, "RMSprop has both clipnorm and clipvalue");
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_TRAIN, 50);
  for (guint i = 0; lw_optimizer_classes ()[i] != NULL; i++)
    {
      const LwSpecClass *klass = lw_optimizer_classes ()[i];
      g_autofree char   *resume = g_strconcat ("/optimizer-runs/resume/", klass->class_name, NULL);
      g_autofree char   *leave = g_strconcat ("/optimizer-runs/leave-schedule/", klass->class_name, NULL);

      g_test_add_data_func (resume, klass, test_resume);
      g_test_add_data_func (leave, klass, test_leave_schedule);
    }
  g_test_add_func ("/optimizer-runs/refused", test_refused);
  status = g_test_run ();
  lw_images_unref (images);
  test_remove_folder ();
  return status;
}
