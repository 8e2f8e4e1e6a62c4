/* Plan nodes: making and copying. Used by sql/, connect/, session/. Any thread. */
#include "plan/command.h"

#include <stdarg.h>
#include <strings.h>

weir_plan *weir_plan_new(weir_arena *a, weir_pkind kind, int nin, ...) {
    weir_plan *p = WEIR_NEW(a, weir_plan);
    p->kind = kind;
    p->plan_id = -1;
    p->nin = nin;
    p->in = WEIR_NEWN(a, weir_plan *, nin);
    va_list ap;
    va_start(ap, nin);
    for (int i = 0; i < nin; i++) p->in[i] = va_arg(ap, weir_plan *);
    va_end(ap);
    return p;
}

/* Arrays double at powers of two: room is there unless n is one. */
static void *copied(weir_arena *a, const void *old, int n, size_t size) {
    size_t cap = 1;
    while (cap < (size_t)n) cap *= 2;
    void *p = weir_alloc(a, cap * size);
    if (n) memcpy(p, old, (size_t)n * size);
    return p;
}

weir_plan *weir_plan_copy(weir_arena *a, const weir_plan *p) {
    weir_plan *c = weir_memdup(a, p, sizeof *p);
    c->in = copied(a, p->in, p->nin, sizeof *p->in);
    c->expr = copied(a, p->expr, p->nexpr, sizeof *p->expr);
    c->names = copied(a, p->names, p->nname, sizeof *p->names);
    c->weight = c->height = 0;
    return c;
}

static void *grown(weir_arena *a, void *old, int n, size_t size) {
    if (n & (n - 1) || (n == 0 && old)) return old;
    void *p = weir_alloc(a, (size_t)(n ? n * 2 : 1) * size);
    if (n) memcpy(p, old, (size_t)n * size);
    return p;
}

void weir_plan_add_expr(weir_arena *a, weir_plan *p, weir_expr *e) {
    p->expr = grown(a, p->nexpr ? p->expr : NULL, p->nexpr, sizeof *p->expr);
    p->expr[p->nexpr++] = e;
}

void weir_plan_add_input(weir_arena *a, weir_plan *p, weir_plan *in) {
    p->in = grown(a, p->nin ? p->in : NULL, p->nin, sizeof *p->in);
    p->in[p->nin++] = in;
}

void weir_plan_add_name(weir_arena *a, weir_plan *p, const char *name) {
    p->names = grown(a, p->nname ? p->names : NULL, p->nname, sizeof *p->names);
    p->names[p->nname++] = name;
}

weir_plan *weir_plan_local(weir_arena *a, weir_schema *schema, const weir_batch *b, int n) {
    weir_plan *p = weir_plan_new(a, WEIR_P_LOCAL, 0);
    weir_batch *v = WEIR_NEWN(a, weir_batch, n + 1);
    for (int i = 0; i < n; i++) weir_batch_keep(a, &b[i], &v[i]);
    p->schema = schema;
    p->batch = v;
    p->nbatch = n;
    return p;
}

weir_command *weir_command_new(weir_arena *a, weir_ckind kind) {
    weir_command *c = WEIR_NEW(a, weir_command);
    c->kind = kind;
    return c;
}

static const char *kind_name(weir_pkind k) {
    static const char *const names[] = {[WEIR_P_SOURCE] = "UnresolvedDataSource",
                                        [WEIR_P_TABLE] = "UnresolvedRelation",
                                        [WEIR_P_SCAN] = "Relation",
                                        [WEIR_P_LOCAL] = "LocalRelation",
                                        [WEIR_P_RANGE] = "Range",
                                        [WEIR_P_PROJECT] = "Project",
                                        [WEIR_P_FILTER] = "Filter",
                                        [WEIR_P_SORT] = "Sort",
                                        [WEIR_P_LIMIT] = "GlobalLimit",
                                        [WEIR_P_OFFSET] = "Offset",
                                        [WEIR_P_TAIL] = "Tail",
                                        [WEIR_P_ALIAS] = "SubqueryAlias",
                                        [WEIR_P_UNION] = "Union",
                                        [WEIR_P_INTERSECT] = "Intersect",
                                        [WEIR_P_EXCEPT] = "Except",
                                        [WEIR_P_AGGREGATE] = "Aggregate",
                                        [WEIR_P_DEDUP] = "Deduplicate",
                                        [WEIR_P_METRICS] = "CollectMetrics",
                                        [WEIR_P_REPARTITION] = "Repartition",
                                        [WEIR_P_JOIN] = "Join",
                                        [WEIR_P_WATERMARK] = "EventTimeWatermark",
                                        [WEIR_P_EXPLODE] = "Generate",
                                        [WEIR_P_SHOW_STRING] = "ShowString"};
    return (size_t)k < sizeof names / sizeof *names && names[k] ? names[k] : "Plan";
}

static void tree(weir_arena *a, weir_str *s, const weir_plan *p, int depth) {
    for (int i = 0; i < depth; i++) weir_str_puts(s, i + 1 == depth ? "+- " : "   ");
    weir_str_puts(s, kind_name(p->kind));
    if (p->format) weir_str_printf(s, " %s", p->format);
    for (int i = 0; i < p->nexpr; i++)
        weir_str_printf(s, "%s%s", i ? ", " : " [", weir_expr_sql(a, p->expr[i]));
    if (p->nexpr) weir_str_putc(s, ']');
    weir_str_putc(s, '\n');
    for (int i = 0; i < p->nin && depth < 1000; i++) tree(a, s, p->in[i], depth + 1);
}

char *weir_plan_tree(weir_arena *a, const weir_plan *p) {
    weir_str s;
    weir_str_init(&s, a, 1 << 22);
    tree(a, &s, p, 0);
    return weir_strndup(a, s.p ? s.p : "", s.len);
}
