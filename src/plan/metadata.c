/* Hidden columns: _metadata of file relations and the like. SPARK AddMetadataColumns. They are made
 * only for queries that name them, so that all others run as if they did not exist. Called by
 * analyze.c. */
#include "plan/scope.h"

#include <strings.h>

/* _metadata of files, and the width of the prefix of the source state-metadata */
static bool is_hidden_name(const char *name) {
    return strcasecmp(name, "_metadata") == 0 || strcasecmp(name, "_numColsPrefixKey") == 0;
}

static bool quiet_here(weir_expr *e, void *u) {
    (void)u;
    bool by_name = e->kind == WEIR_EX_ATTR || e->kind == WEIR_EX_STAR;
    for (int i = 0; i < e->nname && by_name; i++)
        if (is_hidden_name(e->names[i])) return false;
    return true;
}

static bool mentioned(const weir_plan *p, int depth) {
    if (depth > WEIR_PLAN_DEPTH) return false;
    for (int i = 0; i < p->nexpr; i++)
        if (!weir_expr_walk(p->expr[i], quiet_here, NULL)) return true;
    for (int i = 0; i < p->nin; i++)
        if (mentioned(p->in[i], depth + 1)) return true;
    return false;
}

static void mark(weir_plan *p, int depth) {
    if (depth > WEIR_PLAN_DEPTH || p->schema) return;
    if (p->kind == WEIR_P_SOURCE || p->kind == WEIR_P_TABLE) p->metadata = true;
    for (int i = 0; i < p->nin; i++) mark(p->in[i], depth + 1);
}

void weir_az_mark_metadata(weir_plan *p) {
    if (mentioned(p, 0)) mark(p, 0);
}

static int find_hidden(const weir_plan *p) {
    for (int i = 0; p->attr && i < p->schema->nfield; i++)
        if (p->attr[i].hidden && is_hidden_name(p->schema->field[i].name)) return i;
    return -1;
}

void weir_az_carry_metadata(weir_ctx *ctx, weir_plan *p, const weir_plan *in) {
    int at = find_hidden(in), n = p->schema->nfield;
    if (at < 0) return;
    for (int i = 0; i < n; i++)
        if (p->attr[i].id == in->attr[at].id) return;
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, n + 1);
    weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, n + 1);
    if (n) memcpy(f, p->schema->field, sizeof *f * (size_t)n);
    if (n) memcpy(a, p->attr, sizeof *a * (size_t)n);
    f[n] = in->schema->field[at];
    a[n] = in->attr[at];
    weir_plan_add_expr(ctx->arena, p, weir_az_col(ctx, in, at));
    p->schema = weir_type_struct(ctx->arena, f, n + 1);
    p->attr = a;
}

weir_plan *weir_az_drop_metadata(weir_ctx *ctx, weir_plan *p) {
    int at = find_hidden(p), k = 0;
    if (at < 0) return p;
    weir_plan *v = weir_az_node(ctx, p, WEIR_P_PROJECT, p);
    weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, p->schema->nfield);
    for (int i = 0; i < p->schema->nfield; i++) {
        if (i == at) continue;
        a[k++] = p->attr[i];
        weir_plan_add_expr(ctx->arena, v, weir_az_col(ctx, p, i));
    }
    weir_az_output(ctx, v, v->expr, k);
    v->attr = a; /* qualifiers and what else is hidden stay */
    return v;
}
