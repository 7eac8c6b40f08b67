#include "engine/io/history_pack.h"

#include "engine/core/error.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "columns are copied as they stand in memory, which is right on little-endian machines only"
#endif

/* Format 1 has no rates. */
#define MAGIC   "LwHi\2\0\0\0"
#define MAGIC_1 "LwHi\1\0\0\0"
#define HEADER_LENGTH 16
#define HAS_NOTE 0x80

/* A column: where it stands in a point, and how wide it is in the file. */
typedef struct {
  gsize offset, width;
} Column;

/* Behind the column of kinds, which takes one byte for each point and says who has a note. */
static const Column columns[] = {
  { G_STRUCT_OFFSET (LwHistoryPoint, epoch), sizeof (gint32) },
  { G_STRUCT_OFFSET (LwHistoryPoint, step), sizeof (gint64) },
  { G_STRUCT_OFFSET (LwHistoryPoint, loss), sizeof (float) },
  { G_STRUCT_OFFSET (LwHistoryPoint, accuracy), sizeof (float) },
  { G_STRUCT_OFFSET (LwHistoryPoint, seconds), sizeof (double) },
  { G_STRUCT_OFFSET (LwHistoryPoint, n_images), sizeof (gint32) },
  { G_STRUCT_OFFSET (LwHistoryPoint, rate), sizeof (float) },
};

#define POINT_LENGTH   37
#define POINT_LENGTH_1 33
/* In the file; in a point there is less room. */
#define NOTE_LENGTH 28

GBytes *
lw_history_pack (const LwHistory *history)
{
  /* 63 million, a week of a hundred steps a second: what a GByteArray holds. */
  guint64               n = MIN (lw_history_length (history), G_MAXINT / (POINT_LENGTH + 1)), i = 0;
  GByteArray           *bytes = g_byte_array_new ();
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n_points, start = HEADER_LENGTH;

  g_byte_array_set_size (bytes, (guint) (HEADER_LENGTH + n * POINT_LENGTH));
  memcpy (bytes->data, MAGIC, 8);
  memcpy (bytes->data + 8, &n, 8);
  while (i < n && (points = lw_history_read (history, &cursor, &n_points)) != NULL)
    for (gsize k = 0; k < n_points && i < n; k++, i++)
      {
        start = HEADER_LENGTH + n;
        bytes->data[HEADER_LENGTH + i] = (guint8) points[k].kind;
        for (gsize c = 0; c < G_N_ELEMENTS (columns); c++)
          {
            memcpy (bytes->data + start + i * columns[c].width,
                    (const char *) &points[k] + columns[c].offset, columns[c].width);
            start += n * columns[c].width;
          }
        if (points[k].note[0] != '\0')
          {
            char note[NOTE_LENGTH] = { 0 };

            bytes->data[HEADER_LENGTH + i] |= HAS_NOTE;
            g_strlcpy (note, points[k].note, sizeof note);
            g_byte_array_append (bytes, (const guint8 *) note, sizeof note);
          }
      }
  return g_byte_array_free_to_bytes (bytes);
}

static LwHistory *
fail (const char *subject, GError **error)
{
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: the history of its training (layerwise.history) does not make "
                 "sense; use an earlier copy of the file"), subject);
  return NULL;
}

static gboolean
is_note (const char *note)
{
  return note[0] != '\0' && memchr (note, '\0', NOTE_LENGTH) != NULL
         && g_utf8_validate (note, -1, NULL);
}

LwHistory *
lw_history_unpack (GBytes *bytes, const char *subject, GError **error)
{
  g_autoptr(LwHistory) history = lw_history_new ();
  gsize                length, notes, point_length, n_columns;
  const guint8        *data = g_bytes_get_data (bytes, &length);
  guint64              n;
  gboolean             has_rates;

  if (length < HEADER_LENGTH || (memcmp (data, MAGIC, 8) != 0 && memcmp (data, MAGIC_1, 8) != 0))
    return fail (subject, error);
  has_rates = memcmp (data, MAGIC, 8) == 0;
  point_length = has_rates ? POINT_LENGTH : POINT_LENGTH_1;
  n_columns = G_N_ELEMENTS (columns) - (has_rates ? 0 : 1);
  memcpy (&n, data + 8, 8);
  if (n > (length - HEADER_LENGTH) / point_length)
    return fail (subject, error);
  notes = HEADER_LENGTH + n * point_length;

  for (guint64 i = 0; i < n; i++)
    {
      LwHistoryPoint point = { .rate = NAN };
      guint8         kind = data[HEADER_LENGTH + i];
      gsize          start = HEADER_LENGTH + n;

      point.kind = (LwPointKind) (kind & ~HAS_NOTE);
      for (gsize c = 0; c < n_columns; c++)
        {
          memcpy ((char *) &point + columns[c].offset, data + start + i * columns[c].width,
                  columns[c].width);
          start += n * columns[c].width;
        }
      if ((kind & ~HAS_NOTE) > LW_POINT_EVENT || point.epoch < 0 || point.step < 0
          || point.n_images < 0 || !(point.seconds >= 0.0 && point.seconds < 1e18))
        return fail (subject, error);
      if (kind & HAS_NOTE)
        {
          if (length - notes < NOTE_LENGTH || !is_note ((const char *) data + notes))
            return fail (subject, error);
          lw_history_point_set_note (&point, (const char *) data + notes);
          notes += NOTE_LENGTH;
        }
      lw_history_append (history, &point);
    }
  return notes == length ? g_steal_pointer (&history) : fail (subject, error);
}
