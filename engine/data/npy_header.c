#include "engine/data/npy_header.h"

#include "engine/core/error.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

/* GROWTH_AXIS_MAX_DIGITS of numpy/lib/format.py. */
#define MAX_DIGITS 21

static const char *const codes[LW_N_DTYPES] = {
  [LW_FLOAT32] = "f4", [LW_FLOAT64] = "f8", [LW_INT32] = "i4",
  [LW_INT64] = "i8",   [LW_UINT8] = "u1",   [LW_BOOL] = "b1",
};

/* Types that NumPy has and a tensor has not: how their codes begin behind the order mark, and what
 * NumPy calls them. */
static const struct {
  const char *code, *name;
} others[] = {
  { "f2", "float16" },     { "f16", "longdouble" }, { "c8", "complex64" }, { "c16", "complex128" },
  { "i1", "int8" },        { "i2", "int16" },       { "u2", "uint16" },    { "u4", "uint32" },
  { "u8", "uint64" },      { "S", "bytes" },        { "U", "text" },       { "V", "void" },
  { "M8", "datetime64" },  { "m8", "timedelta64" },
};

gboolean
lw_npy_prefix_parse (const guint8 *prefix,
                     const char   *subject,
                     gsize        *prefix_length,
                     GError      **error)
{
  if (memcmp (prefix, "\223NUMPY", 6) != 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is not a NumPy array: it does not start with the mark of one"), subject);
      return FALSE;
    }
  if (prefix[6] < 1 || prefix[6] > 3 || prefix[7] != 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s has version %u.%u of NumPy's array format, but only 1.0, 2.0 and 3.0 are "
                     "known"), subject, prefix[6], prefix[7]);
      return FALSE;
    }
  *prefix_length = prefix[6] == 1 ? 10 : 12;
  return TRUE;
}

gboolean
lw_npy_length_parse (const guint8 *prefix, const char *subject, gsize *length, GError **error)
{
  *length = prefix[8] | (gsize) prefix[9] << 8;
  if (prefix[6] > 1)
    *length |= (gsize) prefix[10] << 16 | (gsize) prefix[11] << 24;
  if (*length > LW_NPY_MAX_HEADER)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its header claims %zu bytes, and no array needs more than %d"),
                   subject, *length, LW_NPY_MAX_HEADER);
      return FALSE;
    }
  return TRUE;
}

/* A reader of the few Python literals that may stand in a header. */
typedef struct {
  const char *p, *end;
} Cursor;

static void
skip_space (Cursor *c)
{
  while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
    c->p++;
}

static gboolean
take (Cursor *c, char sign)
{
  skip_space (c);
  if (c->p >= c->end || *c->p != sign)
    return FALSE;
  c->p++;
  return TRUE;
}

static gboolean
take_word (Cursor *c, const char *word)
{
  gsize length = strlen (word);

  skip_space (c);
  if ((gsize) (c->end - c->p) < length || memcmp (c->p, word, length) != 0)
    return FALSE;
  c->p += length;
  return TRUE;
}

/* 'text' or "text" of printable ASCII without escapes, of less than `size` bytes. */
static gboolean
take_string (Cursor *c, char *text, gsize size)
{
  gsize n = 0;
  char  quote;

  skip_space (c);
  /* Python 2 may have written u'...' or b'...'. */
  if (c->end - c->p > 1 && (*c->p == 'u' || *c->p == 'b') && (c->p[1] == '\'' || c->p[1] == '"'))
    c->p++;
  if (c->p >= c->end || (*c->p != '\'' && *c->p != '"'))
    return FALSE;
  quote = *c->p++;
  for (; c->p < c->end && *c->p != quote; c->p++)
    {
      if (n + 1 >= size || !g_ascii_isprint (*c->p) || *c->p == '\\')
        return FALSE;
      text[n++] = *c->p;
    }
  if (c->p >= c->end)
    return FALSE;
  c->p++;
  text[n] = '\0';
  return TRUE;
}

/* A whole number below 2^62, as Python 2 or 3 prints it: 28 or 28L. */
static gboolean
take_size (Cursor *c, gint64 *size)
{
  const char *start;

  skip_space (c);
  start = c->p;
  *size = 0;
  for (; c->p < c->end && g_ascii_isdigit (*c->p); c->p++)
    {
      if (*size > (G_GINT64_CONSTANT (1) << 58) / 10)
        return FALSE;
      *size = *size * 10 + (*c->p - '0');
    }
  if (c->p == start)
    return FALSE;
  if (c->p < c->end && *c->p == 'L')
    c->p++;
  return TRUE;
}

/* (), (3,), (3, 2), (3, 2,). `deep` tells a good shape of too many axes from a bad one. */
static gboolean
take_shape (Cursor *c, LwShape *shape, gboolean *deep)
{
  *shape = LW_SCALAR;
  if (!take (c, '('))
    return FALSE;
  while (!take (c, ')'))
    {
      gint64 size;

      if (!take_size (c, &size))
        return FALSE;
      if (shape->rank < LW_MAX_RANK)
        shape->dims[shape->rank++] = size;
      else
        *deep = TRUE;
      if (take (c, ','))
        continue;
      /* (3) is a number in Python, not a shape. */
      return shape->rank > 1 && take (c, ')');
    }
  return TRUE;
}

static gboolean
set_dtype (const char *descr, const char *subject, LwNpyHeader *header, GError **error)
{
  const char *code = descr, *name = NULL;
  char        order = '=';

  if (*code != '\0' && strchr ("<>=|", *code) != NULL)
    order = *code++;
  if (g_str_equal (code, "?"))
    code = "b1";
  for (guint i = 0; i < LW_N_DTYPES; i++)
    if (g_str_equal (code, codes[i]))
      {
        header->dtype = (LwDType) i;
        header->swapped = order == (G_BYTE_ORDER == G_LITTLE_ENDIAN ? '>' : '<')
                          && lw_dtype_get_size (header->dtype) > 1;
        return TRUE;
      }
  for (guint i = 0; i < G_N_ELEMENTS (others) && name == NULL; i++)
    if (g_str_has_prefix (code, others[i].code))
      name = others[i].name;
  g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
               _("%s holds elements of type %s ('%s'), but only float32, float64, int32, int64, uint8 "
                 "and bool can be read; convert it in NumPy with astype()"), subject,
               name != NULL ? name : _("unknown"), descr);
  return FALSE;
}

static gboolean
fail (const char *subject, const char *part, GError **error)
{
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: the header of the array cannot be understood at %s"), subject, part);
  return FALSE;
}

gboolean
lw_npy_header_parse (const char  *text,
                     gsize        length,
                     const char  *subject,
                     LwNpyHeader *header,
                     GError     **error)
{
  Cursor   c = { text, text + length };
  gboolean has_descr = FALSE, has_order = FALSE, has_shape = FALSE, deep = FALSE;
  char     key[16], descr[64];

  *header = (LwNpyHeader) { 0 };
  if (!take (&c, '{'))
    return fail (subject, "'{'", error);
  while (!take (&c, '}'))
    {
      if (!take_string (&c, key, sizeof key) || !take (&c, ':'))
        return fail (subject, "'descr', 'fortran_order', 'shape'", error);

      if (g_str_equal (key, "descr") && !has_descr)
        {
          has_descr = TRUE;
          if (take (&c, '['))
            {
              g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                           _("%s is a structured array, whose elements are records; save each field "
                             "as an array of its own"), subject);
              return FALSE;
            }
          if (!take_string (&c, descr, sizeof descr))
            return fail (subject, "'descr'", error);
          if (g_str_equal (descr, "|O") || g_str_equal (descr, "O"))
            {
              g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                           _("%s holds Python objects, which only Python can read; convert it in "
                             "NumPy with astype()"), subject);
              return FALSE;
            }
        }
      else if (g_str_equal (key, "fortran_order") && !has_order)
        {
          has_order = TRUE;
          if (take_word (&c, "True"))
            header->fortran = TRUE;
          else if (!take_word (&c, "False"))
            return fail (subject, "'fortran_order'", error);
        }
      else if (g_str_equal (key, "shape") && !has_shape)
        {
          has_shape = TRUE;
          if (!take_shape (&c, &header->shape, &deep))
            return fail (subject, "'shape'", error);
        }
      else
        return fail (subject, key, error);

      if (take (&c, ','))
        continue;
      if (!take (&c, '}'))
        return fail (subject, "'}'", error);
      break;
    }
  skip_space (&c);
  if (c.p != c.end)
    return fail (subject, "'}'", error);
  if (!has_descr || !has_order || !has_shape)
    return fail (subject, "'descr', 'fortran_order', 'shape'", error);

  if (!set_dtype (descr, subject, header, error))
    return FALSE;
  if (deep)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s has more than %d axes; reshape it in NumPy"), subject, LW_MAX_RANK);
      return FALSE;
    }
  if (!lw_shape_get_count (&header->shape, &header->count))
    {
      g_autofree char *shape = lw_shape_to_string (&header->shape);

      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: it claims the shape %s, more than any memory holds"), subject,
                   shape);
      return FALSE;
    }
  return TRUE;
}

GBytes *
lw_npy_header_write (LwDType dtype, const LwShape *shape)
{
  GString *text = g_string_new (NULL);
  char     order = G_BYTE_ORDER == G_LITTLE_ENDIAN ? '<' : '>';
  gsize    length;

  if (lw_dtype_get_size (dtype) == 1)
    order = '|';
  g_string_append_len (text, "\223NUMPY\1\0\0\0", LW_NPY_MIN_PREFIX);
  g_string_append_printf (text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order,
                          codes[dtype]);
  for (int i = 0; i < shape->rank; i++)
    g_string_append_printf (text, i == 0 && shape->rank == 1 ? "%" G_GINT64_FORMAT ","
                                  : i == 0                   ? "%" G_GINT64_FORMAT
                                                             : ", %" G_GINT64_FORMAT,
                            shape->dims[i]);
  g_string_append (text, "), }");
  /* NumPy leaves room for the first axis to grow to any size without moving the elements. */
  if (shape->rank > 0)
    for (int n = snprintf (NULL, 0, "%" G_GINT64_FORMAT, shape->dims[0]); n < MAX_DIGITS; n++)
      g_string_append_c (text, ' ');
  while (text->len % 64 != 63)
    g_string_append_c (text, ' ');
  g_string_append_c (text, '\n');
  length = text->len - LW_NPY_MIN_PREFIX;
  text->str[8] = (char) (length & 0xff);
  text->str[9] = (char) (length >> 8);
  return g_string_free_to_bytes (text);
}
