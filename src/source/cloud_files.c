/* Auto Loader (cloudFiles) over local directories, JSON. Files are ingested once each, keyed by
 * path; the schema is kept in schemaLocation and evolves as the options say. Seen files: the log of
 * file_log.h below the checkpoint. */
#include "source/files.h"

#include "source/cloud_schema.h"
#include "source/file_log.h"
#include "source/glob.h"
#include "source/sources.h"

#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/inotify.h>
#include <unistd.h>

typedef struct cloud {
    weir_cloud_options o;
    weir_schema *data; /* columns read from files, rescue column included */
    weir_file_log *log;
    weir_listing frozen;
    bool is_frozen, first_done;
    int notify;
    int64_t outstanding, outstanding_bytes;
} cloud;

static const char *get_option(void *u, const char *key) {
    return weir_option_get(&((weir_scan *)u)->options, key);
}

static weir_rc cloud_open(weir_ctx *ctx, weir_scan *s) {
    cloud *c = WEIR_NEW(ctx->arena, cloud);
    c->notify = -1;
    s->impl = c;
    if (!s->npath)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "'path' is not specified");
    WEIR_TRY(weir_cloud_options_read(ctx, s, &c->o));
    return weir_cloud_schema(ctx, s, &c->o, &c->data);
}

static int64_t seq_of(weir_ctx *ctx, const char *offset) {
    return offset ? weir_json_int(weir_json_parse(ctx->arena, offset, strlen(offset), NULL),
                                  "seqNum", -1)
                  : -1;
}

static weir_rc cloud_start(weir_ctx *ctx, weir_scan *s, const char *last) {
    cloud *c = s->impl;
    WEIR_TRY(weir_file_log_open(ctx, s->mem, s->checkpoint_dir, &c->log));
    c->is_frozen = false;
    if (seq_of(ctx, last) > weir_file_log_latest(c->log))
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", s->checkpoint_dir, "reason",
                         "the offset log names files that this log does not hold. Restore it from "
                         "a copy of the checkpoint");
    if (c->notify < 0) c->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int i = 0; i < s->npath && c->notify >= 0; i++)
        if (!weir_glob_is(s->path[i]))
            (void)inotify_add_watch(c->notify, s->path[i],
                                    IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE);
    return WEIR_OK;
}

static weir_rc unseen(weir_ctx *ctx, weir_scan *s, weir_listing *out) {
    cloud *c = s->impl;
    *out = (weir_listing){.seen = c->log ? weir_file_log_seen : NULL, .seen_u = c->log};
    WEIR_TRY(weir_files_list(ctx, s, false, out));
    c->outstanding_bytes = 0;
    for (int64_t i = 0; i < out->n; i++) {
        if (!out->v[i].uri) out->v[i].uri = weir_file_uri(ctx->arena, out->v[i].path);
        c->outstanding_bytes += out->v[i].size_bytes;
    }
    weir_files_by_time(out);
    return WEIR_OK;
}

static weir_rc cloud_freeze(weir_ctx *ctx, weir_scan *s) {
    cloud *c = s->impl;
    weir_ctx own = *ctx;
    own.arena = s->mem;
    c->is_frozen = true;
    return unseen(&own, s, &c->frozen);
}

static weir_rc candidates(weir_ctx *ctx, weir_scan *s, weir_listing *out) {
    cloud *c = s->impl;
    if (!c->is_frozen) return unseen(ctx, s, out);
    weir_listing *l = &c->frozen; /* batches take from its front */
    for (; l->n && weir_file_log_seen(c->log, l->v->uri); l->n--) l->v++;
    *out = *l;
    return WEIR_OK;
}

static char *offset_text(weir_ctx *ctx, int64_t seq) {
    return weir_printf(ctx->arena,
                       "{\"seqNum\":%lld,\"sourceVersion\":1,\"lastBackfillStartTimeMs\":0,"
                       "\"lastBackfillFinishTimeMs\":0,\"lastInputPath\":\"\"}",
                       (long long)seq);
}

/* New files of the batch may bring columns that the schema lacks: then it is extended (or not) and
 * the query fails by name. */
static weir_rc cloud_latest(weir_ctx *ctx, weir_scan *s, const char *from, const weir_limit *limit,
                            const char **to) {
    cloud *c = s->impl;
    weir_listing l = {0};
    int64_t take = 0, bytes = 0;
    WEIR_TRY(candidates(ctx, s, &l));
    bool skip_existing =
        !c->o.include_existing && !from && !c->first_done && weir_file_log_latest(c->log) < 0;
    c->first_done = true;
    for (; take < l.n && !skip_existing; take++) {
        if (!limit->unlimited && take >= c->o.max_files) break;
        if (!limit->unlimited && c->o.max_bytes && bytes >= c->o.max_bytes)
            break; /* soft: the file that crosses it is in */
        bytes += l.v[take].size_bytes;
    }
    if (skip_existing) take = l.n;
    if (take) {
        weir_log_file *v = WEIR_NEWN(ctx->arena, weir_log_file, take);
        for (int64_t i = 0; i < take; i++)
            v[i] = (weir_log_file){l.v[i].uri, l.v[i].mtime_us / 1000, 0};
        WEIR_TRY(weir_cloud_check_new(ctx, s, &c->o, c->data, l.v, skip_existing ? 0 : take));
        WEIR_TRY(weir_file_log_add(ctx, c->log, v, take));
        c->outstanding_bytes -= bytes;
    }
    c->outstanding = l.n - take;
    int64_t k = weir_file_log_latest(c->log);
    *to = k < 0 ? NULL : skip_existing ? from : offset_text(ctx, k);
    return WEIR_OK;
}

static weir_rc cloud_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                           weir_splits *out) {
    cloud *c = s->impl;
    weir_log_file *v = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_file_log_range(ctx, c->log, seq_of(ctx, from), seq_of(ctx, to), &v, &n));
    weir_listing l;
    weir_layout y;
    WEIR_TRY(weir_files_logged(ctx, s, v, n, &l));
    weir_cloud_bases(s, &l);
    WEIR_TRY(weir_files_layout(ctx, s, &l, WEIR_LAYOUT_KNOWN, false, &y));
    y.found = false; /* all files are read */
    return weir_files_split(ctx, s, &l, &y, out);
}

static weir_rc cloud_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                          const bool *columns, weir_reader **out) {
    cloud *c = s->impl;
    weir_arena *mem = weir_arena_new(NULL);
    weir_ctx own = *ctx;
    void *u = NULL;
    (void)columns;
    own.arena = mem;
    weir_json_options *o = WEIR_NEW(mem, weir_json_options);
    weir_rc rc = weir_json_options_read(&own, false, get_option, s, o);
    o->rescue_column = c->o.rescue;
    o->rescue_path =
        weir_conf_bool(ctx->conf, "spark.databricks.sql.rescuedDataColumn.filePath.enabled");
    o->case_sensitive = weir_scan_flag(s, "readerCaseSensitive", true);
    if (rc == WEIR_OK) rc = weir_json_text(&own, c->data, o, &u);
    if (rc == WEIR_OK)
        rc = weir_text_reader(&own, s, sp, n, &weir_json_text_ops, u, mem, o->multi_line, out);
    if (rc != WEIR_OK) weir_arena_free(mem);
    return rc;
}

static weir_rc cloud_wait(weir_ctx *ctx, weir_scan *s, int64_t timeout_ms) {
    cloud *c = s->impl;
    char events[8192];
    struct pollfd p[2] = {{.fd = c->notify, .events = POLLIN},
                          {.fd = ctx->cancel ? ctx->cancel->fd : -1, .events = POLLIN}};
    if (c->notify < 0) return weir_sleep_ms(ctx, 10), WEIR_OK;
    (void)poll(p, 2,
               timeout_ms > 250
                   ? 250
                   : (int)timeout_ms); /* events only shorten the wait: the listing decides */
    while (read(c->notify, events, sizeof events) > 0) continue;
    return WEIR_OK;
}

static void cloud_stop(weir_scan *s) {
    cloud *c = s->impl;
    if (c && c->notify >= 0) close(c->notify);
    if (c) c->notify = -1;
}

static void cloud_metrics(weir_ctx *ctx, weir_scan *s, weir_jw *w) {
    cloud *c = s->impl;
    weir_jw_key(w, "numFilesOutstanding");
    weir_jw_str(w, weir_printf(ctx->arena, "%lld", (long long)c->outstanding));
    weir_jw_key(w, "numBytesOutstanding");
    weir_jw_str(w, weir_printf(ctx->arena, "%lld", (long long)c->outstanding_bytes));
}

static const char *cloud_description(weir_ctx *ctx, weir_scan *s) {
    return weir_printf(ctx->arena, "CloudFilesSource[%s]", s->path[0]);
}

const weir_source_ops weir_cloud_files_source = {.format = "cloudFiles",
                                                 .options = "cloudFiles json",
                                                 .streaming = true,
                                                 .metadata = true,
                                                 .open = cloud_open,
                                                 .start = cloud_start,
                                                 .latest = cloud_latest,
                                                 .freeze = cloud_freeze,
                                                 .split = cloud_split,
                                                 .read = cloud_read,
                                                 .description = cloud_description,
                                                 .metrics = cloud_metrics,
                                                 .wait = cloud_wait,
                                                 .stop = cloud_stop};
