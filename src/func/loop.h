/* Typed loops for kernels. Arguments are FLAT or CONST; the loops are split by form so that the
 * compiler can vectorise them. Names ending in _ belong to the macros. */
#ifndef WEIR_FUNC_LOOP_H
#define WEIR_FUNC_LOOP_H
#include "func/func.h"

#define WEIR_PTR(T, c)                                                                             \
    ((c)->data ? (const T *)(const void *)(c)->data->p + (c)->off : (const T *)NULL)
#define WEIR_ONCE(c) ((c)->form == WEIR_CONST)

/* o_[i] = EXPR over a (TA, argument 0). */
#define WEIR_MAP1(TA, TO, call, EXPR)                                                              \
    do {                                                                                           \
        TO *o_;                                                                                    \
        WEIR_TRY(weir_out_fixed(ctx, (call), &o_));                                                \
        const TA *pa_ = WEIR_PTR(TA, &(call)->arg[0]);                                             \
        int64_t n_ = (call)->len;                                                                  \
        if (WEIR_ONCE(&(call)->arg[0])) {                                                          \
            TA a = pa_[0];                                                                         \
            for (int64_t i = 0; i < n_; i++) o_[i] = (TO)(EXPR);                                   \
        } else {                                                                                   \
            for (int64_t i = 0; i < n_; i++) {                                                     \
                TA a = pa_[i];                                                                     \
                o_[i] = (TO)(EXPR);                                                                \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* o_[i] = EXPR over a (TA) and b (TB). */
#define WEIR_MAP2(TA, TB, TO, call, EXPR)                                                          \
    do {                                                                                           \
        TO *o_;                                                                                    \
        WEIR_TRY(weir_out_fixed(ctx, (call), &o_));                                                \
        const TA *pa_ = WEIR_PTR(TA, &(call)->arg[0]);                                             \
        const TB *pb_ = WEIR_PTR(TB, &(call)->arg[1]);                                             \
        int64_t n_ = (call)->len;                                                                  \
        bool ka_ = WEIR_ONCE(&(call)->arg[0]), kb_ = WEIR_ONCE(&(call)->arg[1]);                   \
        if (!ka_ && !kb_) {                                                                        \
            for (int64_t i = 0; i < n_; i++) {                                                     \
                TA a = pa_[i];                                                                     \
                TB b = pb_[i];                                                                     \
                o_[i] = (TO)(EXPR);                                                                \
            }                                                                                      \
        } else if (!ka_) {                                                                         \
            TB b = pb_[0];                                                                         \
            for (int64_t i = 0; i < n_; i++) {                                                     \
                TA a = pa_[i];                                                                     \
                o_[i] = (TO)(EXPR);                                                                \
            }                                                                                      \
        } else {                                                                                   \
            TA a = pa_[0];                                                                         \
            for (int64_t i = 0; i < n_; i++) {                                                     \
                TB b = pb_[kb_ ? 0 : i];                                                           \
                o_[i] = (TO)(EXPR);                                                                \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* Aggregates: the slot of row i; slot s. */
#define WEIR_SLOT(T, a, i) (&((T *)(a)->slots)[(a)->slot[i]])
#define WEIR_SLOT_AT(T, a, s) (&((T *)(a)->slots)[s])

/* Rows that are not null, for kernels that build strings or lists. */
#define WEIR_EACH(call, i)                                                                         \
    for (int64_t i = 0; i < (call)->len; i++)                                                      \
        if (!weir_call_null((call), i))

/* Starts a builder of the result type with room for every row. */
static inline weir_rc weir_out_start(weir_ctx *ctx, weir_call *c, weir_build *b) {
    WEIR_TRY(weir_build_init(ctx, b, c->out->type));
    return weir_build_reserve(b, c->len);
}
#define WEIR_COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define WEIR_FAMILY(id, label, rows)                                                               \
    const weir_fn_family id = {label, rows, WEIR_COUNT(rows), NULL, 0}
#define WEIR_AGG_FAMILY(id, label, rows)                                                           \
    const weir_fn_family id = {label, NULL, 0, rows, WEIR_COUNT(rows)}

/* Argument i as an integer of whatever integral kind. */
static inline int64_t weir_get_int(const weir_column *c, int64_t i) {
    switch (weir_type_width(c->type)) {
    case 1: return WEIR_AT_ROW(int8_t, c, i);
    case 2: return WEIR_AT_ROW(int16_t, c, i);
    case 4: return WEIR_AT_ROW(int32_t, c, i);
    default: return WEIR_AT_ROW(int64_t, c, i);
    }
}
#endif
