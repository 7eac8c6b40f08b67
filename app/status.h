#pragma once

#include "app/session.h"

/* The words of the status line and the launch hint, from what the session is doing. */

G_BEGIN_DECLS

typedef struct {
  char    *text;
  double   fraction; /* of the run, < 0: no bar */
  gboolean error;
  char    *button;   /* NULL: none */
  const char *icon;  /* of the button, or NULL */
  const char *action; /* detailed */
  gboolean more;     /* the button continues for some epochs: other numbers can be chosen */
} LwStatus;

void  lw_status_fill  (LwStatus *status, LwSession *session);
void  lw_status_clear (LwStatus *status);

/* "5 epochs over 60,000 handwritten digits, about 25 seconds on this computer." */
char *lw_status_hint  (LwSession *session) G_GNUC_WARN_UNUSED_RESULT;

/* Where the current run stands: its epoch, from 1, and how many of the epoch's images and steps are done. */
typedef struct {
  guint  epoch, epochs;
  gint64 step, planned; /* of the whole run; planned as it is now, with whole batches */
  gint64 epoch_steps, epoch_steps_all;
  gint64 images_left;   /* of the whole run */
  double fraction;      /* of the whole run */
} LwRunPlace;

LwRunPlace lw_status_get_place (LwSession *session);

/* "0:14", "1:02:03" */
char *lw_status_clock (double seconds) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
