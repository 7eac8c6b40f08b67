#include "file-tools.h"
#include "gradient-check.h"

#include "engine/data/npz.h"
#include "engine/io/checkpoint.h"
#include "engine/io/weights.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Saving and restoring: a network's weights by themselves, named objects together, and a model written by
 * hand that is trained, saved, and trained on. */

/* -- objects to save -- */

typedef struct {
  LwSequential *model;
  LwOptimizer  *optimizer;
  LwVariable   *step;
} Objects;

static LwVariable *
new_step (gint64 value)
{
  g_autoptr (LwTensor) x = lw_tensor_new_from_data (NULL, LW_INT64, &LW_SCALAR, &value, NULL);

  return lw_variable_new (x, FALSE, "step");
}

static LwSpec *
new_optimizer_spec (const char *class_name, double rate)
{
  g_autoptr (LwSpec) spec = lw_spec_new (lw_optimizer_class_find (class_name), NULL);
  LwSpec            *with_rate = lw_spec_with_value (spec, "learning_rate", (LwFieldValue) { .x = rate }, NULL);

  g_assert_nonnull (with_rate);
  return with_rate;
}

static void
objects_init (Objects *objects, const char *preset, guint64 seed)
{
  g_autoptr (LwModelSpec) spec = lw_model_spec_new_preset (preset);
  g_autoptr (LwSpec)      adam = new_optimizer_spec ("Adam", 0.01);
  LwVariable *const      *variables;
  GError                 *error = NULL;
  guint                   n;

  objects->model = lw_sequential_new (spec, seed, &error);
  g_assert_no_error (error);
  variables = lw_sequential_get_trainable_variables (objects->model, &n);
  objects->optimizer = lw_optimizer_new (adam, n, variables, &error);
  g_assert_no_error (error);
  objects->step = new_step (0);
}

static void
objects_clear (Objects *objects)
{
  lw_optimizer_free (objects->optimizer);
  lw_sequential_free (objects->model);
  lw_variable_unref (objects->step);
}

/* One step on made-up images, the same in every call but for what the objects hold. */
static void
train_step (Objects *objects)
{
  LwScope           *s = lw_scope_begin (check_device ());
  LwTape            *tape = lw_tape_begin (s, FALSE);
  LwTensor          *images = lw_fill (s, LW_FLOAT32, &LW_SHAPE (4, 28, 28, 1), 0.25), *loss;
  LwTensor          *labels = lw_fill (s, LW_INT32, &LW_SHAPE (4), 3), *grads[16];
  LwVariable *const *variables;
  GError            *error = NULL;
  guint              n;

  variables = lw_sequential_get_trainable_variables (objects->model, &n);
  loss = lw_sparse_categorical_crossentropy (s, labels,
                                             lw_sequential_call (objects->model, s, images, TRUE), TRUE);
  lw_tape_gradient_of_variables (tape, s, loss, n, variables, grads, &error);
  g_assert_no_error (error);
  lw_optimizer_apply_gradients (objects->optimizer, s, n, grads, &error);
  g_assert_no_error (error);
  lw_variable_assign_add (objects->step, s, lw_constant_scalar (s, LW_INT64, 1), &error);
  g_assert_no_error (error);
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
}

static LwCheckpoint *
new_checkpoint (Objects *objects)
{
  LwCheckpoint *checkpoint = lw_checkpoint_new ("training");

  lw_checkpoint_add_model (checkpoint, "model", objects->model);
  lw_checkpoint_add_optimizer (checkpoint, "optimizer", objects->optimizer);
  lw_checkpoint_add_variable (checkpoint, "step", objects->step);
  return checkpoint;
}

/* Everything the objects hold, as the bytes of a file. */
static GBytes *
contents (Objects *objects)
{
  g_autoptr (LwCheckpoint) checkpoint = new_checkpoint (objects);
  g_autofree char         *path = test_path ("contents.npz");
  GError                  *error = NULL;

  lw_checkpoint_save (checkpoint, path, &error);
  g_assert_no_error (error);
  return test_read (path);
}

static void
assert_contents (Objects *objects, GBytes *expected)
{
  g_autoptr (GBytes) now = contents (objects);

  g_assert_true (g_bytes_equal (now, expected));
}

static void
save (Objects *objects, const char *path)
{
  g_autoptr (LwCheckpoint) checkpoint = new_checkpoint (objects);
  GError                  *error = NULL;

  lw_checkpoint_save (checkpoint, path, &error);
  g_assert_no_error (error);
}

/* -- weights alone -- */

static void
test_weights (void)
{
  g_autofree char   *path = test_path ("weights.weights.h5");
  g_autoptr (LwTensor) kept = NULL;
  Objects            a, b;
  LwVariable *const *from, *const *to;
  GError            *error = NULL;
  guint              n, n_to;

  objects_init (&a, "tiny-cnn", 1);
  objects_init (&b, "tiny-cnn", 2);
  from = lw_sequential_get_variables (a.model, &n);
  to = lw_sequential_get_variables (b.model, &n_to);
  g_assert_cmpuint (n, ==, n_to);
  kept = lw_tensor_ref (lw_variable_get_value (to[0]));
  g_assert_false (lw_tensor_equal (lw_variable_get_value (from[0]), kept));

  lw_save_weights (a.model, path, &error);
  g_assert_no_error (error);
  lw_load_weights (b.model, path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    g_assert_true (lw_tensor_equal (lw_variable_get_value (from[i]), lw_variable_get_value (to[i])));
  g_assert_false (lw_tensor_equal (lw_variable_get_value (to[0]), kept)); /* the old value, still there */
  objects_clear (&a);
  objects_clear (&b);
}

/* Another model's weights: the sentence names the layer and both shapes, and nothing changes. */
static void
test_weights_of_another (void)
{
  g_autofree char        *path = test_path ("mlp.weights.h5");
  g_autoptr (LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  const LwSpec           *dense = lw_model_spec_get_layer (mlp, 1);
  g_autoptr (LwSpec)      wider = lw_spec_with_value (dense, "units", (LwFieldValue) { .i = 32 }, NULL);
  g_autoptr (LwModelSpec) other = lw_model_spec_with_replaced (mlp, 1, wider);
  GError                 *error = NULL;
  g_autoptr (LwSequential) built = lw_sequential_new (other, 1, &error);
  g_autoptr (GBytes)      before = NULL;
  Objects                 a;

  g_assert_no_error (error);
  lw_save_weights (built, path, &error);
  g_assert_no_error (error);
  objects_init (&a, "mlp", 1);
  before = contents (&a);
  g_assert_false (lw_load_weights (a.model, path, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  test_check_error (error, lw_spec_get_name (dense));
  g_assert_nonnull (strstr (error->message, "784×64"));
  g_assert_nonnull (strstr (error->message, "784×32"));
  g_clear_error (&error);
  assert_contents (&a, before);
  objects_clear (&a);
}

static void
test_weights_damaged (void)
{
  g_autofree char   *path = test_path ("cut.weights.h5");
  g_autoptr (GBytes) file = NULL, before = NULL;
  GError            *error = NULL;
  Objects            a;

  objects_init (&a, "tiny-cnn", 1);
  before = contents (&a);
  lw_save_weights (a.model, path, &error);
  g_assert_no_error (error);
  file = test_read (path);
  for (int i = 1; i < 4; i++)
    {
      test_write (path, g_bytes_get_data (file, NULL), g_bytes_get_size (file) * (gsize) i / 4);
      g_assert_false (lw_load_weights (a.model, path, &error));
      test_check_error (error, "cut.weights.h5");
      g_clear_error (&error);
    }
  g_remove (path);
  g_assert_false (lw_load_weights (a.model, path, &error));
  test_check_error (error, "cut.weights.h5");
  g_clear_error (&error);
  assert_contents (&a, before);
  g_assert_false (lw_save_weights (a.model, "/nowhere/at/all.weights.h5", &error));
  test_check_error (error, NULL);
  g_clear_error (&error);
  objects_clear (&a);
}

/* -- checkpoints -- */

/* Two steps, saved, restored into objects built from another seed, two more: the very weights, slots and
 * dropout masks of four steps without a stop. */
static void
test_goes_on (void)
{
  g_autofree char          *path = test_path ("training.npz");
  g_autoptr (GBytes)        expected = NULL;
  g_autoptr (LwCheckpoint)  checkpoint = NULL;
  g_autoptr (LwCheckpointStatus) status = NULL;
  Objects                   whole, first, second;
  GError                   *error = NULL;

  objects_init (&whole, "convnet", 1);
  objects_init (&first, "convnet", 1);
  objects_init (&second, "convnet", 99);
  for (int i = 0; i < 4; i++)
    train_step (&whole);
  for (int i = 0; i < 2; i++)
    train_step (&first);
  save (&first, path);

  checkpoint = new_checkpoint (&second);
  status = lw_checkpoint_restore (checkpoint, path, &error);
  g_assert_no_error (error);
  g_assert_true (lw_checkpoint_assert_consumed (status, &error));
  g_assert_cmpuint (g_strv_length (status->missing) + g_strv_length (status->unused), ==, 0);
  g_assert_true (g_strv_contains ((const char *const *) status->matched, "model/conv2d/kernel"));
  g_assert_true (g_strv_contains ((const char *const *) status->matched, "model/dropout/generator"));
  g_assert_true (g_strv_contains ((const char *const *) status->matched, "optimizer/iterations"));
  g_assert_true (g_strv_contains ((const char *const *) status->matched, "step"));
  g_assert_cmpint (lw_optimizer_get_iterations (second.optimizer), ==, 2);
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (second.step), 0), ==, 2);

  for (int i = 0; i < 2; i++)
    train_step (&second);
  expected = contents (&whole);
  assert_contents (&second, expected);
  objects_clear (&whole);
  objects_clear (&first);
  objects_clear (&second);
}

/* By name: what the two sides share is restored, the rest is reported, and assert_consumed says so. */
static void
test_by_name (void)
{
  g_autofree char         *path = test_path ("by-name.npz");
  g_autoptr (LwCheckpoint) saved = lw_checkpoint_new (NULL), wanted = lw_checkpoint_new (NULL);
  g_autoptr (LwCheckpointStatus) status = NULL;
  LwVariable              *step = new_step (7), *other = new_step (8), *extra = new_step (9);
  GError                  *error = NULL;

  lw_checkpoint_add_variable (saved, "step", step);
  lw_checkpoint_add_variable (saved, "best", other);
  lw_checkpoint_save (saved, path, &error);
  g_assert_no_error (error);

  lw_variable_unref (step);
  step = new_step (0);
  lw_checkpoint_add_variable (wanted, "epoch", extra);
  lw_checkpoint_add_variable (wanted, "step", step);
  status = lw_checkpoint_restore (wanted, path, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (step), 0), ==, 7);
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (extra), 0), ==, 9);
  g_assert_cmpstr (status->matched[0], ==, "step");
  g_assert_null (status->matched[1]);
  g_assert_cmpstr (status->missing[0], ==, "epoch");
  g_assert_null (status->missing[1]);
  g_assert_cmpstr (status->unused[0], ==, "best");
  g_assert_null (status->unused[1]);
  g_assert_false (lw_checkpoint_assert_consumed (status, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_STATE);
  test_check_error (error, "epoch");
  g_assert_nonnull (strstr (error->message, "best"));
  g_clear_error (&error);
  lw_variable_unref (step);
  lw_variable_unref (other);
  lw_variable_unref (extra);
}

/* Variables of every dtype, named, nameless, and of one name twice; NumPy's names for them. */
static void
test_variable_list (void)
{
  g_autofree char         *path = test_path ("list.npz");
  g_autoptr (LwCheckpoint) checkpoint = lw_checkpoint_new (NULL);
  g_autoptr (LwCheckpointStatus) status = NULL;
  g_autoptr (LwNpz)        npz = NULL;
  LwScope                 *s = lw_scope_begin (check_device ());
  LwVariable              *variables[LW_N_DTYPES];
  GError                  *error = NULL;

  for (LwDType dtype = 0; dtype < LW_N_DTYPES; dtype++)
    {
      LwTensor *x = lw_fill (s, dtype, &LW_SHAPE (2, 3), 1);

      variables[dtype] = lw_variable_new (x, FALSE, dtype == LW_INT32 ? NULL
                                                    : dtype == LW_INT64 ? "float32"
                                                                        : lw_dtype_get_name (dtype));
    }
  lw_checkpoint_add_variables (checkpoint, "all", LW_N_DTYPES, variables);
  lw_checkpoint_save (checkpoint, path, &error);
  g_assert_no_error (error);
  npz = lw_npz_open (path, &error);
  g_assert_no_error (error);
  {
    const char *const *names = lw_npz_get_names (npz);

    g_assert_cmpstr (names[LW_FLOAT32], ==, "all/float32");
    g_assert_cmpstr (names[LW_INT32], ==, "all/2"); /* has no name */
    g_assert_cmpstr (names[LW_INT64], ==, "all/3"); /* one that is taken */
  }
  for (LwDType dtype = 0; dtype < LW_N_DTYPES; dtype++)
    g_assert_true (lw_variable_assign (variables[dtype], lw_fill (s, dtype, &LW_SHAPE (2, 3), 0), NULL));
  status = lw_checkpoint_restore (checkpoint, path, &error);
  g_assert_no_error (error);
  g_assert_true (lw_checkpoint_assert_consumed (status, NULL));
  for (LwDType dtype = 0; dtype < LW_N_DTYPES; dtype++)
    {
      g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (variables[dtype]), 5), ==, 1);
      lw_variable_unref (variables[dtype]);
    }
  lw_scope_end (s, &error);
  g_assert_no_error (error);
}

/* Names that are numbers, and places without a name, do not get in each other's way. */
static void
test_numbered_names (void)
{
  static const char *const names[] = { "1", NULL, "1", "1_" };
  g_autofree char         *path = test_path ("numbers.npz");
  g_autoptr (LwCheckpoint) checkpoint = lw_checkpoint_new (NULL);
  g_autoptr (LwCheckpointStatus) status = NULL;
  LwScope                 *s = lw_scope_begin (check_device ());
  LwVariable              *variables[G_N_ELEMENTS (names)];
  GError                  *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    variables[i] = lw_variable_new (lw_constant_scalar (s, LW_FLOAT32, (double) i), FALSE, names[i]);
  lw_checkpoint_add_variables (checkpoint, "all", G_N_ELEMENTS (names), variables);
  lw_checkpoint_save (checkpoint, path, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_true (lw_variable_assign (variables[i], lw_constant_scalar (s, LW_FLOAT32, 9), NULL));
  status = lw_checkpoint_restore (checkpoint, path, &error);
  g_assert_no_error (error);
  g_assert_true (lw_checkpoint_assert_consumed (status, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (variables[i]), 0), ==, (double) i);
      lw_variable_unref (variables[i]);
    }
  lw_scope_end (s, &error);
  g_assert_no_error (error);
}

/* An array that does not fit, behind others that do: both shapes are told, and nothing is restored. */
static void
test_misfits (void)
{
  g_autofree char         *path = test_path ("misfit.npz");
  g_autoptr (LwCheckpoint) checkpoint = lw_checkpoint_new (NULL);
  LwScope                 *s = lw_scope_begin (check_device ());
  LwVariable              *first = new_step (1), *second = new_step (2);
  LwTensor                *fits = lw_constant_scalar (s, LW_INT64, 5);
  const char              *names[] = { "first", "second" };
  LwTensor                *wrong[] = { lw_fill (s, LW_INT64, &LW_SHAPE (2, 3), 0),
                                       lw_constant_scalar (s, LW_FLOAT32, 0) };
  const char              *parts[] = { "2×3", "float32" };

  lw_checkpoint_add_variable (checkpoint, "first", first);
  lw_checkpoint_add_variable (checkpoint, "second", second);
  for (int i = 0; i < 2; i++)
    {
      LwTensor *arrays[] = { fits, wrong[i] };
      GError   *error = NULL;

      lw_npz_write (path, 2, names, arrays, &error);
      g_assert_no_error (error);
      g_assert_null (lw_checkpoint_restore (checkpoint, path, &error));
      g_assert_error (error, LW_ERROR, (i == 0 ? LW_ERROR_SHAPE : LW_ERROR_DTYPE));
      test_check_error (error, parts[i]);
      g_assert_nonnull (strstr (error->message, i == 0 ? "scalar" : "int64"));
      g_assert_nonnull (strstr (error->message, "second"));
      g_error_free (error);
      g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (first), 0), ==, 1);
      g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (second), 0), ==, 2);
    }
  lw_variable_unref (first);
  lw_variable_unref (second);
  lw_scope_end (s, NULL);
}

/* A few kilobytes that claim to hold eight billion numbers are refused by their header. */
static void
test_bomb (void)
{
  static const char        dictionary[] = "{'descr': '<i8', 'fortran_order': False, 'shape': (8589934592,), }\n";
  g_autofree char         *path = test_path ("bomb.npz");
  g_autoptr (LwCheckpoint) checkpoint = lw_checkpoint_new (NULL);
  g_autoptr (GByteArray)   member = g_byte_array_new (), archive = NULL;
  LwVariable              *step = new_step (3);
  const char              *name = "step.npy";
  GBytes                  *bytes;
  GError                  *error = NULL;

  g_byte_array_append (member, (const guint8 *) "\x93NUMPY\x01\x00", 8);
  g_byte_array_append (member, (const guint8[]) { sizeof dictionary - 1, 0 }, 2);
  g_byte_array_append (member, (const guint8 *) dictionary, sizeof dictionary - 1);
  bytes = g_bytes_new (member->data, member->len);
  archive = test_make_zip (1, &name, &bytes, 0);
  test_write (path, archive->data, archive->len);
  lw_checkpoint_add_variable (checkpoint, "step", step);
  g_assert_null (lw_checkpoint_restore (checkpoint, path, &error));
  test_check_error (error, "step");
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (step), 0), ==, 3);
  g_error_free (error);
  g_bytes_unref (bytes);
  lw_variable_unref (step);
}

/* Values that fit and yet cannot be. */
static void
test_impossible_values (void)
{
  g_autofree char    *path = test_path ("impossible.npz");
  LwScope            *s = lw_scope_begin (check_device ());
  const char         *names[] = { "step", "optimizer/iterations", "optimizer/learning_rate" };
  const struct {
    gint64 iterations;
    double rate;
    int    at_fault;
  } cases[] = { { -1, 0.1, 1 }, { G_MAXINT64, 0.1, 1 }, { 1, NAN, 2 }, { 1, -1, 2 } };
  LwTensor           *arrays[] = { lw_constant_scalar (s, LW_INT64, 5), NULL, NULL };
  g_autoptr (GBytes)  before = NULL;
  Objects             a;

  objects_init (&a, "tiny-cnn", 1);
  before = contents (&a);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwCheckpoint) checkpoint = new_checkpoint (&a);
      GError                  *error = NULL;

      arrays[1] = lw_constant (s, LW_INT64, &LW_SCALAR, &cases[i].iterations);
      arrays[2] = lw_constant_scalar (s, LW_FLOAT64, cases[i].rate);
      lw_npz_write (path, 3, names, arrays, &error);
      g_assert_no_error (error);
      g_assert_null (lw_checkpoint_restore (checkpoint, path, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_FILE);
      test_check_error (error, names[cases[i].at_fault]);
      g_error_free (error);
      assert_contents (&a, before);
    }
  objects_clear (&a);
  lw_scope_end (s, NULL);
}

/* Cut anywhere or damaged in any way, a file is an error and changes nothing, or restores all of what it
 * says (damage may hit what nobody reads). */
static void
test_damaged (void)
{
  g_autofree char    *path = test_path ("damaged.npz");
  g_autoptr (GBytes)  file = NULL, before = NULL;
  Objects             a, b;
  guint               n_errors = 0;

  objects_init (&a, "tiny-cnn", 1);
  objects_init (&b, "tiny-cnn", 2);
  train_step (&b);
  save (&b, path);
  file = test_read (path);
  before = contents (&a);
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr (LwCheckpoint)       checkpoint = new_checkpoint (&a);
      g_autoptr (LwCheckpointStatus) status = NULL;
      GError                        *error = NULL;

      if (i < 100)
        test_write (path, g_bytes_get_data (file, NULL), g_bytes_get_size (file) * i / 100);
      else
        {
          g_autoptr (GByteArray) damaged = test_damage (file, i);

          test_write (path, damaged->data, damaged->len);
        }
      status = lw_checkpoint_restore (checkpoint, path, &error);
      if (status == NULL)
        {
          test_check_error (error, NULL);
          g_error_free (error);
          assert_contents (&a, before);
          n_errors++;
        }
      else
        {
          g_assert_cmpuint (i, >=, 100);
          objects_clear (&a);
          objects_init (&a, "tiny-cnn", 1);
        }
    }
  g_assert_cmpuint (n_errors, >, 200);
  objects_clear (&a);
  objects_clear (&b);
}

static void
test_nothing_to_save (void)
{
  g_autofree char         *path = test_path ("nothing.npz");
  g_autoptr (LwCheckpoint) checkpoint = lw_checkpoint_new ("empty");
  GError                  *error = NULL;

  g_assert_false (lw_checkpoint_save (checkpoint, path, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  test_check_error (error, "empty");
  g_clear_error (&error);
  g_assert_null (lw_checkpoint_restore (checkpoint, path, &error));
  test_check_error (error, "nothing.npz");
  g_clear_error (&error);
}

/* -- a model written by hand -- */

/* y = tanh (x·W1 + b1)·W2 + b2, with its own parameters and its own forward. */
enum { W1, B1, W2, B2, N_PARAMETERS };

typedef struct {
  LwVariable *parameters[N_PARAMETERS];
} Perceptron;

static void
perceptron_init (Perceptron *self, LwScope *s, guint64 seed)
{
  LwRng     rng = lw_rng_new (seed, LW_STREAM_WEIGHTS);
  double    w1[16], w2[16];
  const double zeros[16] = { 0 };

  for (int i = 0; i < 16; i++)
    {
      w1[i] = 2 * lw_rng_next_normal (&rng);
      w2[i] = 0.5 * lw_rng_next_normal (&rng);
    }
  self->parameters[W1] = lw_variable_new (lw_constant (s, LW_FLOAT64, &LW_SHAPE (1, 16), w1), TRUE, "hidden/kernel");
  self->parameters[B1] = lw_variable_new (lw_constant (s, LW_FLOAT64, &LW_SHAPE (16), zeros), TRUE, "hidden/bias");
  self->parameters[W2] = lw_variable_new (lw_constant (s, LW_FLOAT64, &LW_SHAPE (16, 1), w2), TRUE, "output/kernel");
  self->parameters[B2] = lw_variable_new (lw_constant (s, LW_FLOAT64, &LW_SHAPE (1), zeros), TRUE, "output/bias");
}

static void
perceptron_clear (Perceptron *self)
{
  for (int i = 0; i < N_PARAMETERS; i++)
    lw_variable_unref (self->parameters[i]);
}

static LwTensor *
perceptron_call (Perceptron *self, LwScope *s, LwTensor *x)
{
  LwTensor *hidden = lw_matmul (s, x, lw_variable_read (s, self->parameters[W1]), FALSE, FALSE);

  hidden = lw_tanh (s, lw_add (s, hidden, lw_variable_read (s, self->parameters[B1])));
  return lw_add (s, lw_matmul (s, hidden, lw_variable_read (s, self->parameters[W2]), FALSE, FALSE),
                 lw_variable_read (s, self->parameters[B2]));
}

/* One step towards y = x²; returns the loss. */
static double
perceptron_step (Perceptron *self, LwOptimizer *optimizer)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  double    points[33];
  LwTensor *x, *error_of, *loss, *grads[N_PARAMETERS];
  GError   *error = NULL;
  double    value;

  for (int i = 0; i < 33; i++)
    points[i] = (i - 16) / 16.0;
  x = lw_constant (s, LW_FLOAT64, &LW_SHAPE (33, 1), points);
  error_of = lw_subtract (s, perceptron_call (self, s, x), lw_square (s, x));
  loss = lw_reduce_mean (s, lw_square (s, error_of), NULL, 0, FALSE);
  value = lw_tensor_get_value (loss, 0);
  lw_tape_gradient_of_variables (tape, s, loss, N_PARAMETERS, self->parameters, grads, &error);
  g_assert_no_error (error);
  lw_optimizer_apply_gradients (optimizer, s, N_PARAMETERS, grads, &error);
  g_assert_no_error (error);
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return value;
}

static double
perceptron_train (Perceptron *self, LwOptimizer *optimizer, int steps)
{
  double loss = NAN;

  for (int i = 0; i < steps; i++)
    loss = perceptron_step (self, optimizer);
  return loss;
}

/* Trained by each of the optimizers there are; saved in the middle, and continued to the same bits. */
static void
test_by_hand (void)
{
  g_autofree char                *path = test_path ("perceptron.npz");
  const LwSpecClass *const       *classes = lw_optimizer_classes ();

  for (guint k = 0; classes[k] != NULL; k++)
    {
      g_autoptr (LwSpec)             spec = new_optimizer_spec (classes[k]->class_name, 0.02);
      g_autoptr (LwOptimizer)        optimizer = NULL, other_optimizer = NULL;
      g_autoptr (LwCheckpoint)       checkpoint = lw_checkpoint_new ("perceptron");
      g_autoptr (LwCheckpoint)       other_checkpoint = lw_checkpoint_new ("perceptron");
      g_autoptr (LwCheckpointStatus) status = NULL;
      LwScope                       *s = lw_scope_begin (check_device ());
      Perceptron                     model, other;
      double                         first, last;
      GError                        *error = NULL;

      perceptron_init (&model, s, 1);
      perceptron_init (&other, s, 2);
      lw_scope_end (s, &error);
      g_assert_no_error (error);
      optimizer = lw_optimizer_new (spec, N_PARAMETERS, model.parameters, &error);
      g_assert_no_error (error);
      other_optimizer = lw_optimizer_new (spec, N_PARAMETERS, other.parameters, &error);
      g_assert_no_error (error);
      lw_checkpoint_add_variables (checkpoint, "model", N_PARAMETERS, model.parameters);
      lw_checkpoint_add_optimizer (checkpoint, "optimizer", optimizer);
      lw_checkpoint_add_variables (other_checkpoint, "model", N_PARAMETERS, other.parameters);
      lw_checkpoint_add_optimizer (other_checkpoint, "optimizer", other_optimizer);

      first = perceptron_train (&model, optimizer, 1);
      perceptron_train (&model, optimizer, 149);
      lw_checkpoint_save (checkpoint, path, &error);
      g_assert_no_error (error);
      last = perceptron_train (&model, optimizer, 150);
      g_assert_cmpfloat (last, <, first / 2);

      status = lw_checkpoint_restore (other_checkpoint, path, &error);
      g_assert_no_error (error);
      g_assert_true (lw_checkpoint_assert_consumed (status, NULL));
      g_assert_cmpfloat (perceptron_train (&other, other_optimizer, 150), ==, last);
      for (int i = 0; i < N_PARAMETERS; i++)
        g_assert_true (lw_tensor_equal (lw_variable_get_value (model.parameters[i]),
                                        lw_variable_get_value (other.parameters[i])));
      perceptron_clear (&model);
      perceptron_clear (&other);
    }
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/weights/save-load", test_weights);
  g_test_add_func ("/weights/of-another-model", test_weights_of_another);
  g_test_add_func ("/weights/damaged", test_weights_damaged);
  g_test_add_func ("/checkpoint/goes-on", test_goes_on);
  g_test_add_func ("/checkpoint/by-name", test_by_name);
  g_test_add_func ("/checkpoint/variable-list", test_variable_list);
  g_test_add_func ("/checkpoint/numbered-names", test_numbered_names);
  g_test_add_func ("/checkpoint/misfits", test_misfits);
  g_test_add_func ("/checkpoint/bomb", test_bomb);
  g_test_add_func ("/checkpoint/impossible-values", test_impossible_values);
  g_test_add_func ("/checkpoint/damaged", test_damaged);
  g_test_add_func ("/checkpoint/nothing-to-save", test_nothing_to_save);
  g_test_add_func ("/checkpoint/by-hand", test_by_hand);
  status = g_test_run ();
  test_remove_folder ();
  check_device_free ();
  return status;
}
