#include "app/shown-runs.h"

#include <glib/gi18n.h>

#include "app/run-diff.h"
#include "ui/train/run-item.h"

struct _LwShownRuns {
  LwSession   *session;
  LwChartPane *pane;
  GListStore  *items;    /* LwRunItem, newest first, as the session's runs */
  guint        selected; /* ids, 0 for none */
  guint        current;
};

static LwChartModel *
chart (LwShownRuns *shown)
{
  return lw_chart_pane_get_model (shown->pane);
}

/* -- items -- */

static char *
describe_state (LwShownRuns *shown, LwSessionRun *run)
{
  /* A file that keeps no history still has the weights. */
  guint epochs = run->last.step > 0 || run->state == NULL ? (guint) run->last.epoch : (guint) run->state->epoch;

  if (run == lw_session_get_run (shown->session))
    {
      if (lw_session_is_running (shown->session))
        return g_strdup (_("training"));
      switch (lw_session_get_phase (shown->session))
        {
        case LW_PHASE_PAUSED: return g_strdup (_("paused"));
        case LW_PHASE_DIVERGED: return g_strdup (_("diverged"));
        case LW_PHASE_FAILED: return g_strdup (_("failed"));
        case LW_PHASE_STOPPED: return g_strdup (_("stopped"));
        case LW_PHASE_TRAINING:
        case LW_PHASE_IDLE:
        case LW_PHASE_FINISHED: break;
        }
    }
  if (run->last.step == 0 && !lw_session_run_is_trained (run))
    return g_strdup (_("not started"));
  if (epochs < run->epochs && run->last.step > 0)
    return g_strdup (_("stopped"));
  return g_strdup_printf (ngettext ("%u epoch", "%u epochs", epochs), epochs);
}

/* What it has otherwise than the run before it, or what it is. */
static char *
describe_run (LwShownRuns *shown, LwSessionRun *run)
{
  LwSessionRun *before = NULL;
  char         *difference;

  for (guint i = lw_session_get_n_runs (shown->session); i-- > 0;)
    {
      LwSessionRun *other = lw_session_get_nth_run (shown->session, i);

      if (other == run)
        break;
      before = other;
    }
  difference = before != NULL ? lw_run_diff_describe (run, before) : NULL;
  return difference != NULL ? difference : lw_session_run_describe (run);
}

static void
update_item (LwShownRuns *shown, LwRunItem *item)
{
  LwSessionRun    *run = lw_session_find_run (shown->session, lw_run_item_get_id (item));
  g_autofree char *state = describe_state (shown, run);
  g_autofree char *description = run->note == NULL ? describe_run (shown, run) : NULL;

  lw_run_item_set_name (item, run->name);
  lw_run_item_set_note (item, run->note != NULL ? run->note : description);
  lw_run_item_set_slot (item, run->slot);
  lw_run_item_set_state (item, state);
  lw_run_item_set_train_loss (item, run->smoothed_loss);
  lw_run_item_set_test_loss (item, run->test_loss);
  lw_run_item_set_test_accuracy (item, run->test_accuracy);
}

/* Makes the items those of the session's runs. */
static void
update_items (LwShownRuns *shown)
{
  GListModel *items = G_LIST_MODEL (shown->items);
  guint       n = lw_session_get_n_runs (shown->session);

  for (guint i = g_list_model_get_n_items (items); i-- > 0;)
    {
      g_autoptr (LwRunItem) item = g_list_model_get_item (items, i);

      if (lw_session_find_run (shown->session, lw_run_item_get_id (item)) == NULL)
        g_list_store_remove (shown->items, i);
    }
  for (guint i = 0; i < n; i++)
    {
      LwSessionRun         *run = lw_session_get_nth_run (shown->session, i);
      g_autoptr (LwRunItem) item = g_list_model_get_item (items, i);

      if (item == NULL || lw_run_item_get_id (item) != run->id)
        {
          g_clear_object (&item);
          item = lw_run_item_new (run->id, run->name, run->note, run->slot);
          g_list_store_insert (shown->items, i, item);
        }
      update_item (shown, item);
    }
}

void
lw_shown_runs_update_current (LwShownRuns *shown)
{
  LwSessionRun *run = lw_session_get_run (shown->session);
  guint         n = g_list_model_get_n_items (G_LIST_MODEL (shown->items));

  for (guint i = 0; run != NULL && i < n; i++)
    {
      g_autoptr (LwRunItem) item = g_list_model_get_item (G_LIST_MODEL (shown->items), i);

      if (lw_run_item_get_id (item) == run->id)
        update_item (shown, item);
    }
}

/* -- curves -- */

static void
set_plan (LwShownRuns *shown, LwSessionRun *run)
{
  lw_chart_model_set_plan (chart (shown),
                           lw_session_run_get_steps_per_epoch (run, lw_session_get_images (shown->session)),
                           (int) run->epochs, (int) run->document->settings.batch_size);
}

static void
select_run (LwShownRuns *shown, LwSessionRun *run)
{
  shown->selected = run->id;
  lw_chart_model_select_run (chart (shown), run->id);
  set_plan (shown, run);
  lw_chart_pane_set_selected_run (shown->pane, run->id);
}

void
lw_shown_runs_select (LwShownRuns *shown, guint id)
{
  LwSessionRun *run = lw_session_find_run (shown->session, id);

  if (run != NULL)
    select_run (shown, run);
}

/* A run that has become the current one is what one wants to see; else what was chosen stays chosen. */
static void
choose_run (LwShownRuns *shown)
{
  LwSessionRun *current = lw_session_get_run (shown->session);
  LwSessionRun *selected = lw_session_find_run (shown->session, shown->selected);
  guint         id = current != NULL ? current->id : 0;

  if (selected == NULL || (current != NULL && id != shown->current))
    selected = current;
  if (selected == NULL && lw_session_get_n_runs (shown->session) > 0)
    selected = lw_session_get_nth_run (shown->session, 0);
  shown->current = id;
  shown->selected = 0;
  if (selected != NULL)
    select_run (shown, selected);
}

void
lw_shown_runs_update_plan (LwShownRuns *shown)
{
  LwDocument   *document = lw_session_get_document (shown->session);
  LwSessionRun *run = lw_session_get_run (shown->session);
  LwImages     *images = lw_session_get_images (shown->session);
  gsize         n = images != NULL ? (gsize) lw_tensor_get_dim (images->train_images, 0) : 60000;

  if (run != NULL && run->id == shown->selected && lw_document_same_run (document, run->document))
    set_plan (shown, run);
  else if (lw_session_get_n_runs (shown->session) == 0)
    lw_chart_model_set_plan (chart (shown), lw_run_settings_get_steps_per_epoch (&document->settings, n),
                             (int) document->settings.epochs, (int) document->settings.batch_size);
}

static void
on_runs_changed (LwShownRuns *shown)
{
  guint             n = lw_session_get_n_runs (shown->session);
  g_autofree guint *ids = g_new (guint, MAX (n, 1));

  for (guint i = 0; i < n; i++)
    ids[i] = lw_session_get_nth_run (shown->session, i)->id;
  /* Not all of them: a part that somebody zoomed into stays in view. */
  lw_chart_model_keep_runs (chart (shown), ids, n);
  for (guint i = n; i-- > 0;)
    {
      LwSessionRun *run = lw_session_get_nth_run (shown->session, i);

      lw_chart_model_set_run (chart (shown), run->id, run->history, run->name, run->slot);
      lw_chart_model_select_run (chart (shown), run->id);
      set_plan (shown, run);
    }
  update_items (shown);
  choose_run (shown);
  lw_shown_runs_update_plan (shown);
}

/* -- the object -- */

GListModel *
lw_shown_runs_get_items (LwShownRuns *shown)
{
  return G_LIST_MODEL (shown->items);
}

LwShownRuns *
lw_shown_runs_new (LwSession *session, LwChartPane *pane)
{
  LwShownRuns *shown = g_new0 (LwShownRuns, 1);

  shown->session = g_object_ref (session);
  shown->pane = pane;
  shown->items = g_list_store_new (LW_TYPE_RUN_ITEM);
  lw_chart_pane_set_runs (pane, G_LIST_MODEL (shown->items));
  g_signal_connect_swapped (session, "runs-changed", G_CALLBACK (on_runs_changed), shown);
  on_runs_changed (shown);
  return shown;
}

void
lw_shown_runs_free (LwShownRuns *shown)
{
  g_signal_handlers_disconnect_by_data (shown->session, shown);
  g_object_unref (shown->items);
  g_object_unref (shown->session);
  g_free (shown);
}
