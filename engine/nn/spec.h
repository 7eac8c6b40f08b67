#pragma once

#include <glib.h>

/* LwSpec: one configurable thing (a layer, an optimizer, a loss) as a value.
 *
 * A class lists its fields once, with Keras' keys, defaults and limits; a spec is a class and a value
 * for each field, immutable and refcounted. The JSON reader and writer, the card's editor, the
 * Keras script and the tests all walk the same list, so a new layer is one new class. */

G_BEGIN_DECLS

typedef enum {
  LW_FIELD_INT,    /* a whole number */
  LW_FIELD_PAIR,   /* two whole numbers, height then width; {0, 0} stands for None where optional */
  LW_FIELD_FLOAT,  /* a real number */
  LW_FIELD_BOOL,
  LW_FIELD_CHOICE, /* one of `choices`, kept as its index */
  LW_FIELD_LIST,   /* 1 to LW_FIELD_MAX_LIST numbers: a shape, boundaries; none stands for None where
                    * optional */
} LwFieldType;

#define LW_FIELD_MAX_LIST 8

typedef struct {
  int    n;
  double x[LW_FIELD_MAX_LIST]; /* entries from n on are 0 */
} LwFieldList;

typedef union {
  gint64      i;
  gint64      pair[2];
  double      x;
  gboolean    b;
  int         choice;
  LwFieldList list;
} LwFieldValue;

typedef struct {
  const char        *key;      /* Keras' name: "kernel_size" */
  const char        *label;    /* for people, translatable (N_): "Kernel" */
  LwFieldType        type;
  LwFieldValue       standard; /* what a new one has: Keras' default or a palette's */
  double             minimum, maximum; /* of a PAIR or LIST: of each number */
  gboolean           whole;    /* LIST: of whole numbers, which files write without a point */
  gboolean           optional; /* PAIR: {0, 0} means None; FLOAT: NaN; LIST: no numbers */
  gboolean           rare;     /* shown under "More" */
  const char *const *choices;  /* CHOICE: NULL-terminated, Keras' words */

  /* For files: a key that Keras insists on, and its default where ours differs (else NULL). */
  gboolean            required;
  const LwFieldValue *keras;

  /* For summaries, translatable (N_): "%s filters"; NULL is left out. `silent` is the value that
   * goes without saying (NULL: always told). */
  const char         *brief;
  const LwFieldValue *silent;
} LwField;

typedef enum {
  LW_SPEC_LAYER,
  LW_SPEC_OPTIMIZER,
  LW_SPEC_LOSS,
} LwSpecFamily;

typedef struct {
  LwSpecFamily   family;
  const char    *class_name; /* "Conv2D", "Adam" */
  const char    *snake_name; /* "conv2d": the stem of automatic names and weight groups */
  const char    *label;      /* for people, translatable: "Conv2D", "Sparse cross-entropy" */
  const char    *summary;    /* one sentence for the palette, translatable */
  const char    *group;      /* layers: the palette's group, translatable: "Convolution" */
  const LwField *fields;
  guint          n_fields;
} LwSpecClass;

typedef struct _LwSpec LwSpec;

/* A spec with every field at its default, named `name` (NULL: unnamed; a model names its layers). */
LwSpec            *lw_spec_new         (const LwSpecClass *klass, const char *name) G_GNUC_WARN_UNUSED_RESULT;
LwSpec            *lw_spec_ref         (LwSpec *spec);
void               lw_spec_unref       (LwSpec *spec);

const LwSpecClass *lw_spec_get_class   (const LwSpec *spec);
const char        *lw_spec_get_name    (const LwSpec *spec);
gboolean           lw_spec_is_a        (const LwSpec *spec, const char *class_name);
gboolean           lw_spec_equal       (const LwSpec *a, const LwSpec *b);

/* Values by Keras' key. A key the class has not, or of another type, is a programmer's mistake. */
gint64             lw_spec_get_int     (const LwSpec *spec, const char *key);
void               lw_spec_get_pair    (const LwSpec *spec, const char *key, gint64 pair[2]);
double             lw_spec_get_float   (const LwSpec *spec, const char *key);
gboolean           lw_spec_get_bool    (const LwSpec *spec, const char *key);
const char        *lw_spec_get_choice  (const LwSpec *spec, const char *key);
LwFieldList        lw_spec_get_list    (const LwSpec *spec, const char *key);

/* The field of that key, or NULL; its value. */
const LwField     *lw_spec_class_find  (const LwSpecClass *klass, const char *key, guint *index);
const LwFieldValue *lw_spec_get_value  (const LwSpec *spec, guint index);

/* A copy with one field (or the name) changed. A value outside the field's limits gives NULL and
 * LW_ERROR_VALUE: invalid values never reach a spec. */
LwSpec            *lw_spec_with_value  (const LwSpec *spec, const char *key, LwFieldValue value,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwSpec            *lw_spec_with_name   (const LwSpec *spec, const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* The same with GVariant values, for actions: INT x or i, PAIR (xx), FLOAT d, BOOL b, CHOICE s,
 * LIST ad. */
LwSpec            *lw_spec_with_variant (const LwSpec *spec, const char *key, GVariant *value,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
GVariant          *lw_spec_get_variant (const LwSpec *spec, const char *key);

/* A field's value as text: "32", "3×3", "0.5", "relu", "7, 7, 16", "None"; a bool as "true" or "false".
 * Numbers have the shortest form that reads back as the same. */
char              *lw_field_value_to_string (const LwField *field, const LwFieldValue *value) G_GNUC_WARN_UNUSED_RESULT;

/* "64 filters · 3×3 · relu": what tells this spec from others of its class, for a card's line; real
 * numbers with six digits. */
char              *lw_spec_to_summary  (const LwSpec *spec) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwSpec, lw_spec_unref)

G_END_DECLS
