#include "engine/nn/spec.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "engine/core/error.h"

struct _LwSpec {
  gatomicrefcount    ref_count;
  const LwSpecClass *klass;
  char              *name;
  LwFieldValue       values[];
};

static LwSpec *
spec_alloc (const LwSpecClass *klass, const char *name)
{
  LwSpec *spec = g_malloc0 (sizeof (LwSpec) + klass->n_fields * sizeof (LwFieldValue));

  g_atomic_ref_count_init (&spec->ref_count);
  spec->klass = klass;
  spec->name = g_strdup (name);
  return spec;
}

LwSpec *
lw_spec_new (const LwSpecClass *klass, const char *name)
{
  LwSpec *spec;

  g_return_val_if_fail (klass != NULL, NULL);

  spec = spec_alloc (klass, name);
  for (guint i = 0; i < klass->n_fields; i++)
    spec->values[i] = klass->fields[i].standard;
  return spec;
}

static LwSpec *
spec_copy (const LwSpec *spec, const char *name)
{
  LwSpec *copy = spec_alloc (spec->klass, name);

  memcpy (copy->values, spec->values, spec->klass->n_fields * sizeof (LwFieldValue));
  return copy;
}

LwSpec *
lw_spec_ref (LwSpec *spec)
{
  g_return_val_if_fail (spec != NULL, NULL);
  g_atomic_ref_count_inc (&spec->ref_count);
  return spec;
}

void
lw_spec_unref (LwSpec *spec)
{
  g_return_if_fail (spec != NULL);
  if (!g_atomic_ref_count_dec (&spec->ref_count))
    return;
  g_free (spec->name);
  g_free (spec);
}

const LwSpecClass *
lw_spec_get_class (const LwSpec *spec)
{
  return spec->klass;
}

const char *
lw_spec_get_name (const LwSpec *spec)
{
  return spec->name;
}

gboolean
lw_spec_is_a (const LwSpec *spec, const char *class_name)
{
  return strcmp (spec->klass->class_name, class_name) == 0;
}

static gboolean
value_equal (const LwField *field, const LwFieldValue *a, const LwFieldValue *b)
{
  switch (field->type)
    {
    case LW_FIELD_INT:
      return a->i == b->i;
    case LW_FIELD_PAIR:
      return a->pair[0] == b->pair[0] && a->pair[1] == b->pair[1];
    case LW_FIELD_FLOAT:
      return a->x == b->x || (isnan (a->x) && isnan (b->x));
    case LW_FIELD_BOOL:
      return !a->b == !b->b;
    case LW_FIELD_CHOICE:
      return a->choice == b->choice;
    case LW_FIELD_LIST:
      if (a->list.n != b->list.n)
        return FALSE;
      for (int i = 0; i < a->list.n; i++)
        if (a->list.x[i] != b->list.x[i])
          return FALSE;
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
lw_spec_equal (const LwSpec *a, const LwSpec *b)
{
  if (a == b)
    return TRUE;
  if (a->klass != b->klass || g_strcmp0 (a->name, b->name) != 0)
    return FALSE;
  for (guint i = 0; i < a->klass->n_fields; i++)
    if (!value_equal (&a->klass->fields[i], &a->values[i], &b->values[i]))
      return FALSE;
  return TRUE;
}

const LwField *
lw_spec_class_find (const LwSpecClass *klass, const char *key, guint *index)
{
  guint i = 0;

  /* Keys are literals, and linkers keep one of equal ones: the same key is nearly always the same pointer. */
  while (i < klass->n_fields && klass->fields[i].key != key)
    i++;
  if (i == klass->n_fields)
    for (i = 0; i < klass->n_fields && strcmp (klass->fields[i].key, key) != 0;)
      i++;
  if (i == klass->n_fields)
    return NULL;
  if (index != NULL)
    *index = i;
  return &klass->fields[i];
}

const LwFieldValue *
lw_spec_get_value (const LwSpec *spec, guint index)
{
  g_return_val_if_fail (index < spec->klass->n_fields, NULL);
  return &spec->values[index];
}

static const LwFieldValue *
get_typed (const LwSpec *spec, const char *key, LwFieldType type)
{
  guint          index;
  const LwField *field = lw_spec_class_find (spec->klass, key, &index);

  return field != NULL && field->type == type ? &spec->values[index] : NULL;
}

gint64
lw_spec_get_int (const LwSpec *spec, const char *key)
{
  const LwFieldValue *value = get_typed (spec, key, LW_FIELD_INT);

  g_return_val_if_fail (value != NULL, 0);
  return value->i;
}

void
lw_spec_get_pair (const LwSpec *spec, const char *key, gint64 pair[2])
{
  const LwFieldValue *value = get_typed (spec, key, LW_FIELD_PAIR);

  pair[0] = pair[1] = 0;
  g_return_if_fail (value != NULL);
  pair[0] = value->pair[0];
  pair[1] = value->pair[1];
}

double
lw_spec_get_float (const LwSpec *spec, const char *key)
{
  const LwFieldValue *value = get_typed (spec, key, LW_FIELD_FLOAT);

  g_return_val_if_fail (value != NULL, 0.0);
  return value->x;
}

gboolean
lw_spec_get_bool (const LwSpec *spec, const char *key)
{
  const LwFieldValue *value = get_typed (spec, key, LW_FIELD_BOOL);

  g_return_val_if_fail (value != NULL, FALSE);
  return value->b;
}

const char *
lw_spec_get_choice (const LwSpec *spec, const char *key)
{
  guint          index;
  const LwField *field = lw_spec_class_find (spec->klass, key, &index);

  g_return_val_if_fail (field != NULL && field->type == LW_FIELD_CHOICE, NULL);
  return field->choices[spec->values[index].choice];
}

LwFieldList
lw_spec_get_list (const LwSpec *spec, const char *key)
{
  const LwFieldValue *value = get_typed (spec, key, LW_FIELD_LIST);

  g_return_val_if_fail (value != NULL, (LwFieldList) { 0 });
  return value->list;
}

/* The shortest form that reads back as the same number; whole ones without an exponent. */
static void
append_number (GString *text, double x)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (x == floor (x) && fabs (x) < 1e15)
    {
      g_string_append_printf (text, "%.0f", x);
      return;
    }
  for (int digits = 1; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (buffer, sizeof buffer, format, x);
      if (g_ascii_strtod (buffer, NULL) == x)
        break;
    }
  g_string_append (text, buffer);
}

static char *
list_to_string (const LwFieldList *list)
{
  GString *text = g_string_new (NULL);

  for (int i = 0; i < MIN (list->n, LW_FIELD_MAX_LIST); i++)
    {
      g_string_append (text, i > 0 ? ", " : "");
      append_number (text, list->x[i]);
    }
  return g_string_free (text, FALSE);
}

char *
lw_field_value_to_string (const LwField *field, const LwFieldValue *value)
{
  GString *text;

  switch (field->type)
    {
    case LW_FIELD_INT:
      return g_strdup_printf ("%" G_GINT64_FORMAT, value->i);
    case LW_FIELD_PAIR:
      if (field->optional && value->pair[0] == 0 && value->pair[1] == 0)
        return g_strdup ("None");
      return g_strdup_printf ("%" G_GINT64_FORMAT "×%" G_GINT64_FORMAT, value->pair[0],
                              value->pair[1]);
    case LW_FIELD_FLOAT:
      if (isnan (value->x))
        return g_strdup ("None");
      text = g_string_new (NULL);
      append_number (text, value->x);
      return g_string_free (text, FALSE);
    case LW_FIELD_BOOL:
      return g_strdup (value->b ? "true" : "false");
    case LW_FIELD_CHOICE:
      return g_strdup (field->choices[value->choice]);
    case LW_FIELD_LIST:
      if (value->list.n == 0)
        return g_strdup ("None");
      return list_to_string (&value->list);
    default:
      g_return_val_if_reached (NULL);
    }
}

/* How many numbers, and whether each is one the field takes. */
static gboolean
list_is_valid (const LwField *field, const LwFieldList *list)
{
  if (list->n < (field->optional ? 0 : 1) || list->n > LW_FIELD_MAX_LIST)
    return FALSE;
  for (int i = 0; i < list->n; i++)
    if (!(list->x[i] >= field->minimum && list->x[i] <= field->maximum)
        || (field->whole && list->x[i] != floor (list->x[i])))
      return FALSE;
  return TRUE;
}

/* Whether a value keeps to its field's type and limits; `given` is what a message calls it. */
static gboolean
value_is_valid (const LwField *field, const LwFieldValue *value, char **given)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  switch (field->type)
    {
    case LW_FIELD_INT:
      *given = g_strdup_printf ("%" G_GINT64_FORMAT, value->i);
      return (double) value->i >= field->minimum && (double) value->i <= field->maximum;
    case LW_FIELD_PAIR:
      *given = g_strdup_printf ("%" G_GINT64_FORMAT "×%" G_GINT64_FORMAT, value->pair[0],
                                value->pair[1]);
      if (field->optional && value->pair[0] == 0 && value->pair[1] == 0)
        return TRUE;
      for (int i = 0; i < 2; i++)
        if ((double) value->pair[i] < field->minimum || (double) value->pair[i] > field->maximum)
          return FALSE;
      return TRUE;
    case LW_FIELD_FLOAT:
      *given = g_strdup (g_ascii_formatd (buffer, sizeof buffer, "%.6g", value->x));
      if (isnan (value->x))
        return field->optional;
      return value->x >= field->minimum && value->x <= field->maximum;
    case LW_FIELD_CHOICE:
      *given = g_strdup_printf ("%d", value->choice);
      return value->choice >= 0 && (guint) value->choice < g_strv_length ((char **) field->choices);
    case LW_FIELD_LIST:
      *given = value->list.n == 0 ? g_strdup (_("empty")) : list_to_string (&value->list);
      return list_is_valid (field, &value->list);
    case LW_FIELD_BOOL:
    default:
      *given = NULL;
      return TRUE;
    }
}

static const char *
spec_title (const LwSpec *spec)
{
  return spec->name != NULL ? spec->name : spec->klass->class_name;
}

LwSpec *
lw_spec_with_value (const LwSpec *spec, const char *key, LwFieldValue value, GError **error)
{
  guint            index;
  const LwField   *field = lw_spec_class_find (spec->klass, key, &index);
  g_autofree char *given = NULL;
  LwSpec          *copy;

  g_return_val_if_fail (field != NULL, NULL);

  if (!value_is_valid (field, &value, &given))
    {
      if (field->type == LW_FIELD_CHOICE)
        {
          g_autofree char *choices = g_strjoinv (", ", (char **) field->choices);

          g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                       _("The %s of %s cannot be choice number %s; choose one of %s."), key,
                       spec_title (spec), given, choices);
        }
      else
        {
          char minimum[G_ASCII_DTOSTR_BUF_SIZE];
          char maximum[G_ASCII_DTOSTR_BUF_SIZE];

          g_ascii_formatd (minimum, sizeof minimum, "%.10g", field->minimum);
          g_ascii_formatd (maximum, sizeof maximum, "%.10g", field->maximum);
          if (field->type == LW_FIELD_LIST)
            g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                         field->whole ? _("The %s of %s cannot be %s; give at most %d whole numbers "
                                          "from %s to %s, parted by commas.")
                                      : _("The %s of %s cannot be %s; give at most %d numbers from "
                                          "%s to %s, parted by commas."),
                         key, spec_title (spec), given, LW_FIELD_MAX_LIST, minimum, maximum);
          else
            g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                         _("The %s of %s cannot be %s; choose a value from %s to %s."), key,
                         spec_title (spec), given, minimum, maximum);
        }
      return NULL;
    }

  if (field->type == LW_FIELD_LIST)
    for (int i = value.list.n; i < LW_FIELD_MAX_LIST; i++)
      value.list.x[i] = 0;
  copy = spec_copy (spec, spec->name);
  copy->values[index] = value;
  return copy;
}

LwSpec *
lw_spec_with_name (const LwSpec *spec, const char *name)
{
  return spec_copy (spec, name);
}

static const char *
variant_type_of (LwFieldType type)
{
  switch (type)
    {
    case LW_FIELD_INT:
      return "x";
    case LW_FIELD_PAIR:
      return "(xx)";
    case LW_FIELD_FLOAT:
      return "d";
    case LW_FIELD_BOOL:
      return "b";
    case LW_FIELD_LIST:
      return "ad";
    case LW_FIELD_CHOICE:
    default:
      return "s";
    }
}

LwSpec *
lw_spec_with_variant (const LwSpec *spec, const char *key, GVariant *variant, GError **error)
{
  const LwField *field = lw_spec_class_find (spec->klass, key, NULL);
  LwFieldValue   value = { 0 };

  g_return_val_if_fail (variant != NULL, NULL);

  if (field == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE, _("%s has no option %s."), spec_title (spec),
                   key);
      return NULL;
    }

  if (field->type == LW_FIELD_INT && g_variant_is_of_type (variant, G_VARIANT_TYPE_INT32))
    {
      value.i = g_variant_get_int32 (variant);
      return lw_spec_with_value (spec, key, value, error);
    }
  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (variant_type_of (field->type))))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                   _("The %s of %s was given as a value of type %s; it takes type %s."), key,
                   spec_title (spec), g_variant_get_type_string (variant),
                   variant_type_of (field->type));
      return NULL;
    }

  switch (field->type)
    {
    case LW_FIELD_INT:
      value.i = g_variant_get_int64 (variant);
      break;
    case LW_FIELD_PAIR:
      g_variant_get (variant, "(xx)", &value.pair[0], &value.pair[1]);
      break;
    case LW_FIELD_FLOAT:
      value.x = g_variant_get_double (variant);
      break;
    case LW_FIELD_BOOL:
      value.b = g_variant_get_boolean (variant);
      break;
    case LW_FIELD_LIST:
      {
        gsize         n;
        const double *numbers = g_variant_get_fixed_array (variant, &n, sizeof (double));

        /* One too many is refused below, with a sentence. */
        value.list.n = (int) MIN (n, LW_FIELD_MAX_LIST + 1);
        for (int i = 0; i < MIN (value.list.n, LW_FIELD_MAX_LIST); i++)
          value.list.x[i] = numbers[i];
        break;
      }
    case LW_FIELD_CHOICE:
    default:
      {
        const char *word = g_variant_get_string (variant, NULL);

        while (field->choices[value.choice] != NULL
               && strcmp (field->choices[value.choice], word) != 0)
          value.choice++;
        if (field->choices[value.choice] == NULL)
          {
            g_autofree char *choices = g_strjoinv (", ", (char **) field->choices);

            g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                         _("The %s of %s cannot be “%s”; choose one of %s."), key,
                         spec_title (spec), word, choices);
            return NULL;
          }
        break;
      }
    }
  return lw_spec_with_value (spec, key, value, error);
}

GVariant *
lw_spec_get_variant (const LwSpec *spec, const char *key)
{
  guint               index;
  const LwField      *field = lw_spec_class_find (spec->klass, key, &index);
  const LwFieldValue *value;

  g_return_val_if_fail (field != NULL, NULL);

  value = &spec->values[index];
  switch (field->type)
    {
    case LW_FIELD_INT:
      return g_variant_new_int64 (value->i);
    case LW_FIELD_PAIR:
      return g_variant_new ("(xx)", value->pair[0], value->pair[1]);
    case LW_FIELD_FLOAT:
      return g_variant_new_double (value->x);
    case LW_FIELD_BOOL:
      return g_variant_new_boolean (value->b);
    case LW_FIELD_LIST:
      return g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, value->list.x, (gsize) value->list.n,
                                        sizeof (double));
    case LW_FIELD_CHOICE:
    default:
      return g_variant_new_string (field->choices[value->choice]);
    }
}

/* Six digits are enough for a line that tells one layer from another: 1/255 has seventeen. */
static double
get_brief (double x)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return isnan (x) ? x : g_ascii_strtod (g_ascii_formatd (text, sizeof text, "%.6g", x), NULL);
}

char *
lw_spec_to_summary (const LwSpec *spec)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < spec->klass->n_fields; i++)
    {
      const LwField   *field = &spec->klass->fields[i];
      LwFieldValue     shown = spec->values[i];
      g_autofree char *value = NULL;
      g_auto (GStrv)   parts = NULL;

      if (field->brief == NULL
          || (field->silent != NULL && value_equal (field, field->silent, &spec->values[i])))
        continue;

      if (field->type == LW_FIELD_FLOAT)
        shown.x = get_brief (shown.x);
      value = lw_field_value_to_string (field, &shown);
      parts = g_strsplit (_(field->brief), "%s", 2);
      if (text->len > 0)
        g_string_append (text, " · ");
      g_string_append (text, parts[0]);
      if (parts[0] != NULL && parts[1] != NULL)
        g_string_append_printf (text, "%s%s", value, parts[1]);
    }
  return g_string_free (text, FALSE);
}
