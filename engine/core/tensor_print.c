/* Tensors as NumPy prints arrays: what str (array) gives under its usual options (precision 8, lines of 75
 * characters, more than 1000 elements abbreviated to three at each end of an axis). Written from the
 * documentation of numpy.set_printoptions() and from what NumPy 1.24 prints:
 *
 *   - Columns are aligned: each element takes as much room on either side of the point as any other shown.
 *   - Numbers have the fewest digits that tell them from their neighbours in their own dtype, at most 8
 *     behind the point, and are written as 1.5e-05 when one is 1e8 or more, or below 1e-4, or when the
 *     largest is more than 1000 times the smallest (but 0).
 *   - A scalar stands on its own: 4.0, and with all its digits. */

#include "engine/core/tensor.h"

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION  8
#define LINE_WIDTH 75
#define THRESHOLD  1000
#define EDGE       3

typedef struct {
  const LwTensor *tensor;
  const LwShape  *shape;
  LwDType         dtype;
  gboolean        brief;
  gboolean        scientific;
  int             left, right;    /* characters before and behind the point; an integer's width is left */
  int             fraction;       /* digits behind the point, all of them, when scientific */
  int             exponent_width; /* digits */
} Printer;

/* -- numbers -- */

static void
format_number (char text[G_ASCII_DTOSTR_BUF_SIZE], char kind, int precision, double value)
{
  char format[16];

  g_snprintf (format, sizeof format, "%%.%d%c", precision, kind);
  g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, format, value);
}

static gboolean
reads_as (const char *text, double value, gboolean single)
{
  double again = g_ascii_strtod (text, NULL);

  return single ? (float) again == (float) value : again == value;
}

/* Adds one to the last digit of "1.99e-05". */
static void
count_up (char *text)
{
  for (char *c = strchr (text, 'e') - 1; c >= text && *c != '-'; c--)
    if (*c == '9')
      *c = '0';
    else if (*c != '.')
      {
        ++*c;
        return;
      }
}

/* In scientific notation the fewest digits that give `value` again: how many follow the first one. Above a
 * power of two numbers lie twice as far apart as below it, so there the digits that are next to the
 * nearest ones may do where those do not. */
static int
format_shortest (char text[G_ASCII_DTOSTR_BUF_SIZE], double value, gboolean single)
{
  int most = single ? 8 : 16;
  int exponent;

  for (int digits = 0; digits < most; digits++)
    {
      format_number (text, 'e', digits, value);
      if (reads_as (text, value, single))
        return digits;
      if (fabs (frexp (value, &exponent)) == 0.5)
        {
          count_up (text);
          if (reads_as (text, value, single))
            return digits;
        }
    }
  format_number (text, 'e', most, value);
  return most;
}

/* Without the zeros at the end of the digits behind the point; the point stays. */
static void
trim_zeros (char *text)
{
  gsize n = strlen (text);

  while (n > 0 && text[n - 1] == '0')
    text[--n] = '\0';
}

/* "1.5", "-2.". In an array at most PRECISION digits follow the point, and those before it are all true; a
 * scalar has its fewest digits, and zeros up to the point where they end before it. */
static void
format_positional (char text[G_ASCII_DTOSTR_BUF_SIZE], double value, gboolean single, gboolean scalar)
{
  char scientific[G_ASCII_DTOSTR_BUF_SIZE];
  int  digits = format_shortest (scientific, value, single);
  int  exponent = atoi (strchr (scientific, 'e') + 1);

  if (!scalar || exponent <= digits)
    format_number (text, 'f', CLAMP (digits - exponent, 0, scalar ? 24 : PRECISION), value);
  else
    {
      char *end = text;

      for (const char *c = scientific; *c != 'e'; c++)
        if (*c != '.')
          *end++ = *c;
      for (int i = digits; i < exponent; i++)
        *end++ = '0';
      *end = '\0';
    }
  if (strchr (text, '.') == NULL)
    strcat (text, ".");
  else
    trim_zeros (text);
}

/* Splits "1.5e-05", as printf gives it, into "1.5" and -5. */
static int
split_exponent (char *text)
{
  char *e = strchr (text, 'e');

  *e = '\0';
  return atoi (e + 1);
}

/* str (numpy.float32 (value)). */
static void
append_scalar (GString *out, double value, gboolean single)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (out, "nan");
  else if (isinf (value))
    g_string_append (out, value > 0 ? "inf" : "-inf");
  else if (value == 0 || (fabs (value) >= 1e-4 && fabs (value) < 1e16))
    {
      format_positional (text, value, single, TRUE);
      g_string_append (out, text);
      if (text[strlen (text) - 1] == '.')
        g_string_append_c (out, '0');
    }
  else
    {
      format_shortest (text, value, single);
      g_string_append (out, text);
    }
}

/* -- what the columns need -- */

typedef void (*Visit) (Printer *printer, gsize i, gpointer data);

/* Calls visit for each element that is shown. */
static void
visit_axis (Printer *printer, int axis, gsize first, gsize stride, Visit visit, gpointer data)
{
  gint64 n;

  if (axis == printer->shape->rank)
    {
      visit (printer, first, data);
      return;
    }
  n = printer->shape->dims[axis];
  stride /= (gsize) n;
  for (gint64 i = 0; i < n; i++)
    {
      if (printer->brief && n > 2 * EDGE && i == EDGE)
        i = n - EDGE;
      visit_axis (printer, axis + 1, first + (gsize) i * stride, stride, visit, data);
    }
}

typedef struct {
  double   smallest, largest; /* of the finite ones but 0, without signs */
  gboolean any, any_finite, any_nan, any_infinity, any_negative_infinity;
} Extent;

static void
measure_extent (Printer *printer, gsize i, gpointer data)
{
  Extent *extent = data;
  double  value = lw_tensor_get_value (printer->tensor, i);

  extent->any_nan |= isnan (value);
  extent->any_infinity |= isinf (value) != 0;
  extent->any_negative_infinity |= isinf (value) && value < 0;
  if (!isfinite (value))
    return;
  extent->any_finite = TRUE;
  value = fabs (value);
  if (value == 0)
    return;
  extent->smallest = extent->any ? MIN (extent->smallest, value) : value;
  extent->largest = MAX (extent->largest, value);
  extent->any = TRUE;
}

static void
measure_scientific (Printer *printer, gsize i, gpointer data)
{
  double value = lw_tensor_get_value (printer->tensor, i);
  char   text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return;
  if (format_shortest (text, value, printer->dtype == LW_FLOAT32) > PRECISION)
    format_number (text, 'e', PRECISION, value);
  printer->exponent_width = MAX (printer->exponent_width, (int) strlen (strchr (text, 'e')) - 2);
  split_exponent (text);
  if (strchr (text, '.') != NULL)
    trim_zeros (text);
  printer->left = MAX (printer->left, (int) strcspn (text, "."));
  printer->fraction = MAX (printer->fraction, (int) strlen (text) - (int) strcspn (text, ".") - 1);
}

static void
measure_positional (Printer *printer, gsize i, gpointer data)
{
  double value = lw_tensor_get_value (printer->tensor, i);
  char   text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return;
  format_positional (text, value, printer->dtype == LW_FLOAT32, FALSE);
  printer->left = MAX (printer->left, (int) strcspn (text, "."));
  printer->right = MAX (printer->right, (int) strlen (text) - (int) strcspn (text, ".") - 1);
}

static gint64
get_integer (const LwTensor *tensor, gsize i)
{
  if (lw_tensor_get_dtype (tensor) == LW_INT64)
    return ((const gint64 *) lw_tensor_get_data (tensor))[i];
  return (gint64) lw_tensor_get_value (tensor, i);
}

static void
measure_integer (Printer *printer, gsize i, gpointer data)
{
  char text[32];

  printer->left = MAX (printer->left, g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT,
                                                  get_integer (printer->tensor, i)));
}

static void
measure_floats (Printer *printer)
{
  Extent   extent = { 0 };
  gboolean single = printer->dtype == LW_FLOAT32;
  double   ratio;

  visit_axis (printer, 0, 0, lw_tensor_get_count (printer->tensor), measure_extent, &extent);
  if (extent.any)
    {
      ratio = single ? (double) ((float) extent.largest / (float) extent.smallest)
                     : extent.largest / extent.smallest;
      printer->scientific = extent.largest >= 1e8 || extent.smallest < 0.0001 || ratio > 1000;
    }
  visit_axis (printer, 0, 0, lw_tensor_get_count (printer->tensor),
              printer->scientific ? measure_scientific : measure_positional, NULL);
  if (printer->scientific)
    printer->right = printer->exponent_width + 2 + printer->fraction;
  if (extent.any_nan || extent.any_infinity)
    printer->left = MAX (printer->left, 3 + extent.any_negative_infinity - (printer->right + 1));
}

/* -- elements and axes -- */

static void
append_float (GString *out, const Printer *printer, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  int  exponent, left;

  if (!isfinite (value))
    {
      g_string_append_printf (out, "%*s", printer->left + printer->right + 1,
                              isnan (value) ? "nan" : value > 0 ? "inf" : "-inf");
      return;
    }
  if (!printer->scientific)
    {
      format_positional (text, value, printer->dtype == LW_FLOAT32, FALSE);
      left = (int) strcspn (text, ".");
      g_string_append_printf (out, "%*s%-*s", printer->left - left, "", left + 1 + printer->right, text);
      return;
    }
  if (format_shortest (text, value, printer->dtype == LW_FLOAT32) != printer->fraction)
    format_number (text, 'e', printer->fraction, value);
  exponent = split_exponent (text);
  if (printer->fraction == 0)
    strcat (text, ".");
  left = (int) strcspn (text, ".");
  g_string_append_printf (out, "%*s%se%c%0*d", printer->left - left, "", text, exponent < 0 ? '-' : '+',
                          printer->exponent_width, abs (exponent));
}

static void
append_element (GString *out, const Printer *printer, gsize i)
{
  if (printer->dtype == LW_BOOL)
    g_string_append (out, lw_tensor_get_value (printer->tensor, i) != 0 ? " True" : "False");
  else if (lw_dtype_is_floating (printer->dtype))
    append_float (out, printer, lw_tensor_get_value (printer->tensor, i));
  else
    g_string_append_printf (out, "%*" G_GINT64_FORMAT, printer->left, get_integer (printer->tensor, i));
}

static void
strip_spaces (GString *out)
{
  gsize n = out->len;

  while (n > 0 && out->str[n - 1] == ' ')
    n--;
  g_string_truncate (out, n);
}

/* The numbers of a row, on as many lines as they need. `line` counts the characters of the last one as if
 * it began with the indent. */
static void
append_row (GString *out, const Printer *printer, gsize first, int indent, int width)
{
  gint64 n = printer->shape->dims[printer->shape->rank - 1];
  int    line = indent;

  for (gint64 i = 0; i < n; i++)
    {
      gsize before = out->len;
      int   length;

      if (printer->brief && n > 2 * EDGE && i == EDGE)
        {
          g_string_append (out, "...");
          i = n - EDGE - 1;
        }
      else
        append_element (out, printer, first + (gsize) i);
      length = (int) (out->len - before);
      if (line + length > width - 1 && line > indent)
        {
          g_autofree char *word = g_strdup (out->str + before);

          g_string_truncate (out, before);
          strip_spaces (out);
          g_string_append_printf (out, "\n%*s%s", indent, "", word);
          line = indent;
        }
      line += length;
      if (i < n - 1)
        {
          g_string_append_c (out, ' ');
          line++;
        }
    }
}

static void
append_axis (GString *out, const Printer *printer, int axis, gsize first, gsize stride, int indent,
             int width)
{
  int    behind = printer->shape->rank - axis - 1;
  gint64 n = printer->shape->dims[axis];

  g_string_append_c (out, '[');
  stride /= (gsize) n;
  if (behind == 0)
    append_row (out, printer, first, indent, width);
  else
    for (gint64 i = 0; i < n; i++)
      {
        if (i > 0)
          {
            for (int line = 0; line < behind; line++)
              g_string_append_c (out, '\n');
            g_string_append_printf (out, "%*s", indent, "");
          }
        if (printer->brief && n > 2 * EDGE && i == EDGE)
          {
            g_string_append (out, "...");
            i = n - EDGE - 1;
          }
        else
          append_axis (out, printer, axis + 1, first + (gsize) i * stride, stride, indent + 1, width - 1);
      }
  g_string_append_c (out, ']');
}

char *
lw_tensor_to_string (const LwTensor *tensor)
{
  GString *out = g_string_new (NULL);
  gsize    count = lw_tensor_get_count (tensor);
  Printer  printer = { .tensor = tensor, .shape = lw_tensor_get_shape (tensor),
                       .dtype = lw_tensor_get_dtype (tensor), .brief = count > THRESHOLD };
  fenv_t   mode;

  /* Numbers too small to be normal are printed as what they are, also within a scope, whose mode takes
   * them for 0. */
  fegetenv (&mode);
  fesetenv (FE_DFL_ENV);
  if (count == 0)
    g_string_append (out, "[]");
  else if (printer.shape->rank == 0 && lw_dtype_is_floating (printer.dtype))
    append_scalar (out, lw_tensor_get_value (tensor, 0), printer.dtype == LW_FLOAT32);
  else if (printer.shape->rank == 0 && printer.dtype == LW_BOOL)
    g_string_append (out, lw_tensor_get_value (tensor, 0) != 0 ? "True" : "False");
  else if (printer.shape->rank == 0)
    append_element (out, &printer, 0);
  else
    {
      if (lw_dtype_is_floating (printer.dtype))
        measure_floats (&printer);
      else if (printer.dtype != LW_BOOL)
        visit_axis (&printer, 0, 0, count, measure_integer, NULL);
      append_axis (out, &printer, 0, 0, count, 1, LINE_WIDTH);
    }
  fesetenv (&mode);
  return g_string_free (out, FALSE);
}
