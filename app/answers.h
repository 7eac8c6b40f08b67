#pragma once

#include "app/session.h"
#include "ui/train/predict-pane.h"

/* LwAnswers: has the model answer what the right pane asks: the digit on the pad or the chosen test
 * digit, and the strip of test digits; again whenever the weights are newer. It asks in a thread of
 * its own, so that the bars follow the pen while training takes every core. Owned by the window. */

G_BEGIN_DECLS

typedef struct _LwAnswers LwAnswers;

LwAnswers *lw_answers_new   (LwSession *session, LwPredictPane *pane, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void       lw_answers_free  (LwAnswers *answers);

G_END_DECLS
