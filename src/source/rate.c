/* The sources that make their own rows: rate (SPARK RateStreamProvider) and rate-micro-batch
 * (RatePerMicroBatchProvider). Query thread. */
#include "source/sources.h"

#include "base/log.h"

#include <stdlib.h>

typedef struct rate {
    int64_t rows_per_second, ramp_s, partitions, rows_per_batch, start_ms, advance_ms;
    int64_t created_ms, last_s, frozen_s;
    bool partitions_set;
} rate;

static weir_rc bad_option(weir_ctx *ctx, const char *name, const char *value, const char *want) {
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(ctx->arena, "Invalid value '%s'. The option '%s' must %s", value, name, want));
}

static weir_rc int_option(weir_ctx *ctx, const weir_scan *s, const char *name, int64_t dflt,
                          int64_t least, int64_t *out) {
    const char *v = weir_option_get(&s->options, name);
    char *end;
    *out = dflt;
    if (!v) return WEIR_OK;
    *out = strtoll(v, &end, 10);
    if (*end || end == v)
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", v));
    if (*out < least)
        return bad_option(ctx, name, v, least > 0 ? "be positive" : "be non-negative");
    return WEIR_OK;
}

static weir_rc seconds_option(weir_ctx *ctx, const weir_scan *s, const char *name, int64_t *out) {
    const char *v = weir_option_get(&s->options, name);
    bool less = v && *v == '-';
    int64_t ms = 0;
    *out = 0;
    if (!v) return WEIR_OK;
    if (!weir_parse_ms(v + less, &ms))
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena,
                                     "Time must be specified as seconds (s), milliseconds (ms), "
                                     "microseconds (us), minutes (m or min), hour (h), or day (d). "
                                     "E.g. 50s, 100ms, or 250us.\nFailed to parse time string: %s",
                                     v));
    /* a bare number counts seconds here */
    *out = strspn(v + less, "0123456789") == strlen(v + less) ? ms : ms / 1000;
    if (less && *out)
        return bad_option(ctx, name, weir_printf(ctx->arena, "-%lld", (long long)*out),
                          "not be negative");
    return WEIR_OK;
}

static void two_columns(weir_ctx *ctx, weir_scan *s) {
    weir_field f[] = {{"timestamp", &weir_t_timestamp, true, NULL},
                      {"value", &weir_t_long, true, NULL}};
    s->schema = weir_type_struct(ctx->arena, f, 2);
}

static weir_rc no_user_schema(weir_ctx *ctx, const weir_scan *s) {
    if (!s->user_schema) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                     weir_printf(ctx->arena, "%s source does not support user-specified schema.",
                                 strcmp(s->ops->format, "rate") == 0
                                     ? "RateStreamProvider"
                                     : "RatePerMicroBatchProvider"));
}

static weir_rc rate_open(weir_ctx *ctx, weir_scan *s) {
    rate *r = WEIR_NEW(ctx->arena, rate);
    WEIR_TRY(no_user_schema(ctx, s));
    WEIR_TRY(int_option(ctx, s, "rowsPerSecond", 1, 1, &r->rows_per_second));
    WEIR_TRY(seconds_option(ctx, s, "rampUpTime", &r->ramp_s));
    WEIR_TRY(int_option(ctx, s, "numPartitions", 1, 1, &r->partitions));
    r->partitions_set = weir_option_get(&s->options, "numPartitions") != NULL;
    r->frozen_s = -1;
    s->impl = r;
    two_columns(ctx, s);
    return WEIR_OK;
}

/* Rows made up to second s. SPARK RateStreamProvider.valueAtSecond */
static int64_t value_at(const rate *r, int64_t s) {
    int64_t delta = r->ramp_s ? r->rows_per_second / (r->ramp_s + 1) : 0;
    if (s <= r->ramp_s) {
        int64_t pairs = s % 2 ? (s + 1) / 2 * s : s / 2 * (s + 1);
        return r->ramp_s ? pairs * delta : s * r->rows_per_second;
    }
    int64_t ramp = value_at(r, r->ramp_s);
    return ramp + (s - r->ramp_s) * r->rows_per_second;
}

/* sources/<i>/0 holds when the stream began: "v1\n<ms>". */
static weir_rc rate_start(weir_ctx *ctx, weir_scan *s, const char *last) {
    rate *r = s->impl;
    char *path = weir_printf(ctx->arena, "%s/0", s->checkpoint_dir), *text;
    weir_stat st;
    size_t n;
    (void)last;
    WEIR_TRY(weir_path_mkdirs(ctx, s->checkpoint_dir));
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) {
        r->created_ms = weir_now_ms(ctx->env);
        text = weir_printf(ctx->arena, "v1\n%lld", (long long)r->created_ms);
        return weir_file_put(ctx, path, text, strlen(text), false, NULL);
    }
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &n));
    char *end, *num = strncmp(text, "v1\n", 3) == 0 ? text + 3 : text;
    r->created_ms = strtoll(num, &end, 10);
    if (end == num || (*end && *end != '\n'))
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                         "it does not hold the start time of the rate source");
    return WEIR_OK;
}

static int64_t second_now(weir_ctx *ctx, rate *r) {
    int64_t s = (weir_now_ms(ctx->env) - r->created_ms) / 1000;
    if (s > r->last_s) r->last_s = s; /* a clock that goes back makes no rows again */
    return r->last_s;
}

static weir_rc rate_freeze(weir_ctx *ctx, weir_scan *s) {
    rate *r = s->impl;
    r->frozen_s = second_now(ctx, r);
    return WEIR_OK;
}

static weir_rc rate_latest(weir_ctx *ctx, weir_scan *s, const char *from, const weir_limit *limit,
                           const char **to) {
    rate *r = s->impl;
    int64_t was = from ? strtoll(from, NULL, 10) : 0, now = second_now(ctx, r);
    if (limit->frozen && r->frozen_s >= 0) now = r->frozen_s;
    if (now < was) now = was;
    *to = weir_printf(ctx->arena, "%lld", (long long)now);
    return WEIR_OK;
}

static weir_rc rate_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                          weir_splits *out) {
    (void)s;
    weir_splits_add(ctx->arena, out,
                    (weir_split){.uri = "",
                                 .lo = from ? strtoll(from, NULL, 10) : 0,
                                 .hi = to ? strtoll(to, NULL, 10) : 0});
    return WEIR_OK;
}

/* ---- readers: values first .. end, with a time for each ---- */
typedef struct rows {
    weir_reader base;
    weir_schema *schema;
    int64_t first, at, end, from_us, span_us;
    bool constant;
} rows;

static weir_rc rows_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    rows *r = (rows *)rd;
    int64_t n = r->end - r->at, total = r->end - r->first;
    weir_buf *t = NULL, *v = NULL;
    *eof = n <= 0;
    if (*eof) return WEIR_OK;
    if (n > 8192) n = 8192;
    WEIR_TRY(weir_buf_new(ctx, n * 8, &t));
    WEIR_TRY(weir_buf_new(ctx, n * 8, &v));
    int64_t *tp = (int64_t *)(void *)t->p, *vp = (int64_t *)(void *)v->p;
    for (int64_t i = 0; i < n; i++) {
        int64_t k = r->at - r->first + i;
        vp[i] = r->at + i;
        /* SPARK: the span in whole milliseconds, row by row */
        tp[i] =
            r->constant
                ? r->from_us
                : r->from_us +
                      (int64_t)((double)k * ((double)r->span_us / 1000.0 / (double)total) + 0.5) *
                          1000;
    }
    r->at += n;
    weir_column *c = WEIR_NEWN(ctx->arena, weir_column, 2);
    c[0] = (weir_column){.type = &weir_t_timestamp, .len = n, .data = t};
    c[1] = (weir_column){.type = &weir_t_long, .len = n, .data = v};
    *out = (weir_batch){.schema = r->schema, .len = n, .col = c};
    return WEIR_OK;
}

static void rows_close(weir_reader *r) { (void)r; }

static weir_reader *rows_new(weir_ctx *ctx, const weir_scan *s, int64_t first, int64_t end,
                             int64_t from_us, int64_t span_us, bool constant) {
    rows *r = WEIR_NEW(ctx->arena, rows);
    *r = (rows){{rows_next, rows_close}, s->schema, first, first, end, from_us, span_us, constant};
    return &r->base;
}

static weir_rc rate_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                         const bool *columns, weir_reader **out) {
    rate *r = s->impl;
    (void)n;
    (void)columns;
    weir_ctx keep = *ctx;
    keep.arena = s->mem; /* the reader outlives the first chunk */
    *out = rows_new(&keep, s, value_at(r, sp->lo), value_at(r, sp->hi),
                    (r->created_ms + sp->lo * 1000) * 1000, (sp->hi - sp->lo) * 1000000, false);
    return WEIR_OK;
}

static const char *rate_description(weir_ctx *ctx, weir_scan *s) {
    rate *r = s->impl;
    return weir_printf(
        ctx->arena, "RateStreamV2[rowsPerSecond=%lld, rampUpTimeSeconds=%lld, numPartitions=%s",
        (long long)r->rows_per_second, (long long)r->ramp_s,
        r->partitions_set ? weir_printf(ctx->arena, "%lld", (long long)r->partitions) : "default");
}

const weir_source_ops weir_rate_source = {.format = "rate",
                                          .options = "rate",
                                          .streaming = true,
                                          .open = rate_open,
                                          .start = rate_start,
                                          .latest = rate_latest,
                                          .freeze = rate_freeze,
                                          .split = rate_split,
                                          .read = rate_read,
                                          .description = rate_description};

/* ---- rate-micro-batch ---- */

static weir_rc mb_open(weir_ctx *ctx, weir_scan *s) {
    rate *r = WEIR_NEW(ctx->arena, rate);
    WEIR_TRY(no_user_schema(ctx, s));
    WEIR_TRY(int_option(ctx, s, "rowsPerBatch", 0, 1, &r->rows_per_batch));
    WEIR_TRY(int_option(ctx, s, "numPartitions", 1, 1, &r->partitions));
    WEIR_TRY(int_option(ctx, s, "startTimestamp", 0, 0, &r->start_ms));
    WEIR_TRY(int_option(ctx, s, "advanceMillisPerBatch", 1000, 0, &r->advance_ms));
    if (r->rows_per_batch <= 0) return bad_option(ctx, "rowsPerBatch", "0", "be positive");
    r->partitions_set = weir_option_get(&s->options, "numPartitions") != NULL;
    s->impl = r;
    two_columns(ctx, s);
    return WEIR_OK;
}

static weir_rc mb_parse(weir_ctx *ctx, const rate *r, const char *text, int64_t *offset,
                        int64_t *ms) {
    *offset = 0;
    *ms = r->start_ms;
    if (!text) return WEIR_OK;
    const weir_json *j = weir_json_parse(ctx->arena, text, strlen(text), NULL);
    if (!j || j->kind != WEIR_J_OBJECT)
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", "offsets", "reason",
                         "an offset of the rate-micro-batch source is not a JSON object");
    *offset = weir_json_int(j, "offset", 0);
    *ms = weir_json_int(j, "timestamp", r->start_ms);
    return WEIR_OK;
}

static weir_rc mb_latest(weir_ctx *ctx, weir_scan *s, const char *from, const weir_limit *limit,
                         const char **to) {
    rate *r = s->impl;
    int64_t offset, ms;
    WEIR_TRY(mb_parse(ctx, r, from, &offset, &ms));
    if (limit->frozen && r->frozen_s) return *to = from, WEIR_OK; /* availableNow: one batch */
    r->frozen_s = 1;
    *to = weir_printf(ctx->arena, "{\"offset\":%lld,\"timestamp\":%lld}",
                      (long long)(offset + r->rows_per_batch), (long long)(ms + r->advance_ms));
    return WEIR_OK;
}

static weir_rc mb_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                        weir_splits *out) {
    weir_split p = {.uri = ""};
    int64_t ms;
    WEIR_TRY(mb_parse(ctx, s->impl, to, &p.hi, &ms));
    WEIR_TRY(mb_parse(ctx, s->impl, from, &p.lo, &p.start));
    weir_splits_add(ctx->arena, out, p);
    return WEIR_OK;
}

static weir_rc mb_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                       const bool *columns, weir_reader **out) {
    (void)n;
    (void)columns;
    weir_ctx keep = *ctx;
    keep.arena = s->mem;
    *out = rows_new(&keep, s, sp->lo, sp->hi, sp->start * 1000, 0, true);
    return WEIR_OK;
}

static const char *mb_description(weir_ctx *ctx, weir_scan *s) {
    rate *r = s->impl;
    return weir_printf(ctx->arena,
                       "RatePerMicroBatchStream[rowsPerBatch=%lld, numPartitions=%lld, "
                       "startTimestamp=%lld, advanceMsPerBatch=%lld]",
                       (long long)r->rows_per_batch, (long long)r->partitions,
                       (long long)r->start_ms, (long long)r->advance_ms);
}

const weir_source_ops weir_rate_micro_batch_source = {.format = "rate-micro-batch",
                                                      .options = "rate-micro-batch",
                                                      .streaming = true,
                                                      .open = mb_open,
                                                      .latest = mb_latest,
                                                      .split = mb_split,
                                                      .read = mb_read,
                                                      .description = mb_description};
