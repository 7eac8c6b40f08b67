#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

/* LwFieldControl: the control for one field of a spec, made from its LwField: a number spin for
 * INT, FLOAT and PAIR, two linked toggles or a drop-down for CHOICE, a switch for BOOL, a text entry
 * for LIST.
 *
 * Signal "edited" (GVariant *value): the person chose another value; `value` is what
 * lw_spec_with_variant() takes. Never emitted by lw_field_control_set_value(). */

G_BEGIN_DECLS

#define LW_TYPE_FIELD_CONTROL (lw_field_control_get_type ())
G_DECLARE_FINAL_TYPE (LwFieldControl, lw_field_control, LW, FIELD_CONTROL, GtkWidget)

/* `field` is kept and must outlive the control; the fields of classes are static. The control's
 * accessible name is the field's label. */
GtkWidget    *lw_field_control_new       (const LwField *field);

const LwField *lw_field_control_get_field (LwFieldControl *self);

/* Shows a value. The control is left alone if it shows it already. */
void          lw_field_control_set_value (LwFieldControl *self, const LwFieldValue *value);

/* The value shown, as a floating GVariant. */
GVariant     *lw_field_control_get_variant (LwFieldControl *self);

/* What takes the focus: the spin button, drop-down, switch, entry, or the active toggle. */
GtkWidget    *lw_field_control_get_main  (LwFieldControl *self);

G_END_DECLS
