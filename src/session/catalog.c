/* The catalog, one JSON file per schema and table below <warehouse>/_weir_catalog: written whole
 * and durably, read at each look-up, so that nothing is held in memory and a crash leaves the old
 * or the new entry. */
#include "io/catalog.h"
#include "base/mem.h"

#include "base/sync.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define OWN_FOLDER "_weir_catalog"
enum { NAME_LONGEST = 250 }; /* .db behind it, and it is a file name */

struct weir_catalog {
    weir_mutex mu;
    char *root;
};

weir_rc weir_catalog_open(weir_ctx *ctx, const char *warehouse, weir_catalog **out) {
    (void)ctx;
    weir_catalog *c = weir_mem_new(sizeof *c);
    c->root = weir_mem_strdup(warehouse);
    weir_mutex_init(&c->mu, WEIR_RANK_CATALOG);
    *out = c;
    return WEIR_OK;
}

void weir_catalog_close(weir_catalog *c) {
    if (!c) return;
    weir_mutex_free(&c->mu);
    weir_mem_free(c->root);
    weir_mem_free(c);
}

const char *weir_catalog_warehouse(const weir_catalog *c) { return c->root; }

static char *lower(weir_arena *a, const char *s) {
    char *o = weir_strdup(a, s);
    for (char *p = o; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p += 32;
    return o;
}

/* A file name that any object name maps to and only one does. */
static char *file_name(weir_arena *a, const char *s) {
    weir_str o;
    weir_str_init(&o, a, 3 * NAME_LONGEST + 1);
    for (; *s; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_';
        if (plain)
            weir_str_putc(&o, *s);
        else
            weir_str_printf(&o, "%%%02x", (unsigned char)*s);
    }
    return o.p ? o.p : weir_strdup(a, "%");
}

static char *dir_of(weir_ctx *ctx, const weir_catalog *c, const char *schema) {
    return weir_printf(ctx->arena, "%s/" OWN_FOLDER "/%s", c->root,
                       file_name(ctx->arena, lower(ctx->arena, schema)));
}

/* For the server's user alone: options and properties of tables may be secrets. */
static weir_rc make_dir_of(weir_ctx *ctx, const weir_catalog *c, const char *schema) {
    const char *own = weir_printf(ctx->arena, "%s/" OWN_FOLDER, c->root);
    if (access(own, F_OK) != 0) {
        WEIR_TRY(weir_path_mkdirs(ctx, c->root));
        weir_rc rc = weir_path_mkdir_private(ctx, own);
        if (rc != WEIR_OK && access(own, F_OK) != 0) return rc;
        weir_err_clear(ctx->err); /* another server was faster */
        WEIR_TRY(weir_dir_sync(ctx, c->root));
    }
    return weir_path_mkdirs(ctx, dir_of(ctx, c, schema));
}

static char *entry_of(weir_ctx *ctx, const weir_catalog *c, const char *schema, const char *name) {
    return weir_printf(ctx->arena, "%s/%s.json", dir_of(ctx, c, schema),
                       file_name(ctx->arena, lower(ctx->arena, name)));
}

weir_rc weir_catalog_check_name(weir_ctx *ctx, const char *schema, const char *name) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t n = strspn(name, allowed);
    bool own = !schema || strcasecmp(schema, "default") == 0; /* they lie beside each other */
    if (n && n <= NAME_LONGEST && !name[n] && !(own && strcasecmp(name, OWN_FOLDER) == 0))
        return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INVALID_SCHEMA_OR_RELATION_NAME, "name",
                     weir_printf(ctx->arena, "`%s`", name));
}

static weir_rc no_schema(weir_ctx *ctx, const char *name) {
    return weir_fail(ctx, WEIR_E_SCHEMA_NOT_FOUND, "schemaName",
                     weir_printf(ctx->arena, "`spark_catalog`.`%s`", name));
}

/* The folder that a path leads to, as far as it exists. */
static char *resolved(weir_ctx *ctx, const char *path) {
    char *end, *there = weir_strdup(ctx->arena, path), *real = realpath(there, NULL), *out;
    if (real) {
        out = weir_strdup(ctx->arena, real);
        free(real);
        return out;
    }
    end = strrchr(there, '/');
    if (!end || end == there) return there;
    *end = 0;
    return weir_printf(ctx->arena, "%s/%s", resolved(ctx, there), end + 1);
}

weir_rc weir_catalog_place(weir_ctx *ctx, weir_catalog *c, const char *schema, const char *name,
                           char **out) {
    weir_schema_info *s = NULL;
    char *n = lower(ctx->arena, name);
    WEIR_TRY(weir_catalog_check_name(ctx, schema, name));
    WEIR_TRY(weir_catalog_schema_get(ctx, c, schema, &s));
    if (!s) return no_schema(ctx, schema);
    *out = weir_printf(ctx->arena, "%s/%s", s->location, n);
    const char *wanted = weir_printf(ctx->arena, "%s/%s", resolved(ctx, s->location), n);
    if (strcmp(resolved(ctx, *out), wanted) == 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_LOCATION_ALREADY_EXISTS, "identifier",
                     weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", s->name, name),
                     "location", weir_printf(ctx->arena, "'file:%s'", *out));
}

static void put_options(weir_jw *w, const char *key, const weir_options *o) {
    weir_jw_key(w, key);
    weir_jw_obj(w);
    for (int i = 0; i < o->n; i++) {
        weir_jw_key(w, o->opt[i].key);
        weir_jw_str(w, o->opt[i].value);
    }
    weir_jw_end_obj(w);
}

static weir_options get_options(weir_ctx *ctx, const weir_json *j) {
    weir_options o = {0};
    if (!j || j->kind != WEIR_J_OBJECT) return o;
    o.opt = WEIR_NEWN(ctx->arena, weir_option, j->len + 1);
    for (size_t i = 0; i < j->len; i++)
        if (j->item[i]->kind == WEIR_J_STRING)
            o.opt[o.n++] = (weir_option){j->key[i], j->item[i]->text};
    return o;
}

static weir_rc read_entry(weir_ctx *ctx, const char *path, weir_json **out) {
    weir_stat st;
    char *text;
    size_t n;
    *out = NULL;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &n));
    *out = weir_json_parse(ctx->arena, text, n, NULL);
    if (*out) return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_INTERNAL_ERROR, "message",
        weir_printf(ctx->arena,
                    "the catalog entry %s is damaged; remove it and create the object again.",
                    path));
}

/* ---- schemas: <dir>/%.json ---- */

static char *schema_entry(weir_ctx *ctx, const weir_catalog *c, const char *name) {
    return weir_printf(ctx->arena, "%s/%%schema.json", dir_of(ctx, c, name));
}

weir_rc weir_catalog_schema_get(weir_ctx *ctx, weir_catalog *c, const char *name,
                                weir_schema_info **out) {
    weir_json *j = NULL;
    char *n = lower(ctx->arena, name);
    *out = NULL;
    if (strlen(name) > NAME_LONGEST) return WEIR_OK;
    WEIR_TRY(read_entry(ctx, schema_entry(ctx, c, name), &j));
    if (!j && strcmp(n, "default") != 0) return WEIR_OK;
    weir_schema_info *s = WEIR_NEW(ctx->arena, weir_schema_info);
    s->name = n;
    s->comment = weir_json_str(j, "comment", strcmp(n, "default") == 0 ? "default database" : "");
    s->location = weir_json_str(
        j, "location",
        strcmp(n, "default") == 0 ? c->root : weir_printf(ctx->arena, "%s/%s.db", c->root, n));
    s->properties = get_options(ctx, weir_json_get(j, "properties"));
    *out = s;
    return WEIR_OK;
}

weir_rc weir_catalog_schema_create(weir_ctx *ctx, weir_catalog *c, const weir_schema_info *s,
                                   bool if_not_exists) {
    weir_schema_info *old = NULL;
    weir_str t;
    weir_jw w;
    WEIR_TRY(weir_catalog_check_name(ctx, NULL, s->name));
    weir_lock(&c->mu);
    weir_rc rc = weir_catalog_schema_get(ctx, c, s->name, &old);
    if (rc == WEIR_OK && old && !if_not_exists)
        rc = weir_fail(ctx, WEIR_E_SCHEMA_ALREADY_EXISTS, "schemaName",
                       weir_printf(ctx->arena, "`spark_catalog`.`%s`", s->name));
    if (rc == WEIR_OK && !old) {
        weir_str_init(&t, ctx->arena, 1 << 20);
        weir_jw_init(&w, &t);
        weir_jw_obj(&w);
        weir_jw_key(&w, "name");
        weir_jw_str(&w, lower(ctx->arena, s->name));
        weir_jw_key(&w, "comment");
        weir_jw_str(&w, s->comment ? s->comment : "");
        if (s->location) {
            weir_jw_key(&w, "location");
            weir_jw_str(&w, s->location);
        }
        put_options(&w, "properties", &s->properties);
        weir_jw_end_obj(&w);
        rc = make_dir_of(ctx, c, s->name);
        if (rc == WEIR_OK)
            rc = weir_file_put(ctx, schema_entry(ctx, c, s->name), t.p, t.len, true, NULL);
    }
    weir_unlock(&c->mu);
    return rc;
}

static bool matches(const char *like, const char *name) {
    if (!like || !*like) return true;
    char pattern[512];
    size_t n = 0;
    for (const char *p = like; *p && n + 1 < sizeof pattern; p++)
        pattern[n++] = (char)(*p == '%' ? '*' : *p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    pattern[n] = 0;
    for (char *one = pattern; one;) { /* "a*|b" */
        char *bar = strchr(one, '|');
        if (bar) *bar = 0;
        if (fnmatch(one, name, 0) == 0) return true;
        one = bar ? bar + 1 : NULL;
    }
    return false;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const weir_dirent *)a)->name, ((const weir_dirent *)b)->name);
}

weir_rc weir_catalog_schema_list(weir_ctx *ctx, weir_catalog *c, const char *like,
                                 weir_schema_info **out, int *n) {
    weir_dirent *e = NULL;
    int64_t k = 0;
    WEIR_TRY(
        weir_path_list(ctx, weir_printf(ctx->arena, "%s/" OWN_FOLDER, c->root), false, &e, &k));
    if (k) qsort(e, (size_t)k, sizeof *e, by_name);
    *out = WEIR_NEWN(ctx->arena, weir_schema_info, k + 2);
    *n = 0;
    bool dflt = false;
    for (int64_t i = -1; i < k; i++) {
        weir_schema_info *s = NULL;
        weir_json *j = NULL;
        if (i >= 0) {
            WEIR_TRY(read_entry(
                ctx,
                weir_printf(ctx->arena, "%s/" OWN_FOLDER "/%s/%%schema.json", c->root, e[i].name),
                &j));
            if (!j) continue;
        }
        const char *name = weir_json_str(j, "name", "default");
        if (strcmp(name, "default") == 0 && dflt) continue;
        dflt |= strcmp(name, "default") == 0;
        if (!matches(like, name)) continue;
        WEIR_TRY(weir_catalog_schema_get(ctx, c, name, &s));
        if (s) (*out)[(*n)++] = *s;
    }
    return WEIR_OK;
}

/* ---- tables ---- */

static weir_table *table_of(weir_ctx *ctx, const weir_json *j) {
    weir_table *t = WEIR_NEW(ctx->arena, weir_table);
    const char *kind = weir_json_str(j, "kind", "MANAGED"),
               *cols = weir_json_str(j, "columns", NULL);
    t->schema = weir_json_str(j, "schema", "default");
    t->name = weir_json_str(j, "name", "");
    t->kind = strcmp(kind, "VIEW") == 0       ? WEIR_TABLE_VIEW
              : strcmp(kind, "EXTERNAL") == 0 ? WEIR_TABLE_EXTERNAL
                                              : WEIR_TABLE_MANAGED;
    t->format = weir_json_str(j, "format", "parquet");
    t->location = weir_json_str(j, "location", NULL);
    t->comment = weir_json_str(j, "comment", NULL);
    t->view_text = weir_json_str(j, "viewText", NULL);
    t->view_schema = weir_json_str(j, "viewSchema", NULL);
    t->created_ms = weir_json_int(j, "createdMs", 0);
    t->options = get_options(ctx, weir_json_get(j, "options"));
    t->properties = get_options(ctx, weir_json_get(j, "properties"));
    const weir_json *p = weir_json_arr(j, "partitionBy");
    t->partition_by = WEIR_NEWN(ctx->arena, const char *, (p ? p->len : 0) + 1);
    for (size_t i = 0; p && i < p->len; i++)
        if (p->item[i]->kind == WEIR_J_STRING)
            t->partition_by[t->npartition++] = p->item[i]->text;
    if (cols && weir_type_from_json(ctx, cols, strlen(cols), &t->columns) != WEIR_OK) return NULL;
    return t;
}

weir_rc weir_catalog_table_get(weir_ctx *ctx, weir_catalog *c, const char *schema, const char *name,
                               weir_table **out) {
    weir_json *j = NULL;
    *out = NULL;
    if (strlen(schema) > NAME_LONGEST || strlen(name) > NAME_LONGEST) return WEIR_OK;
    WEIR_TRY(read_entry(ctx, entry_of(ctx, c, schema, name), &j));
    if (j) *out = table_of(ctx, j);
    return ctx->err->rc;
}

weir_rc weir_catalog_table_list(weir_ctx *ctx, weir_catalog *c, const char *schema,
                                const char *like, weir_table **out, int *n) {
    weir_dirent *e = NULL;
    int64_t k = 0;
    weir_schema_info *s = NULL;
    WEIR_TRY(weir_catalog_schema_get(ctx, c, schema, &s));
    if (!s) return no_schema(ctx, schema);
    char *dir = dir_of(ctx, c, schema);
    WEIR_TRY(weir_path_list(ctx, dir, false, &e, &k));
    if (k) qsort(e, (size_t)k, sizeof *e, by_name);
    *out = WEIR_NEWN(ctx->arena, weir_table, k + 1);
    *n = 0;
    for (int64_t i = 0; i < k; i++) {
        weir_json *j = NULL;
        size_t len = strlen(e[i].name);
        if (len < 6 || strcmp(e[i].name + len - 5, ".json") != 0 ||
            strcmp(e[i].name, "%schema.json") == 0 || e[i].name[0] == '.')
            continue;
        WEIR_TRY(read_entry(ctx, weir_printf(ctx->arena, "%s/%s", dir, e[i].name), &j));
        weir_table *t = j ? table_of(ctx, j) : NULL;
        if (t && matches(like, t->name)) (*out)[(*n)++] = *t;
    }
    return ctx->err->rc;
}

static void write_table(weir_ctx *ctx, weir_jw *w, const weir_table *t) {
    static const char *const kinds[] = {"MANAGED", "EXTERNAL", "VIEW"};
    const char *const pairs[][2] = {{"schema", lower(ctx->arena, t->schema)},
                                    {"name", lower(ctx->arena, t->name)},
                                    {"kind", kinds[t->kind]},
                                    {"format", t->format},
                                    {"location", t->location},
                                    {"comment", t->comment},
                                    {"viewText", t->view_text},
                                    {"viewSchema", t->view_schema}};
    weir_jw_obj(w);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (!pairs[i][1]) continue;
        weir_jw_key(w, pairs[i][0]);
        weir_jw_str(w, pairs[i][1]);
    }
    weir_jw_key(w, "createdMs");
    weir_jw_int(w, t->created_ms ? t->created_ms : weir_now_ms(ctx->env));
    if (t->columns) {
        weir_str s;
        weir_str_init(&s, ctx->arena, 16 << 20);
        weir_type_to_json(t->columns, &s);
        weir_jw_key(w, "columns");
        weir_jw_str(w, s.p);
    }
    weir_jw_key(w, "partitionBy");
    weir_jw_arr(w);
    for (int i = 0; i < t->npartition; i++) weir_jw_str(w, t->partition_by[i]);
    weir_jw_end_arr(w);
    put_options(w, "options", &t->options);
    put_options(w, "properties", &t->properties);
    weir_jw_end_obj(w);
}

weir_rc weir_catalog_table_put(weir_ctx *ctx, weir_catalog *c, const weir_table *t, bool replace) {
    weir_schema_info *s = NULL;
    weir_table *old = NULL;
    weir_str out;
    weir_jw w;
    WEIR_TRY(weir_catalog_check_name(ctx, t->schema, t->name));
    WEIR_TRY(weir_catalog_schema_get(ctx, c, t->schema, &s));
    if (!s) return no_schema(ctx, t->schema);
    weir_str_init(&out, ctx->arena, 32 << 20);
    weir_jw_init(&w, &out);
    write_table(ctx, &w, t);
    weir_lock(&c->mu);
    weir_rc rc = weir_catalog_table_get(ctx, c, t->schema, t->name, &old);
    if (rc == WEIR_OK && old && !replace)
        rc = weir_fail(ctx, WEIR_E_TABLE_ALREADY_EXISTS, "relationName",
                       weir_printf(ctx->arena, "`spark_catalog`.`%s`.`%s`", t->schema, t->name));
    if (rc == WEIR_OK) rc = make_dir_of(ctx, c, t->schema);
    if (rc == WEIR_OK)
        rc = weir_file_put(ctx, entry_of(ctx, c, t->schema, t->name), out.p, out.len, true, NULL);
    weir_unlock(&c->mu);
    return rc;
}

weir_rc weir_catalog_table_drop(weir_ctx *ctx, weir_catalog *c, const char *schema,
                                const char *name, weir_table **out) {
    weir_lock(&c->mu);
    weir_rc rc = weir_catalog_table_get(ctx, c, schema, name, out);
    if (rc == WEIR_OK && *out) rc = weir_path_remove(ctx, entry_of(ctx, c, schema, name));
    weir_unlock(&c->mu);
    return rc;
}

weir_rc weir_catalog_schema_drop(weir_ctx *ctx, weir_catalog *c, const char *name, bool if_exists) {
    weir_schema_info *s = NULL;
    weir_table *t = NULL;
    int n = 0;
    WEIR_TRY(weir_catalog_schema_get(ctx, c, name, &s));
    if (!s) return if_exists ? WEIR_OK : no_schema(ctx, name);
    if (strcmp(s->name, "default") == 0)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature", "dropping the default schema");
    WEIR_TRY(weir_catalog_table_list(ctx, c, name, NULL, &t, &n));
    if (n)
        return weir_fail(ctx, WEIR_E_SCHEMA_NOT_EMPTY, "schemaName",
                         weir_printf(ctx->arena, "`%s`", s->name));
    WEIR_TRY(weir_path_remove_all(ctx, dir_of(ctx, c, name)));
    return weir_path_rmdir(ctx, s->location); /* what others put there stays */
}
