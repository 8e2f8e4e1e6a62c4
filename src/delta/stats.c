/* Minimum, maximum and null count of columns, in nested structs too. See stats.h. A bound is left
 * out rather than written wrong: readers take what has none as unknown. SPARK StatisticsCollection.
 * One task. */
#include "delta/stats.h"

#include "base/utf8.h"
#include "func/datetime.h"
#include "func/decimal.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

typedef struct range {
    bool known;
    weir_column lo, hi;
    weir_arena *lo_mem, *hi_mem;
    int64_t nulls;
} range;
typedef struct node { /* a column, or a field of a struct */
    const char *name;
    int at;      /* in the schema or struct around it */
    bool ranged; /* its own values have an order that readers skip by, or those of its fields */
    range *leaf; /* NULL: a struct */
    struct node *kid;
    int nkid;
} node;
struct weir_stats {
    weir_arena *mem;
    weir_stats_spec spec;
    int64_t rows;
    node root;
};

/* SPARK SkippingEligibleDataType */
bool weir_stats_ranged(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG:
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
    case WEIR_T_STRING:
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: return true;
    default: return false;
    }
}

/* ---- which columns ---- */

typedef struct choice { /* where in the paths of names, and how many leaves are left to take */
    const char *const **path;
    int n, depth;
    int64_t *left;
} choice;

static void add_fields(weir_arena *, weir_schema *, choice, node *out);

/* The paths through the field. *whole: all of them end there. SPARK filterSchema */
static bool narrow(weir_arena *mem, const char *name, const choice *from, choice *to, bool *whole) {
    const char *const **path = WEIR_NEWN(mem, const char *const *, from->n + 1);
    int n = 0, ended = 0;
    for (int i = 0; i < from->n; i++) {
        const char *const *p = from->path[i] + from->depth;
        if (strcasecmp(*p, name) != 0) continue;
        if (p[1])
            path[n++] = from->path[i];
        else
            ended++;
    }
    *to = (choice){path, n, from->depth + 1, from->left};
    *whole = !n;
    return n + ended > 0;
}

static bool add_field(weir_arena *mem, const weir_field *f, choice c, node *k) {
    bool whole = false, is_struct = f->type->kind == WEIR_T_STRUCT;
    if (c.path && !narrow(mem, f->name, &c, &c, &whole)) return false;
    if (whole) c = (choice){.left = c.left};
    if (c.path && !is_struct) return false;
    k->name = f->name;
    if (is_struct) return add_fields(mem, f->type, c, k), true;
    --*c.left;
    k->ranged = weir_stats_ranged(f->type);
    k->leaf = WEIR_NEW(mem, range);
    k->leaf->lo_mem = weir_arena_new(mem);
    k->leaf->hi_mem = weir_arena_new(mem);
    return true;
}

static void add_fields(weir_arena *mem, weir_schema *s, choice c, node *out) {
    out->kid = WEIR_NEWN(mem, node, s->nfield + 1);
    for (int i = 0; i<s->nfield && * c.left> 0; i++) {
        node *k = &out->kid[out->nkid];
        if (!add_field(mem, &s->field[i], c, k)) continue;
        k->at = i;
        out->ranged |= k->ranged;
        out->nkid++;
    }
}

weir_stats *weir_stats_new(weir_arena *mem, weir_schema *schema, const weir_stats_spec *spec) {
    weir_stats *s = WEIR_NEW(mem, weir_stats);
    int64_t left = spec->named || spec->columns < 0 ? INT64_MAX : spec->columns;
    s->mem = mem;
    s->spec = *spec;
    add_fields(mem, schema, (choice){spec->named, spec->nnamed, 0, &left}, &s->root);
    return s;
}

/* ---- collecting ---- */

#define SCAN(T)                                                                                    \
    do {                                                                                           \
        const T *v = (const T *)(const void *)c->data->p + c->off;                                 \
        for (int64_t i = 0; i < c->len; i++) {                                                     \
            if (c->valid && !weir_bit(c->valid->p, c->off + i)) continue;                          \
            if (*lo < 0 || v[i] < v[*lo]) {                                                        \
                *lo = i;                                                                           \
            }                                                                                      \
            if (*hi < 0 || v[i] > v[*hi]) {                                                        \
                *hi = i;                                                                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* The first eight bytes as a number that orders as the text does. */
static inline uint64_t text_key(weir_bytes b) {
    uint64_t x = 0;
    if (b.len) memcpy(&x, b.p, b.len < 8 ? (size_t)b.len : 8);
    return __builtin_bswap64(x);
}

/* Most values lie strictly between the extremes so far: their first bytes say so. */
static void text_extremes(const weir_column *c, int64_t *lo, int64_t *hi) {
    uint64_t least = 0, most = 0;
    for (int64_t i = 0; i < c->len; i++) {
        if (c->valid && !weir_bit(c->valid->p, c->off + i)) continue;
        uint64_t k = text_key(weir_get_bytes(c, i));
        if (*lo >= 0 && k > least && k < most) continue;
        if (*lo < 0 || (k <= least && weir_compare(c, i, c, *lo) < 0)) *lo = i, least = k;
        if (*hi < 0 || (k >= most && weir_compare(c, i, c, *hi) > 0)) *hi = i, most = k;
    }
}

#define ANY_NAN(T)                                                                                 \
    do {                                                                                           \
        const T *v = (const T *)(const void *)c->data->p + c->off;                                 \
        for (int64_t i = 0; i < c->len; i++) any |= v[i] != v[i];                                  \
    } while (0)

static bool has_nan(const weir_column *c) {
    bool any = false;
    if (c->type->kind == WEIR_T_DOUBLE)
        ANY_NAN(double);
    else
        ANY_NAN(float);
    return any;
}

/* Rows of the least and greatest value, -1 when all are null. */
static void extremes(const weir_column *c, int64_t *lo, int64_t *hi) {
    *lo = *hi = -1;
    weir_kind k = c->type->kind;
    if (c->form == WEIR_CONST) {
        if (!weir_is_null(c, 0)) *lo = *hi = 0;
    } else if (k == WEIR_T_INT || k == WEIR_T_DATE) {
        SCAN(int32_t);
    } else if (k == WEIR_T_LONG || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ) {
        SCAN(int64_t);
    } else if (k == WEIR_T_DOUBLE && !has_nan(c)) {
        SCAN(double);
    } else if (k == WEIR_T_FLOAT && !has_nan(c)) {
        SCAN(float);
    } else if (k == WEIR_T_STRING) {
        text_extremes(c, lo, hi);
    } else {
        for (int64_t i = 0; i < c->len; i++) {
            if (weir_is_null(c, i)) continue;
            if (*lo < 0 || weir_compare(c, i, c, *lo) < 0) *lo = i;
            if (*hi < 0 || weir_compare(c, i, c, *hi) > 0) *hi = i;
        }
    }
}

static void keep(weir_arena *mem, const weir_column *c, int64_t row, weir_ctx *ctx,
                 weir_column *out) {
    weir_column one;
    weir_arena_reset(mem);
    if (weir_column_take(ctx, c, &row, 1, &one) == WEIR_OK) weir_column_keep(mem, &one, out);
}

static void add_leaf(weir_ctx *ctx, const node *k, const weir_column *c) {
    range *r = k->leaf;
    int64_t lo, hi;
    r->nulls += weir_null_count(c);
    if (!k->ranged) return;
    extremes(c, &lo, &hi);
    if (lo < 0) return;
    if (!r->known || weir_compare(c, lo, &r->lo, 0) < 0) keep(r->lo_mem, c, lo, ctx, &r->lo);
    if (!r->known || weir_compare(c, hi, &r->hi, 0) > 0) keep(r->hi_mem, c, hi, ctx, &r->hi);
    r->known = true;
}

static weir_rc add_column(weir_ctx *ctx, const node *k, const weir_column *c) {
    if (k->leaf) {
        add_leaf(ctx, k, c);
        return ctx->err->rc;
    }
    for (int i = 0; i < k->nkid; i++) {
        weir_column field;
        int64_t len = c->form == WEIR_CONST ? 1 : c->len;
        WEIR_TRY(weir_column_field(ctx, c, k->kid[i].at, c->off, len, &field));
        if (c->form == WEIR_CONST) field.form = WEIR_CONST, field.len = c->len;
        WEIR_TRY(add_column(ctx, &k->kid[i], &field));
    }
    return WEIR_OK;
}

weir_rc weir_stats_add(weir_ctx *ctx, weir_stats *s, const weir_batch *b) {
    s->rows += b->len;
    for (int i = 0; i < s->root.nkid && b->len; i++)
        WEIR_TRY(add_column(ctx, &s->root.kid[i], &b->col[s->root.kid[i].at]));
    return WEIR_OK;
}

int64_t weir_stats_rows(const weir_stats *s) { return s->rows; }

/* ---- as JSON ---- */

static int32_t char_bytes(const char *p) {
    unsigned char c = (unsigned char)*p;
    return c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* A text that is not less than b, which is longer than prefix: b's start and a character that sorts
 * after what stood there. NULL: none is short enough. SPARK truncateMaxStringAgg */
static const char *cut_max(weir_bytes b, int prefix, int32_t *n) {
    static const char last[] = "\xF4\x8F\xBF\xBF"; /* U+10FFFF: nothing sorts after it */
    int32_t at = 0, chars = 0;
    while (at < b.len && chars < prefix) {
        int32_t size = char_bytes(b.p + at);
        at += size;
        chars += size == 4 ? 2 : 1; /* of UTF-16 */
    }
    while (at < b.len && prefix > 0 && chars <= 2 * prefix) {
        *n = at;
        if ((unsigned char)b.p[at] < 0x7F) return "\x7F";
        if (b.len - at < 4 || memcmp(b.p + at, last, 4) != 0) return last;
        at += 4;
        chars += 2;
    }
    *n = at;
    return at < b.len ? NULL : "";
}

static bool text_value(weir_jw *w, const char *name, weir_bytes b, bool max, int prefix) {
    weir_str s;
    int32_t n = 0;
    const char *tail = "";
    if (!weir_utf8_valid(b.p, (size_t)b.len)) return false;
    if (max) {
        tail = cut_max(b, prefix, &n);
    } else {
        for (int chars = 0; n < b.len && chars < prefix; chars++) n += char_bytes(b.p + n);
    }
    if (!tail) return false;
    weir_str_init(&s, NULL, 1u << 30);
    weir_str_add(&s, b.p, (size_t)n);
    weir_str_puts(&s, tail);
    weir_jw_key(w, name);
    weir_jw_strn(w, s.p ? s.p : "", s.len);
    weir_str_free(&s);
    return true;
}

/* SPARK: cut to milliseconds, for the maximum too: readers know, and add one. */
static void time_text(int64_t us, bool zone, char *out, size_t cap) {
    char day[WEIR_TIME_TEXT];
    int ms = (int)(weir_floor_mod(us, WEIR_DAY_US) / 1000);
    weir_date_text((int32_t)weir_floor_div(us, WEIR_DAY_US), day);
    snprintf(out, cap, "%sT%02d:%02d:%02d.%03d%s", day, ms / 3600000, ms / 60000 % 60,
             ms / 1000 % 60, ms % 1000, zone ? "Z" : "");
}

/* Spark reads no other years back as they are. */
static bool has_plain_year(int64_t days) {
    int64_t year;
    int month, day;
    weir_civil(days, &year, &month, &day);
    return year >= 1 && year <= 9999;
}

static void number_text(const weir_column *c, char out[64]) {
    switch (c->type->kind) {
    case WEIR_T_BYTE: snprintf(out, 64, "%d", WEIR_AT_ROW(int8_t, c, 0)); break;
    case WEIR_T_SHORT: snprintf(out, 64, "%d", WEIR_AT_ROW(int16_t, c, 0)); break;
    case WEIR_T_INT: snprintf(out, 64, "%d", WEIR_AT_ROW(int32_t, c, 0)); break;
    case WEIR_T_LONG: snprintf(out, 64, "%lld", (long long)WEIR_AT_ROW(int64_t, c, 0)); break;
    case WEIR_T_FLOAT: weir_float_text(WEIR_AT_ROW(float, c, 0), out); break;
    case WEIR_T_DOUBLE: weir_double_text(WEIR_AT_ROW(double, c, 0), out); break;
    default: weir_dec_text(WEIR_AT_ROW(weir_i128, c, 0), c->type->scale, out);
    }
}

/* The bound under its name, unless no text says it. */
static void value(weir_jw *w, const node *k, bool max, int prefix) {
    const weir_column *c = max ? &k->leaf->hi : &k->leaf->lo;
    char text[WEIR_TIME_TEXT + 24];
    bool quoted = true, said = true;
    if (c->type->kind == WEIR_T_STRING) {
        text_value(w, k->name, weir_get_bytes(c, 0), max, prefix);
        return;
    }
    if (c->type->kind == WEIR_T_DATE) {
        said = has_plain_year(WEIR_AT_ROW(int32_t, c, 0));
        weir_date_text(WEIR_AT_ROW(int32_t, c, 0), text);
    } else if (c->type->kind == WEIR_T_TIMESTAMP || c->type->kind == WEIR_T_TIMESTAMP_NTZ) {
        int64_t us = WEIR_AT_ROW(int64_t, c, 0);
        said = has_plain_year(weir_floor_div(us, WEIR_DAY_US));
        time_text(us, c->type->kind == WEIR_T_TIMESTAMP, text, sizeof text);
    } else {
        number_text(c, text);
        quoted = strchr(text, 'N') || strchr(text, 'I'); /* NaN, Infinity */
    }
    if (!said) return;
    weir_jw_key(w, k->name);
    if (quoted)
        weir_jw_str(w, text);
    else
        weir_jw_raw(w, text);
}

static void values(weir_jw *w, const node *k, bool max, int prefix) {
    weir_jw_obj(w);
    for (int i = 0; i < k->nkid; i++) {
        const node *f = &k->kid[i];
        if (!f->ranged) continue;
        if (!f->leaf) {
            weir_jw_key(w, f->name);
            values(w, f, max, prefix);
        } else if (f->leaf->known) {
            value(w, f, max, prefix);
        }
    }
    weir_jw_end_obj(w);
}

static bool has_leaf(const node *k) {
    bool any = k->leaf != NULL;
    for (int i = 0; i < k->nkid && !any; i++) any = has_leaf(&k->kid[i]);
    return any;
}

static void null_counts(weir_jw *w, const node *k) {
    weir_jw_obj(w);
    for (int i = 0; i < k->nkid; i++) {
        const node *f = &k->kid[i];
        if (!has_leaf(f)) continue;
        weir_jw_key(w, f->name);
        if (f->leaf)
            weir_jw_int(w, f->leaf->nulls);
        else
            null_counts(w, f);
    }
    weir_jw_end_obj(w);
}

void weir_stats_json(const weir_stats *s, weir_str *out) {
    weir_jw w;
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "numRecords");
    weir_jw_int(&w, s->rows);
    for (int max = 0; max < 2 && s->root.ranged; max++) {
        weir_jw_key(&w, max ? "maxValues" : "minValues");
        values(&w, &s->root, max, s->spec.prefix);
    }
    if (has_leaf(&s->root)) {
        weir_jw_key(&w, "nullCount");
        null_counts(&w, &s->root);
    }
    if (s->spec.tight_bounds) {
        weir_jw_key(&w, "tightBounds");
        weir_jw_bool(&w, true);
    }
    weir_jw_end_obj(&w);
}
