/* Which columns have statistics: delta.dataSkipping*. See props.h. SPARK StatisticsCollection,
 * DeltaSqlParserUtils. Any task. */
#include "delta/props.h"

#include <ctype.h>
#include <strings.h>

static const char stats_columns[] = "delta.dataSkippingStatsColumns";

static const char *skip_blank(const char *p) {
    while (isspace((unsigned char)*p)) p++;
    return p;
}

/* A name, plain or in backticks; NULL: there is none at p. */
static const char *name_at(weir_arena *a, const char **p) {
    weir_str s;
    const char *at = skip_blank(*p);
    weir_str_init(&s, a, 1 << 16);
    if (*at != '`') {
        while (isalnum((unsigned char)*at) || *at == '_') weir_str_putc(&s, *at++);
        *p = at;
        return s.len ? s.p : NULL;
    }
    for (at++; *at; at++) {
        if (*at == '`' && at[1] != '`') {
            *p = at + 1;
            return s.p ? s.p : "";
        }
        at += *at == '`';
        weir_str_putc(&s, *at);
    }
    return NULL;
}

static const char *const *path_at(weir_arena *a, const char **p) {
    const char **path = WEIR_NEWN(a, const char *, strlen(*p) + 2);
    int n = 0;
    do {
        *p += n > 0;
        if (!(path[n++] = name_at(a, p))) return NULL;
    } while (*(*p = skip_blank(*p)) == '.');
    return path;
}

bool weir_delta_column_list(weir_arena *a, const char *text, weir_delta_columns *out) {
    const char *p = skip_blank(text);
    const char *const **path = WEIR_NEWN(a, const char *const *, strlen(text) + 1);
    *out = (weir_delta_columns){path, 0};
    while (*p) {
        if (!(path[out->n++] = path_at(a, &p))) return false;
        if (*p != ',') break; /* SPARK: what follows is not looked at */
        if (!*skip_blank(++p)) return false;
    }
    return true;
}

static const char *dotted(weir_arena *a, const char *const *path) {
    const char *s = path[0];
    for (int i = 1; path[i]; i++) s = weir_printf(a, "%s.%s", s, path[i]);
    return s;
}

static const weir_type *type_at(weir_schema *s, const char *const *path) {
    const weir_type *t = s;
    for (; *path; path++) {
        int i = t->kind == WEIR_T_STRUCT ? weir_schema_find(t, *path, false) : -1;
        if (i < 0) return NULL;
        t = t->field[i].type;
    }
    return t;
}

/* The leaves of the column, each once among all. */
static weir_rc add_leaves(weir_ctx *ctx, const weir_type *t, const char *name, const char **leaf,
                          int *n, int cap) {
    for (int i = 0; t->kind == WEIR_T_STRUCT && i < t->nfield; i++)
        WEIR_TRY(add_leaves(ctx, t->field[i].type,
                            weir_printf(ctx->arena, "%s.%s", name, t->field[i].name), leaf, n,
                            cap));
    if (t->kind == WEIR_T_STRUCT) return WEIR_OK;
    for (int i = 0; i < *n; i++)
        if (strcasecmp(leaf[i], name) == 0)
            return weir_fail(ctx, WEIR_E_DELTA_DUPLICATE_DATA_SKIPPING_COLUMNS, "columns", name);
    if (*n < cap) leaf[(*n)++] = name;
    return WEIR_OK;
}

static int leaves_of(const weir_type *t) {
    int n = t->kind != WEIR_T_STRUCT;
    for (int i = 0; t->kind == WEIR_T_STRUCT && i < t->nfield; i++)
        n += leaves_of(t->field[i].type);
    return n;
}

weir_rc weir_delta_check_columns(weir_ctx *ctx, const weir_options *config, weir_schema *table,
                                 const char *const *part, int npart) {
    const char *text = weir_option_get(config, stats_columns);
    weir_delta_columns list;
    if (!text || !weir_delta_column_list(ctx->arena, text, &list)) return WEIR_OK;
    int n = 0, cap = leaves_of(table);
    const char **leaf = WEIR_NEWN(ctx->arena, const char *, cap + 1);
    for (int i = 0; i < list.n; i++) {
        const char *name = dotted(ctx->arena, list.path[i]);
        const weir_type *t = type_at(table, list.path[i]);
        for (int p = 0; p < npart; p++)
            if (strcasecmp(part[p], name) == 0)
                return weir_fail(ctx,
                                 WEIR_E_DELTA_COLUMN_DATA_SKIPPING_NOT_SUPPORTED_PARTITIONED_COLUMN,
                                 "column", name);
        if (!t)
            return weir_fail(ctx, WEIR_E_DELTA_COLUMN_NOT_FOUND_IN_SCHEMA, "columnName", name,
                             "tableSchema", weir_type_name(ctx->arena, table));
        if (!list.path[i][1] && t->kind != WEIR_T_STRUCT && !weir_stats_ranged(t))
            return weir_fail(ctx, WEIR_E_DELTA_COLUMN_DATA_SKIPPING_NOT_SUPPORTED_TYPE, "column",
                             name, "type", weir_type_name(ctx->arena, t));
        WEIR_TRY(add_leaves(ctx, t, name, leaf, &n, cap));
    }
    return WEIR_OK;
}

void weir_delta_stats_spec(weir_arena *mem, const weir_options *config, weir_stats_spec *out) {
    const char *text = weir_option_get(config, stats_columns);
    weir_delta_columns list = {0};
    *out = (weir_stats_spec){
        .columns = weir_delta_number(config, "delta.dataSkippingNumIndexedCols", 32),
        .prefix = (int)weir_delta_number(config, "delta.dataSkippingStringPrefixLength", 32)};
    if (text && weir_delta_column_list(mem, text, &list)) {
        out->named = list.path;
        out->nnamed = list.n;
    }
}
