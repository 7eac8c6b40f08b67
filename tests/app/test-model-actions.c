#include "app/model-actions.h"
#include "app/profiler.h"

#include <string.h>

#include "tests/engine/file-tools.h"
#include "tests/engine/train-tools.h"
#include "tests/wait.h"

/* What the builder asks for, as one undoable edit each with its name; and what its models cost. */

typedef struct {
  LwSession          *session;
  GSimpleActionGroup *model, *run;
} Fixture;

static void
on_deleted (const char *text, gpointer data)
{
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->session = lw_session_new ();
  f->model = lw_model_actions_new (f->session, on_deleted, NULL);
  f->run = lw_run_actions_new (f->session);
  lw_session_load_data (f->session);
  WAIT_UNTIL (lw_session_get_images (f->session) != NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer gone = f->session;

  g_object_unref (f->model);
  g_object_unref (f->run);
  g_object_add_weak_pointer (G_OBJECT (f->session), &gone);
  g_object_unref (f->session);
  WAIT_UNTIL (gone == NULL);
}

/* A floating variant or NULL. */
static void
ask (GSimpleActionGroup *group, const char *action, GVariant *parameter)
{
  g_assert_true (g_action_group_has_action (G_ACTION_GROUP (group), action));
  g_action_group_activate_action (G_ACTION_GROUP (group), action, parameter);
}

static LwModelSpec *
model_of (Fixture *f)
{
  return lw_session_get_document (f->session)->model;
}

static const LwRunSettings *
settings_of (Fixture *f)
{
  return &lw_session_get_document (f->session)->settings;
}

static const LwSpec *
layer (Fixture *f, guint i)
{
  return lw_model_spec_get_layer (model_of (f), i);
}

/* The edit has this name, and undoing and redoing it lead back and forth. */
static void
assert_undoable (Fixture *f, const char *name)
{
  g_autoptr (LwDocument) after = lw_document_ref (lw_session_get_document (f->session));

  g_assert_cmpstr (lw_session_get_undo_name (f->session), ==, name);
  g_assert_true (lw_session_undo (f->session));
  g_assert_false (lw_document_equal (lw_session_get_document (f->session), after));
  g_assert_cmpstr (lw_session_get_redo_name (f->session), ==, name);
  g_assert_true (lw_session_redo (f->session));
  g_assert_true (lw_document_equal (lw_session_get_document (f->session), after));
}

static void
test_settings (Fixture *f, gconstpointer data)
{
  ask (f->run, "set-patience", g_variant_new_uint32 (3));
  g_assert_cmpuint (settings_of (f)->patience, ==, 3);
  assert_undoable (f, "Change early stopping");
  ask (f->run, "set-patience", g_variant_new_uint32 (G_MAXUINT32));
  g_assert_cmpuint (settings_of (f)->patience, ==, 1000);
  ask (f->run, "set-keep-best", g_variant_new_boolean (TRUE));
  g_assert_true (settings_of (f)->keep_best);
  assert_undoable (f, "Keep the best weights");
  ask (f->run, "set-keep-best", g_variant_new_boolean (FALSE));
  assert_undoable (f, "Keep the last weights");
  ask (f->run, "set-threads", g_variant_new_uint32 (1));
  g_assert_cmpuint (settings_of (f)->threads, ==, 1);
  assert_undoable (f, "Change the threads");
  ask (f->run, "set-threads", g_variant_new_uint32 (10000));
  g_assert_cmpuint (settings_of (f)->threads, ==, 256);
}

/* A new Dense is the model's answer, or a hidden one. */
static void
test_add (Fixture *f, gconstpointer data)
{
  ask (f->model, "add-layer", g_variant_new ("(su)", "Dense", 5));
  g_assert_cmpstr (lw_spec_get_choice (layer (f, 5), "activation"), ==, "relu");
  g_assert_null (lw_model_spec_get_fault (model_of (f)));
  assert_undoable (f, "Add Dense");
  ask (f->model, "load-preset", g_variant_new_string ("mlp"));
  ask (f->model, "add-layer", g_variant_new ("(su)", "Dense", G_MAXUINT32));
  g_assert_cmpstr (lw_spec_get_choice (layer (f, 3), "activation"), ==, "softmax");
  g_assert_null (lw_model_spec_get_fault (model_of (f)));
  ask (f->model, "add-layer", g_variant_new ("(su)", "Perceptron", 0));
  g_assert_cmpuint (lw_model_spec_get_n_layers (model_of (f)), ==, 4);
}

/* A name that Keras would not open is mended. */
static void
test_rename (Fixture *f, gconstpointer data)
{
  ask (f->model, "rename-layer", g_variant_new ("(us)", 0, "block/first"));
  g_assert_cmpstr (lw_spec_get_name (layer (f, 0)), ==, "block_first");
  assert_undoable (f, "Rename Conv2D");
  ask (f->model, "rename-layer", g_variant_new ("(us)", 2, "block/first"));
  g_assert_cmpstr (lw_spec_get_name (layer (f, 2)), !=, "block_first");
  g_assert_null (strchr (lw_spec_get_name (layer (f, 2)), '/'));
  ask (f->model, "rename-layer", g_variant_new ("(us)", 0, ""));
  ask (f->model, "rename-layer", g_variant_new ("(us)", 99, "none"));
  g_assert_cmpstr (lw_spec_get_name (layer (f, 0)), ==, "block_first");
}

static void
test_hints (Fixture *f, gconstpointer data)
{
  g_autoptr (LwDocument) before = NULL;

  ask (f->model, "add-layer", g_variant_new ("(su)", "Dense", G_MAXUINT32));
  before = lw_document_ref (lw_session_get_document (f->session));
  /* There are no such hints, or no such fixes. */
  ask (f->model, "apply-hint", g_variant_new ("(uu)", 1, 0));
  ask (f->model, "apply-hint", g_variant_new ("(uu)", 0, 1));
  g_assert_true (lw_session_get_document (f->session) == before);

  ask (f->model, "apply-hint", g_variant_new ("(uu)", 0, 0));
  g_assert_cmpstr (lw_spec_get_choice (layer (f, 6), "activation"), ==, "relu");
  assert_undoable (f, "Use relu");
}

/* An input of another size is an obstacle until it is fitted; the test's images are 28×28. */
static void
test_input (Fixture *f, gconstpointer data)
{
  g_autofree char *obstacle = NULL;
  g_autofree char *none = NULL;

  ask (f->model, "set-input", g_variant_new ("(ii)", 32, 30));
  g_assert_null (lw_model_spec_get_fault (model_of (f)));
  obstacle = lw_session_get_obstacle (f->session);
  g_assert_nonnull (obstacle);
  g_assert_nonnull (strstr (obstacle, "The model's input is 32×30×1, but the images of"));
  g_assert_null (strstr (obstacle, ";"));
  lw_session_train (f->session);
  g_assert_cmpuint (lw_session_get_n_runs (f->session), ==, 0);

  ask (f->model, "fit-input", NULL);
  none = lw_session_get_obstacle (f->session);
  g_assert_null (none);
  g_assert_true (lw_shape_equal (lw_model_spec_get_input (model_of (f)), &LW_SHAPE (28, 28, 1)));
  g_assert_true (g_str_has_prefix (lw_session_get_undo_name (f->session), "Use the size of "));
}

static void
on_finished (GObject *object, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* Without layers there is a sentence in place of an answer, and a file all the same. */
static void
test_empty (Fixture *f, gconstpointer data)
{
  g_autofree char         *path = test_path ("empty.keras");
  g_autoptr (GFile)        file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) saved = NULL;
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GError)       error = NULL;
  g_autofree char         *obstacle = NULL;

  ask (f->model, "set-optimizer", g_variant_new_string ("SGD"));
  ask (f->model, "start-empty", NULL);
  assert_undoable (f, "Start empty");
  g_assert_cmpuint (lw_model_spec_get_n_layers (model_of (f)), ==, 0);
  g_assert_true (lw_spec_is_a (lw_model_spec_get_optimizer (model_of (f)), "SGD"));
  obstacle = lw_session_get_obstacle (f->session);
  g_assert_cmpstr (obstacle, ==, "The model has no layers yet");
  lw_session_train (f->session);
  lw_session_step (f->session);
  g_assert_cmpuint (lw_session_get_n_runs (f->session), ==, 0);

  lw_session_save_async (f->session, file, on_finished, &saved);
  WAIT_UNTIL (saved != NULL);
  g_assert_true (lw_session_save_finish (f->session, saved, &error));
  ask (f->model, "load-preset", g_variant_new_string ("mlp"));
  lw_session_open_async (f->session, file, on_finished, &opened);
  WAIT_UNTIL (opened != NULL);
  g_assert_true (lw_session_open_finish (f->session, opened, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (lw_model_spec_get_n_layers (model_of (f)), ==, 0);

  /* By fixes alone to a model that trains. */
  ask (f->model, "apply-fix", g_variant_new_uint32 (0));
  g_assert_null (lw_model_spec_get_fault (model_of (f)));
}

/* -- costs -- */

typedef struct {
  LwProfile *last;
  guint      n;
} Told;

static void
on_profiled (LwProfiler *profiler, LwProfile *profile, Told *told)
{
  told->last = profile;
  told->n++;
}

static void
test_profiler (Fixture *f, gconstpointer data)
{
  g_autoptr (LwProfiler) profiler = lw_profiler_new (f->session);
  Told                   told = { 0 };
  LwProfile             *convnet;
  gboolean               measured = TRUE;
  gsize                  n;

  n = (gsize) lw_tensor_get_dim (lw_session_get_images (f->session)->train_images, 0);
  g_signal_connect (profiler, "profiled", G_CALLBACK (on_profiled), &told);
  g_assert_cmpfloat (lw_session_get_epoch_time (f->session, &measured), <, 0);
  WAIT_UNTIL (told.n == 1);
  convnet = told.last;
  g_assert_cmpuint (convnet->n_layers, ==, 7);
  g_assert_cmpuint (convnet->batch_size, ==, settings_of (f)->batch_size);
  g_assert_cmpfloat_with_epsilon (lw_session_get_epoch_time (f->session, &measured),
                                  lw_profile_get_seconds (convnet, n), 1e-9);
  g_assert_false (measured);

  /* Another model is asked about; a faulty one is not. */
  ask (f->model, "remove-layer", g_variant_new_uint32 (4));
  g_assert_nonnull (lw_model_spec_get_fault (model_of (f)));
  settle (600);
  g_assert_cmpuint (told.n, ==, 1);
  g_assert_cmpfloat (lw_session_get_epoch_time (f->session, &measured), <, 0);
  ask (f->model, "load-preset", g_variant_new_string ("logistic"));
  WAIT_UNTIL (told.n == 2);
  g_assert_cmpuint (told.last->n_layers, ==, 2);

  /* Undo shows at once what is known: no main loop runs in between. */
  lw_session_undo (f->session);
  lw_session_undo (f->session);
  g_assert_true (told.last == convnet);
  g_assert_cmpuint (told.n, ==, 3);
  g_assert_cmpfloat (lw_session_get_epoch_time (f->session, &measured), >, 0);

  /* Another seed changes no cost, only weights. */
  ask (f->run, "set-seed", g_variant_new_uint64 (7));
  g_assert_cmpfloat (lw_session_get_epoch_time (f->session, &measured), >, 0);
  /* Another batch size does. */
  ask (f->run, "set-batch-size", g_variant_new_uint32 (16));
  WAIT_UNTIL (told.n == 4);
  g_assert_cmpuint (told.last->batch_size, ==, 16);
}

/* While a model trains nothing is timed beside it, and what another one costs is not said of it. */
static void
test_profiler_waits (Fixture *f, gconstpointer data)
{
  g_autoptr (LwProfiler) profiler = lw_profiler_new (f->session);
  Told                   told = { 0 };

  g_signal_connect (profiler, "profiled", G_CALLBACK (on_profiled), &told);
  WAIT_UNTIL (told.n == 1);
  ask (f->run, "set-epochs", g_variant_new_uint32 (10000));
  ask (f->model, "load-preset", g_variant_new_string ("logistic"));
  lw_session_train (f->session);
  WAIT_UNTIL (told.n == 2);
  g_assert_null (told.last);
  settle (600);
  g_assert_cmpint (lw_session_get_phase (f->session), ==, LW_PHASE_TRAINING);
  g_assert_cmpuint (told.n, ==, 2);
  lw_session_stop (f->session);
  WAIT_UNTIL (told.n == 3);
  g_assert_cmpuint (told.last->n_layers, ==, 2);
}

int
main (int argc, char *argv[])
{
  static const char *const names[] = { "x_train", "y_train", "x_test", "y_test", NULL };
  g_autoptr (LwImages)     images = test_images_new (320, 50);
  LwTensor                *arrays[] = { images->train_images, images->train_labels, images->test_images,
                                        images->test_labels };
  g_autofree char         *path = NULL;
  g_autofree char         *folder = NULL;

  g_test_init (&argc, &argv, NULL);
  path = test_path ("mnist.npz");
  folder = g_path_get_dirname (path);
  g_assert_true (lw_npz_write (path, 4, names, arrays, NULL));
  g_setenv ("LAYERWISE_DATA_DIR", folder, TRUE);
  g_setenv ("LW_THREADS", "2", TRUE);

#define ADD(path, function) g_test_add ("/model-actions/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("settings", test_settings);
  ADD ("add", test_add);
  ADD ("rename", test_rename);
  ADD ("hints", test_hints);
  ADD ("input", test_input);
  ADD ("empty", test_empty);
  ADD ("profiler", test_profiler);
  ADD ("profiler-waits", test_profiler_waits);
#undef ADD
  return g_test_run ();
}
