#include "app/figures.h"
#include "app/status.h"

#include <string.h>

#include "tests/engine/file-tools.h"
#include "tests/engine/train-tools.h"
#include "tests/wait.h"

/* The words of the status line in each of the session's situations. */

static void
wait_for_data (LwSession *session)
{
  WAIT_UNTIL (lw_session_get_images (session) != NULL || lw_session_get_data_error (session) != NULL);
}

static void
wait_for_step (LwSession *session, LwPhase phase, gint64 step)
{
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_phase (session)) == phase
              && lw_session_get_run (session)->last.step == step);
}

/* The line begins with `text`; an error or not; the button's action, or NULL. */
static void
assert_status (LwSession *session, const char *text, gboolean error, const char *action)
{
  LwStatus status;

  lw_status_fill (&status, session);
  if (!g_str_has_prefix (status.text, text))
    g_error ("“%s” does not begin with “%s”", status.text, text);
  g_assert_true (status.error == error);
  g_assert_cmpstr (status.action, ==, action);
  g_assert_true ((status.button != NULL) == (action != NULL));
  g_assert_cmpfloat (status.fraction, <=, 1);
  lw_status_clear (&status);
  g_assert_null (status.text);
  g_assert_null (status.button);
}

/* Presenter mode's three figures: "title: value, caption" one below the other; * stands for what depends on
 * the machine. */
static void
assert_figures (LwFigures *figures, LwSession *session, const char *patterns[LW_N_FIGURES])
{
  lw_figures_update (figures, session);
  for (guint i = 0; i < LW_N_FIGURES; i++)
    {
      const LwFigure  *figure = &figures->figures[i];
      g_autofree char *text = g_strdup_printf ("%s: %s, %s", figure->title, figure->value, figure->caption);

      if (!g_pattern_match_simple (patterns[i], text))
        g_error ("“%s” is not “%s”", text, patterns[i]);
    }
}

#define FIGURES(accuracy, loss, time) assert_figures (&figures, session, (const char *[]) { accuracy, loss, time })

static void
edit (LwSession *session, LwModelSpec *model, const LwRunSettings *settings)
{
  g_autoptr (LwDocument) document = lw_document_new (model, settings);

  lw_session_edit (session, document, "Edit");
}

static void
test_clock (void)
{
  static const struct {
    double      seconds;
    const char *text;
  } cases[] = { { 0, "0:00" },       { 0.2, "0:01" },         { 13.5, "0:14" },    { 59.01, "1:00" },
                { 3599, "59:59" },   { 3722, "1:02:02" },     { -4, "0:00" },      { 1e12, "99:59:59" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = lw_status_clock (cases[i].seconds);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_hint (void)
{
  g_autoptr (LwSession) session = lw_session_new ();
  const struct {
    double      seconds_per_image;
    const char *text;
  } cases[] = { { 1e-6, "5 epochs over 60,000 handwritten digits, about 1 second on this computer." },
                { 1e-4, "5 epochs over 60,000 handwritten digits, about 30 seconds on this computer." },
                { 1e-3, "5 epochs over 60,000 handwritten digits, about 5 minutes on this computer." } };
  g_autofree char *unknown = lw_status_hint (session);

  g_assert_cmpstr (unknown, ==, "5 epochs over 60,000 handwritten digits.");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = NULL;

      lw_session_set_image_time (session, cases[i].seconds_per_image);
      text = lw_status_hint (session);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_run (void)
{
  g_autofree char        *path = test_path ("mnist.npz");
  g_autoptr (LwImages)    images = test_images_new (320, 50);
  static const char      *names[] = { "x_train", "y_train", "x_test", "y_test" };
  LwTensor               *arrays[] = { images->train_images, images->train_labels, images->test_images,
                                       images->test_labels };
  g_autoptr (LwSession)   session = lw_session_new ();
  g_autoptr (LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) faulty = lw_model_spec_with_removed (mlp, 2);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autofree char        *fault = g_strdup_printf ("Cannot train: %s", lw_model_spec_get_fault (faulty)->reason);

  LwFigures               figures = { 0 };

  settings.epochs = 1;
  edit (session, mlp, &settings);
  FIGURES ("Test accuracy: —, not tested yet", "Training loss: —, no step yet", "Time: —, estimated for 1 epoch");
  assert_status (session, "Reading MNIST…", FALSE, NULL);
  lw_session_load_data (session);
  wait_for_data (session);
  assert_status (session, "Cannot train: ", TRUE, "win.reload-data");

  g_assert_true (lw_npz_write (path, 4, names, arrays, NULL));
  lw_session_load_data (session);
  wait_for_data (session);
  assert_status (session, "Ready · mlp on MNIST · 2 threads, ", FALSE, NULL);
  edit (session, faulty, &settings);
  assert_status (session, fault, TRUE, "win.show-fault");
  lw_session_undo (session);

  lw_session_step (session);
  wait_for_step (session, LW_PHASE_PAUSED, 1);
  assert_status (session, "Paused · epoch 1 of 1 · step 1", FALSE, NULL);
  FIGURES ("Test accuracy: *", "Training loss: *, smoothed, started at ?.?", "Time: 0:01, step 1 of 10");
  lw_session_stop (session);
  wait_for_step (session, LW_PHASE_STOPPED, 1);
  assert_status (session, "Stopped · epoch 1 of 1 · step 1", FALSE, NULL);
  lw_session_train (session);
  wait_for_step (session, LW_PHASE_FINISHED, 10);
  assert_status (session, "Done · ", FALSE, "win.continue(uint32 5)");
  FIGURES ("Test accuracy: *\u202f%, after epoch 1, 50 images", "Training loss: ?.???, smoothed, started at ?.?",
           "Time: 0:0?, step 10 of 10");

  /* Another run's figures take their place. */
  lw_session_reset (session);
  FIGURES ("Test accuracy: —, not tested yet", "Training loss: —, no step yet", "Time: *");
  lw_session_undo (session);
  FIGURES ("Test accuracy: *\u202f%, after epoch 1, 50 images", "Training loss: ?.???, smoothed, started at ?.?",
           "Time: 0:0?, step 10 of 10");
  lw_figures_clear (&figures);
  lw_figures_clear (&figures);

  /* Another model: what comes next is another run. */
  settings.batch_size = 64;
  edit (session, mlp, &settings);
  assert_status (session, "Ready · mlp on MNIST · 2 threads, ", FALSE, NULL);
}

int
main (int argc, char *argv[])
{
  g_autofree char *path = test_path ("mnist.npz");
  g_autofree char *folder = g_path_get_dirname (path);
  int              status;

  g_setenv ("LW_THREADS", "2", TRUE);
  g_setenv ("LAYERWISE_DATA_DIR", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/status/clock", test_clock);
  g_test_add_func ("/status/hint", test_hint);
  g_test_add_func ("/status/run", test_run);
  status = g_test_run ();
  test_remove_folder ();
  return status;
}
