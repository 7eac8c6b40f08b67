#pragma once

/* The engine's one public header: what app/ and ui/ may know, in the data's own order. */

#include "engine/core/error.h"
#include "engine/core/shape.h"
#include "engine/core/tensor.h"
#include "engine/data/idx.h"
#include "engine/data/images.h"
#include "engine/data/npz.h"
#include "engine/nn/spec.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/model_spec.h"
#include "engine/nn/schedule.h"
#include "engine/nn/summary.h"
#include "engine/train/settings.h"
#include "engine/train/history.h"
#include "engine/train/state.h"
#include "engine/train/training.h"
#include "engine/train/inference.h"
#include "engine/train/predictor.h"
#include "engine/train/trainer.h"
#include "engine/io/keras_archive.h"
#include "engine/io/keras_config.h"
