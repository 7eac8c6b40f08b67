#include "tests/bench/bench.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

double
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static int
compare_doubles (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_median (guint n, double *values)
{
  if (n == 0)
    return (double) NAN;
  qsort (values, n, sizeof (double), compare_doubles);
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct _BenchReport {
  JsonBuilder *json; /* NULL: a table as it goes */
  char        *section;
};

BenchReport *
bench_report_new (gboolean json)
{
  BenchReport *report = g_new0 (BenchReport, 1);

  if (json)
    {
      report->json = json_builder_new ();
      json_builder_begin_object (report->json);
      json_builder_set_member_name (report->json, "version");
      json_builder_add_string_value (report->json, LW_VERSION);
      json_builder_set_member_name (report->json, "rows");
      json_builder_begin_array (report->json);
    }
  else
    g_print ("%-40s %7s %12s %-10s %7s %10s\n", "", "threads", "", "", "ideal", "us");
  return report;
}

void
bench_report_free (BenchReport *report)
{
  if (report->json != NULL)
    {
      g_autoptr (JsonGenerator) generator = json_generator_new ();
      g_autoptr (JsonNode)      root = NULL;
      g_autofree char          *text = NULL;

      json_builder_end_array (report->json);
      json_builder_end_object (report->json);
      root = json_builder_get_root (report->json);
      json_generator_set_root (generator, root);
      json_generator_set_pretty (generator, TRUE);
      text = json_generator_to_data (generator, NULL);
      g_print ("%s\n", text);
      g_object_unref (report->json);
    }
  g_free (report->section);
  g_free (report);
}

void
bench_report_section (BenchReport *report, const char *title)
{
  g_free (report->section);
  report->section = g_strdup (title);
  if (report->json == NULL)
    g_print ("\n%s\n", title);
}

static void
add_number (JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name (json, name);
  if (isfinite (value))
    json_builder_add_double_value (json, value);
  else
    json_builder_add_null_value (json);
}

static void
add_row (JsonBuilder *json, const char *section, const BenchRow *row)
{
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "section");
  json_builder_add_string_value (json, section);
  json_builder_set_member_name (json, "name");
  json_builder_add_string_value (json, row->name);
  if (row->threads > 0)
    {
      json_builder_set_member_name (json, "threads");
      json_builder_add_int_value (json, row->threads);
    }
  add_number (json, "value", row->value);
  json_builder_set_member_name (json, "unit");
  json_builder_add_string_value (json, row->unit);
  if (row->share > 0)
    add_number (json, "share_of_ideal", row->share);
  if (row->microseconds > 0)
    add_number (json, "microseconds", row->microseconds);
  json_builder_end_object (json);
}

/* Five digits are more than any figure here is worth. */
static int
decimals (double value)
{
  return fabs (value) >= 1000 ? 0 : fabs (value) >= 100 ? 1 : 2;
}

void
bench_report_row (BenchReport *report, const BenchRow *row)
{
  char threads[16] = "", share[16] = "", microseconds[32] = "";

  if (report->json != NULL)
    {
      add_row (report->json, report->section != NULL ? report->section : "", row);
      return;
    }
  if (row->threads > 0)
    g_snprintf (threads, sizeof threads, "%d", row->threads);
  if (row->share > 0)
    g_snprintf (share, sizeof share, "%.1f %%", 100 * row->share);
  if (row->microseconds > 0)
    g_snprintf (microseconds, sizeof microseconds, "%.*f", decimals (row->microseconds),
                row->microseconds);
  g_print ("  %-38s %7s %12.*f %-10s %7s %10s\n", row->name, threads, decimals (row->value),
           row->value, row->unit, share, microseconds);
}
