/* Kafka as the tests need it: a mock cluster whose requests fail on command, and a client of it or
 * of a real broker that makes topics, produces and reads back. One command a line on stdin, one
 * JSON answer a line on stdout; {"error": ...} after a failure. test/py/kafka_driver.py lists the
 * commands with their arguments. */
#include <ctype.h>
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_WORDS = 64, TIMEOUT_MS = 30000, MAX_PARTS = 1024 };

static rd_kafka_t *mock_owner, *producer;
static rd_kafka_mock_cluster_t *mock;
static char settings[MAX_WORDS][2][512];
static int nsettings;
static bool failed;
static long undelivered;
static char delivery_error[512];

static void fail(const char *fmt, ...) {
    char text[1024];
    va_list ap;
    if (failed) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < 32) *p = '\'';
    printf("{\"error\":\"%s\"}\n", text);
    failed = true;
}

static bool check(rd_kafka_resp_err_t e, const char *what) {
    if (e) fail("%s: %s", what, rd_kafka_err2str(e));
    return !e;
}

static void setting(const char *key, const char *value) {
    int i = 0;
    while (i < nsettings && strcmp(settings[i][0], key) != 0) i++;
    if (i == nsettings && nsettings < MAX_WORDS) nsettings++;
    snprintf(settings[i][0], sizeof settings[i][0], "%s", key);
    snprintf(settings[i][1], sizeof settings[i][1], "%s", value);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *u) {
    (void)rk, (void)u;
    if (!m->err) return;
    undelivered++;
    snprintf(delivery_error, sizeof delivery_error, "%s", rd_kafka_err2str(m->err));
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *const *more) {
    char text[512];
    rd_kafka_conf_t *c = rd_kafka_conf_new();
    for (; more && *more; more += 2)
        if (rd_kafka_conf_set(c, more[0], more[1], text, sizeof text))
            fail("%s: %s", more[0], text);
    /* those given win */
    for (int i = 0; i < nsettings; i++)
        if (rd_kafka_conf_set(c, settings[i][0], settings[i][1], text, sizeof text))
            fail("%s: %s", settings[i][0], text);
    if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(c, delivered);
    rd_kafka_t *rk = failed ? NULL : rd_kafka_new(type, c, text, sizeof text);
    if (!rk) {
        if (failed) rd_kafka_conf_destroy(c);
        fail("client: %s", text);
    }
    return rk;
}

static rd_kafka_t *the_producer(void) {
    static const char *const more[] = {"enable.idempotence",
                                       "true",
                                       "linger.ms",
                                       "5",
                                       "partitioner",
                                       "murmur2_random",
                                       "queue.buffering.max.messages",
                                       "1000000",
                                       "log_level",
                                       "2",
                                       NULL};
    if (!producer) producer = client(RD_KAFKA_PRODUCER, more);
    return producer;
}

static void drop_producer(void) {
    if (producer) rd_kafka_destroy(producer);
    producer = NULL;
}

/* ---- the mock cluster ---- */

static void cmd_mock(char **w, int n) {
    static const char *const more[] = {"log_level", "0", NULL};
    (void)n;
    nsettings = 0;
    mock_owner = client(RD_KAFKA_PRODUCER, more);
    mock = failed ? NULL : rd_kafka_mock_cluster_new(mock_owner, atoi(w[1]));
    if (!mock) return fail("no mock cluster");
    setting("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock));
    printf("{\"bootstrap\":\"%s\"}\n", rd_kafka_mock_cluster_bootstraps(mock));
}

/* fault BROKER API ERROR RTT_MS COUNT: the broker's next COUNT requests of this kind */
static void cmd_fault(char **w, int n) {
    (void)n;
    for (int i = 0; i < atoi(w[5]) && !failed; i++)
        check(rd_kafka_mock_broker_push_request_error_rtts(mock, atoi(w[1]), (int16_t)atoi(w[2]), 1,
                                                           (rd_kafka_resp_err_t)atoi(w[3]),
                                                           atoi(w[4])),
              "fault");
    if (!failed) puts("{}");
}

/* left BROKER API: faults that no request has met yet */
static void cmd_left(char **w, int n) {
    size_t left = 0;
    (void)n;
    rd_kafka_resp_err_t e =
        rd_kafka_mock_broker_error_stack_cnt(mock, atoi(w[1]), (int16_t)atoi(w[2]), &left);
    if (check(e, "left")) printf("{\"left\":%zu}\n", left);
}

static void cmd_mock_call(char **w, int n) {
    rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
    (void)n;
    if (strcmp(w[0], "rtt") == 0) e = rd_kafka_mock_broker_set_rtt(mock, atoi(w[1]), atoi(w[2]));
    if (strcmp(w[0], "down") == 0) e = rd_kafka_mock_broker_set_down(mock, atoi(w[1]));
    if (strcmp(w[0], "up") == 0) e = rd_kafka_mock_broker_set_up(mock, atoi(w[1]));
    if (strcmp(w[0], "leader") == 0)
        e = rd_kafka_mock_partition_set_leader(mock, w[1], atoi(w[2]), atoi(w[3]));
    if (strcmp(w[0], "topic_error") == 0) {
        rd_kafka_mock_topic_set_error(mock, w[1], (rd_kafka_resp_err_t)atoi(w[2]));
        e = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    if (check(e, w[0])) puts("{}");
}

/* ---- topics of a real broker ---- */

static rd_kafka_resp_err_t admin_result(rd_kafka_event_t *ev, const char **text) {
    size_t n = 0;
    rd_kafka_resp_err_t e = rd_kafka_event_error(ev);
    const rd_kafka_topic_result_t **t = NULL;
    *text = rd_kafka_event_error_string(ev);
    if (e) return e;
    switch (rd_kafka_event_type(ev)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        t = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n);
        break;
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        t = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ev), &n);
        break;
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        t = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(ev), &n);
        break;
    case RD_KAFKA_EVENT_DELETERECORDS_RESULT: {
        const rd_kafka_topic_partition_list_t *l =
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(ev));
        return l->cnt ? l->elems[0].err : RD_KAFKA_RESP_ERR__FAIL;
    }
    default: return RD_KAFKA_RESP_ERR__FAIL;
    }
    *text = n ? rd_kafka_topic_result_error_string(t[0]) : NULL;
    return n ? rd_kafka_topic_result_error(t[0]) : RD_KAFKA_RESP_ERR__FAIL;
}

static void send_admin(rd_kafka_t *rk, char **w, int n, rd_kafka_queue_t *q, char *text,
                       size_t size) {
    if (strcmp(w[0], "topic") == 0) {
        rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(w[1], atoi(w[2]), 1, text, size);
        for (int i = 3; t && i + 1 < n; i += 2) rd_kafka_NewTopic_set_config(t, w[i], w[i + 1]);
        if (!t) return fail("topic: %s", text);
        rd_kafka_CreateTopics(rk, &t, 1, NULL, q);
        rd_kafka_NewTopic_destroy(t);
    } else if (strcmp(w[0], "drop") == 0) {
        rd_kafka_DeleteTopic_t *t = rd_kafka_DeleteTopic_new(w[1]);
        rd_kafka_DeleteTopics(rk, &t, 1, NULL, q);
        rd_kafka_DeleteTopic_destroy(t);
    } else if (strcmp(w[0], "grow") == 0) {
        rd_kafka_NewPartitions_t *t =
            rd_kafka_NewPartitions_new(w[1], (size_t)atoi(w[2]), text, size);
        if (!t) return fail("grow: %s", text);
        rd_kafka_CreatePartitions(rk, &t, 1, NULL, q);
        rd_kafka_NewPartitions_destroy(t);
    } else {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, w[1], atoi(w[2]))->offset = atoll(w[3]);
        rd_kafka_DeleteRecords_t *t = rd_kafka_DeleteRecords_new(l);
        rd_kafka_DeleteRecords(rk, &t, 1, NULL, q);
        rd_kafka_DeleteRecords_destroy(t);
        rd_kafka_topic_partition_list_destroy(l);
    }
}

/* topic NAME PARTS [config value ...], drop NAME, grow NAME PARTS, truncate NAME PART OFFSET */
static void cmd_admin(char **w, int n) {
    char buf[512] = "";
    const char *text = NULL;
    if (mock) {
        if (strcmp(w[0], "topic") != 0) return fail("%s: not with the mock cluster", w[0]);
        if (check(rd_kafka_mock_topic_create(mock, w[1], atoi(w[2]), 1), "topic")) puts("{}");
        return;
    }
    rd_kafka_t *rk = the_producer();
    if (!rk) return;
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    send_admin(rk, w, n, q, buf, sizeof buf);
    rd_kafka_event_t *ev = failed ? NULL : rd_kafka_queue_poll(q, TIMEOUT_MS);
    if (!failed && !ev) fail("%s: no answer", w[0]);
    rd_kafka_resp_err_t e = ev ? admin_result(ev, &text) : RD_KAFKA_RESP_ERR__FAIL;
    if (e) fail("%s: %s %s", w[0], rd_kafka_err2name(e), text ? text : "");
    if (!failed) puts("{}");
    if (ev) rd_kafka_event_destroy(ev);
    rd_kafka_queue_destroy(q);
    drop_producer(); /* what it knew of topics is old now */
}

/* ---- producing ---- */

static bool flush(rd_kafka_t *rk, const char *what) {
    if (check(rd_kafka_flush(rk, 4 * TIMEOUT_MS), what) && undelivered)
        fail("%s: %ld messages: %s", what, undelivered, delivery_error);
    undelivered = 0;
    if (failed) drop_producer();
    return !failed;
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sleeps as long as message i is early at this many a second. */
static void pace(int64_t start_ms, long i, long per_second) {
    int64_t due = per_second ? start_ms + i * 1000 / per_second : 0, left = due - now_ms();
    if (left > 0) nanosleep(&(struct timespec){left / 1000, left % 1000 * 1000000}, NULL);
}

/* fill TOPIC FIRST COUNT PARTS PER_SECOND PADDING: {"id":i,...} as value, i % PARTS the partition,
 * i as key */
static void cmd_fill(char **w, int n) {
    long first = atol(w[2]), count = atol(w[3]), rate = atol(w[5]), padding = atol(w[6]);
    int parts = atoi(w[4]);
    rd_kafka_t *rk = the_producer();
    int64_t start = now_ms();
    (void)n;
    for (long i = first; rk && i < first + count && !failed; i++) {
        char key[32], value[4096];
        if (rate && (i - first) % 10 == 0) pace(start, i - first, rate);
        int k = snprintf(key, sizeof key, "%ld", i),
            v = snprintf(
                value, sizeof value,
                "{\"id\":%ld,\"ts\":\"2026-01-%02ldT%02ld:%02ld:%02ld.%03ldZ\",\"ms\":%lld,"
                "\"user\":\"u%ld\","
                "\"type\":\"%s\",\"amount\":%ld.%02ld%s%.*s%s}",
                i, 1 + i / 86400 % 28, i / 3600 % 24, i / 60 % 60, i % 60, i % 1000,
                (long long)now_ms(), i % 1009, i % 3 ? "view" : "buy", i % 500, i % 100,
                padding ? ",\"pad\":\"" : "", (int)padding,
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                padding ? "\"" : "");
        for (;;) {
            rd_kafka_resp_err_t e = rd_kafka_producev(
                rk, RD_KAFKA_V_TOPIC(w[1]), RD_KAFKA_V_PARTITION((int32_t)(i % parts)),
                RD_KAFKA_V_KEY(key, (size_t)k), RD_KAFKA_V_VALUE(value, (size_t)v),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
            rd_kafka_poll(rk, e == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 50 : 0);
            if (e == RD_KAFKA_RESP_ERR__QUEUE_FULL) continue;
            check(e, "fill");
            break;
        }
    }
    if (rk && flush(rk, "fill")) printf("{\"ms\":%lld}\n", (long long)(now_ms() - start));
}

/* ---- transactions ---- */

static rd_kafka_t *transacting; /* between txn ... open and txn_end */

static void end_transaction(const char *how) {
    rd_kafka_error_t *e = NULL;
    if (!transacting) return fail("txn_end: no transaction is open");
    if (!failed)
        e = strcmp(how, "commit") == 0 ? rd_kafka_commit_transaction(transacting, TIMEOUT_MS)
                                       : rd_kafka_abort_transaction(transacting, TIMEOUT_MS);
    if (e) fail("txn: %s", rd_kafka_error_string(e));
    if (e) rd_kafka_error_destroy(e);
    rd_kafka_destroy(transacting);
    transacting = NULL;
}

static void cmd_txn_end(char **w, int n) {
    (void)n;
    end_transaction(w[1]);
    if (!failed) puts("{}");
}

/* txn TOPIC FIRST COUNT PARTS commit|abort|open: {"id":i} into partition i % PARTS, in one
 * transaction; open: txn_end commit|abort ends it */
static void cmd_txn(char **w, int n) {
    static const char *const more[] = {"transactional.id", "weir-driver", "log_level", "2", NULL};
    rd_kafka_error_t *e = NULL;
    char value[64];
    (void)n;
    if (transacting) return fail("txn: another one is open");
    rd_kafka_t *rk = transacting = client(RD_KAFKA_PRODUCER, more);
    if (!rk) return;
    e = rd_kafka_init_transactions(rk, TIMEOUT_MS);
    if (!e) e = rd_kafka_begin_transaction(rk);
    for (long i = atol(w[2]), end = i + atol(w[3]); !e && !failed && i < end; i++) {
        int v = snprintf(value, sizeof value, "{\"id\":%ld}", i);
        check(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(w[1]),
                                RD_KAFKA_V_PARTITION((int32_t)(i % atoi(w[4]))),
                                RD_KAFKA_V_VALUE(value, (size_t)v),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              "txn");
    }
    if (e) fail("txn: %s", rd_kafka_error_string(e));
    if (e) rd_kafka_error_destroy(e);
    if (!failed) check(rd_kafka_flush(rk, TIMEOUT_MS), "txn");
    if (failed || strcmp(w[5], "open") != 0) end_transaction(w[5]);
    if (!failed) puts("{}");
}

/* ---- single messages ---- */

static size_t unhex(const char *h, char *out) {
    size_t n = strlen(h) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned b = 0;
        sscanf(h + 2 * i, "%2x", &b);
        out[i] = (char)b;
    }
    return n;
}

static bool is_null(const char *w) { return strcmp(w, "-") == 0; }

/* put TOPIC PART KEY VALUE TIMESTAMP_MS [HEADER VALUE ...]: bytes in hex, "-" null, "=" none; 0:
 * now */
static void cmd_put(char **w, int n) {
    static char key[65536], value[65536], text[256];
    rd_kafka_t *rk = the_producer();
    rd_kafka_headers_t *h = rd_kafka_headers_new(8);
    size_t k = unhex(w[3], key), v = unhex(w[4], value);
    for (int i = 6; i + 1 < n; i += 2) {
        size_t len = unhex(w[i + 1], text);
        rd_kafka_header_add(h, w[i], -1, is_null(w[i + 1]) ? NULL : text, (ssize_t)len);
    }
    rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR__FAIL;
    if (rk)
        e = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(w[1]), RD_KAFKA_V_PARTITION(atoi(w[2])),
                              RD_KAFKA_V_KEY(is_null(w[3]) ? NULL : key, k),
                              RD_KAFKA_V_VALUE(is_null(w[4]) ? NULL : value, v),
                              RD_KAFKA_V_TIMESTAMP(atoll(w[5])), RD_KAFKA_V_HEADERS(h),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (e) rd_kafka_headers_destroy(h);
    if (check(e, "put") && flush(rk, "put")) puts("{}");
}

/* ---- reading ---- */

typedef void each_fn(const rd_kafka_message_t *, void *u);

static int partitions_of(rd_kafka_t *rk, const char *topic) {
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    rd_kafka_resp_err_t e = rd_kafka_metadata(rk, 0, t, &m, TIMEOUT_MS);
    int n = 0;
    if (!e) e = m->topic_cnt ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (!e) n = m->topics[0].partition_cnt;
    if (m) rd_kafka_metadata_destroy(m);
    rd_kafka_topic_destroy(t);
    check(e, "metadata");
    return n;
}

/* Every message of the topic, up to the ends it has now. */
static void read_all(const char *topic, each_fn *each, void *u) {
    static const char *const more[] = {"group.id",
                                       "weir-driver",
                                       "enable.partition.eof",
                                       "true",
                                       "enable.auto.commit",
                                       "false",
                                       "isolation.level",
                                       "read_committed",
                                       "log_level",
                                       "2",
                                       "fetch.wait.max.ms",
                                       "10",
                                       NULL};
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, more);
    if (!rk) return;
    int n = partitions_of(rk, topic), open = n;
    bool over[MAX_PARTS] = {false};
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(n + 1);
    for (int i = 0; i < n && i < MAX_PARTS; i++)
        rd_kafka_topic_partition_list_add(l, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    check(rd_kafka_assign(rk, l), "assign");
    while (open && !failed) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, TIMEOUT_MS);
        if (!m) fail("read: nothing came for %d ms", TIMEOUT_MS);
        if (m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            if (!over[m->partition]) open--;
            over[m->partition] = true;
        } else if (m && m->err != RD_KAFKA_RESP_ERR__TRANSPORT &&
                   m->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && check(m->err, "read") &&
                   !over[m->partition])
            each(m, u);
        if (m) rd_kafka_message_destroy(m);
    }
    rd_kafka_topic_partition_list_destroy(l);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static void put_hex(const void *p, size_t n) {
    if (!p) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *)p)[i]);
    putchar('"');
}

static void print_message(const rd_kafka_message_t *m, void *u) {
    rd_kafka_headers_t *h = NULL;
    rd_kafka_timestamp_type_t type;
    printf("%s[%d,%lld,", *(bool *)u ? "," : "", m->partition, (long long)m->offset);
    *(bool *)u = true;
    put_hex(m->key, m->key_len);
    putchar(',');
    put_hex(m->payload, m->len);
    printf(",%lld,[", (long long)rd_kafka_message_timestamp(m, &type));
    const char *name;
    const void *value;
    size_t len;
    if (!rd_kafka_message_headers(m, &h))
        for (size_t i = 0; !rd_kafka_header_get_all(h, i, &name, &value, &len); i++) {
            printf("%s[\"%s\",", i ? "," : "", name);
            put_hex(value, len);
            putchar(']');
        }
    fputs("]]", stdout);
}

/* read TOPIC: [[partition, offset, key, value, timestamp, headers], ...], bytes in hex */
static void cmd_read(char **w, int n) {
    bool any = false;
    (void)n;
    fputs("{\"messages\":[", stdout);
    read_all(w[1], print_message, &any);
    if (!failed) puts("]}");
}

typedef struct ids {
    uint8_t *seen;
    long max, count, distinct, beyond;
} ids;

static void note_id(const rd_kafka_message_t *m, void *u) {
    ids *s = u;
    const char *at = m->payload ? memmem(m->payload, m->len, "\"id\":", 5) : NULL;
    long id = at ? atol(at + 5) : -1;
    s->count++;
    if (id < 0 || id >= s->max) {
        s->beyond++;
    } else if (!(s->seen[id / 8] >> id % 8 & 1)) {
        s->seen[id / 8] |= (uint8_t)(1 << id % 8);
        s->distinct++;
    }
}

/* ids TOPIC MAX: how many messages, how many different "id" below MAX, how many without */
static void cmd_ids(char **w, int n) {
    ids s = {.max = atol(w[2])};
    (void)n;
    s.seen = calloc(1, (size_t)s.max / 8 + 1);
    if (!s.seen) return fail("ids: no memory");
    read_all(w[1], note_id, &s);
    if (!failed)
        printf("{\"count\":%ld,\"distinct\":%ld,\"beyond\":%ld}\n", s.count, s.distinct, s.beyond);
    free(s.seen);
}

/* ends TOPIC: {"partition": [low, high]} */
static void cmd_ends(char **w, int n) {
    rd_kafka_t *rk = the_producer();
    int parts = rk ? partitions_of(rk, w[1]) : 0;
    char text[65536];
    size_t at = 0;
    (void)n;
    for (int i = 0; i < parts && !failed && at < sizeof text - 100; i++) {
        int64_t lo = 0, hi = 0;
        check(rd_kafka_query_watermark_offsets(rk, w[1], i, &lo, &hi, TIMEOUT_MS), "ends");
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\"%d\":[%lld,%lld]", i ? "," : "", i,
                               (long long)lo, (long long)hi);
    }
    if (!failed) printf("{%.*s}\n", (int)at, text);
}

/* ---- commands ---- */

static void cmd_connect(char **w, int n) {
    drop_producer();
    nsettings = 0;
    for (int i = 1; i < n; i++) {
        char *eq = strchr(w[i], '=');
        if (!eq) return fail("connect: %s is not key=value", w[i]);
        *eq = 0;
        setting(w[i], eq + 1);
    }
    puts("{}");
}

static void cmd_sync(char **w, int n) { /* forget the producer and what it knows of topics */
    (void)w, (void)n;
    drop_producer();
    puts("{}");
}

static const struct {
    const char *name;
    int words;
    void (*run)(char **, int);
} commands[] = {{"mock", 2, cmd_mock},        {"fault", 6, cmd_fault},
                {"left", 3, cmd_left},        {"rtt", 3, cmd_mock_call},
                {"down", 2, cmd_mock_call},   {"up", 2, cmd_mock_call},
                {"leader", 4, cmd_mock_call}, {"topic_error", 3, cmd_mock_call},
                {"topic", 3, cmd_admin},      {"drop", 2, cmd_admin},
                {"grow", 3, cmd_admin},       {"truncate", 4, cmd_admin},
                {"fill", 7, cmd_fill},        {"put", 6, cmd_put},
                {"txn", 6, cmd_txn},          {"txn_end", 2, cmd_txn_end},
                {"read", 2, cmd_read},        {"ids", 3, cmd_ids},
                {"ends", 2, cmd_ends},        {"connect", 2, cmd_connect},
                {"sync", 1, cmd_sync}};

static void run_line(char *line) {
    char *word[MAX_WORDS];
    int n = 0;
    for (char *p = strtok(line, " \n"); p && n < MAX_WORDS; p = strtok(NULL, " \n")) word[n++] = p;
    failed = false;
    if (!n) return;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, word[0]) == 0) {
            if (n < commands[i].words)
                fail("%s: too few arguments", word[0]);
            else
                commands[i].run(word, n);
            return;
        }
    fail("no command %s", word[0]);
}

int main(void) {
    static char line[1 << 18];
    while (fgets(line, sizeof line, stdin)) {
        run_line(line);
        fflush(stdout);
    }
    if (transacting) rd_kafka_destroy(transacting);
    drop_producer();
    if (mock) rd_kafka_mock_cluster_destroy(mock);
    if (mock_owner) rd_kafka_destroy(mock_owner);
    return 0;
}
