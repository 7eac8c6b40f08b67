#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* LwCompareTable: what differs between runs, as text: a column for each run, a row for each thing. Filled
 * by its maker, then not changed any more; refcounted. */

typedef enum {
  LW_COMPARE_MODEL,
  LW_COMPARE_TRAINING,
  LW_COMPARE_RESULTS,
} LwCompareSection;

typedef struct {
  LwCompareSection section;
  char            *label; /* "conv2d filters", "learning rate" */
  char           **cells; /* one for each column; NULL: there is none */
  gboolean        *best;  /* results: the best of the row */
} LwCompareRow;

typedef struct {
  char *name;
  guint slot;
} LwCompareColumn;

typedef struct {
  guint            n_columns;
  LwCompareColumn *columns;
  GPtrArray       *rows; /* LwCompareRow, by section */
  /*< private >*/
  gatomicrefcount  ref_count;
} LwCompareTable;

LwCompareTable     *lw_compare_table_new        (guint             n_columns) G_GNUC_WARN_UNUSED_RESULT;
LwCompareTable     *lw_compare_table_ref        (LwCompareTable   *self);
void                lw_compare_table_unref      (LwCompareTable   *self);

void                lw_compare_table_set_column (LwCompareTable   *self,
                                                 guint             column,
                                                 const char       *name,
                                                 guint             slot);

/* A row without cells, behind the others; borrowed, to be filled. Takes the label. */
LwCompareRow       *lw_compare_table_add_row    (LwCompareTable   *self,
                                                 LwCompareSection  section,
                                                 char             *label);

/* How many rows are settings rather than results. */
guint               lw_compare_table_n_settings (LwCompareTable   *self);

/* "Model", "Training", "Results", in the user's language. */
const char         *lw_compare_section_name     (LwCompareSection  section);

/* The table as lines of cells with tabs between them, for a spreadsheet: names of the runs first. */
char               *lw_compare_table_to_tsv     (LwCompareTable   *self) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwCompareTable, lw_compare_table_unref)

G_END_DECLS
