#include "engine/kernels/reference.h"

#include <math.h>
#include <string.h>

#define REAL float
#define REFERENCE(name) lw_reference_##name##_f32
#include "engine/kernels/reference_impl.h"
#undef REAL
#undef REFERENCE

#define REAL double
#define REFERENCE(name) lw_reference_##name##_f64
#include "engine/kernels/reference_impl.h"
#undef REAL
#undef REFERENCE
