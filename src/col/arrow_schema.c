/* Owns the translation of types to and from Arrow's format strings. Called by Parquet/ORC readers
 * and writers and the IPC codec; any thread. FORMAT: Arrow C data interface, "Data type
 * description". */
#include "col/arrow_c.h"
#include <limits.h>

static const char spark_key[] = "SPARK::metadata::json"; /* SPARK ArrowUtils.metadataKey */

static weir_rc unsupported(weir_ctx *ctx, const char *what, const char *field) {
    const char *text = weir_printf(ctx->arena, "%s (field %s)", what, field ? field : "");
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName", text);
}

static const char *format_of(weir_arena *a, const weir_type *t, const char *tz) {
    switch (t->kind) {
    case WEIR_T_VOID: return "n";
    case WEIR_T_BOOLEAN: return "b";
    case WEIR_T_BYTE: return "c";
    case WEIR_T_SHORT: return "s";
    case WEIR_T_INT: return "i";
    case WEIR_T_LONG: return "l";
    case WEIR_T_FLOAT: return "f";
    case WEIR_T_DOUBLE: return "g";
    case WEIR_T_DECIMAL: return weir_printf(a, "d:%d,%d", t->precision, t->scale);
    case WEIR_T_STRING: return "u";
    case WEIR_T_BINARY: return "z";
    case WEIR_T_DATE: return "tdD";
    case WEIR_T_TIMESTAMP: return weir_printf(a, "tsu:%s", tz && *tz ? tz : "UTC");
    case WEIR_T_TIMESTAMP_NTZ: return "tsu:";
    case WEIR_T_TIME: return "ttn";
    case WEIR_T_INTERVAL_YM: return "tiM";
    case WEIR_T_INTERVAL_DT: return "tDu";
    case WEIR_T_INTERVAL: return "tin";
    case WEIR_T_ARRAY: return "+l";
    case WEIR_T_MAP: return "+m";
    case WEIR_T_STRUCT: return "+s";
    case WEIR_T_VARIANT:
    case WEIR_T_COUNT: break;
    }
    return NULL;
}

/* Exported nodes live in one arena, freed by the last release: a consumer may move children out. */
typedef struct holder {
    atomic_int refs;
    weir_arena *arena;
} holder;

static void schema_release(struct ArrowSchema *s) {
    holder *h = s->private_data;
    for (int64_t i = 0; i < s->n_children; i++)
        if (s->children[i]->release) s->children[i]->release(s->children[i]);
    s->release = NULL;
    if (atomic_fetch_sub(&h->refs, 1) == 1) weir_arena_free(h->arena);
}

/* FORMAT: int32 pair count, then int32 length and bytes of each key and value, native order. */
static const char *pack_metadata(weir_arena *a, const char *json) {
    if (!json || strcmp(json, "{}") == 0) return NULL;
    int32_t n = 1, klen = (int32_t)(sizeof spark_key - 1), vlen = (int32_t)strlen(json);
    char *p = weir_alloc(a, 12 + (size_t)klen + (size_t)vlen);
    memcpy(p, &n, 4);
    memcpy(p + 4, &klen, 4);
    memcpy(p + 8, spark_key, (size_t)klen);
    memcpy(p + 8 + klen, &vlen, 4);
    memcpy(p + 12 + klen, json, (size_t)vlen);
    return p;
}

static weir_rc export_field(weir_ctx *ctx, holder *h, const weir_field *f, const char *tz,
                            struct ArrowSchema *out);

static weir_rc export_kids(weir_ctx *ctx, holder *h, const weir_field *f, int n, const char *tz,
                           struct ArrowSchema *out) {
    out->n_children = n;
    out->children = WEIR_NEWN(h->arena, struct ArrowSchema *, n ? n : 1);
    for (int i = 0; i < n; i++) out->children[i] = WEIR_NEW(h->arena, struct ArrowSchema);
    for (int i = 0; i < n; i++) WEIR_TRY(export_field(ctx, h, &f[i], tz, out->children[i]));
    return WEIR_OK;
}

static weir_rc export_field(weir_ctx *ctx, holder *h, const weir_field *f, const char *tz,
                            struct ArrowSchema *out) {
    const weir_type *t = f->type;
    const char *format = format_of(h->arena, t, tz);
    if (!format) return unsupported(ctx, weir_type_sql(ctx->arena, t), f->name);
    *out = (struct ArrowSchema){.format = format,
                                .name = weir_strdup(h->arena, f->name ? f->name : ""),
                                .metadata = pack_metadata(h->arena, f->metadata),
                                .flags = f->nullable ? ARROW_FLAG_NULLABLE : 0,
                                .release = schema_release,
                                .private_data = h};
    atomic_fetch_add(&h->refs, 1);
    if (t->kind != WEIR_T_MAP) return export_kids(ctx, h, t->field, t->nfield, tz, out);
    const weir_type entries = {.kind = WEIR_T_STRUCT, .nfield = 2, .field = t->field};
    const weir_field e = {"entries", &entries, false, NULL};
    return export_kids(ctx, h, &e, 1, tz, out);
}

weir_rc weir_schema_export(weir_ctx *ctx, weir_schema *s, const char *tz, struct ArrowSchema *out) {
    weir_arena *a = weir_arena_new(NULL);
    holder *h = WEIR_NEW(a, holder);
    h->arena = a;
    atomic_init(&h->refs, 0);
    const weir_field top = {"", s, false, NULL};
    weir_rc rc = export_field(ctx, h, &top, tz, out);
    if (rc != WEIR_OK) {
        weir_arena_free(a);
        memset(out, 0, sizeof *out);
    }
    return rc;
}

/* The value of Spark's key, "{}" and absence alike as NULL. */
static const char *unpack_metadata(weir_arena *a, const char *p) {
    int32_t n, len;
    if (!p) return NULL;
    memcpy(&n, p, 4);
    p += 4;
    bool mine = false;
    for (int64_t i = 0; i < 2 * (int64_t)n; i++) {
        memcpy(&len, p, 4);
        p += 4;
        if (mine) return len > 2 ? weir_strndup(a, p, (size_t)len) : NULL;
        mine = i % 2 == 0 && len == (int32_t)sizeof spark_key - 1 &&
               memcmp(p, spark_key, (size_t)len) == 0;
        p += len;
    }
    return NULL;
}

/* A decimal number at *p; -1 if there is none or it is absurd. */
static int number(const char **p) {
    int v = 0;
    if (**p < '0' || **p > '9') return -1;
    for (; **p >= '0' && **p <= '9'; ++*p) {
        v = v * 10 + (**p - '0');
        if (v > 1000000000) return -1;
    }
    return v;
}

static const weir_type *import_decimal(weir_arena *a, const char *f) {
    const char *p = f + 2;
    int bits = 128, precision = number(&p);
    if (precision < 1 || precision > 38 || *p++ != ',') return NULL;
    int scale = number(&p);
    if (scale < 0 || scale > precision) return NULL;
    if (*p == ',') {
        p++;
        bits = number(&p);
    }
    if (*p || (bits != 32 && bits != 64 && bits != 128 && bits != 256)) return NULL;
    return weir_type_decimal(a, precision, scale);
}

static const weir_type *import_temporal(const char *f) {
    if (strcmp(f, "tdD") == 0 || strcmp(f, "tdm") == 0) return &weir_t_date;
    if (strcmp(f, "tiM") == 0) return &weir_t_interval_ym;
    if (strcmp(f, "tin") == 0) return &weir_t_interval;
    if (!f[1] || !f[2] || !strchr("smun", f[2])) return NULL;
    if (f[1] == 't' && !f[3]) return &weir_t_time;
    if (f[1] == 'D' && !f[3]) return &weir_t_interval_dt;
    if (f[1] == 's' && f[3] == ':') return f[4] ? &weir_t_timestamp : &weir_t_timestamp_ntz;
    return NULL;
}

static const weir_type *import_scalar(weir_arena *a, const char *f) {
    static const struct {
        char code;
        const weir_type *type;
    } plain[] = {
        {'n', &weir_t_void},   {'b', &weir_t_boolean}, {'c', &weir_t_byte},   {'s', &weir_t_short},
        {'i', &weir_t_int},    {'l', &weir_t_long},    {'C', &weir_t_short},  {'S', &weir_t_int},
        {'I', &weir_t_long},   {'f', &weir_t_float},   {'g', &weir_t_double}, {'u', &weir_t_string},
        {'U', &weir_t_string}, {'z', &weir_t_binary},  {'Z', &weir_t_binary},
    };
    if (f[0] == 't') return import_temporal(f);
    if (f[0] == 'd' && f[1] == ':') return import_decimal(a, f);
    if (f[0] == 'w' && f[1] == ':') {
        const char *p = f + 2;
        return number(&p) >= 0 && !*p ? &weir_t_binary : NULL;
    }
    if (f[0] == 0 || f[1]) return NULL;
    if (f[0] == 'L')
        return weir_type_decimal(a, 20, 0); /* SPARK ParquetToSparkSchemaConverter: UINT_64 */
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (plain[i].code == f[0]) return plain[i].type;
    return NULL;
}

enum { MAX_DEPTH = 100 };

static weir_rc import_type(weir_ctx *ctx, const struct ArrowSchema *s, int depth,
                           const weir_type **out);

static weir_rc import_fields(weir_ctx *ctx, const struct ArrowSchema *s, int depth, weir_field *f) {
    for (int64_t i = 0; i < s->n_children; i++) {
        const struct ArrowSchema *k = s->children[i];
        WEIR_TRY(import_type(ctx, k, depth + 1, &f[i].type));
        f[i].name = weir_strdup(ctx->arena, k->name ? k->name : "");
        f[i].nullable = (k->flags & ARROW_FLAG_NULLABLE) != 0;
        f[i].metadata = unpack_metadata(ctx->arena, k->metadata);
    }
    return WEIR_OK;
}

static weir_rc import_nested(weir_ctx *ctx, const struct ArrowSchema *s, int depth,
                             const weir_type **out) {
    const char *f = s->format;
    bool map = strcmp(f, "+m") == 0, row = strcmp(f, "+s") == 0;
    bool list = strcmp(f, "+l") == 0 || strcmp(f, "+L") == 0 || strncmp(f, "+w:", 3) == 0;
    if ((!map && !row && !list) || s->n_children > INT_MAX / 64 || (!row && s->n_children != 1))
        return unsupported(ctx, f, s->name);
    const struct ArrowSchema *from = s;
    if (map) {
        from = s->children[0];
        if (strcmp(from->format, "+s") != 0 || from->n_children != 2)
            return unsupported(ctx, f, s->name);
    }
    int n = (int)from->n_children;
    weir_field *fields = WEIR_NEWN(ctx->arena, weir_field, n ? n : 1);
    WEIR_TRY(import_fields(ctx, from, depth, fields));
    if (row)
        *out = weir_type_struct(ctx->arena, fields, n);
    else if (list)
        *out = weir_type_array(ctx->arena, fields[0].type, fields[0].nullable);
    else
        *out = weir_type_map(ctx->arena, fields[0].type, fields[1].type, fields[1].nullable);
    return WEIR_OK;
}

static weir_rc import_type(weir_ctx *ctx, const struct ArrowSchema *s, int depth,
                           const weir_type **out) {
    if (depth > MAX_DEPTH) return unsupported(ctx, "a type nested deeper than 100 levels", s->name);
    if (s->dictionary) return import_type(ctx, s->dictionary, depth + 1, out);
    if (s->format[0] == '+') return import_nested(ctx, s, depth, out);
    *out = import_scalar(ctx->arena, s->format);
    return *out ? WEIR_OK : unsupported(ctx, s->format, s->name);
}

weir_rc weir_type_import(weir_ctx *ctx, const struct ArrowSchema *s, const weir_type **out) {
    return import_type(ctx, s, 0, out);
}

weir_rc weir_schema_import(weir_ctx *ctx, const struct ArrowSchema *s, weir_schema **out) {
    if (strcmp(s->format, "+s") != 0) return unsupported(ctx, s->format, s->name);
    return import_type(ctx, s, 0, out);
}
