#pragma once

#include <glib.h>

/* What the tests of file formats share: places for files, damage on purpose, and what an error must
 * be. */

G_BEGIN_DECLS

/* A path in the test's own temporary folder. */
char     *test_path          (const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the test's folder and what is in it; to be called last in main(). */
void      test_remove_folder (void);

/* A file of the fixture `model`, tests/golden/fixtures/MODEL/NAME. */
char     *test_fixture       (const char *model, const char *name) G_GNUC_WARN_UNUSED_RESULT;

GBytes   *test_read          (const char *path) G_GNUC_WARN_UNUSED_RESULT;
void      test_write         (const char *path, gconstpointer data, gsize length);

/* Asserts that an error was set and is a sentence in one line that has `part` in it (or any). */
void      test_check_error   (const GError *error, const char *part);

/* Damages a copy of the bytes, in a way that depends on `number` only: flips a bit, overwrites a few
 * bytes, cuts the end off, or repeats a part. */
GByteArray *test_damage      (GBytes *bytes, guint number) G_GNUC_WARN_UNUSED_RESULT;

/* A ZIP archive with stored members; `flags` 1 gives each a wrong CRC. Names may be anything. */
GByteArray *test_make_zip    (guint n, const char *const *names, GBytes *const *members,
                              guint flags) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
