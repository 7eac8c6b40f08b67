#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* One run in the list under the charts.
 *
 * Properties, all readable and writable, with notify, but for the id, which is for life:
 *   id             uint     what actions about this run name it by
 *   name           string   "Run 3"
 *   note           string   what differs from the other runs: "convnet, Adam 0.001"
 *   state          string   "training", "5 epochs", "stopped"
 *   slot           uint     colour, dash and marker in the charts, from 0
 *   train-loss     double   smoothed loss of the last batches; these three are NaN if unknown
 *   test-loss      double
 *   test-accuracy  double   share of right answers, 0 to 1
 *   visible        boolean  whether the charts draw it; TRUE at first */
#define LW_TYPE_RUN_ITEM (lw_run_item_get_type ())
G_DECLARE_FINAL_TYPE (LwRunItem, lw_run_item, LW, RUN_ITEM, GObject)

LwRunItem  *lw_run_item_new               (guint       id,
                                           const char *name,
                                           const char *note,
                                           guint       slot) G_GNUC_WARN_UNUSED_RESULT;

guint       lw_run_item_get_id            (LwRunItem  *self);
const char *lw_run_item_get_name          (LwRunItem  *self);
void        lw_run_item_set_name          (LwRunItem  *self,
                                           const char *name);
const char *lw_run_item_get_note          (LwRunItem  *self);
void        lw_run_item_set_note          (LwRunItem  *self,
                                           const char *note);
const char *lw_run_item_get_state         (LwRunItem  *self);
void        lw_run_item_set_state         (LwRunItem  *self,
                                           const char *state);
guint       lw_run_item_get_slot          (LwRunItem  *self);
void        lw_run_item_set_slot          (LwRunItem  *self,
                                           guint       slot);
double      lw_run_item_get_train_loss    (LwRunItem  *self);
void        lw_run_item_set_train_loss    (LwRunItem  *self,
                                           double      loss);
double      lw_run_item_get_test_loss     (LwRunItem  *self);
void        lw_run_item_set_test_loss     (LwRunItem  *self,
                                           double      loss);
double      lw_run_item_get_test_accuracy (LwRunItem  *self);
void        lw_run_item_set_test_accuracy (LwRunItem  *self,
                                           double      accuracy);
gboolean    lw_run_item_get_visible       (LwRunItem  *self);
void        lw_run_item_set_visible       (LwRunItem  *self,
                                           gboolean    visible);

G_END_DECLS
