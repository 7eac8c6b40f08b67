#include "app/cli-train-options.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "app/cli-options.h"

#define MAX_BATCH_SIZE 4096
#define MAX_PATIENCE 1000
#define MAX_THREADS 256

void
lw_train_words_clear (LwTrainWords *words)
{
  char **all[] = { &words->preset,        &words->model,      &words->data,       &words->epochs,
                   &words->steps,         &words->batch_size, &words->shuffle,    &words->optimizer,
                   &words->learning_rate, &words->loss,       &words->validation, &words->seed,
                   &words->patience,      &words->threads,    &words->resume,     &words->save,
                   &words->log };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_clear_pointer (all[i], g_free);
}

static gboolean
parse_words (int argc, char **argv, LwTrainWords *words, GError **error)
{
  const GOptionEntry entries[] = {
    { "preset", 0, 0, G_OPTION_ARG_STRING, &words->preset,
      N_("A model that comes with the program (default: convnet); see layerwise-cli presets"),
      N_("NAME") },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &words->model,
      N_("Architecture and settings from a .keras file, with fresh weights"), N_("FILE") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &words->data,
      N_("mnist (default), or an .npz with x_train, y_train, x_test and y_test"),
      N_("mnist|FILE") },
    { "epochs", 0, 0, G_OPTION_ARG_STRING, &words->epochs,
      N_("How many epochs to train (default: 5)"), N_("N") },
    { "steps", 0, 0, G_OPTION_ARG_STRING, &words->steps,
      N_("How many steps to train instead, also stopping in mid-epoch"), N_("N") },
    { "batch-size", 0, 0, G_OPTION_ARG_STRING, &words->batch_size,
      N_("Images in a batch, 1 to 4096 (default: 32, convnet 128)"), N_("N") },
    { "shuffle", 0, 0, G_OPTION_ARG_STRING, &words->shuffle,
      N_("Size of the shuffle buffer, 0 to keep the order (default: everything)"), N_("N") },
    { "optimizer", 0, 0, G_OPTION_ARG_STRING, &words->optimizer,
      N_("Adam (default), SGD, AdamW, RMSprop, Adagrad or Nadam"), N_("NAME") },
    { "learning-rate", 0, 0, G_OPTION_ARG_STRING, &words->learning_rate,
      N_("Step size of the optimizer (default: 0.001, for SGD 0.01)"), N_("X") },
    { "loss", 0, 0, G_OPTION_ARG_STRING, &words->loss,
      N_("SparseCategoricalCrossentropy (default), CategoricalCrossentropy, BinaryCrossentropy, "
         "MeanSquaredError, MeanAbsoluteError or Huber"),
      N_("NAME") },
    { "validation", 0, 0, G_OPTION_ARG_STRING, &words->validation,
      N_("On nothing, on the test images (default), or on the last part of the training images"),
      N_("none|test|FRACTION") },
    { "seed", 0, 0, G_OPTION_ARG_STRING, &words->seed,
      N_("Decides the first weights, the order of the images and dropout (default: 1)"),
      N_("N") },
    { "patience", 0, 0, G_OPTION_ARG_STRING, &words->patience,
      N_("Stop early when so many epochs in a row have brought no lower validation loss (default: 0, never)"),
      N_("N") },
    { "keep-best", 0, 0, G_OPTION_ARG_NONE, &words->keep_best,
      N_("Leave the weights of the epoch with the lowest validation loss, not the last ones"), NULL },
    { "threads", 0, 0, G_OPTION_ARG_STRING, &words->threads,
      N_("Processors to use (default: all that this program may); changes no result"), N_("N") },
    { "resume", 0, 0, G_OPTION_ARG_FILENAME, &words->resume,
      N_("Go on with the run in a .keras file"), N_("FILE") },
    { "save", 0, 0, G_OPTION_ARG_FILENAME, &words->save,
      N_("Write the run to a .keras file at the end"), N_("FILE") },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &words->log,
      N_("Write a table with a row for each step"), N_("FILE.csv") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &words->json, N_("Print the result as one JSON object"),
      NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &words->quiet, N_("No progress, no summary"), NULL },
    { NULL },
  };
  const LwCliSyntax  syntax = {
    .command = "train",
    .summary = _("Trains a model."),
    .description = _(
      "With --resume, the model, its optimizer and loss, the batch size, the seed and the place\n"
      "in the epoch come from the file, and the run goes on as if it had never stopped. --epochs\n"
      "and --steps count from there; an epoch that was left in the middle is the first of them.\n"
      "Without either, the run goes on to the epochs it was meant to have, or trains 5 more if it\n"
      "has had them. --data must name the images that the run was started with; --learning-rate\n"
      "changes the rate from here on; --validation may be none or test, unless a part of the\n"
      "training images is held back already. A schedule in the file is followed on; with\n"
      "--learning-rate the rate is constant from here on. --patience, --keep-best and --threads come\n"
      "from the file too unless they are given; after an early stop the wait begins anew.\n\n"
      "The log's columns are step, epoch, loss, accuracy, val_loss, val_accuracy and seconds.\n"
      "Ctrl+C saves if --save was given, and leaves with 130; the weights are then the last ones, so\n"
      "that the run can go on as if it had never stopped. A loss that becomes NaN or infinite ends the\n"
      "training; --save then writes the last good state before it."),
    .entries = entries,
  };
  g_auto (GStrv)     rest = lw_cli_parse (&syntax, argc, argv, error);

  return rest != NULL;
}

static gboolean
get_optional_whole (const char *option, const char *text, guint64 minimum, guint64 maximum,
                    guint64 *value, GError **error)
{
  return text == NULL || lw_cli_get_whole (option, text, minimum, maximum, value, error);
}

static gboolean
get_validation (const char *text, LwTrainOptions *options, GError **error)
{
  g_autoptr (GError) failure = NULL;

  options->has_validation = text != NULL;
  if (text == NULL)
    return TRUE;
  if (strcmp (text, "none") == 0)
    options->validation = LW_VALIDATION_NONE;
  else if (strcmp (text, "test") == 0)
    options->validation = LW_VALIDATION_TEST;
  else if (lw_cli_get_real ("--validation", text, &options->fraction, &failure)
           && options->fraction > 0 && options->fraction < 1)
    options->validation = LW_VALIDATION_FRACTION;
  else
    {
      lw_cli_set_usage_error (
        error,
        _("--validation takes none, test, or a fraction between 0 and 1 such as "
          "0.1, not “%s”"),
        text);
      return FALSE;
    }
  return TRUE;
}

/* Numbers and names, each for itself. */
static gboolean
check_values (const LwTrainWords *words, LwTrainOptions *options, GError **error)
{
  if (!get_optional_whole ("--epochs", words->epochs, 1, LW_CLI_MAX_EPOCHS, &options->epochs, error)
      || !get_optional_whole ("--steps", words->steps, 1, G_MAXINT32, &options->steps, error)
      || !get_optional_whole ("--batch-size", words->batch_size, 1, MAX_BATCH_SIZE,
                              &options->batch_size, error)
      || !get_optional_whole ("--shuffle", words->shuffle, 0, G_MAXUINT, &options->shuffle, error)
      || !get_optional_whole ("--seed", words->seed, 0, G_MAXUINT64, &options->seed, error)
      || !get_optional_whole ("--patience", words->patience, 0, MAX_PATIENCE, &options->patience, error)
      || !get_optional_whole ("--threads", words->threads, 1, MAX_THREADS, &options->threads, error)
      || !get_validation (words->validation, options, error))
    return FALSE;

  options->learning_rate = NAN;
  if (words->learning_rate != NULL)
    {
      if (!lw_cli_get_real ("--learning-rate", words->learning_rate, &options->learning_rate,
                            error))
        return FALSE;
      if (options->learning_rate < 0)
        {
          lw_cli_set_usage_error (error, _("--learning-rate cannot be negative, but is %s"),
                                  words->learning_rate);
          return FALSE;
        }
    }
  if (words->optimizer != NULL
      && (options->optimizer = lw_cli_get_optimizer (words->optimizer, error)) == NULL)
    return FALSE;
  if (words->loss != NULL && (options->loss = lw_cli_get_loss (words->loss, error)) == NULL)
    return FALSE;
  return TRUE;
}

/* What does not go together. */
static gboolean
check_conflicts (const LwTrainWords *words, const LwTrainOptions *options, GError **error)
{
  const struct {
    const char *option, *text;
  } from_file[] = {
    { "--preset", words->preset },
    { "--model", words->model },
    { "--batch-size", words->batch_size },
    { "--shuffle", words->shuffle },
    { "--optimizer", words->optimizer },
    { "--loss", words->loss },
    { "--seed", words->seed },
  };

  if (words->epochs != NULL && words->steps != NULL)
    {
      lw_cli_set_usage_error (error,
                              _("--epochs and --steps do not go together; give one of them"));
      return FALSE;
    }
  if (words->preset != NULL && words->model != NULL)
    {
      lw_cli_set_usage_error (error,
                              _("--preset and --model do not go together; give one of them"));
      return FALSE;
    }
  if (words->resume != NULL)
    for (guint i = 0; i < G_N_ELEMENTS (from_file); i++)
      if (from_file[i].text != NULL)
        {
          lw_cli_set_usage_error (error,
                                  _("%s does not go with --resume, which takes it from the file"),
                                  from_file[i].option);
          return FALSE;
        }
  if (words->resume != NULL && options->has_validation
      && options->validation == LW_VALIDATION_FRACTION)
    {
      lw_cli_set_usage_error (error,
                              _("--validation with a fraction does not go with --resume, because "
                                "it would change which images are trained on"));
      return FALSE;
    }
  if (options->has_validation && options->validation == LW_VALIDATION_NONE
      && (options->patience > 0 || words->keep_best))
    {
      lw_cli_set_usage_error (error, _("%s goes by the validation loss, so it does not go with --validation none"),
                              options->patience > 0 ? "--patience" : "--keep-best");
      return FALSE;
    }
  if (words->save != NULL && !g_str_has_suffix (words->save, ".keras"))
    {
      lw_cli_set_usage_error (error,
                              _("--save writes a .keras file, so the name must end in .keras"));
      return FALSE;
    }
  return TRUE;
}

gboolean
lw_train_options_parse (int argc, char **argv, LwTrainWords *words, LwTrainOptions *options,
                        GError **error)
{
  return parse_words (argc, argv, words, error) && check_values (words, options, error)
         && check_conflicts (words, options, error);
}
