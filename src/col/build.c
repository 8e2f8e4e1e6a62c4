/* Owns builders: growing columns row by row. Called by sources, parsers and row decoders; one
 * thread. Growing memory is kept across finishes (a reader fills thousands of batches); finish
 * copies it into buffers of exactly the needed size; both are charged. */
#include "base/mem.h"
#include "col/build.h"

/* What the arena frees if the builder never does: the builder itself may be long gone from the
 * stack. */
struct weir_build_mem {
    void *valid, *data, *heap;
};

static void mem_release(void *p) {
    struct weir_build_mem *m = p;
    weir_mem_free(m->valid);
    weir_mem_free(m->data);
    weir_mem_free(m->heap);
    *m = (struct weir_build_mem){NULL, NULL, NULL};
}

static bool has_offsets(weir_kind k) {
    return k == WEIR_T_STRING || k == WEIR_T_BINARY || k == WEIR_T_VARIANT || k == WEIR_T_ARRAY ||
           k == WEIR_T_MAP;
}

static int slot_width(const weir_type *t) { return has_offsets(t->kind) ? 4 : weir_type_width(t); }

weir_rc weir_build_init(weir_ctx *ctx, weir_build *b, const weir_type *t) {
    *b = (weir_build){.type = t, .nkid = t->nfield};
    b->mem = WEIR_NEW(ctx->arena, struct weir_build_mem);
    weir_arena_defer(ctx->arena, mem_release, b->mem);
    if (t->nfield) b->kid = WEIR_NEWN(ctx->arena, weir_build, t->nfield);
    for (int i = 0; i < t->nfield; i++)
        WEIR_TRY(weir_build_init(ctx, &b->kid[i], t->field[i].type));
    return WEIR_OK;
}

/* After a failure rows overwrite the memory there is: cheap to append to, reported by finish. */
static bool fail(weir_build *b) {
    b->failed = true;
    b->len = b->nheap = b->nulls = 0;
    return false;
}

/* What is appended could not be made: one more row, and finish fails. */
void weir_build_fail(weir_build *b) {
    fail(b);
    weir_build_null(b);
}

static bool rows_to(weir_build *b, int64_t cap) {
    int64_t width = slot_width(b->type);
    if (cap > INT32_MAX) return false;
    void *data = width ? weir_mem_try(b->data, (size_t)((cap + 1) * width)) : NULL;
    if (width && !data) return false;
    if (width) b->data = b->mem->data = data;
    void *valid = b->valid ? weir_mem_try(b->valid, (size_t)(cap / 8 + 1)) : NULL;
    if (b->valid && !valid) return false;
    b->valid = b->mem->valid = valid;
    if (has_offsets(b->type->kind) && !b->cap) memset(b->data, 0, 4);
    b->cap = cap;
    return true;
}

static void grow_rows(weir_build *b, int64_t need) {
    int64_t cap = b->cap ? b->cap * 2 : 64;
    if (!b->failed && rows_to(b, cap < need ? need : cap)) return;
    fail(b);
    if (!b->cap) weir_assert(rows_to(b, 64)); /* something to overwrite: ordinary pieces */
}

weir_rc weir_build_reserve(weir_build *b, int64_t more) {
    if (b->len + more > b->cap) grow_rows(b, b->len + more);
    return WEIR_OK;
}

static inline void room(weir_build *b) {
    if (b->len >= b->cap) grow_rows(b, b->len + 1);
}

static inline void row_valid(weir_build *b) {
    if (b->valid) weir_bit_set(b->valid, b->len);
    b->len++;
}

#define APPEND(fn, ctype)                                                                          \
    void fn(weir_build *b, ctype v) {                                                              \
        room(b);                                                                                   \
        ((ctype *)(void *)b->data)[b->len] = v;                                                    \
        row_valid(b);                                                                              \
    }
APPEND(weir_build_i8, int8_t)
APPEND(weir_build_i16, int16_t)
APPEND(weir_build_i32, int32_t)
APPEND(weir_build_i64, int64_t)
APPEND(weir_build_f32, float)
APPEND(weir_build_f64, double)
APPEND(weir_build_dec, weir_i128)
APPEND(weir_build_interval, weir_interval)

void weir_build_bool(weir_build *b, bool v) { weir_build_i8(b, v ? 1 : 0); }

void weir_build_int(weir_build *b, int64_t v) {
    switch (weir_type_width(b->type)) {
    case 1: weir_build_i8(b, (int8_t)v); break;
    case 2: weir_build_i16(b, (int16_t)v); break;
    case 4: weir_build_i32(b, (int32_t)v); break;
    case 8: weir_build_i64(b, v); break;
    default: weir_assert(!"integer-like kind");
    }
}

static bool grow_heap(weir_build *b, int64_t need) {
    if (need > INT32_MAX || b->failed) return fail(b);
    int64_t cap = b->cheap ? b->cheap * 2 : 1024;
    if (cap < need) cap = need;
    void *heap = weir_mem_try(b->heap, (size_t)cap);
    if (!heap) return fail(b);
    b->heap = b->mem->heap = heap;
    b->cheap = cap;
    return true;
}

void weir_build_bytes(weir_build *b, const void *p, size_t n) {
    room(b);
    if (n > INT32_MAX || b->nheap + (int64_t)n > b->cheap) {
        if (!grow_heap(b, n > INT32_MAX ? INT64_MAX : b->nheap + (int64_t)n)) n = 0;
    }
    if (n) memcpy(b->heap + b->nheap, p, n);
    b->nheap += (int64_t)n;
    ((int32_t *)(void *)b->data)[b->len + 1] = (int32_t)b->nheap;
    row_valid(b);
}

void weir_build_parts(weir_build *b, const weir_bytes *part, int n) {
    int64_t size = 0;
    for (int i = 0; i < n; i++) size += part[i].len;
    room(b);
    bool fits = (size <= INT32_MAX && b->nheap + size <= b->cheap) ||
                grow_heap(b, size > INT32_MAX ? INT64_MAX : b->nheap + size);
    for (int i = 0; fits && i < n; b->nheap += part[i++].len)
        if (part[i].len) memcpy(b->heap + b->nheap, part[i].p, (size_t)part[i].len);
    ((int32_t *)(void *)b->data)[b->len + 1] = (int32_t)b->nheap;
    row_valid(b);
}

static void close_list(weir_build *b) {
    if (b->kid[0].len > INT32_MAX) fail(b);
    ((int32_t *)(void *)b->data)[b->len + 1] = (int32_t)b->kid[0].len;
}

void weir_build_list(weir_build *b) {
    room(b);
    close_list(b);
    row_valid(b);
}

void weir_build_struct(weir_build *b) {
    room(b);
    row_valid(b);
}

void weir_build_null(weir_build *b) {
    weir_kind k = b->type->kind;
    room(b);
    if (k == WEIR_T_VOID) {
        b->len++;
        return;
    }
    if (!b->valid) {
        b->valid = b->mem->valid = weir_mem_resize(NULL, (size_t)(b->cap / 8 + 1));
        memset(b->valid, 0xff, (size_t)(b->len / 8 + 1));
    }
    weir_bit_clear(b->valid, b->len);
    b->nulls++;
    if (k == WEIR_T_STRUCT) {
        for (int i = 0; i < b->nkid; i++) {
            weir_build_truncate(&b->kid[i], b->len); /* of a record given up half way */
            weir_build_null(&b->kid[i]);
        }
    } else if (has_offsets(k)) {
        int32_t *o = (int32_t *)(void *)b->data;
        o[b->len + 1] = o[b->len];
        for (int i = 0; i < b->nkid; i++) weir_build_truncate(&b->kid[i], o[b->len]);
    } else {
        size_t width = (size_t)slot_width(b->type);
        memset(b->data + (size_t)b->len * width, 0, width);
    }
    b->len++;
}

static void copy_nested(weir_build *b, const weir_column *c, int64_t row) {
    if (b->type->kind == WEIR_T_STRUCT) {
        for (int i = 0; i < b->nkid; i++)
            weir_build_copy(&b->kid[i], &c->kid[i], weir_kid_row(c, row));
        weir_build_struct(b);
        return;
    }
    int64_t first;
    int32_t n = weir_get_list(c, row, &first);
    for (int i = 0; i < b->nkid; i++)
        for (int32_t j = 0; j < n; j++) weir_build_copy(&b->kid[i], &c->kid[i], first + j);
    weir_build_list(b);
}

void weir_build_copy(weir_build *b, const weir_column *c, int64_t row) {
    if (weir_is_null(c, row)) {
        weir_build_null(b);
        return;
    }
    if (weir_type_is_nested(b->type)) {
        copy_nested(b, c, row);
        return;
    }
    switch (weir_type_width(b->type)) {
    case 0: {
        weir_bytes s = weir_get_bytes(c, row);
        weir_build_bytes(b, s.p, (size_t)s.len);
        break;
    }
    case 1: weir_build_i8(b, WEIR_AT_ROW(int8_t, c, row)); break;
    case 2: weir_build_i16(b, WEIR_AT_ROW(int16_t, c, row)); break;
    case 4: weir_build_i32(b, WEIR_AT_ROW(int32_t, c, row)); break;
    case 8: weir_build_i64(b, WEIR_AT_ROW(int64_t, c, row)); break;
    default: weir_build_dec(b, WEIR_AT_ROW(weir_i128, c, row));
    }
}

void weir_build_truncate(weir_build *b, int64_t len) {
    if (len > b->len) len = b->len;
    if (b->nulls)
        for (int64_t i = len; i < b->len; i++) b->nulls -= !weir_bit(b->valid, i);
    b->len = len;
    if (b->type->kind == WEIR_T_STRUCT)
        for (int i = 0; i < b->nkid; i++) weir_build_truncate(&b->kid[i], len);
    if (!has_offsets(b->type->kind)) return;
    int64_t end = b->data ? ((const int32_t *)(const void *)b->data)[len] : 0;
    for (int i = 0; i < b->nkid; i++) weir_build_truncate(&b->kid[i], end);
    if (!b->nkid) b->nheap = end;
}

static weir_rc copy_buf(weir_ctx *ctx, const void *p, int64_t n, weir_buf **out) {
    WEIR_TRY(weir_buf_new(ctx, n, out));
    if (n) memcpy((*out)->p, p, (size_t)n);
    return WEIR_OK;
}

static bool any_failed(const weir_build *b) {
    bool f = b->failed;
    for (int i = 0; i < b->nkid; i++) f |= any_failed(&b->kid[i]);
    return f;
}

static void reset(weir_build *b) {
    b->len = b->nheap = b->nulls = 0;
    b->failed = false;
    for (int i = 0; i < b->nkid; i++) reset(&b->kid[i]);
}

static weir_rc finish(weir_ctx *ctx, weir_build *b, weir_column *out) {
    weir_column c = {.type = b->type, .form = WEIR_FLAT, .len = b->len, .nkid = b->nkid};
    if (b->nulls) WEIR_TRY(copy_buf(ctx, b->valid, (b->len + 7) / 8, &c.valid));
    int64_t width = slot_width(b->type);
    bool offsets = has_offsets(b->type->kind);
    if (offsets && !b->data)
        WEIR_TRY(weir_buf_zero(ctx, 4, &c.data));
    else if (width)
        WEIR_TRY(copy_buf(ctx, b->data, (b->len + offsets) * width, &c.data));
    if (offsets && !b->nkid) WEIR_TRY(copy_buf(ctx, b->heap, b->nheap, &c.heap));
    if (b->nkid) c.kid = WEIR_NEWN(ctx->arena, weir_column, b->nkid);
    for (int i = 0; i < b->nkid; i++) WEIR_TRY(finish(ctx, &b->kid[i], &c.kid[i]));
    *out = c;
    return WEIR_OK;
}

weir_rc weir_build_finish(weir_ctx *ctx, weir_build *b, weir_column *out) {
    weir_rc rc;
    if (any_failed(b))
        rc = weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes", "2147483648", "receivedBytes",
                       "0");
    else
        rc = finish(ctx, b, out);
    reset(b);
    return rc;
}
