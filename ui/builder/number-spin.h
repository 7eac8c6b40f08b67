#pragma once

#include <gtk/gtk.h>

/* LwNumberSpin: a GtkSpinButton for the numbers of a network. It steps as people think of them
 * (1, 2, 5, 10 for a learning rate; doubling for a batch size; both sides at once for a kernel),
 * takes what they type ("1e-4", "1/255", "3", "3x5", "3 × 5"), can show a word at either end of its
 * range ("auto", "off", "whole set"), and does not change when the list around it is scrolled.
 *
 * Signal "edited" (): the person changed the value; never emitted by the setters. */

G_BEGIN_DECLS

typedef enum {
  LW_NUMBER_STEP_EVEN,     /* by `increment` */
  LW_NUMBER_STEP_DECADES,  /* 1, 2, 5, 10, 20, … */
  LW_NUMBER_STEP_DOUBLING, /* 1, 2, 4, 8, … */
  LW_NUMBER_STEP_PAIR,     /* two whole numbers, both by one */
} LwNumberStep;

typedef struct {
  LwNumberStep step;
  gboolean     whole;     /* no fractions; pairs are always whole */
  double       minimum, maximum;
  double       increment; /* EVEN */
  double       smallest;  /* DECADES: the first step above a minimum of 0 */
  const char  *low_word;  /* translated; stands for the minimum, or NULL */
  const char  *high_word; /* translated; stands for the maximum, or NULL */
} LwNumberRange;

#define LW_TYPE_NUMBER_SPIN (lw_number_spin_get_type ())
G_DECLARE_FINAL_TYPE (LwNumberSpin, lw_number_spin, LW, NUMBER_SPIN, GtkWidget)

/* For a pair, minimum and maximum hold for each side, and a minimum of 0 means {0, 0}, shown by
 * `low_word`; one side alone is never 0. */
GtkWidget     *lw_number_spin_new        (const LwNumberRange *range);

/* Both do nothing, not even to half-typed text, if the value is the one shown. */
void           lw_number_spin_set_value  (LwNumberSpin *self, double value);
void           lw_number_spin_set_pair   (LwNumberSpin *self, const gint64 pair[2]);
double         lw_number_spin_get_value  (LwNumberSpin *self);
void           lw_number_spin_get_pair   (LwNumberSpin *self, gint64 pair[2]);

/* The GtkSpinButton within: what has the focus and the accessible name. */
GtkWidget     *lw_number_spin_get_button (LwNumberSpin *self);

/* How a fraction is written here: up to 6 digits, "1e-7" rather than "1e-07". Newly allocated. */
char          *lw_number_spin_format     (double value) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
