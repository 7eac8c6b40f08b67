#include "app/run-diff.h"

#include <math.h>
#include <string.h>

/* What differs between runs whose models, settings and results are made by hand. */

static LwSessionRun *
run_new (LwModelSpec *model, const LwRunSettings *settings, const char *name)
{
  g_autoptr (LwDocument) document = lw_document_new (model, settings);
  g_autoptr (LwHistory)  history = lw_history_new ();
  LwSessionRun          *run = lw_session_run_new (document, history, NULL);

  run->name = g_strdup (name);
  return run;
}

static LwSpec *
layer_new (const char *class_name)
{
  return lw_spec_new (&lw_layer_class_find (class_name)->spec, NULL);
}

static LwModelSpec *
with_field (LwModelSpec *model, guint layer, const char *key, LwFieldValue value)
{
  g_autoptr (LwSpec) changed = lw_spec_with_value (lw_model_spec_get_layer (model, layer), key, value, NULL);

  g_assert_nonnull (changed);
  return lw_model_spec_with_replaced (model, layer, changed);
}

/* The rows that are settings: "conv2d filters: 32 | 64\n…"; "—" for a cell that there is not. */
static char *
settings_text (LwCompareTable *table)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < table->rows->len; i++)
    {
      LwCompareRow *row = g_ptr_array_index (table->rows, i);

      if (row->section == LW_COMPARE_RESULTS)
        continue;
      g_string_append_printf (text, "%s:", row->label);
      for (guint column = 0; column < table->n_columns; column++)
        g_string_append_printf (text, "%s %s", column > 0 ? " |" : "", row->cells[column] ? row->cells[column] : "—");
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

/* Two runs of these models with the standard settings. */
static void
assert_differences (LwModelSpec *a, LwModelSpec *b, const char *wanted)
{
  g_autoptr (LwSessionRun)   first = run_new (a, &LW_RUN_SETTINGS_STANDARD, "Run 1");
  g_autoptr (LwSessionRun)   second = run_new (b, &LW_RUN_SETTINGS_STANDARD, "Run 2");
  LwSessionRun              *runs[] = { first, second };
  g_autoptr (LwCompareTable) table = lw_run_diff (runs, 2);
  g_autofree char           *text = settings_text (table);

  g_assert_cmpstr (text, ==, wanted);
}

static void
assert_note (LwModelSpec *a, LwModelSpec *b, const char *wanted)
{
  g_autoptr (LwSessionRun) before = run_new (a, &LW_RUN_SETTINGS_STANDARD, "Run 1");
  g_autoptr (LwSessionRun) now = run_new (b, &LW_RUN_SETTINGS_STANDARD, "Run 2");
  g_autofree char         *note = lw_run_diff_describe (now, before);

  g_assert_cmpstr (note, ==, wanted);
}

static void
test_same (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec) again = lw_model_spec_new_preset ("convnet");

  assert_differences (model, again, "");
  assert_note (model, again, NULL);
}

static void
test_one_field (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec) wide = with_field (model, 0, "filters", (LwFieldValue) { .i = 64 });
  g_autoptr (LwModelSpec) rate = with_field (model, 5, "rate", (LwFieldValue) { .x = 0.25 });

  assert_differences (model, wide, "conv2d filters: 32 | 64\nparameters: 34,826 | 53,578\n");
  assert_note (model, wide, "conv2d filters 32 → 64");
  assert_differences (model, rate, "dropout rate: 0.5 | 0.25\n");
}

/* By the layers' kinds and names, not by their places: what is the same stays out of it. */
static void
test_inserted_and_removed (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwSpec)      conv = layer_new ("Conv2D");
  g_autoptr (LwSpec)      dropout = layer_new ("Dropout");
  g_autoptr (LwModelSpec) deeper = lw_model_spec_with_inserted (model, 0, conv);
  g_autoptr (LwModelSpec) last = lw_model_spec_with_inserted (model, 7, dropout);
  g_autoptr (LwModelSpec) without = lw_model_spec_with_removed (model, 5);
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("convnet", lw_model_spec_get_input (model));
  g_autoptr (LwSessionRun) first = run_new (model, &LW_RUN_SETTINGS_STANDARD, "Run 1");
  g_autoptr (LwSessionRun) second = run_new (deeper, &LW_RUN_SETTINGS_STANDARD, "Run 2");
  LwSessionRun            *runs[] = { first, second };
  g_autoptr (LwCompareTable) table = lw_run_diff (runs, 2);
  LwCompareRow            *row = g_ptr_array_index (table->rows, 0);

  g_assert_cmpstr (row->label, ==, lw_spec_get_name (lw_model_spec_get_layer (deeper, 0)));
  g_assert_null (row->cells[0]);
  g_assert_true (g_str_has_prefix (row->cells[1], "Conv2D · "));
  g_assert_cmpuint (lw_compare_table_n_settings (table), ==, 2); /* and the parameters */

  assert_differences (model, without, "dropout: Dropout · rate 0.5 | —\n");
  assert_note (model, without, "− dropout");
  assert_note (without, model, "+ dropout");
  assert_differences (model, last, "dropout_1: — | Dropout · rate 0.5\n");

  /* All of them against none. */
  {
    g_autoptr (LwSessionRun)   none = run_new (empty, &LW_RUN_SETTINGS_STANDARD, "Run 3");
    LwSessionRun              *two[] = { first, none };
    g_autoptr (LwCompareTable) all = lw_run_diff (two, 2);

    g_assert_cmpuint (lw_compare_table_n_settings (all), ==, 8);
  }
}

static void
test_moved (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec) moved = lw_model_spec_with_moved (model, 5, 0);
  g_autoptr (LwModelSpec) changed = with_field (moved, 0, "rate", (LwFieldValue) { .x = 0.25 });

  assert_differences (model, moved, "dropout place: after flatten | first\n");
  assert_note (model, moved, "dropout place after flatten → first");
  assert_differences (moved, model, "dropout place: first | after flatten\n");
  assert_differences (model, changed, "dropout place: after flatten | first\ndropout rate: 0.5 | 0.25\n");
}

/* Fields that both have are compared; those of one only are told where somebody has set them. */
static void
test_optimizer (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwSpec)      sgd = lw_spec_new (lw_optimizer_class_find ("SGD"), NULL);
  g_autoptr (LwSpec)      momentum = lw_spec_with_value (sgd, "momentum", (LwFieldValue) { .x = 0.9 }, NULL);
  g_autoptr (LwSpec)      slow = lw_spec_with_value (lw_model_spec_get_optimizer (model), "learning_rate",
                                                     (LwFieldValue) { .x = 0.0003 }, NULL);
  g_autoptr (LwModelSpec) with_sgd = lw_model_spec_with_optimizer (model, sgd);
  g_autoptr (LwModelSpec) with_momentum = lw_model_spec_with_optimizer (model, momentum);
  g_autoptr (LwModelSpec) with_slow = lw_model_spec_with_optimizer (model, slow);

  assert_differences (model, with_slow, "learning rate: 0.001 | 0.0003\n");
  assert_note (model, with_slow, "learning rate 0.001 → 0.0003");
  assert_differences (model, with_sgd, "optimizer: Adam | SGD\nlearning rate: 0.001 | 0.01\n");
  assert_note (model, with_sgd, "optimizer Adam → SGD, learning rate 0.001 → 0.01");
  assert_differences (model, with_momentum, "optimizer: Adam | SGD\nlearning rate: 0.001 | 0.01\nmomentum: — | 0.9\n");
  assert_note (model, with_momentum, "optimizer Adam → SGD, learning rate 0.001 → 0.01, 1 more");
}

static void
test_settings (void)
{
  g_autoptr (LwModelSpec)    model = lw_model_spec_new_preset ("mlp");
  LwRunSettings              settings = { 7, 64, 0, 12, LW_VALIDATION_FRACTION, 0.2, 3, TRUE, 2 };
  g_autoptr (LwSessionRun)   first = run_new (model, &LW_RUN_SETTINGS_STANDARD, "Run 1");
  g_autoptr (LwSessionRun)   second = run_new (model, &settings, "Run 2");
  LwSessionRun              *runs[] = { first, second };
  g_autoptr (LwCompareTable) table = lw_run_diff (runs, 2);
  g_autofree char           *text = settings_text (table);
  g_autofree char           *note = lw_run_diff_describe (second, first);

  g_assert_cmpstr (text, ==,
                   "epochs: 5 | 7\nbatch size: 32 | 64\nshuffle buffer: everything | none\nseed: 1 | 12\n"
                   "validation: test images | 20\u202f% of the training images\n"
                   "early stopping: never | after 3 epochs\nweights kept: of the last epoch | of the best epoch\n"
                   "threads: all | 2\n");
  /* So much that it is better said what the run is. */
  g_assert_null (note);
}

static void
test_everything (void)
{
  g_autoptr (LwModelSpec)  convnet = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec)  mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwSessionRun) first = run_new (convnet, &LW_RUN_SETTINGS_STANDARD, "Run 1");
  g_autoptr (LwSessionRun) second = run_new (mlp, &LW_RUN_SETTINGS_STANDARD, "Run 2");
  LwSessionRun            *runs[] = { first, second };
  g_autoptr (LwCompareTable) table = lw_run_diff (runs, 2);
  LwCompareRow            *row = g_ptr_array_index (table->rows, 0);
  g_autofree char         *text = settings_text (table);

  g_assert_cmpstr (row->label, ==, "model");
  g_assert_nonnull (strstr (text, "max_pooling2d: MaxPooling2D · 2×2 | —\n"));
  /* Both flatten: that is the same. */
  g_assert_null (strstr (text, "flatten:"));
  assert_note (convnet, mlp, NULL);
}

static LwCompareRow *
find_result (LwCompareTable *table, const char *label)
{
  for (guint i = 0; i < table->rows->len; i++)
    {
      LwCompareRow *row = g_ptr_array_index (table->rows, i);

      if (row->section == LW_COMPARE_RESULTS && g_str_equal (row->label, label))
        return row;
    }
  g_assert_not_reached ();
}

static void
set_results (LwSessionRun *run, double train, double test, double accuracy, gint64 step, double seconds)
{
  run->smoothed_loss = train;
  run->test_loss = test;
  run->test_accuracy = accuracy;
  run->last.step = step;
  run->last.seconds = seconds;
  run->last.rate = NAN;
}

static void
test_results (void)
{
  g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwSessionRun) a = run_new (model, &LW_RUN_SETTINGS_STANDARD, "Run 1");
  g_autoptr (LwSessionRun) b = run_new (model, &LW_RUN_SETTINGS_STANDARD, "tab\there");
  g_autoptr (LwSessionRun) c = run_new (model, &LW_RUN_SETTINGS_STANDARD, "Run 3");
  LwSessionRun            *runs[] = { a, b, c };

  set_results (a, 0.5, NAN, 0.9, 1200, 10);
  set_results (b, 0.25, 0.3, 0.95, 1200, 12);
  set_results (c, INFINITY, 0.3, 0.95, 1200, 9);
  {
    g_autoptr (LwCompareTable) table = lw_run_diff (runs, 3);
    g_autofree char           *tsv = lw_compare_table_to_tsv (table);
    LwCompareRow              *train = find_result (table, "train loss"), *test = find_result (table, "test loss");
    LwCompareRow              *accuracy = find_result (table, "test accuracy"), *time = find_result (table, "time");

    g_assert_cmpuint (lw_compare_table_n_settings (table), ==, 0);
    g_assert_true (!train->best[0] && train->best[1] && !train->best[2]);
    /* Nothing to choose from: one value, whoever has it. */
    g_assert_null (test->cells[0]);
    g_assert_true (!test->best[0] && !test->best[1] && !test->best[2]);
    /* Two are the best. */
    g_assert_true (!accuracy->best[0] && accuracy->best[1] && accuracy->best[2]);
    g_assert_cmpstr (accuracy->cells[1], ==, "95.00\u202f%");
    g_assert_true (time->best[2] && !time->best[0]);
    g_assert_true (g_str_has_prefix (tsv, "\tRun 1\ttab here\tRun 3\nsteps\t1,200\t1,200\t1,200\n"
                                          "train loss\t0.5000\t0.2500\t∞\ntest loss\t\t0.3000\t0.3000\n"));
  }
  /* A rate that was changed while training. */
  a->last.rate = b->last.rate = c->last.rate = 0.001f;
  {
    g_autoptr (LwCompareTable) table = lw_run_diff (runs, 3);

    g_assert_cmpuint (lw_compare_table_n_settings (table), ==, 0);
  }
  b->last.rate = 0.0003f;
  a->last.rate = NAN;
  {
    g_autoptr (LwCompareTable) table = lw_run_diff (runs, 3);
    g_autofree char           *text = settings_text (table);

    g_assert_cmpstr (text, ==, "last learning rate: — | 0.0003 | 0.001\n");
  }
  /* Less work takes less time. */
  c->last.step = 100;
  {
    g_autoptr (LwCompareTable) table = lw_run_diff (runs, 3);
    LwCompareRow              *time = find_result (table, "time");

    g_assert_true (!time->best[0] && !time->best[1] && !time->best[2]);
  }
  {
    g_autoptr (LwCompareTable) none = lw_run_diff (NULL, 0);

    g_assert_cmpuint (none->rows->len, ==, 0);
  }
}

/* Thirteen runs, each with one more unit: one row, and its cells are in the runs' order. */
static void
test_thirteen (void)
{
  g_autoptr (LwModelSpec)    model = lw_model_spec_new_preset ("mlp");
  g_autoptr (GPtrArray)      runs = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_session_run_unref);
  g_autoptr (LwCompareTable) table = NULL;
  LwCompareRow              *row;

  for (guint i = 0; i < 13; i++)
    {
      g_autoptr (LwModelSpec) other = with_field (model, 1, "units", (LwFieldValue) { .i = 10 + i });
      g_autofree char        *name = g_strdup_printf ("Run %u", i + 1);
      LwSessionRun           *run = run_new (other, &LW_RUN_SETTINGS_STANDARD, name);

      run->slot = i;
      g_ptr_array_add (runs, run);
    }
  table = lw_run_diff ((LwSessionRun *const *) runs->pdata, 13);
  g_assert_cmpuint (table->n_columns, ==, 13);
  g_assert_cmpuint (lw_compare_table_n_settings (table), ==, 2);
  row = g_ptr_array_index (table->rows, 0);
  g_assert_cmpstr (row->label, ==, "dense units");
  for (guint i = 0; i < 13; i++)
    {
      g_autofree char *units = g_strdup_printf ("%u", 10 + i);

      g_assert_cmpstr (row->cells[i], ==, units);
      g_assert_cmpuint (table->columns[i].slot, ==, i);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-diff/same", test_same);
  g_test_add_func ("/run-diff/one-field", test_one_field);
  g_test_add_func ("/run-diff/inserted-and-removed", test_inserted_and_removed);
  g_test_add_func ("/run-diff/moved", test_moved);
  g_test_add_func ("/run-diff/optimizer", test_optimizer);
  g_test_add_func ("/run-diff/settings", test_settings);
  g_test_add_func ("/run-diff/everything", test_everything);
  g_test_add_func ("/run-diff/results", test_results);
  g_test_add_func ("/run-diff/thirteen", test_thirteen);
  return g_test_run ();
}
