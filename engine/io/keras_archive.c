#include "engine/io/keras_archive.h"

#include "engine/core/error.h"
#include "engine/io/history_pack.h"
#include "engine/io/json_guard.h"
#include "engine/io/keras_config.h"
#include "engine/io/run_json.h"
#include "engine/io/weights_h5.h"
#include "engine/io/zip_reader.h"
#include "engine/io/zip_writer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define METADATA "metadata.json"
#define CONFIG "config.json"
#define WEIGHTS "model.weights.h5"
#define RUN "layerwise.json"
#define HISTORY "layerwise.history"

#define MAX_MEMBERS 64
#define MAX_WEIGHTS (G_GUINT64_CONSTANT (2) << 30)
#define MAX_HISTORY (G_GUINT64_CONSTANT (2) << 30)
/* Above this, a member must not be that much larger than what it takes in the file. */
#define MAX_FREE_SIZE (G_GUINT64_CONSTANT (64) << 20)
#define MAX_RATIO 32

/* The release whose form config.json has; Keras shows it, and does not go by it. */
#define KERAS_VERSION "3.10.0"

static char *
write_metadata (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char     *date = g_date_time_format (now, "%Y-%m-%d@%H:%M:%S");

  return g_strdup_printf ("{\"keras_version\": \"" KERAS_VERSION "\", \"date_saved\": \"%s\"}", date);
}

/* Takes the text. */
static void
add_text (LwZipWriter *writer, const char *name, char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new_take (text, strlen (text));

  lw_zip_writer_begin (writer, name);
  lw_zip_writer_add_bytes (writer, bytes);
}

static GBytes *
write_weights (const LwRun *run, GError **error)
{
  const LwState *state = run->state;
  LwWeights      weights = { 0 };

  weights.n_weights = state->n_weights;
  weights.weights = state->weights;
  weights.n_slots = state->n_slots;
  weights.slots = state->slots;
  weights.step = state->step;
  weights.learning_rate = state->learning_rate;
  /* A state without its optimizer's slots comes from a file without an optimizer, and goes so. */
  weights.has_optimizer = state->n_slots > 0 || lw_weights_count_slots (run->model) == 0;
  return lw_weights_write (run->model, &weights, error);
}

/* Reads back the two texts before any file is touched: what cannot be opened again is not saved. */
static gboolean
check_texts (const char *config, const char *json, guint n_layers, GError **error)
{
  g_autoptr(LwModelSpec) model = lw_keras_config_read (config, -1, error);
  g_autofree LwRng      *rngs = NULL;
  LwState                fields = { 0 };

  if (model == NULL
      || !lw_run_json_read (json, (gssize) strlen (json), _("The run"), n_layers, &fields, error))
    {
      g_prefix_error (error, _("It was not saved, since it could not be opened again: "));
      return FALSE;
    }
  rngs = fields.rngs;
  return TRUE;
}

gboolean
lw_keras_archive_save (const char *path, const LwRun *run, GError **error)
{
  g_autoptr(LwZipWriter) writer = lw_zip_writer_new ();
  g_autoptr(GBytes)      weights = NULL;
  g_autofree char       *config = NULL;
  g_autofree char       *json = NULL;

  if (run->state == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_STATE,
                   _("The model %s has no weights yet, so it cannot be saved; start it once"),
                   lw_model_spec_get_name (run->model));
      return FALSE;
    }
  weights = write_weights (run, error);
  if (weights == NULL)
    return FALSE;
  config = lw_keras_config_write (run->model);
  json = lw_run_json_write (run);
  if (!check_texts (config, json, lw_model_spec_get_n_layers (run->model), error))
    return FALSE;

  add_text (writer, METADATA, write_metadata ());
  add_text (writer, CONFIG, g_steal_pointer (&config));
  lw_zip_writer_begin (writer, WEIGHTS);
  lw_zip_writer_add_bytes (writer, weights);
  add_text (writer, RUN, g_steal_pointer (&json));
  if (run->history != NULL && lw_history_length (run->history) > 0)
    {
      g_autoptr(GBytes) history = lw_history_pack (run->history);

      lw_zip_writer_begin (writer, HISTORY);
      lw_zip_writer_add_bytes (writer, history);
    }
  return lw_zip_writer_save (writer, path, error);
}

/* Member `name`, which may be missing only if `optional`: then NULL without an error. */
static GBytes *
read_member (LwZipReader *reader,
             const char  *name,
             guint64      limit,
             gboolean     optional,
             GError     **error)
{
  const char *subject = lw_zip_reader_get_subject (reader);
  guint       n = lw_zip_reader_count (reader, name);

  if (n == 1)
    {
      guint   i = (guint) lw_zip_reader_find (reader, name);
      guint64 packed = lw_zip_reader_get_packed_size (reader, i);
      guint64 plausible = MAX (MAX_FREE_SIZE, MAX_RATIO * packed);

      return lw_zip_reader_read (reader, i, MIN (limit, plausible), error);
    }
  if (n > 1)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is damaged: it holds %s more than once"), subject, name);
  else if (!optional)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is not a Keras model: it lacks the member %s"), subject, name);
  return NULL;
}

static LwModelSpec *
read_model (LwZipReader *reader, GError **error)
{
  g_autoptr(GBytes) config = read_member (reader, CONFIG, LW_JSON_MAX_BYTES, FALSE, error);
  LwModelSpec      *model;

  if (config == NULL)
    return NULL;
  model = lw_keras_config_read (g_bytes_get_data (config, NULL), (gssize) g_bytes_get_size (config),
                                error);
  if (model == NULL)
    g_prefix_error (error, "%s: ", lw_zip_reader_get_subject (reader));
  return model;
}

static LwWeights *
read_weights (LwZipReader *reader, const LwModelSpec *model, GError **error)
{
  /* Keras' own may hold averages and float64 besides; never more than that. */
  guint64           limit = MIN (3 * lw_weights_get_byte_size (model) + (16 << 20), MAX_WEIGHTS);
  g_autoptr(GBytes) file = NULL;

  if (lw_zip_reader_find (reader, WEIGHTS) < 0
      && lw_zip_reader_find (reader, "model.weights.npz") >= 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s keeps its weights as .npz, which is not supported; save it anew in Keras "
                     "with h5py installed"), lw_zip_reader_get_subject (reader));
      return NULL;
    }
  file = read_member (reader, WEIGHTS, limit, FALSE, error);
  if (file == NULL)
    return NULL;
  return lw_weights_read (file, model, lw_zip_reader_get_subject (reader), error);
}

/* For a file that Keras wrote: the standard settings, and every generator at its seed. */
static void
start_afresh (const LwModelSpec *model, const LwWeights *weights, LwState *state)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (model);
  double        rate = lw_spec_get_float (optimizer, "learning_rate");

  state->settings = LW_RUN_SETTINGS_STANDARD;
  /* The file has the rate as float32; where that is the model's, the model's is exact. */
  state->learning_rate = weights->has_optimizer && (float) rate != (float) weights->learning_rate
                           ? weights->learning_rate : rate;
  state->step = weights->has_optimizer ? weights->step : 0;
  state->shuffle = lw_rng_new (state->settings.seed, LW_STREAM_SHUFFLE);
  state->n_rngs = lw_model_spec_get_n_layers (model);
  state->rngs = g_new0 (LwRng, state->n_rngs);
  for (guint i = 0; i < state->n_rngs; i++)
    state->rngs[i] = lw_rng_new (state->settings.seed, LW_STREAM_DROPOUT + i);
}

/* What layerwise.json says beside what the weights file says. */
static gboolean
read_place (LwZipReader *reader, GBytes *json, const LwModelSpec *model, const LwWeights *weights,
            LwState *state, GError **error)
{
  const char *subject = lw_zip_reader_get_subject (reader);

  if (!lw_run_json_read (g_bytes_get_data (json, NULL), (gssize) g_bytes_get_size (json), subject,
                         lw_model_spec_get_n_layers (model), state, error))
    return FALSE;
  if (weights->n_slots == state->n_slots
      && (!weights->has_optimizer || weights->step == state->step))
    return TRUE;
  g_clear_pointer (&state->rngs, g_free);
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: the optimizer's variables in it are not those of the run that "
                 "layerwise.json describes; use an earlier copy of the file"), subject);
  return FALSE;
}

LwModelSpec *
lw_keras_archive_load_model (const char *path, LwRunSettings *settings, GError **error)
{
  g_autoptr(LwZipReader) reader = lw_zip_reader_open (path, MAX_MEMBERS, error);
  g_autoptr(LwModelSpec) model = NULL;
  g_autoptr(GBytes)      json = NULL;
  g_autoptr(GError)      failure = NULL;
  LwState                fields = { .settings = LW_RUN_SETTINGS_STANDARD };

  if (reader == NULL || (model = read_model (reader, error)) == NULL)
    return NULL;
  json = read_member (reader, RUN, LW_JSON_MAX_BYTES, TRUE, &failure);
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (json != NULL)
    {
      if (!lw_run_json_read (g_bytes_get_data (json, NULL), (gssize) g_bytes_get_size (json),
                             lw_zip_reader_get_subject (reader), lw_model_spec_get_n_layers (model),
                             &fields, error))
        return NULL;
      g_free (fields.rngs);
    }
  if (settings != NULL)
    *settings = fields.settings;
  return g_steal_pointer (&model);
}

LwRun *
lw_keras_archive_load (const char *path, GError **error)
{
  g_autoptr(LwZipReader) reader = lw_zip_reader_open (path, MAX_MEMBERS, error);
  g_autoptr(LwModelSpec) model = NULL;
  g_autoptr(LwWeights)   weights = NULL;
  g_autoptr(LwHistory)   history = NULL;
  g_autoptr(LwState)     state = NULL;
  g_autoptr(GBytes)      json = NULL;
  g_autoptr(GError)      failure = NULL;
  g_autofree LwRng      *rngs = NULL;
  LwState                fields = { 0 };

  if (reader == NULL || (model = read_model (reader, error)) == NULL
      || (weights = read_weights (reader, model, error)) == NULL)
    return NULL;

  json = read_member (reader, RUN, LW_JSON_MAX_BYTES, TRUE, &failure);
  if (json != NULL)
    {
      g_autoptr(GBytes) packed = NULL;

      if (!read_place (reader, json, model, weights, &fields, error))
        return NULL;
      rngs = fields.rngs;
      packed = read_member (reader, HISTORY, MAX_HISTORY, TRUE, &failure);
      if (packed != NULL)
        {
          history = lw_history_unpack (packed, lw_zip_reader_get_subject (reader), error);
          if (history == NULL)
            return NULL;
        }
    }
  else if (failure == NULL)
    {
      start_afresh (model, weights, &fields);
      rngs = fields.rngs;
    }
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (history == NULL)
    history = lw_history_new ();

  fields.model = model;
  fields.n_weights = weights->n_weights;
  fields.weights = weights->weights;
  fields.n_slots = weights->n_slots;
  fields.slots = weights->slots;
  state = lw_state_new (&fields);
  return lw_run_new (model, &fields.settings, state, history);
}
