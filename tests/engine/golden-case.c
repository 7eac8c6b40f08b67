#include "golden-case.h"

#include "engine/ops/ops.h"

#include <math.h>
#include <string.h>

void
golden_fail (GoldenRun *run, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list          arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_test_message ("%s in %s: %s", run->name, lw_dtype_get_name (run->dtype), message);
  g_test_fail_printf ("in %s, %s", lw_dtype_get_name (run->dtype), message);
}

static JsonNode *
get_node (JsonObject *object, const char *name)
{
  return object != NULL ? json_object_get_member (object, name) : NULL;
}

JsonObject *
golden_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = get_node (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
golden_get_array (JsonObject *object, const char *name)
{
  JsonNode *node = get_node (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static const char *
get_node_text (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

const char *
golden_get_text (JsonObject *object, const char *name)
{
  return get_node_text (get_node (object, name));
}

static gboolean
get_node_number (JsonNode *node, double *number)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  if (json_node_get_value_type (node) != G_TYPE_INT64
      && json_node_get_value_type (node) != G_TYPE_DOUBLE)
    return FALSE;
  *number = json_node_get_double (node);
  return TRUE;
}

/* Of the names with "|" between them the one that `object` has, allocated, or NULL. */
static char *
find_name (JsonObject *object, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, "|", -1);

  for (guint i = 0; list[i] != NULL; i++)
    if (object != NULL && json_object_has_member (object, list[i]))
      return g_strdup (list[i]);
  return NULL;
}

static void
know (GoldenRun *run, const char *kind, const char *name)
{
  g_hash_table_add (run->known, g_strconcat (kind, "/", name, NULL));
}

/* -- attributes -- */

/* NULL where it is not given, or null. */
static JsonNode *
get_attribute (GoldenRun *run, const char *names)
{
  g_autofree char *name = find_name (run->attrs, names);
  JsonNode        *node;

  if (name == NULL)
    return NULL;
  know (run, "attrs", name);
  node = json_object_get_member (run->attrs, name);
  return JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

static void
fail_attribute (GoldenRun *run, const char *names, JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);

  lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "%s = %s of %s is not known", names, text, run->op);
}

gboolean
golden_has_attribute (GoldenRun *run, const char *names)
{
  return get_attribute (run, names) != NULL;
}

void
golden_know_attribute (GoldenRun *run, const char *name)
{
  know (run, "attrs", name);
}

double
golden_get_number (GoldenRun *run, const char *names, double standard)
{
  JsonNode *node = get_attribute (run, names);
  double    number = standard;

  if (node != NULL && !get_node_number (node, &number))
    fail_attribute (run, names, node);
  return number;
}

gint64
golden_get_whole (GoldenRun *run, const char *names, gint64 standard)
{
  gint64 list[1];

  return golden_get_list (run, names, list, 1) == 1 ? list[0] : standard;
}

gboolean
golden_get_flag (GoldenRun *run, const char *names, gboolean standard)
{
  JsonNode *node = get_attribute (run, names);

  if (node == NULL)
    return standard;
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  fail_attribute (run, names, node);
  return standard;
}

int
golden_get_choice (GoldenRun *run, const char *names, const char *const *words)
{
  JsonNode   *node = get_attribute (run, names);
  const char *word = get_node_text (node);

  if (node == NULL)
    return 0;
  for (int i = 0; word != NULL && words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[i], word) == 0)
      return i;
  fail_attribute (run, names, node);
  return 0;
}

void
golden_expect_word (GoldenRun *run, const char *names, const char *word)
{
  const char *const words[] = { word, NULL };

  golden_get_choice (run, names, words);
}

int
golden_get_list (GoldenRun *run, const char *names, gint64 *list, int max)
{
  JsonNode  *node = get_attribute (run, names);
  JsonArray *array;
  double     number;
  int        n;

  if (node == NULL)
    return -1;
  array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  n = array != NULL ? (int) json_array_get_length (array) : 1;
  for (int i = 0; i < MIN (n, max); i++)
    {
      JsonNode *element = array != NULL ? json_array_get_element (array, (guint) i) : node;

      if (get_node_number (element, &number) && number == floor (number) && fabs (number) < 0x1p53)
        list[i] = (gint64) number;
      else
        n = G_MAXINT;
    }
  if (n <= max)
    return n;
  fail_attribute (run, names, node);
  return -1;
}

gboolean
golden_get_pair (GoldenRun *run, const char *names, int pair[2])
{
  gint64 list[2];
  int    n = golden_get_list (run, names, list, 2);

  if (n < 1)
    return FALSE;
  pair[0] = (int) CLAMP (list[0], G_MININT, G_MAXINT);
  pair[1] = (int) CLAMP (list[n - 1], G_MININT, G_MAXINT);
  return TRUE;
}

/* -- arrays -- */

static LwTensor *
read_array (GoldenRun *run, const char *name)
{
  GError   *error = NULL;
  LwTensor *x = lw_npz_read (run->npz, name, &error);

  return x != NULL ? lw_scope_take (run->s, x) : lw_scope_fail_with (run->s, error);
}

gboolean
golden_has_array (GoldenRun *run, const char *names)
{
  g_autofree char *name = find_name (golden_get_object (run->json, "inputs"), names);

  return name != NULL;
}

static LwTensor *
get_array (GoldenRun *run, const char *names, gboolean watch)
{
  g_autofree char *name = find_name (golden_get_object (run->json, "inputs"), names);
  LwTensor        *x;

  if (name == NULL)
    return lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "%s has no input %s", run->op, names);
  know (run, "inputs", name);
  x = read_array (run, name);
  if (!lw_dtype_is_floating (lw_tensor_get_dtype (x)))
    return x;
  x = lw_cast (run->s, x, run->dtype);
  if (watch)
    {
      lw_tape_watch (run->tape, x);
      g_ptr_array_add (run->watched, x);
      g_ptr_array_add (run->gradients, g_strconcat ("g", name, NULL));
    }
  return x;
}

LwTensor *
golden_get_constant (GoldenRun *run, const char *names)
{
  return get_array (run, names, FALSE);
}

LwTensor *
golden_get_input (GoldenRun *run, const char *names)
{
  return get_array (run, names, TRUE);
}

/* -- outputs -- */

gboolean
golden_has_output (GoldenRun *run, const char *name)
{
  JsonObject *outputs = golden_get_object (run->json, "outputs");

  return outputs != NULL && json_object_has_member (outputs, name);
}

LwTensor *
golden_get_output (GoldenRun *run, const char *name)
{
  return read_array (run, name);
}

void
golden_compare_with (GoldenRun *run, const char *name, LwTensor *got, LwTensor *want)
{
  JsonObject      *tolerance = golden_get_object (run->json, "tolerance");
  g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (got));
  g_autofree char *expected = lw_shape_to_string (lw_tensor_get_shape (want));
  double           rtol, atol;

  know (run, "outputs", name);
  if (lw_scope_has_failed (run->s))
    return;
  if (!get_node_number (get_node (tolerance, "rtol"), &rtol)
      || !get_node_number (get_node (tolerance, "atol"), &atol))
    {
      golden_fail (run, "there is no tolerance");
      return;
    }
  if (strcmp (have, expected) != 0)
    {
      golden_fail (run, "%s has shape %s, not %s", name, have, expected);
      return;
    }
  for (gsize i = 0; i < lw_tensor_get_count (want); i++)
    {
      const double a = lw_tensor_get_value (got, i), b = lw_tensor_get_value (want, i);

      if (!(fabs (a - b) <= atol + rtol * fabs (b)) && a != b && !(isnan (a) && isnan (b)))
        {
          golden_fail (run, "element %" G_GSIZE_FORMAT " of %s is %.9g, not %.9g", i, name, a, b);
          return;
        }
    }
}

void
golden_compare (GoldenRun *run, const char *name, LwTensor *got)
{
  golden_compare_with (run, name, got, golden_get_output (run, name));
}

void
golden_compare_gradients (GoldenRun *run, LwTensor *target)
{
  g_autofree LwTensor **grads = g_new0 (LwTensor *, run->watched->len + 1);
  g_autoptr (GError)    error = NULL;

  if (lw_scope_has_failed (run->s))
    return;
  if (!lw_tape_gradient (run->tape, run->s, target, run->watched->len,
                         (LwTensor *const *) run->watched->pdata, grads, &error))
    {
      golden_fail (run, "%s", error->message);
      return;
    }
  for (guint i = 0; i < run->watched->len; i++)
    if (golden_has_output (run, run->gradients->pdata[i]))
      {
        /* No path to the target: zero. */
        LwTensor *grad = grads[i] != NULL ? grads[i] : lw_zeros_like (run->s, run->watched->pdata[i]);

        golden_compare (run, run->gradients->pdata[i], grad);
      }
}

void
golden_compare_result (GoldenRun *run, LwTensor *y)
{
  golden_compare (run, "y", y);
  if (golden_has_array (run, "gy"))
    golden_compare_gradients (run, lw_multiply (run->s, y, golden_get_constant (run, "gy")));
}

/* -- from beginning to end -- */

gboolean
golden_run_begin (GoldenRun *run, const char *directory, JsonObject *json, LwDevice *device,
                  LwDType dtype)
{
  const char        *file = golden_get_text (json, "file");
  JsonObject        *outputs;
  g_autofree char   *path = NULL;
  g_autoptr (GError) error = NULL;

  *run = (GoldenRun) { .json = json, .dtype = dtype };
  run->name = golden_get_text (json, "case");
  run->op = golden_get_text (json, "op");
  run->attrs = golden_get_object (json, "attrs");
  outputs = golden_get_object (json, "outputs");
  if (file == NULL || run->op == NULL || run->attrs == NULL || golden_get_object (json, "inputs") == NULL
      || outputs == NULL || json_object_get_size (outputs) == 0)
    {
      golden_fail (run, "the index does not say the case's op, file, attrs, inputs and outputs");
      return FALSE;
    }
  path = g_build_filename (directory, file, NULL);
  run->npz = lw_npz_open (path, &error);
  if (run->npz == NULL)
    {
      golden_fail (run, "%s", error->message);
      return FALSE;
    }
  run->s = lw_scope_begin (device);
  run->tape = lw_tape_begin (run->s, FALSE);
  run->watched = g_ptr_array_new ();
  run->gradients = g_ptr_array_new_with_free_func (g_free);
  run->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return TRUE;
}

static void
check_known (GoldenRun *run, const char *kind, const char *complaint)
{
  JsonObject *object = golden_get_object (run->json, kind);
  g_autoptr (GList) names = object != NULL ? json_object_get_members (object) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    {
      g_autofree char *key = g_strconcat (kind, "/", (char *) l->data, NULL);

      if (!g_hash_table_contains (run->known, key))
        golden_fail (run, complaint, (char *) l->data, run->op);
    }
}

void
golden_run_finish (GoldenRun *run)
{
  g_autoptr (GError) error = NULL;

  if (lw_scope_has_failed (run->s))
    golden_fail (run, "%s", lw_scope_get_error (run->s)->message);
  else
    {
      check_known (run, "attrs", "the attribute %s of %s is not known");
      check_known (run, "inputs", "the input %s of %s is not known");
      check_known (run, "outputs", "nothing was compared with the output %s of %s");
    }
  lw_tape_free (run->tape);
  lw_scope_end (run->s, &error);
  lw_npz_close (run->npz);
  g_ptr_array_unref (run->watched);
  g_ptr_array_unref (run->gradients);
  g_hash_table_unref (run->known);
}
