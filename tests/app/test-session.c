#include "app/session.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "tests/engine/file-tools.h"
#include "tests/engine/train-tools.h"
#include "tests/wait.h"

/* The session without its window: edits and their undo, runs, files, and data that is late or
 * missing. */

#define N_TRAIN 320
#define STEPS 10 /* of an epoch in batches of 32 */
static LwImages *images;

/* -- data and waiting -- */

/* The squares as mnist.npz in the test's folder, which becomes where data is. */
static void
write_data (void)
{
  static const char *const names[] = { "x_train", "y_train", "x_test", "y_test", NULL };
  g_autofree char         *path = test_path ("mnist.npz");
  g_autofree char         *folder = g_path_get_dirname (path);
  LwTensor                *arrays[4];
  GError                  *error = NULL;

  images = test_images_new (N_TRAIN, 50);
  arrays[0] = images->train_images;
  arrays[1] = images->train_labels;
  arrays[2] = images->test_images;
  arrays[3] = images->test_labels;
  g_assert_true (lw_npz_write (path, 4, names, arrays, &error));
  g_assert_no_error (error);
  g_setenv ("LAYERWISE_DATA_DIR", folder, TRUE);
}

static LwDocument *
document_new (const char *preset, guint epochs)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;

  settings.epochs = epochs;
  return lw_document_new (model, &settings);
}

/* A session with its data read and this document. */
static LwSession *
session_new (const char *preset, guint epochs)
{
  LwSession             *session = lw_session_new ();
  g_autoptr (LwDocument) document = document_new (preset, epochs);

  lw_session_load_data (session);
  WAIT_UNTIL (lw_session_get_images (session) != NULL);
  lw_session_edit (session, document, "Preset");
  return session;
}

static void
session_free (LwSession *session)
{
  gpointer gone = session;

  g_object_add_weak_pointer (G_OBJECT (session), &gone);
  g_object_unref (session);
  WAIT_UNTIL (gone == NULL);
}

static void
train_to_end (LwSession *session)
{
  lw_session_train (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED);
  settle (0);
  lw_session_tick (session);
}

static gboolean
has_state (LwSession *session)
{
  g_autoptr (LwState) state = lw_session_get_state (session);

  return state != NULL;
}

/* The session's weights are the ones that so many steps of the document's run give. */
static void
assert_state (LwSession *session, guint steps)
{
  g_autoptr (LwState) state = lw_session_get_state (session);
  LwDocument         *document = lw_session_get_document (session);
  g_autoptr (LwState) want = test_state_after (document->model, &document->settings, images, steps);

  g_assert_nonnull (state);
  g_assert_cmpint (state->step, ==, steps);
  g_assert_true (lw_state_equal (state, want));
}

static void
count (guint *counter)
{
  ++*counter;
}

/* -- the document -- */

static LwDocument *
with_settings (LwDocument *document, const LwRunSettings *settings)
{
  return lw_document_new (document->model, settings);
}

static LwDocument *
with_optimizer (LwDocument *document, const char *name, double rate)
{
  g_autoptr (LwSpec)      plain = lw_spec_new (lw_optimizer_class_find (name), NULL);
  g_autoptr (LwSpec)      spec = lw_spec_with_value (plain, "learning_rate", (LwFieldValue) { .x = rate }, NULL);
  g_autoptr (LwModelSpec) model = lw_model_spec_with_optimizer (document->model, spec);

  return lw_document_new (model, &document->settings);
}

static LwDocument *
random_edit (LwDocument *document, GRand *rand)
{
  static const char *const layers[] = { "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dropout", "Activation" };
  guint                    n = lw_model_spec_get_n_layers (document->model);
  guint                    layer = n > 0 ? (guint) g_rand_int_range (rand, 0, (gint32) n) : 0;
  LwRunSettings            settings = document->settings;
  g_autoptr (LwModelSpec)  model = NULL;
  g_autoptr (LwSpec)       spec = NULL;
  int                      kind = g_rand_int_range (rand, 0, 8);

  if (n == 0 && (kind == 1 || kind == 2))
    kind = 0;
  switch (kind)
    {
    case 0:
      spec = lw_spec_new (&lw_layer_class_find (layers[g_rand_int_range (rand, 0, 6)])->spec, NULL);
      model = lw_model_spec_with_inserted (document->model, layer, spec);
      break;
    case 1: model = lw_model_spec_with_removed (document->model, layer); break;
    case 2:
      model = lw_model_spec_with_moved (document->model, layer, (guint) g_rand_int_range (rand, 0, (gint32) n));
      break;
    case 3: return with_optimizer (document, "SGD", g_rand_double_range (rand, 0.001, 0.5));
    case 4: return with_optimizer (document, "Adam", g_rand_double_range (rand, 0.001, 0.5));
    case 5: settings.epochs = (guint) g_rand_int_range (rand, 1, 50); break;
    case 6: settings.seed = g_rand_int (rand); break;
    default: settings.batch_size = (guint) g_rand_int_range (rand, 1, 500); break;
    }
  return model != NULL ? lw_document_new (model, &settings) : with_settings (document, &settings);
}

/* Random edits, undos and redos, beside a plain list of what the document was. */
static void
test_undo (void)
{
  for (guint32 seed = 0; seed < 5; seed++)
    {
      GRand                *rand = g_rand_new_with_seed (seed);
      LwSession            *session = lw_session_new ();
      g_autoptr (GPtrArray) past = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_document_unref);
      guint                 now = 0, n_changes = 0;

      g_signal_connect_swapped (session, "document-changed", G_CALLBACK (count), &n_changes);
      g_ptr_array_add (past, lw_document_ref (lw_session_get_document (session)));
      g_assert_null (lw_session_get_undo_name (session));
      g_assert_false (lw_session_undo (session));
      for (int i = 0; i < 150; i++)
        {
          int kind = g_rand_int_range (rand, 0, 10);

          if (kind < 6)
            {
              g_autoptr (LwDocument) next = random_edit (lw_session_get_document (session), rand);
              g_autofree char       *name = g_strdup_printf ("Edit %d", i);
              guint                  before = n_changes;

              if (lw_document_equal (next, g_ptr_array_index (past, now)))
                {
                  lw_session_edit (session, next, name);
                  g_assert_cmpuint (n_changes, ==, before);
                  continue;
                }
              lw_session_edit (session, next, name);
              g_assert_cmpuint (n_changes, ==, before + 1);
              g_assert_cmpstr (lw_session_get_undo_name (session), ==, name);
              g_assert_null (lw_session_get_redo_name (session));
              g_ptr_array_set_size (past, (int) ++now);
              g_ptr_array_add (past, g_steal_pointer (&next));
            }
          else if (kind < 8)
            {
              g_assert_true (lw_session_undo (session) == (now > 0));
              now -= now > 0;
            }
          else
            {
              g_assert_true (lw_session_redo (session) == (now + 1 < past->len));
              now += now + 1 < past->len;
            }
          g_assert_true (lw_document_equal (lw_session_get_document (session), g_ptr_array_index (past, now)));
          g_assert_true (lw_session_is_modified (session)
                         == !lw_document_equal (lw_session_get_document (session), g_ptr_array_index (past, 0)));
        }
      while (lw_session_undo (session))
        g_assert_true (lw_document_equal (lw_session_get_document (session), g_ptr_array_index (past, --now)));
      g_assert_cmpuint (now, ==, 0);
      g_assert_false (lw_session_is_modified (session));
      while (lw_session_redo (session))
        g_assert_true (lw_document_equal (lw_session_get_document (session), g_ptr_array_index (past, ++now)));
      g_assert_cmpuint (now, ==, past->len - 1);
      session_free (session);
      g_rand_free (rand);
    }
}

static void
test_same_run (void)
{
  g_autoptr (LwDocument) document = document_new ("mlp", 5);
  g_autoptr (LwDocument) rate = with_optimizer (document, "Adam", 0.25);
  g_autoptr (LwDocument) sgd = with_optimizer (document, "SGD", 0.001);
  g_autoptr (LwDocument) other_model = document_new ("logistic", 5);

  g_assert_true (lw_document_same_run (document, document));
  g_assert_true (lw_document_equal (document, document));
  g_assert_true (lw_document_same_run (rate, document));
  g_assert_false (lw_document_equal (rate, document));
  g_assert_false (lw_document_same_run (sgd, document));
  g_assert_false (lw_document_same_run (other_model, document));
  for (int change = 0; change < 6; change++)
    {
      LwRunSettings          settings = document->settings;
      g_autoptr (LwDocument) changed = NULL;

      switch (change)
        {
        case 0: settings.epochs = 9; break;
        case 1: settings.fraction = 0.5; break; /* not in use */
        case 2: settings.seed = 9; break;
        case 3: settings.batch_size = 9; break;
        case 4: settings.shuffle = 9; break;
        case 5: settings.validation = LW_VALIDATION_FRACTION; break;
        }
      changed = with_settings (document, &settings);
      g_assert_true (lw_document_same_run (changed, document) == (change <= 1));
      g_assert_true (lw_document_equal (changed, document) == (change == 1));
    }
  g_assert_null (lw_document_new_preset ("resnet"));
}

/* -- training -- */

static void
test_train (void)
{
  LwSession *session = session_new ("mlp", 2);
  guint      n_runs = 0, n_states = 0;

  g_signal_connect_swapped (session, "runs-changed", G_CALLBACK (count), &n_runs);
  g_signal_connect_swapped (session, "state-changed", G_CALLBACK (count), &n_states);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_IDLE);
  g_assert_null (lw_session_get_obstacle (session));
  g_assert_null (lw_session_get_run (session));
  g_assert_false (lw_session_is_trained (session));
  WAIT_UNTIL (has_state (session));
  assert_state (session, 0);

  train_to_end (session);
  assert_state (session, 2 * STEPS);
  g_assert_true (lw_session_is_trained (session));
  g_assert_true (lw_session_is_modified (session));
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  g_assert_cmpuint (n_runs, ==, 1);
  g_assert_cmpuint (n_states, >, 1);
  g_assert_cmpstr (lw_session_get_run (session)->name, ==, "Run 1");
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 2 * STEPS);
  g_assert_cmpint (lw_session_get_run (session)->n_tested, ==, 50);
  g_assert_true (isfinite (lw_session_get_run (session)->smoothed_loss));

  /* On from the end, then once more from the beginning. */
  lw_session_continue (session, 1);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED && lw_session_get_run (session)->last.step > 20);
  assert_state (session, 3 * STEPS);
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 3);
  train_to_end (session);
  assert_state (session, 2 * STEPS);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 2);
  g_assert_cmpstr (lw_session_get_run (session)->name, ==, "Run 2");
  g_assert_true (lw_session_get_nth_run (session, 0) == lw_session_get_run (session));
  g_assert_cmpint (lw_session_get_nth_run (session, 1)->last.step, ==, 3 * STEPS);
  g_assert_nonnull (lw_session_get_nth_run (session, 1)->state);
  session_free (session);
}

static void
test_pause_and_step (void)
{
  LwSession *session = session_new ("mlp", 1000);
  gint64     paused;

  lw_session_step (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && lw_session_get_run (session)->last.step == 1);
  assert_state (session, 1);
  lw_session_train (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_TRAINING);
  lw_session_pause (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED);
  lw_session_tick (session);
  paused = lw_session_get_run (session)->last.step;
  assert_state (session, (guint) paused);
  lw_session_step (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && (lw_session_tick (session), TRUE)
              && lw_session_get_run (session)->last.step == paused + 1);
  lw_session_stop (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_STOPPED);
  assert_state (session, (guint) paused + 1);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  session_free (session);
}

/* A pause right behind a step leaves nothing that is waited for in vain. */
static void
test_pause_behind_step (void)
{
  LwSession *session = session_new ("mlp", 2);

  lw_session_step (session);
  lw_session_pause (session);
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_run (session)->last.step == 1)
              && !lw_session_is_stepping (session));
  assert_state (session, 1);
  session_free (session);
}

/* The learning rate and the epochs change a run as it goes; anything else begins another. */
static void
test_live_edits (void)
{
  LwSession             *session = session_new ("mlp", 2);
  g_autoptr (LwDocument) rate = with_optimizer (lw_session_get_document (session), "Adam", 0.0005);
  LwRunSettings          settings = rate->settings;
  g_autoptr (LwDocument) other = NULL, longer = NULL;
  g_autoptr (LwState)    state = NULL;

  lw_session_step (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED);
  lw_session_edit (session, rate, "Learning rate");
  settings.epochs = 3;
  longer = with_settings (rate, &settings);
  lw_session_edit (session, longer, "Epochs");
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 3);
  train_to_end (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  state = lw_session_get_state (session);
  g_assert_cmpint (state->step, ==, 3 * STEPS);
  g_assert_cmpfloat (state->learning_rate, ==, 0.0005);

  /* Longer by "Continue" than the document says: another rate leaves that as it is. */
  lw_session_continue (session, 2);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED && lw_session_get_run (session)->last.step > 30);
  lw_session_undo (session);
  lw_session_undo (session);
  lw_session_edit (session, longer, "Epochs");
  lw_session_continue (session, 2); /* from where it stands */
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 7);
  {
    g_autoptr (LwDocument) faster = with_optimizer (longer, "Adam", 0.002);

    lw_session_edit (session, faster, "Learning rate");
  }
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 7);
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_run (session)->last.epoch == 7)
              && lw_session_get_phase (session) == LW_PHASE_FINISHED);

  settings.batch_size = 40;
  other = with_settings (longer, &settings);
  lw_session_edit (session, other, "Batch size");
  train_to_end (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 2);
  assert_state (session, 3 * 8);
  session_free (session);
}

/* The document with SGD, of that rate, and with that schedule. */
static LwDocument *
with_schedule (LwDocument *document, double rate, const char *schedule)
{
  g_autoptr (LwDocument)  plain = with_optimizer (document, "SGD", rate);
  g_autoptr (GVariant)    word = g_variant_ref_sink (g_variant_new_string (schedule));
  g_autoptr (LwSpec)      spec = lw_spec_with_variant (lw_model_spec_get_optimizer (plain->model), "schedule",
                                                       word, NULL);
  g_autoptr (LwModelSpec) model = lw_model_spec_with_optimizer (plain->model, spec);

  return lw_document_new (model, &document->settings);
}

static double
rate_now (LwSession *session)
{
  g_autoptr (LwState) state = lw_session_get_state (session);

  return state->learning_rate;
}

/* A run leaves its schedule for a constant rate and goes on, and undo takes the schedule up again; another
 * schedule begins another run. */
static void
test_schedule (void)
{
  LwSession             *session = session_new ("logistic", 2);
  g_autoptr (LwDocument) scheduled = with_schedule (lw_session_get_document (session), 0.1, "ExponentialDecay");
  g_autoptr (LwDocument) constant = with_schedule (scheduled, 0.02, "constant");
  g_autoptr (LwDocument) initial = with_schedule (scheduled, 0.1, "constant");
  g_autoptr (LwDocument) cosine = with_schedule (scheduled, 0.1, "CosineDecay");
  g_autoptr (LwDocument) slower = with_schedule (scheduled, 0.02, "ExponentialDecay");

  g_assert_true (lw_document_same_run (constant, scheduled));
  g_assert_false (lw_document_same_run (scheduled, constant));
  g_assert_false (lw_document_same_run (initial, scheduled));
  g_assert_false (lw_document_same_run (cosine, scheduled));
  g_assert_true (lw_document_same_run (scheduled, scheduled));
  g_assert_false (lw_document_same_run (slower, scheduled));

  lw_session_edit (session, scheduled, "Schedule");
  lw_session_step (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && (lw_session_tick (session), TRUE)
              && lw_session_get_run (session)->last.step == 1);
  g_assert_cmpfloat (rate_now (session), ==, 0.1);

  lw_session_edit (session, constant, "Learning rate");
  lw_session_step (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && (lw_session_tick (session), TRUE)
              && lw_session_get_run (session)->last.step == 2);
  g_assert_cmpfloat (rate_now (session), ==, 0.02);

  lw_session_undo (session);
  train_to_end (session);
  g_assert_cmpfloat (rate_now (session), ==, 0.1);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  session_free (session);
}

static void
test_reset (void)
{
  LwSession *session = session_new ("mlp", 2);
  LwHistory *history;

  lw_session_reset (session); /* nothing to reset */
  g_assert_cmpstr (lw_session_get_undo_name (session), ==, "Preset");
  train_to_end (session);
  history = lw_session_get_run (session)->history;
  lw_session_reset (session);
  g_assert_null (lw_session_get_run (session));
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 0);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_IDLE);
  WAIT_UNTIL (has_state (session));
  assert_state (session, 0);

  g_assert_cmpstr (lw_session_get_undo_name (session), ==, "Reset");
  g_assert_true (lw_session_undo (session));
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_FINISHED);
  g_assert_true (lw_session_get_run (session)->history == history);
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 2 * STEPS);
  assert_state (session, 2 * STEPS);

  /* Trained on, then reset again by redo: undo brings back what was trained last. */
  lw_session_continue (session, 1);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED && lw_session_get_run (session)->last.step == 30);
  assert_state (session, 3 * STEPS);
  g_assert_true (lw_session_redo (session));
  g_assert_null (lw_session_get_run (session));
  g_assert_true (lw_session_undo (session));
  assert_state (session, 3 * STEPS);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);

  /* A run begun after the reset stays in the list, and is the current one when the reset is done again. */
  lw_session_reset (session);
  train_to_end (session);
  g_assert_true (lw_session_undo (session));
  assert_state (session, 3 * STEPS);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 2);
  g_assert_true (lw_session_redo (session));
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  assert_state (session, 2 * STEPS);
  g_assert_cmpstr (lw_session_get_run (session)->name, ==, "Run 2");
  train_to_end (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 2);
  g_assert_true (lw_session_undo (session));
  assert_state (session, 3 * STEPS);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 3);
  g_assert_cmpuint (lw_session_get_nth_run (session, 0)->slot, !=, lw_session_get_nth_run (session, 1)->slot);
  session_free (session);
}

static void
test_roll_back (void)
{
  LwSession             *session = session_new ("lenet5", 2);
  g_autoptr (LwDocument) sgd = with_optimizer (lw_session_get_document (session), "SGD", 0.01);
  LwSessionRun          *run;
  gint64                 good;

  lw_session_edit (session, sgd, "Optimizer");
  for (gint64 step = 1; step <= 3; step++)
    {
      lw_session_step (session);
      WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && (lw_session_tick (session), TRUE)
                  && lw_session_get_run (session)->last.step == step);
    }
  lw_session_pause (session);
  lw_trainer_set_learning_rate (lw_session_get_trainer (session), 1e38);
  lw_trainer_start (lw_session_get_trainer (session));
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_DIVERGED
              || lw_session_get_phase (session) == LW_PHASE_FINISHED);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_DIVERGED);
  lw_session_tick (session);
  run = lw_session_get_run (session);
  good = lw_session_get_good_step (session);
  g_assert_false (isfinite (run->last.loss));
  g_assert_cmpint (good, <, run->last.step);
  g_assert_cmpint (good, >=, 2);

  lw_session_roll_back (session);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_STOPPED);
  g_assert_cmpint (run->last.step, ==, good);
  g_assert_true (isfinite (run->smoothed_loss));
  {
    g_autoptr (LwState) state = lw_session_get_state (session);

    g_assert_cmpint (state->step, ==, good);
    g_assert_true (test_state_is_finite (state));
  }

  /* And on, with the rate that the document has. */
  train_to_end (session);
  g_assert_true (isfinite (run->last.loss));
  g_assert_cmpint (run->last.step, ==, 2 * STEPS);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  session_free (session);
}

/* Steps until the session's run has taken so many. */
static void
step_until (LwSession *session, gint64 step)
{
  while (lw_session_get_run (session) == NULL || lw_session_get_run (session)->last.step < step)
    {
      gint64 before = lw_session_get_run (session) != NULL ? lw_session_get_run (session)->last.step : 0;

      lw_session_step (session);
      WAIT_UNTIL (lw_session_get_phase (session) != LW_PHASE_TRAINING && (lw_session_tick (session), TRUE)
                  && !lw_session_is_stepping (session) && lw_session_get_run (session)->last.step > before);
    }
}

/* A run that diverged and is left, rather than rolled back, goes on from its last good weights; what came behind
 * them is forgotten then. */
static void
test_diverged_and_left (void)
{
  LwSession             *session = session_new ("lenet5", 2);
  g_autoptr (LwDocument) sgd = with_optimizer (lw_session_get_document (session), "SGD", 0.01);
  g_autoptr (LwDocument) threads = NULL;
  LwRunSettings          settings = sgd->settings;
  LwHistoryCursor        cursor = { 0 };
  const LwHistoryPoint  *points;
  gint64                 step = 0;
  gsize                  n;

  lw_session_edit (session, sgd, "Optimizer");
  step_until (session, 3);
  lw_trainer_set_learning_rate (lw_session_get_trainer (session), 1e38);
  lw_trainer_start (lw_session_get_trainer (session));
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_DIVERGED);
  settings.threads = 3;
  threads = with_settings (sgd, &settings);
  lw_session_edit (session, threads, "Threads");
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_STOPPED);
  train_to_end (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  while ((points = lw_history_read (lw_session_get_run (session)->history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == LW_POINT_TRAIN)
        {
          g_assert_cmpint (points[i].step, ==, ++step);
          g_assert_true (isfinite (points[i].loss));
        }
  g_assert_cmpint (step, ==, 2 * STEPS);
  session_free (session);
}

/* Any number of runs, each with a name, an id and a slot of its own. */
static void
test_run_list (void)
{
  LwSession *session = session_new ("logistic", 1);

  for (guint i = 1; i <= 14; i++)
    {
      guint seen = 0;

      train_to_end (session);
      g_assert_cmpuint (lw_session_get_n_runs (session), ==, i);
      for (guint k = 0; k < i; k++)
        {
          LwSessionRun    *run = lw_session_get_nth_run (session, k);
          g_autofree char *name = g_strdup_printf ("Run %u", i - k);

          g_assert_cmpstr (run->name, ==, name);
          g_assert_cmpuint (run->id, ==, i - k);
          g_assert_true (lw_session_find_run (session, run->id) == run);
          g_assert_cmpuint (run->slot, <, i);
          g_assert_false (seen & 1u << run->slot);
          seen |= 1u << run->slot;
        }
    }
  g_assert_null (lw_session_find_run (session, 15));
  session_free (session);
}

/* What a run is called, and that it is there. */
static void
test_run_labels (void)
{
  LwSession    *session = session_new ("logistic", 1);
  LwSessionRun *first, *second;

  train_to_end (session);
  train_to_end (session);
  first = lw_session_find_run (session, 1);
  second = lw_session_get_run (session);
  lw_session_rename_run (session, 1, "  baseline ");
  g_assert_cmpstr (first->name, ==, "baseline");
  g_assert_cmpstr (lw_session_get_undo_name (session), ==, "Rename Run 1");
  lw_session_set_run_note (session, 1, "as it comes");
  lw_session_set_run_slot (session, 1, 4);
  g_assert_cmpstr (first->note, ==, "as it comes");
  g_assert_cmpuint (first->slot, ==, 4);

  /* Nothing that is no change is an edit. */
  lw_session_rename_run (session, 1, "");
  lw_session_rename_run (session, 1, "baseline");
  lw_session_set_run_note (session, 1, "as it comes ");
  lw_session_set_run_slot (session, 1, 4);
  lw_session_rename_run (session, 7, "nobody");
  lw_session_delete_run (session, 7);
  lw_session_fork_run (session, 7);
  g_assert_cmpstr (lw_session_get_undo_name (session), ==, "Change the colour of baseline");

  lw_session_delete_run (session, 1);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  g_assert_true (lw_session_get_run (session) == second);
  g_assert_cmpstr (lw_session_get_undo_name (session), ==, "Delete baseline");
  lw_session_undo (session);
  g_assert_true (lw_session_get_nth_run (session, 1) == first);
  g_assert_true (lw_session_get_run (session) == second);
  lw_session_undo (session);
  lw_session_undo (session);
  g_assert_cmpuint (first->slot, ==, 0);
  g_assert_null (first->note);
  g_assert_cmpstr (first->name, ==, "baseline");
  lw_session_undo (session);
  g_assert_cmpstr (first->name, ==, "Run 1");
  while (lw_session_redo (session))
    ;
  g_assert_null (lw_session_find_run (session, 1));
  g_assert_cmpstr (first->name, ==, "baseline");

  /* The current run goes as well; its name is free, but the next run has a number of its own. */
  lw_session_delete_run (session, 2);
  g_assert_null (lw_session_get_run (session));
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_IDLE);
  train_to_end (session);
  g_assert_cmpstr (lw_session_get_run (session)->name, ==, "Run 3");
  lw_session_undo (session);
  g_assert_true (lw_session_get_run (session) == second);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_FINISHED);
  session_free (session);
}

static gboolean
has_event (LwSessionRun *run, const char *note, gint64 step)
{
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;

  while ((points = lw_history_read (run->history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == LW_POINT_EVENT && g_str_equal (points[i].note, note) && points[i].step == step)
        return TRUE;
  return FALSE;
}

/* A fork with nothing changed is the run that its parent goes on to be; with something changed it is
 * another from there on; and the parent can be gone on with. */
static void
test_fork (void)
{
  LwSession             *session = session_new ("lenet5", 3);
  LwSessionRun          *parent, *fork;
  g_autoptr (LwState)    forked = NULL, gone_on = NULL;
  g_autoptr (LwDocument) rate = NULL, wider = NULL;

  step_until (session, STEPS + 4);
  parent = lw_session_get_run (session);
  lw_session_fork_run (session, parent->id);
  fork = lw_session_get_run (session);
  g_assert_true (fork != parent);
  g_assert_cmpstr (fork->name, ==, "Run 2");
  g_assert_cmpstr (fork->note, ==, "from Run 1, step 14");
  g_assert_true (fork->slot != parent->slot);
  g_assert_cmpint (fork->last.step, ==, STEPS + 4);
  g_assert_true (has_event (fork, "forked", STEPS + 4));
  g_assert_false (has_event (parent, "forked", STEPS + 4));
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_STOPPED);

  train_to_end (session);
  g_assert_true (lw_session_get_run (session) == fork);
  g_assert_cmpint (parent->last.step, ==, STEPS + 4);
  forked = lw_session_get_state (session);
  lw_session_take_up_run (session, parent->id);
  g_assert_true (lw_session_get_run (session) == parent);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_STOPPED);
  train_to_end (session);
  assert_state (session, 3 * STEPS);
  gone_on = lw_session_get_state (session);
  g_assert_true (lw_state_equal (forked, gone_on));

  /* Another optimizer from the end of the first epoch on: what follows differs, what was stays. */
  lw_session_undo (session);
  g_assert_true (lw_session_get_run (session) == fork);
  lw_session_fork_run (session, fork->id);
  wider = with_optimizer (lw_session_get_document (session), "SGD", 0.01);
  lw_session_edit (session, wider, "Optimizer");
  lw_session_train (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED);
  lw_session_tick (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 3);
  g_assert_true (lw_document_same_run (lw_session_get_run (session)->document, wider));
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 4);
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 4 * STEPS);
  g_assert_cmpint (fork->last.step, ==, 3 * STEPS);

  /* Undone, the fork is gone and its parent the current run. */
  lw_session_undo (session);
  lw_session_undo (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 2);
  g_assert_true (lw_session_get_run (session) == fork);

  /* What was never trained cannot be forked. */
  lw_session_reset (session);
  rate = with_optimizer (lw_session_get_document (session), "SGD", 0.5);
  lw_session_edit (session, rate, "Optimizer");
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  session_free (session);
}

/* "Continue" trains the fork on: what is changed afterwards is another run, and a rate that was changed before
 * counts. */
static void
test_continue_fork (void)
{
  LwSession             *session = session_new ("logistic", 1);
  g_autoptr (LwDocument) rate = NULL, sgd = NULL;
  LwSessionRun          *fork;

  train_to_end (session);
  lw_session_fork_run (session, 1);
  fork = lw_session_get_run (session);
  rate = with_optimizer (lw_session_get_document (session), "Adam", 0.0002);
  lw_session_edit (session, rate, "Learning rate");
  lw_session_continue (session, 1);
  WAIT_UNTIL ((lw_session_tick (session), fork->last.epoch == 2)
              && lw_session_get_phase (session) == LW_PHASE_FINISHED);
  g_assert_cmpfloat (fork->last.rate, ==, 0.0002f);
  g_assert_true (has_event (fork, "rate 0.0002", STEPS));
  sgd = with_optimizer (lw_session_get_document (session), "SGD", 0.01);
  lw_session_edit (session, sgd, "Optimizer");
  train_to_end (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 3);
  g_assert_cmpint (fork->last.step, ==, 2 * STEPS);
  session_free (session);
}

/* The best weights are known by what the history says, in whatever language it notes that. */
static void
test_best_figures (void)
{
  g_autoptr (LwDocument)   document = document_new ("logistic", 2);
  g_autoptr (LwHistory)    history = lw_history_new ();
  g_autoptr (LwSessionRun) run = lw_session_run_new (document, history, NULL);

  for (int epoch = 1; epoch <= 2; epoch++)
    lw_history_append (history, &(LwHistoryPoint) { .kind = LW_POINT_TEST, .epoch = epoch, .step = epoch * STEPS,
                                                    .loss = (float) epoch, .accuracy = 0.5f, .n_images = 50 });
  lw_history_append (history, &(LwHistoryPoint) { .kind = LW_POINT_EVENT, .epoch = 2, .step = 2 * STEPS,
                                                  .note = "stop" });
  lw_session_run_update (run);
  g_assert_cmpfloat (run->test_loss, ==, 2);
  lw_history_append (history, &(LwHistoryPoint) { .kind = LW_POINT_EVENT, .epoch = 2, .step = 2 * STEPS, .loss = 1,
                                                  .note = "beste: Epoche 1" });
  lw_session_run_update (run);
  g_assert_cmpfloat (run->test_loss, ==, 1);
}

/* Edits of the document and of the runs in any order: undoing all of them gives what there was, byte for
 * byte; redoing them what there was at the end. */
static char *
describe (LwSession *session)
{
  LwDocument      *document = lw_session_get_document (session);
  g_autofree char *model = lw_keras_config_write (document->model);
  GString         *text = g_string_new (model);
  LwSessionRun    *current = lw_session_get_run (session);

  g_string_append_printf (text, "\n%u %u %u %" G_GUINT64_FORMAT " %d %g %u %d %u\n", document->settings.epochs,
                          document->settings.batch_size, document->settings.shuffle, document->settings.seed,
                          (int) document->settings.validation, document->settings.fraction,
                          document->settings.patience, document->settings.keep_best,
                          document->settings.threads);
  for (guint i = 0; i < lw_session_get_n_runs (session); i++)
    {
      LwSessionRun *run = lw_session_get_nth_run (session, i);

      g_string_append_printf (text, "%u %s (%s) %u%s: %" G_GINT64_FORMAT "\n", run->id, run->name,
                              run->note != NULL ? run->note : "", run->slot, run == current ? " current" : "",
                              run->last.step);
    }
  return g_string_free (text, FALSE);
}

static void
test_undo_runs (void)
{
  guint n_all = 0;

  for (guint32 seed = 0; seed < 6; seed++)
    {
      GRand           *rand = g_rand_new_with_seed (seed);
      LwSession       *session = session_new ("logistic", 1);
      g_autofree char *first = NULL, *last = NULL, *again = NULL;
      guint            n_edits = 0;

      train_to_end (session);
      train_to_end (session);
      while (lw_session_undo (session))
        ;
      first = describe (session);
      for (int i = 0; i < 120; i++)
        {
          guint                  n = lw_session_get_n_runs (session);
          guint                  id = n > 0 ? lw_session_get_nth_run (session, (guint) g_rand_int_range (rand, 0, (gint32) n))->id : 0;
          g_autofree char       *text = g_strdup_printf ("%c%d", 'a' + g_rand_int_range (rand, 0, 26), i);
          g_autoptr (LwDocument) next = NULL;

          switch (g_rand_int_range (rand, 0, 9))
            {
            case 0: lw_session_rename_run (session, id, text); break;
            case 1: lw_session_set_run_note (session, id, text); break;
            case 2: lw_session_set_run_slot (session, id, (guint) g_rand_int_range (rand, 0, 9)); break;
            case 3: lw_session_delete_run (session, id); break;
            case 4: lw_session_fork_run (session, id); break;
            case 5: lw_session_take_up_run (session, id); break;
            case 6: lw_session_reset (session); break;
            case 7: lw_session_undo (session); break;
            default:
              next = random_edit (lw_session_get_document (session), rand);
              lw_session_edit (session, next, text);
              break;
            }
        }
      while (lw_session_redo (session))
        ;
      last = describe (session);
      while (lw_session_undo (session))
        n_edits++;
      n_all += n_edits;
      again = describe (session);
      g_assert_cmpstr (again, ==, first);
      while (lw_session_redo (session))
        n_edits--;
      g_assert_cmpuint (n_edits, ==, 0);
      g_free (again);
      again = describe (session);
      g_assert_cmpstr (again, ==, last);
      session_free (session);
      g_rand_free (rand);
    }
  g_assert_cmpuint (n_all, >, 100);
}

/* -- speed -- */

static void
on_step_phase (LwSession *session, int phase, GString *phases)
{
  g_string_append_c (phases, "-FLBU"[phase]);
}

/* Slow motion goes through its phases and takes a step with each round; Pause ends it at once. */
static void
test_slow_motion (void)
{
  LwSession          *session = session_new ("mlp", 2);
  g_autoptr (GString) phases = g_string_new ("");

  g_signal_connect (session, "step-phase", G_CALLBACK (on_step_phase), phases);
  lw_session_set_speed (session, LW_SPEED_SLOW);
  lw_session_train (session);
  g_assert_true (lw_session_is_running (session));
  g_assert_cmpint (lw_session_get_step_phase (session), ==, LW_STEP_FORWARD);
  lw_session_train (session); /* it runs already */
  WAIT_UNTIL (lw_session_get_step_phase (session) == LW_STEP_BACKWARD);
  lw_session_tick (session);
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 0);
  WAIT_UNTIL (phases->len >= 5);
  lw_session_tick (session);
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 1);
  lw_session_pause (session);
  g_assert_false (lw_session_is_running (session));
  g_assert_cmpstr (phases->str, ==, "FLBUF-");
  assert_state (session, 1);

  /* From slow to fast and back while it goes. */
  lw_session_train (session);
  lw_session_set_speed (session, LW_SPEED_FULL);
  g_assert_cmpint (lw_session_get_step_phase (session), ==, LW_STEP_NONE);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED);
  assert_state (session, 2 * STEPS);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  session_free (session);
}

/* One batch, or one image, each time. */
static void
test_single_steps (void)
{
  LwSession *session = session_new ("mlp", 2);

  lw_session_set_speed (session, LW_SPEED_BATCH);
  lw_session_train (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && (lw_session_tick (session), TRUE)
              && lw_session_get_run (session)->last.step == 1);
  assert_state (session, 1);
  lw_session_set_speed (session, LW_SPEED_EXAMPLE);
  step_until (session, 4);
  g_assert_cmpint (lw_session_get_run (session)->last.n_images, ==, 1);
  g_assert_cmpint (lw_session_get_run (session)->epoch_images, ==, 32 + 3);
  g_assert_cmpint (lw_session_get_run (session)->epoch_steps, ==, 4);

  /* The rest of the epoch in batches of which the last is smaller. */
  lw_session_set_speed (session, LW_SPEED_FULL);
  train_to_end (session);
  g_assert_cmpint (lw_session_get_run (session)->last.epoch, ==, 2);
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 4 + 9 + STEPS);
  session_free (session);
}

/* When a run ends may be decided while it goes; what it leaves are the best weights, and the figures are theirs. */
static void
test_early_stop (void)
{
  LwSession             *session = session_new ("lenet5", 40);
  g_autoptr (LwDocument) fast = with_optimizer (lw_session_get_document (session), "SGD", 0.5);
  g_autoptr (LwDocument) patient = NULL;
  g_autoptr (LwState)    state = NULL;
  LwRunSettings          settings = fast->settings;
  LwHistoryCursor        cursor = { 0 };
  const LwHistoryPoint  *points;
  double                 lowest = INFINITY;
  gsize                  n;
  LwSessionRun          *run;

  lw_session_edit (session, fast, "Optimizer");
  step_until (session, 2);
  settings.patience = 2;
  settings.keep_best = TRUE;
  patient = with_settings (fast, &settings);
  lw_session_edit (session, patient, "Early stopping");
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  train_to_end (session);
  run = lw_session_get_run (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  g_assert_true (run->stopped_early);
  g_assert_cmpuint (run->epochs, <, 40);
  g_assert_cmpint (run->last.epoch, ==, run->epochs);
  g_assert_true (has_event (run, "early stop", run->last.step));
  while ((points = lw_history_read (run->history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == LW_POINT_TEST)
        lowest = MIN (lowest, points[i].loss);
  g_assert_cmpfloat (run->test_loss, ==, lowest);
  state = lw_session_get_state (session);
  g_assert_true (state->settings.keep_best);
  g_assert_cmpuint (state->settings.patience, ==, 2);

  /* It goes on when that is asked for. */
  n = run->epochs;
  lw_session_continue (session, 1);
  WAIT_UNTIL ((lw_session_tick (session), (gsize) run->last.epoch == n + 1)
              && lw_session_get_phase (session) == LW_PHASE_FINISHED);
  g_assert_false (run->stopped_early);
  g_assert_cmpuint (run->epochs, ==, n + 1);
  session_free (session);
}

/* Threads may be changed in the middle: the bits are the same. */
static void
test_threads (void)
{
  LwSession             *session = session_new ("lenet5", 2);
  LwRunSettings          settings = lw_session_get_document (session)->settings;
  g_autoptr (LwDocument) threads = NULL;

  step_until (session, 2);
  settings.threads = 3;
  threads = with_settings (lw_session_get_document (session), &settings);
  lw_session_edit (session, threads, "Threads");
  g_assert_cmpint (lw_session_get_n_threads (session), ==, 3);
  lw_session_step (session);
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_run (session)->last.step == 3));
  g_assert_cmpint (lw_trainer_get_n_threads (lw_session_get_trainer (session)), ==, 3);
  train_to_end (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 1);
  assert_state (session, 2 * STEPS);
  session_free (session);
}

/* -- files -- */

typedef struct {
  gboolean done, ok;
  GError  *error;
} Outcome;

static void
on_saved (GObject *object, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->ok = lw_session_save_finish (LW_SESSION (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_opened (GObject *object, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->ok = lw_session_open_finish (LW_SESSION (object), result, &outcome->error);
  outcome->done = TRUE;
}

static Outcome
save (LwSession *session, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  Outcome           outcome = { FALSE };

  lw_session_save_async (session, file, on_saved, &outcome);
  WAIT_UNTIL (outcome.done);
  return outcome;
}

static Outcome
open (LwSession *session, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  Outcome           outcome = { FALSE };

  lw_session_open_async (session, file, on_opened, &outcome);
  WAIT_UNTIL (outcome.done);
  return outcome;
}

/* A run that stopped early is that from a file as well, and goes on as it would have. */
static void
test_save_early_stop (void)
{
  g_autofree char       *path = test_path ("early.keras");
  LwSession             *session = session_new ("lenet5", 40);
  LwSession             *other = session_new ("mlp", 1);
  g_autoptr (LwDocument) fast = with_optimizer (lw_session_get_document (session), "SGD", 0.5);
  LwRunSettings          settings = fast->settings;
  g_autoptr (LwDocument) patient = NULL;
  g_autoptr (LwState)    state = NULL, opened = NULL;
  guint                  epochs;
  Outcome                outcome;

  settings.patience = 2;
  settings.keep_best = TRUE;
  patient = with_settings (fast, &settings);
  lw_session_edit (session, patient, "Early stopping");
  train_to_end (session);
  epochs = lw_session_get_run (session)->epochs;
  g_assert_cmpuint (epochs, <, 40);
  outcome = save (session, path);
  g_assert_no_error (outcome.error);
  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_assert_cmpint (lw_session_get_phase (other), ==, LW_PHASE_FINISHED);
  g_assert_true (lw_session_get_run (other)->stopped_early);
  g_assert_cmpuint (lw_session_get_run (other)->epochs, ==, epochs);
  for (guint i = 0; i < 2; i++)
    {
      LwSession *each = i == 0 ? session : other;

      lw_session_continue (each, 1);
      WAIT_UNTIL ((lw_session_tick (each), (guint) lw_session_get_run (each)->last.epoch == epochs + 1)
                  && lw_session_get_phase (each) == LW_PHASE_FINISHED);
    }
  state = lw_session_get_state (session);
  opened = lw_session_get_state (other);
  g_assert_true (lw_state_equal (state, opened));
  session_free (session);
  session_free (other);
}

/* Whatever is done while a file is being written, or by training after it, is not in that file. */
static void
test_changed_while_saving (void)
{
  g_autofree char *path = test_path ("meanwhile.keras");
  g_autofree char *away = test_path ("away.keras");
  LwSession       *session = session_new ("logistic", 5);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  Outcome          outcome = { FALSE };

  step_until (session, 2);
  lw_session_save_async (session, file, on_saved, &outcome);
  lw_session_rename_run (session, 1, "renamed");
  WAIT_UNTIL (outcome.done);
  g_assert_no_error (outcome.error);
  g_assert_true (lw_session_is_modified (session));
  outcome = save (session, path);
  g_assert_false (lw_session_is_modified (session));

  outcome.done = FALSE;
  lw_session_save_async (session, file, on_saved, &outcome);
  lw_session_step (session);
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_run (session)->last.step == 3));
  WAIT_UNTIL (outcome.done && !lw_session_is_stepping (session));
  g_assert_true (lw_session_is_modified (session));

  /* Slow motion goes on after it was saved. */
  lw_session_set_speed (session, LW_SPEED_SLOW);
  lw_session_train (session);
  outcome = save (session, path);
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_run (session)->last.step == 4)
              && !lw_session_is_stepping (session));
  lw_session_pause (session);
  g_assert_true (lw_session_is_modified (session));

  /* Another file that comes meanwhile keeps its name. */
  outcome = save (session, away);
  outcome = open (session, path);
  g_assert_cmpstr (lw_session_get_title (session), ==, "meanwhile");
  outcome.done = FALSE;
  lw_session_save_async (session, file, on_saved, &outcome);
  lw_session_undo (session);
  WAIT_UNTIL (outcome.done);
  g_assert_cmpstr (lw_session_get_title (session), ==, "away");
  g_assert_true (lw_session_is_modified (session));
  session_free (session);
}

/* How long a run is planned to be is the run's, whatever the document said that was shown before it. */
static void
test_planned_epochs (void)
{
  g_autofree char        *path = test_path ("planned.keras");
  LwSession              *session = session_new ("logistic", 1);
  LwSession              *other = session_new ("mlp", 4);
  g_autoptr (LwDocument)  mlp = document_new ("mlp", 3);
  Outcome                 outcome;

  train_to_end (session);
  lw_session_continue (session, 2);
  WAIT_UNTIL ((lw_session_tick (session), lw_session_get_run (session)->last.epoch == 3)
              && lw_session_get_phase (session) == LW_PHASE_FINISHED);
  outcome = save (session, path);
  g_assert_no_error (outcome.error);
  step_until (other, 1);
  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (lw_session_get_run (other)->epochs, ==, 3);
  g_assert_true (lw_session_undo (other));
  g_assert_cmpuint (lw_session_get_run (other)->epochs, ==, 4);
  g_assert_true (lw_session_redo (other));
  g_assert_cmpuint (lw_session_get_run (other)->epochs, ==, 3);
  session_free (other);

  lw_session_edit (session, mlp, "Preset");
  step_until (session, 1);
  lw_session_take_up_run (session, 1);
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 3);
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_FINISHED);
  g_assert_true (lw_session_undo (session));
  g_assert_cmpuint (lw_session_get_run (session)->epochs, ==, 3);
  g_assert_cmpuint (lw_session_find_run (session, 1)->epochs, ==, 3);
  session_free (session);
}

static void
test_save_and_open (void)
{
  g_autofree char       *path = test_path ("squares.keras");
  LwSession             *session = session_new ("convnet", 2);
  LwSession             *other = session_new ("mlp", 1);
  g_autoptr (LwState)    saved = NULL, opened = NULL;
  g_autoptr (LwDocument) rate = NULL;
  Outcome                outcome;

  for (gint64 step = 1; step <= 4; step++)
    {
      lw_session_step (session);
      WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_PAUSED && (lw_session_tick (session), TRUE)
                  && lw_session_get_run (session)->last.step == step);
    }
  outcome = save (session, path);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.ok);
  g_assert_false (lw_session_is_modified (session));
  g_assert_cmpstr (lw_session_get_title (session), ==, "squares");
  g_assert_nonnull (lw_session_get_file (session));

  g_assert_cmpstr (lw_session_get_title (other), ==, "Untitled");
  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.ok);
  g_assert_true (lw_document_equal (lw_session_get_document (other), lw_session_get_document (session)));
  g_assert_false (lw_session_is_modified (other));
  g_assert_cmpstr (lw_session_get_title (other), ==, "squares");
  g_assert_cmpint (lw_session_get_phase (other), ==, LW_PHASE_STOPPED);
  g_assert_cmpint (lw_session_get_run (other)->last.step, ==, 4);
  saved = lw_session_get_state (session);
  opened = lw_session_get_state (other);
  g_assert_true (lw_state_equal (saved, opened));

  /* Both go on the same way. */
  train_to_end (other);
  assert_state (other, 2 * STEPS);
  g_assert_cmpstr (lw_session_get_undo_name (other), ==, "Open");
  g_assert_true (lw_session_is_modified (other));

  /* A rate that was changed while the run went is kept. */
  rate = with_optimizer (lw_session_get_document (session), "Adam", 0.0002);
  lw_session_edit (session, rate, "Learning rate");
  train_to_end (session);
  outcome = save (session, path);
  g_assert_no_error (outcome.error);
  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_clear_pointer (&saved, lw_state_unref);
  g_clear_pointer (&opened, lw_state_unref);
  saved = lw_session_get_state (session);
  opened = lw_session_get_state (other);
  g_assert_cmpfloat (opened->learning_rate, ==, 0.0002);
  g_assert_cmpint (opened->step, ==, 2 * STEPS);
  g_assert_cmpuint (opened->n_weights, ==, saved->n_weights);
  for (guint i = 0; i < opened->n_weights; i++)
    g_assert_true (lw_tensor_equal (opened->weights[i], saved->weights[i]));
  session_free (session);
  session_free (other);
}

/* The runs are in the file, as they are called and where they stand; the document is in front. */
static void
test_save_runs (void)
{
  g_autofree char        *path = test_path ("runs.keras");
  LwSession              *session = session_new ("logistic", 1);
  LwSession              *other = lw_session_new ();
  g_autoptr (LwDocument)  mlp = document_new ("mlp", 2);
  g_autoptr (LwDocument)  untried = NULL;
  Outcome                 outcome;

  train_to_end (session);
  train_to_end (session);
  lw_session_rename_run (session, 1, "Größe <&>");
  lw_session_set_run_note (session, 1, "with a note");
  lw_session_set_run_slot (session, 1, 8);
  lw_session_edit (session, mlp, "Preset");
  lw_session_step (session);
  g_assert_cmpuint (lw_session_get_run (session)->id, ==, 3);
  step_until (session, 3);
  outcome = save (session, path);
  g_assert_no_error (outcome.error);
  g_assert_false (lw_session_is_modified (session));

  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_assert_false (lw_session_is_modified (other));
  g_assert_cmpuint (lw_session_get_n_runs (other), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      LwSessionRun *was = lw_session_get_nth_run (session, i), *is = lw_session_get_nth_run (other, i);

      g_assert_cmpstr (is->name, ==, was->name);
      g_assert_cmpstr (is->note, ==, was->note);
      g_assert_cmpuint (is->slot, ==, was->slot);
      g_assert_cmpuint (is->epochs, ==, was->epochs);
      g_assert_cmpint (is->last.step, ==, was->last.step);
      g_assert_true (lw_document_equal (is->document, was->document));
      if (i > 0)
        g_assert_true (lw_state_equal (is->state, was->state));
    }
  g_assert_true (lw_session_get_run (other) == lw_session_get_nth_run (other, 0));
  lw_session_load_data (other);
  WAIT_UNTIL (lw_session_get_images (other) != NULL);
  step_until (other, 4);
  g_assert_true (has_event (lw_session_get_run (other), "resumed", 3));
  train_to_end (other);
  g_assert_cmpstr (lw_session_get_run (other)->name, ==, "Run 3");
  assert_state (other, 2 * STEPS);

  /* A document that no run is of: all of them are beside it, none is current. */
  untried = document_new ("lenet5", 1);
  lw_session_edit (other, untried, "Preset");
  outcome = save (other, path);
  g_assert_no_error (outcome.error);
  outcome = open (session, path);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 3);
  g_assert_null (lw_session_get_run (session));
  g_assert_true (lw_document_equal (lw_session_get_document (session), untried));
  lw_session_undo (session);
  g_assert_cmpuint (lw_session_get_n_runs (session), ==, 3);
  g_assert_cmpint (lw_session_get_run (session)->last.step, ==, 3);
  session_free (session);
  session_free (other);
}

/* Unfinished work is saved as well: a model with a fault. */
static void
test_save_fault (void)
{
  g_autofree char        *path = test_path ("fault.keras");
  LwSession              *session = session_new ("lenet5", 3);
  LwSession              *other = lw_session_new ();
  LwModelSpec            *model = lw_session_get_document (session)->model;
  g_autoptr (LwModelSpec) faulty = NULL;
  g_autoptr (LwDocument)  document = NULL;
  Outcome                 outcome;

  train_to_end (session);
  for (guint i = 0; i < lw_model_spec_get_n_layers (model) && faulty == NULL; i++)
    if (lw_spec_is_a (lw_model_spec_get_layer (model, i), "Flatten"))
      faulty = lw_model_spec_with_removed (model, i);
  g_assert_nonnull (lw_model_spec_get_fault (faulty));
  document = lw_document_new (faulty, &lw_session_get_document (session)->settings);
  lw_session_edit (session, document, "Delete Flatten");
  outcome = save (session, path);
  g_assert_no_error (outcome.error);
  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_assert_true (lw_document_equal (lw_session_get_document (other), document));
  g_assert_cmpuint (lw_session_get_n_runs (other), ==, 1);
  g_assert_null (lw_session_get_run (other));
  g_assert_cmpint (lw_session_get_nth_run (other, 0)->last.step, ==, 3 * STEPS);
  session_free (session);
  session_free (other);
}

/* An untrained model is saved with its initial weights. */
static void
test_save_untrained (void)
{
  g_autofree char *path = test_path ("untrained.keras");
  LwSession       *session = session_new ("mlp", 3);
  LwSession       *other = lw_session_new ();
  Outcome          outcome = save (session, path);

  g_assert_no_error (outcome.error);
  outcome = open (other, path);
  g_assert_no_error (outcome.error);
  g_assert_true (lw_document_equal (lw_session_get_document (other), lw_session_get_document (session)));
  g_assert_false (lw_session_is_trained (other));
  g_assert_null (lw_session_get_run (other));
  WAIT_UNTIL (has_state (other));
  assert_state (other, 0);
  session_free (session);
  session_free (other);
}

static void
test_bad_files (void)
{
  g_autofree char       *missing = test_path ("missing.keras");
  g_autofree char       *nonsense = test_path ("nonsense.keras");
  g_autofree char       *nowhere = test_path ("no-such-folder/file.keras");
  LwSession             *session = session_new ("mlp", 3);
  g_autoptr (LwDocument) before = lw_document_ref (lw_session_get_document (session));
  Outcome                outcome = open (session, missing);

  g_assert_false (outcome.ok);
  test_check_error (outcome.error, "missing.keras");
  g_clear_error (&outcome.error);
  test_write (nonsense, "nonsense", 8);
  outcome = open (session, nonsense);
  g_assert_false (outcome.ok);
  test_check_error (outcome.error, "nonsense.keras");
  g_clear_error (&outcome.error);
  outcome = save (session, nowhere);
  g_assert_false (outcome.ok);
  test_check_error (outcome.error, NULL);
  g_clear_error (&outcome.error);
  g_assert_true (lw_session_get_document (session) == before);
  g_assert_cmpstr (lw_session_get_title (session), ==, "Untitled");
  g_assert_null (lw_session_get_file (session));
  g_assert_cmpstr (lw_session_get_undo_name (session), ==, "Preset");
  session_free (session);
}

/* -- data -- */

/* Train before the data is there: it begins when it comes, unless Pause was pressed. */
static void
test_waiting (void)
{
  for (int pause = 0; pause < 2; pause++)
    {
      LwSession             *session = lw_session_new ();
      g_autoptr (LwDocument) document = document_new ("mlp", 1);

      lw_session_edit (session, document, "Preset");
      lw_session_train (session);
      g_assert_true (lw_session_is_waiting (session));
      g_assert_null (lw_session_get_run (session));
      if (pause)
        lw_session_pause (session);
      g_assert_true (lw_session_is_waiting (session) == !pause);
      lw_session_load_data (session);
      WAIT_UNTIL (lw_session_get_images (session) != NULL);
      g_assert_false (lw_session_is_waiting (session));
      if (pause)
        g_assert_null (lw_session_get_run (session));
      else
        {
          WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_FINISHED);
          assert_state (session, STEPS);
        }
      session_free (session);
    }
}

static void
on_run_changed (LwSession *session, gpointer data)
{
  *(gboolean *) data = lw_session_is_waiting (session);
}

static void
test_bad_data (void)
{
  g_autofree char   *good = g_strdup (g_getenv ("LAYERWISE_DATA_DIR"));
  g_autofree char   *folder = g_build_filename (good, "damaged", NULL);
  g_autofree char   *path = g_build_filename (folder, "mnist.npz", NULL);
  g_autofree char   *whole = g_build_filename (good, "mnist.npz", NULL);
  g_autoptr (GBytes) bytes = test_read (whole);
  LwSession         *session = lw_session_new ();

  g_mkdir (folder, 0700);
  g_setenv ("LAYERWISE_DATA_DIR", folder, TRUE);
  for (int truncated = 0; truncated < 2; truncated++)
    {
      g_autofree char *obstacle = NULL;
      gboolean         told_waiting = FALSE;
      gulong           handler = g_signal_connect (session, "run-changed", G_CALLBACK (on_run_changed), &told_waiting);

      if (truncated)
        test_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) / 2);
      lw_session_load_data (session);
      lw_session_train (session);
      g_assert_true (told_waiting);
      WAIT_UNTIL (lw_session_get_data_error (session) != NULL);
      g_signal_handler_disconnect (session, handler);
      g_assert_nonnull (strstr (lw_session_get_data_error (session), "mnist.npz"));
      g_assert_nonnull (strstr (lw_session_get_data_error (session), "LAYERWISE_DATA_DIR"));
      g_assert_null (lw_session_get_images (session));
      g_assert_false (lw_session_is_waiting (session));
      g_assert_false (told_waiting);
      obstacle = lw_session_get_obstacle (session);
      g_assert_cmpstr (obstacle, ==, lw_session_get_data_error (session));
      lw_session_train (session);
      g_assert_null (lw_session_get_run (session));
      g_assert_false (lw_session_is_waiting (session));
    }

  /* Once it is mended, reading again is enough. */
  g_setenv ("LAYERWISE_DATA_DIR", good, TRUE);
  lw_session_load_data (session);
  WAIT_UNTIL (lw_session_get_images (session) != NULL);
  g_assert_null (lw_session_get_data_error (session));
  g_assert_null (lw_session_get_obstacle (session));
  g_remove (path);
  g_rmdir (folder);
  session_free (session);
}

/* A model that cannot train says why and does nothing. */
static void
test_fault (void)
{
  LwSession              *session = session_new ("mlp", 1);
  LwDocument             *document = lw_session_get_document (session);
  g_autoptr (LwModelSpec) model = lw_model_spec_with_removed (document->model, 2);
  g_autoptr (LwDocument)  faulty = lw_document_new (model, &document->settings);
  g_autofree char        *obstacle = NULL;

  lw_session_edit (session, faulty, "Delete Dense");
  obstacle = lw_session_get_obstacle (session);
  g_assert_cmpstr (obstacle, ==, lw_model_spec_get_fault (model)->reason);
  lw_session_train (session);
  lw_session_step (session);
  g_assert_null (lw_session_get_run (session));
  g_assert_cmpint (lw_session_get_phase (session), ==, LW_PHASE_IDLE);
  session_free (session);
}

/* Dropped while it trains, reads or saves. */
static void
test_dispose (void)
{
  LwSession *session = session_new ("convnet", 1000);
  LwSession *reading = lw_session_new ();

  lw_session_train (session);
  WAIT_UNTIL (lw_session_get_phase (session) == LW_PHASE_TRAINING);
  session_free (session);
  lw_session_load_data (reading);
  session_free (reading);
}

int
main (int argc, char *argv[])
{
  int status;

  g_setenv ("LW_THREADS", "2", TRUE);
  g_test_init (&argc, &argv, NULL);
  write_data ();
  g_test_add_func ("/session/undo", test_undo);
  g_test_add_func ("/session/same-run", test_same_run);
  g_test_add_func ("/session/train", test_train);
  g_test_add_func ("/session/pause-and-step", test_pause_and_step);
  g_test_add_func ("/session/pause-behind-step", test_pause_behind_step);
  g_test_add_func ("/session/live-edits", test_live_edits);
  g_test_add_func ("/session/schedule", test_schedule);
  g_test_add_func ("/session/reset", test_reset);
  g_test_add_func ("/session/roll-back", test_roll_back);
  g_test_add_func ("/session/diverged-and-left", test_diverged_and_left);
  g_test_add_func ("/session/run-list", test_run_list);
  g_test_add_func ("/session/run-labels", test_run_labels);
  g_test_add_func ("/session/fork", test_fork);
  g_test_add_func ("/session/continue-fork", test_continue_fork);
  g_test_add_func ("/session/best-figures", test_best_figures);
  g_test_add_func ("/session/undo-runs", test_undo_runs);
  g_test_add_func ("/session/slow-motion", test_slow_motion);
  g_test_add_func ("/session/single-steps", test_single_steps);
  g_test_add_func ("/session/threads", test_threads);
  g_test_add_func ("/session/early-stop", test_early_stop);
  g_test_add_func ("/session/save-early-stop", test_save_early_stop);
  g_test_add_func ("/session/changed-while-saving", test_changed_while_saving);
  g_test_add_func ("/session/planned-epochs", test_planned_epochs);
  g_test_add_func ("/session/save-and-open", test_save_and_open);
  g_test_add_func ("/session/save-runs", test_save_runs);
  g_test_add_func ("/session/save-fault", test_save_fault);
  g_test_add_func ("/session/save-untrained", test_save_untrained);
  g_test_add_func ("/session/bad-files", test_bad_files);
  g_test_add_func ("/session/waiting", test_waiting);
  g_test_add_func ("/session/bad-data", test_bad_data);
  g_test_add_func ("/session/fault", test_fault);
  g_test_add_func ("/session/dispose", test_dispose);
  status = g_test_run ();
  lw_images_unref (images);
  test_remove_folder ();
  return status;
}
