/* Owns the reading of Spark's UnsafeRow bytes. Called by the state store; any thread, no state.
 * Column by column; each offset and length is checked before it is followed, and the parts of a
 * record may not add up to more than the record: bytes made to point at each other cannot grow. */
#include "codec/unsafe_row.h"

typedef struct cells {        /* where the values of one column are */
    const weir_bytes *slot;   /* value i: slot[i].p + at; NULL: it is null */
    const weir_bytes *record; /* what its offset counts from: record[own ? own[i] : i] */
    const int32_t *own;       /* of elements */
    int32_t *used;            /* by record: bytes of its fixed part and of values met so far */
    int32_t at, k;            /* k: its null bit, counted from slot; -1: slot says it */
} cells;

typedef struct decoder {
    weir_ctx *ctx, *tmp; /* tmp: for what is forgotten at the end */
    weir_schema *schema;
    const char *why;   /* set when the bytes are wrong */
    const char *field; /* of the schema */
} decoder;

enum { MAX_LONG_DIGITS = 18 };
static const int64_t DAY_NANOS = 86400000000000;

static weir_rc bad(decoder *d, const char *why) {
    d->why = why;
    return WEIR_FAIL;
}

static weir_rc too_large(decoder *d, int64_t bytes) {
    return weir_fail(d->ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                     weir_printf(d->ctx->arena, "%lld", (long long)bytes), "receivedBytes",
                     "2147483647");
}

static int64_t get_i64(const char *p) {
    int64_t v;
    memcpy(&v, p, 8);
    return v;
}

/* Contents undefined. */
static weir_rc scratch(decoder *d, int64_t bytes, void *out) {
    weir_buf *b;
    WEIR_TRY(weir_buf_new(d->tmp, bytes, &b));
    memcpy(out, &b->p, sizeof b->p);
    return WEIR_OK;
}

static bool present(const cells *t, int64_t i) {
    const char *p = t->slot[i].p;
    return p && (t->k < 0 || !weir_bit((const uint8_t *)p, t->k));
}

/* NULL if none is null. */
static weir_rc read_valid(decoder *d, const cells *t, int64_t n, weir_buf **out) {
    int64_t i = 0;
    *out = NULL;
    while (i < n && present(t, i)) i++;
    if (i == n) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(d->ctx, (n + 7) / 8, out));
    uint8_t *bits = (*out)->p;
    for (i = 0; i < n; i++) bits[i >> 3] |= (uint8_t)(present(t, i) << (i & 7));
    return WEIR_OK;
}

static bool valid_at(const weir_column *c, int64_t i) {
    return !c->valid || weir_bit(c->valid->p, i);
}

/* The variable part of value i, which is not null. */
static weir_rc part_at(decoder *d, const cells *t, int64_t i, weir_bytes *out) {
    int64_t r = t->own ? t->own[i] : i, v = get_i64(t->slot[i].p + t->at);
    weir_bytes rec = t->record[r];
    int64_t off = (int64_t)((uint64_t)v >> 32), size = v & 0xffffffff;
    if (off + size > rec.len) return bad(d, "a value lies outside of its record");
    if (t->used[r] + size > rec.len) return bad(d, "the values of a record overlap");
    t->used[r] += (int32_t)size;
    *out = (weir_bytes){rec.p + off, (int32_t)size};
    return WEIR_OK;
}

/* --- values in slots ---------------------------------------------------------------------------
 */

static inline __attribute__((always_inline)) void copy_slots(const cells *t, int64_t n,
                                                             const weir_column *c,
                                                             const size_t width) {
    uint8_t *to = c->data->p;
    if (!c->valid) {
        for (int64_t i = 0; i < n; i++) memcpy(to + (size_t)i * width, t->slot[i].p + t->at, width);
        return;
    }
    memset(to, 0, (size_t)n * width);
    for (int64_t i = 0; i < n; i++)
        if (valid_at(c, i)) memcpy(to + (size_t)i * width, t->slot[i].p + t->at, width);
}

static weir_rc check_values(decoder *d, const weir_column *c, int64_t n) {
    if (c->type->kind == WEIR_T_BOOLEAN)
        for (int64_t i = 0; i < n; i++) c->data->p[i] = c->data->p[i] != 0;
    if (c->type->kind != WEIR_T_TIME) return WEIR_OK;
    const int64_t *time = (const int64_t *)(const void *)c->data->p;
    for (int64_t i = 0; i < n; i++)
        if (time[i] < 0 || time[i] >= DAY_NANOS) return bad(d, "a time is no time of the day");
    return WEIR_OK;
}

static weir_rc read_fixed(decoder *d, const cells *t, int64_t n, weir_column *c) {
    int width = weir_type_width(c->type);
    WEIR_TRY(weir_buf_new(d->ctx, n * width, &c->data));
    switch (width) {
    case 1: copy_slots(t, n, c, 1); break;
    case 2: copy_slots(t, n, c, 2); break;
    case 4: copy_slots(t, n, c, 4); break;
    default: copy_slots(t, n, c, 8); break;
    }
    return check_values(d, c, n);
}

static weir_rc read_wide_decimal(decoder *d, const cells *t, int64_t i, weir_i128 *out) {
    weir_bytes b;
    WEIR_TRY(part_at(d, t, i, &b));
    if (b.len < 1 || b.len > 16) return bad(d, "a decimal does not have 1 to 16 bytes");
    unsigned __int128 x = (int8_t)b.p[0] < 0 ? ~(unsigned __int128)0 : 0;
    for (int32_t k = 0; k < b.len; k++) x = x << 8 | (uint8_t)b.p[k];
    *out = (weir_i128)x;
    return WEIR_OK;
}

static weir_rc read_decimals(decoder *d, const cells *t, int64_t n, weir_column *c) {
    weir_i128 limit = 1;
    for (int k = 0; k < c->type->precision; k++) limit *= 10;
    WEIR_TRY(weir_buf_new(d->ctx, n * (int64_t)sizeof limit, &c->data));
    weir_i128 *to = (weir_i128 *)(void *)c->data->p;
    for (int64_t i = 0; i < n; i++) {
        to[i] = 0;
        if (!valid_at(c, i)) continue;
        if (c->type->precision <= MAX_LONG_DIGITS)
            to[i] = get_i64(t->slot[i].p + t->at);
        else
            WEIR_TRY(read_wide_decimal(d, t, i, &to[i]));
        if (to[i] >= limit || to[i] <= -limit)
            return bad(d, "a decimal has more digits than its type");
    }
    return WEIR_OK;
}

/* --- values behind the slots -------------------------------------------------------------------
 */

static weir_rc read_intervals(decoder *d, const cells *t, int64_t n, weir_column *c) {
    enum { SIZE = sizeof(weir_interval) };
    WEIR_TRY(weir_buf_zero(d->ctx, n * SIZE, &c->data));
    for (int64_t i = 0; i < n; i++) {
        weir_bytes b;
        if (!valid_at(c, i)) continue;
        WEIR_TRY(part_at(d, t, i, &b));
        if (b.len != SIZE) return bad(d, "an interval does not have 16 bytes");
        memcpy(c->data->p + i * SIZE, b.p, SIZE);
    }
    return WEIR_OK;
}

static weir_rc read_texts(decoder *d, const cells *t, int64_t n, weir_column *c) {
    WEIR_TRY(weir_buf_new(d->ctx, (n + 1) * 4, &c->data));
    int32_t *o = (int32_t *)(void *)c->data->p;
    int64_t total = 0;
    for (int64_t i = 0; i < n; i++) {
        weir_bytes b;
        o[i] = (int32_t)total;
        if (!valid_at(c, i)) continue;
        WEIR_TRY(part_at(d, t, i, &b));
        total += b.len;
        if (total > INT32_MAX) return too_large(d, total);
    }
    o[n] = (int32_t)total;
    WEIR_TRY(weir_buf_new(d->ctx, total, &c->heap));
    for (int64_t i = 0; i < n; i++) {
        int32_t len = o[i + 1] - o[i];
        if (!len) continue;
        const char *from = t->record[t->own ? t->own[i] : i].p;
        int64_t off = (int64_t)((uint64_t)get_i64(t->slot[i].p + t->at) >> 32);
        memcpy(c->heap->p + o[i], from + off, (size_t)len);
    }
    return WEIR_OK;
}

static weir_rc read_column(decoder *d, const cells *t, int64_t n, const weir_type *type,
                           weir_column *out);

/* The fields of n records; p NULL: the row is null. Their lengths have been checked. */
static weir_rc read_record(decoder *d, const weir_bytes *rec, int64_t n, const weir_type *type,
                           weir_column *out) {
    int32_t *used;
    WEIR_TRY(scratch(d, n * 4, &used));
    for (int64_t i = 0; i < n; i++) used[i] = (int32_t)weir_urow_fixed(type);
    for (int k = 0; k < type->nfield; k++) {
        cells t = {rec, rec, NULL, used, (int32_t)weir_urow_bitmap(type->nfield) + 8 * k, k};
        if (type == d->schema) d->field = type->field[k].name;
        WEIR_TRY(read_column(d, &t, n, type->field[k].type, &out[k]));
    }
    return WEIR_OK;
}

static weir_rc read_structs(decoder *d, const cells *t, int64_t n, weir_column *c) {
    weir_bytes *rec;
    int64_t fixed = weir_urow_fixed(c->type);
    WEIR_TRY(scratch(d, n * (int64_t)sizeof *rec, &rec));
    for (int64_t i = 0; i < n; i++) {
        rec[i].p = NULL;
        if (!valid_at(c, i)) continue;
        WEIR_TRY(part_at(d, t, i, &rec[i]));
        if (rec[i].len < fixed) return bad(d, "a struct is shorter than its fields need");
    }
    return read_record(d, rec, n, c->type, c->kid);
}

/* --- lists -------------------------------------------------------------------------------------
 */

static weir_rc array_length(decoder *d, weir_bytes a, int width, int64_t *count) {
    *count = 0;
    if (a.len < 8) return bad(d, "an array has no length");
    int64_t n = get_i64(a.p);
    if (n < 0 || n > a.len || 8 + weir_urow_bitmap(n) + n * width > a.len)
        return bad(d, "an array is shorter than its elements need");
    *count = n;
    return WEIR_OK;
}

/* Elements of the arrays a, o[i] .. o[i + 1] of them; a[i] is undefined where there are none. */
static weir_rc read_elements(decoder *d, const weir_bytes *a, int64_t n, const int32_t *o,
                             const weir_type *type, weir_column *out) {
    weir_bytes *slot;
    int32_t *own, *used, width = weir_urow_element(type);
    WEIR_TRY(scratch(d, o[n] * (int64_t)sizeof *slot, &slot));
    WEIR_TRY(scratch(d, o[n] * (int64_t)sizeof *own, &own));
    WEIR_TRY(scratch(d, n * 4, &used));
    for (int64_t i = 0; i < n; i++) {
        int32_t count = o[i + 1] - o[i];
        used[i] = (int32_t)(8 + weir_urow_bitmap(count) + (int64_t)count * width);
        for (int32_t j = 0; j < count; j++) {
            const char *values = a[i].p + 8 + weir_urow_bitmap(count);
            bool null = weir_bit((const uint8_t *)a[i].p + 8, j);
            own[o[i] + j] = (int32_t)i;
            slot[o[i] + j].p = null ? NULL : values + (int64_t)j * width;
        }
    }
    cells t = {slot, a, own, used, 0, -1};
    return read_column(d, &t, o[n], type, out);
}

/* Splits the map at value i into its arrays of keys and values. */
static weir_rc read_map(decoder *d, const weir_type *t, weir_bytes map, weir_bytes *key,
                        weir_bytes *value, int64_t *count) {
    int64_t size = map.len < 8 ? -1 : get_i64(map.p), n;
    if (size < 0 || size > map.len - 8) return bad(d, "a map's keys lie outside of it");
    *key = (weir_bytes){map.p + 8, (int32_t)size};
    *value = (weir_bytes){key->p + size, map.len - 8 - key->len};
    WEIR_TRY(array_length(d, *key, weir_urow_element(t->field[0].type), count));
    WEIR_TRY(array_length(d, *value, weir_urow_element(t->field[1].type), &n));
    return n == *count ? WEIR_OK : bad(d, "a map does not have as many values as keys");
}

static weir_rc read_lists(decoder *d, const cells *t, int64_t n, weir_column *c) {
    weir_bytes *part[2] = {NULL, NULL};
    int64_t total = 0, count;
    bool map = c->type->kind == WEIR_T_MAP;
    for (int k = 0; k < c->nkid; k++) WEIR_TRY(scratch(d, n * (int64_t)sizeof *part[0], &part[k]));
    WEIR_TRY(weir_buf_new(d->ctx, (n + 1) * 4, &c->data));
    int32_t *o = (int32_t *)(void *)c->data->p;
    for (int64_t i = 0; i < n; i++) {
        weir_bytes b;
        o[i] = (int32_t)total;
        if (!valid_at(c, i)) continue;
        WEIR_TRY(part_at(d, t, i, &b));
        if (map) {
            WEIR_TRY(read_map(d, c->type, b, &part[0][i], &part[1][i], &count));
        } else {
            part[0][i] = b;
            WEIR_TRY(array_length(d, b, weir_urow_element(c->type->field[0].type), &count));
        }
        total += count;
        if (total > INT32_MAX) return too_large(d, total);
    }
    o[n] = (int32_t)total;
    for (int k = 0; k < c->nkid; k++)
        WEIR_TRY(read_elements(d, part[k], n, o, c->type->field[k].type, &c->kid[k]));
    if (map && (c->kid[0].valid || (total && c->kid[0].type->kind == WEIR_T_VOID)))
        return bad(d, "a map has a null key");
    return WEIR_OK;
}

static weir_rc read_column(decoder *d, const cells *t, int64_t n, const weir_type *type,
                           weir_column *out) {
    *out = (weir_column){.type = type, .form = WEIR_FLAT, .len = n};
    if (type->kind == WEIR_T_VOID) return WEIR_OK;
    if (weir_type_is_nested(type)) {
        out->nkid = type->nfield;
        out->kid = WEIR_NEWN(d->ctx->arena, weir_column, type->nfield ? type->nfield : 1);
    }
    WEIR_TRY(read_valid(d, t, n, &out->valid));
    switch (type->kind) {
    case WEIR_T_DECIMAL: return read_decimals(d, t, n, out);
    case WEIR_T_STRING:
    case WEIR_T_BINARY: return read_texts(d, t, n, out);
    case WEIR_T_INTERVAL: return read_intervals(d, t, n, out);
    case WEIR_T_STRUCT: return read_structs(d, t, n, out);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: return read_lists(d, t, n, out);
    default: return read_fixed(d, t, n, out);
    }
}

/* --- rows --------------------------------------------------------------------------------------
 */

static weir_rc decode(weir_ctx *ctx, weir_schema *schema, const weir_bytes *row, int64_t n,
                      weir_column *out, decoder *d) {
    weir_ctx tmp = *ctx;
    weir_rc rc = WEIR_OK;
    tmp.arena = weir_arena_new(ctx->arena);
    *d = (decoder){.ctx = ctx, .tmp = &tmp, .schema = schema};
    for (int64_t i = 0; rc == WEIR_OK && i < n; i++)
        if (row[i].len < weir_urow_fixed(schema))
            rc = bad(d, "it is shorter than its columns need");
    if (rc == WEIR_OK) rc = read_record(d, row, n, schema, out);
    weir_arena_free(tmp.arena);
    return rc;
}

/* Rows are read together, so the one to name is looked for when there is one. */
static weir_rc report(weir_ctx *ctx, weir_schema *schema, const weir_bytes *row, int64_t n,
                      weir_column *out) {
    decoder d = {0};
    weir_ctx one = *ctx;
    one.arena = weir_arena_new(ctx->arena);
    for (int64_t i = 0; i < n; i++) {
        weir_rc rc = decode(&one, schema, &row[i], 1, out, &d);
        if (rc != WEIR_OK && !d.why) return rc;
        if (rc != WEIR_OK)
            return weir_fail(ctx, WEIR_E_MALFORMED_STATE, "row",
                             weir_printf(ctx->arena, "%lld", (long long)i), "reason",
                             d.field ? weir_printf(ctx->arena, "%s, in column %s", d.why, d.field)
                                     : d.why);
        weir_arena_reset(one.arena);
    }
    return weir_fail(ctx, WEIR_E_MALFORMED_STATE, "row", "0", "reason", "it cannot be read");
}

weir_rc weir_urow_decode(weir_ctx *ctx, weir_schema *schema, const weir_bytes *row, int64_t n,
                         weir_column *out) {
    decoder d;
    WEIR_TRY(weir_urow_supports(ctx, schema));
    weir_rc rc = decode(ctx, schema, row, n, out, &d);
    return rc != WEIR_OK && d.why ? report(ctx, schema, row, n, out) : rc;
}
