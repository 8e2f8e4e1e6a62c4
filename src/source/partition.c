/* Partition columns of directories of files: k=v folders. SPARK PartitioningUtils. Analysis and
 * query threads. */
#include "source/files.h"

#include "base/utf8.h"
#include "expr/eval.h"
#include "func/datetime.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

enum { MAX_PARTITIONS = 64 };
static const char hive_null[] = "__HIVE_DEFAULT_PARTITION__";

typedef struct folder { /* the k=v folders of one file, outermost first; values NULL: Hive's null */
    int n;
    const char *name[MAX_PARTITIONS], *value[MAX_PARTITIONS];
    const char *above; /* the directory that holds the first of them */
} folder;

/* SPARK ExternalCatalogUtils.unescapePathName: %XX is a character, not a byte. */
static char *unescape(weir_arena *a, const char *p, size_t n) {
    char *o = weir_alloc(a, n + 1), *q = o;
    for (size_t i = 0; i < n; i++) {
        char hex[3] = {0};
        if (p[i] == '%' && i + 2 < n) {
            memcpy(hex, p + i + 1, 2);
            char *end;
            long v = strtol(hex, &end, 16);
            if (!*end && v) {
                q += weir_utf8_put(q, (uint32_t)v);
                i += 2;
                continue;
            }
        }
        *q++ = p[i];
    }
    return weir_utf8_dup(a, o, (size_t)(q - o));
}

static weir_rc too_many(weir_ctx *ctx) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     "more than 64 partition columns; read the folders one by one");
}

/* From the file's directory upwards to the base: k=v folders side by side. */
static weir_rc folders_of(weir_ctx *ctx, const weir_found *file, folder *f) {
    size_t base = file->base ? strlen(file->base) : 0, end;
    const char *path = file->path, *slash = strrchr(path, '/');
    const char *name[MAX_PARTITIONS], *value[MAX_PARTITIONS];
    int n = 0;
    while (base > 1 && file->base[base - 1] == '/') base--;
    if (base && (strncmp(path, file->base, base) != 0 || path[base] != '/')) base = 0;
    for (end = slash ? (size_t)(slash - path) : 0; end > base;) {
        size_t from = end;
        while (from > 0 && path[from - 1] != '/') from--;
        const char *seg = path + from, *eq = memchr(seg, '=', end - from);
        if (!eq && n) break;
        if (eq && eq > seg) {
            if (n == MAX_PARTITIONS) return too_many(ctx);
            name[n] = unescape(ctx->arena, seg, (size_t)(eq - seg));
            value[n] = unescape(ctx->arena, eq + 1, (size_t)(path + end - eq - 1));
            if (!*value[n])
                return weir_fail(ctx, WEIR_E_EMPTY_PARTITION_COLUMN_VALUE, "columnSpec",
                                 weir_strndup(ctx->arena, seg, end - from));
            if (strcmp(value[n], hive_null) == 0) value[n] = NULL;
            n++;
        }
        end = from ? from - 1 : 0;
    }
    *f = (folder){.n = n, .above = weir_strndup(ctx->arena, path, end)};
    for (int i = 0; i < n; i++) f->name[i] = name[n - 1 - i], f->value[i] = value[n - 1 - i];
    return WEIR_OK;
}

/* ---- types ---- */

static bool digits(const char *v, const char *shape) { /* 0 in shape: a digit */
    for (; *shape; v++, shape++)
        if (*shape == '0' ? *v < '0' || *v > '9' : *v != *shape) return false;
    return !*v;
}

/* java.math.BigDecimal without digits behind the point: 12, 1e3. */
static const weir_type *decimal_type(weir_ctx *ctx, const char *v) {
    const char *p = v + (*v == '-' || *v == '+');
    size_t n = strspn(p, "0123456789");
    int64_t zeros = 0;
    char *end = (char *)(uintptr_t)(p + n);
    if (!n) return NULL;
    if (*end == '.') end++;
    if (*end == 'e' || *end == 'E') {
        const char *from = end + 1;
        zeros = strtoll(from, &end, 10);
        if (end == from || zeros < 0) return NULL;
    }
    while (n > 1 && *p == '0') p++, n--;
    if (*end || n > 38 || zeros > 38 || (int64_t)n + zeros > 38) return NULL;
    return weir_type_decimal(ctx->arena, (int)((int64_t)n + zeros), 0);
}

static bool is_double(const char *v) { /* Double.parseDouble */
    char *end;
    while (*v == ' ') v++;
    const char *p = v + (*v == '-' || *v == '+');
    if (strncmp(p, "NaN", 3) == 0)
        end = (char *)(uintptr_t)(p + 3);
    else if (strncmp(p, "Infinity", 8) == 0)
        end = (char *)(uintptr_t)(p + 8);
    else {
        if (strspn(p, "0123456789.eE+-") == 0 || !strpbrk(p, "0123456789")) return false;
        (void)strtod(v, &end);
        if (end == v || memchr(v, 'x', (size_t)(end - v)) || memchr(v, 'X', (size_t)(end - v)))
            return false;
        if (*end && strchr("dDfF", *end)) end++;
    }
    while (*end == ' ') end++;
    return !*end;
}

static bool fits(const char *v, int64_t lo, int64_t hi) { /* Integer.parseInt */
    const char *p = v + (*v == '-' || *v == '+');
    errno = 0;
    long long n = strtoll(v, NULL, 10);
    return *p && strspn(p, "0123456789") == strlen(p) && !errno && n >= lo && n <= hi;
}

/* The type of one value. SPARK PartitioningUtils.inferPartitionColumnValue */
static weir_rc value_type(weir_ctx *ctx, const char *v, const weir_type **out) {
    int32_t days;
    int64_t us;
    int64_t n = (int64_t)strlen(v);
    *out = &weir_t_string;
    if (fits(v, INT32_MIN, INT32_MAX)) return *out = &weir_t_int, WEIR_OK;
    if (fits(v, INT64_MIN, INT64_MAX)) return *out = &weir_t_long, WEIR_OK;
    const weir_type *decimal = decimal_type(ctx, v);
    if (decimal) return *out = decimal, WEIR_OK;
    if (is_double(v)) return *out = &weir_t_double, WEIR_OK;
    if (digits(v, "00:00:00") && weir_time_parse(v, n, &us))
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_TIME_TYPE, "typeName", "TIME");
    if (digits(v, "0000-00-00") && weir_date_parse(v, n, &days)) *out = &weir_t_date;
    if ((digits(v, "0000-00-00 00:00:00") || digits(v, "0000-00-00 00:00:00.0")) &&
        weir_timestamp_parse(v, n, weir_zone_session(ctx), &us))
        *out = &weir_t_timestamp;
    return WEIR_OK;
}

static const weir_type *as_decimal(weir_ctx *ctx, const weir_type *t) {
    if (t->kind == WEIR_T_DECIMAL) return t;
    return weir_type_decimal(ctx->arena, t->kind == WEIR_T_INT ? 10 : 20, 0);
}

/* SPARK findWiderTypeForPartitionColumn: what cannot be told apart is text. */
static const weir_type *wider(weir_ctx *ctx, const weir_type *a, const weir_type *b) {
    if (!a || weir_type_same(a, b)) return b;
    bool da = a->kind == WEIR_T_DOUBLE, db = b->kind == WEIR_T_DOUBLE,
         ea = a->kind == WEIR_T_DECIMAL, eb = b->kind == WEIR_T_DECIMAL,
         la = a->kind == WEIR_T_LONG, lb = b->kind == WEIR_T_LONG;
    if ((da && (eb || lb)) || (db && (ea || la))) return &weir_t_string;
    if (weir_type_is_numeric(a) && weir_type_is_numeric(b)) {
        if (da || db) return &weir_t_double;
        if (!ea && !eb) return &weir_t_long;
        const weir_type *x = as_decimal(ctx, a), *y = as_decimal(ctx, b);
        return x->precision >= y->precision ? x : y;
    }
    if ((a->kind == WEIR_T_DATE && b->kind == WEIR_T_TIMESTAMP) ||
        (b->kind == WEIR_T_DATE && a->kind == WEIR_T_TIMESTAMP))
        return &weir_t_timestamp;
    return &weir_t_string;
}

/* ---- all files ---- */

static weir_rc other_names(weir_ctx *ctx, const folder *a, const folder *b, const weir_found *x,
                           const weir_found *y) {
    weir_str s;
    const folder *both[] = {a, b};
    weir_str_init(&s, ctx->arena, 1 << 20);
    for (int k = 0; k < 2; k++) {
        weir_str_printf(&s, "\n\tPartition column name list #%d: ", k);
        for (int i = 0; i < both[k]->n; i++)
            weir_str_printf(&s, "%s%s", i ? ", " : "", both[k]->name[i]);
    }
    weir_str_putc(&s, '\n');
    return weir_fail(ctx, WEIR_E_CONFLICTING_PARTITION_COLUMN_NAMES, "distinctPartColLists", s.p,
                     "suspiciousPaths",
                     weir_printf(ctx->arena, "\n\tfile:%.*s\n\tfile:%.*s",
                                 (int)(strrchr(x->path, '/') - x->path), x->path,
                                 (int)(strrchr(y->path, '/') - y->path), y->path));
}

static weir_rc check_same(weir_ctx *ctx, const folder *a, const folder *b, const weir_found *x,
                          const weir_found *y) {
    if (strcmp(a->above, b->above) != 0)
        return weir_fail(
            ctx, WEIR_E_CONFLICTING_DIRECTORY_STRUCTURES, "discoveredBasePaths",
            weir_printf(ctx->arena, "\n\tfile:%s\n\tfile:%s\n", a->above, b->above));
    bool same = a->n == b->n;
    for (int i = 0; i < a->n && same; i++) same = strcmp(a->name[i], b->name[i]) == 0;
    return same ? WEIR_OK : other_names(ctx, a, b, x, y);
}

static weir_rc check_names(weir_ctx *ctx, const folder *f) {
    bool exact = weir_conf_bool(ctx->conf, "spark.sql.caseSensitive");
    for (int i = 0; i < f->n; i++)
        for (int j = 0; j < i; j++)
            if ((exact ? strcmp : strcasecmp)(f->name[i], f->name[j]) == 0)
                return weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                                 weir_printf(ctx->arena, "`%s`", f->name[j]));
    return WEIR_OK;
}

weir_rc weir_files_partitions(weir_ctx *ctx, weir_scan *s, weir_listing *l, bool typed,
                              weir_schema **part) {
    const weir_type *type[MAX_PARTITIONS] = {0};
    folder first = {0}, f;
    int64_t first_at = -1, kept = 0;
    *part = NULL;
    if (weir_scan_flag(s, "recursiveFileLookup", false)) return WEIR_OK;
    bool *in = WEIR_NEWN(ctx->arena, bool, l->n + 1);
    for (int64_t i = 0; i < l->n; i++) {
        WEIR_TRY(folders_of(ctx, &l->v[i], &f));
        in[i] = f.n > 0;
        if (!in[i]) continue;
        if (first_at < 0) first = f, first_at = i;
        WEIR_TRY(check_same(ctx, &first, &f, &l->v[first_at], &l->v[i]));
        for (int k = 0; k < f.n; k++) {
            const weir_type *t = &weir_t_string;
            if (!f.value[k]) continue;
            if (typed) WEIR_TRY(value_type(ctx, f.value[k], &t));
            type[k] = wider(ctx, type[k], t);
        }
    }
    if (first_at < 0) return WEIR_OK;
    WEIR_TRY(check_names(ctx, &first));
    for (int64_t i = 0; i < l->n; i++)
        if (in[i]) l->v[kept++] = l->v[i];
    l->n = kept;
    weir_field *v = WEIR_NEWN(ctx->arena, weir_field, first.n);
    for (int k = 0; k < first.n; k++)
        v[k] = (weir_field){first.name[k],
                            type[k]  ? type[k]
                            : typed ? &weir_t_void
                                    : &weir_t_string,
                            true, NULL};
    *part = weir_type_struct(ctx->arena, v, first.n);
    return WEIR_OK;
}

weir_schema *weir_schema_join(weir_arena *a, weir_schema *x, weir_schema *y) {
    if (!y) return x;
    weir_field *f = WEIR_NEWN(a, weir_field, x->nfield + y->nfield + 1);
    if (x->nfield) memcpy(f, x->field, sizeof *f * (size_t)x->nfield);
    int n = x->nfield;
    for (int i = 0; i < y->nfield; i++)
        if (weir_schema_find(x, y->field[i].name, false) == -1) f[n++] = y->field[i];
    return weir_type_struct(a, f, n);
}

/* ---- values ---- */

static weir_rc bad_value(weir_ctx *ctx, const weir_field *f, const char *v) {
    return weir_fail(ctx, WEIR_E_INVALID_PARTITION_VALUE, "value",
                     weir_printf(ctx->arena, "'%s'", v), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)),
                     "columnName", weir_printf(ctx->arena, "`%s`", f->name));
}

static weir_rc part_column(weir_ctx *ctx, const weir_field *f, const char *v, weir_column *out) {
    weir_expr *lit = weir_lit_null(ctx->arena, f->type), *c = NULL;
    if (f->type->kind == WEIR_T_VOID) return weir_column_null(ctx, f->type, 1, out);
    if (v && f->type->kind == WEIR_T_STRING) lit = weir_lit_string(ctx->arena, v, strlen(v));
    if (v && f->type->kind == WEIR_T_DOUBLE && is_double(v))
        lit = weir_lit_double(ctx->arena, f->type, strtod(v, NULL));
    else if (v && f->type->kind != WEIR_T_STRING) { /* any other type by its cast */
        WEIR_TRY(weir_cast_resolve(ctx, weir_lit_string(ctx->arena, v, strlen(v)), f->type,
                                   WEIR_CAST_TRY, &c));
        WEIR_TRY(weir_eval_const(ctx, c, out));
        return weir_is_null(out, 0) ? bad_value(ctx, f, v) : WEIR_OK;
    }
    *out = lit->lit;
    return WEIR_OK;
}

weir_rc weir_files_split(weir_ctx *ctx, weir_scan *s, const weir_found *v, int64_t n,
                         weir_splits *out) {
    int npart = s->partition_schema ? s->partition_schema->nfield : 0;
    for (int64_t i = 0; i < n; i++) {
        folder f = {0};
        weir_split sp = {.path = v[i].path,
                         .uri = v[i].uri ? v[i].uri : weir_file_uri(ctx->arena, v[i].path),
                         .length = v[i].size_bytes,
                         .size_bytes = v[i].size_bytes,
                         .mtime_us = v[i].mtime_us,
                         .npart = npart};
        weir_column *pv = WEIR_NEWN(ctx->arena, weir_column, npart + 1);
        if (npart) WEIR_TRY(folders_of(ctx, &v[i], &f));
        for (int k = 0; k < npart; k++) {
            const weir_field *field = &s->partition_schema->field[k];
            const char *value = NULL;
            for (int j = 0; j < f.n; j++)
                if (strcasecmp(f.name[j], field->name) == 0) value = f.value[j];
            WEIR_TRY(part_column(ctx, field, value, &pv[k]));
        }
        sp.part_value = pv;
        weir_splits_add(ctx->arena, out, sp);
    }
    return WEIR_OK;
}

weir_rc weir_files_columns(weir_ctx *ctx, const weir_scan *s, const weir_split *sp,
                           const weir_batch *data, weir_batch *out) {
    int nd = data->schema->nfield, n = s->schema->nfield;
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, n + 1);
    for (int i = 0; i < n && i < nd; i++) col[i] = data->col[i];
    for (int k = 0; k < sp->npart; k++) {
        int at = weir_schema_find(s->schema, s->partition_schema->field[k].name, false);
        if (at < 0) continue;
        col[at] = sp->part_value[k];
        col[at].form = WEIR_CONST;
        col[at].len = data->len;
    }
    *out = (weir_batch){.schema = s->schema, .len = data->len, .col = col};
    return WEIR_OK;
}
