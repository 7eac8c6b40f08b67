#pragma once

#include "app/session.h"

/* The window's actions about training:
 *   train, step, stop, reset, fork, rollback
 *   continue u      for so many more epochs
 *   speed s         state: "full", "slow", "batch", "example"
 * They are on where the session can do them. */

G_BEGIN_DECLS

/* Adds them to the map, which must not outlive the session. */
void lw_train_actions_add    (GActionMap *map, LwSession *session);
/* On or off, after the session has changed. */
void lw_train_actions_update (GActionMap *map, LwSession *session);

G_END_DECLS
