#pragma once

#include "engine/ops/ops.h"

/* LW_TENSOR (s, value): a constant whose shape and dtype are read off a C value, as tf.constant() reads
 * them off Python's. The value is a number, a compound literal, or an array that has a name:
 *
 *   LW_TENSOR (s, 3)                                      int32, rank 0
 *   LW_TENSOR (s, 3.5)                                    float32, rank 0
 *   LW_TENSOR (s, ((float[2][2]) {{1, 2}, {3, 4}}))       float32, 2×2
 *   LW_TENSOR (s, table)                                  of `static const gint64 table[4][3]`: int64, 4×3
 *
 * A bare number is a literal, and gets the dtype that TensorFlow gives a literal: int32 for an int, float32
 * for 3.5 and 3.5f alike. (A constant that C makes a long, 3000000000, is int64.) An array says what
 * its elements are, and keeps it, as a NumPy array does: float is float32, double float64, int and gint32
 * int32, long and gint64 int64, guint8 uint8, bool (_Bool, of stdbool.h) bool; note that gboolean is an int.
 * Another element type, and a pointer, whose length nobody knows, do not compile. Arrays have 1 to LW_MAX_RANK
 * axes, none of them empty: lw_fill() makes those. The data is copied; `value` is evaluated once.
 *
 * LW_TENSOR_AS (s, dtype, value) is lw_cast() of it: LW_TENSOR_AS (s, LW_FLOAT64, 3) is a float64, but write
 * LW_TENSOR (s, ((double[1]) {0.1})) where the digits behind float32's count. LW_NAMED (name, tensor) gives
 * a new tensor its name and is the tensor: LW_NAMED ("a", LW_TENSOR (s, 2)). */

G_BEGIN_DECLS

#define LW_TENSOR(s, ...)                                                                          \
  (__extension__ ({                                                                                \
    typedef __typeof__ (__VA_ARGS__)         LwAxis0;                                              \
    typedef __typeof__ (LW_LITERAL_ (LwAxis0)) LwAxis1;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis1)) LwAxis2;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis2)) LwAxis3;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis3)) LwAxis4;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis4)) LwAxis5;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis5)) LwAxis6;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis6)) LwAxis7;                                            \
    typedef __typeof__ (LW_LITERAL_ (LwAxis7)) LwAxis8;                                            \
    const gint64 lw_dims[LW_MAX_RANK] = {                                                          \
      LW_LITERAL_DIM_ (0, 1), LW_LITERAL_DIM_ (1, 2), LW_LITERAL_DIM_ (2, 3),                      \
      LW_LITERAL_DIM_ (3, 4), LW_LITERAL_DIM_ (4, 5), LW_LITERAL_DIM_ (5, 6),                      \
      LW_LITERAL_DIM_ (6, 7), LW_LITERAL_DIM_ (7, 8),                                              \
    };                                                                                             \
    __auto_type lw_value = (__VA_ARGS__);                                                          \
    _Static_assert (!__builtin_types_compatible_p (LwAxis0, __typeof__ (lw_value))                 \
                        || !LW_LITERAL_IS_ARRAY_ (LwAxis0),                                        \
                    "LW_TENSOR takes a number or an array, not a pointer");                        \
    lw_constant_literal ((s), LW_LITERAL_DTYPE_ (LwAxis8, LW_LITERAL_IS_ARRAY_ (LwAxis0)),         \
                         LW_LITERAL_IS_ARRAY_ (LwAxis0) ? lw_dims : NULL, sizeof (LwAxis8),        \
                         &lw_value);                                                               \
  }))

#define LW_TENSOR_AS(s, dtype, ...) lw_cast ((s), LW_TENSOR ((s), __VA_ARGS__), (dtype))
#define LW_NAMED(name, tensor) lw_constant_name ((name), (tensor))

/* What the macros are made of. An array decays to a pointer in _Generic; of an array LW_LITERAL_ gives the
 * type of an element, of a number its own. */
#define LW_LITERAL_IS_ARRAY_(type)                                                                 \
  _Generic (*(type *) 0, float : 0, double : 0, int : 0, long : 0, long long : 0, unsigned char : 0,          \
            _Bool : 0, default : 1)
#define LW_LITERAL_(type)                                                                          \
  *__builtin_choose_expr (LW_LITERAL_IS_ARRAY_ (type), *(type *) 0, (type *) 0)
#define LW_LITERAL_DIM_(outer, inner)                                                              \
  (LW_LITERAL_IS_ARRAY_ (LwAxis##outer) ? (gint64) (sizeof (LwAxis##outer) / sizeof (LwAxis##inner)) : -1)
#define LW_LITERAL_DTYPE_(type, is_array)                                                          \
  _Generic (*(type *) 0, float : LW_FLOAT32, double : is_array ? LW_FLOAT64 : LW_FLOAT32, int : LW_INT32,     \
            long : sizeof (long) == 8 ? LW_INT64 : LW_INT32, long long : LW_INT64,                 \
            unsigned char : LW_UINT8, _Bool : LW_BOOL)

/* dims: LW_MAX_RANK sizes, -1 from the rank on, and `value` the address of a pointer to the elements; or NULL
 * and the address of one number. element_size 8 of a float32: the number is a double. */
LwTensor *lw_constant_literal (LwScope *s, LwDType dtype, const gint64 *dims, gsize element_size,
                               gconstpointer value);
LwTensor *lw_constant_name    (const char *name, LwTensor *tensor);

G_END_DECLS
