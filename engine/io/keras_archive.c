#include "engine/io/keras_archive.h"

#include "engine/core/error.h"
#include "engine/io/history_pack.h"
#include "engine/io/json_guard.h"
#include "engine/io/keras_config.h"
#include "engine/io/run_json.h"
#include "engine/io/weights_h5.h"
#include "engine/io/zip_reader.h"
#include "engine/io/zip_writer.h"
#include "engine/train/tensor_list.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define METADATA "metadata.json"
#define CONFIG "config.json"
#define WEIGHTS "model.weights.h5"
#define RUN "layerwise.json"
#define HISTORY "layerwise.history"
/* Keras' load_weights() takes a file of such a name. */
#define BEST "layerwise.best.weights.h5"
#define RUNS "layerwise/runs/"

#define MAX_MEMBERS 64 /* besides other runs */
#define MAX_WEIGHTS (G_GUINT64_CONSTANT (2) << 30)
#define MAX_HISTORY (G_GUINT64_CONSTANT (2) << 30)
#define MAX_RUNS (G_GUINT64_CONSTANT (4) << 30) /* all of them together */
/* Above this, a member must not be that much larger than what it takes in the file. */
#define MAX_FREE_SIZE (G_GUINT64_CONSTANT (64) << 20)
#define MAX_RATIO 32

/* The release whose form config.json has; Keras shows it, and does not go by it. */
#define KERAS_VERSION "3.10.0"

/* -- writing -- */

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

static GBytes *
write_best (const LwRun *run, GError **error)
{
  LwWeights weights = { .n_weights = run->state->stopping.n_weights, .weights = run->state->stopping.weights };

  return lw_weights_write (run->model, &weights, error);
}

static LwBestWeights
find_best (const LwState *state)
{
  const LwEarlyStopping *stopping = state != NULL ? &state->stopping : NULL;

  if (stopping == NULL || stopping->n_weights == 0)
    return LW_BEST_NONE;
  return lw_tensor_list_equal (state->weights, state->n_weights, stopping->weights, stopping->n_weights)
           ? LW_BEST_CURRENT : LW_BEST_KEPT;
}

/* Reads back the two texts before any file is touched: what cannot be opened again is not saved. */
static gboolean
check_texts (const char *config, const char *json, guint n_layers, GError **error)
{
  g_autoptr(LwModelSpec) model = lw_keras_config_read (config, -1, error);
  g_auto(LwRunFields)    fields = { 0 };

  if (model != NULL
      && lw_run_json_read (json, (gssize) strlen (json), _("The run"), n_layers, &fields, error))
    return TRUE;
  g_prefix_error (error, _("It was not saved, since it could not be opened again: "));
  return FALSE;
}

static gboolean
check_state (const LwRun *run, GError **error)
{
  if (run->state != NULL || lw_model_spec_get_fault (run->model) != NULL)
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_STATE,
               _("The model %s has no weights yet, so it cannot be saved; start it once"),
               lw_model_spec_get_name (run->model));
  return FALSE;
}

/* Takes the bytes; FALSE for NULL. */
static gboolean
add_member (LwZipWriter *writer, const char *name, GBytes *bytes)
{
  g_autoptr(GBytes) member = bytes;

  if (member == NULL)
    return FALSE;
  lw_zip_writer_begin (writer, name);
  lw_zip_writer_add_bytes (writer, member);
  return TRUE;
}

/* The archive of one run, but for other runs; NULL with an error. */
static LwZipWriter *
pack_run (const LwRun *run, GError **error)
{
  g_autoptr(LwZipWriter) writer = lw_zip_writer_new ();
  const LwBestWeights    best = find_best (run->state);
  g_autofree char       *config = lw_keras_config_write (run->model);
  g_autofree char       *json = lw_run_json_write (run, best);

  if (!check_state (run, error)
      || !check_texts (config, json, lw_model_spec_get_n_layers (run->model), error))
    return NULL;
  add_text (writer, METADATA, write_metadata ());
  add_text (writer, CONFIG, g_steal_pointer (&config));
  if (run->state != NULL && !add_member (writer, WEIGHTS, write_weights (run, error)))
    return NULL;
  add_text (writer, RUN, g_steal_pointer (&json));
  if (run->history != NULL && lw_history_length (run->history) > 0)
    add_member (writer, HISTORY, lw_history_pack (run->history));
  if (best == LW_BEST_KEPT && !add_member (writer, BEST, write_best (run, error)))
    return NULL;
  return g_steal_pointer (&writer);
}

static guint
count_others (const LwRun *run)
{
  return run->others != NULL ? run->others->len : 0;
}

static gboolean
check_others (const LwRun *run, GError **error)
{
  if (count_others (run) <= LW_RUN_MAX_OTHERS)
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
               _("A file holds at most %d runs beside its own, but there are %u; delete some of them"),
               LW_RUN_MAX_OTHERS, count_others (run));
  return FALSE;
}

static gboolean
add_others (LwZipWriter *writer, const LwRun *run, GError **error)
{
  const guint n = count_others (run);

  for (guint i = 0; i < n; i++)
    {
      const LwRun     *other = g_ptr_array_index (run->others, i);
      g_autofree char *name = g_strdup_printf (RUNS "%u.keras", i + 1);
      LwZipWriter     *inner;

      g_return_val_if_fail (other->others == NULL, FALSE);
      inner = pack_run (other, error);
      if (inner == NULL)
        return FALSE;
      lw_zip_writer_begin (writer, name);
      lw_zip_writer_add_archive (writer, inner);
    }
  return TRUE;
}

gboolean
lw_keras_archive_save (const char *path, const LwRun *run, GError **error)
{
  g_autoptr(LwZipWriter) writer = check_others (run, error) ? pack_run (run, error) : NULL;

  return writer != NULL && add_others (writer, run, error) && lw_zip_writer_save (writer, path, error);
}

/* -- reading -- */

/* An archive that is read. */
typedef struct {
  LwZipReader *reader;
  guint64     *budget; /* of a run within another archive: what the members of all such runs may still take */
} Source;

/* Member `name`, which may be missing only if `optional`: then NULL without an error. */
static GBytes *
read_member (const Source *source,
             const char   *name,
             guint64       limit,
             gboolean      optional,
             GError      **error)
{
  const char *subject = lw_zip_reader_get_subject (source->reader);
  guint       n = lw_zip_reader_count (source->reader, name);

  if (n == 1)
    {
      guint   i = (guint) lw_zip_reader_find (source->reader, name);
      guint64 packed = lw_zip_reader_get_packed_size (source->reader, i);
      guint64 plausible = MAX (MAX_FREE_SIZE, MAX_RATIO * packed);
      GBytes *bytes;

      limit = MIN (limit, plausible);
      if (source->budget != NULL)
        limit = MIN (limit, *source->budget);
      bytes = lw_zip_reader_read (source->reader, i, limit, error);
      if (bytes != NULL && source->budget != NULL)
        *source->budget -= g_bytes_get_size (bytes);
      return bytes;
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
read_model (const Source *source, GError **error)
{
  g_autoptr(GBytes) config = read_member (source, CONFIG, LW_JSON_MAX_BYTES, FALSE, error);
  LwModelSpec      *model;

  if (config == NULL)
    return NULL;
  model = lw_keras_config_read (g_bytes_get_data (config, NULL), (gssize) g_bytes_get_size (config),
                                error);
  if (model == NULL)
    g_prefix_error (error, "%s: ", lw_zip_reader_get_subject (source->reader));
  return model;
}

/* layerwise.json. FALSE and an error where it is damaged; *found tells whether there is one. */
static gboolean
read_fields (const Source *source, const LwModelSpec *model, LwRunFields *fields, gboolean *found,
             GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) json = read_member (source, RUN, LW_JSON_MAX_BYTES, source->budget == NULL, &failure);

  *found = json != NULL;
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  return json == NULL
         || lw_run_json_read (g_bytes_get_data (json, NULL), (gssize) g_bytes_get_size (json),
                              lw_zip_reader_get_subject (source->reader), lw_model_spec_get_n_layers (model),
                              fields, error);
}

/* The weights in a member of that name. */
static LwWeights *
read_weights (const Source *source, const char *name, const LwModelSpec *model, GError **error)
{
  const char       *subject = lw_zip_reader_get_subject (source->reader);
  /* Keras' own may hold averages and float64 besides; never more than that. */
  guint64           limit = MIN (3 * lw_weights_get_byte_size (model) + (16 << 20), MAX_WEIGHTS);
  g_autoptr(GBytes) file = NULL;

  if (lw_zip_reader_find (source->reader, name) < 0
      && lw_zip_reader_find (source->reader, "model.weights.npz") >= 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s keeps its weights as .npz, which is not supported; save it anew in Keras "
                     "with h5py installed"), subject);
      return NULL;
    }
  file = read_member (source, name, limit, FALSE, error);
  if (file == NULL)
    return NULL;
  return lw_weights_read (file, model, subject, error);
}

/* For a file that Keras wrote: the standard settings, and every generator at its seed. */
static void
start_afresh (const LwModelSpec *model, const LwWeights *weights, LwRunFields *fields)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (model);
  double        rate = lw_spec_get_float (optimizer, "learning_rate");
  LwState      *state = &fields->state;

  fields->settings = state->settings = LW_RUN_SETTINGS_STANDARD;
  fields->epochs = fields->settings.epochs;
  fields->has_state = TRUE;
  /* The file has the rate as float32; where that is the model's, the model's is exact. */
  state->learning_rate = weights->has_optimizer && (float) rate != (float) weights->learning_rate
                           ? weights->learning_rate : rate;
  state->step = weights->has_optimizer ? weights->step : 0;
  state->shuffle = lw_rng_new (state->settings.seed, LW_STREAM_SHUFFLE);
  state->n_slots = weights->n_slots;
  state->n_rngs = lw_model_spec_get_n_layers (model);
  state->rngs = g_new0 (LwRng, state->n_rngs);
  for (guint i = 0; i < state->n_rngs; i++)
    state->rngs[i] = lw_rng_new (state->settings.seed, LW_STREAM_DROPOUT + i);
}

/* What layerwise.json says beside what the weights file says. */
static gboolean
check_optimizer (const Source *source, const LwWeights *weights, const LwState *state, GError **error)
{
  if (weights->n_slots == state->n_slots && (!weights->has_optimizer || weights->step == state->step))
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: the optimizer's variables in it are not those of the run that "
                 "layerwise.json describes; use an earlier copy of the file"),
               lw_zip_reader_get_subject (source->reader));
  return FALSE;
}

/* The state that the fields and the weights file describe. */
static LwState *
read_state (const Source *source, LwModelSpec *model, LwRunFields *fields, gboolean is_ours, GError **error)
{
  g_autoptr(LwWeights) weights = read_weights (source, WEIGHTS, model, error);
  g_autoptr(LwWeights) best = NULL;
  LwState             *state = &fields->state;

  if (weights == NULL)
    return NULL;
  if (!is_ours)
    start_afresh (model, weights, fields);
  else if (!check_optimizer (source, weights, state, error))
    return NULL;
  if (fields->best == LW_BEST_KEPT && (best = read_weights (source, BEST, model, error)) == NULL)
    return NULL;
  if (fields->best != LW_BEST_NONE)
    {
      state->stopping.n_weights = weights->n_weights;
      state->stopping.weights = best != NULL ? best->weights : weights->weights;
    }
  state->model = model;
  state->n_weights = weights->n_weights;
  state->weights = weights->weights;
  state->slots = weights->slots;
  return lw_state_new (state);
}

/* An archive of ours without a state: that of a model that has a fault. */
static gboolean
check_stateless (const Source *source, const LwModelSpec *model, GError **error)
{
  const char *subject = lw_zip_reader_get_subject (source->reader);

  if (lw_zip_reader_find (source->reader, WEIGHTS) >= 0)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is damaged: its member layerwise.json has no sensible “%s”; use an earlier copy "
                   "of the file"), subject, "state");
  else if (lw_model_spec_get_fault (model) == NULL)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is not a Keras model: it lacks the member %s"), subject, WEIGHTS);
  else
    return TRUE;
  return FALSE;
}

static LwHistory *
read_history (const Source *source, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) packed = read_member (source, HISTORY, MAX_HISTORY, TRUE, &failure);

  if (packed != NULL)
    return lw_history_unpack (packed, lw_zip_reader_get_subject (source->reader), error);
  if (failure == NULL)
    return lw_history_new ();
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/* One run; *n_others tells how many it says are beside it. */
static LwRun *
read_run (const Source *source, guint *n_others, GError **error)
{
  g_autoptr(LwModelSpec) model = read_model (source, error);
  g_autoptr(LwHistory)   history = NULL;
  g_autoptr(LwState)     state = NULL;
  g_auto(LwRunFields)    fields = { 0 };
  gboolean               is_ours;
  LwRun                 *run;

  if (model == NULL || !read_fields (source, model, &fields, &is_ours, error))
    return NULL;
  if (is_ours && !fields.has_state)
    {
      if (!check_stateless (source, model, error))
        return NULL;
    }
  else if ((state = read_state (source, model, &fields, is_ours, error)) == NULL)
    return NULL;
  history = is_ours ? read_history (source, error) : lw_history_new ();
  if (history == NULL)
    return NULL;

  run = lw_run_new (model, &fields.settings, state, history);
  run->name = g_steal_pointer (&fields.name);
  run->note = g_steal_pointer (&fields.note);
  run->slot = fields.slot;
  run->epochs = fields.epochs;
  *n_others = fields.n_others;
  return run;
}

/* How many members are, or claim to be, runs beside the archive's own. */
static guint
count_runs (LwZipReader *reader)
{
  guint n = 0;

  for (guint i = 0; i < lw_zip_reader_get_n_members (reader); i++)
    n += g_str_has_prefix (lw_zip_reader_get_name (reader, i), RUNS);
  return n;
}

static LwRun *
read_other (const Source *outer, guint number, guint64 *budget, GError **error)
{
  const char            *subject = lw_zip_reader_get_subject (outer->reader);
  const Source           in_outer = { outer->reader, budget };
  g_autofree char       *name = g_strdup_printf (RUNS "%u.keras", number);
  g_autofree char       *inner_subject = g_strdup_printf (_("Run %u in %s"), number, subject);
  g_autoptr(GBytes)      bytes = read_member (&in_outer, name, MAX_RUNS, FALSE, error);
  g_autoptr(LwZipReader) reader = NULL;
  g_autoptr(LwRun)       run = NULL;
  guint                  n_others = 0;

  if (bytes == NULL)
    return NULL;
  reader = lw_zip_reader_open_bytes (bytes, inner_subject, MAX_MEMBERS, error);
  if (reader == NULL || (run = read_run (&(Source) { reader, budget }, &n_others, error)) == NULL)
    return NULL;
  if (n_others == 0 && count_runs (reader) == 0)
    return g_steal_pointer (&run);
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: a run in a file cannot hold further runs; use an earlier copy of the file"),
               inner_subject);
  return NULL;
}

/* The runs beside the archive's own. */
static gboolean
read_others (const Source *source, LwRun *run, guint n, GError **error)
{
  guint64 budget = MAX_RATIO * lw_zip_reader_get_file_size (source->reader);

  budget = CLAMP (budget, MAX_FREE_SIZE, MAX_RUNS);
  if (count_runs (source->reader) != n)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its member layerwise.json speaks of %u other runs, but it holds %u; use "
                     "an earlier copy of the file"),
                   lw_zip_reader_get_subject (source->reader), n, count_runs (source->reader));
      return FALSE;
    }
  if (n > 0)
    run->others = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_run_free);
  for (guint i = 1; i <= n; i++)
    {
      LwRun *other = read_other (source, i, &budget, error);

      if (other == NULL)
        return FALSE;
      g_ptr_array_add (run->others, other);
    }
  return TRUE;
}

static LwZipReader *
open_archive (const char *path, GError **error)
{
  g_autoptr(LwZipReader) reader = lw_zip_reader_open (path, MAX_MEMBERS + LW_RUN_MAX_OTHERS, error);
  guint                  n;

  if (reader == NULL)
    return NULL;
  n = lw_zip_reader_get_n_members (reader) - count_runs (reader);
  if (n <= MAX_MEMBERS)
    return g_steal_pointer (&reader);
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s holds %u members beside its runs, but at most %d were expected; it is not a file of this "
                 "kind"),
               lw_zip_reader_get_subject (reader), n, MAX_MEMBERS);
  return NULL;
}

LwModelSpec *
lw_keras_archive_load_model (const char *path, LwRunSettings *settings, GError **error)
{
  g_autoptr(LwZipReader) reader = open_archive (path, error);
  const Source           source = { reader, NULL };
  g_autoptr(LwModelSpec) model = NULL;
  g_auto(LwRunFields)    fields = { .settings = LW_RUN_SETTINGS_STANDARD };
  gboolean               is_ours;

  if (reader == NULL || (model = read_model (&source, error)) == NULL
      || !read_fields (&source, model, &fields, &is_ours, error))
    return NULL;
  if (settings != NULL)
    *settings = fields.settings;
  return g_steal_pointer (&model);
}

LwRun *
lw_keras_archive_load (const char *path, GError **error)
{
  g_autoptr(LwZipReader) reader = open_archive (path, error);
  const Source           source = { reader, NULL };
  g_autoptr(LwRun)       run = NULL;
  guint                  n_others = 0;

  if (reader == NULL || (run = read_run (&source, &n_others, error)) == NULL)
    return NULL;
  if ((n_others > 0 || count_runs (reader) > 0) && !read_others (&source, run, n_others, error))
    return NULL;
  return g_steal_pointer (&run);
}
