#include "golden-runners.h"

#include <string.h>

/* The engine against Keras: every case of tests/golden/vectors/index.json (or of the folder that
 * LW_GOLDEN_DIR names), each a test of its own, in float32 and in float64. A case, an attribute or an
 * input that is not known here fails, as does an output that was not compared, or a folder or file
 * that cannot be read. */

typedef struct {
  const char *directory;
  JsonObject *json; /* the case's entry in the index */
  LwDevice   *device;
} Case;

static void
run_case (const Case *test, LwDType dtype)
{
  GoldenRun  run;
  GoldenFunc func;

  if (!golden_run_begin (&run, test->directory, test->json, test->device, dtype))
    return;
  func = golden_find_runner (run.op);
  if (func != NULL)
    func (&run);
  else
    lw_scope_fail (run.s, LW_ERROR_UNSUPPORTED, "the op %s is not known", run.op);
  golden_run_finish (&run);
}

static void
test_case (gconstpointer data)
{
  run_case (data, LW_FLOAT32);
  run_case (data, LW_FLOAT64);
}

static void
test_unreadable (gconstpointer message)
{
  g_test_message ("%s", (const char *) message);
  g_test_fail_printf ("%s", (const char *) message);
}

/* A name that is one part of a test's path, and is not yet taken. */
static char *
make_path (GHashTable *paths, const char *name, guint number)
{
  g_autofree char *part = name != NULL && *name != '\0' ? g_strdup (name)
                                                        : g_strdup_printf ("case-%u", number);
  char            *path;

  path = g_strconcat ("/golden/", g_strdelimit (part, "/# ", '-'), NULL);
  for (guint i = 2; g_hash_table_contains (paths, path); i++)
    {
      g_free (path);
      path = g_strdup_printf ("/golden/%s-%u", part, i);
    }
  g_hash_table_add (paths, g_strdup (path));
  return path;
}

/* NULL, or what is wrong with the index. */
static char *
add_cases (JsonParser *parser, const char *directory, LwDevice *device)
{
  g_autofree char        *index = g_build_filename (directory, "index.json", NULL);
  g_autoptr (GHashTable)  paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError)      error = NULL;
  JsonNode               *root;
  JsonArray              *cases;

  if (!json_parser_load_from_file (parser, index, &error))
    return g_strdup_printf ("%s cannot be read: %s", index, error->message);
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_ARRAY (root)
      || json_array_get_length (json_node_get_array (root)) == 0)
    return g_strdup_printf ("%s is not a list of cases", index);

  cases = json_node_get_array (root);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      JsonNode        *node = json_array_get_element (cases, i);
      Case            *test;
      g_autofree char *path = NULL;

      if (!JSON_NODE_HOLDS_OBJECT (node))
        return g_strdup_printf ("entry %u of %s is not a case", i + 1, index);
      test = g_new (Case, 1);
      *test = (Case) { directory, json_node_get_object (node), device };
      path = make_path (paths, golden_get_text (test->json, "case"), i + 1);
      g_test_add_data_func_full (path, test, test_case, g_free);
    }
  return NULL;
}

int
main (int argc, char *argv[])
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char       *directory = NULL, *problem = NULL;
  g_autoptr (GError)     error = NULL;
  g_autoptr (LwDevice)   device = NULL;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions (); /* a failed case does not keep the others from running */
  directory = g_strdup (g_getenv ("LW_GOLDEN_DIR"));
  if (directory == NULL || *directory == '\0')
    {
      g_free (directory);
      directory = g_test_build_filename (G_TEST_DIST, "golden", "vectors", NULL);
    }
  device = lw_device_new (2, 0, &error);
  problem = device != NULL ? add_cases (parser, directory, device) : g_strdup (error->message);
  if (problem != NULL)
    g_test_add_data_func ("/golden/index", problem, test_unreadable);
  return g_test_run ();
}
