/* Auto Loader's schema. See cloud_schema.h. */
#include "source/cloud_schema.h"

#include "source/glob.h"

#include <stdlib.h>
#include <strings.h>

static weir_ddl_fn *parse_ddl;
void weir_cloud_ddl_hook(weir_ddl_fn *fn) { parse_ddl = fn; }

static const char *get_option(void *u, const char *key) {
    return weir_option_get(&((weir_scan *)u)->options, key);
}

/* ---- options ---- */

static weir_rc refuse(weir_ctx *ctx, const char *option, const char *why) {
    return weir_fail(ctx, WEIR_E_CLOUD_OPTION, "option", option, "reason", why);
}

static weir_rc check_names(weir_ctx *ctx, const weir_scan *s) {
    if (!weir_scan_flag(s, "cloudFiles.validateOptions", true)) return WEIR_OK;
    for (int i = 0; i < s->options.n; i++) {
        const char *k = s->options.opt[i].key;
        if (strncasecmp(k, "cloudFiles.", 11) == 0 &&
            !weir_option_find("cloudFiles", WEIR_USE_STREAM, k))
            return refuse(ctx, k,
                          "Auto Loader has no such option; set cloudFiles.validateOptions to false "
                          "to ignore it");
    }
    return WEIR_OK;
}

static weir_rc mode_of(weir_ctx *ctx, const weir_scan *s, weir_evolution *out) {
    static const struct {
        const char *name;
        weir_evolution mode;
    } modes[] = {{"addNewColumns", WEIR_EVOLVE_ADD},
                 {"rescue", WEIR_EVOLVE_RESCUE},
                 {"failOnNewColumns", WEIR_EVOLVE_FAIL},
                 {"none", WEIR_EVOLVE_NONE}};
    const char *v = weir_option_get(&s->options, "cloudFiles.schemaEvolutionMode");
    *out = s->user_schema ? WEIR_EVOLVE_NONE : WEIR_EVOLVE_ADD;
    if (!v) return WEIR_OK;
    for (int i = 0; i < 4; i++) {
        if (strcasecmp(v, modes[i].name) != 0) continue;
        *out = modes[i].mode;
        if (s->user_schema && *out == WEIR_EVOLVE_ADD)
            return refuse(ctx, "cloudFiles.schemaEvolutionMode",
                          "addNewColumns needs an inferred schema; give the schema as "
                          "cloudFiles.schemaHints");
        return WEIR_OK;
    }
    return refuse(ctx, "cloudFiles.schemaEvolutionMode",
                  weir_printf(ctx->arena,
                              "%s is not one of addNewColumns, rescue, failOnNewColumns, none", v));
}

static weir_rc limits(weir_ctx *ctx, const weir_scan *s, weir_cloud_options *o) {
    const char *n = weir_option_get(&s->options, "cloudFiles.maxFilesPerTrigger"),
               *b = weir_option_get(&s->options, "cloudFiles.maxBytesPerTrigger");
    char *end = NULL;
    o->max_files = n ? strtoll(n, &end, 10) : 1000;
    if (n && (*end || o->max_files <= 0))
        return refuse(ctx, "cloudFiles.maxFilesPerTrigger",
                      weir_printf(ctx->arena, "%s is not a positive number", n));
    if (b && (!weir_parse_bytes(b, &o->max_bytes) || o->max_bytes <= 0))
        return refuse(ctx, "cloudFiles.maxBytesPerTrigger",
                      weir_printf(ctx->arena, "%s is not a size such as 10g", b));
    return WEIR_OK;
}

weir_rc weir_cloud_options_read(weir_ctx *ctx, const weir_scan *s, weir_cloud_options *o) {
    const char *format = weir_option_get(&s->options, "cloudFiles.format"),
               *rescue = weir_option_get(&s->options, "rescuedDataColumn");
    WEIR_TRY(check_names(ctx, s));
    if (!format) return refuse(ctx, "cloudFiles.format", "it must be set, for example to json");
    if (strcasecmp(format, "json") != 0)
        return refuse(ctx, "cloudFiles.format",
                      weir_printf(ctx->arena,
                                  "%s files come with a later release of weir; json is there",
                                  format));
    WEIR_TRY(mode_of(ctx, s, &o->mode));
    WEIR_TRY(limits(ctx, s, o));
    o->infer_types = weir_scan_flag(s, "cloudFiles.inferColumnTypes", false);
    o->include_existing = weir_scan_flag(s, "cloudFiles.includeExistingFiles", true);
    o->hints = weir_option_get(&s->options, "cloudFiles.schemaHints");
    if (!rescue) rescue = weir_option_get(&s->options, "cloudFiles.rescuedDataColumn");
    o->rescue = rescue ? rescue : s->user_schema ? NULL : "_rescued_data";
    o->schema_location = weir_option_get(&s->options, "cloudFiles.schemaLocation");
    return WEIR_OK;
}

/* ---- the schema log: <schemaLocation>/_schemas/N ---- */

static weir_rc log_latest(weir_ctx *ctx, const char *location, int64_t *latest) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    *latest = -1;
    WEIR_TRY(weir_path_list(ctx, weir_printf(ctx->arena, "%s/_schemas", location), false, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        char *end;
        int64_t v = strtoll(e[i].name, &end, 10);
        if (end != e[i].name && !*end && v > *latest) *latest = v;
    }
    return WEIR_OK;
}

static weir_rc log_read(weir_ctx *ctx, const char *location, int64_t id, weir_schema **data,
                        weir_schema **part) {
    char *path = weir_printf(ctx->arena, "%s/_schemas/%lld", location, (long long)id), *text;
    size_t n;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &n));
    char *line = strncmp(text, "v1\n", 3) == 0 ? text + 3 : NULL;
    const weir_json *j = line ? weir_json_parse(ctx->arena, line, strcspn(line, "\n"), NULL) : NULL;
    const char *d = weir_json_str(j, "dataSchemaJson", NULL),
               *p = weir_json_str(j, "partitionSchemaJson", NULL);
    if (!d && id > 0)
        return log_read(ctx, location, id - 1, data,
                        part); /* a cut file: the one before it counts */
    if (!d)
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                         "it does not hold a schema; remove it to infer the schema again");
    WEIR_TRY(weir_type_from_json(ctx, d, strlen(d), data));
    *part = NULL;
    if (p) WEIR_TRY(weir_type_from_json(ctx, p, strlen(p), part));
    return WEIR_OK;
}

static weir_rc log_write(weir_ctx *ctx, const char *location, int64_t id, weir_schema *data,
                         weir_schema *part) {
    weir_str d, p, out;
    weir_jw w;
    bool lost = false;
    static const weir_type none = {.kind = WEIR_T_STRUCT};
    weir_str_init(&d, ctx->arena, 16 << 20);
    weir_str_init(&p, ctx->arena, 16 << 20);
    weir_str_init(&out, ctx->arena, 64 << 20);
    weir_type_to_json(data, &d);
    weir_type_to_json(part ? part : &none, &p);
    weir_str_puts(&out, "v1\n");
    weir_jw_init(&w, &out);
    weir_jw_obj(&w);
    weir_jw_key(&w, "dataSchemaJson");
    weir_jw_str(&w, d.p);
    weir_jw_key(&w, "partitionSchemaJson");
    weir_jw_str(&w, p.p);
    weir_jw_end_obj(&w);
    char *dir = weir_printf(ctx->arena, "%s/_schemas", location);
    WEIR_TRY(weir_path_mkdirs(ctx, dir));
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/%lld", dir, (long long)id), out.p,
                         out.len, false, &lost);
}

/* ---- inference and hints ---- */

typedef struct sampled {
    weir_json_infer *f;
    int64_t bytes;
} sampled;

static weir_rc infer_text(weir_ctx *ctx, void *u, const char *p, int64_t n, bool *enough) {
    sampled *k = u;
    (void)ctx, (void)enough;
    weir_json_infer_record(k->f, p, n);
    k->bytes += n + 1;
    return WEIR_OK;
}

static weir_rc infer(weir_ctx *ctx, weir_scan *s, const weir_cloud_options *o, const weir_found *v,
                     int64_t n, weir_schema **out) {
    weir_json_options jo;
    weir_text_rule rule;
    weir_arena *mem = weir_arena_new(ctx->arena);
    WEIR_TRY(weir_json_options_read(ctx, false, get_option, s, &jo));
    jo.mode = WEIR_MODE_DROP; /* malformed records add no column: they are for the rescue column */
    WEIR_TRY(weir_text_rule_of(ctx, s, &rule));
    weir_json_infer *f = weir_json_infer_new(mem, &jo);
    int64_t bytes = weir_conf_bytes(
        ctx->conf, "spark.databricks.cloudFiles.schemaInference.sampleSize.numBytes");
    int64_t files =
        weir_conf_int(ctx->conf, "spark.databricks.cloudFiles.schemaInference.sampleSize.numFiles");
    for (int64_t i = 0; i < n && i < files && bytes > 0; i++) {
        weir_ctx c = *ctx;
        sampled k = {f, 0};
        c.arena = weir_arena_new(mem);
        WEIR_TRY(weir_text_records(&c, &rule, v[i].path, jo.multi_line, infer_text, &k));
        bytes -= k.bytes;
        weir_arena_free(c.arena);
    }
    WEIR_TRY(weir_json_infer_done(ctx, f, !o->infer_types, out));
    weir_arena_free(mem);
    return WEIR_OK;
}

/* A hint at a path of names below type t. */
static const weir_type *apply_hint(weir_arena *a, const weir_type *t, char **path, int depth, int n,
                                   const weir_type *hint) {
    if (depth == n) return hint;
    if (t && t->kind == WEIR_T_ARRAY && strcasecmp(path[depth], "element") == 0)
        return weir_type_array(a, apply_hint(a, t->field[0].type, path, depth + 1, n, hint), true);
    if (t && t->kind == WEIR_T_MAP &&
        (strcasecmp(path[depth], "key") == 0 || strcasecmp(path[depth], "value") == 0)) {
        bool key = strcasecmp(path[depth], "key") == 0;
        const weir_type *in = apply_hint(a, t->field[key ? 0 : 1].type, path, depth + 1, n, hint);
        return weir_type_map(a, key ? in : t->field[0].type, key ? t->field[1].type : in, true);
    }
    bool is_struct = t && t->kind == WEIR_T_STRUCT;
    int have = is_struct ? t->nfield : 0,
        at = is_struct ? weir_schema_find(t, path[depth], false) : -1;
    weir_field *f = WEIR_NEWN(a, weir_field, have + 1);
    if (have) memcpy(f, t->field, sizeof *f * (size_t)have);
    if (at < 0) {
        at = have++;
        f[at] = (weir_field){path[depth], NULL, true, NULL};
    } else {
        f[at].name = path[depth]; /* a hint fixes the spelling */
    }
    f[at].type = apply_hint(a, f[at].type, path, depth + 1, n, hint);
    return weir_type_struct(a, f, have);
}

/* "a DATE, s.dob DATE, arr.element.id INT": split at top-level commas, each a path and a type. */
static weir_rc hints(weir_ctx *ctx, const char *text, weir_schema **schema) {
    char *copy = weir_strdup(ctx->arena, text);
    for (char *p = copy; *p;) {
        char *start = p + strspn(p, " \t\n,");
        int depth = 0, n = 0;
        for (p = start; *p && (depth || *p != ','); p++)
            depth += (*p == '<' || *p == '(') - (*p == '>' || *p == ')');
        if (*p) *p++ = 0;
        if (!*start) continue;
        char *type = start + strcspn(start, " \t\n");
        if (!*type)
            return refuse(ctx, "cloudFiles.schemaHints",
                          weir_printf(ctx->arena, "the hint %s has no type", start));
        *type++ = 0;
        char **path = WEIR_NEWN(ctx->arena, char *, strlen(start) + 1);
        for (char *seg = start; seg;) {
            char *dot = strchr(seg, '.');
            if (dot) *dot = 0;
            size_t len = strlen(seg);
            if (len > 1 && seg[0] == '`' && seg[len - 1] == '`') seg[len - 1] = 0, seg++;
            path[n++] = seg;
            seg = dot ? dot + 1 : NULL;
        }
        const weir_type *t = NULL;
        WEIR_TRY(parse_ddl(ctx, weir_printf(ctx->arena, "h %s", type), &t));
        *schema = apply_hint(ctx->arena, *schema, path, 0, n, t->field[0].type);
    }
    return WEIR_OK;
}

static weir_schema *with_rescue(weir_arena *a, weir_schema *s, const char *name) {
    weir_field f = {name, &weir_t_string, true, NULL};
    return name ? weir_schema_join(a, s, weir_type_struct(a, &f, 1), false) : s;
}

void weir_cloud_bases(const weir_scan *s, weir_listing *l) {
    if (weir_glob_is(s->path[0]) && !weir_option_get(&s->options, "basePath")) l->nbase = 0;
}

static weir_rc infer_first(weir_ctx *ctx, weir_scan *s, const weir_cloud_options *o,
                           weir_schema **data) {
    weir_listing l = {0};
    WEIR_TRY(weir_files_list(ctx, s, false, &l));
    if (!o->schema_location)
        return refuse(ctx, "cloudFiles.schemaLocation",
                      "it must be set to infer the schema; or give the schema with schema()");
    if (!l.n && !o->hints) return weir_fail(ctx, WEIR_E_CLOUD_EMPTY, "path", s->path[0]);
    weir_files_by_time(&l);
    for (int64_t i = 0; i < l.n / 2; i++) { /* newest first: they are the sample */
        weir_found t = l.v[i];
        l.v[i] = l.v[l.n - 1 - i];
        l.v[l.n - 1 - i] = t;
    }
    WEIR_TRY(infer(ctx, s, o, l.v, l.n, data));
    if (o->hints) WEIR_TRY(hints(ctx, o->hints, data));
    weir_layout y;
    weir_cloud_bases(s, &l);
    WEIR_TRY(weir_files_layout(ctx, s, &l, WEIR_LAYOUT_TRY, o->infer_types, &y));
    s->partition_schema = y.part;
    return log_write(ctx, o->schema_location, 0, *data, s->partition_schema);
}

weir_rc weir_cloud_schema(weir_ctx *ctx, weir_scan *s, const weir_cloud_options *o,
                          weir_schema **data) {
    int64_t latest = -1;
    weir_schema *d = NULL;
    if (s->user_schema) {
        d = s->user_schema;
    } else {
        if (o->schema_location) WEIR_TRY(log_latest(ctx, o->schema_location, &latest));
        if (latest < 0) {
            WEIR_TRY(infer_first(ctx, s, o, &d));
        } else {
            WEIR_TRY(log_read(ctx, o->schema_location, latest, &d, &s->partition_schema));
            if (o->hints) WEIR_TRY(hints(ctx, o->hints, &d));
        }
    }
    *data = with_rescue(ctx->arena, d, o->rescue);
    s->schema = weir_schema_join(
        ctx->arena, *data,
        s->partition_schema && s->partition_schema->nfield ? s->partition_schema : NULL, false);
    if (s->schema == *data) s->partition_schema = NULL;
    return WEIR_OK;
}

/* ---- evolution ---- */

static weir_rc unknown_field(weir_ctx *ctx, const weir_cloud_options *o, const weir_schema *fresh,
                             const char *file, bool written) {
    weir_str blob;
    weir_str_init(&blob, ctx->arena, 1 << 20);
    for (int i = 0; i < fresh->nfield; i++)
        weir_str_printf(&blob, "%s%s", i ? ", " : "", fresh->field[i].name);
    (void)o;
    return weir_fail(ctx, WEIR_E_UNKNOWN_FIELD, "changeType", "unknown fields", "unknownFieldBlob",
                     weir_printf(ctx->arena, "[%s] in the file %s", blob.p, file), "isRetryable",
                     written ? "true" : "false");
}

weir_rc weir_cloud_check_new(weir_ctx *ctx, weir_scan *s, const weir_cloud_options *o,
                             weir_schema *data, const weir_found *v, int64_t n) {
    weir_schema *seen = NULL;
    if ((o->mode != WEIR_EVOLVE_ADD && o->mode != WEIR_EVOLVE_FAIL) || n == 0) return WEIR_OK;
    WEIR_TRY(infer(ctx, s, o, v, n, &seen));
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, seen->nfield + 1);
    int k = 0;
    for (int i = 0; i < seen->nfield; i++)
        if (weir_schema_find(data, seen->field[i].name, false) == -1) f[k++] = seen->field[i];
    if (k == 0) return WEIR_OK;
    weir_schema *fresh = weir_type_struct(ctx->arena, f, k);
    bool write = o->mode == WEIR_EVOLVE_ADD && o->schema_location;
    if (write) {
        int64_t latest = -1;
        weir_schema *old = NULL, *part = NULL;
        WEIR_TRY(log_latest(ctx, o->schema_location, &latest));
        WEIR_TRY(log_read(ctx, o->schema_location, latest, &old, &part));
        WEIR_TRY(log_write(ctx, o->schema_location, latest + 1,
                           weir_schema_join(ctx->arena, old, fresh, false), part));
    }
    s->changed = write && weir_scan_flag(s, "weir.cloudFiles.restartOnSchemaChange", false);
    return unknown_field(ctx, o, fresh, v[n - 1].uri, write);
}
