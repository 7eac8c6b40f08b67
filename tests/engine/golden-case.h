#pragma once

#include "engine/autodiff/tape.h"
#include "engine/data/npz.h"

#include <json-glib/json-glib.h>

/* One reference case on its way through the engine in one dtype: what reads the case's arrays and
 * attributes, and what compares results with it. Reading keeps account: golden_run_finish() fails the
 * case for each attribute or input that nobody asked for and each output that nobody compared, so
 * that a runner cannot pass over something it does not know.
 *
 * Whatever is missing or of another type fails the run's scope, after which ops do nothing; the first
 * reason becomes the test's message. */

typedef struct {
  JsonObject *json;  /* the case's entry in the index; borrowed */
  JsonObject *attrs; /* of it, or of one config within it */
  const char *name, *op;
  LwNpz      *npz;
  LwDType     dtype;
  LwScope    *s;
  LwTape     *tape;
  GPtrArray  *watched;   /* LwTensor, borrowed from the scope */
  GPtrArray  *gradients; /* what the file calls their gradients */
  GHashTable *known;     /* attributes, inputs and outputs that were looked at, "attrs/axis" */
} GoldenRun;

/* FALSE, having failed the test, where the file cannot be opened. */
gboolean  golden_run_begin      (GoldenRun *run, const char *directory, JsonObject *json,
                                 LwDevice *device, LwDType dtype);
void      golden_run_finish     (GoldenRun *run);
void      golden_fail           (GoldenRun *run, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A member of `object` of that JSON type, or NULL. */
JsonObject *golden_get_object   (JsonObject *object, const char *name);
JsonArray  *golden_get_array    (JsonObject *object, const char *name);
const char *golden_get_text     (JsonObject *object, const char *name);

/* Attributes. `names` are those it may go by, with "|" between them; where none is there, or it is
 * null, the answer is what goes without saying. golden_has_attribute() is FALSE for null, too. */
gboolean  golden_has_attribute  (GoldenRun *run, const char *names);
double    golden_get_number     (GoldenRun *run, const char *names, double standard);
gint64    golden_get_whole      (GoldenRun *run, const char *names, gint64 standard);
gboolean  golden_get_flag       (GoldenRun *run, const char *names, gboolean standard);
/* The place in `words` (NULL-terminated) of the attribute, in any case; 0 where it is not given. */
int       golden_get_choice     (GoldenRun *run, const char *names, const char *const *words);
/* A number or a list of them, at most `max`; -1 where it is not given. */
int       golden_get_list       (GoldenRun *run, const char *names, gint64 *list, int max);
/* Two numbers, or one for both; FALSE where it is not given. */
gboolean  golden_get_pair       (GoldenRun *run, const char *names, int pair[2]);
/* Marks an attribute that the caller has dealt with by itself. */
void      golden_know_attribute (GoldenRun *run, const char *name);
/* Fails unless the attribute is absent or the word (in any case), since nothing else is known. */
void      golden_expect_word    (GoldenRun *run, const char *names, const char *word);

/* Arrays. Those that are floating come in the run's dtype, others as they are. `names` as above. */
gboolean  golden_has_array      (GoldenRun *run, const char *names);
LwTensor *golden_get_constant   (GoldenRun *run, const char *names);
/* The same, watched where floating: its gradient is the output "g" and the name. */
LwTensor *golden_get_input      (GoldenRun *run, const char *names);

gboolean  golden_has_output     (GoldenRun *run, const char *name);
/* As the file has it. */
LwTensor *golden_get_output     (GoldenRun *run, const char *name);
void      golden_compare        (GoldenRun *run, const char *name, LwTensor *got);
/* With `want` in the output's place, e.g. one row of it. */
void      golden_compare_with   (GoldenRun *run, const char *name, LwTensor *got, LwTensor *want);
/* The gradients of target for every input watched, as far as the file has them. */
void      golden_compare_gradients (GoldenRun *run, LwTensor *target);
/* y, and where there is gy, the gradients of sum (y · gy). */
void      golden_compare_result (GoldenRun *run, LwTensor *y);
