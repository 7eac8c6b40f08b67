#pragma once

#include "app/session.h"

/* The three figures of presenter mode, from the session's current run: accuracy on images it did not
 * learn from, training loss, and time. */

G_BEGIN_DECLS

#define LW_N_FIGURES 3

typedef struct {
  char *title;   /* "Test accuracy" */
  char *value;   /* "98.3 %"; "—" where it is not known */
  char *caption; /* "after epoch 2, 10,000 images"; may be empty */
} LwFigure;

/* Reads on in the run's history where it left off. Zero it first. */
typedef struct {
  LwFigure        figures[LW_N_FIGURES];
  /*< private >*/
  LwHistory      *history;
  LwHistoryCursor cursor;
  LwHistoryPoint  tested; /* the newest of all test images, else of some; n_images 0: none */
  double          first_loss;
} LwFigures;

void lw_figures_update (LwFigures *self, LwSession *session);
void lw_figures_clear  (LwFigures *self);

G_END_DECLS
