#pragma once

#include <glib.h>

#include "engine/engine.h"

/* What a layer's card says of shapes, settings and costs. All texts are the caller's to free. */

G_BEGIN_DECLS

/* "32 filters · 3×3 · relu" has no room on a single line; "32 · 3×3 · relu" has. */
char *lw_card_shorten_summary (const char *summary);

/* "1,600" for a row of numbers, "11 × 11 × 64" for an image. */
char *lw_card_format_shape    (const LwShape *shape);

/* Where time and memory go, in two or three lines. */
char *lw_card_describe_cost   (const LwLayerCost *cost);

G_END_DECLS
