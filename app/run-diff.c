#include "app/run-diff.h"

#include "ui/charts/chart-text.h"

#include <glib/gi18n.h>
#include <math.h>

#define MAX_TOLD  2 /* differences in a note */
#define MAX_KNOWN 5 /* with more the runs have little in common */

static const LwRunSettings *
settings_of (const LwSessionRun *run)
{
  return &run->document->settings;
}

static const LwModelSpec *
model_of (const LwSessionRun *run)
{
  return run->document->model;
}

static void
free_cells (char **cells, guint n)
{
  for (guint i = 0; i < n; i++)
    g_free (cells[i]);
  g_free (cells);
}

/* Adds the row if not all of its cells, which it takes, are the same. */
static void
add_difference (LwCompareTable *table, LwCompareSection section, char *label, char **cells)
{
  gboolean differs = FALSE;

  for (guint i = 1; i < table->n_columns && !differs; i++)
    differs = g_strcmp0 (cells[i], cells[0]) != 0;
  if (differs)
    {
      LwCompareRow *row = lw_compare_table_add_row (table, section, label);

      for (guint i = 0; i < table->n_columns; i++)
        row->cells[i] = cells[i];
      g_free (cells);
    }
  else
    {
      free_cells (cells, table->n_columns);
      g_free (label);
    }
}

/* "conv2d filters"; a setting of the optimizer goes without its name. */
static char *
field_label (const char *subject, const LwField *field)
{
  g_autofree char *label = g_utf8_strdown (_(field->label), -1);

  return subject != NULL ? g_strdup_printf ("%s %s", subject, label) : g_steal_pointer (&label);
}

/* -- one thing with fields, such as a layer, in every run or in some -- */

static gboolean
is_known_before (const LwSpec *const *specs, guint i, const char *key)
{
  for (guint j = 0; j < i; j++)
    if (specs[j] != NULL && lw_spec_class_find (lw_spec_get_class (specs[j]), key, NULL) != NULL)
      return TRUE;
  return FALSE;
}

/* What one class has and another has not is told only where somebody has set it. */
static gboolean
is_worth_telling (const LwSpec *const *specs, guint n, const char *key)
{
  gboolean everywhere = TRUE, chosen = FALSE;

  for (guint i = 0; i < n; i++)
    {
      const LwField *field;
      guint          index;

      if (specs[i] == NULL)
        continue;
      field = lw_spec_class_find (lw_spec_get_class (specs[i]), key, &index);
      if (field == NULL)
        everywhere = FALSE;
      else
        {
          g_autofree char *value = lw_field_value_to_string (field, lw_spec_get_value (specs[i], index));
          g_autofree char *standard = lw_field_value_to_string (field, &field->standard);

          chosen |= !g_str_equal (value, standard);
        }
    }
  return everywhere || chosen;
}

static void
add_field (LwCompareTable *table, LwCompareSection section, const char *subject, const LwSpec *const *specs,
           const LwField *told)
{
  char       **cells = g_new0 (char *, table->n_columns);
  const char  *first = NULL;
  gboolean     differs = FALSE;

  for (guint i = 0; i < table->n_columns; i++)
    {
      const LwField *field;
      guint          index;

      if (specs[i] == NULL)
        continue;
      field = lw_spec_class_find (lw_spec_get_class (specs[i]), told->key, &index);
      if (field == NULL || (lw_schedule_has_key (told->key) && !lw_schedule_uses_key (specs[i], told->key)))
        {
          differs = TRUE;
          continue;
        }
      cells[i] = lw_field_value_to_string (field, lw_spec_get_value (specs[i], index));
      if (first == NULL)
        first = cells[i];
      differs |= !g_str_equal (cells[i], first);
    }
  /* That a layer is not everywhere is told in a row of its own. */
  if (differs && first != NULL)
    add_difference (table, section, field_label (subject, told), cells);
  else
    free_cells (cells, table->n_columns);
}

static void
add_fields (LwCompareTable *table, LwCompareSection section, const char *subject, const LwSpec *const *specs)
{
  for (guint i = 0; i < table->n_columns; i++)
    {
      const LwSpecClass *klass = specs[i] != NULL ? lw_spec_get_class (specs[i]) : NULL;

      for (guint j = 0; klass != NULL && j < klass->n_fields; j++)
        if (!is_known_before (specs, i, klass->fields[j].key)
            && is_worth_telling (specs, table->n_columns, klass->fields[j].key))
          add_field (table, section, subject, specs, &klass->fields[j]);
    }
}

/* -- models -- */

/* "Conv2D · 64 filters · 3×3 · relu" */
static char *
describe_layer (const LwSpec *layer)
{
  g_autofree char *summary = lw_spec_to_summary (layer);

  if (summary[0] == '\0')
    return g_strdup (lw_spec_get_class (layer)->label);
  return g_strdup_printf ("%s · %s", lw_spec_get_class (layer)->label, summary);
}

static char *
describe_place (const LwModelSpec *model, int layer)
{
  if (layer == 0)
    return g_strdup (_("first"));
  return g_strdup_printf (_("after %s"), lw_spec_get_name (lw_model_spec_get_layer (model, (guint) layer - 1)));
}

static void
add_layer (LwCompareTable *table, LwSessionRun *const *runs, const LwAlignedLayer *row)
{
  g_autofree const LwSpec **layers = g_new0 (const LwSpec *, table->n_columns);
  char                    **cells = g_new0 (char *, table->n_columns);
  const char               *name = NULL;
  gboolean                  missing = FALSE;

  for (guint i = 0; i < table->n_columns; i++)
    if (row->layers[i] >= 0)
      {
        layers[i] = lw_model_spec_get_layer (model_of (runs[i]), (guint) row->layers[i]);
        if (name == NULL)
          name = lw_spec_get_name (layers[i]);
      }
    else
      missing = TRUE;
  for (guint i = 0; i < table->n_columns; i++)
    if (missing && layers[i] != NULL)
      cells[i] = describe_layer (layers[i]);
    else if (row->moved && layers[i] != NULL)
      cells[i] = describe_place (model_of (runs[i]), row->layers[i]);
  add_difference (table, LW_COMPARE_MODEL,
                  row->moved && !missing ? g_strdup_printf (_("%s place"), name) : g_strdup (name), cells);
  add_fields (table, LW_COMPARE_MODEL, name, layers);
}

static void
add_model (LwCompareTable *table, LwSessionRun *const *runs)
{
  guint                        n = table->n_columns;
  g_autofree LwModelSpec     **models = g_new0 (LwModelSpec *, n);
  char                       **names = g_new0 (char *, n);
  char                       **inputs = g_new0 (char *, n);
  char                       **parameters = g_new0 (char *, n);
  g_autoptr (LwLayerAlignment) alignment = NULL;

  for (guint i = 0; i < n; i++)
    {
      models[i] = runs[i]->document->model;
      names[i] = g_strdup (lw_model_spec_get_name (models[i]));
      inputs[i] = lw_shape_to_label (lw_model_spec_get_input (models[i]));
      parameters[i] = lw_chart_format_count (lw_model_spec_get_n_parameters (models[i]));
    }
  alignment = lw_layer_alignment_new (models, n);
  add_difference (table, LW_COMPARE_MODEL, g_strdup (_("model")), names);
  add_difference (table, LW_COMPARE_MODEL, g_strdup (_("input")), inputs);
  for (guint i = 0; i < alignment->n_rows; i++)
    add_layer (table, runs, &alignment->rows[i]);
  add_difference (table, LW_COMPARE_MODEL, g_strdup (_("parameters")), parameters);
}

/* -- training -- */

static void
add_spec (LwCompareTable *table, LwSessionRun *const *runs, const char *label,
          const LwSpec *(*get_spec) (const LwModelSpec *model))
{
  g_autofree const LwSpec **specs = g_new0 (const LwSpec *, table->n_columns);
  char                    **cells = g_new0 (char *, table->n_columns);

  for (guint i = 0; i < table->n_columns; i++)
    {
      specs[i] = get_spec (model_of (runs[i]));
      cells[i] = g_strdup (_(lw_spec_get_class (specs[i])->label));
    }
  add_difference (table, LW_COMPARE_TRAINING, g_strdup (label), cells);
  add_fields (table, LW_COMPARE_TRAINING, NULL, specs);
}

static char *
describe_epochs (const LwSessionRun *run)
{
  return lw_chart_format_count (run->epochs);
}

static char *
describe_batch_size (const LwSessionRun *run)
{
  return lw_chart_format_count (settings_of (run)->batch_size);
}

static char *
describe_shuffle (const LwSessionRun *run)
{
  guint shuffle = settings_of (run)->shuffle;

  if (shuffle == 0)
    return g_strdup (_("none"));
  return shuffle == G_MAXUINT ? g_strdup (_("everything")) : lw_chart_format_count (shuffle);
}

static char *
describe_seed (const LwSessionRun *run)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, settings_of (run)->seed);
}

static char *
describe_validation (const LwSessionRun *run)
{
  g_autofree char *share = NULL;

  switch (settings_of (run)->validation)
    {
    case LW_VALIDATION_NONE:
      return g_strdup (_("none"));
    case LW_VALIDATION_FRACTION:
      share = lw_chart_format_percent (settings_of (run)->fraction, 0);
      /* Translators: %s is a share: "10 %" */
      return g_strdup_printf (_("%s of the training images"), share);
    case LW_VALIDATION_TEST:
    default:
      return g_strdup (_("test images"));
    }
}

static char *
describe_patience (const LwSessionRun *run)
{
  guint patience = settings_of (run)->patience;

  if (patience == 0)
    return g_strdup (_("never"));
  return g_strdup_printf (ngettext ("after %u epoch", "after %u epochs", patience), patience);
}

static char *
describe_keep_best (const LwSessionRun *run)
{
  return g_strdup (settings_of (run)->keep_best ? _("of the best epoch") : _("of the last epoch"));
}

static char *
describe_threads (const LwSessionRun *run)
{
  guint threads = settings_of (run)->threads;

  return threads == 0 ? g_strdup (_("all")) : g_strdup_printf ("%u", threads);
}

static void
add_training (LwCompareTable *table, LwSessionRun *const *runs)
{
  static const struct {
    const char *label;
    char     *(*describe) (const LwSessionRun *run);
  } settings[] = {
    { N_("epochs"), describe_epochs },
    { N_("batch size"), describe_batch_size },
    { N_("shuffle buffer"), describe_shuffle },
    { N_("seed"), describe_seed },
    { N_("validation"), describe_validation },
    { N_("early stopping"), describe_patience },
    { N_("weights kept"), describe_keep_best },
    { N_("threads"), describe_threads },
  };

  add_spec (table, runs, _("optimizer"), lw_model_spec_get_optimizer);
  add_spec (table, runs, _("loss function"), lw_model_spec_get_loss);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      char **cells = g_new0 (char *, table->n_columns);

      for (guint j = 0; j < table->n_columns; j++)
        cells[j] = settings[i].describe (runs[j]);
      add_difference (table, LW_COMPARE_TRAINING, g_strdup (_(settings[i].label)), cells);
    }
}

/* Where the rate has been changed while a run trained, or by a schedule. */
static void
add_last_rate (LwCompareTable *table, LwSessionRun *const *runs)
{
  char   **cells = g_new0 (char *, table->n_columns);
  gboolean changed = FALSE;

  for (guint i = 0; i < table->n_columns; i++)
    {
      double started = lw_schedule_get_initial (lw_model_spec_get_optimizer (model_of (runs[i])));

      if (runs[i]->last.step == 0 || isnan (runs[i]->last.rate))
        continue;
      cells[i] = g_strdup_printf ("%g", runs[i]->last.rate);
      changed |= (float) started != runs[i]->last.rate;
    }
  if (changed)
    add_difference (table, LW_COMPARE_TRAINING, g_strdup (_("last learning rate")), cells);
  else
    free_cells (cells, table->n_columns);
}

/* -- results -- */

/* Marks the smallest of the values times `sign`, where there is something to choose from. */
static void
mark_best (LwCompareRow *row, const double *values, guint n, double sign)
{
  double best = INFINITY, worst = -INFINITY;

  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        best = MIN (best, sign * values[i]);
        worst = MAX (worst, sign * values[i]);
      }
  for (guint i = 0; i < n && best < worst; i++)
    row->best[i] = isfinite (values[i]) && sign * values[i] <= best;
}

static void
add_loss (LwCompareTable *table, const char *label, const double *losses)
{
  LwCompareRow *row = lw_compare_table_add_row (table, LW_COMPARE_RESULTS, g_strdup (label));

  for (guint i = 0; i < table->n_columns; i++)
    row->cells[i] = isnan (losses[i]) ? NULL : lw_chart_format_number (losses[i], 4);
  mark_best (row, losses, table->n_columns, 1);
}

/* The least time is the best one among runs that have done the same work. */
static void
add_time (LwCompareTable *table, LwSessionRun *const *runs)
{
  g_autofree double *seconds = g_new (double, table->n_columns);
  LwCompareRow      *row = lw_compare_table_add_row (table, LW_COMPARE_RESULTS, g_strdup (_("time")));
  gboolean           same = TRUE;

  for (guint i = 0; i < table->n_columns; i++)
    {
      seconds[i] = runs[i]->last.step > 0 ? runs[i]->last.seconds : NAN;
      row->cells[i] = isnan (seconds[i]) ? NULL : lw_chart_format_time (seconds[i], 1);
      same &= runs[i]->last.step == runs[0]->last.step
              && settings_of (runs[i])->batch_size == settings_of (runs[0])->batch_size;
    }
  if (same)
    mark_best (row, seconds, table->n_columns, 1);
}

static void
add_results (LwCompareTable *table, LwSessionRun *const *runs)
{
  guint              n = table->n_columns;
  g_autofree double *train = g_new (double, n), *test = g_new (double, n), *accuracy = g_new (double, n);
  LwCompareRow      *row;

  row = lw_compare_table_add_row (table, LW_COMPARE_RESULTS, g_strdup (_("steps")));
  for (guint i = 0; i < n; i++)
    {
      train[i] = runs[i]->smoothed_loss;
      test[i] = runs[i]->test_loss;
      accuracy[i] = runs[i]->test_accuracy;
      row->cells[i] = lw_chart_format_count (runs[i]->last.step);
    }
  add_loss (table, _("train loss"), train);
  add_loss (table, _("test loss"), test);
  row = lw_compare_table_add_row (table, LW_COMPARE_RESULTS, g_strdup (_("test accuracy")));
  for (guint i = 0; i < n; i++)
    row->cells[i] = isnan (accuracy[i]) ? NULL : lw_chart_format_percent (accuracy[i], 2);
  mark_best (row, accuracy, n, -1);
  add_time (table, runs);
}

LwCompareTable *
lw_run_diff (LwSessionRun *const *runs, guint n_runs)
{
  LwCompareTable *table = lw_compare_table_new (n_runs);

  for (guint i = 0; i < n_runs; i++)
    lw_compare_table_set_column (table, i, runs[i]->name, runs[i]->slot);
  if (n_runs == 0)
    return table;
  add_model (table, runs);
  add_training (table, runs);
  add_last_rate (table, runs);
  add_results (table, runs);
  return table;
}

/* -- a note -- */

static void
append_row (GString *text, const LwCompareRow *row)
{
  const char *before = row->cells[0], *now = row->cells[1];

  if (text->len > 0)
    g_string_append (text, ", ");
  if (before != NULL && now != NULL)
    /* Translators: a setting, before and after: "conv2d filters 32 → 64" */
    g_string_append_printf (text, _("%s %s → %s"), row->label, before, now);
  else
    g_string_append_printf (text, now != NULL ? "+ %s" : "− %s", row->label);
}

char *
lw_run_diff_describe (LwSessionRun *run, LwSessionRun *other)
{
  LwSessionRun              *runs[] = { other, run };
  g_autoptr (LwCompareTable) table = lw_compare_table_new (G_N_ELEMENTS (runs));
  g_autoptr (GString)        text = g_string_new (NULL);
  guint                      n_told = 0, n = 0;

  add_model (table, runs);
  add_training (table, runs);
  for (guint i = 0; i < table->rows->len; i++)
    {
      LwCompareRow *row = g_ptr_array_index (table->rows, i);

      /* The parameters follow from the rest, and threads change nothing. */
      if (g_str_equal (row->label, _("parameters")) || g_str_equal (row->label, _("threads")))
        continue;
      n++;
      if (n_told < MAX_TOLD)
        {
          append_row (text, row);
          n_told++;
        }
    }
  if (n == 0 || n > MAX_KNOWN)
    return NULL;
  if (n > n_told)
    g_string_append_printf (text, ngettext (", %u more", ", %u more", n - n_told), n - n_told);
  return g_strdup (text->str);
}
