/* ORC files from batches: encodings of the format's first version. See orc.h.
 * FORMAT: ORC specification v1. */
#include "base/mem.h"
#include "func/datetime.h"
#include "orc/encode.h"
#include "orc/orc.h"
#include "orc/pack.h"
#include "orc/tail.h"


enum { PIECE = 256 << 10, STRIPE = 32 << 20, CHECK_ROWS = 1024 };
static const char MAGIC[] = "ORC";

typedef struct out_col {
    const weir_type *type;
    weir_orc_kind kind;
    bool has_null; /* in this stripe */
    weir_orc_out_bits present, bits;
    weir_orc_out_bytes tiny;
    weir_orc_out_ints data, second; /* second: lengths, nanos, scales */
    weir_str raw;                   /* what is in no runs */
    int nkid;
    struct out_col *kid;
} out_col;

struct weir_orc_writer {
    weir_arena *mem;
    weir_file *file;
    out_col root;
    int64_t at, rows, total_rows; /* rows: of this stripe */
    weir_str stripes, packed;
    char *piece;
    int codec; /* ORC's CompressionKind */
};

const weir_type *weir_orc_stored(weir_arena *a, const weir_type *t) {
    if (t->kind == WEIR_T_TIMESTAMP) return &weir_t_timestamp_ntz;
    if (!t->nfield) return t;
    weir_type *c = weir_memdup(a, t, sizeof *t);
    weir_field *f = weir_memdup(a, t->field, sizeof *f * (size_t)t->nfield);
    for (int i = 0; i < t->nfield; i++) f[i].type = weir_orc_stored(a, f[i].type);
    c->field = f;
    return c;
}

/* ---- columns ---- */

static weir_orc_kind kind_of(const weir_type *t) {
    static const weir_orc_kind kinds[WEIR_T_COUNT] = {
        [WEIR_T_BOOLEAN] = WEIR_ORC_BOOLEAN, [WEIR_T_BYTE] = WEIR_ORC_BYTE,
        [WEIR_T_SHORT] = WEIR_ORC_SHORT,     [WEIR_T_INT] = WEIR_ORC_INT,
        [WEIR_T_LONG] = WEIR_ORC_LONG,       [WEIR_T_FLOAT] = WEIR_ORC_FLOAT,
        [WEIR_T_DOUBLE] = WEIR_ORC_DOUBLE,   [WEIR_T_STRING] = WEIR_ORC_STRING,
        [WEIR_T_BINARY] = WEIR_ORC_BINARY,   [WEIR_T_TIMESTAMP_NTZ] = WEIR_ORC_TIMESTAMP,
        [WEIR_T_ARRAY] = WEIR_ORC_LIST,      [WEIR_T_MAP] = WEIR_ORC_MAP,
        [WEIR_T_STRUCT] = WEIR_ORC_STRUCT,   [WEIR_T_DECIMAL] = WEIR_ORC_DECIMAL,
        [WEIR_T_DATE] = WEIR_ORC_DATE,
    };
    return kinds[t->kind];
}

static void open_column(weir_arena *mem, const weir_type *t, out_col *c) {
    weir_orc_kind k = kind_of(t);
    bool lengths = k == WEIR_ORC_STRING || k == WEIR_ORC_BINARY || k == WEIR_ORC_LIST ||
                   k == WEIR_ORC_MAP || k == WEIR_ORC_TIMESTAMP;
    *c = (out_col){.type = t, .kind = k, .nkid = t->nfield};
    weir_str_init(&c->raw, mem, INT32_MAX);
    weir_orc_out_bits_init(&c->present, mem);
    weir_orc_out_bits_init(&c->bits, mem);
    weir_orc_out_bytes_init(&c->tiny, mem);
    weir_orc_out_ints_init(&c->data, mem, true);
    weir_orc_out_ints_init(&c->second, mem, !lengths);
    c->kid = WEIR_NEWN(mem, out_col, c->nkid + 1);
    for (int i = 0; i < c->nkid; i++) open_column(mem, t->field[i].type, &c->kid[i]);
}

/* Nanos with the zeros at their end counted; seconds before 1970 are cut towards it. */
static void put_time(out_col *c, int64_t us) {
    int64_t s = weir_floor_div(us, 1000000), nanos = weir_floor_mod(us, 1000000) * 1000, zeros = 0;
    if (s < 0 && nanos > 999999) s++;
    if (nanos && nanos % 100 == 0)
        for (nanos /= 100, zeros = 1; nanos % 10 == 0 && zeros < 7; zeros++) nanos /= 10;
    weir_orc_out_int(&c->data, s - INT64_C(1420070400));
    weir_orc_out_int(&c->second, nanos << 3 | zeros);
}

static void put_value(out_col *c, const weir_column *v, int64_t i) {
    weir_bytes b;
    switch (c->kind) {
    case WEIR_ORC_BOOLEAN: weir_orc_out_bit(&c->bits, WEIR_AT_ROW(int8_t, v, i) != 0); break;
    case WEIR_ORC_BYTE: weir_orc_out_byte(&c->tiny, WEIR_AT_ROW(uint8_t, v, i)); break;
    case WEIR_ORC_SHORT: weir_orc_out_int(&c->data, WEIR_AT_ROW(int16_t, v, i)); break;
    case WEIR_ORC_INT:
    case WEIR_ORC_DATE: weir_orc_out_int(&c->data, WEIR_AT_ROW(int32_t, v, i)); break;
    case WEIR_ORC_LONG: weir_orc_out_int(&c->data, WEIR_AT_ROW(int64_t, v, i)); break;
    case WEIR_ORC_FLOAT: weir_str_add(&c->raw, &WEIR_AT_ROW(float, v, i), 4); break;
    case WEIR_ORC_DOUBLE: weir_str_add(&c->raw, &WEIR_AT_ROW(double, v, i), 8); break;
    case WEIR_ORC_TIMESTAMP: put_time(c, WEIR_AT_ROW(int64_t, v, i)); break;
    case WEIR_ORC_DECIMAL:
        weir_orc_out_mantissa(&c->raw, WEIR_AT_ROW(weir_i128, v, i));
        weir_orc_out_int(&c->second, c->type->scale);
        break;
    default:
        b = weir_get_bytes(v, i);
        weir_str_add(&c->raw, b.p, (size_t)b.len);
        weir_orc_out_int(&c->second, b.len);
    }
}

static void put_row(out_col *c, const weir_column *v, int64_t i) {
    bool null = weir_is_null(v, i);
    c->has_null |= null;
    weir_orc_out_bit(&c->present, !null);
    if (null) return;
    if (c->kind == WEIR_ORC_STRUCT) {
        for (int k = 0; k < c->nkid; k++) put_row(&c->kid[k], &v->kid[k], weir_kid_row(v, i));
    } else if (c->kind == WEIR_ORC_LIST || c->kind == WEIR_ORC_MAP) {
        int64_t first, n = weir_get_list(v, i, &first);
        weir_orc_out_int(&c->second, n);
        for (int k = 0; k < c->nkid; k++)
            for (int64_t j = first; j < first + n; j++) put_row(&c->kid[k], &v->kid[k], j);
    } else {
        put_value(c, v, i);
    }
}

static size_t column_bytes(const out_col *c) {
    size_t n = c->present.bytes.out.len + c->bits.bytes.out.len + c->tiny.out.len +
               c->data.out.len + c->second.out.len + c->raw.len;
    for (int i = 0; i < c->nkid; i++) n += column_bytes(&c->kid[i]);
    return n;
}

/* ---- bytes of the file ---- */

static weir_rc put_bytes(weir_ctx *ctx, weir_orc_writer *w, const void *p, size_t n) {
    w->at += (int64_t)n;
    return weir_file_write(ctx, w->file, p, n);
}

/* In pieces, each as it is where packing does not make it smaller. */
static weir_rc put_packed(weir_ctx *ctx, weir_orc_writer *w, const char *p, size_t len) {
    if (!w->codec) return put_bytes(ctx, w, p, len);
    for (size_t at = 0; at < len; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE, made;
        bool smaller = weir_orc_pack(w->codec, p + at, n, w->piece, &made);
        size_t head = (smaller ? made : n) << 1 | !smaller;
        const uint8_t h[3] = {(uint8_t)head, (uint8_t)(head >> 8), (uint8_t)(head >> 16)};
        WEIR_TRY(put_bytes(ctx, w, h, 3));
        WEIR_TRY(put_bytes(ctx, w, smaller ? w->piece : p + at, smaller ? made : n));
    }
    return WEIR_OK;
}

/* ---- stripes ---- */

typedef struct stripe {
    weir_ctx *ctx;
    weir_orc_writer *w;
    weir_str footer, encodings;
    int column;
} stripe;

static weir_rc put_stream(stripe *s, int kind, weir_str *bytes) {
    int64_t from = s->w->at;
    if (bytes->failed)
        return weir_fail(s->ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "more than 2 GiB of one column in a stripe of an ORC file");
    WEIR_TRY(put_packed(s->ctx, s->w, bytes->p, bytes->len));
    bytes->len = 0;
    weir_str m;
    weir_str_init(&m, s->ctx->arena, 64);
    weir_orc_out_number(&m, 1, (uint64_t)kind);
    weir_orc_out_number(&m, 2, (uint64_t)s->column);
    weir_orc_out_number(&m, 3, (uint64_t)(s->w->at - from));
    weir_orc_out_text(&s->footer, 1, m.p, m.len);
    return WEIR_OK;
}

enum { PRESENT, DATA, LENGTH, SECONDARY = 5 };

static weir_rc put_column(stripe *s, out_col *c) {
    weir_str *present = weir_orc_out_bits_end(&c->present), *ints = weir_orc_out_ints_end(&c->data),
             *second = weir_orc_out_ints_end(&c->second);
    if (c->has_null) WEIR_TRY(put_stream(s, PRESENT, present));
    present->len = 0;
    switch (c->kind) {
    case WEIR_ORC_STRUCT: break;
    case WEIR_ORC_LIST:
    case WEIR_ORC_MAP: WEIR_TRY(put_stream(s, LENGTH, second)); break;
    case WEIR_ORC_BOOLEAN: WEIR_TRY(put_stream(s, DATA, weir_orc_out_bits_end(&c->bits))); break;
    case WEIR_ORC_BYTE: WEIR_TRY(put_stream(s, DATA, weir_orc_out_bytes_end(&c->tiny))); break;
    case WEIR_ORC_FLOAT:
    case WEIR_ORC_DOUBLE: WEIR_TRY(put_stream(s, DATA, &c->raw)); break;
    case WEIR_ORC_TIMESTAMP:
        WEIR_TRY(put_stream(s, DATA, ints));
        WEIR_TRY(put_stream(s, SECONDARY, second));
        break;
    case WEIR_ORC_STRING:
    case WEIR_ORC_BINARY:
    case WEIR_ORC_DECIMAL:
        WEIR_TRY(put_stream(s, DATA, &c->raw));
        WEIR_TRY(put_stream(s, c->kind == WEIR_ORC_DECIMAL ? SECONDARY : LENGTH, second));
        break;
    default: WEIR_TRY(put_stream(s, DATA, ints));
    }
    weir_orc_out_text(&s->encodings, 2, "\x08\0", 2); /* DIRECT */
    c->has_null = false;
    s->column++;
    for (int i = 0; i < c->nkid; i++) WEIR_TRY(put_column(s, &c->kid[i]));
    return WEIR_OK;
}

static weir_rc end_stripe(weir_ctx *ctx, weir_orc_writer *w) {
    stripe s = {.ctx = ctx, .w = w};
    int64_t from = w->at, rows = w->rows;
    if (!rows) return WEIR_OK;
    weir_str m;
    weir_str_init(&s.footer, ctx->arena, INT32_MAX);
    weir_str_init(&s.encodings, ctx->arena, INT32_MAX);
    WEIR_TRY(put_column(&s, &w->root));
    int64_t data = w->at - from;
    weir_str_add(&s.footer, s.encodings.p, s.encodings.len);
    weir_orc_out_text(&s.footer, 3, "UTC", 3);
    WEIR_TRY(put_packed(ctx, w, s.footer.p, s.footer.len));
    weir_str_init(&m, ctx->arena, 256);
    weir_orc_out_number(&m, 1, (uint64_t)from);
    weir_orc_out_number(&m, 2, 0);
    weir_orc_out_number(&m, 3, (uint64_t)data);
    weir_orc_out_number(&m, 4, (uint64_t)(w->at - from - data));
    weir_orc_out_number(&m, 5, (uint64_t)rows);
    weir_orc_out_text(&w->stripes, 3, m.p, m.len);
    w->total_rows += rows;
    w->rows = 0;
    return WEIR_OK;
}

/* ---- files ---- */

weir_rc weir_orc_create(weir_ctx *ctx, const char *path, weir_schema *schema, int codec,
                        weir_orc_writer **out) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_orc_writer *w = WEIR_NEW(mem, weir_orc_writer);
    w->mem = mem;
    weir_str_init(&w->stripes, mem, INT32_MAX);
    w->codec = codec;
    w->piece = weir_alloc(mem, weir_orc_pack_room(PIECE));
    open_column(mem, weir_type_copy(mem, schema), &w->root);
    weir_rc rc = weir_file_create(ctx, path, true, &w->file);
    if (rc == WEIR_OK) rc = put_bytes(ctx, w, MAGIC, 3);
    if (rc != WEIR_OK) return weir_orc_abort(w), rc;
    *out = w;
    return WEIR_OK;
}

weir_rc weir_orc_add(weir_ctx *ctx, weir_orc_writer *w, const weir_batch *b) {
    for (int64_t i = 0; i < b->len; i++) {
        w->rows++;
        for (int k = 0; k < w->root.nkid; k++) put_row(&w->root.kid[k], &b->col[k], i);
        if (i % CHECK_ROWS == CHECK_ROWS - 1 && column_bytes(&w->root) > STRIPE)
            WEIR_TRY(end_stripe(ctx, w));
    }
    return column_bytes(&w->root) > STRIPE ? end_stripe(ctx, w) : WEIR_OK;
}

/* Types in the order of their numbers, which are counted up. */
static void put_types(weir_arena *a, const out_col *c, int *next, weir_str *types,
                      weir_str *stats) {
    weir_str m, rest;
    weir_str_init(&m, a, INT32_MAX);
    weir_str_init(&rest, a, INT32_MAX);
    weir_orc_out_number(&m, 1, c->kind);
    ++*next;
    for (int i = 0, kids = *next; i < c->nkid; i++) {
        weir_orc_out_number(&m, 2, (uint64_t)kids);
        put_types(a, &c->kid[i], &kids, &rest, stats);
        *next = kids;
    }
    for (int i = 0; i < c->nkid && c->kind == WEIR_ORC_STRUCT; i++)
        weir_orc_out_text(&m, 3, c->type->field[i].name, strlen(c->type->field[i].name));
    if (c->kind == WEIR_ORC_DECIMAL) {
        weir_orc_out_number(&m, 5, (uint64_t)c->type->precision);
        weir_orc_out_number(&m, 6, (uint64_t)c->type->scale);
    }
    weir_orc_out_text(types, 4, m.p, m.len);
    weir_str_add(types, rest.p, rest.len);
    weir_orc_out_text(stats, 7, "\x50\1", 2); /* has nulls, for all that is known */
}

static weir_rc put_footer(weir_ctx *ctx, weir_orc_writer *w) {
    weir_str f, stats, ps;
    int types = 0;
    int64_t content = w->at - 3;
    weir_str_init(&f, ctx->arena, INT32_MAX);
    weir_str_init(&stats, ctx->arena, INT32_MAX);
    weir_str_init(&ps, ctx->arena, 256);
    weir_orc_out_number(&f, 1, 3);
    weir_orc_out_number(&f, 2, (uint64_t)content);
    weir_str_add(&f, w->stripes.p, w->stripes.len);
    put_types(ctx->arena, &w->root, &types, &f, &stats);
    weir_orc_out_number(&f, 6, (uint64_t)w->total_rows);
    weir_str_add(&f, stats.p, stats.len);
    weir_orc_out_number(&f, 8, 0);  /* no row indexes */
    weir_orc_out_number(&f, 9, 1);  /* as the C++ writer numbers its versions */
    weir_orc_out_number(&f, 11, 1); /* days before 1582 are Julian */
    int64_t from = w->at;
    WEIR_TRY(put_packed(ctx, w, f.p, f.len));
    weir_orc_out_number(&ps, 1, (uint64_t)(w->at - from));
    weir_orc_out_number(&ps, 2, (uint64_t)w->codec);
    weir_orc_out_number(&ps, 3, PIECE);
    weir_orc_out_text(&ps, 4, "\0\x0c", 2); /* version 0.12 */
    weir_orc_out_number(&ps, 5, 0);
    weir_orc_out_number(&ps, 6, 6); /* ORC-135 */
    weir_orc_out_text(&ps, 8000, MAGIC, 3);
    weir_str_putc(&ps, (char)ps.len);
    return put_bytes(ctx, w, ps.p, ps.len);
}

weir_rc weir_orc_finish(weir_ctx *ctx, weir_orc_writer *w, int64_t *bytes) {
    weir_rc rc = end_stripe(ctx, w);
    if (rc == WEIR_OK) rc = put_footer(ctx, w);
    if (rc == WEIR_OK) rc = weir_file_sync(ctx, w->file);
    *bytes = w->at;
    weir_orc_abort(w);
    return rc;
}

void weir_orc_abort(weir_orc_writer *w) {
    if (!w) return;
    weir_file_drop(w->file);
    weir_arena_free(w->mem);
}
