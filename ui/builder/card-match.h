#pragma once

#include <glib.h>

#include "engine/engine.h"

G_BEGIN_DECLS

/* Which of the old cards, of LwLayerCard, goes on for each layer of `model`: first by name, then, for a layer
 * that was renamed, by place. Cards taken are cleared from `old`; layers without one have NULL. The array is the
 * caller's, the cards are borrowed. */
GPtrArray *lw_match_cards (const LwModelSpec *model, GPtrArray *old) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
