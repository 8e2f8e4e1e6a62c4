/* Decoding ORC's columns. FORMAT: ORC specification v1, "Column Encodings". See values.h. */
#include "orc/values.h"

enum { DICTIONARY = 1, DIRECT_V2 = 2, DICTIONARY_V2 = 3 };

/* ---- stripes ---- */

void weir_orc_values_new(weir_orc_scan *s, weir_orc_col *c, weir_orc_values **by_column) {
    static const char *const name[WEIR_ORC_STREAMS] = {"PRESENT",         "DATA", "LENGTH",
                                                       "DICTIONARY_DATA", NULL,   "SECONDARY"};
    if (c->form == WEIR_ORC_NOTHING) return;
    c->values = WEIR_NEW(s->mem, weir_orc_values);
    for (int i = 0; i < WEIR_ORC_STREAMS; i++)
        if (name[i])
            c->values->what[i] =
                weir_printf(s->mem, "the stream %s of the column %s", name[i], c->name);
    c->values->dictionary_mem = weir_arena_new(s->mem);
    by_column[c->from->id] = c->values;
    for (int i = 0; i < c->nkid; i++) weir_orc_values_new(s, &c->kid[i], by_column);
}

/* A missing stream is an empty one, which fails once it is read. */
static weir_orc_stream *open_stream(weir_orc_scan *s, const weir_orc_col *c, int kind) {
    weir_orc_values *v = c->values;
    weir_orc_stream_open(&v->stream[kind], s->file, s->mem, v->at[kind], v->bytes[kind],
                         v->what[kind]);
    return &v->stream[kind];
}

static bool is_text(weir_orc_kind k) {
    return k == WEIR_ORC_STRING || k == WEIR_ORC_CHAR || k == WEIR_ORC_VARCHAR ||
           k == WEIR_ORC_BINARY;
}

static bool has_dictionary(const weir_orc_values *v) {
    return v->encoding == DICTIONARY || v->encoding == DICTIONARY_V2;
}

static weir_rc read_dictionary(weir_orc_scan *s, const weir_orc_col *c) {
    weir_orc_values *v = c->values;
    weir_ctx ctx = *s->file->ctx;
    weir_buf *offsets = NULL, *bytes = NULL, *lengths = NULL;
    int64_t n = v->dictionary_size, total = 0;
    weir_arena_reset(v->dictionary_mem);
    ctx.arena = v->dictionary_mem;
    if (n < 0 || n > INT32_MAX / 8)
        return weir_orc_damaged(s->file, "the dictionary of the column %s has an impossible size",
                                c->name);
    WEIR_TRY(weir_buf_new(&ctx, (n + 1) * 4, &offsets));
    WEIR_TRY(weir_buf_new(&ctx, n * 8, &lengths));
    weir_orc_ints_open(&v->second, open_stream(s, c, WEIR_ORC_LENGTH), v->encoding == DICTIONARY_V2,
                       false);
    WEIR_TRY(weir_orc_ints_read(&v->second, (int64_t *)(void *)lengths->p, n));
    int32_t *offset = (int32_t *)(void *)offsets->p;
    for (int64_t i = 0; i < n; i++) {
        int64_t k = ((int64_t *)(void *)lengths->p)[i];
        offset[i] = (int32_t)total;
        if (k < 0 || k > INT32_MAX - total)
            return weir_orc_damaged(s->file, "the dictionary of the column %s exceeds 2 GiB",
                                    c->name);
        total += k;
    }
    offset[n] = (int32_t)total;
    WEIR_TRY(weir_buf_new(&ctx, total, &bytes));
    WEIR_TRY(weir_orc_stream_read(open_stream(s, c, WEIR_ORC_DICTIONARY), bytes->p, total));
    v->entry = offset;
    v->entries = (const char *)bytes->p;
    return WEIR_OK;
}

static bool is_decimal64(const weir_orc_scan *s, const weir_orc_type *t) {
    return s->decimal64 && t->kind == WEIR_ORC_DECIMAL && t->precision <= 18;
}

static weir_rc start_leaf(weir_orc_scan *s, const weir_orc_col *c) {
    weir_orc_values *v = c->values;
    weir_orc_kind k = c->from->kind;
    bool v2 = v->encoding == DIRECT_V2 || v->encoding == DICTIONARY_V2 || is_decimal64(s, c->from);
    if (is_text(k) && has_dictionary(v)) WEIR_TRY(read_dictionary(s, c));
    if (is_text(k) && !has_dictionary(v))
        weir_orc_ints_open(&v->second, open_stream(s, c, WEIR_ORC_LENGTH), v2, false);
    if (k == WEIR_ORC_TIMESTAMP || k == WEIR_ORC_INSTANT || k == WEIR_ORC_DECIMAL)
        weir_orc_ints_open(&v->second, open_stream(s, c, WEIR_ORC_SECONDARY), v2,
                           k == WEIR_ORC_DECIMAL);
    weir_orc_stream *data = open_stream(s, c, WEIR_ORC_DATA);
    weir_orc_bits_open(&v->bits, data);
    weir_orc_bytes_open(&v->tiny, data);
    weir_orc_ints_open(&v->data, data, v2, !is_text(k));
    return WEIR_OK;
}

weir_rc weir_orc_values_start(weir_orc_scan *s, weir_orc_col *c) {
    weir_orc_values *v = c->values;
    if (c->form == WEIR_ORC_NOTHING) return WEIR_OK;
    if (v->encoding < 0 || v->encoding > DICTIONARY_V2)
        return weir_orc_damaged(s->file, "the column %s has an unknown encoding", c->name);
    if (v->has[WEIR_ORC_PRESENT])
        weir_orc_bits_open(&v->present, open_stream(s, c, WEIR_ORC_PRESENT));
    if (c->form == WEIR_ORC_ITEMS)
        weir_orc_ints_open(&v->second, open_stream(s, c, WEIR_ORC_LENGTH), v->encoding == DIRECT_V2,
                           false);
    if (c->form == WEIR_ORC_LEAF) WEIR_TRY(start_leaf(s, c));
    for (int i = 0; i < c->nkid; i++) WEIR_TRY(weir_orc_values_start(s, &c->kid[i]));
    return WEIR_OK;
}

/* ---- which rows have a value ---- */

typedef struct rows { /* of one column */
    weir_ctx *ctx;
    int64_t n, there;       /* rows, and values of them */
    const uint8_t *present; /* NULL: all */
    weir_buf *valid;        /* the same as bits */
} rows;

static weir_rc read_present(weir_orc_scan *s, const weir_orc_col *c, int64_t n,
                            const uint8_t *above, rows *out) {
    weir_ctx *ctx = s->file->ctx;
    *out = (rows){.ctx = ctx, .n = n, .there = n, .present = above};
    weir_buf *b = NULL;
    if (c->values->has[WEIR_ORC_PRESENT]) {
        int64_t k = n;
        WEIR_TRY(weir_buf_new(ctx, n, &b));
        for (int64_t i = 0; i < n && above; i++) k -= !above[i];
        WEIR_TRY(weir_orc_bits_read(&c->values->present, b->p, k));
        for (int64_t i = n - 1; i >= 0 && above; i--) b->p[i] = above[i] ? b->p[--k] : 0;
        out->present = b->p;
    }
    if (!out->present) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(ctx, (n + 7) / 8, &out->valid));
    out->there = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!out->present[i]) continue;
        weir_bit_set(out->valid->p, i);
        out->there++;
    }
    return WEIR_OK;
}

/* Values that lie side by side go to the places of their rows; others are zero. */
static void spread(const rows *r, uint8_t *p, int64_t width) {
    int64_t k = r->there;
    if (k == r->n) return;
    for (int64_t i = r->n - 1; i >= 0; i--) {
        if (r->present[i])
            memmove(p + i * width, p + --k * width, (size_t)width);
        else
            memset(p + i * width, 0, (size_t)width);
    }
}

/* ---- leaves ---- */

static weir_rc read_longs(const rows *r, weir_orc_ints *from, int64_t **out) {
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(r->ctx, r->there * 8, &b));
    *out = (int64_t *)(void *)b->p;
    return weir_orc_ints_read(from, *out, r->there);
}

static weir_rc read_integers(const rows *r, weir_orc_values *v, weir_column *c) {
    int64_t *from = NULL, width = weir_type_width(c->type);
    WEIR_TRY(read_longs(r, &v->data, &from));
    WEIR_TRY(weir_buf_new(r->ctx, r->n * width, &c->data));
    uint8_t *to = c->data->p;
    for (int64_t i = 0; i < r->there; i++) memcpy(to + i * width, &from[i], (size_t)width);
    spread(r, to, width);
    return WEIR_OK;
}

static weir_rc read_tiny(const rows *r, weir_orc_values *v, weir_column *c) {
    WEIR_TRY(weir_buf_new(r->ctx, r->n, &c->data));
    WEIR_TRY(c->type->kind == WEIR_T_BOOLEAN ? weir_orc_bits_read(&v->bits, c->data->p, r->there)
                                             : weir_orc_bytes_read(&v->tiny, c->data->p, r->there));
    spread(r, c->data->p, 1);
    return WEIR_OK;
}

static weir_rc read_reals(const rows *r, weir_orc_values *v, weir_column *c) {
    int64_t width = weir_type_width(c->type);
    WEIR_TRY(weir_buf_new(r->ctx, r->n * width, &c->data));
    WEIR_TRY(weir_orc_stream_read(&v->stream[WEIR_ORC_DATA], c->data->p, r->there * width));
    spread(r, c->data->p, width);
    return WEIR_OK;
}

static weir_rc read_dates(weir_orc_scan *s, const rows *r, weir_orc_values *v, weir_column *c) {
    WEIR_TRY(read_integers(r, v, c));
    int32_t *days = (int32_t *)(void *)c->data->p;
    for (int64_t i = 0; i < r->n && !s->proleptic; i++)
        days[i] = (int32_t)weir_julian_days(days[i]);
    return WEIR_OK;
}

/* FORMAT: seconds since 2015 on the writer's clock; nanos with the zeros at their end counted in
 * three bits. ORC TimestampTreeReader: seconds before 1970 were cut towards it. */
static weir_rc read_times(weir_orc_scan *s, const weir_orc_col *col, const rows *r,
                          weir_orc_raw *out) {
    static const int32_t tens[] = {1, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    bool instant = col->from->kind == WEIR_ORC_INSTANT;
    const weir_zone *writer = instant ? weir_zone_utc() : s->writer_zone,
                    *reader = instant ? weir_zone_utc() : s->zone;
    int64_t *seconds = NULL, *packed = NULL;
    int64_t base = weir_floor_div(weir_zone_to_utc(writer, INT64_C(1420070400000000)), 1000000);
    weir_buf *nanos = NULL;
    WEIR_TRY(read_longs(r, &col->values->data, &seconds));
    WEIR_TRY(read_longs(r, &col->values->second, &packed));
    WEIR_TRY(weir_buf_new(r->ctx, r->n * 8, &out->c.data));
    WEIR_TRY(weir_buf_new(r->ctx, r->n * 4, &nanos));
    int64_t *to = (int64_t *)(void *)out->c.data->p;
    int32_t *small = (int32_t *)(void *)nanos->p;
    for (int64_t i = 0; i < r->there; i++) {
        uint64_t at = (uint64_t)seconds[i] + (uint64_t)base;
        small[i] = (int32_t)((uint32_t)(packed[i] >> 3) * (uint32_t)tens[packed[i] & 7]);
        to[i] = (int64_t)at - ((int64_t)at < 0 && small[i] > 999999);
        if (writer == reader) continue;
        int64_t moved = to[i] + weir_zone_old_offset(writer, to[i]);
        int64_t guess = moved - weir_zone_old_offset(reader, to[i]);
        to[i] = moved - weir_zone_old_offset(reader, guess);
    }
    spread(r, out->c.data->p, 8);
    spread(r, nanos->p, 4);
    out->nanos = small;
    return WEIR_OK;
}

/* A number of any length, its sign in the lowest bit. False: more than 128 bits. */
static bool read_mantissa(weir_orc_stream *s, weir_i128 *out) {
    unsigned __int128 v = 0;
    for (int shift = 0; shift < 140; shift += 7) {
        uint8_t b = weir_orc_byte(s);
        if (shift < 128) v |= (unsigned __int128)(b & 127) << shift;
        if (b >= 128) continue;
        *out = (weir_i128)(v >> 1) ^ -(weir_i128)(v & 1);
        return true;
    }
    return false;
}

/* To the column's scale; half is rounded away from zero. False: it does not fit. */
static bool to_scale(weir_i128 *v, int64_t from, int to) {
    for (; from < to; from++)
        if (__builtin_mul_overflow(*v, 10, v)) return false;
    if (from - to > 39) return *v = 0, true;
    weir_i128 by = 1;
    for (; from > to; from--) by *= 10;
    weir_i128 rest = *v % by;
    *v /= by;
    if (by > 1 && (rest < 0 ? -rest : rest) >= by / 2) *v += rest < 0 ? -1 : 1;
    return true;
}

static weir_rc read_decimal64(const rows *r, weir_orc_values *v, weir_column *c) {
    int64_t *from = NULL;
    WEIR_TRY(read_longs(r, &v->data, &from));
    WEIR_TRY(weir_buf_new(r->ctx, r->n * 16, &c->data));
    for (int64_t i = 0; i < r->there; i++) ((weir_i128 *)(void *)c->data->p)[i] = from[i];
    spread(r, c->data->p, 16);
    return WEIR_OK;
}

static weir_rc read_decimals(weir_orc_scan *s, const weir_orc_col *col, rows *r, weir_column *c) {
    int64_t *scale = NULL;
    weir_orc_stream *data = &col->values->stream[WEIR_ORC_DATA];
    if (is_decimal64(s, col->from)) return read_decimal64(r, col->values, c);
    WEIR_TRY(read_longs(r, &col->values->second, &scale));
    WEIR_TRY(weir_buf_zero(r->ctx, r->n * 16, &c->data));
    weir_i128 *to = (weir_i128 *)(void *)c->data->p;
    for (int64_t i = 0; i < r->there; i++) {
        bool fits = read_mantissa(data, &to[i]);
        if (data->rc != WEIR_OK) return data->rc;
        if (!fits || scale[i] < 0 || scale[i] > 100 || !to_scale(&to[i], scale[i], c->type->scale))
            return weir_orc_damaged(s->file, "the column %s has a number of more than 38 digits",
                                    col->name);
    }
    spread(r, c->data->p, 16);
    return WEIR_OK;
}

static weir_rc too_long(weir_orc_scan *s, const weir_orc_col *col) {
    return weir_orc_damaged(s->file, "the column %s has more than 2 GiB in some rows", col->name);
}

/* Offsets of rows from the lengths of those that are there. */
static weir_rc make_offsets(const rows *r, const int64_t *length, weir_buf **out, int64_t *total,
                            bool *fits) {
    WEIR_TRY(weir_buf_new(r->ctx, (r->n + 1) * 4, out));
    int32_t *offset = (int32_t *)(void *)(*out)->p;
    int64_t k = 0;
    *total = 0;
    *fits = true;
    for (int64_t i = 0; i < r->n && *fits; i++) {
        int64_t n = !r->present || r->present[i] ? length[k++] : 0;
        offset[i] = (int32_t)*total;
        *fits = n >= 0 && n <= INT32_MAX - *total;
        *total += *fits ? n : 0;
    }
    offset[r->n] = (int32_t)*total;
    return WEIR_OK;
}

static weir_rc read_direct(weir_orc_scan *s, const weir_orc_col *col, const rows *r,
                           weir_column *c) {
    int64_t *length = NULL, total = 0;
    bool fits;
    WEIR_TRY(read_longs(r, &col->values->second, &length));
    WEIR_TRY(make_offsets(r, length, &c->data, &total, &fits));
    if (!fits) return too_long(s, col);
    WEIR_TRY(weir_buf_new(r->ctx, total, &c->heap));
    return weir_orc_stream_read(&col->values->stream[WEIR_ORC_DATA], c->heap->p, total);
}

static weir_rc read_entries(weir_orc_scan *s, const weir_orc_col *col, const rows *r,
                            weir_column *c) {
    const weir_orc_values *v = col->values;
    int64_t *id = NULL, total = 0, k = 0;
    weir_buf *lengths = NULL;
    bool fits;
    WEIR_TRY(read_longs(r, &col->values->data, &id));
    WEIR_TRY(weir_buf_new(r->ctx, r->there * 8, &lengths));
    int64_t *length = (int64_t *)(void *)lengths->p;
    for (int64_t i = 0; i < r->there; i++) {
        if (id[i] < 0 || id[i] >= v->dictionary_size)
            return weir_orc_damaged(s->file, "the column %s has a value outside of its dictionary",
                                    col->name);
        length[i] = v->entry[id[i] + 1] - v->entry[id[i]];
    }
    WEIR_TRY(make_offsets(r, length, &c->data, &total, &fits));
    if (!fits) return too_long(s, col);
    WEIR_TRY(weir_buf_new(r->ctx, total, &c->heap));
    uint8_t *to = c->heap->p;
    for (; k < r->there; k++) {
        memcpy(to, v->entries + v->entry[id[k]], (size_t)length[k]);
        to += length[k];
    }
    return WEIR_OK;
}

static const weir_type *raw_type(weir_orc_scan *s, const weir_orc_type *t) {
    if (t->kind != WEIR_ORC_DECIMAL) return weir_orc_plain_type(t->kind);
    return weir_type_decimal(s->file->ctx->arena, t->precision, t->scale);
}

static weir_rc read_leaf(weir_orc_scan *s, const weir_orc_col *col, rows *r, weir_orc_raw *out) {
    weir_orc_values *v = col->values;
    weir_column *c = &out->c;
    *c = (weir_column){.type = raw_type(s, col->from), .len = r->n, .valid = r->valid};
    switch (col->from->kind) {
    case WEIR_ORC_BOOLEAN:
    case WEIR_ORC_BYTE: return read_tiny(r, v, c);
    case WEIR_ORC_SHORT:
    case WEIR_ORC_INT:
    case WEIR_ORC_LONG: return read_integers(r, v, c);
    case WEIR_ORC_FLOAT:
    case WEIR_ORC_DOUBLE: return read_reals(r, v, c);
    case WEIR_ORC_DECIMAL: return read_decimals(s, col, r, c);
    case WEIR_ORC_DATE: return read_dates(s, r, v, c);
    case WEIR_ORC_TIMESTAMP:
    case WEIR_ORC_INSTANT: return read_times(s, col, r, out);
    default: break;
    }
    return has_dictionary(v) ? read_entries(s, col, r, c) : read_direct(s, col, r, c);
}

/* ---- columns ---- */

static weir_rc next_leaf(weir_orc_scan *s, weir_orc_col *c, rows *r, weir_column *out) {
    weir_orc_raw raw = {0};
    WEIR_TRY(read_leaf(s, c, r, &raw));
    const weir_orc_job j = {.ctx = s->file->ctx,
                            .file = s->file,
                            .column = c->name,
                            .zone = s->zone,
                            .proleptic = s->proleptic,
                            .in = &raw,
                            .type = c->type};
    return weir_orc_convert(&j, c->how, out);
}

/* SPARK: such keys become 0 and the like. */
static weir_rc check_keys(weir_orc_scan *s, const weir_orc_col *c, const weir_column *keys) {
    for (int64_t i = 0; keys->valid && i < keys->len; i++)
        if (weir_is_null(keys, i))
            return weir_fail_read(s->file->ctx, WEIR_E_FAILED_READ_FILE, s->file->name,
                                  weir_printf(s->file->ctx->arena,
                                              "The column %s has a key that is null as %s", c->name,
                                              weir_type_name(s->file->ctx->arena, keys->type)));
    return WEIR_OK;
}

weir_rc weir_orc_values_next(weir_orc_scan *s, weir_orc_col *c, int64_t n, const uint8_t *present,
                             weir_column *out) {
    weir_ctx *ctx = s->file->ctx;
    rows r;
    int64_t items = n, *length = NULL;
    bool fits;
    if (c->form == WEIR_ORC_NOTHING) return weir_column_null(ctx, c->type, n, out);
    WEIR_TRY(read_present(s, c, n, present, &r));
    if (c->form == WEIR_ORC_LEAF) return next_leaf(s, c, &r, out);
    *out = (weir_column){.type = c->type, .len = n, .valid = r.valid, .nkid = c->nkid};
    out->kid = WEIR_NEWN(ctx->arena, weir_column, c->nkid + 1);
    const uint8_t *inside = r.present;
    if (c->form == WEIR_ORC_ITEMS) {
        WEIR_TRY(read_longs(&r, &c->values->second, &length));
        WEIR_TRY(make_offsets(&r, length, &out->data, &items, &fits));
        if (!fits) return too_long(s, c);
        inside = NULL;
    }
    for (int i = 0; i < c->nkid; i++)
        WEIR_TRY(weir_orc_values_next(s, &c->kid[i], items, inside, &out->kid[i]));
    return c->type->kind == WEIR_T_MAP ? check_keys(s, c, &out->kid[0]) : WEIR_OK;
}
