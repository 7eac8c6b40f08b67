#pragma once

#include <glib.h>

/* LwZipReader: reads a ZIP archive (stored or deflated members, Zip64) that may be damaged or
 * hostile. Every size is checked against the file before anybody allocates by it, and a member's
 * CRC is always checked at its end. Used from one thread at a time. */

G_BEGIN_DECLS

typedef struct _LwZipReader LwZipReader;
typedef struct _LwZipMember LwZipMember;

/* No member may be larger than this, whatever the archive says. */
#define LW_ZIP_MAX_SIZE (G_GUINT64_CONSTANT (8) << 30)

/* Opens a regular file as an archive of at most `max_members`. LW_ERROR_FILE and a sentence that
 * names the file otherwise. */
LwZipReader *lw_zip_reader_open          (const char *path, guint max_members,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same with an archive in memory (referenced), which messages call `subject`. */
LwZipReader *lw_zip_reader_open_bytes    (GBytes *bytes, const char *subject, guint max_members,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void         lw_zip_reader_close         (LwZipReader *reader);

guint64      lw_zip_reader_get_file_size (LwZipReader *reader);
guint        lw_zip_reader_get_n_members (LwZipReader *reader);
/* The file's name for messages. */
const char  *lw_zip_reader_get_subject   (LwZipReader *reader);
/* Member i's name, as it stands in the archive. */
const char  *lw_zip_reader_get_name      (LwZipReader *reader, guint i);
/* What member i takes in the file, by the archive's list. */
guint64      lw_zip_reader_get_packed_size (LwZipReader *reader, guint i);
/* The first member of that name; -1 if there is none. */
int          lw_zip_reader_find          (LwZipReader *reader, const char *name);
/* How many members bear that name: more than one is a mark of a forged archive. */
guint        lw_zip_reader_count         (LwZipReader *reader, const char *name);

/* Reading one member front to back. Its size is what the directory says, at most LW_ZIP_MAX_SIZE and
 * plausible: deflate cannot shrink anything more than 1032 times. */
LwZipMember *lw_zip_member_open          (LwZipReader *reader, guint i,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint64      lw_zip_member_get_size      (LwZipMember *member);
/* Exactly `length` bytes. */
gboolean     lw_zip_member_read          (LwZipMember *member, gpointer buffer, gsize length,
                                          GError **error);
/* To be called when all has been read: checks that the member ends here, and its CRC. */
gboolean     lw_zip_member_finish        (LwZipMember *member, GError **error);
void         lw_zip_member_close         (LwZipMember *member);

/* A whole member of at most `limit` bytes, CRC checked, a 0 behind its end. */
GBytes      *lw_zip_reader_read          (LwZipReader *reader, guint i, gsize limit,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwZipReader, lw_zip_reader_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwZipMember, lw_zip_member_close)

G_END_DECLS
