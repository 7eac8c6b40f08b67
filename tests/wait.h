#pragma once

#include <glib.h>

/* How tests wait for what other threads, timers and frames bring: the default main loop runs meanwhile. */

/* Seconds: nothing that a test waits for takes so long, on the slowest machine with the slowest tools. */
#define WAIT_TIMEOUT 60

/* Returns as soon as `condition`, an expression, holds; aborts and names it if it never does. It is looked at
 * before every turn of the loop, so it may itself push on what it waits for. */
#define WAIT_UNTIL(condition)                                                                          \
  G_STMT_START                                                                                         \
  {                                                                                                    \
    gint64 deadline_ = g_get_monotonic_time () + WAIT_TIMEOUT * G_USEC_PER_SEC;                        \
    while (!(condition))                                                                               \
      {                                                                                                \
        if (g_get_monotonic_time () > deadline_)                                                       \
          g_error ("%s:%d: waited %d s for %s", __FILE__, __LINE__, WAIT_TIMEOUT, #condition);         \
        if (!g_main_context_iteration (NULL, FALSE))                                                   \
          g_usleep (500);                                                                              \
      }                                                                                                \
  }                                                                                                    \
  G_STMT_END

/* Runs the loop for so long, and then until there is nothing left to do: for what must not come, and for what
 * says in no way that it came. */
static inline void
settle (guint milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * G_TIME_SPAN_MILLISECOND;

  for (;;)
    if (!g_main_context_iteration (NULL, FALSE))
      {
        if (g_get_monotonic_time () >= end)
          return;
        g_usleep (500);
      }
}
