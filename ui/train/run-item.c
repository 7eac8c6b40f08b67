#include "ui/train/run-item.h"

#include <math.h>

struct _LwRunItem {
  GObject parent_instance;

  /* owned */
  char *name;
  char *note;
  char *state;

  guint id;
  guint slot;
  double train_loss;
  double test_loss;
  double test_accuracy;
  gboolean visible;
};

enum {
  PROP_0,
  PROP_ID,
  PROP_NAME,
  PROP_NOTE,
  PROP_STATE,
  PROP_SLOT,
  PROP_TRAIN_LOSS,
  PROP_TEST_LOSS,
  PROP_TEST_ACCURACY,
  PROP_VISIBLE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwRunItem, lw_run_item, G_TYPE_OBJECT)

static void
set_string (LwRunItem *self, char **field, const char *value, int property)
{
  if (g_strcmp0 (*field, value) == 0)
    return;
  g_free (*field);
  *field = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_double (LwRunItem *self, double *field, double value, int property)
{
  if (*field == value || (isnan (*field) && isnan (value)))
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
lw_run_item_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwRunItem *self = LW_RUN_ITEM (object);

  switch (id)
    {
    case PROP_ID:
      g_value_set_uint (value, self->id);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_NOTE:
      g_value_set_string (value, self->note);
      break;
    case PROP_STATE:
      g_value_set_string (value, self->state);
      break;
    case PROP_SLOT:
      g_value_set_uint (value, self->slot);
      break;
    case PROP_TRAIN_LOSS:
      g_value_set_double (value, self->train_loss);
      break;
    case PROP_TEST_LOSS:
      g_value_set_double (value, self->test_loss);
      break;
    case PROP_TEST_ACCURACY:
      g_value_set_double (value, self->test_accuracy);
      break;
    case PROP_VISIBLE:
      g_value_set_boolean (value, self->visible);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_run_item_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwRunItem *self = LW_RUN_ITEM (object);

  switch (id)
    {
    case PROP_ID:
      self->id = g_value_get_uint (value);
      break;
    case PROP_NAME:
      lw_run_item_set_name (self, g_value_get_string (value));
      break;
    case PROP_NOTE:
      lw_run_item_set_note (self, g_value_get_string (value));
      break;
    case PROP_STATE:
      lw_run_item_set_state (self, g_value_get_string (value));
      break;
    case PROP_SLOT:
      lw_run_item_set_slot (self, g_value_get_uint (value));
      break;
    case PROP_TRAIN_LOSS:
      lw_run_item_set_train_loss (self, g_value_get_double (value));
      break;
    case PROP_TEST_LOSS:
      lw_run_item_set_test_loss (self, g_value_get_double (value));
      break;
    case PROP_TEST_ACCURACY:
      lw_run_item_set_test_accuracy (self, g_value_get_double (value));
      break;
    case PROP_VISIBLE:
      lw_run_item_set_visible (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_run_item_finalize (GObject *object)
{
  LwRunItem *self = LW_RUN_ITEM (object);

  g_free (self->name);
  g_free (self->note);
  g_free (self->state);
  G_OBJECT_CLASS (lw_run_item_parent_class)->finalize (object);
}

static void
lw_run_item_class_init (LwRunItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const struct {
    int property;
    const char *name;
  } figures[] = {
    { PROP_TRAIN_LOSS, "train-loss" },
    { PROP_TEST_LOSS, "test-loss" },
    { PROP_TEST_ACCURACY, "test-accuracy" },
  };

  object_class->get_property = lw_run_item_get_property;
  object_class->set_property = lw_run_item_set_property;
  object_class->finalize = lw_run_item_finalize;

  properties[PROP_ID] = g_param_spec_uint ("id", NULL, NULL, 0, G_MAXUINT, 0,
                                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_NOTE] = g_param_spec_string ("note", NULL, NULL, NULL, flags);
  properties[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, flags);
  properties[PROP_SLOT] = g_param_spec_uint ("slot", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /* NaN equals nothing, so that strict validation takes it for out of range. */
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    properties[figures[i].property] = g_param_spec_double (figures[i].name, NULL, NULL, -INFINITY,
                                                           INFINITY, 0,
                                                           flags | G_PARAM_LAX_VALIDATION);
  properties[PROP_VISIBLE] = g_param_spec_boolean ("visible", NULL, NULL, TRUE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lw_run_item_init (LwRunItem *self)
{
  self->train_loss = self->test_loss = self->test_accuracy = NAN;
  self->visible = TRUE;
}

LwRunItem *
lw_run_item_new (guint id, const char *name, const char *note, guint slot)
{
  return g_object_new (LW_TYPE_RUN_ITEM, "id", id, "name", name, "note", note, "slot", slot, NULL);
}

guint
lw_run_item_get_id (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), 0);

  return self->id;
}

const char *
lw_run_item_get_name (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), NULL);

  return self->name;
}

void
lw_run_item_set_name (LwRunItem *self, const char *name)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  set_string (self, &self->name, name, PROP_NAME);
}

const char *
lw_run_item_get_note (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), NULL);

  return self->note;
}

void
lw_run_item_set_note (LwRunItem *self, const char *note)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  set_string (self, &self->note, note, PROP_NOTE);
}

const char *
lw_run_item_get_state (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), NULL);

  return self->state;
}

void
lw_run_item_set_state (LwRunItem *self, const char *state)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  set_string (self, &self->state, state, PROP_STATE);
}

guint
lw_run_item_get_slot (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), 0);

  return self->slot;
}

void
lw_run_item_set_slot (LwRunItem *self, guint slot)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  if (self->slot == slot)
    return;
  self->slot = slot;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SLOT]);
}

double
lw_run_item_get_train_loss (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), NAN);

  return self->train_loss;
}

void
lw_run_item_set_train_loss (LwRunItem *self, double loss)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  set_double (self, &self->train_loss, loss, PROP_TRAIN_LOSS);
}

double
lw_run_item_get_test_loss (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), NAN);

  return self->test_loss;
}

void
lw_run_item_set_test_loss (LwRunItem *self, double loss)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  set_double (self, &self->test_loss, loss, PROP_TEST_LOSS);
}

double
lw_run_item_get_test_accuracy (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), NAN);

  return self->test_accuracy;
}

void
lw_run_item_set_test_accuracy (LwRunItem *self, double accuracy)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  set_double (self, &self->test_accuracy, accuracy, PROP_TEST_ACCURACY);
}

gboolean
lw_run_item_get_visible (LwRunItem *self)
{
  g_return_val_if_fail (LW_IS_RUN_ITEM (self), FALSE);

  return self->visible;
}

void
lw_run_item_set_visible (LwRunItem *self, gboolean visible)
{
  g_return_if_fail (LW_IS_RUN_ITEM (self));

  visible = !!visible;
  if (self->visible == visible)
    return;
  self->visible = visible;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VISIBLE]);
}
