/* Sessions: configuration, views, held relations, memory tables, queries. See session.h. Any
 * thread. */
#include "session/session.h"
#include "base/mem.h"

#include "base/sync.h"
#include "query/manager.h"
#include "sql/sql.h"

#include <stdlib.h>
#include <strings.h>

typedef enum { VIEW, HELD } named_kind;
typedef struct owner {
    atomic_int refs;
    weir_arena *arena;
} owner;               /* of a plan; a cloned session shares it */
typedef struct named { /* a temporary view or held relation; holds a reference of mem */
    struct named *next;
    named_kind kind;
    char *name;
    weir_plan *plan;
    owner *mem;
    int refs;
} named;

static owner *own(weir_arena *arena) {
    owner *o = weir_mem_new(sizeof *o);
    atomic_init(&o->refs, 1);
    o->arena = arena;
    return o;
}

static void disown(void *p) {
    owner *o = p;
    if (!o || atomic_fetch_sub(&o->refs, 1) != 1) return;
    weir_arena_free(o->arena);
    weir_mem_free(o);
}

typedef struct weir_session_impl weir_session_impl;
struct weir_session {
    weir_shared *shared;
    char *user, *id;
    weir_conf *conf;
    weir_mutex mu;
    named *names;
    weir_query_manager *queries;
};

weir_session *weir_session_new(weir_shared *sh, const char *user, const char *id) {
    weir_session *s = weir_mem_new(sizeof *s);
    s->shared = sh;
    s->user = weir_mem_strdup(user ? user : "");
    s->id = weir_mem_strdup(id);
    s->conf = weir_conf_new(sh->conf);
    if (*s->user) weir_conf_put(s->conf, "#user", s->user);
    s->queries = weir_query_manager_new(sh->queries);
    weir_mutex_init(&s->mu, WEIR_RANK_SESSION);
    return s;
}

static void free_names(named *v) {
    while (v) {
        named *next = v->next;
        disown(v->mem);
        weir_mem_free(v->name);
        weir_mem_free(v);
        v = next;
    }
}

void weir_session_free(weir_session *s) {
    if (!s) return;
    weir_query_manager_free(s->queries);
    free_names(s->names);
    weir_conf_free(s->conf);
    weir_mutex_free(&s->mu);
    weir_mem_free(s->user);
    weir_mem_free(s->id);
    weir_mem_free(s);
}

const char *weir_session_id(const weir_session *s) { return s->id; }
const char *weir_session_user(const weir_session *s) { return s->user; }
weir_conf *weir_session_conf(weir_session *s) { return s->conf; }
weir_shared *weir_session_shared(weir_session *s) { return s->shared; }
weir_query_manager *weir_session_queries(weir_session *s) { return s->queries; }

/* Kept in the configuration, where functions find it. */
const char *weir_session_current_schema(weir_session *s) {
    const char *schema = weir_conf_get(s->conf, "#currentSchema");
    return schema ? schema : "default";
}

void weir_session_set_current(weir_session *s, const char *schema) {
    weir_conf_put(s->conf, "#currentSchema", schema);
}

void weir_session_ctx(weir_session *s, weir_arena *mem, weir_err *err, weir_cancel *cancel,
                      weir_ctx *out) {
    *out = (weir_ctx){.arena = mem,
                      .err = err,
                      .budget = weir_budget_entered(),
                      .conf = s->conf,
                      .env = s->shared->env,
                      .cancel = cancel};
    out->now_us = weir_now_us(out->env);
}

/* ---- names ---- */

static named *find_named(weir_session *s, named_kind kind, const char *name) {
    for (named *v = s->names; v; v = v->next)
        if (v->kind == kind && strcasecmp(v->name, name) == 0) return v;
    return NULL;
}

/* Takes the entry out; its plan stays readable until the session ends. Caller holds mu. */
/* Takes it out of the list; the caller frees it once the lock is off (free_names). */
static named *unlink_named(weir_session *s, named_kind kind, const char *name) {
    for (named **p = &s->names; *p; p = &(*p)->next) {
        named *v = *p;
        if (v->kind != kind || strcasecmp(v->name, name) != 0) continue;
        *p = v->next;
        v->next = NULL;
        return v;
    }
    return NULL;
}

/* A plan by name, alive as long as ctx->arena. */
static weir_plan *use_named(weir_ctx *ctx, weir_session *s, named_kind kind, const char *name) {
    weir_lock(&s->mu);
    named *v = find_named(s, kind, name);
    owner *o = v ? v->mem : NULL;
    weir_plan *p = v ? v->plan : NULL;
    if (o) atomic_fetch_add(&o->refs, 1);
    weir_unlock(&s->mu);
    if (o) weir_arena_defer(ctx->arena, disown, o);
    return p;
}

static named *put_named(weir_session *s, named_kind kind, const char *name, weir_plan *plan,
                        weir_arena *mem) {
    named *v = weir_mem_new(sizeof *v);
    v->kind = kind;
    v->name = weir_mem_strdup(name);
    v->plan = plan;
    v->mem = own(mem);
    named *old = unlink_named(s, kind, name);
    v->next = s->names;
    s->names = v;
    return old;
}

static char *view_key(weir_arena *a, const char *name, bool global) {
    return global ? weir_printf(a, "global_temp.%s", name) : weir_strdup(a, name);
}

weir_rc weir_session_view_put(weir_ctx *ctx, weir_session *s, const char *name, weir_plan *plan,
                              weir_arena *mem, bool replace, bool global) {
    char *key = view_key(ctx->arena, name, global);
    weir_lock(&s->mu);
    bool taken = !replace && find_named(s, VIEW, key);
    named *old = taken ? NULL : put_named(s, VIEW, key, plan, mem);
    weir_unlock(&s->mu);
    free_names(old);
    if (!taken) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_TEMP_TABLE_OR_VIEW_ALREADY_EXISTS, "relationName",
                     weir_printf(ctx->arena, "`%s`", name));
}

weir_rc weir_session_view_drop(weir_ctx *ctx, weir_session *s, const char *name, bool global,
                               bool *found) {
    char *key = view_key(ctx->arena, name, global);
    weir_lock(&s->mu);
    named *old = unlink_named(s, VIEW, key);
    weir_unlock(&s->mu);
    *found = old != NULL;
    free_names(old);
    return WEIR_OK;
}

weir_plan *weir_session_view_get(weir_ctx *ctx, weir_session *s, const char *name) {
    return use_named(ctx, s, VIEW, name);
}

void weir_session_view_each(weir_session *s, void (*fn)(void *u, const char *name), void *u) {
    weir_lock(&s->mu);
    for (named *v = s->names; v; v = v->next)
        if (v->kind == VIEW) fn(u, v->name);
    weir_unlock(&s->mu);
}

enum { PIECE_ROWS = 4096 };

/* Adds a batch behind *n others. Small ones join the last: many small appends make few batches. */
static weir_rc append_batch(weir_ctx *ctx, weir_schema *schema, const weir_batch *b, weir_batch *v,
                            int *n) {
    const weir_batch *both[] = {*n ? &v[*n - 1] : NULL, b};
    if (*n && both[0]->len + b->len <= PIECE_ROWS)
        return weir_batch_concat(ctx, schema, both, 2, &v[*n - 1]);
    weir_batch_keep(ctx->arena, b, &v[(*n)++]);
    return WEIR_OK;
}

/* Rows are appended as further batches of a new LOCAL node: readers of the old one are not
 * disturbed. */
weir_rc weir_session_memory_put(weir_ctx *ctx, weir_session *s, const char *name,
                                weir_schema *schema, const weir_batch *add, int n,
                                bool replace_all) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_ctx own = *ctx;
    weir_rc rc = WEIR_OK;
    own.arena = mem;
    weir_lock(&s->mu);
    named *old = find_named(s, VIEW, name);
    int before = old && !replace_all && old->plan->kind == WEIR_P_LOCAL ? old->plan->nbatch : 0,
        have = before;
    weir_batch *v = WEIR_NEWN(mem, weir_batch, before + n + 1);
    weir_plan *p = weir_plan_new(mem, WEIR_P_LOCAL, 0);
    p->schema = weir_type_copy(mem, schema);
    for (int i = 0; i < before; i++) weir_batch_keep(mem, &old->plan->batch[i], &v[i]);
    for (int i = 0; i < n && rc == WEIR_OK; i++)
        rc = append_batch(&own, p->schema, &add[i], v, &have);
    p->batch = v;
    p->nbatch = have;
    named *gone = rc == WEIR_OK ? put_named(s, VIEW, name, p, mem) : NULL;
    weir_unlock(&s->mu);
    if (rc != WEIR_OK) weir_arena_free(mem);
    free_names(gone);
    return rc;
}

weir_rc weir_session_hold(weir_ctx *ctx, weir_session *s, const char *id, weir_plan *resolved,
                          weir_arena *mem) {
    (void)ctx;
    weir_lock(&s->mu);
    named *gone = put_named(s, HELD, id, resolved, mem);
    weir_unlock(&s->mu);
    free_names(gone);
    return WEIR_OK;
}

void weir_session_release(weir_session *s, const char *id) {
    weir_lock(&s->mu);
    named *gone = unlink_named(s, HELD, id);
    weir_unlock(&s->mu);
    free_names(gone);
}

weir_session *weir_session_clone(const weir_session *from, const char *new_id) {
    weir_session *s = weir_session_new(from->shared, from->user, new_id),
                 *f = (weir_session *)(uintptr_t)from;
    weir_conf_free(s->conf);
    s->conf = weir_conf_new(from->conf);
    weir_lock(&f->mu);
    for (const named *v = f->names; v; v = v->next) { /* plans are immutable */
        if (v->kind != VIEW) continue;
        named *c = weir_mem_new(sizeof *c);
        *c = (named){.kind = VIEW,
                     .name = weir_mem_strdup(v->name),
                     .plan = v->plan,
                     .mem = v->mem,
                     .next = s->names};
        atomic_fetch_add(&c->mem->refs, 1);
        s->names = c;
    }
    weir_unlock(&f->mu);
    return s;
}

/* ---- analysis ---- */

static weir_rc no_table(weir_ctx *ctx, const weir_plan *t) {
    weir_str n;
    weir_str_init(&n, ctx->arena, 4096);
    for (int i = 0; i < t->nname; i++) weir_str_printf(&n, "%s`%s`", i ? "." : "", t->names[i]);
    return weir_fail(ctx, WEIR_E_TABLE_OR_VIEW_NOT_FOUND, "relationName", n.p ? n.p : "``");
}

static const weir_source_ops *find_source(const weir_session *s, const char *format) {
    const weir_source_registry *r = &s->shared->registry->sources;
    for (int i = 0; i < r->n; i++)
        if (strcasecmp(r->ops[i]->format, format) == 0) return r->ops[i];
    return NULL;
}

/* "org.apache.spark.sql.json" and the like name the same formats. */
static const char *short_format(const char *f) {
    const char *dot = strrchr(f, '.');
    return dot && strncmp(f, "org.apache.spark.sql.", 21) == 0 ? dot + 1 : f;
}

static weir_option_use use_of(const weir_scan *s) {
    return s->streaming ? WEIR_USE_STREAM : WEIR_USE_READ;
}

/* What a user gave as the places of a source that lies somewhere. */
static weir_rc source_paths(weir_ctx *ctx, const weir_plan *spec, weir_scan *scan) {
    const char *opt = weir_option_get(&spec->options, "path");
    int n = spec->nname ? spec->nname : opt ? 1 : 0;
    if (!weir_option_find(scan->ops->options, use_of(scan), "path")) return WEIR_OK;
    scan->path = WEIR_NEWN(ctx->arena, const char *, n + 1);
    for (int i = 0; i < n; i++)
        WEIR_TRY(weir_uri_local(ctx, spec->nname ? spec->names[i] : opt, NULL, &scan->path[i]));
    scan->npath = n;
    return WEIR_OK;
}

/* SPARK ApplyCharTypePadding: of batch reads. */
static weir_rc find_chars(weir_ctx *ctx, weir_scan *scan) {
    const weir_type **v = WEIR_NEWN(ctx->arena, const weir_type *, scan->schema->nfield + 1);
    bool any = false;
    if (scan->streaming || !weir_conf_bool(ctx->conf, "spark.sql.readSideCharPadding") ||
        weir_conf_bool(ctx->conf, "spark.sql.legacy.charVarcharAsString"))
        return WEIR_OK;
    for (int i = 0; i < scan->schema->nfield; i++) {
        WEIR_TRY(weir_field_text_type(ctx, &scan->schema->field[i], &v[i]));
        any |= v[i] != NULL;
    }
    if (any) scan->chars = v;
    return WEIR_OK;
}

static weir_rc open_scan(weir_ctx *ctx, weir_session *s, const weir_plan *spec, const char *format,
                         weir_scan *scan, weir_plan **out) {
    const char *f = short_format(format);
    scan->ops = find_source(s, f);
    if (!scan->ops) return weir_fail(ctx, WEIR_E_DATA_SOURCE_NOT_FOUND, "provider", format);
    if (!spec->streaming && !scan->ops->batch)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         weir_printf(ctx->arena, "%s is not a valid Spark SQL Data Source.", f));
    if (spec->streaming && !scan->ops->streaming)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
            weir_printf(ctx->arena, "Data source %s does not support streamed reading", f));
    scan->mem = ctx->arena;
    scan->spec = spec;
    scan->streaming = spec->streaming;
    if (spec->kind == WEIR_P_SOURCE) WEIR_TRY(source_paths(ctx, spec, scan));
    WEIR_TRY(weir_options_check(ctx, scan->ops->options, use_of(scan), &scan->options,
                                &scan->options));
    WEIR_TRY(scan->ops->open(ctx, scan));
    weir_assert(scan->schema);
    WEIR_TRY(find_chars(ctx, scan));
    weir_plan *p = weir_plan_new(ctx->arena, WEIR_P_SCAN, 0);
    p->scan = scan;
    p->schema = scan->schema;
    p->streaming = spec->streaming;
    p->format = scan->ops->format;
    if (scan->hidden) {
        weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, p->schema->nfield);
        for (int i = 0; i < p->schema->nfield; i++) a[i].id = weir_new_attr_id();
        a[p->schema->nfield - 1].hidden = true;
        p->attr = a;
    }
    scan->metadata_wanted = spec->metadata && scan->ops->metadata;
    if (scan->metadata_wanted) {
        weir_field more = {
            "_metadata", weir_file_metadata_type(ctx->arena), false,
            "{\"__metadata_col\":\"_metadata\",\"__file_source_metadata_col\":true}"};
        weir_field *f = WEIR_NEWN(ctx->arena, weir_field, p->schema->nfield + 1);
        memcpy(f, p->schema->field, sizeof *f * (size_t)p->schema->nfield);
        f[p->schema->nfield] = more;
        p->schema = weir_type_struct(ctx->arena, f, p->schema->nfield + 1);
        weir_attr *a = WEIR_NEWN(ctx->arena, weir_attr, p->schema->nfield);
        for (int i = 0; i < p->schema->nfield; i++) a[i].id = weir_new_attr_id();
        a[p->schema->nfield - 1].hidden = true;
        p->attr = a;
    }
    *out = p;
    return WEIR_OK;
}

static weir_rc resolve_source(weir_ctx *ctx, void *u, const weir_plan *spec, weir_plan **out) {
    weir_session *s = u;
    weir_scan *scan = WEIR_NEW(ctx->arena, weir_scan);
    const char *format = spec->format && *spec->format
                             ? spec->format
                             : weir_conf_get(ctx->conf, "spark.sql.sources.default");
    scan->options = spec->options;
    scan->user_schema = spec->type;
    if (!spec->type && spec->schema_text && *spec->schema_text)
        WEIR_TRY(weir_sql_parse_schema(ctx, spec->schema_text, &scan->user_schema));
    bool option =
        weir_option_get(&spec->options, "path") || weir_option_get(&spec->options, "paths");
    if (spec->nname && option)
        return spec->streaming ? weir_fail(ctx, WEIR_E_PATH_AND_STREAM, "method", "load")
                               : weir_fail(ctx, WEIR_E_PATH_AND_LOAD, NULL);
    return open_scan(ctx, s, spec, format, scan, out);
}

/* SPARK ResolveSQLOnFile: what is wrong with the path of a file is the cause of another error; a
 * Delta table is named by an absolute path only. */
weir_rc weir_table_path(weir_ctx *ctx, const char *format, const char *text, const char **local) {
    weir_uri u = {0};
    bool delta = strcasecmp(format, "delta") == 0;
    if (!*text && !delta) return weir_fail(ctx, WEIR_E_INVALID_EMPTY_LOCATION, "location", text);
    weir_rc rc = *text ? weir_uri_parse(ctx, text, NULL, &u) : WEIR_OK;
    if (delta && (!u.path || (!u.scheme && !u.authority && *u.path != '/'))) {
        weir_err_clear(ctx->err);
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY, "dataSourceType",
                         format);
    }
    *local = u.local;
    if (rc == WEIR_OK || delta) return rc;
    const char *why = weir_strdup(ctx->arena, ctx->err->msg);
    weir_err_clear(ctx->err);
    return weir_fail(ctx, WEIR_E_FAILED_TO_CREATE_PLAN_FOR_DIRECT_QUERY, "dataSourceType", format,
                     "reason", why);
}

/* delta.`/path`, json.`/path`: a file read by name. */
static weir_rc path_table(weir_ctx *ctx, weir_session *s, const weir_plan *t, weir_plan **out) {
    weir_scan *scan = WEIR_NEW(ctx->arena, weir_scan);
    scan->options = t->options;
    scan->path = WEIR_NEWN(ctx->arena, const char *, 1);
    scan->npath = 1;
    WEIR_TRY(weir_table_path(ctx, t->names[0], t->names[1], &scan->path[0]));
    return open_scan(ctx, s, t, t->names[0], scan, out);
}

static weir_rc catalog_table(weir_ctx *ctx, weir_session *s, const weir_plan *t,
                             const weir_table *tb, weir_plan **out) {
    if (tb->kind == WEIR_TABLE_VIEW) {
        weir_command *cmd = NULL;
        WEIR_TRY(weir_sql_parse(ctx, tb->view_text, NULL, out, &cmd));
        return *out ? WEIR_OK : no_table(ctx, t);
    }
    weir_scan *scan = WEIR_NEW(ctx->arena, weir_scan);
    weir_option *o = WEIR_NEWN(ctx->arena, weir_option, tb->options.n + t->options.n + 1);
    for (int i = 0; i < tb->options.n; i++) o[i] = tb->options.opt[i];
    for (int i = 0; i < t->options.n; i++) o[tb->options.n + i] = t->options.opt[i];
    scan->options = (weir_options){tb->options.n + t->options.n, o};
    scan->path = WEIR_NEWN(ctx->arena, const char *, 1);
    scan->path[0] = tb->location;
    scan->npath = 1;
    scan->user_schema =
        strcasecmp(tb->format, "delta") == 0 ? NULL : weir_schema_plain(ctx->arena, tb->columns);
    scan->table_name = weir_printf(ctx->arena, "spark_catalog.%s.%s", tb->schema, tb->name);
    return open_scan(ctx, s, t, tb->format, scan, out);
}

static weir_rc resolve_table(weir_ctx *ctx, void *u, const weir_plan *t, weir_plan **out) {
    weir_session *s = u;
    int n = t->nname;
    const char **name = t->names;
    char *key = n == 1   ? weir_strdup(ctx->arena, name[0])
                : n == 2 ? weir_printf(ctx->arena, "%s.%s", name[0], name[1])
                         : NULL;
    weir_plan *view = key ? weir_session_view_get(ctx, s, key) : NULL;
    if (view) return *out = view, WEIR_OK;
    if (n == 3 && strcasecmp(name[0], "spark_catalog") == 0) n--, name++;
    if (n > 2 || n < 1)
        return weir_fail(ctx, WEIR_E_REQUIRES_SINGLE_PART_NAMESPACE, "sessionCatalog",
                         "spark_catalog", "identifier",
                         weir_printf(ctx->arena, "`%s`.`%s`.`%s`", t->names[0],
                                     n > 1 ? t->names[1] : "", n > 2 ? t->names[2] : ""));
    weir_table *tb = NULL;
    WEIR_TRY(weir_catalog_table_get(ctx, s->shared->catalog,
                                    n == 2 ? name[0] : weir_session_current_schema(s), name[n - 1],
                                    &tb));
    if (tb) return catalog_table(ctx, s, t, tb, out);
    if (n == 2 && find_source(s, name[0])) return path_table(ctx, s, t, out);
    return no_table(ctx, t);
}

static weir_rc resolve_cached(weir_ctx *ctx, void *u, const weir_plan *c, weir_plan **out) {
    weir_session *s = u;
    *out = use_named(ctx, s, HELD, c->name);
    return *out ? WEIR_OK
                : weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                            weir_printf(ctx->arena,
                                        "No DataFrame with id %s is found in the session %s",
                                        c->name, s->id));
}

static weir_rc resolve_command(weir_ctx *ctx, void *u, weir_command *c, weir_plan **out) {
    return weir_session_command(ctx, u, c, out);
}

weir_rc weir_session_analyze(weir_ctx *ctx, weir_session *s, weir_plan *p, weir_plan **out) {
    weir_resolver r = {s, resolve_table, resolve_source, resolve_cached, resolve_command};
    return weir_analyze(ctx, &r, p, out);
}

weir_rc weir_session_sql(weir_ctx *ctx, weir_session *s, const char *text,
                         const weir_sql_args *args, weir_plan **out, bool *executed) {
    weir_command *c = NULL;
    *executed = false;
    WEIR_TRY(weir_sql_parse(ctx, text, args, out, &c));
    if (!c) return WEIR_OK;
    *executed = true;
    return weir_session_command(ctx, s, c, out);
}
