#include "engine/io/run_json.h"

#include "engine/core/error.h"
#include "engine/io/json_guard.h"
#include "engine/io/json_text.h"

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#define FORMAT 1

static const char *const validations[] = { "none", "test", "fraction" };
static const char *const best_weights[] = { "none", "current", "kept" };

static void
put_double (GString *text, const char *key, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "\"%s\": \"%s\"", key, g_ascii_dtostr (number, sizeof number, value));
}

static void
put_rng (GString *text, const LwRng *rng)
{
  g_string_append_printf (text,
                          "{\"seed\": \"%" G_GUINT64_FORMAT "\", \"stream\": \"%" G_GUINT64_FORMAT
                          "\", \"counter\": \"%" G_GUINT64_FORMAT "\"}", rng->seed, rng->stream,
                          rng->counter);
}

static void
put_settings (GString *text, const LwRunSettings *settings)
{
  g_string_append_printf (text, "\"epochs\": %u, \"batch_size\": %u, ", settings->epochs,
                          settings->batch_size);
  if (settings->shuffle == G_MAXUINT)
    g_string_append (text, "\"shuffle\": \"all\", ");
  else
    g_string_append_printf (text, "\"shuffle\": \"%u\", ", settings->shuffle);
  g_string_append_printf (text, "\"seed\": \"%" G_GUINT64_FORMAT "\", \"validation\": \"%s\", ",
                          settings->seed, validations[settings->validation]);
  put_double (text, "fraction", settings->fraction);
  g_string_append_printf (text, ", \"patience\": %u, \"keep_best\": %s, \"threads\": %u", settings->patience,
                          settings->keep_best ? "true" : "false", settings->threads);
}

static void
put_stopping (GString *text, const LwEarlyStopping *stopping, LwBestWeights best)
{
  g_string_append_printf (text, ", \"stopping\": {\"best_epoch\": %u, ", stopping->best_epoch);
  put_double (text, "best_loss", stopping->best_loss);
  g_string_append_printf (text, ", \"waited\": %u, \"owed\": %s, \"weights\": \"%s\"}", stopping->waited,
                          stopping->owed ? "true" : "false", best_weights[best]);
}

static void
put_state (GString *text, const LwState *state, LwBestWeights best)
{
  const LwEarlyStopping none = { 0 };

  g_string_append_printf (text, ",\n \"state\": {\"step\": \"%" G_GINT64_FORMAT "\", \"epoch\": %u, "
                          "\"position\": \"%" G_GUINT64_FORMAT "\", \"slots\": %u, ", state->step,
                          state->epoch, state->position, state->n_slots);
  if (state->slots_begin > 0)
    g_string_append_printf (text, "\"slots_begin\": \"%" G_GINT64_FORMAT "\", ", state->slots_begin);
  put_double (text, "learning_rate", state->learning_rate);
  g_string_append (text, ", ");
  put_double (text, "loss_sum", state->loss_sum);
  g_string_append (text, ", ");
  put_double (text, "correct_sum", state->correct_sum);
  g_string_append_printf (text, ", \"n_counted\": \"%" G_GINT64_FORMAT "\", ", state->n_counted);
  put_double (text, "seconds", state->seconds);
  if (!lw_early_stopping_equal (&state->stopping, &none))
    put_stopping (text, &state->stopping, best);

  g_string_append (text, "},\n \"generators\": {\"shuffle\": ");
  put_rng (text, &state->shuffle);
  g_string_append (text, ", \"layers\": [");
  for (guint i = 0; i < state->n_rngs; i++)
    {
      if (i > 0)
        g_string_append (text, ",\n  ");
      put_rng (text, &state->rngs[i]);
    }
  g_string_append (text, "]}");
}

static void
put_text (GString *text, const char *key, const char *value)
{
  if (value == NULL)
    return;
  g_string_append_printf (text, ", \"%s\": ", key);
  lw_json_append_string (text, value);
}

char *
lw_run_json_write (const LwRun *run, LwBestWeights best)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "{\"format\": %d, \"program\": \"Layerwise %s\",\n \"settings\": {",
                          FORMAT, LW_VERSION);
  put_settings (text, &run->settings);
  g_string_append_printf (text, "},\n \"slot\": %u, \"planned\": %u", run->slot,
                          MAX (run->epochs, run->settings.epochs));
  put_text (text, "name", run->name);
  put_text (text, "note", run->note);
  if (run->others != NULL && run->others->len > 0)
    g_string_append_printf (text, ", \"others\": %u", run->others->len);
  if (run->state != NULL)
    put_state (text, run->state, best);
  g_string_append (text, "}\n");
  return g_string_free (text, FALSE);
}

/* A reader that goes on after the first value that is not as it should be, and remembers its key. */
typedef struct {
  const char *fault;
} Reader;

static void
set_fault (Reader *reader, const char *key)
{
  if (reader->fault == NULL)
    reader->fault = key;
}

static gboolean
holds (JsonNode *node, GType type)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static JsonObject *
get_object (Reader *reader, JsonObject *object, const char *key)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, key) : NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  set_fault (reader, key);
  return NULL;
}

static const char *
get_text (Reader *reader, JsonObject *object, const char *key)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, key) : NULL;

  if (holds (node, G_TYPE_STRING))
    return json_node_get_string (node);
  set_fault (reader, key);
  return "";
}

static guint64
get_unsigned (Reader *reader, JsonObject *object, const char *key, guint64 maximum)
{
  guint64 value = 0;

  if (!g_ascii_string_to_unsigned (get_text (reader, object, key), 10, 0, maximum, &value, NULL))
    set_fault (reader, key);
  return value;
}

static guint
get_small (Reader *reader, JsonObject *object, const char *key, gint64 minimum, gint64 maximum)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, key) : NULL;
  gint64    value = minimum - 1;

  if (holds (node, G_TYPE_INT64))
    value = json_node_get_int (node);
  if (value >= minimum && value <= maximum)
    return (guint) value;
  set_fault (reader, key);
  return (guint) minimum;
}

/* "0.001"; with `any` also "nan" and "inf", which sums may be after a loss that was not finite. */
static double
get_double (Reader *reader, JsonObject *object, const char *key, gboolean any)
{
  const char *text = get_text (reader, object, key);
  char       *end;
  double      value = g_ascii_strtod (text, &end);

  if (*text != '\0' && *end == '\0' && !g_ascii_isspace (*text) && (any || isfinite (value)))
    return value;
  set_fault (reader, key);
  return 0.0;
}

static LwRng
get_rng (Reader *reader, JsonObject *object)
{
  return (LwRng) { get_unsigned (reader, object, "seed", G_MAXUINT64),
                   get_unsigned (reader, object, "stream", G_MAXUINT64),
                   get_unsigned (reader, object, "counter", G_MAXUINT64) };
}

/* What files from before there was such a thing have not: 0 or FALSE. */
static guint
get_newer (Reader *reader, JsonObject *object, const char *key, gint64 maximum)
{
  if (object == NULL || !json_object_has_member (object, key))
    return 0;
  return get_small (reader, object, key, 0, maximum);
}

static gboolean
get_newer_boolean (Reader *reader, JsonObject *object, const char *key)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, key) : NULL;

  if (node == NULL)
    return FALSE;
  if (!holds (node, G_TYPE_BOOLEAN))
    set_fault (reader, key);
  return holds (node, G_TYPE_BOOLEAN) && json_node_get_boolean (node);
}

static void
get_settings (Reader *reader, JsonObject *object, LwRunSettings *settings)
{
  const char *validation = get_text (reader, object, "validation");
  gboolean    known = FALSE;

  settings->epochs = get_small (reader, object, "epochs", 1, 10000);
  settings->batch_size = get_small (reader, object, "batch_size", 1, 4096);
  settings->shuffle = G_MAXUINT;
  if (strcmp (get_text (reader, object, "shuffle"), "all") != 0)
    settings->shuffle = (guint) get_unsigned (reader, object, "shuffle", G_MAXUINT - 1);
  settings->seed = get_unsigned (reader, object, "seed", G_MAXUINT64);
  settings->fraction = get_double (reader, object, "fraction", FALSE);
  settings->patience = get_newer (reader, object, "patience", 1000);
  settings->keep_best = get_newer_boolean (reader, object, "keep_best");
  settings->threads = get_newer (reader, object, "threads", 256);
  for (guint i = 0; i < G_N_ELEMENTS (validations); i++)
    if (g_str_equal (validation, validations[i]))
      {
        settings->validation = (LwValidation) i;
        known = TRUE;
      }
  if (!known)
    set_fault (reader, "validation");
  if (settings->validation == LW_VALIDATION_FRACTION
      && !(settings->fraction > 0.0 && settings->fraction < 1.0))
    set_fault (reader, "fraction");
}

/* An own copy of a text that there need not be. */
static char *
get_optional_text (Reader *reader, JsonObject *object, const char *key)
{
  if (object == NULL || !json_object_has_member (object, key))
    return NULL;
  return g_strdup (get_text (reader, object, key));
}

/* What the run is in its document. */
static void
get_entry (Reader *reader, JsonObject *object, LwRunFields *fields)
{
  fields->name = get_optional_text (reader, object, "name");
  fields->note = get_optional_text (reader, object, "note");
  fields->slot = get_newer (reader, object, "slot", G_MAXINT);
  fields->n_others = get_newer (reader, object, "others", LW_RUN_MAX_OTHERS);
  fields->epochs = fields->settings.epochs;
  if (object != NULL && json_object_has_member (object, "planned"))
    fields->epochs = get_small (reader, object, "planned", fields->settings.epochs, G_MAXINT);
}

static void
get_stopping (Reader *reader, JsonObject *object, const LwState *state, LwRunFields *fields)
{
  LwEarlyStopping *stopping = &fields->state.stopping;
  const char      *weights;
  gboolean         known = FALSE;

  if (object == NULL || !json_object_has_member (object, "stopping"))
    return;
  object = get_object (reader, object, "stopping");
  stopping->best_epoch = get_small (reader, object, "best_epoch", 0, state->epoch);
  stopping->best_loss = get_double (reader, object, "best_loss", FALSE);
  stopping->waited = get_small (reader, object, "waited", 0, G_MAXINT);
  stopping->owed = get_newer_boolean (reader, object, "owed");
  if (stopping->owed && (state->epoch == 0 || state->position > 0))
    set_fault (reader, "owed");
  weights = get_text (reader, object, "weights");
  for (guint i = 0; i < G_N_ELEMENTS (best_weights); i++)
    if (g_str_equal (weights, best_weights[i]))
      {
        fields->best = (LwBestWeights) i;
        known = TRUE;
      }
  if (!known || (fields->best != LW_BEST_NONE && stopping->best_epoch == 0))
    set_fault (reader, "weights");
}

static void
get_place (Reader *reader, JsonObject *object, LwState *state)
{
  /* Counts may go on from here, so the end of int64 is not near. */
  state->step = (gint64) get_unsigned (reader, object, "step", G_MAXINT64 / 2);
  state->epoch = get_small (reader, object, "epoch", 0, G_MAXINT);
  state->position = get_unsigned (reader, object, "position", G_MAXINT64);
  state->n_slots = get_small (reader, object, "slots", 0, G_MAXINT);
  if (object != NULL && json_object_has_member (object, "slots_begin"))
    state->slots_begin = (gint64) get_unsigned (reader, object, "slots_begin", (guint64) state->step);
  state->learning_rate = get_double (reader, object, "learning_rate", FALSE);
  state->loss_sum = get_double (reader, object, "loss_sum", TRUE);
  state->correct_sum = get_double (reader, object, "correct_sum", TRUE);
  state->n_counted = (gint64) get_unsigned (reader, object, "n_counted", G_MAXINT64 / 2);
  state->seconds = get_double (reader, object, "seconds", FALSE);
  if (state->learning_rate < 0.0)
    set_fault (reader, "learning_rate");
  if (state->seconds < 0.0)
    set_fault (reader, "seconds");
}

static void
get_rngs (Reader *reader, JsonObject *object, guint n_layers, LwState *state)
{
  JsonNode  *node = object != NULL ? json_object_get_member (object, "layers") : NULL;
  JsonArray *layers = NULL;

  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    layers = json_node_get_array (node);
  state->shuffle = get_rng (reader, get_object (reader, object, "shuffle"));
  state->n_rngs = n_layers;
  state->rngs = g_new0 (LwRng, n_layers);
  if (layers == NULL || json_array_get_length (layers) != n_layers)
    {
      set_fault (reader, "layers");
      return;
    }
  for (guint i = 0; i < n_layers; i++)
    {
      JsonNode   *element = json_array_get_element (layers, i);
      JsonObject *rng = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      state->rngs[i] = get_rng (reader, rng);
    }
}

static gboolean
check_format (JsonNode *root, const char *subject, GError **error)
{
  JsonNode *format = NULL;
  gint64    version = 0;

  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
    format = json_object_get_member (json_node_get_object (root), "format");
  if (holds (format, G_TYPE_INT64))
    version = json_node_get_int (format);
  if (version == FORMAT)
    return TRUE;
  if (version > FORMAT)
    g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                 _("%s was saved by a newer Layerwise (format %lld, and this one knows %d); install a "
                   "newer one to open it"), subject, (long long) version, FORMAT);
  else
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is damaged: its member layerwise.json has no format number; use an earlier "
                   "copy of the file"), subject);
  return FALSE;
}

gboolean
lw_run_json_read (const char *json, gssize length, const char *subject, guint n_layers, LwRunFields *fields,
                  GError **error)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  g_autofree char      *what = g_strdup_printf (_("layerwise.json in %s"), subject);
  g_autoptr(GError)     reason = NULL;
  Reader                reader = { NULL };
  JsonObject           *root, *state;

  *fields = (LwRunFields) { 0 };
  if (!lw_json_guard (json, length, what, error))
    return FALSE;
  if (!json_parser_load_from_data (parser, json, length, &reason))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s is damaged: %s"), what, reason->message);
      return FALSE;
    }
  if (!check_format (json_parser_get_root (parser), subject, error))
    return FALSE;
  root = json_node_get_object (json_parser_get_root (parser));
  get_settings (&reader, get_object (&reader, root, "settings"), &fields->settings);
  get_entry (&reader, root, fields);
  fields->has_state = json_object_has_member (root, "state") || json_object_has_member (root, "generators");
  if (fields->has_state)
    {
      fields->state.settings = fields->settings;
      state = get_object (&reader, root, "state");
      get_place (&reader, state, &fields->state);
      get_stopping (&reader, state, &fields->state, fields);
      get_rngs (&reader, get_object (&reader, root, "generators"), n_layers, &fields->state);
    }
  if (reader.fault == NULL)
    return TRUE;

  lw_run_fields_clear (fields);
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: its member layerwise.json has no sensible “%s”; use an earlier copy "
                 "of the file"), subject, reader.fault);
  return FALSE;
}

void
lw_run_fields_clear (LwRunFields *fields)
{
  g_clear_pointer (&fields->name, g_free);
  g_clear_pointer (&fields->note, g_free);
  g_clear_pointer (&fields->state.rngs, g_free);
}
