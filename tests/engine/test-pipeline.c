#include "dataset-tools.h"
#include "gradient-check.h"

#include "engine/data/dataset.h"

#include <string.h>

/* Pipelines of every order of stages, against what tf.data gives for the same calls; places, caches,
 * maps that fail. */

static void
add_thousand (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  LwShape   shape = *lw_tensor_get_shape (components[0]);
  LwTensor *sum = lw_scope_new_tensor (s, LW_INT32, &shape);

  g_assert_nonnull (sum);
  for (gsize i = 0; i < lw_tensor_get_count (sum); i++)
    ((gint32 *) lw_tensor_get_mutable_data (sum))[i] = (gint32) lw_tensor_get_value (components[0], i) + 1000;
  components[0] = sum;
}

static void
leave (LwScope *s, LwTensor **components, guint n, gpointer data)
{
}

static void
count_calls (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  ++*(guint *) data;
}

/* Fails at the element with the number *data. */
static void
fail_at (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  const int faulty = *(const int *) data;

  components[1] = lw_scale (s, lw_scale (s, components[1], 2), 0.5);
  if ((int) lw_tensor_get_value (components[0], 0) == faulty)
    components[1] = lw_scope_fail (s, LW_ERROR_VALUE, "element %d is faulty", faulty);
}

static void
double_first (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  components[0] = lw_scale (s, components[0], 2);
}

/* Every other element's component 1 becomes a column. */
static void
make_ragged (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  if ((int) lw_tensor_get_value (components[0], 0) % 2 == 1)
    components[1] = lw_reshape (s, components[1], &LW_SHAPE (2, 1));
}

/* A pipeline, each stage in a letter, its argument behind it. s: shuffle,
 * S: the same, but not mixed anew; b: batch, B: batch without the remainder, r: repeat, t: take,
 * k: skip, c: cache, m: map (adds 1,000 to component 0). "s5 b4 r2". */
static LwDataset *
build_behind (LwDataset *dataset, const char *text)
{
  g_auto (GStrv) stages = g_strsplit (text, " ", -1);

  for (char **stage = stages; *stage != NULL && **stage != '\0'; stage++)
    {
      gint64               argument = g_ascii_strtoll (*stage + 1, NULL, 10);
      g_autoptr (LwDataset) before = dataset;

      switch (**stage)
        {
        case 's': dataset = lw_dataset_shuffle_with (before, (guint) argument, 11, TRUE); break;
        case 'S': dataset = lw_dataset_shuffle_with (before, (guint) argument, LW_SEED_NONE, FALSE); break;
        case 'u': dataset = lw_dataset_shuffle (before, (guint) argument); break;
        case 'b': dataset = lw_dataset_batch (before, (guint) argument, FALSE); break;
        case 'B': dataset = lw_dataset_batch (before, (guint) argument, TRUE); break;
        case 'r': dataset = lw_dataset_repeat (before, argument); break;
        case 't': dataset = lw_dataset_take (before, (guint64) argument); break;
        case 'k': dataset = lw_dataset_skip (before, (guint64) argument); break;
        case 'c': dataset = lw_dataset_cache (before); break;
        case 'm': dataset = lw_dataset_map (before, add_thousand, NULL); break;
        default: g_assert_not_reached ();
        }
    }
  return dataset;
}

static LwDataset *
build (gsize n, const char *text)
{
  return build_behind (test_numbers_new (n), text);
}

static void
print (GString *text, LwTensor *x, int axis, gsize *element)
{
  if (axis == lw_tensor_get_rank (x))
    {
      g_string_append_printf (text, "%d", (int) lw_tensor_get_value (x, (*element)++));
      return;
    }
  g_string_append_c (text, '[');
  for (gint64 i = 0; i < lw_tensor_get_dim (x, axis); i++)
    {
      if (i > 0)
        g_string_append_c (text, ' ');
      print (text, x, axis + 1, element);
    }
  g_string_append_c (text, ']');
}

/* The next element in words: "3", "[3 4]", "[[3 4] [5 6]]", appended to the text; FALSE at the end.
 * Component 1 must be that of the same rows. */
static gboolean
next_text (LwIterator *iterator, GString *text)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *element[LW_MAX_COMPONENTS];
  gboolean  more = lw_iterator_next (iterator, s, element);
  gsize     first = 0;

  if (more)
    {
      g_assert_cmpint (lw_tensor_get_rank (element[1]), ==, lw_tensor_get_rank (element[0]) + 1);
      for (gsize i = 0; i < lw_tensor_get_count (element[0]); i++)
        g_assert_cmpfloat (lw_tensor_get_value (element[1], 2 * i), ==,
                           (int) lw_tensor_get_value (element[0], i) % 1000);
      print (text, element[0], 0, &first);
      g_string_append_c (text, ' ');
    }
  g_assert_true (lw_scope_end (s, NULL));
  return more;
}

/* One epoch in words, or the first `limit` elements. */
static char *
epoch_text (LwIterator *iterator, guint limit)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < limit && next_text (iterator, text); i++)
    ;
  return g_string_free (text, FALSE);
}

/* What tf.data gives for the same calls, where no generator has a say. */
static void
test_orders (void)
{
  static const struct {
    gsize       n;
    const char *stages;
    gint64      cardinality;
    gsize       n_elements;
    const char *epoch;
  } cases[] = {
    { 3, "", 3, 3, "0 1 2 " },
    { 5, "b2", 3, 5, "[0 1] [2 3] [4] " },
    { 5, "B2", 2, 5, "[0 1] [2 3] " },
    { 3, "r2", 6, 6, "0 1 2 0 1 2 " },
    { 3, "b2 r2", 4, 6, "[0 1] [2] [0 1] [2] " },
    { 3, "r2 b2", 3, 6, "[0 1] [2 0] [1 2] " },
    { 3, "r2 b4", 2, 6, "[0 1 2 0] [1 2] " },
    { 3, "B2 r2", 2, 6, "[0 1] [0 1] " },
    { 3, "r0", 0, 0, "" },
    { 0, "r-1", 0, 0, "" },
    { 3, "k5 r-1", 0, 0, "" },
    { 7, "b2 t2", 2, 4, "[0 1] [2 3] " },
    { 7, "t2 b2", 1, 2, "[0 1] " },
    { 7, "b2 k3", 1, 1, "[6] " },
    { 7, "k3 b2", 2, 4, "[3 4] [5 6] " },
    { 7, "k3 t2", 2, 2, "3 4 " },
    { 7, "t5 k3", 2, 2, "3 4 " },
    { 7, "t99", 7, 7, "0 1 2 3 4 5 6 " },
    { 7, "k99", 0, 0, "" },
    { 7, "t0", 0, 0, "" },
    { 7, "t-1 k5", 2, 2, "5 6 " },
    { 7, "k-1", 0, 0, "" },
    { 3, "r-1 t5", 5, 5, "0 1 2 0 1 " },
    { 3, "r-1 b2 t3", 3, 6, "[0 1] [2 0] [1 2] " },
    { 3, "r-1 k4 t3", 3, 3, "1 2 0 " },
    { 3, "t2 r2", 4, 4, "0 1 0 1 " },
    { 3, "r2 r2 t8", 8, 8, "0 1 2 0 1 2 0 1 " },
    { 6, "b2 b2", 2, 6, "[[0 1] [2 3]] [[4 5]] " },
    { 3, "m b2", 2, 3, "[1000 1001] [1002] " },
    { 3, "b2 m", 2, 3, "[1000 1001] [1002] " },
    { 3, "m r2 k4", 2, 2, "1001 1002 " },
    { 4, "m c k1 b2 m", 2, 3, "[2001 2002] [2003] " },
    { 4, "c t2 r2", 4, 4, "0 1 0 1 " },
    { 4, "k1 c r2", 6, 6, "1 2 3 1 2 3 " },
    { 3, "u1 b2", 2, 3, "[0 1] [2] " },
    { 3, "u0 b2", 2, 3, "[0 1] [2] " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwDataset)  dataset = build (cases[i].n, cases[i].stages);
      g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));

      g_test_message ("%s", cases[i].stages);
      g_assert_cmpint (lw_dataset_get_cardinality (dataset), ==, cases[i].cardinality);
      g_assert_cmpuint (lw_dataset_get_n_elements (dataset), ==, cases[i].n_elements);
      for (int epoch = 0; epoch < 3; epoch++)
        {
          g_autofree char *text = epoch_text (iterator, G_MAXUINT);

          g_assert_cmpstr (text, ==, cases[i].epoch);
          g_assert_cmpuint (lw_iterator_get_place (iterator).epoch, ==, epoch + 1);
        }
    }
}

static void
test_endless (void)
{
  g_autoptr (LwDataset)  forever = build (3, "r-1");
  g_autoptr (LwDataset)  later = build (3, "r-1 k2 m");
  g_autoptr (LwDataset)  mixed = build (3, "r-1 u4294967295");
  g_autoptr (LwDataset)  many = build (3, "r9223372036854775807 r9223372036854775807");
  g_autoptr (LwIterator) iterator = lw_iterator_new (forever, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autoptr (LwIterator) stuck = lw_iterator_new (mixed, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autofree char       *text = epoch_text (iterator, 1000);
  g_autoptr (GError)     error = NULL;
  LwScope               *s = lw_scope_begin (check_device ());
  LwTensor              *element[LW_MAX_COMPONENTS];

  g_assert_cmpint (lw_dataset_get_cardinality (forever), ==, LW_CARDINALITY_INFINITE);
  g_assert_cmpint (lw_dataset_get_cardinality (later), ==, LW_CARDINALITY_INFINITE);
  g_assert_cmpuint (lw_dataset_get_n_batches (later), ==, G_MAXUINT);
  g_assert_cmpuint (lw_dataset_get_n_elements (later), ==, G_MAXSIZE);
  g_assert_cmpuint (strlen (text), ==, 2000);
  g_assert_cmpuint (lw_iterator_get_place (iterator).position, ==, 1000);
  g_assert_cmpuint (lw_iterator_get_place (iterator).epoch, ==, 0);

  g_assert_false (lw_iterator_next (stuck, s, element));
  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "before repeat()"));
  lw_iterator_begin_epoch (stuck);
  g_assert_cmpuint (lw_iterator_get_place (stuck).epoch, ==, 1);

  /* Counts beyond any number stay the greatest one. */
  g_assert_cmpint (lw_dataset_get_cardinality (many), ==, G_MAXINT64);
  g_assert_cmpuint (lw_dataset_get_n_elements (many), ==, G_MAXSIZE);
  g_assert_cmpuint (lw_dataset_get_n_batches (many), ==, G_MAXUINT);
}

/* Counts how often each number comes in a text of plain numbers. */
static void
assert_each (const char *text, guint n, guint times)
{
  g_auto (GStrv)    words = g_strsplit (text, " ", -1);
  g_autofree guint *counts = g_new0 (guint, n);

  for (char **word = words; *word != NULL && **word != '\0'; word++)
    counts[g_ascii_strtoull (*word, NULL, 10)]++;
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (counts[i], ==, times);
}

/* One round of 20 numbers in words is as long as another. */
static void
split_rounds (const char *text, guint n_rounds, char **rounds)
{
  gsize length = strlen (text) / n_rounds;

  for (guint i = 0; i < n_rounds; i++)
    rounds[i] = g_strndup (text + i * length, length);
}

static char *
first_epoch (gsize n, const char *stages, guint64 seed)
{
  g_autoptr (LwDataset)  dataset = build (n, stages);
  g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (seed, LW_STREAM_SHUFFLE));

  return epoch_text (iterator, G_MAXUINT);
}

/* Which rounds and epochs have one order and which have not. */
static void
test_reshuffle (void)
{
  static const struct {
    const char *stages;
    gboolean    same_rounds, same_epochs, same_seeds;
  } cases[] = {
    { "u20 r2", FALSE, FALSE, FALSE }, { "s20 r2", FALSE, FALSE, TRUE },
    { "S20 r2", TRUE, TRUE, FALSE },   { "u20 c r2", TRUE, TRUE, FALSE },
    { "u20 r2 c", FALSE, TRUE, FALSE }, { "s20 c r2", TRUE, TRUE, TRUE },
    { "c u20 r2", FALSE, FALSE, FALSE }, { "m u20 r2", FALSE, FALSE, FALSE },
    { "m S20 r2", TRUE, TRUE, FALSE },  { "u20 u20 r2", FALSE, FALSE, FALSE },
    { "S20 c S20 r2", TRUE, TRUE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwDataset)  dataset = build (20, cases[i].stages);
      g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (3, LW_STREAM_SHUFFLE));
      g_autofree char       *epoch1 = epoch_text (iterator, G_MAXUINT);
      g_autofree char       *epoch2 = epoch_text (iterator, G_MAXUINT);
      g_autofree char       *other = first_epoch (20, cases[i].stages, 4);
      g_autofree char       *again = first_epoch (20, cases[i].stages, 3);
      char                  *rounds[2];

      g_test_message ("%s", cases[i].stages);
      split_rounds (epoch1, 2, rounds);
      g_assert_cmpint (g_str_equal (rounds[0], rounds[1]), ==, cases[i].same_rounds);
      g_assert_cmpint (g_str_equal (epoch1, epoch2), ==, cases[i].same_epochs);
      g_assert_cmpint (g_str_equal (epoch1, other), ==, cases[i].same_seeds);
      g_assert_cmpstr (epoch1, ==, again);
      if (strchr (cases[i].stages, 'm') == NULL)
        {
          assert_each (rounds[0], 20, 1);
          assert_each (rounds[1], 20, 1);
        }
      g_free (rounds[0]);
      g_free (rounds[1]);
    }
}

/* repeat before shuffle: rounds run into each other; behind it they do not. batch before shuffle:
 * batches stay whole. */
static void
test_mixtures (void)
{
  g_autofree char *mixed = first_epoch (20, "r2 u40", 1);
  g_autofree char *whole = first_epoch (20, "u20 r2", 1);
  g_autofree char *twice = first_epoch (20, "u5 u20", 1);
  g_autofree char *batches = first_epoch (6, "b2 u3", 2);
  g_autofree char *taken = first_epoch (20, "u20 t5", 1);
  char            *rounds[2];

  assert_each (mixed, 20, 2);
  assert_each (whole, 20, 2);
  assert_each (twice, 20, 1);
  g_assert_cmpuint (strlen (taken), >=, 10);
  split_rounds (whole, 2, rounds);
  assert_each (rounds[0], 20, 1);
  g_free (rounds[0]);
  g_free (rounds[1]);
  split_rounds (mixed, 2, rounds);
  g_assert_cmpint (strncmp (rounds[0], whole, strlen (rounds[0])), !=, 0);
  g_free (rounds[0]);
  g_free (rounds[1]);
  g_assert_cmpuint (strlen (batches), ==, strlen ("[0 1] [2 3] [4 5] "));
  g_assert_nonnull (strstr (batches, "[0 1]"));
  g_assert_nonnull (strstr (batches, "[2 3]"));
  g_assert_nonnull (strstr (batches, "[4 5]"));
}

/* At each place of three epochs, an iterator made there gives the same from there on. */
static void
check_places (gsize n, const char *stages)
{
  g_autoptr (LwDataset)  dataset = build (n, stages);
  g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (8, LW_STREAM_SHUFFLE));
  g_autoptr (LwIterator) set = lw_iterator_new (dataset, lw_rng_new (99, LW_STREAM_SHUFFLE));
  g_autoptr (GString)    whole = g_string_new (NULL);
  g_autoptr (GArray)     places = g_array_new (FALSE, FALSE, sizeof (LwDatasetPlace));
  g_autoptr (GArray)     lengths = g_array_new (FALSE, FALSE, sizeof (gsize));
  guint                  stride;

  g_test_message ("%zu: %s", n, stages);
  for (int epoch = 0; epoch < 3;)
    {
      LwDatasetPlace place = lw_iterator_get_place (iterator);

      g_array_append_val (places, place);
      g_array_append_val (lengths, whole->len);
      if (!next_text (iterator, whole))
        epoch++;
    }
  stride = 1 + places->len / 40; /* of many places some are enough */
  for (guint i = 0; i < places->len; i += stride)
    {
      LwDatasetPlace        *place = &g_array_index (places, LwDatasetPlace, i);
      const char            *rest = whole->str + g_array_index (lengths, gsize, i);
      g_autoptr (LwIterator) resumed = lw_iterator_new_at (dataset, place);
      g_autoptr (GString)    got = g_string_new (NULL);
      g_autoptr (GString)    got_set = g_string_new (NULL);
      LwDatasetPlace         back;

      lw_iterator_set_place (set, place);
      back = lw_iterator_get_place (resumed);
      g_assert_cmpmem (&back, sizeof back, place, sizeof *place);
      for (guint k = i; k + 1 < places->len; k++)
        {
          next_text (resumed, got);
          next_text (set, got_set);
        }
      g_assert_true (g_str_equal (rest, got->str));
      g_assert_cmpstr (got->str, ==, got_set->str);
      back = lw_iterator_get_place (resumed);
      place = &g_array_index (places, LwDatasetPlace, places->len - 1);
      g_assert_cmpmem (&back, sizeof back, place, sizeof *place);
    }
  /* Leaving an epoch at a place that was come to, and at the same place that was only set. */
  for (guint i = 1; i < places->len; i += stride)
    {
      LwDatasetPlace        *place = &g_array_index (places, LwDatasetPlace, i);
      g_autoptr (LwIterator) come = lw_iterator_new_at (dataset, place - 1);
      g_autofree char       *text = NULL, *text_set = NULL;
      LwDatasetPlace         next[2];

      g_free (epoch_text (come, 1));
      if (lw_iterator_get_place (come).position == 0)
        continue;
      lw_iterator_begin_epoch (come);
      lw_iterator_set_place (set, place);
      lw_iterator_begin_epoch (set);
      next[0] = lw_iterator_get_place (come);
      next[1] = lw_iterator_get_place (set);
      g_assert_cmpmem (&next[0], sizeof next[0], &next[1], sizeof next[1]);
      text = epoch_text (come, G_MAXUINT);
      text_set = epoch_text (set, G_MAXUINT);
      g_assert_cmpstr (text, ==, text_set);
    }
}

static void
test_all_places (void)
{
  static const char *const pipelines[] = {
    "u5 b3 r2", "r2 u7 b4", "s6 r2 B4", "S6 b2 u3", "m u4 b3", "m u4 c b2", "u5 c u3 r2 b5", "b3 u2 m",
    "u9 k3 t8 b3", "u4 b2 k1 t3", "c u6 r3 t20 b3", "s5 m c r2 b4 m", "u4 u5 s6 S7", "b2 b2 u2", "r0",
    "u5 b3 k1", "r-1 u4 t17 m",
  };

  for (gsize p = 0; p < G_N_ELEMENTS (pipelines); p++)
    check_places (13, pipelines[p]);
}

/* Batches of a list of elements in words. */
static GPtrArray *
batch_words (GPtrArray *words, guint size, gboolean drop_remainder)
{
  GPtrArray *batches = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < words->len && (!drop_remainder || i + size <= words->len); i += size)
    {
      GString *batch = g_string_new ("[");

      for (guint k = i; k < MIN (i + size, words->len); k++)
        g_string_append_printf (batch, "%s%s", k > i ? " " : "", (const char *) words->pdata[k]);
      g_string_append_c (batch, ']');
      g_ptr_array_add (batches, g_string_free (batch, FALSE));
    }
  return batches;
}

/* What a stage does to a whole epoch, said in the simplest way: on a list. */
static GPtrArray *
apply_stage (GPtrArray *words, char stage, guint argument)
{
  GPtrArray *result;
  guint      first = stage == 'k' ? MIN (argument, words->len) : 0;
  guint      last = stage == 't' ? MIN (argument, words->len) : words->len;

  if (stage == 'b' || stage == 'B')
    return batch_words (words, argument, stage == 'B');
  result = g_ptr_array_new_with_free_func (g_free);
  for (guint round = 0; round < (stage == 'r' ? argument : 1); round++)
    for (guint i = first; i < last; i++)
      g_ptr_array_add (result, g_strdup (words->pdata[i]));
  return result;
}

/* Random pipelines: without a shuffle they give what lists give; with shuffles and maps among the
 * stages any place can be come back to. */
static void
test_random (void)
{
  for (int round = 0; round < 300; round++)
    {
      const gsize            n = (gsize) check_random_int (0, 30);
      g_autoptr (GString)    stages = g_string_new (NULL);
      g_autoptr (GString)    mixed = g_string_new (NULL);
      g_autoptr (GPtrArray)  words = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GString)    want = g_string_new (NULL);
      g_autoptr (LwDataset)  dataset = NULL;
      g_autoptr (LwIterator) iterator = NULL;
      gboolean               ragged = FALSE;

      for (gsize i = 0; i < n; i++)
        g_ptr_array_add (words, g_strdup_printf ("%d", (int) i));
      for (int k = check_random_int (1, 5); k > 0; k--)
        {
          const char             stage = "bBrtkc"[check_random_int (0, 5)];
          const int              most = stage == 'r' ? 3 : stage == 't' ? 20 : 5;
          const guint            argument = (guint) check_random_int (1, most);
          g_autoptr (GPtrArray)  before = words;

          /* Short batches cannot be put into batches again. */
          if (ragged && (stage == 'b' || stage == 'B'))
            {
              words = g_ptr_array_ref (before);
              continue;
            }
          ragged |= stage == 'b';
          words = apply_stage (before, stage, argument);
          g_string_append_printf (stages, "%s%c%u", stages->len > 0 ? " " : "", stage, argument);
          g_string_append_printf (mixed, "%s%c%u", mixed->len > 0 ? " " : "", stage, argument);
          if (check_random_int (0, 1) == 0)
            g_string_append_printf (mixed, " %c%d", "usSm"[check_random_int (0, 3)], check_random_int (1, 6));
        }
      for (guint i = 0; i < words->len; i++)
        g_string_append_printf (want, "%s ", (const char *) words->pdata[i]);

      g_test_message ("%zu: %s", n, stages->str);
      dataset = build (n, stages->str);
      iterator = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));
      g_assert_cmpint (lw_dataset_get_cardinality (dataset), ==, words->len);
      for (int epoch = 0; epoch < 2; epoch++)
        {
          g_autofree char *text = epoch_text (iterator, G_MAXUINT);

          g_assert_cmpstr (text, ==, want->str);
        }
      check_places (n, mixed->str);
    }
}

/* Any dtype and rank; a row without elements. */
static void
test_kinds (void)
{
  for (int dtype = 0; dtype < LW_N_DTYPES; dtype++)
    for (int rank = 1; rank <= LW_MAX_RANK; rank++)
      {
        LwShape               shape = { rank, { 3, 2, 1, 2, 1, 1, 2, 1 } };
        LwShape               row = shape;
        g_autoptr (LwTensor)  tensor = NULL;
        g_autoptr (LwTensor)  empty = lw_tensor_new (NULL, (LwDType) dtype, &LW_SHAPE (3, 0, 2), NULL);
        g_autoptr (LwDataset) dataset = NULL, mapped = NULL, batched = NULL;
        g_autoptr (LwIterator) plain = NULL, stacked = NULL;
        LwTensor             *tensors[2], *got[LW_MAX_COMPONENTS];
        LwScope              *s = lw_scope_begin (check_device ());
        guint8               *bytes;
        gsize                 size;

        for (int axis = rank; axis < LW_MAX_RANK; axis++)
          shape.dims[axis] = 0;
        tensor = lw_tensor_new (NULL, (LwDType) dtype, &shape, NULL);
        size = lw_tensor_get_byte_size (tensor);
        bytes = lw_tensor_get_mutable_data (tensor);
        for (gsize i = 0; i < size; i++)
          bytes[i] = dtype == LW_BOOL ? i & 1 : (guint8) (i % 100);
        tensors[0] = tensor;
        tensors[1] = empty;
        dataset = lw_dataset_from_tensor_slices (2, tensors, NULL);
        g_assert_cmpuint (lw_dataset_get_n_components (dataset), ==, 2);
        plain = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));
        row = lw_shape_tail (&shape, 1);
        for (int i = 0; i < 3; i++)
          {
            g_assert_true (lw_iterator_next (plain, s, got));
            g_assert_cmpint (lw_tensor_get_dtype (got[0]), ==, dtype);
            g_assert_true (lw_shape_equal (lw_tensor_get_shape (got[0]), &row));
            g_assert_cmpmem (lw_tensor_get_data (got[0]), size / 3, bytes + (gsize) i * size / 3, size / 3);
            g_assert_true (lw_shape_equal (lw_tensor_get_shape (got[1]), &LW_SHAPE (0, 2)));
          }
        /* Cut into rows by a map that leaves them, and put together again. */
        mapped = lw_dataset_map (dataset, leave, NULL);
        batched = lw_dataset_batch (mapped, 3, TRUE);
        stacked = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));
        g_assert_true (lw_iterator_next (stacked, s, got));
        g_assert_true (lw_tensor_equal (got[0], tensor));
        g_assert_true (lw_tensor_equal (got[1], empty));
        g_assert_true (lw_scope_end (s, NULL));
      }
}

/* A cache before which a map counts its calls: once for each element of the first whole round. */
static void
test_cache (void)
{
  guint                  n_calls = 0;
  g_autoptr (LwDataset)  numbers = test_numbers_new (7);
  g_autoptr (LwDataset)  mapped = lw_dataset_map (numbers, count_calls, &n_calls);
  g_autoptr (LwDataset)  cached = lw_dataset_cache (mapped);
  g_autoptr (LwDataset)  shuffled = lw_dataset_shuffle (cached, 3);
  g_autoptr (LwDataset)  batched = lw_dataset_batch (shuffled, 2, FALSE);
  g_autoptr (LwIterator) iterator = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));

  g_free (epoch_text (iterator, 1));
  g_assert_cmpuint (n_calls, <, 7);
  lw_iterator_begin_epoch (iterator); /* left early: not kept */
  n_calls = 0;
  for (int epoch = 0; epoch < 4; epoch++)
    {
      g_free (epoch_text (iterator, G_MAXUINT));
      g_assert_cmpuint (n_calls, ==, 7);
    }
}

/* Skipped elements, and those of an epoch that is gone through again, are not made. */
static void
test_map_calls (void)
{
  guint                  n_calls = 0;
  g_autoptr (LwDataset)  numbers = test_numbers_new (9);
  g_autoptr (LwDataset)  shuffled = lw_dataset_shuffle (numbers, 9);
  g_autoptr (LwDataset)  mapped = lw_dataset_map (shuffled, count_calls, &n_calls);
  g_autoptr (LwDataset)  skipped = lw_dataset_skip (mapped, 4);
  LwDatasetPlace         place = { lw_rng_new (1, LW_STREAM_SHUFFLE), 3, 0 };
  g_autoptr (LwIterator) iterator = lw_iterator_new_at (skipped, &place);

  g_free (epoch_text (iterator, G_MAXUINT));
  g_assert_cmpuint (n_calls, ==, 2);
}

static void
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
}

static void
test_map_destroy (void)
{
  gboolean              gone = FALSE;
  g_autoptr (LwDataset) numbers = test_numbers_new (3);
  LwDataset            *mapped = lw_dataset_map_full (numbers, leave, &gone, set_flag);
  LwDataset            *batched = lw_dataset_batch (mapped, 2, FALSE);
  LwIterator           *iterator = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));

  lw_dataset_unref (mapped);
  lw_dataset_unref (batched);
  g_assert_false (gone);
  g_free (epoch_text (iterator, 1));
  lw_iterator_free (iterator);
  g_assert_true (gone);
}

/* A map that fails on one element: its error comes out wherever it is in the pipeline, nothing leaks,
 * the place stays, and when the fault is gone the same elements come as if it had never been. */
static void
test_map_errors (void)
{
  static const char *const behind[] = { "", "b3", "u4 b2", "c b2", "k5", "b2 u2", "r2 b3", "u3 c r2" };

  for (gsize i = 0; i < G_N_ELEMENTS (behind); i++)
    {
      int                    faulty = -1;
      g_autoptr (LwDataset)  numbers = test_numbers_new (8);
      g_autoptr (LwDataset)  mapped = lw_dataset_map (numbers, fail_at, &faulty);
      g_autoptr (LwDataset)  dataset = build_behind (lw_dataset_ref (mapped), behind[i]);
      g_autoptr (LwIterator) sound = lw_iterator_new (dataset, lw_rng_new (2, LW_STREAM_SHUFFLE));
      g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (2, LW_STREAM_SHUFFLE));
      g_autofree char       *want = epoch_text (sound, G_MAXUINT);
      g_autoptr (GString)    got = g_string_new (NULL);
      LwTensor              *element[LW_MAX_COMPONENTS];
      guint                  n_failed = 0;

      for (;;)
        {
          LwScope          *s = lw_scope_begin (check_device ());
          LwDatasetPlace    before = lw_iterator_get_place (iterator), after;
          g_autoptr (GError) error = NULL;

          faulty = n_failed == 0 ? 6 : -1;
          if (lw_iterator_next (iterator, s, element))
            {
              g_assert_true (lw_scope_end (s, NULL));
              lw_iterator_set_place (iterator, &before);
              g_assert_true (next_text (iterator, got));
              continue;
            }
          after = lw_iterator_get_place (iterator);
          if (lw_scope_end (s, &error))
            break;
          g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
          g_assert_nonnull (strstr (error->message, "element 6 is faulty"));
          g_assert_cmpmem (&before, sizeof before, &after, sizeof after);
          n_failed++;
        }
      g_assert_cmpuint (n_failed, ==, 1);
      g_assert_cmpstr (got->str, ==, want);
    }
}

/* Elements that a map has given different shapes. */
static void
test_ragged (void)
{
  g_autoptr (LwDataset)  numbers = test_numbers_new (4);
  g_autoptr (LwDataset)  mapped = lw_dataset_map (numbers, make_ragged, NULL);
  g_autoptr (LwDataset)  batched = lw_dataset_batch (mapped, 2, FALSE);
  g_autoptr (LwDataset)  single = lw_dataset_batch (mapped, 1, FALSE);
  g_autoptr (LwIterator) iterator = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autoptr (LwIterator) fine = lw_iterator_new (single, lw_rng_new (1, LW_STREAM_SHUFFLE));
  LwTensor              *element[LW_MAX_COMPONENTS];
  g_autoptr (GError)     error = NULL;
  LwScope               *s = lw_scope_begin (check_device ());

  g_assert_false (lw_iterator_next (iterator, s, element));
  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "shape 2,"));
  g_assert_nonnull (strstr (error->message, "shape 2×1"));
  s = lw_scope_begin (check_device ());
  for (int i = 0; i < 4; i++)
    g_assert_true (lw_iterator_next (fine, s, element));
  g_assert_true (lw_scope_end (s, NULL));
}

/* Where rows have become tensors, what the pool was asked for in the first batches is enough for all
 * later ones, and that is the buffer and a batch. */
static void
test_memory_of_tensors (void)
{
  g_autoptr (LwTensor)   rows = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SHAPE (20000, 64), NULL);
  g_autoptr (LwDataset)  dataset = lw_dataset_from_tensor_slices (1, &rows, NULL);
  g_autoptr (LwDataset)  mapped = lw_dataset_map (dataset, double_first, NULL);
  g_autoptr (LwDataset)  shuffled = lw_dataset_shuffle (mapped, 100);
  g_autoptr (LwDataset)  batched = lw_dataset_batch (shuffled, 32, FALSE);
  g_autoptr (LwDevice)   device = lw_device_new (1, 0, NULL);
  g_autoptr (LwPool)     pool = lw_pool_new ();
  g_autoptr (LwIterator) iterator = NULL;
  guint64                first = 0;

  lw_pool_unref (device->pool);
  device->pool = lw_pool_ref (pool);
  iterator = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));
  for (int i = 0; i < 600; i++)
    {
      LwScope  *s = lw_scope_begin (device);
      LwTensor *batch;

      g_assert_true (lw_iterator_next (iterator, s, &batch));
      g_assert_cmpint (lw_tensor_get_dim (batch, 1), ==, 64);
      g_assert_true (lw_scope_end (s, NULL));
      if (i == 1)
        first = lw_pool_get_n_system_blocks (pool);
    }
  g_assert_cmpuint (lw_pool_get_n_system_blocks (pool), ==, first);
  g_assert_cmpuint (first, <, 100 + 32 + 16);
}

/* -- fewer rows at a time -- */

/* The next element's rows, as text; "" at the epoch's end. */
static char *
next_rows (LwIterator *iterator, guint max_rows)
{
  LwDevice *device = lw_device_new (1, 0, NULL);
  LwScope  *s = lw_scope_begin (device);
  LwTensor *got[LW_MAX_COMPONENTS];
  GString  *text = g_string_new (NULL);

  lw_iterator_set_max_rows (iterator, max_rows);
  if (lw_iterator_next (iterator, s, got))
    for (gsize i = 0; i < lw_tensor_get_count (got[0]); i++)
      g_string_append_printf (text, "%g ", lw_tensor_get_value (got[0], i));
  g_assert_true (lw_scope_end (s, NULL));
  lw_device_unref (device);
  return g_string_free (text, FALSE);
}

static void
identity (LwScope *s, LwTensor **components, guint n, gpointer data)
{
}

/* Rows come in one order, in whatever batches; the place between two of them is one to go on from; and an epoch has
 * all of them. */
static void
test_max_rows (void)
{
  static const guint    sizes[] = { 0, 1, 1, 0, 3, 0, 7, 1, 0, 0, 2, 0 };
  g_autoptr (LwTensor)  numbers = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE (23), NULL);
  g_autoptr (LwDataset) slices = NULL, shuffled = NULL, batched = NULL, mapped = NULL, whole = NULL;
  const LwRng           rng = lw_rng_new (3, LW_STREAM_SHUFFLE);
  g_autoptr (LwIterator) iterator = NULL, one = NULL;
  guint64               position = 0, epoch = 0;

  for (int i = 0; i < 23; i++)
    ((gint32 *) lw_tensor_get_mutable_data (numbers))[i] = i;
  slices = lw_dataset_from_tensor_slices (1, &numbers, NULL);
  shuffled = lw_dataset_shuffle (slices, 9);
  batched = lw_dataset_batch (shuffled, 5, FALSE);
  mapped = lw_dataset_map (batched, identity, NULL);
  whole = lw_dataset_batch (shuffled, 23, FALSE);
  iterator = lw_iterator_new (mapped, rng);
  one = lw_iterator_new (whole, rng);

  for (int round = 0; round < 3; round++)
    {
      g_autofree char    *want = next_rows (one, 0);
      g_autoptr (GString) got = g_string_new (NULL);

      if (round > 0)
        {
          g_assert_cmpstr (want, ==, ""); /* the end of the epoch before */
          g_free (want);
          want = next_rows (one, 0);
        }
      for (guint i = round; TRUE; i++)
        {
          const guint            size = sizes[i % G_N_ELEMENTS (sizes)];
          const LwDatasetPlace   place = lw_iterator_get_place (iterator);
          g_autofree char       *rows = NULL, *again = NULL;
          g_autoptr (LwIterator) resumed = NULL;

          g_assert_cmpuint (place.position, ==, position);
          g_assert_cmpuint (place.epoch, ==, epoch);
          rows = next_rows (iterator, size);
          /* From the place alone the same comes, on a pipeline of other batches too. */
          resumed = lw_iterator_new_at (mapped, &place);
          again = next_rows (resumed, size);
          g_assert_cmpstr (again, ==, rows);
          if (*rows == '\0')
            break;
          g_string_append (got, rows);
          position += MIN (size > 0 ? MIN (size, 5) : 5, 23 - position);
        }
      g_assert_cmpstr (got->str, ==, want);
      g_assert_cmpuint (position, ==, 23);
      position = 0;
      epoch++;
    }
}

/* Another batch size from a place between two batches. */
static void
test_other_batches (void)
{
  g_autoptr (LwTensor)   numbers = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE (20), NULL);
  g_autoptr (LwDataset)  slices = NULL, sixes = NULL, sevens = NULL, dropped = NULL, taken = NULL;
  g_autoptr (LwIterator) iterator = NULL, other = NULL, few = NULL, batches = NULL;
  LwDatasetPlace         place;
  g_autofree char       *rows = NULL, *rest = NULL, *last = NULL, *full = NULL;

  for (int i = 0; i < 20; i++)
    ((gint32 *) lw_tensor_get_mutable_data (numbers))[i] = i;
  slices = lw_dataset_from_tensor_slices (1, &numbers, NULL);
  sixes = lw_dataset_batch (slices, 6, FALSE);
  sevens = lw_dataset_batch (slices, 7, FALSE);
  iterator = lw_iterator_new (sixes, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_free (next_rows (iterator, 0));
  place = lw_iterator_get_place (iterator);
  other = lw_iterator_new_at (sevens, &place);
  rows = next_rows (other, 0);
  rest = next_rows (other, 0);
  last = next_rows (other, 0);
  g_assert_cmpstr (rows, ==, "6 7 8 9 10 11 12 ");
  g_assert_cmpstr (rest, ==, "13 14 15 16 17 18 19 ");
  g_assert_cmpstr (last, ==, "");

  /* A small batch is none that is left out for being short; the last one is. */
  dropped = lw_dataset_batch (slices, 6, TRUE);
  few = lw_iterator_new (dropped, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_free (next_rows (few, 1));
  g_free (next_rows (few, 0));
  g_free (next_rows (few, 0));
  g_free (next_rows (few, 0));
  g_assert_cmpuint (lw_iterator_get_place (few).position, ==, 19);
  g_free (g_steal_pointer (&last));
  last = next_rows (few, 0);
  g_assert_cmpstr (last, ==, "");

  /* Where batches are counted they stay whole. */
  taken = lw_dataset_take (sixes, 2);
  batches = lw_iterator_new (taken, lw_rng_new (1, LW_STREAM_SHUFFLE));
  full = next_rows (batches, 1);
  g_assert_cmpstr (full, ==, "0 1 2 3 4 5 ");
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipeline/orders", test_orders);
  g_test_add_func ("/pipeline/endless", test_endless);
  g_test_add_func ("/pipeline/reshuffle", test_reshuffle);
  g_test_add_func ("/pipeline/mixtures", test_mixtures);
  g_test_add_func ("/pipeline/all-places", test_all_places);
  g_test_add_func ("/pipeline/random", test_random);
  g_test_add_func ("/pipeline/kinds", test_kinds);
  g_test_add_func ("/pipeline/cache", test_cache);
  g_test_add_func ("/pipeline/map/calls", test_map_calls);
  g_test_add_func ("/pipeline/map/destroy", test_map_destroy);
  g_test_add_func ("/pipeline/map/errors", test_map_errors);
  g_test_add_func ("/pipeline/map/ragged", test_ragged);
  g_test_add_func ("/pipeline/memory/tensors", test_memory_of_tensors);
  g_test_add_func ("/pipeline/max-rows", test_max_rows);
  g_test_add_func ("/pipeline/other-batches", test_other_batches);
  status = g_test_run ();
  check_device_free ();
  return status;
}
