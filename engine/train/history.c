#include "engine/train/history.h"

#include <stdatomic.h>

#define CHUNK_LENGTH 1024

typedef struct _Chunk Chunk;

struct _Chunk {
  _Atomic (Chunk *) next;
  LwHistoryPoint    points[CHUNK_LENGTH];
};

struct _LwHistory {
  gatomicrefcount ref_count;
  _Atomic gsize   length;
  Chunk          *first;
  Chunk          *last; /* the writer's alone */
};

static Chunk *
chunk_new (void)
{
  Chunk *chunk = g_new (Chunk, 1);

  atomic_init (&chunk->next, NULL);
  return chunk;
}

LwHistory *
lw_history_new (void)
{
  LwHistory *history = g_new0 (LwHistory, 1);

  g_atomic_ref_count_init (&history->ref_count);
  atomic_init (&history->length, 0);
  history->first = history->last = chunk_new ();
  return history;
}

LwHistory *
lw_history_ref (LwHistory *history)
{
  g_atomic_ref_count_inc (&history->ref_count);
  return history;
}

void
lw_history_unref (LwHistory *history)
{
  if (!g_atomic_ref_count_dec (&history->ref_count))
    return;

  for (Chunk *chunk = history->first; chunk != NULL;)
    {
      Chunk *next = atomic_load_explicit (&chunk->next, memory_order_relaxed);

      g_free (chunk);
      chunk = next;
    }
  g_free (history);
}

void
lw_history_append (LwHistory *history, const LwHistoryPoint *point)
{
  gsize length = atomic_load_explicit (&history->length, memory_order_relaxed);
  gsize place = length % CHUNK_LENGTH;

  if (place == 0 && length > 0)
    {
      Chunk *chunk = chunk_new ();

      atomic_store_explicit (&history->last->next, chunk, memory_order_release);
      history->last = chunk;
    }
  history->last->points[place] = *point;
  atomic_store_explicit (&history->length, length + 1, memory_order_release);
}

void
lw_history_point_set_note (LwHistoryPoint *point, const char *note)
{
  const char *end;

  g_strlcpy (point->note, note, sizeof point->note);
  g_utf8_validate (point->note, -1, &end);
  point->note[end - point->note] = '\0';
}

gsize
lw_history_length (const LwHistory *history)
{
  return atomic_load_explicit (&history->length, memory_order_acquire);
}

const LwHistoryPoint *
lw_history_read (const LwHistory *history, LwHistoryCursor *cursor, gsize *n_points)
{
  gsize  length = lw_history_length (history);
  gsize  place = cursor->index % CHUNK_LENGTH;
  Chunk *chunk = cursor->chunk;

  *n_points = 0;
  if (cursor->index >= length)
    return NULL;

  if (chunk == NULL)
    chunk = history->first;
  else if (place == 0)
    chunk = atomic_load_explicit (&chunk->next, memory_order_acquire);

  *n_points = MIN (CHUNK_LENGTH - place, length - cursor->index);
  cursor->chunk = chunk;
  cursor->index += *n_points;
  return chunk->points + place;
}
