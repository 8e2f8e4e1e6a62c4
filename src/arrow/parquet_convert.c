/* Values of Parquet's leaves as SQL values. See parquet_convert.h. Spark's table, so that what it
 * reads is read alike and what it refuses is refused; values whose layout is ours already are
 * shared, not copied. */
#include "arrow/parquet_convert.h"

typedef struct job {
    weir_ctx *ctx;
    const char *file;
    const weir_pq_col *col;
    const weir_pq_values *in;
    weir_column *out;
} job;

struct weir_pq_conversion {
    weir_pq_physical from;
    weir_kind to;
    bool (*when)(const weir_arrow_node *, const weir_type *); /* NULL: always */
    weir_rc (*run)(const job *);
};

/* ---- which ---- */

static bool is_note(const weir_arrow_node *n, weir_pq_logical l) { return n->logical == l; }

static bool is_unsigned(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_INT) && !n->is_signed && n->width >= 32;
}
static bool is_date(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_DATE);
}
static bool is_unknown(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_UNKNOWN);
}
static bool is_millis(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_TIMESTAMP) && n->unit == WEIR_PQ_MILLIS;
}
static bool is_micros(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_TIMESTAMP) && n->unit == WEIR_PQ_MICROS;
}
static bool is_time_micros(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_TIME) && n->unit == WEIR_PQ_MICROS;
}
static bool is_time_nanos(const weir_arrow_node *n, const weir_type *t) {
    (void)t;
    return is_note(n, WEIR_PQ_TIME) && n->unit == WEIR_PQ_NANOS;
}
static bool is_unsigned_decimal(const weir_arrow_node *n, const weir_type *t) {
    return is_unsigned(n, t) && n->width == 64 && t->precision == 20 && t->scale == 0;
}

/* SPARK ParquetVectorUpdaterFactory.isDecimalTypeMatched: no digit may be lost on either side of
 * the point. */
static bool decimal_fits(const weir_arrow_node *n, const weir_type *t) {
    if (is_note(n, WEIR_PQ_DECIMAL)) {
        int more = t->scale - n->scale;
        return n->precision >= 1 && more >= 0 && t->precision - n->precision >= more;
    }
    if (!is_note(n, WEIR_PQ_PLAIN) && !(is_note(n, WEIR_PQ_INT) && n->is_signed)) return false;
    int whole = t->precision - t->scale;
    return n->physical == WEIR_PQ_INT32 ? whole >= 10 : n->physical == WEIR_PQ_INT64 && whole >= 20;
}

/* ---- how ---- */

static weir_rc same(const job *j) {
    j->out->data = j->in->data;
    return WEIR_OK;
}

static weir_rc bytes(const job *j) {
    j->out->data = j->in->data;
    j->out->heap = j->in->heap;
    return WEIR_OK;
}

static weir_rc none(const job *j) {
    return weir_column_null(j->ctx, j->col->type, j->in->n, j->out);
}

/* FROM and TO are C types; v is a value. Values of nulls are undefined, so nothing here may fail
 * for them. */
#define CONVERT(name, FROM, TO, expression)                                                        \
    static weir_rc name(const job *j) {                                                            \
        WEIR_TRY(weir_buf_new(j->ctx, j->in->n *(int64_t)sizeof(TO), &j->out->data));              \
        const FROM *from = (const FROM *)(const void *)j->in->data->p;                             \
        TO *to = (TO *)(void *)j->out->data->p;                                                    \
        for (int64_t i = 0; i < j->in->n; i++) {                                                   \
            FROM v = from[i];                                                                      \
            to[i] = (TO)(expression);                                                              \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    }
CONVERT(int_to_byte, int32_t, int8_t, v)
CONVERT(int_to_short, int32_t, int16_t, v)
CONVERT(int_to_long, int32_t, int64_t, v)
CONVERT(uint_to_long, uint32_t, int64_t, v)
CONVERT(int_to_double, int32_t, double, v)
CONVERT(float_to_double, float, double, v)
CONVERT(ulong_to_decimal, uint64_t, weir_i128, v)
CONVERT(days_to_micros, int32_t, int64_t, v *INT64_C(86400000000))

static weir_rc scaled(const job *j, int64_t by) {
    WEIR_TRY(weir_buf_new(j->ctx, j->in->n * 8, &j->out->data));
    const int64_t *from = (const int64_t *)(const void *)j->in->data->p;
    int64_t *to = (int64_t *)(void *)j->out->data->p;
    for (int64_t i = 0; i < j->in->n; i++)
        if (__builtin_mul_overflow(from[i], by, &to[i]) && !weir_is_null(j->out, i))
            return weir_fail_read(
                j->ctx, WEIR_E_FAILED_READ_FILE, j->file,
                weir_printf(j->ctx->arena,
                            "The column %s has the value %lld, which is beyond the "
                            "range of the type %s.",
                            weir_pq_path(j->ctx->arena, j->col->node), (long long)from[i],
                            weir_type_name(j->ctx->arena, j->col->type)));
    return WEIR_OK;
}
static weir_rc millis_to_micros(const job *j) { return scaled(j, 1000); }
static weir_rc micros_to_nanos(const job *j) { return scaled(j, 1000); }

/* FORMAT: 8 bytes of nanoseconds of the day, then 4 of the Julian day. */
static weir_rc int96_to_micros(const job *j) {
    WEIR_TRY(weir_buf_new(j->ctx, j->in->n * 8, &j->out->data));
    int64_t *to = (int64_t *)(void *)j->out->data->p;
    for (int64_t i = 0; i < j->in->n; i++) {
        int64_t nanos;
        int32_t day;
        memcpy(&nanos, j->in->data->p + i * 12, 8);
        memcpy(&day, j->in->data->p + i * 12 + 8, 4);
        to[i] = ((int64_t)day - 2440588) * INT64_C(86400000000) + nanos / 1000;
    }
    return WEIR_OK;
}

/* What a number of the file is multiplied with to have the asked scale. */
static weir_i128 raise_by(const job *j) {
    const weir_arrow_node *n = j->col->node->is;
    weir_i128 by = 1;
    for (int s = n->logical == WEIR_PQ_DECIMAL ? n->scale : 0; s < j->col->type->scale; s++)
        by *= 10;
    return by;
}

static weir_rc int_to_decimal(const job *j) {
    bool wide = j->col->node->is->physical == WEIR_PQ_INT64;
    weir_i128 by = raise_by(j);
    WEIR_TRY(weir_buf_new(j->ctx, j->in->n * 16, &j->out->data));
    weir_i128 *to = (weir_i128 *)(void *)j->out->data->p;
    const void *from = j->in->data->p;
    if (wide)
        for (int64_t i = 0; i < j->in->n; i++) to[i] = ((const int64_t *)from)[i] * by;
    else
        for (int64_t i = 0; i < j->in->n; i++) to[i] = ((const int32_t *)from)[i] * by;
    return WEIR_OK;
}

/* Two's complement, the highest byte first; what exceeds 16 bytes must be its sign. */
static bool read_big_endian(const uint8_t *p, int64_t n, weir_i128 *out) {
    uint8_t sign = n && p[0] & 128 ? 255 : 0;
    for (; n > 16; p++, n--)
        if (*p != sign) return false;
    if (n == 16 && (p[0] & 128) != (sign & 128)) return false;
    unsigned __int128 v = sign ? ~(unsigned __int128)0 : 0;
    for (int64_t i = 0; i < n; i++) v = v << 8 | p[i];
    *out = (weir_i128)v;
    return true;
}

static weir_rc bytes_to_decimal(const job *j) {
    const weir_arrow_node *is = j->col->node->is;
    const int32_t *offset = (const int32_t *)(const void *)j->in->data->p;
    weir_i128 by = raise_by(j);
    WEIR_TRY(weir_buf_new(j->ctx, j->in->n * 16, &j->out->data));
    weir_i128 *to = (weir_i128 *)(void *)j->out->data->p;
    bool fixed = is->physical == WEIR_PQ_FIXED;
    for (int64_t i = 0; i < j->in->n; i++) {
        const uint8_t *p = fixed ? j->in->data->p + i * is->length : j->in->heap->p + offset[i];
        weir_i128 v = 0;
        to[i] = 0;
        if (weir_is_null(j->out, i)) continue;
        if (!read_big_endian(p, fixed ? is->length : offset[i + 1] - offset[i], &v) ||
            __builtin_mul_overflow(v, by, &to[i]))
            return weir_fail_read(j->ctx, WEIR_E_FAILED_READ_FILE, j->file,
                                  weir_printf(j->ctx->arena,
                                              "The column %s has a number of more than 38 digits.",
                                              weir_pq_path(j->ctx->arena, j->col->node)));
    }
    return WEIR_OK;
}

static weir_rc fixed_to_bytes(const job *j) {
    int64_t width = j->col->node->is->length;
    if (j->in->n * width > INT32_MAX)
        return weir_fail_read(
            j->ctx, WEIR_E_FAILED_READ_FILE, j->file,
            weir_printf(j->ctx->arena, "The column %s has more than 2 GiB in %lld rows.",
                        weir_pq_path(j->ctx->arena, j->col->node), (long long)j->in->n));
    WEIR_TRY(weir_buf_new(j->ctx, (j->in->n + 1) * 4, &j->out->data));
    for (int64_t i = 0; i <= j->in->n; i++)
        ((int32_t *)(void *)j->out->data->p)[i] = (int32_t)(i * width);
    j->out->heap = j->in->data;
    return WEIR_OK;
}

/* ---- the table: the first row that fits counts ---- */

static const weir_pq_conversion table[] = {
    {WEIR_PQ_BOOLEAN, WEIR_T_BOOLEAN, NULL, same},
    {WEIR_PQ_INT32, WEIR_T_INT, NULL, same},
    {WEIR_PQ_INT32, WEIR_T_DATE, NULL, same},
    {WEIR_PQ_INT32, WEIR_T_INTERVAL_YM, NULL, same},
    {WEIR_PQ_INT32, WEIR_T_BYTE, NULL, int_to_byte},
    {WEIR_PQ_INT32, WEIR_T_SHORT, NULL, int_to_short},
    {WEIR_PQ_INT32, WEIR_T_LONG, is_unsigned, uint_to_long},
    {WEIR_PQ_INT32, WEIR_T_LONG, NULL, int_to_long},
    {WEIR_PQ_INT32, WEIR_T_DOUBLE, NULL, int_to_double},
    {WEIR_PQ_INT32, WEIR_T_TIMESTAMP_NTZ, is_date, days_to_micros},
    {WEIR_PQ_INT32, WEIR_T_DECIMAL, decimal_fits, int_to_decimal},
    {WEIR_PQ_INT64, WEIR_T_LONG, NULL, same},
    {WEIR_PQ_INT64, WEIR_T_INTERVAL_DT, NULL, same},
    {WEIR_PQ_INT64, WEIR_T_TIMESTAMP, is_micros, same},
    {WEIR_PQ_INT64, WEIR_T_TIMESTAMP, is_millis, millis_to_micros},
    {WEIR_PQ_INT64, WEIR_T_TIMESTAMP_NTZ, is_micros, same},
    {WEIR_PQ_INT64, WEIR_T_TIMESTAMP_NTZ, is_millis, millis_to_micros},
    {WEIR_PQ_INT64, WEIR_T_TIME, is_time_nanos, same},
    {WEIR_PQ_INT64, WEIR_T_TIME, is_time_micros, micros_to_nanos},
    {WEIR_PQ_INT64, WEIR_T_DECIMAL, decimal_fits, int_to_decimal},
    {WEIR_PQ_INT64, WEIR_T_DECIMAL, is_unsigned_decimal, ulong_to_decimal},
    {WEIR_PQ_INT96, WEIR_T_TIMESTAMP, NULL, int96_to_micros},
    {WEIR_PQ_INT96, WEIR_T_TIMESTAMP_NTZ, NULL, int96_to_micros},
    {WEIR_PQ_FLOAT, WEIR_T_FLOAT, NULL, same},
    {WEIR_PQ_FLOAT, WEIR_T_DOUBLE, NULL, float_to_double},
    {WEIR_PQ_DOUBLE, WEIR_T_DOUBLE, NULL, same},
    {WEIR_PQ_BINARY, WEIR_T_STRING, NULL, bytes},
    {WEIR_PQ_BINARY, WEIR_T_BINARY, NULL, bytes},
    {WEIR_PQ_BINARY, WEIR_T_DECIMAL, decimal_fits, bytes_to_decimal},
    {WEIR_PQ_FIXED, WEIR_T_BINARY, NULL, fixed_to_bytes},
    {WEIR_PQ_FIXED, WEIR_T_DECIMAL, decimal_fits, bytes_to_decimal},
};

const weir_pq_conversion *weir_pq_conversion_find(const weir_arrow_node *n, const weir_type *t) {
    static const weir_pq_conversion nothing = {WEIR_PQ_BOOLEAN, WEIR_T_VOID, is_unknown, none};
    if (t->kind == WEIR_T_VOID) return is_unknown(n, t) ? &nothing : NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const weir_pq_conversion *c = &table[i];
        if (c->from == n->physical && c->to == t->kind && (!c->when || c->when(n, t))) return c;
    }
    return NULL;
}

weir_rc weir_pq_convert(weir_ctx *ctx, const char *file, const weir_pq_col *c,
                        const weir_pq_values *in, weir_column *out) {
    const job j = {ctx, file, c, in, out};
    *out = (weir_column){.type = c->type, .form = WEIR_FLAT, .len = in->n, .valid = in->valid};
    return c->how->run(&j);
}
