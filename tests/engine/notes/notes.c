#include "notes.h"

#include "engine/nn/layer_class.h"

#include <glib/gstdio.h>
#include <string.h>

static NotesFunc  part;
static char      *folder;

static void
run_part (void)
{
  g_autoptr (LwDevice) device = NULL;
  LwScope             *s;
  GError              *error = NULL;

  device = lw_device_new (0, 0, &error);
  notes_check (error);
  s = lw_scope_begin (device);
  part (s);
  lw_scope_end (s, &error);
  notes_check (error);
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char      *name;

  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = notes_path (name);

      g_remove (path);
    }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

int
notes_run (int argc, char *argv[], const char *name, NotesFunc func)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  part = func;
  g_test_add_func (name, run_part);
  status = g_test_run ();
  remove_folder ();
  return status;
}

void
notes_check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

void
notes_print (LwTensor *x)
{
  g_autofree char *text = lw_tensor_to_string (x);
  g_auto (GStrv)   lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_test_message ("%s", lines[i]);
}

void
notes_print_expect (LwTensor *x, const char *expected)
{
  g_autofree char *text = lw_tensor_to_string (x);

  notes_print (x);
  g_assert_cmpstr (text, ==, expected);
}

/* -- Keras' words -- */

/* "3,3", "3x3" or "3". */
static LwFieldValue
parse_value (const LwField *field, const char *text)
{
  LwFieldValue value = { 0 };
  char        *end;

  switch (field->type)
    {
    case LW_FIELD_INT: value.i = g_ascii_strtoll (text, NULL, 10); break;
    case LW_FIELD_FLOAT: value.x = g_ascii_strtod (text, NULL); break;
    case LW_FIELD_BOOL: value.b = g_str_equal (text, "true"); break;
    case LW_FIELD_PAIR:
      value.pair[0] = g_ascii_strtoll (text, &end, 10);
      value.pair[1] = *end != '\0' ? g_ascii_strtoll (end + 1, NULL, 10) : value.pair[0];
      break;
    case LW_FIELD_CHOICE:
      while (!g_str_equal (field->choices[value.choice], text))
        g_assert_nonnull (field->choices[++value.choice]);
      break;
    default: g_error ("%s cannot be written as a word", field->key);
    }
  return value;
}

static LwSpec *
parse_words (const LwSpecClass *klass, char **words)
{
  LwSpec *spec = lw_spec_new (klass, NULL);

  for (; *words != NULL; words++)
    {
      g_auto (GStrv) pair = g_strsplit (*words, "=", 2);
      const LwField *field = lw_spec_class_find (klass, pair[0], NULL);
      GError        *error = NULL;
      LwSpec        *next;

      g_assert_nonnull (field);
      next = lw_spec_with_value (spec, pair[0], parse_value (field, pair[1]), &error);
      notes_check (error);
      lw_spec_unref (spec);
      spec = next;
    }
  return spec;
}

LwSpec *
notes_layer (const char *words)
{
  g_auto (GStrv)      split = g_strsplit (words, " ", -1);
  const LwLayerClass *klass = lw_layer_class_find (split[0]);

  g_assert_nonnull (klass);
  return parse_words (&klass->spec, split + 1);
}

LwSequential *
notes_sequential (LwShape input_shape, ...)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new ("sequential", &input_shape);
  LwSequential           *sequential;
  GError                 *error = NULL;
  const char             *words;
  va_list                 layers;

  va_start (layers, input_shape);
  while ((words = va_arg (layers, const char *)) != NULL)
    {
      g_autoptr (LwSpec) layer = notes_layer (words);
      LwModelSpec       *longer;

      longer = lw_model_spec_with_inserted (model, lw_model_spec_get_n_layers (model), layer);
      lw_model_spec_unref (model);
      model = longer;
    }
  va_end (layers);
  sequential = lw_sequential_new (model, 1, &error);
  notes_check (error);
  return sequential;
}

LwOptimizer *
notes_optimizer (const char *words, guint n, LwVariable *const *variables)
{
  g_auto (GStrv)     split = g_strsplit (words, " ", -1);
  g_autoptr (LwSpec) spec = parse_words (lw_optimizer_class_find (split[0]), split + 1);
  LwOptimizer       *optimizer;
  GError            *error = NULL;

  optimizer = lw_optimizer_new (spec, n, variables, &error);
  notes_check (error);
  return optimizer;
}

char *
notes_path (const char *name)
{
  if (folder == NULL)
    folder = g_dir_make_tmp ("layerwise-notes-XXXXXX", NULL);
  g_assert_nonnull (folder);
  return g_build_filename (folder, name, NULL);
}
