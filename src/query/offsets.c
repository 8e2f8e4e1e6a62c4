/* The offset log. See offsets.h. */
#include "query/offsets.h"

#include <string.h>
#include <unistd.h>

/* Keys recorded with every batch (checkpoint-format 1.3), and what their absence in a checkpoint
 * means; NULL: the session's value holds. SPARK OffsetSeqMetadata.relevantSQLConfs */
static const struct recorded {
    const char *key, *absent;
} recorded[] = {{"spark.sql.shuffle.partitions", NULL},
                {"spark.sql.streaming.stateStore.providerClass", NULL},
                {"spark.sql.streaming.multipleWatermarkPolicy", "min"},
                {"spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion", "1"},
                {"spark.sql.streaming.aggregation.stateFormatVersion", "1"},
                {"spark.sql.streaming.join.stateFormatVersion", "1"},
                {"spark.sql.streaming.stateStore.compression.codec", "lz4"},
                {"spark.sql.streaming.stateStore.rocksdb.formatVersion", NULL},
                {"spark.sql.streaming.stateStore.rocksdb.mergeOperatorVersion", "1"},
                {"spark.sql.streaming.statefulOperator.useStrictDistribution", "false"},
                {"spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan", "true"},
                {"spark.sql.streaming.stateStore.encodingFormat", "unsaferow"},
                {"spark.sql.streaming.stateStore.rowChecksum.enabled", "false"},
                {"spark.sql.function.protobufExtensions.enabled", "false"},
                {"spark.sql.streaming.queryEvolution.enableSourceEvolution", "false"},
                {"spark.sql.streaming.statefulOperator.alwaysNullableOutput.enabled", "false"},
                {"spark.sql.dropDuplicates.deterministicKeyOrder.enabled", "false"}};
enum { NRECORDED = sizeof recorded / sizeof *recorded };

static const char *conf_to_record(weir_ctx *ctx, const weir_conf *conf, const char *key) {
    const char *v = weir_conf_get(conf, key);
    if (!v) v = "";
    if (strncmp(v, "com.databricks.sql.streaming.state.", 35) == 0)
        return weir_printf(ctx->arena, "org.apache.spark.sql.execution.streaming.state.%s", v + 35);
    return v;
}

weir_rc weir_offsets_write(weir_ctx *ctx, weir_log_dir *log, int64_t id, const weir_offsets *o,
                           const weir_conf *conf) {
    weir_str s;
    weir_jw w;
    weir_str_init(&s, ctx->arena, 64 << 20);
    weir_str_puts(&s, "v1\n");
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "batchWatermarkMs");
    weir_jw_int(&w, o->watermark_ms);
    weir_jw_key(&w, "batchTimestampMs");
    weir_jw_int(&w, o->time_ms);
    weir_jw_key(&w, "conf");
    weir_jw_obj(&w);
    for (int i = 0; i < NRECORDED; i++) {
        weir_jw_key(&w, recorded[i].key);
        weir_jw_str(&w, conf_to_record(ctx, conf, recorded[i].key));
    }
    weir_jw_end_obj(&w);
    weir_jw_end_obj(&w);
    for (int i = 0; i < o->n; i++) weir_str_printf(&s, "\n%s", o->line[i] ? o->line[i] : "-");
    return weir_log_write(ctx, log, id, s.p);
}

static weir_rc damaged(weir_ctx *ctx, const weir_log_dir *log, int64_t id, const char *why) {
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path",
                     weir_printf(ctx->arena, "%s/%lld", log->dir, (long long)id), "reason", why);
}

/* SPARK OffsetSeq.toStreamProgress */
static weir_rc other_sources(weir_ctx *ctx, const weir_log_dir *log, int64_t id, int logged,
                             int now) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                     weir_printf(ctx->arena,
                                 "assertion failed: There are [%d] sources in the checkpoint "
                                 "offsets and now there are [%d] sources requested by the query. "
                                 "Cannot continue. Start the query as it was, or with a new "
                                 "checkpoint; the offsets are in the file %s/%lld",
                                 logged, now, log->dir, (long long)id));
}

/* The lines of the sources, as many as there are. */
static void read_lines(weir_arena *mem, int version, char *text, weir_offsets *out) {
    int n = 0;
    for (char *s = text; *s; s++) n += *s == '\n';
    out->line = WEIR_NEWN(mem, const char *, n + 1);
    for (char *s = strchr(text, '\n'); s; out->n++) {
        char *end = strchr(++s, '\n');
        size_t len = end ? (size_t)(end - s) : strlen(s);
        if (!end && len == 0) break; /* a newline at the end is no source */
        char *colon = version == 2 ? memchr(s, ':', len) : NULL;
        if (colon) len -= (size_t)(colon + 1 - s), s = colon + 1;
        out->line[out->n] = len == 1 && *s == '-' ? NULL : weir_strndup(mem, s, len);
        s = end;
    }
}

static weir_rc parse(weir_ctx *ctx, const weir_log_dir *log, int64_t id, int version, char *text,
                     weir_arena *mem, weir_offsets *out) {
    const weir_json *meta = weir_json_parse(ctx->arena, text, strcspn(text, "\n"), NULL);
    if (!meta || meta->kind != WEIR_J_OBJECT)
        return damaged(ctx, log, id, "its second line is not a JSON object");
    *out = (weir_offsets){.watermark_ms = weir_json_int(meta, "batchWatermarkMs", 0),
                          .time_ms = weir_json_int(meta, "batchTimestampMs", 0),
                          .conf = weir_json_get(meta, "conf")};
    read_lines(mem, version, text, out);
    return WEIR_OK;
}

weir_rc weir_offsets_look(weir_ctx *ctx, weir_log_dir *log, int64_t id, bool *there,
                          weir_offsets *out) {
    int version = 0;
    char *text = NULL;
    WEIR_TRY(weir_log_get(ctx, log, id, &version, &text));
    *there = text != NULL;
    return text ? parse(ctx, log, id, version, text, ctx->arena, out) : WEIR_OK;
}

weir_rc weir_offsets_read(weir_ctx *ctx, weir_log_dir *log, int64_t id, int nsource,
                          weir_arena *mem, weir_offsets *out) {
    int version = 0;
    char *text = NULL;
    WEIR_TRY(weir_log_read(ctx, log, id, &version, &text));
    WEIR_TRY(parse(ctx, log, id, version, text, mem, out));
    return out->n == nsource ? WEIR_OK : other_sources(ctx, log, id, out->n, nsource);
}

void weir_offsets_restore(const weir_offsets *o, weir_conf *conf) {
    for (int i = 0; i < NRECORDED; i++) {
        const char *v = o->conf ? weir_json_str(o->conf, recorded[i].key, NULL) : NULL;
        if (!v) v = recorded[i].absent;
        if (v) weir_conf_put(conf, recorded[i].key, v);
    }
}

void weir_offsets_settle(weir_ctx *ctx, weir_conf *conf) {
    const char *v = weir_conf_get(conf, "spark.sql.shuffle.partitions");
    if (!v || strcmp(v, "auto") != 0) return;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    weir_conf_put(conf, "spark.sql.shuffle.partitions",
                  weir_printf(ctx->arena, "%ld", cores < 1 ? 1 : cores));
}
