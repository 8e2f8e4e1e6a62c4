/* The partitions that are being fetched, in the background, by librdkafka's threads. Each has a
 * queue of its own, bounded; an event says when one gets something. Query thread. */
#include "source/kafka.h"

#include "base/mem.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    FETCHED_BYTES = 4 << 20,  /* held by all partitions together, about */
    FETCHED_MESSAGES = 16000, /* librdkafka keeps some 400 bytes for each */
    LEAST_BYTES = 32 << 10,
    LEAST_MESSAGES = 200,
    MOST_BYTES = 1 << 20
};

struct kafka_feed {
    weir_kafka *k;
    int event; /* eventfd */
    int64_t taken, taken_bytes; /* since the last nudge */
    kafka_part **part;
    int64_t n, cap, room;
};

static int64_t clamp(int64_t v, int64_t least, int64_t most) {
    return v < least ? least : v > most ? most : v;
}

static void set_number(weir_kafka_settings *s, const char *name, int64_t v) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    weir_kafka_set(s, name, text);
}

/* What a group needs goes: offsets are kept in the checkpoint, no coordinator is asked. */
static weir_kafka_settings feed_settings(weir_arena *a, const weir_kafka_settings *from,
                                         int64_t nparts) {
    static const char *const group[] = {"group.id",           "group.instance.id",
                                        "session.timeout.ms", "heartbeat.interval.ms",
                                        "max.poll.interval.ms"};
    weir_kafka_settings s = *from;
    s.mem = a;
    s.v = NULL;
    s.n = s.cap = 0;
    for (int i = 0; i < from->n; i++) {
        bool skip = false;
        for (size_t j = 0; j < sizeof group / sizeof *group; j++)
            skip |= strcmp(from->v[i].name, group[j]) == 0;
        if (!skip) weir_kafka_set(&s, from->v[i].name, from->v[i].value);
    }
    int64_t share = clamp(FETCHED_BYTES / nparts, LEAST_BYTES, MOST_BYTES);
    if (!weir_kafka_get(&s, "fetch.message.max.bytes"))
        set_number(&s, "fetch.message.max.bytes", share);
    set_number(&s, "queued.max.messages.kbytes", share / 1024);
    set_number(&s, "queued.min.messages",
               clamp(FETCHED_MESSAGES / nparts, LEAST_MESSAGES, FETCHED_MESSAGES));
    /* a partition without news holds up the others of its broker this long */
    if (!weir_kafka_get(&s, "fetch.wait.max.ms")) weir_kafka_set(&s, "fetch.wait.max.ms", "100");
    weir_kafka_set(&s, "fetch.error.backoff.ms", "100");
    /* a full partition is looked at again so soon; before 2.2.0 only kafka_feed_nudge helps */
    if (rd_kafka_version() >= 0x02020000) weir_kafka_set(&s, "fetch.queue.backoff.ms", "5");
    weir_kafka_set(&s, "enable.partition.eof", "true");
    weir_kafka_set(&s, "auto.offset.reset", "error"); /* lost data are noticed, not skipped */
    return s;
}

weir_rc kafka_feed_open(weir_ctx *ctx, const kafka_source *k, int64_t nparts, kafka_feed **out) {
    kafka_feed *f = weir_mem_resize(NULL, sizeof *f);
    *f = (kafka_feed){.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .room = nparts};
    weir_kafka_settings s = feed_settings(ctx->arena, &k->spec.settings, nparts > 0 ? nparts : 1);
    weir_rc rc = f->event < 0 ? weir_fail_io(ctx, "make an event for", "a Kafka consumer")
                              : weir_kafka_open(ctx, &s, NULL, NULL, &f->k);
    if (rc != WEIR_OK) {
        kafka_feed_close(f);
        return rc;
    }
    *out = f;
    return WEIR_OK;
}

static void drop_messages(kafka_part *p) {
    for (; p->nheld > 0; p->nheld--) rd_kafka_message_destroy(p->held[p->first_held++]);
    p->first_held = 0;
}

void kafka_feed_stop(kafka_feed *f, kafka_part *p) {
    (void)f;
    drop_messages(p);
    if (p->started) rd_kafka_consume_stop(p->handle, p->partition);
    if (p->queue) rd_kafka_queue_destroy(p->queue);
    p->started = false;
    p->queue = NULL;
}

void kafka_feed_close(kafka_feed *f) {
    if (!f) return;
    for (int64_t i = 0; i < f->n; i++) {
        kafka_part *p = f->part[i];
        kafka_feed_stop(f, p);
        if (p->handle) rd_kafka_topic_destroy(p->handle);
        weir_mem_free(p->held);
        weir_mem_free(p->name);
        weir_mem_free(p);
    }
    weir_mem_free(f->part);
    weir_kafka_close(f->k);
    if (f->event >= 0) close(f->event);
    weir_mem_free(f);
}

weir_kafka *kafka_feed_client(kafka_feed *f) { return f->k; }
int64_t kafka_feed_room(const kafka_feed *f) { return f->room; }

static kafka_part *find(kafka_feed *f, const char *topic, int32_t partition) {
    for (int64_t i = 0; i < f->n; i++)
        if (f->part[i]->partition == partition && strcmp(f->part[i]->name, topic) == 0)
            return f->part[i];
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 16;
        f->part = weir_mem_resize(f->part, sizeof *f->part * (size_t)f->cap);
    }
    size_t len = strlen(topic) + 1;
    kafka_part *p = weir_mem_resize(NULL, sizeof *p);
    *p = (kafka_part){.partition = partition, .name = weir_mem_resize(NULL, len)};
    memcpy(p->name, topic, len);
    p->handle = rd_kafka_topic_new(weir_kafka_handle(f->k), topic, NULL);
    return f->part[f->n++] = p;
}

weir_rc kafka_feed_at(weir_ctx *ctx, kafka_feed *f, const char *topic, int32_t partition,
                      int64_t offset, kafka_part **out) {
    static const uint64_t one = 1;
    kafka_part *p = *out = find(f, topic, partition);
    const char *doing = weir_printf(ctx->arena, "reading %s", kafka_name(ctx, topic, partition));
    if (p->started && p->next == offset) return WEIR_OK;
    kafka_feed_stop(f, p);
    if (!p->handle) return weir_kafka_fail(ctx, f->k, doing, rd_kafka_last_error());
    p->queue = rd_kafka_queue_new(weir_kafka_handle(f->k));
    rd_kafka_queue_io_event_enable(p->queue, f->event, &one, sizeof one);
    if (rd_kafka_consume_start_queue(p->handle, partition, offset, p->queue) != 0)
        return weir_kafka_fail(ctx, f->k, doing, rd_kafka_last_error());
    p->started = true;
    p->next = offset;
    return WEIR_OK;
}

int64_t kafka_feed_take(kafka_part *p, rd_kafka_message_t **out, int64_t n) {
    int64_t held = p->nheld < n ? p->nheld : n;
    if (held > 0) {
        memcpy(out, p->held + p->first_held, sizeof *out * (size_t)held);
        p->first_held += held;
        p->nheld -= held;
        if (!p->nheld) p->first_held = 0;
        return held;
    }
    ssize_t got = rd_kafka_consume_batch_queue(p->queue, 0, out, (size_t)n);
    return got > 0 ? got : 0;
}

void kafka_feed_hold(kafka_part *p, rd_kafka_message_t *const *m, int64_t n) {
    /* before those that are held already: m came earlier */
    rd_kafka_message_t **all = weir_mem_resize(NULL, sizeof *all * (size_t)(n + p->nheld + 1));
    memcpy(all, m, sizeof *all * (size_t)n);
    if (p->nheld) memcpy(all + n, p->held + p->first_held, sizeof *all * (size_t)p->nheld);
    weir_mem_free(p->held);
    p->held = all;
    p->first_held = 0;
    p->nheld += n;
}

/* A thread of librdkafka whose partitions are all full sleeps up to a second, even when they are
 * emptied meanwhile. Any request wakes it: this one's answer is not waited for. */
void kafka_feed_nudge(kafka_feed *f) {
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new((int)f->n);
    for (int64_t i = 0; i < f->n; i++)
        if (f->part[i]->started)
            rd_kafka_topic_partition_list_add(l, f->part[i]->name, f->part[i]->partition)->offset =
                WEIR_KAFKA_EARLIEST;
    if (l->cnt) (void)rd_kafka_offsets_for_times(weir_kafka_handle(f->k), l, 0);
    rd_kafka_topic_partition_list_destroy(l);
    f->taken = f->taken_bytes = 0;
}

void kafka_feed_taken(kafka_feed *f, int64_t n, int64_t bytes) {
    f->taken += n;
    f->taken_bytes += bytes;
    if (f->taken > FETCHED_MESSAGES / 4 || f->taken_bytes > FETCHED_BYTES / 4) kafka_feed_nudge(f);
}

void kafka_feed_wait(weir_ctx *ctx, kafka_feed *f, int64_t timeout_ms) {
    struct pollfd p[2] = {{.fd = f->event, .events = POLLIN},
                          {.fd = ctx->cancel ? ctx->cancel->fd : -1, .events = POLLIN}};
    uint64_t count;
    (void)poll(p, 2, (int)timeout_ms);
    if (p[0].revents) {
        ssize_t got = read(f->event, &count, sizeof count);
        (void)got; /* nothing there: another look does no harm */
    }
    while (weir_kafka_serve(f->k, 0) > 0) {}
}

/* True if something is here; that the end was reached, where it was known to be, is nothing. */
static bool pending(kafka_part *p) {
    rd_kafka_message_t *m = NULL;
    while (p->started && (p->nheld || rd_kafka_queue_length(p->queue))) {
        if (!kafka_feed_take(p, &m, 1)) return false;
        if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF || m->offset > p->next) {
            kafka_feed_hold(p, &m, 1);
            return true;
        }
        rd_kafka_message_destroy(m);
    }
    return false;
}

bool kafka_feed_pending(kafka_feed *f) {
    bool some = false;
    for (int64_t i = 0; i < f->n; i++) some |= pending(f->part[i]);
    return some;
}
