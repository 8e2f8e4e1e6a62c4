/* File relations: text, Parquet and ORC, as batches and as streams. SPARK DataSource,
 * FileStreamSource. Analysis and query threads. */
#include "source/files.h"

#include "codec/csv_read.h"
#include "codec/xml_read.h"

#include "source/cloud_schema.h"
#include "source/file_log.h"
#include "source/file_options.h"
#include "source/glob.h"
#include "source/parquet.h"
#include "source/schema_merge.h"
#include "source/sources.h"

#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/inotify.h>
#include <unistd.h>

typedef struct files {
    weir_schema *data;    /* columns in the files, before partition columns */
    weir_listing listing; /* batch: what was found at analysis */
    weir_layout layout;
    weir_file_log *log;
    weir_listing frozen; /* availableNow: the files there were at the start */
    bool is_frozen, json, csv, xml, parquet; /* parquet: ORC too */
    int notify;                   /* inotify, -1 none */
    weir_file_options o;          /* streams */
    int64_t purged_ms, newest_ms; /* maxFileAge: older files are no longer looked for */
    int64_t cleaned;              /* cleanSource: log entries up to here are done */
} files;

static const char *get_option(void *u, const char *key) {
    return weir_option_get(&((weir_scan *)u)->options, key);
}

static weir_rc infer_json_text(weir_ctx *ctx, void *u, const char *p, int64_t n, bool *enough) {
    (void)ctx, (void)enough;
    weir_json_infer_record(u, p, n);
    return WEIR_OK;
}

static weir_rc infer_json(weir_ctx *ctx, weir_scan *s, const weir_listing *l, weir_schema **out) {
    weir_json_options o;
    weir_text_rule rule;
    WEIR_TRY(weir_json_options_read(ctx, false, get_option, s, &o));
    WEIR_TRY(weir_text_rule_of(ctx, s, &rule));
    weir_arena *mem = weir_arena_new(ctx->arena);
    weir_json_infer *f = weir_json_infer_new(mem, &o);
    for (int64_t i = 0; i < l->n; i++) {
        weir_ctx c = *ctx;
        c.arena = weir_arena_new(mem);
        WEIR_TRY(weir_text_records(&c, &rule, l->v[i].path, o.multi_line, infer_json_text, f));
        weir_arena_free(c.arena);
    }
    weir_rc rc = weir_json_infer_done(ctx, f, false, out);
    weir_arena_free(mem);
    if (rc != WEIR_OK || l->n) return rc;
    return weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format", "JSON");
}

/* The files in the order in which they are read: the first line names columns. SPARK: files that
 * are records (multiLine) come as they are listed. */
static weir_splits ordered(weir_arena *a, const weir_listing *l, bool as_listed) {
    weir_splits o = {0};
    for (int64_t i = 0; i < l->n; i++)
        weir_splits_add(a, &o,
                        (weir_split){.path = l->v[i].path, .size_bytes = l->v[i].size_bytes});
    if (!as_listed) weir_splits_by_size(a, &o);
    return o;
}

typedef struct csv_names {
    weir_csv_infer *f;
    bool only; /* this pass is for names */
} csv_names;

static weir_rc infer_csv_text(weir_ctx *ctx, void *u, const char *p, int64_t n, bool *enough) {
    csv_names *k = u;
    WEIR_TRY(weir_csv_infer_text(ctx, k->f, p, n));
    *enough = k->only && weir_csv_infer_named(k->f);
    return WEIR_OK;
}

static weir_rc infer_csv(weir_ctx *ctx, weir_scan *s, const weir_listing *l, weir_schema **out) {
    weir_csv_options o;
    weir_text_rule rule;
    if (!l->n) return weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format", "CSV");
    WEIR_TRY(weir_csv_options_read(ctx, get_option, s, &o));
    WEIR_TRY(weir_csv_options_infer(ctx, &o));
    WEIR_TRY(weir_text_rule_of(ctx, s, &rule));
    weir_arena *mem = weir_arena_new(ctx->arena);
    csv_names k = {weir_csv_infer_new(mem, &o), true};
    weir_splits files = ordered(mem, l, o.multi_line);
    for (int pass = 0; pass < (o.infer ? 2 : 1); pass++) {
        k.only = pass == 0;
        for (int64_t i = 0; i < files.n && (pass || !weir_csv_infer_named(k.f)); i++) {
            weir_ctx c = *ctx;
            c.arena = weir_arena_new(mem);
            weir_csv_infer_file(k.f, weir_file_uri(mem, files.v[i].path), k.only);
            WEIR_TRY(
                weir_text_records(&c, &rule, files.v[i].path, o.multi_line, infer_csv_text, &k));
            weir_arena_free(c.arena);
        }
    }
    *out = weir_csv_infer_done(ctx->arena, k.f);
    weir_arena_free(mem);
    return WEIR_OK;
}

static weir_rc infer_xml_text(weir_ctx *ctx, void *u, const char *p, int64_t n, bool *enough) {
    (void)enough;
    return weir_xml_infer_text(ctx, u, p, n);
}

static weir_rc infer_xml(weir_ctx *ctx, weir_scan *s, const weir_listing *l, weir_schema **out) {
    weir_xml_options o;
    weir_text_rule rule;
    WEIR_TRY(weir_xml_options_read(ctx, get_option, s, &o));
    WEIR_TRY(weir_text_rule_of(ctx, s, &rule));
    if (!l->n) return weir_fail(ctx, WEIR_E_UNABLE_TO_INFER_SCHEMA, "format", "XML");
    weir_arena *mem = weir_arena_new(ctx->arena);
    weir_xml_infer *f = weir_xml_infer_new(mem, &o);
    for (int64_t i = 0; i < l->n; i++) {
        weir_ctx c = *ctx;
        c.arena = weir_arena_new(mem);
        o.file = l->v[i].uri;
        WEIR_TRY(weir_text_records(&c, &rule, l->v[i].path, o.multi_line, infer_xml_text, f));
        weir_arena_free(c.arena);
    }
    *out = weir_xml_infer_done(ctx->arena, f);
    weir_arena_free(mem);
    return WEIR_OK;
}

static weir_rc data_schema(weir_ctx *ctx, weir_scan *s, files *f) {
    weir_field value = {"value", &weir_t_string, true, NULL};
    if (s->user_schema)
        f->data = s->user_schema;
    else if (!f->json && !f->csv && !f->xml && !f->parquet)
        f->data = weir_type_struct(ctx->arena, &value, 1);
    else if (s->streaming && !weir_conf_bool(ctx->conf, "spark.sql.streaming.schemaInference"))
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "Schema must be specified when creating a streaming source DataFrame. If "
                         "some files already exist in the directory, then depending on the file "
                         "format you may be able to create a static DataFrame on that directory "
                         "with 'spark.read.load(directory)' and infer schema from it.");
    else if (f->parquet)
        WEIR_TRY(weir_parquet_infer(ctx, s, &f->listing, &f->data));
    else if (f->csv)
        WEIR_TRY(infer_csv(ctx, s, &f->listing, &f->data));
    else if (f->xml)
        WEIR_TRY(infer_xml(ctx, s, &f->listing, &f->data));
    else
        WEIR_TRY(infer_json(ctx, s, &f->listing, &f->data));
    /* SPARK: columns read from files may always be null */
    f->data = weir_type_nullable(ctx->arena, f->data);
    return weir_type_check_names(ctx, f->data);
}

/* SPARK JsonFileFormat.supportDataType. Keys of maps are texts: Spark fails at the first other. */
static bool json_reads(const weir_type *t) {
    if (t->kind == WEIR_T_INTERVAL) return false;
    if (t->kind == WEIR_T_MAP && t->field[0].type->kind != WEIR_T_STRING) return false;
    for (int i = 0; i < t->nfield; i++)
        if (!json_reads(t->field[i].type)) return false;
    return true;
}

static weir_rc check_types(weir_ctx *ctx, const files *f) {
    const weir_field *c = f->data->field;
    if (f->csv || f->xml || f->parquet) return WEIR_OK;
    for (int i = 0; i < f->data->nfield; i++)
        if (f->json ? !json_reads(c[i].type) : c[i].type->kind != WEIR_T_STRING)
            return weir_fail(
                ctx, WEIR_E_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "columnName",
                weir_printf(ctx->arena, "`%s`", c[i].name), "columnType",
                weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, c[i].type)), "format",
                f->json ? "JSON" : "Text");
    if (f->json) return WEIR_OK;
    if (f->data->nfield > 1)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         weir_printf(ctx->arena,
                                     "Text data source supports only a single column, and you have "
                                     "%d columns.",
                                     f->data->nfield));
    return WEIR_OK;
}

static weir_schema *without(weir_ctx *ctx, weir_schema *s, weir_schema *part) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, s->nfield + 1);
    int n = 0;
    for (int i = 0; i < s->nfield; i++)
        if (weir_schema_find(part, s->field[i].name, weir_names_exact(ctx)) == -1)
            f[n++] = s->field[i];
    return weir_type_struct(ctx->arena, f, n);
}

static weir_schema *replaced(weir_ctx *ctx, weir_schema *s, weir_schema *part) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, s->nfield + 1);
    for (int i = 0; i < s->nfield; i++) {
        int at = weir_schema_find(part, s->field[i].name, weir_names_exact(ctx));
        f[i] = at >= 0 ? part->field[at] : s->field[i];
    }
    return weir_type_struct(ctx->arena, f, s->nfield);
}

/* Columns of folders come behind those of the files. A user's schema says their types; in one that
 * was inferred, or for what a stream's log lists (SPARK MetadataLogFileIndex), a column keeps its
 * place, but has the folder's value and type. */
static weir_rc join_partitions(weir_ctx *ctx, weir_scan *s, files *f) {
    s->schema = f->data;
    if (!s->partition_schema) return WEIR_OK;
    WEIR_TRY(weir_type_check_names(ctx, s->partition_schema));
    if (s->user_schema && (s->streaming || !f->listing.logged))
        f->data = without(ctx, f->data, s->partition_schema);
    else
        f->data = replaced(ctx, f->data, s->partition_schema);
    s->schema =
        weir_schema_join(ctx->arena, f->data, s->partition_schema, weir_names_exact(ctx));
    return WEIR_OK;
}

static weir_rc layout(weir_ctx *ctx, const weir_scan *s, const weir_listing *l, weir_layout *out) {
    static const char typed[] = "spark.sql.sources.partitionColumnTypeInference.enabled";
    return weir_files_layout(ctx, s, l, WEIR_LAYOUT_ALIKE, weir_conf_bool(ctx->conf, typed), out);
}

static weir_rc files_open(weir_ctx *ctx, weir_scan *s) {
    files *f = WEIR_NEW(ctx->arena, files);
    f->json = strcmp(s->ops->format, "json") == 0;
    f->csv = strcmp(s->ops->format, "csv") == 0;
    f->xml = strcmp(s->ops->format, "xml") == 0;
    f->parquet = strcmp(s->ops->format, "parquet") == 0 || strcmp(s->ops->format, "orc") == 0;
    f->notify = -1;
    s->impl = f;
    if (!s->npath && s->streaming)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "'path' is not specified.");
    WEIR_TRY(weir_file_options_check(ctx, s));
    WEIR_TRY(weir_files_list(ctx, s, !s->table_name, &f->listing)); /* a new table is empty */
    WEIR_TRY(layout(ctx, s, &f->listing, &f->layout));
    weir_listing_choose(ctx, s, &f->layout, &f->listing);
    s->partition_schema = f->layout.part;
    WEIR_TRY(data_schema(ctx, s, f));
    WEIR_TRY(join_partitions(ctx, s, f));
    return check_types(ctx, f);
}

/* ---- batches ---- */

static weir_rc log_files(weir_ctx *ctx, const weir_scan *s, const char *from, const char *to,
                         weir_listing *out);

/* SPARK: a stream reads directories. */
static weir_rc check_directories(weir_ctx *ctx, const weir_scan *s) {
    weir_stat st;
    if (weir_scan_flag(s, "recursiveFileLookup", false)) return WEIR_OK;
    for (int i = 0; i < s->npath; i++) {
        if (weir_glob_is(s->path[i]) || weir_option_get(&s->options, "basePath")) continue;
        WEIR_TRY(weir_path_stat(ctx, s->path[i], &st));
        if (st.exists && !st.is_dir)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             "Option 'basePath' must be a directory");
    }
    return WEIR_OK;
}

static weir_rc files_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                           weir_splits *out) {
    files *f = s->impl;
    if (!s->streaming) return weir_files_split(ctx, s, &f->listing, &f->layout, out);
    weir_listing l;
    weir_layout y;
    WEIR_TRY(check_directories(ctx, s));
    WEIR_TRY(log_files(ctx, s, from, to, &l));
    WEIR_TRY(weir_files_layout(ctx, s, &l, WEIR_LAYOUT_KNOWN, false, &y));
    y.found |= s->partition_schema != NULL; /* a file outside of them has no row in any batch */
    return weir_files_split(ctx, s, &l, &y, out);
}

typedef struct lines {
    weir_build value;
} lines;
static weir_rc line_record(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t at) {
    (void)ctx;
    (void)at;
    weir_build_bytes(&((lines *)u)->value, p, (size_t)n);
    return WEIR_OK;
}
static int64_t line_rows(void *u) { return ((lines *)u)->value.len; }
static weir_rc line_take(weir_ctx *ctx, void *u, weir_batch *out) {
    static const weir_field f = {"value", &weir_t_string, true, NULL};
    int64_t n = line_rows(u);
    *out = (weir_batch){.schema = weir_type_struct(ctx->arena, &f, 1),
                        .len = n,
                        .col = WEIR_NEWN(ctx->arena, weir_column, 1)};
    return weir_build_finish(ctx, &((lines *)u)->value, out->col);
}
static void line_file(void *u, const char *uri) { (void)u, (void)uri; }
static const weir_text_ops line_ops = {.record = line_record,
                                       .rows = line_rows,
                                       .take = line_take,
                                       .file = line_file,
                                       .blank = true};

static weir_rc csv_record(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t at) {
    (void)at;
    return weir_csv_line(ctx, u, p, n);
}
static weir_rc csv_step(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t max_rows,
                        bool *over) {
    return weir_csv_step(ctx, u, p, n, max_rows, over);
}
static size_t csv_cut(void *u, const char *p, size_t n) { return weir_csv_cut(u, p, n); }
static int64_t csv_count(void *u) { return weir_csv_rows(u); }
static weir_rc csv_take(weir_ctx *ctx, void *u, weir_batch *out) {
    return weir_csv_take(ctx, u, out);
}
static void csv_file(void *u, const char *uri) { weir_csv_file(u, uri); }
static const weir_text_ops csv_ops = {.record = csv_record,
                                      .rows = csv_count,
                                      .take = csv_take,
                                      .file = csv_file,
                                      .step = csv_step,
                                      .cut = csv_cut};

static weir_rc read_csv(weir_ctx *ctx, weir_scan *s, const files *f, const weir_split *sp,
                        int64_t n, const bool *columns, weir_reader **out) {
    weir_csv_options *o = WEIR_NEW(ctx->arena, weir_csv_options);
    weir_csv_reader *r = NULL;
    WEIR_TRY(weir_csv_options_read(ctx, get_option, s, o));
    WEIR_TRY(weir_csv_reader_new(ctx, f->data, columns, o, &r));
    return weir_text_reader(ctx, s, sp, n, &csv_ops, r, ctx->arena, o->multi_line, out);
}

typedef struct xml_rows {
    weir_xml_reader *reader;
    weir_xml_options o;
    bool in_file; /* the reader has begun it */
} xml_rows;

static weir_rc xml_record(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t at) {
    return weir_xml_record(ctx, ((xml_rows *)u)->reader, p, n, at);
}
static weir_rc xml_step(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t max_rows,
                        bool *over) {
    xml_rows *x = u;
    if (!x->in_file) WEIR_TRY(weir_xml_begin(ctx, x->reader, p, n));
    x->in_file = true;
    return weir_xml_rows_read(ctx, x->reader, max_rows, over);
}
static int64_t xml_count(void *u) { return weir_xml_rows(((xml_rows *)u)->reader); }
static weir_rc xml_take(weir_ctx *ctx, void *u, weir_batch *out) {
    return weir_xml_take(ctx, ((xml_rows *)u)->reader, out);
}
static void xml_file(void *u, const char *uri) {
    ((xml_rows *)u)->o.file = uri;
    ((xml_rows *)u)->in_file = false;
}
static const weir_text_ops xml_ops = {.record = xml_record,
                                      .rows = xml_count,
                                      .take = xml_take,
                                      .file = xml_file,
                                      .blank = true,
                                      .decoded = true,
                                      .step = xml_step};

static weir_rc read_xml(weir_ctx *ctx, weir_scan *s, const files *f, const weir_split *sp,
                        int64_t n, const bool *columns, weir_reader **out) {
    xml_rows *x = WEIR_NEW(ctx->arena, xml_rows);
    WEIR_TRY(weir_xml_options_read(ctx, get_option, s, &x->o));
    x->o.need = columns;
    WEIR_TRY(weir_xml_reader_new(ctx, f->data, &x->o, &x->reader));
    return weir_text_reader(ctx, s, sp, n, &xml_ops, x, ctx->arena, x->o.multi_line, out);
}

static weir_rc files_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                          const bool *columns, weir_reader **out) {
    files *f = s->impl;
    if (f->parquet) return weir_parquet_rows(ctx, s, f->data, sp, n, columns, out);
    weir_arena *mem = weir_arena_new(NULL);
    weir_ctx c = *ctx;
    void *u = NULL;
    c.arena = mem;
    bool whole = weir_scan_flag(s, f->json ? "multiLine" : "wholetext", false);
    weir_rc rc;
    if (f->json) {
        weir_json_options *o = WEIR_NEW(mem, weir_json_options);
        rc = weir_json_options_read(&c, false, get_option, s, o);
        o->need = o->rescue_column ? NULL : columns;
        if (rc == WEIR_OK) rc = weir_json_text(&c, f->data, o, &u);
        if (rc == WEIR_OK)
            rc = weir_text_reader(&c, s, sp, n, &weir_json_text_ops, u, mem, whole, out);
    } else if (f->csv) {
        rc = read_csv(&c, s, f, sp, n, columns, out);
    } else if (f->xml) {
        rc = read_xml(&c, s, f, sp, n, columns, out);
    } else {
        lines *l = WEIR_NEW(mem, lines);
        rc = weir_build_init(&c, &l->value, &weir_t_string);
        if (rc == WEIR_OK) rc = weir_text_reader(&c, s, sp, n, &line_ops, l, mem, whole, out);
    }
    if (rc != WEIR_OK) weir_arena_free(mem);
    return rc;
}

/* ---- streaming ---- */

static int64_t log_offset(weir_ctx *ctx, const char *text) {
    return text ? weir_json_int(weir_json_parse(ctx->arena, text, strlen(text), NULL), "logOffset",
                                -1)
                : -1;
}

static weir_rc log_files(weir_ctx *ctx, const weir_scan *s, const char *from, const char *to,
                         weir_listing *out) {
    files *f = s->impl;
    weir_log_file *v = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_file_log_range(ctx, f->log, log_offset(ctx, from), log_offset(ctx, to), &v, &n));
    return weir_files_logged(ctx, s, v, n, out);
}

static void watch(weir_scan *s, files *f) {
    f->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int i = 0; i < s->npath && f->notify >= 0; i++)
        if (!weir_glob_is(s->path[i]))
            (void)inotify_add_watch(f->notify, s->path[i],
                                    IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE);
}

/* SPARK SeenFilesMap.purge: what is older than the newest file less maxFileAge is left alone. */
static void purge(files *f) {
    if (f->newest_ms && f->o.max_age_ms < f->newest_ms)
        f->purged_ms = f->newest_ms - f->o.max_age_ms;
}

static weir_rc files_start(weir_ctx *ctx, weir_scan *s, const char *last) {
    files *f = s->impl;
    WEIR_TRY(weir_file_log_open(ctx, s->mem, s->checkpoint_dir, &f->log));
    f->is_frozen = false;
    WEIR_TRY(weir_file_options_read(ctx, s, &f->o));
    if (f->o.name_only) weir_file_log_by_name(f->log);
    f->newest_ms = weir_file_log_newest(f->log);
    purge(f);
    f->cleaned = log_offset(ctx, last) - 1;
    if (log_offset(ctx, last) > weir_file_log_latest(f->log))
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", s->checkpoint_dir, "reason",
                         weir_printf(ctx->arena,
                                     "the offset log has reached entry %lld but this log ends at "
                                     "%lld. Restore it from a copy of the checkpoint",
                                     (long long)log_offset(ctx, last),
                                     (long long)weir_file_log_latest(f->log)));
    if (f->notify < 0) watch(s, f);
    return WEIR_OK;
}

static weir_rc unseen(weir_ctx *ctx, weir_scan *s, weir_listing *out) {
    files *f = s->impl;
    *out = (weir_listing){.seen = weir_file_log_seen, .seen_u = f->log};
    WEIR_TRY(weir_files_list(ctx, s, false, out));
    weir_layout y;
    WEIR_TRY(layout(ctx, s, out, &y));
    bool all = y.found || weir_scan_flag(s, "recursiveFileLookup", false);
    int64_t kept = 0;
    for (int64_t i = 0; i < out->n; i++)
        if (out->v[i].mtime_us / 1000 >= f->purged_ms && (all || out->v[i].named))
            out->v[kept++] = out->v[i];
    out->n = kept;
    weir_files_by_time(out);
    if (f->o.latest_first)
        for (int64_t i = 0; i < out->n / 2; i++) {
            weir_found t = out->v[i];
            out->v[i] = out->v[out->n - 1 - i];
            out->v[out->n - 1 - i] = t;
        }
    return WEIR_OK;
}

static weir_rc files_freeze(weir_ctx *ctx, weir_scan *s) {
    files *f = s->impl;
    weir_ctx c = *ctx;
    c.arena = s->mem;
    f->is_frozen = true;
    return unseen(&c, s, &f->frozen);
}

static weir_rc candidates(weir_ctx *ctx, weir_scan *s, weir_listing *out) {
    files *f = s->impl;
    if (!f->is_frozen) return unseen(ctx, s, out);
    weir_listing *l = &f->frozen; /* batches take from its front */
    for (; l->n && weir_file_log_seen(f->log, l->v->uri); l->n--) l->v++;
    *out = *l;
    return WEIR_OK;
}

static weir_rc files_latest(weir_ctx *ctx, weir_scan *s, const char *from, const weir_limit *limit,
                            const char **to) {
    files *f = s->impl;
    weir_listing l = {0};
    (void)from;
    WEIR_TRY(candidates(ctx, s, &l));
    int64_t n = 0, bytes = 0;
    weir_log_file *v = WEIR_NEWN(ctx->arena, weir_log_file, l.n + 1);
    for (int64_t i = 0; i < l.n; i++) {
        const weir_found *one = &l.v[i];
        if (!limit->unlimited && f->o.max_files && n >= f->o.max_files) break;
        if (!limit->unlimited && f->o.max_bytes && n && bytes + one->size_bytes > f->o.max_bytes)
            break;
        /* a name, or an age, may be out since the files were listed */
        if (f->is_frozen && (one->mtime_us / 1000 < f->purged_ms ||
                             (f->o.name_only && weir_file_log_seen(f->log, one->uri))))
            continue;
        bytes += one->size_bytes;
        v[n++] = (weir_log_file){one->uri, one->mtime_us / 1000, 0};
    }
    if (n) {
        WEIR_TRY(weir_file_log_add(ctx, f->log, v, n));
        for (int64_t i = 0; i < n; i++)
            if (v[i].mtime_ms > f->newest_ms) f->newest_ms = v[i].mtime_ms;
        purge(f);
    }
    int64_t k = weir_file_log_latest(f->log);
    *to = k < 0 ? NULL : weir_printf(ctx->arena, "{\"logOffset\":%lld}", (long long)k);
    return WEIR_OK;
}

/* cleanSource: files of the batches up to here are done with. */
static weir_rc files_committed(weir_ctx *ctx, weir_scan *s, const char *upto) {
    files *f = s->impl;
    weir_log_file *v = NULL;
    int64_t n = 0, end = log_offset(ctx, upto);
    if (f->o.clean == WEIR_CLEAN_OFF || end <= f->cleaned) return WEIR_OK;
    WEIR_TRY(weir_file_log_range(ctx, f->log, f->cleaned, end, &v, &n));
    for (int64_t i = 0; i < n; i++) {
        const char *path;
        WEIR_TRY(weir_uri_decode(ctx, v[i].uri, NULL, &path));
        weir_file_clean(ctx, &f->o, path);
    }
    f->cleaned = end;
    return WEIR_OK;
}

static weir_rc files_wait(weir_ctx *ctx, weir_scan *s, int64_t timeout_ms) {
    files *f = s->impl;
    char events[8192];
    struct pollfd p[2] = {{.fd = f->notify, .events = POLLIN},
                          {.fd = ctx->cancel ? ctx->cancel->fd : -1, .events = POLLIN}};
    if (f->notify < 0)
        return weir_sleep_ms(ctx, weir_conf_ms(ctx->conf, "spark.sql.streaming.pollingDelay")),
               WEIR_OK;
    (void)poll(
        p, 2,
        timeout_ms > 250 ? 250 : (int)timeout_ms); /* also looks now and then: events can be lost */
    while (read(f->notify, events, sizeof events) > 0) continue;
    return WEIR_OK;
}

static void files_stop(weir_scan *s) {
    files *f = s->impl;
    if (f && f->notify >= 0) close(f->notify);
    if (f) f->notify = -1;
}

static const char *files_description(weir_ctx *ctx, weir_scan *s) {
    return weir_printf(ctx->arena, "FileStreamSource[file:%s]", s->path[0]);
}

#define FILE_SOURCE(name)                                                                          \
    {                                                                                              \
        .format = name, .options = name " file", .batch = true, .streaming = true,                 \
        .metadata = true, .open = files_open, .start = files_start, .latest = files_latest,        \
        .freeze = files_freeze, .split = files_split, .read = files_read,                          \
        .description = files_description, .committed = files_committed, .wait = files_wait,        \
        .stop = files_stop                                                                         \
    }
const weir_source_ops weir_json_source = FILE_SOURCE("json");
const weir_source_ops weir_csv_source = FILE_SOURCE("csv");
const weir_source_ops weir_text_source = FILE_SOURCE("text");
const weir_source_ops weir_parquet_source = FILE_SOURCE("parquet");
const weir_source_ops weir_orc_source = FILE_SOURCE("orc");
const weir_source_ops weir_xml_source = FILE_SOURCE("xml");
