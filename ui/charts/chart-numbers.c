#include "ui/charts/chart-numbers.h"

#include <math.h>
#include <string.h>

#define MINUS   "\342\210\222" /* U+2212 */
#define PERCENT "\342\200\257%" /* U+202F before it */

/* Turns "-1234567.89" into "−1,234,567.89"; takes the string. */
static char *
dress (char *plain)
{
  GString    *dressed = g_string_new (NULL);
  const char *digits = plain;
  gsize       n_digits;

  if (*digits == '-')
    {
      digits++;
      /* A number that rounds to nothing has no sign. */
      if (strpbrk (digits, "123456789"))
        g_string_append (dressed, MINUS);
    }
  n_digits = strspn (digits, "0123456789");
  for (gsize i = 0; i < n_digits; i++)
    {
      if (i > 0 && (n_digits - i) % 3 == 0)
        g_string_append_c (dressed, ',');
      g_string_append_c (dressed, digits[i]);
    }
  g_string_append (dressed, digits + n_digits);
  g_free (plain);
  return g_string_free (dressed, FALSE);
}

static char *
fixed (double value, int decimals)
{
  char format[16];
  char buffer[G_ASCII_DTOSTR_BUF_SIZE * 12];

  g_snprintf (format, sizeof format, "%%.%df", CLAMP (decimals, 0, 12));
  return dress (g_strdup (g_ascii_formatd (buffer, sizeof buffer, format, value)));
}

static char *
exponential (double value, int decimals)
{
  int    power = (int) floor (log10 (fabs (value)) + 1e-12);
  double mantissa = value / pow (10, power);
  char  *digits;
  char  *text;

  if (power < -300) /* pow() would be subnormal */
    mantissa = value * 1e300 / pow (10, power + 300);
  digits = fixed (mantissa, fabs (mantissa - round (mantissa)) < 1e-6 ? 0 : decimals);
  text = g_strdup_printf ("%se%s%d", digits, power < 0 ? MINUS : "", ABS (power));
  g_free (digits);
  return text;
}

char *
lw_chart_format_count (gint64 count)
{
  return dress (g_strdup_printf ("%" G_GINT64_FORMAT, count));
}

char *
lw_chart_format_number (double value, int decimals)
{
  if (isnan (value))
    return g_strdup ("NaN");
  if (isinf (value))
    return g_strdup (value < 0 ? MINUS "∞" : "∞");
  if (value != 0 && (fabs (value) < 0.5 * pow (10, -decimals) || fabs (value) >= 1e6))
    return exponential (value, 1);
  return fixed (value, decimals);
}

/* Takes "1.500" and gives "1.5". */
static char *
drop_zeros (char *text)
{
  char *end = text + strlen (text);

  if (strchr (text, '.') == NULL)
    return text;
  while (end[-1] == '0')
    *--end = '\0';
  if (end[-1] == '.')
    end[-1] = '\0';
  return text;
}

char *
lw_chart_format_power (double value, int digits)
{
  g_autofree char *mantissa = NULL;
  int              power;

  if (value == 0 || !isfinite (value))
    return lw_chart_format_number (value, 0);
  power = (int) floor (log10 (fabs (value)) + 1e-12);
  power = MAX (power, -300); /* pow() would be subnormal */
  mantissa = drop_zeros (fixed (value / pow (10, power), digits - 1));
  return g_strdup_printf ("%se%s%d", mantissa, power < 0 ? MINUS : "", ABS (power));
}

char *
lw_chart_format_digits (double value, int digits)
{
  int power;

  if (value == 0 || !isfinite (value))
    return lw_chart_format_number (value, 0);
  power = (int) floor (log10 (fabs (value)) + 1e-12);
  if (power < -4 || power >= 6)
    return lw_chart_format_power (value, digits);
  return drop_zeros (fixed (value, MAX (digits - 1 - power, 0)));
}

char *
lw_chart_format_percent (double share, int decimals)
{
  g_autofree char *number = NULL;

  if (!isfinite (share))
    return g_strdup ("NaN");
  number = fixed (share * 100, decimals);
  return g_strconcat (number, PERCENT, NULL);
}

char *
lw_chart_format_tick (double value, double step)
{
  double digit = step > 0 ? step : fabs (value);
  int    decimals;

  if (value == 0)
    return g_strdup ("0");
  if (fabs (value) >= (step > 0 ? 1e8 : 1e6) || fabs (value) < 1e-4)
    return exponential (value, 1);
  decimals = digit >= 1 ? 0 : (int) ceil (-log10 (digit) - 1e-9);
  /* 2.5 has its digit behind a step of 2.5, not of 2. */
  if (step > 0 && fabs (step * pow (10, decimals) - round (step * pow (10, decimals))) > 1e-6)
    decimals++;
  return fixed (value, decimals);
}

char *
lw_chart_format_time (double seconds, int decimals)
{
  gint64 whole;

  if (!isfinite (seconds) || seconds < 0)
    return g_strdup ("—");
  if (seconds < 60)
    {
      g_autofree char *number = fixed (seconds, decimals);

      return g_strconcat (number, "\302\240s", NULL);
    }
  whole = (gint64) (seconds + 0.5);
  if (whole < 3600)
    return g_strdup_printf ("%d:%02d", (int) (whole / 60), (int) (whole % 60));
  return g_strdup_printf ("%" G_GINT64_FORMAT ":%02d:%02d",
                          whole / 3600,
                          (int) (whole / 60 % 60),
                          (int) (whole % 60));
}
