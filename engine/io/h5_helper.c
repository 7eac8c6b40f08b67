#include "engine/io/h5_protocol.h"

#include <hdf5.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* layerwise-read-h5: reads an HDF5 file that nobody vouches for, in a process of its own.
 *
 * libhdf5 crashes on some damaged files and can be made to use any amount of time and memory. Here
 * that costs nobody anything: the process has small limits, opens no other file, and hands back plain
 * arrays. See h5_protocol.h. */

#define MAX_DEPTH 8
#define MAX_OBJECTS 20000
#define CPU_SECONDS 20
#define WALL_SECONDS 30

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

typedef struct {
  char     path[LW_H5_MAX_PATH + 1];
  size_t   length;
  int      depth;
  unsigned n_objects, n_arrays;
  uint64_t limit; /* bytes of elements that may still be handed back */
} Walk;

static _Noreturn void
leave (int code)
{
  /* Not exit(): the library may be in no state to clean up. */
  fflush (stdout);
  _exit (code);
}

static void
set_limit (int resource, uint64_t value)
{
  struct rlimit limit = { value, value };

  setrlimit ((__rlimit_resource_t) resource, &limit);
}

static void
confine (uint64_t memory)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  set_limit (RLIMIT_CORE, 0);
  set_limit (RLIMIT_CPU, CPU_SECONDS);
  /* No further descriptor: whatever the file says, no other file is opened. */
  set_limit (RLIMIT_NOFILE, 3);
#ifndef SANITIZED
  set_limit (RLIMIT_AS, memory);
#endif
  alarm (WALL_SECONDS);
}

static void
put (const void *data, size_t size)
{
  if (size > 0 && fwrite (data, 1, size, stdout) != size)
    leave (LW_H5_DAMAGED);
}

/* Everything that would make the library look outside the file, or load code. */
static bool
is_plain_storage (hid_t dataset)
{
  hid_t list = H5Dget_create_plist (dataset);
  bool  plain;
  int   n;

  if (list < 0)
    return false;
  plain = H5Pget_layout (list) >= H5D_COMPACT && H5Pget_layout (list) <= H5D_CHUNKED
          && H5Pget_external_count (list) == 0;
  n = plain ? H5Pget_nfilters (list) : 0;
  for (int i = 0; i < n && plain; i++)
    {
      unsigned     flags, config;
      size_t       n_values = 0;
      H5Z_filter_t filter = H5Pget_filter2 (list, (unsigned) i, &flags, &n_values, NULL, 0, NULL,
                                            &config);

      plain = filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE
              || filter == H5Z_FILTER_FLETCHER32;
    }
  H5Pclose (list);
  return plain && n >= 0;
}

static void
hand_back (Walk *walk, hid_t dataset)
{
  LwH5Record record = { 0 };
  hsize_t    dims[H5S_MAX_RANK] = { 0 };
  uint64_t   sizes[LW_H5_MAX_RANK] = { 0 }, count = 1;
  hid_t      type = H5Dget_type (dataset), space = H5Dget_space (dataset);
  int        rank = space >= 0 ? H5Sget_simple_extent_ndims (space) : -1;
  void      *data;

  if (type < 0 || rank < 0)
    leave (LW_H5_DAMAGED);
  switch (H5Tget_class (type))
    {
    case H5T_FLOAT: record.kind = LW_H5_FLOAT32; break;
    case H5T_INTEGER: record.kind = LW_H5_INT64; break;
    default: break;
    }
  if (record.kind == LW_H5_END || rank > LW_H5_MAX_RANK
      || H5Sget_simple_extent_type (space) == H5S_NULL)
    {
      H5Tclose (type);
      H5Sclose (space);
      return;
    }
  if (!is_plain_storage (dataset))
    leave (LW_H5_FOREIGN);
  if (rank > 0 && H5Sget_simple_extent_dims (space, dims, NULL) != rank)
    leave (LW_H5_DAMAGED);
  record.size = record.kind == LW_H5_FLOAT32 ? 4 : 8;
  for (int i = 0; i < rank; i++)
    {
      sizes[i] = dims[i];
      if (__builtin_mul_overflow (count, sizes[i], &count))
        leave (LW_H5_TOO_LARGE);
    }
  if (__builtin_mul_overflow (record.size, count, &record.size) || record.size > walk->limit
      || ++walk->n_arrays > LW_H5_MAX_ARRAYS)
    leave (LW_H5_TOO_LARGE);
  walk->limit -= record.size;

  /* Cleared: an element that the library leaves alone must not tell what was in memory. */
  data = calloc (1, record.size > 0 ? record.size : 1);
  if (data == NULL)
    leave (LW_H5_TOO_LARGE);
  if (count > 0
      && H5Dread (dataset, record.kind == LW_H5_FLOAT32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64,
                  H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    leave (LW_H5_DAMAGED);
  record.path_length = (uint32_t) walk->length;
  record.rank = (uint32_t) rank;
  put (&record, sizeof record);
  put (walk->path, walk->length);
  put (sizes, (size_t) rank * sizeof sizes[0]);
  put (data, record.size);
  free (data);
  H5Tclose (type);
  H5Sclose (space);
}

static herr_t
visit (hid_t group, const char *name, const H5L_info_t *link, void *user_data)
{
  Walk  *walk = user_data;
  size_t before = walk->length, added = strlen (name);
  hid_t  object;

  if (++walk->n_objects > MAX_OBJECTS)
    leave (LW_H5_TOO_LARGE);
  if (before == 0 && strcmp (name, "layers") != 0 && strcmp (name, "optimizer") != 0
      && strcmp (name, "_layer_checkpoint_dependencies") != 0)
    return 0;
  if (link->type != H5L_TYPE_HARD)
    leave (LW_H5_FOREIGN);
  if (before + 1 + added > LW_H5_MAX_PATH)
    leave (LW_H5_DAMAGED);
  if (before > 0)
    walk->path[walk->length++] = '/';
  memcpy (walk->path + walk->length, name, added + 1);
  walk->length += added;

  object = H5Oopen (group, name, H5P_DEFAULT);
  if (object < 0)
    leave (LW_H5_DAMAGED);
  switch (H5Iget_type (object))
    {
    case H5I_GROUP:
      /* A group may be its own grandchild. */
      if (walk->depth >= MAX_DEPTH)
        leave (LW_H5_DAMAGED);
      walk->depth++;
      if (H5Literate (object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, visit, walk) < 0)
        leave (LW_H5_DAMAGED);
      walk->depth--;
      break;
    case H5I_DATASET:
      hand_back (walk, object);
      break;
    default:
      break;
    }
  H5Oclose (object);
  walk->length = before;
  walk->path[before] = '\0';
  return 0;
}

static char *
read_input (size_t *size)
{
  struct stat info;
  char       *data;
  size_t      done = 0;

  if (fstat (STDIN_FILENO, &info) != 0 || !S_ISREG (info.st_mode) || info.st_size <= 0)
    leave (LW_H5_DAMAGED);
  *size = (size_t) info.st_size;
  data = malloc (*size);
  if (data == NULL)
    leave (LW_H5_TOO_LARGE);
  while (done < *size)
    {
      ssize_t n = read (STDIN_FILENO, data + done, *size - done);

      if (n <= 0)
        leave (LW_H5_DAMAGED);
      done += (size_t) n;
    }
  return data;
}

int
main (int argc, char **argv)
{
  LwH5Record  end = { LW_H5_END };
  Walk        walk = { 0 };
  struct stat info;
  uint64_t    memory = (uint64_t) 256 << 20;
  size_t      size;
  char       *data;
  hid_t       access, file;

  if (argc != 2 || fstat (STDIN_FILENO, &info) != 0)
    return LW_H5_DAMAGED;
  walk.limit = strtoull (argv[1], NULL, 10);
  /* The input here, the library's copy of it, the arrays, and what reading takes besides. */
  memory += 2 * (uint64_t) info.st_size + 2 * walk.limit;
  confine (memory);

  data = read_input (&size);
  if (H5open () < 0 || H5Eset_auto2 (H5E_DEFAULT, NULL, NULL) < 0 || H5PLset_loading_state (0) < 0)
    leave (LW_H5_DAMAGED);
  access = H5Pcreate (H5P_FILE_ACCESS);
  if (access < 0 || H5Pset_fapl_core (access, 65536, 0) < 0
      || H5Pset_file_image (access, data, size) < 0)
    leave (LW_H5_TOO_LARGE);
  free (data);
  file = H5Fopen ("weights", H5F_ACC_RDONLY, access);
  if (file < 0)
    leave (LW_H5_DAMAGED);

  put (LW_H5_MAGIC, 8);
  if (H5Literate (file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, visit, &walk) < 0)
    leave (LW_H5_DAMAGED);
  put (&end, sizeof end);
  if (fflush (stdout) != 0)
    leave (LW_H5_DAMAGED);
  leave (LW_H5_DONE);
}
