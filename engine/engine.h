#pragma once

/* The engine's one public header: what app/ and ui/ may know, in the data's own order. */

#include "engine/core/error.h"
#include "engine/core/shape.h"
#include "engine/nn/spec.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/model_spec.h"
#include "engine/train/settings.h"
#include "engine/train/history.h"
