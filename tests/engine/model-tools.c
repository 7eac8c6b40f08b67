#include "tests/engine/model-tools.h"

#include <string.h>

LwModelSpec *
test_model_build (const LwShape *input, gboolean from_logits, const char *text)
{
  LwModelSpec       *model = lw_model_spec_new ("model", input);
  LwModelSpec       *next;
  g_autoptr (LwSpec) loss = NULL;
  g_auto (GStrv)     layers = g_strsplit (text, ";", -1);

  for (guint i = 0; layers[i] != NULL; i++)
    {
      g_auto (GStrv)      words = g_strsplit (g_strstrip (layers[i]), " ", -1);
      const LwLayerClass *klass = words[0] != NULL ? lw_layer_class_find (words[0]) : NULL;
      g_autoptr (LwSpec)  layer = NULL;

      if (words[0] == NULL)
        continue;
      g_assert_nonnull (klass);
      layer = lw_spec_new (&klass->spec, NULL);
      for (guint w = 1; words[w] != NULL; w++)
        {
          g_auto (GStrv)       pair = g_strsplit (words[w], "=", 2);
          const LwField       *field = lw_spec_class_find (&klass->spec, pair[0], NULL);
          g_autoptr (GError)   error = NULL;
          g_autoptr (GVariant) value = NULL;
          LwSpec              *changed;

          g_assert_nonnull (field);
          if (field->type == LW_FIELD_INT)
            value = g_variant_new_int64 (g_ascii_strtoll (pair[1], NULL, 10));
          else if (field->type == LW_FIELD_PAIR)
            value = g_variant_new ("(xx)", g_ascii_strtoll (pair[1], NULL, 10),
                                   g_ascii_strtoll (strchr (pair[1], ',') + 1, NULL, 10));
          else if (field->type == LW_FIELD_FLOAT)
            value = g_variant_new_double (g_ascii_strtod (pair[1], NULL));
          else if (field->type == LW_FIELD_BOOL)
            value = g_variant_new_boolean (strcmp (pair[1], "true") == 0);
          else if (field->type == LW_FIELD_LIST)
            {
              g_auto (GStrv) numbers = g_strsplit (pair[1], ",", -1);
              double         x[LW_FIELD_MAX_LIST];
              gsize          n = 0;

              for (; numbers[n] != NULL; n++)
                x[n] = g_ascii_strtod (numbers[n], NULL);
              value = g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, x, n, sizeof x[0]);
            }
          else
            value = g_variant_new_string (pair[1]);
          g_variant_ref_sink (value);

          changed = lw_spec_with_variant (layer, pair[0], value, &error);
          g_assert_no_error (error);
          lw_spec_unref (layer);
          layer = changed;
        }
      next = lw_model_spec_with_inserted (model, lw_model_spec_get_n_layers (model), layer);
      lw_model_spec_unref (model);
      model = next;
    }

  loss = lw_spec_with_value (lw_model_spec_get_loss (model), "from_logits",
                             (LwFieldValue) { .b = from_logits }, NULL);
  next = lw_model_spec_with_loss (model, loss);
  lw_model_spec_unref (model);
  return next;
}
