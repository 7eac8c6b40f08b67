#pragma once

#include <glib.h>

/* LW_ERROR: what the engine reports. Each message is one sentence that a person can act on: it names
 * the subject, what was found and expected (both shapes), and the cure. */

G_BEGIN_DECLS

#define LW_ERROR (lw_error_quark ())

typedef enum {
  LW_ERROR_SHAPE,       /* shapes that do not fit each other */
  LW_ERROR_DTYPE,       /* dtypes that differ or that an operation does not take */
  LW_ERROR_VALUE,       /* an argument outside its range */
  LW_ERROR_NOT_FINITE,  /* NaN or infinity where there may be none */
  LW_ERROR_FILE,        /* a file that is damaged, truncated, hostile or of another kind */
  LW_ERROR_UNSUPPORTED, /* well-formed, but a thing Layerwise does not know */
  LW_ERROR_STATE,       /* called in the wrong order: a used-up tape, nothing to continue */
} LwError;

GQuark lw_error_quark (void);

/* "a, b, c" of a NULL-terminated list, or the first eight and "…": names within a sentence. */
char  *lw_list_names  (const char *const *names) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
