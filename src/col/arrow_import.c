/* Owns the import of arrays through the Arrow C data interface. Called by the Arrow C++ shim's
 * readers and the IPC reader, on the thread of ctx. Buffers are shared where Arrow's layout is
 * ours, else converted. Buffer sizes are the producer's promise (the interface carries none);
 * offsets and indices are not trusted. */
#include "base/mem.h"
#include "col/arrow_c.h"

/* The moved array, released with the last buffer that points into it. */
typedef struct source {
    atomic_int refs;
    struct ArrowArray array;
} source;

static void source_unref(void *p) {
    source *s = p;
    if (atomic_fetch_sub(&s->refs, 1) != 1) return;
    if (s->array.release) s->array.release(&s->array);
    weir_mem_free(s);
}

typedef struct job {
    weir_ctx *ctx;
    source *from;
} job;

static weir_rc mismatch(weir_ctx *ctx, const weir_type *want, const char *got) {
    return weir_fail(ctx, WEIR_E_ARROW_TYPE_MISMATCH, "operation", "Arrow data", "outputTypes",
                     weir_type_sql(ctx->arena, want), "actualDataTypes", got);
}

static weir_rc broken(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "Invalid Arrow data: %s", what));
}

static weir_rc wrap(const job *j, const void *p, int64_t len, weir_buf **out) {
    static const int64_t none[2] = {0, 0};
    if (!p) return weir_buf_wrap(j->ctx, none, len < 16 ? len : 16, NULL, NULL, out);
    atomic_fetch_add(&j->from->refs, 1);
    return weir_buf_wrap(j->ctx, p, len, source_unref, j->from, out);
}

static weir_rc import_valid(const job *j, const struct ArrowArray *a, weir_column *c) {
    if (a->null_count == 0 || a->n_buffers < 1 || !a->buffers[0]) return WEIR_OK;
    return wrap(j, a->buffers[0], (a->offset + a->length + 7) / 8, &c->valid);
}

/* For converted columns, whose rows start at 0. */
static weir_rc copy_valid(const job *j, const struct ArrowArray *a, weir_column *c) {
    c->off = 0;
    if (a->null_count == 0 || !a->buffers[0]) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(j->ctx, (a->length + 7) / 8, &c->valid));
    weir_bits_copy(c->valid->p, 0, a->buffers[0], a->offset, a->length);
    return WEIR_OK;
}

/* Same layout: shared, or copied where the producer's alignment would not do for our loads. */
static weir_rc import_same(const job *j, const struct ArrowArray *a, weir_column *c) {
    int64_t width = weir_type_width(c->type), bytes = (a->offset + a->length) * width;
    const void *p = a->buffers[1];
    WEIR_TRY(import_valid(j, a, c));
    if ((uintptr_t)p % (size_t)width == 0) return wrap(j, p, bytes, &c->data);
    WEIR_TRY(weir_buf_new(j->ctx, bytes, &c->data));
    memcpy(c->data->p, p, (size_t)bytes);
    return WEIR_OK;
}

static weir_rc import_bool(const job *j, const struct ArrowArray *a, weir_column *c) {
    WEIR_TRY(copy_valid(j, a, c));
    WEIR_TRY(weir_buf_new(j->ctx, a->length, &c->data));
    for (int64_t i = 0; i < a->length; i++) c->data->p[i] = weir_bit(a->buffers[1], a->offset + i);
    return WEIR_OK;
}

static int64_t floor_div(int64_t v, int64_t d) { return v / d - (v % d < 0); }

static weir_rc overflow(weir_ctx *ctx) {
    return weir_fail(ctx, WEIR_E_ARITHMETIC_OVERFLOW, "message", "long overflow", "alternative", "",
                     "config", "spark.sql.ansi.enabled");
}

/* ticks of the array's unit into ours: times mul, or divided by div. */
static weir_rc import_scaled(const job *j, const struct ArrowArray *a, weir_column *c, bool wide,
                             int64_t mul, int64_t div) {
    WEIR_TRY(copy_valid(j, a, c));
    WEIR_TRY(weir_buf_new(j->ctx, a->length * 8, &c->data));
    int64_t *to = (int64_t *)(void *)c->data->p;
    for (int64_t i = 0; i < a->length; i++) {
        int64_t v = 0;
        int32_t w = 0;
        if (weir_is_null(c, i))
            v = 0;
        else if (wide)
            memcpy(&v, (const char *)a->buffers[1] + (a->offset + i) * 8, 8);
        else {
            memcpy(&w, (const char *)a->buffers[1] + (a->offset + i) * 4, 4);
            v = w;
        }
        if (__builtin_mul_overflow(v, mul, &to[i])) return overflow(j->ctx);
        if (div > 1) to[i] = floor_div(to[i], div);
    }
    return WEIR_OK;
}

static weir_rc import_date64(const job *j, const struct ArrowArray *a, weir_column *c) {
    WEIR_TRY(import_scaled(j, a, c, true, 1, 86400000));
    const int64_t *days = (const int64_t *)(const void *)c->data->p;
    weir_buf *b;
    WEIR_TRY(weir_buf_new(j->ctx, a->length * 4, &b));
    for (int64_t i = 0; i < a->length; i++) {
        if (days[i] != (int32_t)days[i]) return overflow(j->ctx);
        ((int32_t *)(void *)b->p)[i] = (int32_t)days[i];
    }
    c->data = b;
    return WEIR_OK;
}

/* Unsigned integers widen to the next signed kind, 64 bits to DECIMAL(20,0). */
static weir_rc import_unsigned(const job *j, const struct ArrowArray *a, weir_column *c,
                               char code) {
    WEIR_TRY(copy_valid(j, a, c));
    WEIR_TRY(weir_buf_new(j->ctx, a->length * weir_type_width(c->type), &c->data));
    const void *p = a->buffers[1];
    void *to = c->data->p;
    for (int64_t i = 0; i < a->length; i++) {
        int64_t at = a->offset + i;
        if (code == 'C')
            ((int16_t *)to)[i] = ((const uint8_t *)p)[at];
        else if (code == 'S')
            ((int32_t *)to)[i] = ((const uint16_t *)p)[at];
        else if (code == 'I')
            ((int64_t *)to)[i] = ((const uint32_t *)p)[at];
        else
            ((weir_i128 *)to)[i] = ((const uint64_t *)p)[at];
    }
    return WEIR_OK;
}

/* Decimals of 4, 8 or 32 bytes; those must fit in 16, as their precision of at most 38 says. */
static weir_rc import_decimal(const job *j, const struct ArrowArray *a, weir_column *c, int width) {
    WEIR_TRY(copy_valid(j, a, c));
    WEIR_TRY(weir_buf_new(j->ctx, a->length * 16, &c->data));
    weir_i128 *to = (weir_i128 *)(void *)c->data->p;
    for (int64_t i = 0; i < a->length; i++) {
        uint8_t v[32];
        to[i] = 0;
        if (weir_is_null(c, i)) continue;
        memcpy(v, (const char *)a->buffers[1] + (a->offset + i) * width, (size_t)width);
        int fill = v[width - 1] >> 7 ? 0xff : 0;
        memset(v + width, fill, 32 - (size_t)width);
        memcpy(&to[i], v, 16);
        for (int k = 15; k < 32; k++)
            if (k == 15 ? (v[k] >> 7) != (fill & 1) : v[k] != fill)
                return broken(j->ctx, "a decimal above 38 digits");
    }
    return WEIR_OK;
}

static weir_rc import_interval(const job *j, const struct ArrowArray *a, weir_column *c) {
    struct {
        int32_t months, days;
        int64_t nanos;
    } v;
    WEIR_TRY(copy_valid(j, a, c));
    WEIR_TRY(weir_buf_new(j->ctx, a->length * 16, &c->data));
    weir_interval *to = (weir_interval *)(void *)c->data->p;
    for (int64_t i = 0; i < a->length; i++) {
        memcpy(&v, (const char *)a->buffers[1] + (a->offset + i) * 16, 16);
        to[i] = (weir_interval){v.months, v.days, v.nanos / 1000};
    }
    return WEIR_OK;
}

static weir_rc check_offsets(weir_ctx *ctx, const int32_t *o, int64_t n) {
    bool bad = o[0] < 0;
    for (int64_t i = 0; i < n; i++) bad |= o[i + 1] < o[i];
    return bad ? broken(ctx, "offsets that decrease") : WEIR_OK;
}

/* int32 offsets of the rows: shared, or narrowed from 64 bits. *end = the last one. */
static weir_rc import_offsets(const job *j, const struct ArrowArray *a, weir_column *c, bool large,
                              int64_t *end) {
    const void *p = a->buffers[1];
    *end = 0;
    if (!p || a->length == 0) {
        WEIR_TRY(copy_valid(j, a, c));
        return weir_buf_zero(j->ctx, (a->length + 1) * 4, &c->data);
    }
    if (!large && (uintptr_t)p % 4 == 0) {
        WEIR_TRY(import_valid(j, a, c));
        WEIR_TRY(wrap(j, p, (a->offset + a->length + 1) * 4, &c->data));
        *end = ((const int32_t *)p)[a->offset + a->length];
        return check_offsets(j->ctx, (const int32_t *)p + a->offset, a->length);
    }
    WEIR_TRY(copy_valid(j, a, c));
    WEIR_TRY(weir_buf_new(j->ctx, (a->length + 1) * 4, &c->data));
    int32_t *to = (int32_t *)(void *)c->data->p;
    int64_t width = large ? 8 : 4;
    for (int64_t i = 0; i <= a->length; i++) {
        int64_t v = 0;
        int32_t w;
        memcpy(large ? (void *)&v : (void *)&w, (const char *)p + (a->offset + i) * width,
               (size_t)width);
        if (!large) v = w;
        if (v < 0 || v > INT32_MAX)
            return broken(j->ctx, "a column of more than 2 GiB; send smaller batches");
        to[i] = (int32_t)v;
    }
    *end = to[a->length];
    return check_offsets(j->ctx, to, a->length);
}

static weir_rc import_bytes(const job *j, const struct ArrowArray *a, weir_column *c, bool large) {
    int64_t end;
    WEIR_TRY(import_offsets(j, a, c, large, &end));
    return wrap(j, a->n_buffers > 2 ? a->buffers[2] : NULL, end, &c->heap);
}

/* Fixed-size values and lists get offsets made: width elements a row. */
static weir_rc make_offsets(const job *j, const struct ArrowArray *a, weir_column *c,
                            int64_t width) {
    WEIR_TRY(copy_valid(j, a, c));
    if ((a->offset + a->length) * width > INT32_MAX)
        return broken(j->ctx, "a column of more than 2 GiB");
    WEIR_TRY(weir_buf_new(j->ctx, (a->length + 1) * 4, &c->data));
    for (int64_t i = 0; i <= a->length; i++)
        ((int32_t *)(void *)c->data->p)[i] = (int32_t)((a->offset + i) * width);
    return WEIR_OK;
}

static weir_rc import_column(const job *j, const struct ArrowSchema *s, const struct ArrowArray *a,
                             const weir_type *t, weir_column *out);

static weir_rc import_list(const job *j, const struct ArrowSchema *s, const struct ArrowArray *a,
                           weir_column *c) {
    int64_t end, width = 0;
    const char *f = s->format;
    if (a->n_children != 1) return broken(j->ctx, "a list without its one child");
    const struct ArrowSchema *ks = s->children[0];
    const struct ArrowArray *ka = a->children[0];
    for (const char *p = f + 3; f[1] == 'w' && *p >= '0' && *p <= '9'; p++)
        width = width * 10 + (*p - '0');
    if (f[1] == 'w') {
        WEIR_TRY(make_offsets(j, a, c, width));
        end = (a->offset + a->length) * width;
    } else {
        WEIR_TRY(import_offsets(j, a, c, f[1] == 'L', &end));
    }
    if (end > ka->length) return broken(j->ctx, "list offsets beyond the elements");
    c->nkid = c->type->nfield;
    c->kid = WEIR_NEWN(j->ctx->arena, weir_column, c->nkid);
    if (f[1] != 'm') return import_column(j, ks, ka, c->type->field[0].type, &c->kid[0]);
    if (ka->n_children != 2) return broken(j->ctx, "a map without keys and values");
    for (int i = 0; i < 2; i++) {
        weir_column kid;
        if (ka->children[i]->length < ka->offset + ka->length)
            return broken(j->ctx, "map entries cut short");
        WEIR_TRY(import_column(j, ks->children[i], ka->children[i], c->type->field[i].type, &kid));
        c->kid[i] = weir_column_slice(&kid, ka->offset, ka->length);
    }
    return WEIR_OK;
}

static weir_rc import_struct(const job *j, const struct ArrowSchema *s, const struct ArrowArray *a,
                             weir_column *c) {
    WEIR_TRY(import_valid(j, a, c));
    if (a->n_children != c->type->nfield)
        return broken(j->ctx, "a struct with the wrong number of fields");
    c->nkid = c->type->nfield;
    c->kid = WEIR_NEWN(j->ctx->arena, weir_column, c->nkid ? c->nkid : 1);
    for (int i = 0; i < c->nkid; i++) {
        if (a->children[i]->length < a->offset + a->length)
            return broken(j->ctx, "struct fields of unequal length");
        WEIR_TRY(
            import_column(j, s->children[i], a->children[i], c->type->field[i].type, &c->kid[i]));
    }
    return WEIR_OK;
}

static int64_t index_at(const void *p, char code, int64_t i) {
    switch (code) {
    case 'c': return ((const int8_t *)p)[i];
    case 'C': return ((const uint8_t *)p)[i];
    case 's': return ((const int16_t *)p)[i];
    case 'S': return ((const uint16_t *)p)[i];
    case 'i': return ((const int32_t *)p)[i];
    case 'I': return ((const uint32_t *)p)[i];
    default: return ((const int64_t *)p)[i];
    }
}

static weir_rc import_dictionary(const job *j, const struct ArrowSchema *s,
                                 const struct ArrowArray *a, const weir_type *t, weir_column *out) {
    weir_column dict, ix = {.type = &weir_t_long, .form = WEIR_FLAT, .len = a->length};
    weir_buf *rows;
    if (!s->format[0] || s->format[1] || !strchr("cCsSiIlL", s->format[0]))
        return broken(j->ctx, "dictionary indices that are no integers");
    if (!a->dictionary) return broken(j->ctx, "indices without a dictionary");
    WEIR_TRY(import_column(j, s->dictionary, a->dictionary, t, &dict));
    WEIR_TRY(copy_valid(j, a, &ix));
    WEIR_TRY(weir_buf_new(j->ctx, a->length * 8, &rows));
    int64_t *idx = (int64_t *)(void *)rows->p;
    for (int64_t i = 0; i < a->length; i++) {
        idx[i] = weir_is_null(&ix, i) ? -1 : index_at(a->buffers[1], s->format[0], a->offset + i);
        if (weir_is_null(&ix, i)) continue;
        if (idx[i] < 0 || idx[i] >= dict.len)
            return broken(j->ctx, "an index outside its dictionary");
    }
    return weir_column_take(j->ctx, &dict, idx, a->length, out);
}

static weir_rc import_temporal(const job *j, const struct ArrowArray *a, weir_column *c,
                               const char *f) {
    if (strcmp(f, "tdD") == 0 || strcmp(f, "tiM") == 0) return import_same(j, a, c);
    if (strcmp(f, "tdm") == 0) return import_date64(j, a, c);
    if (strcmp(f, "tin") == 0) return import_interval(j, a, c);
    int unit = f[2] == 's' ? 0 : f[2] == 'm' ? 1 : f[2] == 'u' ? 2 : 3;
    static const int64_t per[] = {1, 1000, 1000000, 1000000000};
    int ours = f[1] == 't' ? 3 : 2;
    bool wide = f[1] != 't' || unit >= 2;
    if (unit == ours) return import_same(j, a, c);
    if (unit < ours) return import_scaled(j, a, c, wide, per[ours] / per[unit], 1);
    return import_scaled(j, a, c, wide, 1, per[unit] / per[ours]);
}

static int decimal_width(const char *f) {
    const char *p = strchr(f, ',');
    p = p ? strchr(p + 1, ',') : NULL;
    return !p                       ? 16
           : strcmp(p, ",32") == 0  ? 4
           : strcmp(p, ",64") == 0  ? 8
           : strcmp(p, ",256") == 0 ? 32
                                    : 16;
}

static weir_rc import_flat(const job *j, const struct ArrowSchema *s, const struct ArrowArray *a,
                           weir_column *c) {
    const char *f = s->format;
    if (f[0] == '+') return f[1] == 's' ? import_struct(j, s, a, c) : import_list(j, s, a, c);
    if (f[0] == 'n') return WEIR_OK;
    if (a->n_buffers < 2) return broken(j->ctx, "an array without its buffers");
    if (f[0] == 'u' || f[0] == 'z') return import_bytes(j, a, c, false);
    if (f[0] == 'U' || f[0] == 'Z') return import_bytes(j, a, c, true);
    if (f[0] == 'w') {
        int64_t width = 0;
        for (const char *p = f + 2; *p >= '0' && *p <= '9'; p++) width = width * 10 + (*p - '0');
        WEIR_TRY(make_offsets(j, a, c, width));
        return wrap(j, a->buffers[1], (a->offset + a->length) * width, &c->heap);
    }
    if (a->length > 0 && !a->buffers[1]) return broken(j->ctx, "an array without its values");
    if (f[0] == 't') return import_temporal(j, a, c, f);
    if (f[0] == 'b') return import_bool(j, a, c);
    if (f[0] == 'd' && decimal_width(f) != 16) return import_decimal(j, a, c, decimal_width(f));
    if (strchr("CSIL", f[0])) return import_unsigned(j, a, c, f[0]);
    return import_same(j, a, c);
}

/* Whether the format, without its children, is that of t's kind. */
static weir_rc check_kind(weir_ctx *ctx, const struct ArrowSchema *s, const weir_type *t) {
    const weir_type *is;
    const char *f = s->format;
    bool same = f[1] == 's'
                    ? t->kind == WEIR_T_STRUCT && s->n_children == t->nfield
                    : s->n_children == 1 && t->kind == (f[1] == 'm' ? WEIR_T_MAP : WEIR_T_ARRAY);
    if (f[0] == '+' && same) return WEIR_OK;
    WEIR_TRY(weir_type_import(ctx, s, &is));
    if (f[0] == '+' || is->kind != t->kind || (t->kind == WEIR_T_DECIMAL && is->scale != t->scale))
        return mismatch(ctx, t, weir_type_sql(ctx->arena, is));
    return WEIR_OK;
}

static weir_rc import_column(const job *j, const struct ArrowSchema *s, const struct ArrowArray *a,
                             const weir_type *t, weir_column *out) {
    if (a->length < 0 || a->offset < 0 || a->length > INT32_MAX || a->offset > INT32_MAX)
        return broken(j->ctx, "an array of more than 2^31 rows; send smaller batches");
    if (s->dictionary) return import_dictionary(j, s, a, t, out);
    WEIR_TRY(check_kind(j->ctx, s, t));
    *out = (weir_column){.type = t, .form = WEIR_FLAT, .len = a->length, .off = a->offset};
    return import_flat(j, s, a, out);
}

static weir_rc import_batch(const job *j, weir_schema *schema, const struct ArrowSchema *as,
                            weir_batch *out) {
    const struct ArrowArray *a = &j->from->array;
    if (a->n_children != schema->nfield || as->n_children != schema->nfield)
        return weir_fail(j->ctx, WEIR_E_ARROW_FIELD_COUNT, "encoderFieldCount",
                         weir_printf(j->ctx->arena, "%d", schema->nfield), "arrowColumnCount",
                         weir_printf(j->ctx->arena, "%lld", (long long)a->n_children));
    *out = (weir_batch){schema, a->length,
                        WEIR_NEWN(j->ctx->arena, weir_column, schema->nfield ? schema->nfield : 1)};
    if (a->length < 0 || a->offset < 0) return broken(j->ctx, "a negative length");
    for (int i = 0; i < schema->nfield; i++) {
        weir_column c;
        if (a->children[i]->length < a->offset + a->length)
            return broken(j->ctx, "columns of unequal length");
        WEIR_TRY(import_column(j, as->children[i], a->children[i], schema->field[i].type, &c));
        out->col[i] = weir_column_slice(&c, a->offset, a->length);
    }
    return WEIR_OK;
}

weir_rc weir_batch_import(weir_ctx *ctx, weir_schema *schema, const struct ArrowSchema *as,
                          struct ArrowArray *take, weir_batch *out) {
    source *s = weir_mem_resize(NULL, sizeof *s);
    atomic_init(&s->refs, 1);
    s->array = *take;
    take->release = NULL;
    job j = {ctx, s};
    weir_rc rc = import_batch(&j, schema, as, out);
    source_unref(s);
    return rc;
}
