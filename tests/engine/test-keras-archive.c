#include "file-tools.h"

#include "engine/autodiff/tape.h"
#include "engine/core/error.h"
#include "engine/data/npz.h"
#include "engine/io/history_pack.h"
#include "engine/io/keras_archive.h"
#include "engine/io/keras_config.h"
#include "engine/io/weights_h5.h"
#include "engine/io/zip_reader.h"
#include "engine/io/zip_writer.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/ops/ops.h"
#include "engine/train/inference.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

/* The .keras archive: what we write comes back bit for bit, what Keras wrote opens, what is damaged
 * is an answer. */

static const char *const members[] = { "metadata.json", "config.json", "model.weights.h5",
                                       "layerwise.json", "layerwise.history" };

static LwTensor *
make_tensor (const LwShape *shape, guint32 *next)
{
  LwTensor *tensor = lw_tensor_new (NULL, LW_FLOAT32, shape, NULL);
  float    *data = lw_tensor_get_mutable_data (tensor);

  for (gsize i = 0; i < lw_tensor_get_count (tensor); i++)
    data[i] = (float) (*next)++ / 1000003;
  return tensor;
}

static LwHistory *
make_history (guint n)
{
  LwHistory *history = lw_history_new ();

  for (guint i = 0; i < n; i++)
    {
      LwHistoryPoint point = { LW_POINT_TRAIN, (gint32) (1 + i / 100), i + 1, 2.3f / (float) (1 + i),
                               0.5f, 0.01 * i, 32, 0.001f / (float) (1 + i), "" };

      if (i % 100 == 99)
        point = (LwHistoryPoint) { LW_POINT_EVENT, (gint32) (1 + i / 100), i + 1, NAN, INFINITY,
                                   0.01 * i, 0, 0, "rate 0.0003 · größer" };
      lw_history_append (history, &point);
    }
  return history;
}

/* A run in mid-epoch whose every field is unlike its standard value. */
static LwRun *
make_run (const char *preset, const char *optimizer_values, guint n_points)
{
  g_autoptr(LwModelSpec) standard = lw_model_spec_new_preset (preset);
  g_autoptr(LwSpec)      sgd = lw_spec_new (lw_optimizer_class_find ("SGD"), NULL);
  g_autoptr(LwSpec)      momentum = lw_spec_with_value (sgd, "momentum", (LwFieldValue) { .x = 0.9 }, NULL);
  g_autoptr(LwModelSpec) model = optimizer_values == NULL ? lw_model_spec_ref (standard)
                                 : g_str_equal (optimizer_values, "SGD")
                                   ? lw_model_spec_with_optimizer (standard, sgd)
                                   : lw_model_spec_with_optimizer (standard, momentum);
  g_autoptr(LwHistory)   history = make_history (n_points);
  g_autoptr(LwState)     state = NULL;
  guint                  n_layers = lw_model_spec_get_n_layers (model);
  LwTensor              *weights[64], *slots[128];
  LwRng                  rngs[64];
  guint32                next = 1;
  LwState                fields = { .model = model, .weights = weights, .slots = slots, .rngs = rngs };
  LwRun                 *run;

  fields.settings = (LwRunSettings) { 7, 48, 1000, G_MAXUINT64 - 5, LW_VALIDATION_FRACTION, 0.1 + 0.2,
                                      12, TRUE, 3 };
  for (guint layer = 0; layer < n_layers; layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);

      for (guint k = 0; k < info->n_weights; k++)
        weights[fields.n_weights++] = make_tensor (&info->weights[k].shape, &next);
      rngs[layer] = (LwRng) { G_MAXUINT64 - 5, LW_STREAM_DROPOUT + layer, (G_GUINT64_CONSTANT (1) << 60) + layer };
    }
  while (fields.n_slots < lw_weights_count_slots (model))
    {
      LwShape shape = lw_weights_get_slot_shape (model, fields.n_slots);

      slots[fields.n_slots++] = make_tensor (&shape, &next);
    }
  fields.n_rngs = n_layers;
  fields.learning_rate = 0.001 / 3;
  fields.step = G_GINT64_CONSTANT (9007199254740993);
  fields.epoch = 3;
  fields.position = 12345;
  fields.shuffle = (LwRng) { 1, LW_STREAM_SHUFFLE, G_MAXUINT64 };
  fields.loss_sum = 1.0 / 3;
  fields.correct_sum = 4321;
  fields.n_counted = 12345;
  fields.seconds = 98.7654321;
  state = lw_state_new (&fields);
  for (guint i = 0; i < fields.n_weights; i++)
    lw_tensor_unref (weights[i]);
  for (guint i = 0; i < fields.n_slots; i++)
    lw_tensor_unref (slots[i]);
  run = lw_run_new (model, &fields.settings, state, history);
  run->name = g_strdup ("„Lauf“ \"1\" \\ a\tb");
  run->note = g_strdup ("Größer,\nund langsamer\x01");
  run->slot = 4;
  run->epochs = 11;
  return run;
}

static void
assert_histories_equal (const LwHistory *a, const LwHistory *b)
{
  LwHistoryCursor       ca = { 0 }, cb = { 0 };
  const LwHistoryPoint *pa, *pb;
  gsize                 na, nb;

  g_assert_cmpuint (lw_history_length (a), ==, lw_history_length (b));
  while ((pa = lw_history_read (a, &ca, &na)) != NULL)
    {
      pb = lw_history_read (b, &cb, &nb);
      g_assert_cmpuint (na, ==, nb);
      for (gsize i = 0; i < na; i++)
        {
          g_assert_cmpint (pa[i].kind, ==, pb[i].kind);
          g_assert_cmpint (pa[i].epoch, ==, pb[i].epoch);
          g_assert_cmpint (pa[i].step, ==, pb[i].step);
          g_assert_cmpmem (&pa[i].loss, 4, &pb[i].loss, 4);
          g_assert_cmpmem (&pa[i].accuracy, 4, &pb[i].accuracy, 4);
          g_assert_cmpmem (&pa[i].seconds, 8, &pb[i].seconds, 8);
          g_assert_cmpint (pa[i].n_images, ==, pb[i].n_images);
          g_assert_cmpmem (&pa[i].rate, 4, &pb[i].rate, 4);
          g_assert_cmpstr (pa[i].note, ==, pb[i].note);
        }
    }
}

static void
assert_runs_equal (const LwRun *a, const LwRun *b)
{
  g_assert_true (lw_model_spec_equal (a->model, b->model));
  g_assert_cmpuint (a->settings.epochs, ==, b->settings.epochs);
  g_assert_cmpuint (a->settings.batch_size, ==, b->settings.batch_size);
  g_assert_cmpuint (a->settings.shuffle, ==, b->settings.shuffle);
  g_assert_cmpuint (a->settings.seed, ==, b->settings.seed);
  g_assert_cmpint (a->settings.validation, ==, b->settings.validation);
  g_assert_true (a->settings.fraction == b->settings.fraction);
  g_assert_cmpuint (a->settings.patience, ==, b->settings.patience);
  g_assert_cmpint (a->settings.keep_best, ==, b->settings.keep_best);
  g_assert_cmpuint (a->settings.threads, ==, b->settings.threads);
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpstr (a->note, ==, b->note);
  g_assert_cmpuint (a->slot, ==, b->slot);
  g_assert_cmpuint (a->epochs, ==, b->epochs);
  g_assert_true ((a->state == NULL) == (b->state == NULL));
  if (a->state != NULL)
    {
      g_assert_true (lw_state_equal (a->state, b->state));
      g_assert_true (a->state->seconds == b->state->seconds);
    }
  if (a->history != NULL)
    assert_histories_equal (a->history, b->history);
  else
    g_assert_cmpuint (lw_history_length (b->history), ==, 0);
  g_assert_true ((a->others == NULL) == (b->others == NULL));
  if (a->others == NULL)
    return;
  g_assert_cmpuint (a->others->len, ==, b->others->len);
  for (guint i = 0; i < a->others->len; i++)
    assert_runs_equal (a->others->pdata[i], b->others->pdata[i]);
}

static void
test_round_trip (void)
{
  static const char *const presets[] = { "tiny-cnn", "mlp", "convnet", "logistic", "lenet5" };
  static const char *const optimizers[] = { NULL, "SGD", "momentum" };
  g_autofree char         *path = test_path ("round.keras");

  for (gsize p = 0; p < G_N_ELEMENTS (presets); p++)
    for (gsize o = 0; o < G_N_ELEMENTS (optimizers); o++)
      {
        g_autoptr(LwRun) run = make_run (presets[p], optimizers[o], p == 0 ? 0 : 2500);
        g_autoptr(LwRun) back = NULL;
        GError          *error = NULL;

        g_assert_true (lw_keras_archive_save (path, run, &error));
        g_assert_no_error (error);
        back = lw_keras_archive_load (path, &error);
        g_assert_no_error (error);
        assert_runs_equal (run, back);
      }
}

static LwRun *
save_and_load (const LwRun *run)
{
  g_autofree char *path = test_path ("through.keras");
  GError          *error = NULL;
  LwRun           *back;

  g_assert_true (lw_keras_archive_save (path, run, &error));
  g_assert_no_error (error);
  back = lw_keras_archive_load (path, &error);
  g_assert_no_error (error);
  return back;
}

/* The run's state with best weights: its own, or others. */
static void
set_best (LwRun *run, gboolean own)
{
  g_autoptr(LwState)   old = run->state;
  LwState              fields = *old;
  g_autofree LwTensor **best = g_new (LwTensor *, old->n_weights);

  for (guint i = 0; i < old->n_weights; i++)
    {
      best[i] = lw_tensor_copy (old->weights[i], NULL);
      if (!own)
        ((float *) lw_tensor_get_mutable_data (best[i]))[0] += 1;
    }
  fields.stopping = (LwEarlyStopping) { 2, 0.1 + 0.2, 3, FALSE, old->n_weights, best };
  fields.slots_begin = 77;
  run->state = lw_state_new (&fields);
  for (guint i = 0; i < old->n_weights; i++)
    lw_tensor_unref (best[i]);
}

/* The best weights have a member of their own only where they are not the run's. */
static void
test_best (void)
{
  for (int own = 0; own < 2; own++)
    {
      g_autofree char       *path = test_path ("through.keras");
      g_autoptr(LwRun)       run = make_run ("mlp", NULL, 10);
      g_autoptr(LwRun)       back = NULL;
      g_autoptr(LwZipReader) reader = NULL;
      g_autoptr(GBytes)      file = NULL;
      g_autoptr(LwWeights)   weights = NULL;
      GError                *error = NULL;

      set_best (run, own);
      back = save_and_load (run);
      assert_runs_equal (run, back);
      g_assert_cmpuint (back->state->stopping.n_weights, ==, run->state->n_weights);
      g_assert_cmpint (back->state->slots_begin, ==, 77);
      g_assert_true ((back->state->stopping.weights[0] == back->state->weights[0]) == own);
      reader = lw_zip_reader_open (path, 64, &error);
      g_assert_cmpint (lw_zip_reader_find (reader, "layerwise.best.weights.h5") >= 0, ==, !own);
      if (own)
        continue;
      file = lw_zip_reader_read (reader, (guint) lw_zip_reader_find (reader, "layerwise.best.weights.h5"), 1 << 24,
                                 &error);
      weights = lw_weights_read (file, run->model, "best", &error);
      g_assert_no_error (error);
      g_assert_false (weights->has_optimizer);
      g_assert_true (lw_tensor_equal (weights->weights[0], run->state->stopping.weights[0]));
    }
}

/* Work that is not finished: an empty model, one whose layers do not fit, one that only the loss does not fit. */
static LwModelSpec *
make_faulty (int kind)
{
  g_autoptr(LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr(LwModelSpec) cnn = lw_model_spec_new_preset ("convnet");

  switch (kind)
    {
    case 0: return lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
    case 1: return lw_model_spec_with_input (cnn, &LW_SHAPE (3, 3, 1));
    default: return lw_model_spec_with_removed (mlp, 0);
    }
}

static void
test_faulty_models (void)
{
  for (int kind = 0; kind < 3; kind++)
    {
      g_autofree char       *path = test_path ("through.keras");
      g_autoptr(LwModelSpec) model = make_faulty (kind), alone = NULL;
      g_autoptr(LwRun)       run = lw_run_new (model, &LW_RUN_SETTINGS_STANDARD, NULL, NULL);
      g_autoptr(LwRun)       back = NULL;
      g_autoptr(LwZipReader) reader = NULL;
      GError                *error = NULL;

      g_assert_nonnull (lw_model_spec_get_fault (model));
      run->name = g_strdup ("unfinished");
      run->settings.seed = 12;
      back = save_and_load (run);
      assert_runs_equal (run, back);
      g_assert_null (back->state);
      g_assert_cmpstr (lw_model_spec_get_fault (back->model)->message, ==, lw_model_spec_get_fault (model)->message);
      alone = lw_keras_archive_load_model (path, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (lw_model_spec_equal (alone, model));
      reader = lw_zip_reader_open (path, 64, &error);
      g_assert_cmpint (lw_zip_reader_find (reader, "model.weights.h5"), <, 0);
    }
}

/* -- several runs -- */

static LwRun *
make_document (void)
{
  g_autoptr(LwModelSpec) faulty = make_faulty (1);
  LwRun                 *run = make_run ("mlp", NULL, 50);

  run->others = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_run_free);
  g_ptr_array_add (run->others, make_run ("tiny-cnn", "momentum", 2100));
  g_ptr_array_add (run->others, lw_run_new (faulty, &LW_RUN_SETTINGS_STANDARD, NULL, NULL));
  g_ptr_array_add (run->others, make_run ("logistic", "SGD", 0));
  set_best (run->others->pdata[0], FALSE);
  for (guint i = 0; i < run->others->len; i++)
    {
      LwRun *other = run->others->pdata[i];

      g_clear_pointer (&other->name, g_free);
      g_clear_pointer (&other->note, g_free);
      other->name = i > 0 ? g_strdup_printf ("Run %u", i) : NULL;
      other->slot = i;
    }
  return run;
}

static void
test_others (void)
{
  g_autofree char       *path = test_path ("through.keras");
  g_autofree char       *inner = test_path ("inner.keras");
  g_autoptr(LwRun)       run = make_document ();
  g_autoptr(LwRun)       back = save_and_load (run);
  g_autoptr(LwZipReader) reader = NULL;
  GError                *error = NULL;

  assert_runs_equal (run, back);
  reader = lw_zip_reader_open (path, 64, &error);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char  *name = g_strdup_printf ("layerwise/runs/%u.keras", i + 1);
      int               at = lw_zip_reader_find (reader, name);
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(LwRun)  alone = NULL;

      g_assert_cmpint (at, >, 0);
      bytes = lw_zip_reader_read (reader, (guint) at, 1 << 24, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (lw_zip_reader_get_packed_size (reader, (guint) at), ==, g_bytes_get_size (bytes));
      test_write (inner, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      alone = lw_keras_archive_load (inner, &error);
      g_assert_no_error (error);
      assert_runs_equal (run->others->pdata[i], alone);
    }
}

/* As many as a file may hold, and no more. */
static void
test_many_others (void)
{
  g_autoptr(LwModelSpec) empty = make_faulty (0);
  g_autoptr(LwRun)       run = make_run ("logistic", NULL, 0);
  g_autoptr(LwRun)       back = NULL;
  g_autofree char       *path = test_path ("through.keras");
  GError                *error = NULL;

  run->others = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_run_free);
  for (guint i = 0; i < 1000; i++)
    {
      g_ptr_array_add (run->others, lw_run_new (empty, &LW_RUN_SETTINGS_STANDARD, NULL, NULL));
      ((LwRun *) run->others->pdata[i])->slot = i;
    }
  back = save_and_load (run);
  assert_runs_equal (run, back);
  g_ptr_array_add (run->others, lw_run_new (empty, &LW_RUN_SETTINGS_STANDARD, NULL, NULL));
  g_assert_false (lw_keras_archive_save (path, run, &error));
  test_check_error (error, "1001");
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_clear_error (&error);
  lw_run_free (back);
  back = lw_keras_archive_load (path, &error); /* the file is as it was */
  g_assert_no_error (error);
  g_assert_cmpuint (back->others->len, ==, 1000);

  /* One that cannot be saved keeps all from being saved. */
  g_ptr_array_set_size (run->others, 0);
  g_ptr_array_add (run->others, make_run ("mlp", NULL, 0));
  g_clear_pointer (&((LwRun *) run->others->pdata[0])->state, lw_state_unref);
  g_assert_false (lw_keras_archive_save (path, run, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_STATE);
  g_clear_error (&error);
}

/* Values that JSON or a careless reader would spoil. */
static void
test_extremes (void)
{
  g_autofree char   *path = test_path ("extremes.keras");
  g_autoptr(LwRun)   run = make_run ("mlp", NULL, 10);
  g_autoptr(LwRun)   back = NULL;
  GError            *error = NULL;
  g_autoptr(LwState) old = lw_state_ref (run->state);
  LwState            fields = *old;

  fields.loss_sum = INFINITY;
  fields.correct_sum = 5e-324;
  fields.learning_rate = 0.1 + 0.2;
  ((float *) lw_tensor_get_mutable_data (fields.weights[0]))[0] = -0.0f;
  ((float *) lw_tensor_get_mutable_data (fields.weights[0]))[1] = NAN;
  ((float *) lw_tensor_get_mutable_data (fields.weights[0]))[2] = 1e-45f;
  fields.settings.shuffle = G_MAXUINT;
  fields.settings.validation = LW_VALIDATION_NONE;
  lw_state_unref (run->state);
  run->state = lw_state_new (&fields);
  run->settings = fields.settings;
  g_assert_true (lw_keras_archive_save (path, run, &error));
  g_assert_no_error (error);
  back = lw_keras_archive_load (path, &error);
  g_assert_no_error (error);
  assert_runs_equal (run, back);

  /* A run that ended in a loss that is no number. */
  fields.loss_sum = NAN;
  lw_state_unref (run->state);
  run->state = lw_state_new (&fields);
  g_assert_true (lw_keras_archive_save (path, run, &error));
  lw_run_free (g_steal_pointer (&back));
  back = lw_keras_archive_load (path, &error);
  g_assert_no_error (error);
  g_assert_true (isnan (back->state->loss_sum));

  /* Rates that were far too high, one of them for a float32. */
  for (double rate = 1e35; rate < 1e301; rate *= 1e265)
    {
      fields.learning_rate = rate;
      lw_state_unref (run->state);
      run->state = lw_state_new (&fields);
      g_assert_true (lw_keras_archive_save (path, run, &error));
      lw_run_free (g_steal_pointer (&back));
      back = lw_keras_archive_load (path, &error);
      g_assert_no_error (error);
      g_assert_cmpfloat (back->state->learning_rate, ==, rate);
    }
}

/* Stored, in Keras' order, and ours behind. */
static void
test_members (void)
{
  g_autofree char        *path = test_path ("members.keras");
  g_autoptr(LwRun)        run = make_run ("mlp", NULL, 10);
  GError                 *error = NULL;
  g_autoptr(LwZipReader)  reader = NULL;

  g_assert_true (lw_keras_archive_save (path, run, &error));
  reader = lw_zip_reader_open (path, 64, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lw_zip_reader_get_n_members (reader), ==, G_N_ELEMENTS (members));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autoptr(GBytes) bytes = lw_zip_reader_read (reader, i, 1 << 24, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (lw_zip_reader_get_name (reader, i), ==, members[i]);
      g_assert_cmpuint (lw_zip_reader_get_packed_size (reader, i), ==, g_bytes_get_size (bytes));
      if (i == 0)
        g_assert_true (g_regex_match_simple ("^\\{\"keras_version\": \"3\\.10\\.0\", \"date_saved\": "
                                             "\"\\d{4}-\\d\\d-\\d\\d@\\d\\d:\\d\\d:\\d\\d\"\\}$",
                                             g_bytes_get_data (bytes, NULL), 0, 0));
    }
}

static void
test_keras_models (void)
{
  static const struct {
    const char *name;
    guint       n_layers, n_weights;
  } models[] = { { "mlp", 3, 4 }, { "mnist_convnet", 7, 6 }, { "seed_cnn", 4, 6 } };

  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autofree char *base = g_strconcat (models[i].name, ".keras", NULL);
      g_autofree char *path = test_fixture (models[i].name, base);
      g_autofree char *copy = test_path ("copy.keras");
      GError          *error = NULL;
      g_autoptr(LwRun) run = lw_keras_archive_load (path, &error);
      g_autoptr(LwRun) back = NULL;
      LwRng            shuffle = lw_rng_new (1, LW_STREAM_SHUFFLE);

      g_assert_no_error (error);
      g_assert_cmpuint (lw_model_spec_get_n_layers (run->model), ==, models[i].n_layers);
      g_assert_cmpuint (run->state->n_weights, ==, models[i].n_weights);
      g_assert_cmpuint (run->state->n_slots, ==, 0);
      g_assert_cmpuint (run->state->n_rngs, ==, models[i].n_layers);
      g_assert_cmpint (run->state->step, ==, 0);
      g_assert_cmpuint (run->state->epoch, ==, 0);
      g_assert_cmpuint (run->state->position, ==, 0);
      g_assert_cmpuint (run->settings.batch_size, ==, 32);
      g_assert_cmpmem (&run->state->shuffle, sizeof shuffle, &shuffle, sizeof shuffle);
      g_assert_cmpuint (run->state->rngs[1].stream, ==, LW_STREAM_DROPOUT + 1);
      g_assert_cmpuint (lw_history_length (run->history), ==, 0);
      g_assert_true (run->state->learning_rate > 0);

      /* And what is saved from there opens again. */
      g_assert_true (lw_keras_archive_save (copy, run, &error));
      g_assert_no_error (error);
      back = lw_keras_archive_load (copy, &error);
      g_assert_no_error (error);
      assert_runs_equal (run, back);
    }
}

/* A compiled model after three steps: weights, slots and step are those that Keras dumped by NumPy. */
static void
test_keras_optimizer (gconstpointer model)
{
  g_autofree char *base = g_strconcat (model, ".keras", NULL);
  g_autofree char *path = test_fixture (model, base);
  g_autofree char *dump = test_fixture (model, "resume.npz");
  GError          *error = NULL;
  g_autoptr(LwRun) run = lw_keras_archive_load (path, &error);
  g_autoptr(LwNpz) npz = NULL;

  g_assert_no_error (error);
  npz = lw_npz_open (dump, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (run->state->n_weights, ==, 10);
  g_assert_cmpuint (run->state->n_slots, ==, g_str_equal (model, "opt_adam") ? 16 : 8);
  g_assert_cmpint (run->state->step, ==, 3);
  for (guint i = 0; i < run->state->n_weights + run->state->n_slots; i++)
    {
      gboolean            slot = i >= run->state->n_weights;
      guint               k = slot ? i - run->state->n_weights : i;
      g_autofree char    *name = g_strdup_printf (slot ? "o%u" : "w%u", slot ? k + 2 : k);
      g_autoptr(LwTensor) expected = lw_npz_read (npz, name, &error);

      g_assert_no_error (error);
      g_assert_true (lw_tensor_equal (expected, slot ? run->state->slots[k] : run->state->weights[k]));
    }
}

/* One model that Keras saved: what it makes of the fixture's images is what Keras made of them, also
 * after we have saved it; its weights file, where there is one, has the same weights. */
static void
check_predictions (const char *folder, const char *name)
{
  g_autofree char       *base = g_strconcat (name, ".keras", NULL);
  g_autofree char       *weights_base = g_strconcat (name, ".weights.h5", NULL);
  g_autofree char       *path = g_build_filename (folder, base, NULL);
  g_autofree char       *weights_path = g_build_filename (folder, weights_base, NULL);
  g_autofree char       *dump = g_build_filename (folder, "io.npz", NULL);
  g_autofree char       *copy = test_path ("predict.keras");
  GError                *error = NULL;
  g_autoptr(LwRun)       run = lw_keras_archive_load (path, &error);
  g_autoptr(LwRun)       back = NULL;
  g_autoptr(GBytes)      file = NULL;
  g_autoptr(LwWeights)   weights = NULL;
  g_autoptr(LwNpz)       npz = NULL;
  g_autoptr(LwTensor)    x = NULL, y = NULL;
  g_autoptr(LwDevice)    device = lw_device_new (2, 0, NULL);

  if (error != NULL)
    g_error ("%s: %s", path, error->message);
  npz = lw_npz_open (dump, &error);
  g_assert_no_error (error);
  x = lw_npz_read (npz, "x", &error);
  g_assert_no_error (error);
  y = lw_npz_read (npz, "y", &error);
  g_assert_no_error (error);

  g_assert_true (lw_keras_archive_save (copy, run, &error));
  g_assert_no_error (error);
  back = lw_keras_archive_load (copy, &error);
  g_assert_no_error (error);
  assert_runs_equal (run, back);

  if (g_file_test (weights_path, G_FILE_TEST_EXISTS))
    {
      file = test_read (weights_path);
      weights = lw_weights_read (file, run->model, weights_base, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < weights->n_weights; i++)
        g_assert_true (lw_tensor_equal (weights->weights[i], run->state->weights[i]));
    }

  for (int again = 0; again < 2; again++)
    {
      g_autoptr(LwTensor) got = lw_state_predict (again ? back->state : run->state, device, x, &error);

      g_assert_no_error (error);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (got), lw_tensor_get_shape (y)));
      for (gsize i = 0; i < lw_tensor_get_count (y); i++)
        if (!(fabs (lw_tensor_get_value (got, i) - lw_tensor_get_value (y, i))
              <= 1e-5 + 1e-4 * fabs (lw_tensor_get_value (y, i))))
          g_error ("%s: value %" G_GSIZE_FORMAT " is %g, but Keras gives %g", path, i,
                   lw_tensor_get_value (got, i), lw_tensor_get_value (y, i));
    }
}

static void
assert_near (const char *path, const char *what, LwTensor *got, LwTensor *want)
{
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (got), lw_tensor_get_shape (want)));
  for (gsize i = 0; i < lw_tensor_get_count (want); i++)
    {
      double a = lw_tensor_get_value (got, i), b = lw_tensor_get_value (want, i);

      if (!(fabs (a - b) <= 2e-5 + 2e-4 * fabs (b)))
        g_error ("%s: %s[%" G_GSIZE_FORMAT "] is %g, but Keras has %g", path, what, i, a, b);
    }
}

static LwTensor *
read_array (LwNpz *npz, const char *name)
{
  GError   *error = NULL;
  LwTensor *array = lw_npz_read (npz, name, &error);

  g_assert_no_error (error);
  return array;
}

/* Batch `step` of arrays that hold all of them. */
static LwTensor *
get_batch (LwScope *s, LwTensor *all, gsize step)
{
  LwShape shape = *lw_tensor_get_shape (all);
  gsize   size = lw_tensor_get_byte_size (all) / (gsize) shape.dims[0];

  shape.rank--;
  memmove (shape.dims, shape.dims + 1, sizeof shape.dims - sizeof shape.dims[0]);
  shape.dims[LW_MAX_RANK - 1] = 0;
  return lw_constant (s, lw_tensor_get_dtype (all), &shape, (const char *) lw_tensor_get_data (all) + step * size);
}

static double
train_step (LwSequential *sequential, LwOptimizer *optimizer, LwDevice *device, LwTensor *images, LwTensor *labels,
            gsize step)
{
  LwScope             *s = lw_scope_begin (device);
  LwTape              *tape = lw_tape_begin (s, FALSE);
  LwTensor            *x = get_batch (s, images, step);
  LwTensor            *y = get_batch (s, labels, step);
  LwTensor            *y_pred = lw_sequential_call (sequential, s, x, TRUE);
  LwTensor            *loss = lw_loss_call (s, lw_model_spec_get_loss (lw_sequential_get_model (sequential)), y, y_pred);
  GError              *error = NULL;
  guint                n;
  LwVariable *const   *variables = lw_sequential_get_trainable_variables (sequential, &n);
  g_autofree LwTensor **grads = g_new0 (LwTensor *, n);
  double               value;

  lw_tape_gradient_of_variables (tape, s, loss, n, variables, grads, &error);
  g_assert_no_error (error);
  lw_optimizer_apply_gradients (optimizer, s, n, grads, &error);
  g_assert_no_error (error);
  value = lw_tensor_get_value (loss, 0);
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return value;
}

/* Keras saved after three steps and took three more: so do we, from its file, and end where it did:
 * weights, moving averages, optimizer slots and each step's loss. */
static void
check_resume (const char *folder, const char *name)
{
  g_autofree char           *base = g_strconcat (name, ".keras", NULL);
  g_autofree char           *path = g_build_filename (folder, base, NULL);
  g_autofree char           *dump = g_build_filename (folder, "resume.npz", NULL);
  GError                    *error = NULL;
  g_autoptr(LwRun)           run = lw_keras_archive_load (path, &error);
  g_autoptr(LwNpz)           npz = lw_npz_open (dump, NULL);
  g_autoptr(LwDevice)        device = lw_device_new (2, 0, NULL);
  g_autoptr(LwSequential)    sequential = NULL;
  g_autoptr(LwOptimizer)     optimizer = NULL;
  g_autoptr(LwTensor)        images = NULL, labels = NULL, losses = NULL;
  LwVariable *const         *variables;
  guint                      n;

  g_assert_no_error (error);
  g_assert_nonnull (npz);
  g_assert_cmpint (run->state->step, ==, 3);
  images = read_array (npz, "xb");
  labels = read_array (npz, "yb");
  losses = read_array (npz, "losses");
  sequential = lw_sequential_new_with (run->model, run->state->n_weights, run->state->weights, run->state->rngs, &error);
  g_assert_no_error (error);
  variables = lw_sequential_get_trainable_variables (sequential, &n);
  optimizer = lw_optimizer_new (lw_model_spec_get_optimizer (run->model), n, variables, &error);
  g_assert_no_error (error);
  g_assert_true (lw_optimizer_set_slots (optimizer, run->state->n_slots, run->state->slots, &error));
  lw_optimizer_set_iterations (optimizer, 3);
  lw_optimizer_set_learning_rate (optimizer, run->state->learning_rate);

  for (gsize step = 3; step < 6; step++)
    {
      double loss = train_step (sequential, optimizer, device, images, labels, step);

      g_assert_cmpfloat (fabs (loss - lw_tensor_get_value (losses, step)), <, 1e-4);
    }

  variables = lw_sequential_get_variables (sequential, &n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char    *key = g_strdup_printf ("end%u", i);
      g_autoptr(LwTensor) want = read_array (npz, key);

      assert_near (path, key, lw_variable_get_value (variables[i]), want);
    }
  for (guint i = 0; i < lw_optimizer_get_n_slots (optimizer); i++)
    {
      g_autofree char    *key = g_strdup_printf ("oend%u", i + 2);
      g_autoptr(LwTensor) want = read_array (npz, key);

      assert_near (path, key, lw_optimizer_get_slot (optimizer, i), want);
    }
}

/* Every folder that has an io.npz in it. */
static guint
check_folder (const char *folder)
{
  g_autofree char *dump = g_build_filename (folder, "io.npz", NULL);
  g_autofree char *resume = g_build_filename (folder, "resume.npz", NULL);
  g_autofree char *name = g_path_get_basename (folder);
  g_autoptr(GDir)  dir = g_dir_open (folder, 0, NULL);
  const char      *entry;
  guint            n = 0;

  g_assert_nonnull (dir);
  if (g_file_test (dump, G_FILE_TEST_EXISTS))
    {
      check_predictions (folder, name);
      if (g_file_test (resume, G_FILE_TEST_EXISTS))
        check_resume (folder, name);
      return 1;
    }
  while ((entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, entry, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        n += check_folder (path);
    }
  return n;
}

/* All models that Keras saved: those beside us, or those of LW_FIXTURES_DIR. */
static void
test_keras_predictions (void)
{
  const char      *given = g_getenv ("LW_FIXTURES_DIR");
  g_autofree char *folder = g_strdup (given);
  const guint      least = given != NULL ? 1 : 25;

  if (folder == NULL)
    folder = g_test_build_filename (G_TEST_DIST, "golden", "fixtures", NULL);
  g_assert_cmpuint (check_folder (folder), >=, least);
}

/* The members of a good archive, to be put together otherwise. */
static void
read_members (GBytes *bytes[G_N_ELEMENTS (members)])
{
  g_autofree char        *path = test_path ("good.keras");
  g_autoptr(LwRun)        run = make_run ("tiny-cnn", NULL, 200);
  GError                 *error = NULL;
  g_autoptr(LwZipReader)  reader = NULL;

  g_assert_true (lw_keras_archive_save (path, run, &error));
  reader = lw_zip_reader_open (path, 64, &error);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    bytes[i] = lw_zip_reader_read (reader, i, 1 << 24, &error);
  g_assert_no_error (error);
}

static GError *
load_zip (guint n, const char *const *names, GBytes *const *bytes)
{
  g_autofree char      *path = test_path ("made.keras");
  g_autoptr(GByteArray) zip = test_make_zip (n, names, bytes, 0);
  g_autoptr(LwRun)      run = NULL;
  GError               *error = NULL;

  test_write (path, zip->data, zip->len);
  run = lw_keras_archive_load (path, &error);
  g_assert_true ((run == NULL) == (error != NULL));
  if (error != NULL)
    test_check_error (error, path);
  return error;
}

/* The model and its settings alone: weights are not looked at, and may be missing. */
static void
test_model_alone (void)
{
  static const char *const alone[] = { "config.json", "layerwise.json" };
  g_autofree char         *path = test_path ("alone.keras");
  g_autoptr(LwRun)         run = make_run ("mlp", "momentum", 10);
  g_autoptr(LwModelSpec)   model = NULL, plain = NULL;
  GBytes                  *good[G_N_ELEMENTS (members)], *some[2];
  LwRunSettings            settings;
  GError                  *error = NULL;

  read_members (good);
  g_assert_true (lw_keras_archive_save (path, run, &error));
  model = lw_keras_archive_load_model (path, &settings, &error);
  g_assert_no_error (error);
  g_assert_true (lw_model_spec_equal (model, run->model));
  g_assert_cmpuint (settings.seed, ==, run->settings.seed);
  g_assert_cmpuint (settings.batch_size, ==, run->settings.batch_size);

  for (gsize n = 1; n <= 2; n++)
    {
      g_autoptr(GByteArray) zip = NULL;

      some[0] = good[1];
      some[1] = good[3];
      zip = test_make_zip (n, alone, some, 0);
      test_write (path, zip->data, zip->len);
      g_clear_pointer (&plain, lw_model_spec_unref);
      plain = lw_keras_archive_load_model (path, &settings, &error);
      g_assert_no_error (error);
      g_assert_cmpint (lw_model_spec_get_n_layers (plain), >, 0);
      if (n == 1)
        g_assert_cmpuint (settings.batch_size, ==, LW_RUN_SETTINGS_STANDARD.batch_size);
      g_assert_null (lw_keras_archive_load (path, &error));
      test_check_error (error, "lacks the member model.weights.h5");
      g_clear_error (&error);
    }

  /* What it does read is checked. */
  {
    g_autoptr(GBytes)     text = g_bytes_new_static ("{", 1);
    g_autoptr(GByteArray) zip = NULL;

    some[1] = text;
    zip = test_make_zip (2, alone, some, 0);
    test_write (path, zip->data, zip->len);
    g_assert_null (lw_keras_archive_load_model (path, NULL, &error));
    test_check_error (error, path);
    g_clear_error (&error);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (good[i]);
}

static void
test_other_archives (void)
{
  GBytes     *good[G_N_ELEMENTS (members)], *some[6];
  const char *names[70];
  GBytes     *many[70];
  GError     *error;

  read_members (good);
  g_assert_no_error (load_zip (5, members, good));
  /* Without ours, it is a file from Keras; without the history, one of a run that has none. */
  g_assert_no_error (load_zip (3, members, good));
  g_assert_no_error (load_zip (4, members, good));

  /* Any order; other members do not count. */
  memcpy (names, (const char *[]) { "assets/a", "model.weights.h5", "/etc/passwd", "layerwise.json", "config.json" },
          5 * sizeof names[0]);
  memcpy (some, (GBytes *[]) { good[0], good[2], good[0], good[3], good[1] }, 5 * sizeof some[0]);
  g_assert_no_error (load_zip (5, names, some));

  /* One missing, one twice, one by another name. */
  error = load_zip (1, members, good);
  test_check_error (error, "lacks the member config.json");
  g_clear_error (&error);
  error = load_zip (2, members, good);
  test_check_error (error, "lacks the member model.weights.h5");
  g_clear_error (&error);
  for (guint i = 1; i < 5; i++)
    {
      memcpy (names, members, sizeof members);
      memcpy (some, good, sizeof good);
      names[5] = members[i];
      some[5] = good[i];
      error = load_zip (6, names, some);
      test_check_error (error, "more than once");
      g_clear_error (&error);
    }
  memcpy (names, members, sizeof members);
  names[2] = "./model.weights.h5";
  error = load_zip (5, names, good);
  test_check_error (error, "lacks the member");
  g_clear_error (&error);
  names[2] = "model.weights.npz";
  error = load_zip (5, names, good);
  test_check_error (error, ".npz");
  g_clear_error (&error);

  for (guint i = 0; i < 70; i++)
    {
      names[i] = "x";
      many[i] = good[0];
    }
  error = load_zip (70, names, many);
  test_check_error (error, "at most 64");
  g_clear_error (&error);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (good[i]);
}

#define STOPPING(epoch, loss, waited, owed, weights) \
  "{\"best_epoch\": " epoch ", \"best_loss\": \"" loss "\", \"waited\": " waited ", \"owed\": " owed \
  ", \"weights\": \"" weights "\"}"

/* Our own member: each value is looked at, and nothing wrong passes in silence. */
static void
test_bad_run_json (void)
{
  static const struct {
    const char *from, *to, *part;
  } edits[] = {
    { "\"format\": 1", "\"format\": 2", "newer" },
    { "\"format\": 1", "\"format\": \"1\"", "format" },
    { "\"format\": 1", "\"Format\": 1", "format" },
    { "\"epochs\": 7", "\"epochs\": 0", "epochs" },
    { "\"epochs\": 7", "\"epochs\": 10001", "epochs" },
    { "\"epochs\": 7", "\"epochs\": 7.5", "epochs" },
    { "\"batch_size\": 48", "\"batch_size\": -1", "batch_size" },
    { "\"shuffle\": \"1000\"", "\"shuffle\": \"most\"", "shuffle" },
    { "\"shuffle\": \"1000\"", "\"shuffle\": \"4294967295\"", "shuffle" },
    { "\"seed\": \"18446744073709551610\"", "\"seed\": \"18446744073709551616\"", "seed" },
    { "\"seed\": \"18446744073709551610\"", "\"seed\": 1", "seed" },
    { "\"validation\": \"fraction\"", "\"validation\": \"all\"", "validation" },
    { "\"fraction\": \"0.3", "\"fraction\": \"1.3", "fraction" },
    { "\"patience\": 12", "\"patience\": 1001", "patience" },
    { "\"keep_best\": true", "\"keep_best\": 1", "keep_best" },
    { "\"threads\": 3", "\"threads\": -1", "threads" },
    { "\"step\": \"9007199254740993\"", "\"step\": \"9007199254740992\"", "optimizer" },
    { "\"step\": \"9007199254740993\"", "\"step\": \"-1\"", "step" },
    { "\"step\": \"9007199254740993\"", "\"step\": \"9223372036854775807\"", "step" },
    { "\"slots\": 12", "\"slots\": 0", "optimizer" },
    { "\"epoch\": 3", "\"epoch\": -3", "epoch" },
    { "\"learning_rate\": \"0", "\"learning_rate\": \"-0", "learning_rate" },
    { "\"learning_rate\": \"0", "\"learning_rate\": \"nan", "learning_rate" },
    { "\"n_counted\": \"12345\"", "\"n_counted\": null", "n_counted" },
    { "\"n_counted\": \"12345\"", "\"n_counted\": \"9223372036854775807\"", "n_counted" },
    { "\"seconds\": \"", "\"seconds\": \"x", "seconds" },
    { "\"generators\": {", "\"generators\": {}, \"g\": {", "shuffle" },
    { "\"layers\": [", "\"layers\": [{},", "layers" },
    { "\"layers\": [", "\"layers\": 1, \"l\": [", "layers" },
    { "\"stream\": \"1024\"", "\"stream\": []", "stream" },
    { "}}", "}", "layerwise.json" },
    { "\"name\": \"", "\"name\": 5, \"n\": \"", "name" },
    { "\"name\": \"„", "\"name\": \"\\u0000", "not valid JSON" },
    { "\"name\": \"„", "\"name\": \"\xff\xfe", "not UTF-8" },
    { "\"note\": \"", "\"note\": [], \"n\": \"", "note" },
    { "\"slot\": 4", "\"slot\": -4", "slot" },
    { "\"slot\": 4", "\"slot\": \"4\"", "slot" },
    { "\"planned\": 11", "\"planned\": 6", "planned" },
    { "\"planned\": 11", "\"planned\": 3000000000", "planned" },
    { "\"slot\": 4", "\"slot\": 4, \"others\": 1001", "others" },
    { "\"slot\": 4", "\"slot\": 4, \"others\": -1", "others" },
    { "\"slot\": 4", "\"slot\": 4, \"others\": 1", "speaks of 1 other runs, but it holds 0" },
    { "\"state\": {", "\"estate\": {", "state" },
    { "\"generators\": {", "\"alternators\": {", "generators" },
    { "\"slots\": 12", "\"slots\": 12, \"slots_begin\": \"9007199254740994\"", "slots_begin" },
    { "\"slots\": 12", "\"slots\": 12, \"slots_begin\": 1", "slots_begin" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": 1", "stopping" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("4", "1", "0", "false", "none"), "best_epoch" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("-1", "1", "0", "false", "none"), "best_epoch" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("3", "nan", "0", "false", "none"), "best_loss" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("3", "1", "-2", "false", "none"), "waited" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("3", "1", "0", "1", "none"), "owed" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("3", "1", "0", "true", "none"), "owed" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("3", "1", "0", "false", "some"), "weights" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("0", "0", "0", "false", "current"), "weights" },
    { "\"slots\": 12", "\"slots\": 12, \"stopping\": " STOPPING ("3", "1", "0", "false", "kept"),
      "lacks the member layerwise.best.weights.h5" },
  };
  GBytes     *good[G_N_ELEMENTS (members)];
  const char *text;

  read_members (good);
  text = g_bytes_get_data (good[3], NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (edits); i++)
    {
      GBytes            *changed[G_N_ELEMENTS (members)];
      g_autoptr(GString) edited = g_string_new (text);
      g_autoptr(GBytes)  bytes = NULL;
      GError            *error;

      g_assert_cmpuint (g_string_replace (edited, edits[i].from, edits[i].to, 1), ==, 1);
      bytes = g_bytes_new (edited->str, edited->len);
      memcpy (changed, good, sizeof good);
      changed[3] = bytes;
      error = load_zip (5, members, changed);
      if (error == NULL)
        g_error ("“%s” passed", edits[i].to);
      test_check_error (error, edits[i].part);
      g_clear_error (&error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (good[i]);
}

/* Damage behind the CRCs: each member is damaged and then packed properly. */
static void
test_damaged_members (void)
{
  GBytes *good[G_N_ELEMENTS (members)];
  guint   n_refused = 0, n = 0;

  read_members (good);
  for (guint member = 1; member < G_N_ELEMENTS (members); member++)
    for (guint i = 0; i < (member == 2 ? 100 : 300); i++, n++)
      {
        g_autoptr(GByteArray) damaged = test_damage (good[member], 1000 * member + i);
        g_autoptr(GBytes)     bytes = g_bytes_new (damaged->data, damaged->len);
        GBytes               *changed[G_N_ELEMENTS (members)];
        GError               *error;

        memcpy (changed, good, sizeof good);
        changed[member] = bytes;
        error = load_zip (5, members, changed);
        n_refused += error != NULL;
        g_clear_error (&error);
      }
  g_assert_cmpuint (n_refused, >, n / 3);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (good[i]);
}

static void
test_damaged_archive (void)
{
  g_autofree char  *fixture = test_fixture ("mlp", "mlp.keras");
  g_autofree char  *path = test_path ("damaged.keras");
  g_autoptr(GBytes) bytes = test_read (fixture);
  gsize             length;
  const guint8     *data = g_bytes_get_data (bytes, &length);
  guint             n_refused = 0;

  for (guint i = 0; i < 100; i++)
    {
      GError *error = NULL;

      test_write (path, data, length * i / 100);
      g_assert_null (lw_keras_archive_load (path, &error));
      test_check_error (error, path);
      g_clear_error (&error);
    }
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr(GByteArray) damaged = test_damage (bytes, i);
      GError               *error = NULL;
      g_autoptr(LwRun)      run = NULL;

      test_write (path, damaged->data, damaged->len);
      run = lw_keras_archive_load (path, &error);
      g_assert_true ((run == NULL) == (error != NULL));
      if (error != NULL)
        test_check_error (error, path);
      n_refused += error != NULL;
      g_clear_error (&error);
    }
  g_assert_cmpuint (n_refused, >, 150);
}

static void
test_faulty_model (void)
{
  GBytes           *good[G_N_ELEMENTS (members)];
  g_autoptr(GString) config = NULL;
  g_autoptr(GBytes)  bytes = NULL;
  GError            *error;

  read_members (good);
  /* An input smaller than the convolutions' windows. */
  config = g_string_new (g_bytes_get_data (good[1], NULL));
  g_assert_cmpuint (g_string_replace (config, "null, null, null, 1", "null, 2, 2, 1", 0)
                    + g_string_replace (config, "null,null,null,1", "null,2,2,1", 0), >, 0);
  bytes = g_bytes_new (config->str, config->len);
  g_bytes_unref (good[1]);
  good[1] = g_bytes_ref (bytes);
  error = load_zip (5, members, good);
  test_check_error (error, "cannot be built");
  g_clear_error (&error);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (good[i]);
}

static void
test_no_state (void)
{
  g_autofree char       *path = test_path ("none.keras");
  g_autoptr(LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  g_autoptr(LwRun)       run = lw_run_new (model, &LW_RUN_SETTINGS_STANDARD, NULL, NULL);
  g_autoptr(GError)      error = NULL;

  g_assert_false (lw_keras_archive_save (path, run, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_STATE);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* What could not be opened again is refused before the old file is touched. */
static void
test_unreadable (void)
{
  g_autofree char  *path = test_path ("unreadable.keras");
  g_autoptr(LwRun)  run = make_run ("mlp", NULL, 10);
  g_autoptr(LwRun)  back = NULL;
  GError           *error = NULL;

  /* The fraction counts only for the validation that uses it. */
  run->settings.fraction = 0;
  g_assert_false (lw_keras_archive_save (path, run, &error));
  test_check_error (error, "fraction");
  g_clear_error (&error);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));

  run->settings.validation = LW_VALIDATION_TEST;
  g_assert_true (lw_keras_archive_save (path, run, &error));
  g_assert_no_error (error);
  back = lw_keras_archive_load (path, &error);
  g_assert_no_error (error);

  run->settings.epochs = 0;
  g_assert_false (lw_keras_archive_save (path, run, &error));
  test_check_error (error, "epochs");
  g_clear_error (&error);
}

static void
test_failed_save (void)
{
  g_autofree char  *path = test_path ("kept.keras");
  g_autofree char  *nowhere = test_path ("no-such-folder/a.keras");
  g_autoptr(LwRun)  run = make_run ("mlp", NULL, 10);
  g_autoptr(GBytes) before = NULL;
  g_autoptr(GBytes) after = NULL;
  GError           *error = NULL;
  struct rlimit     old, small;

  g_assert_true (lw_keras_archive_save (path, run, &error));
  before = test_read (path);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = (struct rlimit) { 50000, old.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (lw_keras_archive_save (path, run, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  signal (SIGXFSZ, SIG_DFL);
  test_check_error (error, "unchanged");
  g_clear_error (&error);
  after = test_read (path);
  g_assert_true (g_bytes_equal (before, after));

  g_assert_false (lw_keras_archive_save (nowhere, run, &error));
  test_check_error (error, nowhere);
  g_clear_error (&error);
}

static void
test_history (void)
{
  g_autoptr(LwHistory) history = make_history (5000);
  g_autoptr(GBytes)    bytes = lw_history_pack (history);
  g_autoptr(LwHistory) back = NULL;
  GError              *error = NULL;
  gsize                length;
  const guint8        *data = g_bytes_get_data (bytes, &length);

  g_assert_cmpuint (length, ==, 16 + 5000 * 37 + 50 * 28);
  back = lw_history_unpack (bytes, "my.keras", &error);
  g_assert_no_error (error);
  assert_histories_equal (history, back);

  for (gsize n = 0; n < length; n += 997)
    {
      g_autoptr(GBytes) part = g_bytes_new (data, n);

      g_assert_null (lw_history_unpack (part, "my.keras", &error));
      test_check_error (error, "my.keras");
      g_clear_error (&error);
    }
  for (guint i = 0; i < 500; i++)
    {
      g_autoptr(GByteArray) damaged = test_damage (bytes, i);
      g_autoptr(GBytes)     part = g_bytes_new (damaged->data, damaged->len);
      g_autoptr(LwHistory)  some = lw_history_unpack (part, "my.keras", &error);

      g_assert_true ((some == NULL) == (error != NULL));
      g_clear_error (&error);
    }
}

/* What was written before rates were kept, and notes were longer. */
static void
test_history_format_1 (void)
{
  enum { N = 3, AT_RATES = 16 + N * 33, AT_NOTE = 16 + N * 37 };
  static const char    note[28] = "rate 0.0003 · größe…x"; /* cut in the middle of a character */
  g_autoptr(LwHistory) history = make_history (N);
  g_autoptr(LwHistory) back = NULL;
  g_autoptr(GBytes)    bytes = lw_history_pack (history), old = NULL;
  const guint8        *data = g_bytes_get_data (bytes, NULL);
  GByteArray          *array = g_byte_array_new ();
  LwHistoryCursor      cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                n;
  GError              *error = NULL;

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, AT_NOTE);
  g_byte_array_append (array, data, AT_RATES);
  array->data[4] = 1;
  array->data[16 + 1] |= 0x80;
  g_byte_array_append (array, (const guint8 *) note, sizeof note);
  old = g_byte_array_free_to_bytes (array);
  back = lw_history_unpack (old, "old.keras", &error);
  g_assert_no_error (error);
  points = lw_history_read (back, &cursor, &n);
  g_assert_cmpuint (n, ==, N);
  for (gsize i = 0; i < N; i++)
    {
      g_assert_cmpint (points[i].step, ==, i + 1);
      g_assert_true (isnan (points[i].rate));
    }
  g_assert_true (g_utf8_validate (points[1].note, -1, NULL));
  g_assert_true (g_str_has_prefix (note, points[1].note));
  g_assert_cmpuint (strlen (points[1].note), >, 15);
}

/* -- runs in a file that somebody has made -- */

/* The archive's members by name and content, to be put together otherwise. */
typedef struct {
  GPtrArray *names, *bytes;
} Parts;

static Parts
parts_new (void)
{
  return (Parts) { g_ptr_array_new_with_free_func (g_free),
                   g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref) };
}

static void
parts_clear (Parts *parts)
{
  g_ptr_array_unref (parts->names);
  g_ptr_array_unref (parts->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static void
parts_add (Parts *parts, const char *name, GBytes *bytes)
{
  g_ptr_array_add (parts->names, g_strdup (name));
  g_ptr_array_add (parts->bytes, g_bytes_ref (bytes));
}

static Parts
parts_of (const LwRun *run)
{
  g_autofree char       *path = test_path ("parts.keras");
  g_autoptr(LwZipReader) reader = NULL;
  Parts                  parts = parts_new ();
  GError                *error = NULL;

  g_assert_true (lw_keras_archive_save (path, run, &error));
  reader = lw_zip_reader_open (path, 64, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < lw_zip_reader_get_n_members (reader); i++)
    {
      g_autoptr(GBytes) bytes = lw_zip_reader_read (reader, i, 1 << 24, &error);

      g_assert_no_error (error);
      parts_add (&parts, lw_zip_reader_get_name (reader, i), bytes);
    }
  return parts;
}

static guint
parts_find (const Parts *parts, const char *name)
{
  for (guint i = 0; i < parts->names->len; i++)
    if (g_str_equal (parts->names->pdata[i], name))
      return i;
  g_error ("There is no %s", name);
}

static void
parts_set (Parts *parts, const char *name, GBytes *bytes)
{
  guint i = parts_find (parts, name);

  g_bytes_unref (parts->bytes->pdata[i]);
  parts->bytes->pdata[i] = g_bytes_ref (bytes);
}

static void
parts_drop (Parts *parts, const char *name)
{
  guint i = parts_find (parts, name);

  g_ptr_array_remove_index (parts->names, i);
  g_ptr_array_remove_index (parts->bytes, i);
}

static void
parts_edit (Parts *parts, const char *from, const char *to)
{
  guint             i = parts_find (parts, "layerwise.json");
  GBytes           *old = parts->bytes->pdata[i];
  g_autoptr(GString) text = g_string_new_len (g_bytes_get_data (old, NULL), (gssize) g_bytes_get_size (old));
  g_autoptr(GBytes)  bytes = NULL;

  g_assert_cmpuint (g_string_replace (text, from, to, 1), ==, 1);
  bytes = g_bytes_new (text->str, text->len);
  parts_set (parts, "layerwise.json", bytes);
}

static GBytes *
parts_zip (const Parts *parts)
{
  GByteArray *zip = test_make_zip (parts->names->len, (const char *const *) parts->names->pdata,
                                   (GBytes *const *) parts->bytes->pdata, 0);

  return g_byte_array_free_to_bytes (zip);
}

/* The file is refused with a sentence that has `part` in it. */
static void
assert_refused (const Parts *parts, const char *part)
{
  GError *error = load_zip (parts->names->len, (const char *const *) parts->names->pdata,
                            (GBytes *const *) parts->bytes->pdata);

  if (error == NULL)
    g_error ("It should be refused: %s", part);
  test_check_error (error, part);
  g_clear_error (&error);
}

#define FIRST "layerwise/runs/1.keras"

static void
test_bad_others (void)
{
  g_autoptr(LwRun)  run = make_document ();
  g_autoptr(GBytes) first = NULL;
  g_auto(Parts)     good = parts_of (run);

  first = g_bytes_ref (good.bytes->pdata[parts_find (&good, FIRST)]);
  g_assert_no_error (load_zip (good.names->len, (const char *const *) good.names->pdata,
                               (GBytes *const *) good.bytes->pdata));
  {
    g_auto(Parts) parts = parts_of (run);

    parts_drop (&parts, "layerwise/runs/2.keras");
    assert_refused (&parts, "speaks of 3 other runs, but it holds 2");
    parts_add (&parts, "layerwise/runs/4.keras", first);
    assert_refused (&parts, "lacks the member layerwise/runs/2.keras");
    parts_drop (&parts, "layerwise/runs/4.keras");
    parts_add (&parts, FIRST, first);
    assert_refused (&parts, "more than once");
    parts_drop (&parts, FIRST);
    parts_add (&parts, "layerwise/runs/", first);
    assert_refused (&parts, "lacks the member layerwise/runs/2.keras");
  }
  {
    /* Runs that the run itself does not speak of. */
    g_auto(Parts) parts = parts_of (run);

    parts_edit (&parts, ", \"others\": 3", "");
    assert_refused (&parts, "speaks of 0 other runs, but it holds 3");
  }
  {
    /* A run within a run within a file. */
    g_auto(Parts)     parts = parts_of (run);
    g_autoptr(GBytes) whole = parts_zip (&good);

    parts_set (&parts, FIRST, whole);
    assert_refused (&parts, "Run 1 in ");
    assert_refused (&parts, "cannot hold further runs");
  }
  {
    static const char *const dropped[] = { "layerwise.json", "config.json", "model.weights.h5",
                                           "layerwise.best.weights.h5" };

    for (guint i = 0; i < G_N_ELEMENTS (dropped); i++)
      {
        g_auto(Parts)     parts = parts_of (run);
        g_auto(Parts)     inner = parts_of (run->others->pdata[0]);
        g_autoptr(GBytes) bytes = NULL;

        parts_drop (&inner, dropped[i]);
        bytes = parts_zip (&inner);
        parts_set (&parts, FIRST, bytes);
        assert_refused (&parts, dropped[i]);
      }
  }
  {
    g_auto(Parts)     parts = parts_of (run);
    g_auto(Parts)     inner = parts_of (run->others->pdata[0]);
    g_autoptr(GBytes) bytes = NULL;

    parts_edit (&inner, "\"slot\": 0", "\"slot\": 0, \"name\": \"\xc3\x28\"");
    bytes = parts_zip (&inner);
    parts_set (&parts, FIRST, bytes);
    assert_refused (&parts, "not UTF-8");
  }
}

/* Whatever was done to a run within the file, the answer is a run or a sentence. */
static void
test_damaged_others (void)
{
  g_autoptr(LwRun)  run = make_document ();
  g_auto(Parts)     good = parts_of (run);
  g_autoptr(GBytes) first = g_bytes_ref (good.bytes->pdata[parts_find (&good, FIRST)]);
  guint             n_refused = 0;

  for (guint i = 0; i < 90; i++)
    {
      g_autoptr(GByteArray) damaged = test_damage (first, i);
      g_autoptr(GBytes)     bytes = i < 30 ? g_bytes_new_from_bytes (first, 0, g_bytes_get_size (first) * i / 30)
                                           : g_bytes_new (damaged->data, damaged->len);
      GError               *error;

      parts_set (&good, FIRST, bytes);
      error = load_zip (good.names->len, (const char *const *) good.names->pdata,
                        (GBytes *const *) good.bytes->pdata);
      g_assert_true (i >= 30 || error != NULL);
      n_refused += error != NULL;
      g_clear_error (&error);
    }
  g_assert_cmpuint (n_refused, >, 60);
}

/* Many small runs that unpack to much: refused before they take more than the file could reasonably hold. */
static void
test_bombs (void)
{
  enum { N = 12, BLANK = 7 << 20 };
  g_autofree char        *path = test_path ("bomb.keras");
  g_autoptr(LwRun)        run = make_run ("logistic", "SGD", 0);
  g_auto(Parts)           parts = parts_of (run);
  g_autoptr(LwZipWriter)  writer = lw_zip_writer_new ();
  g_autofree char        *blank = g_malloc (BLANK);
  GBytes                 *json = parts.bytes->pdata[parts_find (&parts, "layerwise.json")];
  GError                 *error = NULL;

  memset (blank, ' ', BLANK);
  parts_edit (&parts, "\"slot\": 4", "\"slot\": 4, \"others\": 12");
  for (guint i = 0; i < parts.names->len; i++)
    {
      lw_zip_writer_begin (writer, parts.names->pdata[i]);
      lw_zip_writer_add_bytes (writer, parts.bytes->pdata[i]);
    }
  json = parts.bytes->pdata[parts_find (&parts, "layerwise.json")];
  {
    g_autoptr(GString) text = g_string_new_len (g_bytes_get_data (json, NULL), (gssize) g_bytes_get_size (json));
    g_autoptr(GBytes)  plain = NULL;

    g_string_replace (text, ", \"others\": 12", "", 1);
    plain = g_bytes_new (text->str, text->len);
    for (guint i = 1; i <= N; i++)
      {
        g_autofree char *name = g_strdup_printf ("layerwise/runs/%u.keras", i);
        LwZipWriter     *inner = lw_zip_writer_new ();

        for (guint k = 0; k < parts.names->len; k++)
          if (g_str_equal (parts.names->pdata[k], "layerwise.json"))
            {
              lw_zip_writer_begin_deflated (inner, "layerwise.json");
              lw_zip_writer_add_bytes (inner, plain);
              lw_zip_writer_add (inner, blank, BLANK);
            }
          else
            {
              lw_zip_writer_begin (inner, parts.names->pdata[k]);
              lw_zip_writer_add_bytes (inner, parts.bytes->pdata[k]);
            }
        lw_zip_writer_begin (writer, name);
        lw_zip_writer_add_archive (writer, inner);
      }
  }
  g_assert_true (lw_zip_writer_save (writer, path, &error));
  g_assert_null (lw_keras_archive_load (path, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_FILE);
  test_check_error (error, "at most");
  g_assert_null (strstr (error->message, "Run 1 in"));
  g_clear_error (&error);
}

/* A state without weights, weights without a state, a sound model without either: each is a damaged file. */
static void
test_bad_stateless (void)
{
  g_autoptr(LwModelSpec) faulty = make_faulty (2);
  g_autoptr(LwRun)       unfinished = lw_run_new (faulty, &LW_RUN_SETTINGS_STANDARD, NULL, NULL);
  g_autoptr(LwRun)       run = make_run ("mlp", NULL, 0);
  g_auto(Parts)          stateless = parts_of (unfinished);
  g_auto(Parts)          whole = parts_of (run);
  GBytes                *config = stateless.bytes->pdata[parts_find (&stateless, "config.json")];

  {
    /* The sound model in place of the faulty one. */
    g_auto(Parts) parts = parts_of (unfinished);

    parts_set (&parts, "config.json", whole.bytes->pdata[parts_find (&whole, "config.json")]);
    assert_refused (&parts, "lacks the member model.weights.h5");
    parts_add (&parts, "model.weights.h5", whole.bytes->pdata[parts_find (&whole, "model.weights.h5")]);
    assert_refused (&parts, "state");
  }
  {
    g_auto(Parts) parts = parts_of (run);

    parts_drop (&parts, "model.weights.h5");
    assert_refused (&parts, "lacks the member model.weights.h5");
    parts_set (&parts, "config.json", config);
    assert_refused (&parts, ""); /* its generators are those of more layers */
  }
}

/* Events that stand at one step with other points come back where they stood. */
static void
test_event_order (void)
{
  static const char *const notes[] = { "resumed", "rate 0.1", "early stop", "best: epoch 3", "forked" };
  g_autoptr(LwHistory)  history = lw_history_new ();
  g_autoptr(LwHistory)  back = NULL;
  g_autoptr(GBytes)     bytes = NULL;
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;

  for (guint i = 0; i < 10; i++)
    {
      LwHistoryPoint point = { .kind = i % 2 ? LW_POINT_EVENT : (LwPointKind) (i / 2 % 3), .step = 7, .epoch = 2,
                               .loss = (float) i };

      if (i % 2)
        lw_history_point_set_note (&point, notes[i / 2]);
      lw_history_append (history, &point);
    }
  bytes = lw_history_pack (history);
  back = lw_history_unpack (bytes, "x", NULL);
  points = lw_history_read (back, &cursor, &n);
  g_assert_cmpuint (n, ==, 10);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpint (points[i].kind, ==, i % 2 ? LW_POINT_EVENT : (LwPointKind) (i / 2 % 3));
      g_assert_cmpfloat (points[i].loss, ==, (float) i);
      g_assert_cmpstr (points[i].note, ==, i % 2 ? notes[i / 2] : "");
    }
}

/* Settings from before early stopping. */
static void
test_older_settings (void)
{
  GBytes            *good[G_N_ELEMENTS (members)];
  GBytes            *changed[G_N_ELEMENTS (members)];
  g_autoptr(GString) edited = NULL;
  g_autoptr(GBytes)  bytes = NULL;

  read_members (good);
  edited = g_string_new (g_bytes_get_data (good[3], NULL));
  g_assert_cmpuint (g_string_replace (edited, ", \"patience\": 12, \"keep_best\": true, \"threads\": 3", "", 1), ==, 1);
  bytes = g_bytes_new (edited->str, edited->len);
  memcpy (changed, good, sizeof good);
  changed[3] = bytes;
  g_assert_no_error (load_zip (5, members, changed));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (good[i]);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/archive/round-trip", test_round_trip);
  g_test_add_func ("/archive/extremes", test_extremes);
  g_test_add_func ("/archive/members", test_members);
  g_test_add_func ("/archive/best", test_best);
  g_test_add_func ("/archive/faulty-models", test_faulty_models);
  g_test_add_func ("/archive/others", test_others);
  g_test_add_func ("/archive/others/many", test_many_others);
  g_test_add_func ("/archive/others/bad", test_bad_others);
  g_test_add_func ("/archive/others/damaged", test_damaged_others);
  g_test_add_func ("/archive/others/bombs", test_bombs);
  g_test_add_func ("/archive/bad-stateless", test_bad_stateless);
  g_test_add_func ("/archive/event-order", test_event_order);
  g_test_add_func ("/archive/model-alone", test_model_alone);
  g_test_add_func ("/archive/keras-models", test_keras_models);
  g_test_add_func ("/archive/keras-predictions", test_keras_predictions);
  g_test_add_data_func ("/archive/keras-adam", "opt_adam", test_keras_optimizer);
  g_test_add_data_func ("/archive/keras-momentum", "opt_sgd_momentum", test_keras_optimizer);
  g_test_add_data_func ("/archive/keras-rmsprop", "opt_rmsprop", test_keras_optimizer);
  g_test_add_func ("/archive/other-archives", test_other_archives);
  g_test_add_func ("/archive/bad-run-json", test_bad_run_json);
  g_test_add_func ("/archive/damaged-members", test_damaged_members);
  g_test_add_func ("/archive/damaged", test_damaged_archive);
  g_test_add_func ("/archive/faulty-model", test_faulty_model);
  g_test_add_func ("/archive/no-state", test_no_state);
  g_test_add_func ("/archive/unreadable", test_unreadable);
  g_test_add_func ("/archive/failed-save", test_failed_save);
  g_test_add_func ("/archive/history", test_history);
  g_test_add_func ("/archive/history-format-1", test_history_format_1);
  g_test_add_func ("/archive/older-settings", test_older_settings);
  result = g_test_run ();
  test_remove_folder ();
  return result;
}
