#pragma once

#include "app/session.h"
#include "ui/builder/builder-pane.h"

/* LwSlowMotion: shows on the cards where a session's slow motion is: the ring moves through each phase as the
 * session goes from one to the next, or stands still where animations are off. */

G_BEGIN_DECLS

typedef struct _LwSlowMotion LwSlowMotion;

/* Borrows the pane, which must live longer. */
LwSlowMotion *lw_slow_motion_new  (LwSession *session, LwBuilderPane *pane) G_GNUC_WARN_UNUSED_RESULT;
void          lw_slow_motion_free (LwSlowMotion *motion);

G_END_DECLS
