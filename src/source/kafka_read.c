/* Messages of a batch's ranges become columns. All partitions are fetched at the same time; the
 * next one that has something gives a batch of rows, all of that partition. See kafka.h. */
#include "source/kafka.h"

#include "base/log.h"

enum { MAX_ROWS = 8192, MAX_BYTES = 4 << 20 };
enum { WAIT_MS = 200, SAY_AFTER_US = 500000, CHECK_AFTER_US = 10000000 };
enum { COL_KEY, COL_VALUE, COL_TOPIC, COL_PARTITION, COL_OFFSET, COL_TIMESTAMP, COL_TYPE,
       COL_HEADERS, COLS };

typedef struct range {
    kafka_part *part;
    int64_t next, hi; /* [next, hi) is to be read */
} range;

typedef struct kafka_reader {
    weir_reader base;
    weir_arena *mem; /* of the reader itself */
    kafka_source *k;
    kafka_feed *feed;
    bool want[COLS];
    int64_t n, at; /* ranges; the one to look at first */
    range *r;
    rd_kafka_message_t **msg; /* MAX_ROWS */
    int64_t moved_us;         /* when something came last */
    bool said, nudged, checked;
} kafka_reader;

static const char *number(weir_ctx *ctx, int64_t v) {
    return weir_printf(ctx->arena, "%lld", (long long)v);
}

/* ---- columns ---- */

/* Payloads or keys of n messages, copied once. */
static weir_rc bytes_column(weir_ctx *ctx, const weir_type *t, rd_kafka_message_t *const *m,
                            int64_t n, bool key, weir_column *out) {
    weir_buf *ends = NULL, *heap = NULL, *valid = NULL;
    int64_t total = 0, nulls = 0;
    for (int64_t i = 0; i < n; i++) {
        total += (int64_t)(key ? m[i]->key_len : m[i]->len);
        nulls += !(key ? m[i]->key : m[i]->payload);
    }
    WEIR_TRY(weir_buf_new(ctx, (n + 1) * 4, &ends));
    WEIR_TRY(weir_buf_new(ctx, total, &heap));
    if (nulls) WEIR_TRY(weir_buf_zero(ctx, (n + 7) / 8, &valid));
    int32_t *end = (int32_t *)(void *)ends->p, at = 0;
    end[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        const void *p = key ? m[i]->key : m[i]->payload;
        size_t len = key ? m[i]->key_len : m[i]->len;
        if (p && len) memcpy(heap->p + at, p, len);
        if (valid && p) weir_bit_set(valid->p, i);
        at += p ? (int32_t)len : 0;
        end[i + 1] = at;
    }
    *out = (weir_column){.type = t, .len = n, .data = ends, .heap = heap, .valid = valid};
    return WEIR_OK;
}

static weir_rc offset_column(weir_ctx *ctx, rd_kafka_message_t *const *m, int64_t n,
                             weir_column *out) {
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(ctx, n * 8, &b));
    int64_t *v = (int64_t *)(void *)b->p;
    for (int64_t i = 0; i < n; i++) v[i] = m[i]->offset;
    *out = (weir_column){.type = &weir_t_long, .len = n, .data = b};
    return WEIR_OK;
}

static weir_rc time_column(weir_ctx *ctx, const kafka_part *p, rd_kafka_message_t *const *m,
                           int64_t n, weir_column *out) {
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(ctx, n * 8, &b));
    int64_t *v = (int64_t *)(void *)b->p;
    for (int64_t i = 0; i < n; i++) {
        rd_kafka_timestamp_type_t type;
        int64_t ms = rd_kafka_message_timestamp(m[i], &type);
        if (ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000)
            return weir_fail(ctx, WEIR_E_KAFKA_MALFORMED_TIMESTAMP, "topic", p->name, "partition",
                             number(ctx, p->partition), "offset", number(ctx, m[i]->offset),
                             "timestamp", number(ctx, ms));
        v[i] = ms * 1000;
    }
    *out = (weir_column){.type = &weir_t_timestamp, .len = n, .data = b};
    return WEIR_OK;
}

/* 0 when the producer, 1 when the broker gave the time, -1 none: as Java's TimestampType counts. */
static weir_rc type_column(weir_ctx *ctx, rd_kafka_message_t *const *m, int64_t n,
                           weir_column *out) {
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(ctx, n * 4, &b));
    int32_t *v = (int32_t *)(void *)b->p;
    for (int64_t i = 0; i < n; i++) {
        rd_kafka_timestamp_type_t type;
        (void)rd_kafka_message_timestamp(m[i], &type);
        v[i] = (int32_t)type - (int32_t)RD_KAFKA_TIMESTAMP_CREATE_TIME;
    }
    *out = (weir_column){.type = &weir_t_int, .len = n, .data = b};
    return WEIR_OK;
}

static void add_headers(weir_build *b, const rd_kafka_message_t *m) {
    rd_kafka_headers_t *h = NULL;
    const char *name;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(m, &h) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        !rd_kafka_header_cnt(h)) {
        weir_build_null(b);
        return;
    }
    weir_build *row = &b->kid[0];
    for (size_t i = 0; !rd_kafka_header_get_all(h, i, &name, &value, &len); i++) {
        weir_build_bytes(&row->kid[0], name, strlen(name));
        if (value)
            weir_build_bytes(&row->kid[1], value, len);
        else
            weir_build_null(&row->kid[1]);
        weir_build_struct(row);
    }
    weir_build_list(b);
}

static weir_rc headers_column(weir_ctx *ctx, const weir_type *t, rd_kafka_message_t *const *m,
                              int64_t n, weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, t));
    for (int64_t i = 0; i < n; i++) add_headers(&b, m[i]);
    return weir_build_finish(ctx, &b, out);
}

static weir_column all_the_same(weir_column c, int64_t n) {
    c.form = WEIR_CONST;
    c.len = n;
    return c;
}

static weir_rc make_columns(weir_ctx *ctx, const kafka_reader *r, const kafka_part *p,
                            rd_kafka_message_t *const *m, int64_t n, weir_batch *out) {
    weir_schema *s = r->k->scan->schema;
    weir_column *c = WEIR_NEWN(ctx->arena, weir_column, s->nfield);
    for (int i = 0; i < s->nfield; i++)
        if (!r->want[i]) WEIR_TRY(weir_column_null(ctx, s->field[i].type, n, &c[i]));
    if (r->want[COL_KEY]) WEIR_TRY(bytes_column(ctx, &weir_t_binary, m, n, true, &c[COL_KEY]));
    if (r->want[COL_VALUE])
        WEIR_TRY(bytes_column(ctx, &weir_t_binary, m, n, false, &c[COL_VALUE]));
    if (r->want[COL_TOPIC])
        c[COL_TOPIC] =
            all_the_same(weir_lit_string(ctx->arena, p->name, strlen(p->name))->lit, n);
    if (r->want[COL_PARTITION])
        c[COL_PARTITION] =
            all_the_same(weir_lit_int(ctx->arena, &weir_t_int, p->partition)->lit, n);
    if (r->want[COL_OFFSET]) WEIR_TRY(offset_column(ctx, m, n, &c[COL_OFFSET]));
    if (r->want[COL_TIMESTAMP]) WEIR_TRY(time_column(ctx, p, m, n, &c[COL_TIMESTAMP]));
    if (r->want[COL_TYPE]) WEIR_TRY(type_column(ctx, m, n, &c[COL_TYPE]));
    if (s->nfield > COL_HEADERS && r->want[COL_HEADERS])
        WEIR_TRY(headers_column(ctx, s->field[COL_HEADERS].type, m, n, &c[COL_HEADERS]));
    *out = (weir_batch){.schema = s, .len = n, .col = c};
    return WEIR_OK;
}

/* ---- what is not a message ---- */

/* SPARK getEarliestAvailableOffsetBetween: where to go on when next is not there any more. */
static weir_rc skip_lost(weir_ctx *ctx, kafka_reader *r, range *g) {
    kafka_part *p = g->part;
    weir_kafka_offset one = {p->name, p->partition, WEIR_KAFKA_EARLIEST};
    weir_kafka_offsets first = {1, 1, &one};
    int64_t was = g->next;
    kafka_feed_stop(r->feed, p);
    WEIR_TRY(kafka_loss(ctx, r->k, WEIR_E_KAFKA_LOSS_RANGE, "startOffset", number(ctx, g->next),
                        "endOffset", number(ctx, g->hi), "topicPartition",
                        kafka_name(ctx, p->name, p->partition), "groupId", r->k->group));
    WEIR_TRY(kafka_resolve(ctx, r->k, &first));
    g->next = one.offset > was && one.offset < g->hi ? one.offset : g->hi;
    weir_log(WEIR_LOG_WARN, "kafka: %s: offsets %lld to %lld are skipped",
             kafka_name(ctx, p->name, p->partition), (long long)was, (long long)g->next - 1);
    return g->next < g->hi ? kafka_feed_at(ctx, r->feed, p->name, p->partition, g->next, &p)
                           : WEIR_OK;
}

/* The topic may be gone: then what is left of the range cannot be read. */
static weir_rc check_there(weir_ctx *ctx, kafka_reader *r, range *g) {
    kafka_part *p = g->part;
    bool there = false;
    WEIR_TRY(kafka_is_there(ctx, r->k, p->name, p->partition, &there));
    if (there) return WEIR_OK;
    kafka_feed_stop(r->feed, p);
    g->next = g->hi;
    return kafka_loss(ctx, r->k, WEIR_E_KAFKA_LOSS_DELETED, "partitions",
                      weir_printf(ctx->arena, "Set(%s)", kafka_name(ctx, p->name, p->partition)),
                      NULL, NULL, NULL, NULL, NULL, NULL);
}

static weir_rc not_a_message(weir_ctx *ctx, kafka_reader *r, range *g,
                             const rd_kafka_message_t *m) {
    switch ((int)m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: return WEIR_OK; /* before the end: more will come */
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return skip_lost(ctx, r, g);
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return check_there(ctx, r, g);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return weir_kafka_fail(
            ctx, kafka_feed_client(r->feed),
            weir_printf(ctx->arena, "reading %s at offset %lld (%s)",
                        kafka_name(ctx, g->part->name, g->part->partition), (long long)g->next,
                        m->payload ? rd_kafka_message_errstr(m) : "no details"),
            m->err);
    default:
        weir_log(WEIR_LOG_WARN, "kafka: %s: %s; reading goes on",
                 kafka_name(ctx, g->part->name, g->part->partition), rd_kafka_message_errstr(m));
        return WEIR_OK; /* librdkafka tries again */
    }
}

/* ---- taking from the queues ---- */

/* Moves the messages of the range that are here to the front of r->msg. What is behind it, or too
 * much for one batch, is held. */
static weir_rc collect(weir_ctx *ctx, kafka_reader *r, range *g, int64_t *rows) {
    int64_t most = g->hi - g->next < MAX_ROWS ? g->hi - g->next : MAX_ROWS, bytes = 0, i = 0;
    kafka_part *p = g->part;
    int64_t got = kafka_feed_take(p, r->msg, most), was = g->next;
    weir_rc rc = WEIR_OK;
    *rows = 0;
    for (; i < got && rc == WEIR_OK && g->next < g->hi && bytes < MAX_BYTES; i++) {
        rd_kafka_message_t *m = r->msg[i];
        bool ends = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if ((!m->err || ends) && m->offset >= g->hi) {
            g->next = g->hi; /* a gap up to the end: compacted, aborted, control records */
            if (!ends || m->offset > g->hi) break; /* the next batch wants it: it comes once */
        }
        if (!m->err && m->offset >= g->next) {
            g->next = m->offset + 1;
            bytes += (int64_t)(m->len + m->key_len);
            r->msg[(*rows)++] = m;
            continue;
        }
        if (m->err) rc = not_a_message(ctx, r, g, m);
        rd_kafka_message_destroy(m);
    }
    if (i < got && p->started) {
        kafka_feed_hold(p, r->msg + i, got - i);
    } else {
        for (; i < got; i++) rd_kafka_message_destroy(r->msg[i]);
    }
    p->next = g->next;
    kafka_feed_taken(r->feed, *rows, bytes);
    if (g->next != was) r->moved_us = weir_monotonic_us(ctx->env);
    return rc;
}

static weir_rc from_any(weir_ctx *ctx, kafka_reader *r, weir_batch *out, bool *some, bool *open) {
    *some = *open = false;
    for (int64_t k = 0; k < r->n; k++) {
        range *g = &r->r[(r->at + k) % r->n];
        int64_t rows = 0;
        if (g->next >= g->hi) continue;
        weir_rc rc = collect(ctx, r, g, &rows);
        *open |= g->next < g->hi;
        if (rc == WEIR_OK && rows) rc = make_columns(ctx, r, g->part, r->msg, rows, out);
        for (int64_t i = 0; i < rows; i++) rd_kafka_message_destroy(r->msg[i]);
        WEIR_TRY(rc);
        if (!rows) continue;
        r->at = (r->at + k) % r->n;
        *some = true;
        return WEIR_OK;
    }
    return WEIR_OK;
}

/* SPARK InternalKafkaConsumer.fetch: nothing came for long; the partition may end before the range
 * does (an end beyond what there is, messages that a new leader does not have). */
static weir_rc check_ends(weir_ctx *ctx, kafka_reader *r) {
    weir_kafka_offsets last = {0};
    for (int64_t i = 0; i < r->n; i++)
        if (r->r[i].next < r->r[i].hi)
            weir_kafka_offsets_add(ctx->arena, &last, r->r[i].part->name, r->r[i].part->partition,
                                   WEIR_KAFKA_LATEST);
    weir_kafka_offsets_sort(&last);
    WEIR_TRY(kafka_resolve(ctx, r->k, &last));
    for (int64_t i = 0; i < r->n; i++) {
        range *g = &r->r[i];
        if (g->next >= g->hi) continue;
        if (weir_kafka_offsets_find(&last, g->part->name, g->part->partition)->offset <= g->next)
            WEIR_TRY(skip_lost(ctx, r, g));
    }
    return WEIR_OK;
}

/* Nothing came: says so, or gives up. */
static weir_rc wait_more(weir_ctx *ctx, kafka_reader *r) {
    weir_kafka *client = kafka_feed_client(r->feed);
    int64_t i = 0, idle_us;
    if (!r->nudged) kafka_feed_nudge(r->feed);
    r->nudged = true;
    kafka_feed_wait(ctx, r->feed, WAIT_MS);
    WEIR_TRY(weir_check_cancel(ctx));
    idle_us = weir_monotonic_us(ctx->env) - r->moved_us;
    if (idle_us < SAY_AFTER_US) return WEIR_OK;
    while (r->r[i].next >= r->r[i].hi) {
        if (++i == r->n) return WEIR_OK;
    }
    const char *doing = weir_printf(
        ctx->arena, "reading %s from offset %lld",
        kafka_name(ctx, r->r[i].part->name, r->r[i].part->partition), (long long)r->r[i].next);
    rd_kafka_resp_err_t trouble = weir_kafka_trouble_code(client);
    if (weir_kafka_hopeless(trouble)) return weir_kafka_fail(ctx, client, doing, trouble);
    int64_t limit_us = r->k->spec.poll_ms * 1000;
    if (!r->checked && idle_us > (limit_us < CHECK_AFTER_US ? limit_us : CHECK_AFTER_US)) {
        r->checked = true;
        return check_ends(ctx, r);
    }
    if (idle_us > limit_us)
        return weir_kafka_fail(
            ctx, client,
            weir_printf(ctx->arena, "%s (nothing came in %lld ms, kafkaConsumer.pollTimeoutMs)",
                        doing, (long long)r->k->spec.poll_ms),
            RD_KAFKA_RESP_ERR__TIMED_OUT);
    weir_kafka_waits(ctx, client, doing);
    r->said = true;
    return WEIR_OK;
}

static weir_rc reader_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    kafka_reader *r = (kafka_reader *)rd;
    for (bool some = false, open = false;;) {
        WEIR_TRY(from_any(ctx, r, out, &some, &open));
        if (some) r->nudged = r->checked = false;
        if (some && r->said) weir_kafka_fine(ctx, kafka_feed_client(r->feed)), r->said = false;
        *eof = !some && !open;
        if (some || !open) return WEIR_OK;
        WEIR_TRY(wait_more(ctx, r));
    }
}

static void reader_close(weir_reader *rd) {
    kafka_reader *r = (kafka_reader *)rd;
    if (r->k->scan->streaming && !r->k->feed)
        r->k->feed = r->feed; /* fetches on, for the next batch */
    else
        kafka_feed_close(r->feed);
    weir_arena_free(r->mem);
}

weir_rc kafka_feed_get(weir_ctx *ctx, kafka_source *k, int64_t nparts, kafka_feed **out) {
    *out = k->feed;
    k->feed = NULL;
    if (*out && nparts <= 2 * kafka_feed_room(*out)) return WEIR_OK;
    kafka_feed_close(*out); /* made for fewer */
    *out = NULL;
    return kafka_feed_open(ctx, k, nparts, out);
}

static weir_rc start_ranges(weir_ctx *ctx, kafka_reader *r, const weir_split *sp, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        range *g = &r->r[r->n];
        if (sp[i].lo >= sp[i].hi) continue;
        g->next = sp[i].lo;
        g->hi = sp[i].hi;
        r->n++;
        WEIR_TRY(kafka_feed_at(ctx, r->feed, sp[i].uri, (int32_t)sp[i].start, sp[i].lo, &g->part));
    }
    return WEIR_OK;
}

weir_rc kafka_read(weir_ctx *ctx, kafka_source *k, const weir_split *sp, int64_t n,
                   const bool *columns, weir_reader **out) {
    weir_arena *a = weir_arena_new(NULL); /* ctx->arena may end with the first rows */
    kafka_reader *r = WEIR_NEW(a, kafka_reader);
    r->base = (weir_reader){reader_next, reader_close};
    r->mem = a;
    r->k = k;
    k->pending_ms = 1;
    for (int i = 0; i < COLS && i < k->scan->schema->nfield; i++)
        r->want[i] = !columns || columns[i];
    r->r = WEIR_NEWN(a, range, n + 1);
    r->msg = WEIR_NEWN(a, rd_kafka_message_t *, MAX_ROWS);
    r->moved_us = weir_monotonic_us(ctx->env);
    weir_rc rc = kafka_feed_get(ctx, k, n, &r->feed);
    if (rc == WEIR_OK) rc = start_ranges(ctx, r, sp, n);
    if (rc != WEIR_OK) return reader_close(&r->base), rc;
    *out = &r->base;
    return WEIR_OK;
}

weir_rc kafka_wait(weir_ctx *ctx, kafka_source *k, const weir_kafka_offsets *from,
                   int64_t timeout_ms) {
    kafka_part *p = NULL;
    if (!from->n) return weir_sleep_ms(ctx, 100), WEIR_OK;
    kafka_feed *feed = NULL;
    WEIR_TRY(kafka_feed_get(ctx, k, from->n, &feed));
    k->feed = feed;
    for (int64_t i = 0; i < from->n; i++)
        WEIR_TRY(kafka_feed_at(ctx, k->feed, from->v[i].topic, from->v[i].partition,
                               from->v[i].offset, &p));
    if (!kafka_feed_pending(k->feed)) {
        k->pending_ms = 1;
        kafka_feed_wait(ctx, k->feed, timeout_ms);
        return WEIR_OK;
    }
    /* it came a moment ago, or no batch wants it yet (minOffsetsPerTrigger) */
    weir_sleep_ms(ctx, timeout_ms < k->pending_ms ? timeout_ms : k->pending_ms);
    if (k->pending_ms < 100) k->pending_ms *= 2;
    return WEIR_OK;
}
