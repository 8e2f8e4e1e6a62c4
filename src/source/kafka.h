/* Inside source/: the Kafka source. kafka_options.c reads its options, kafka_plan.c decides which
 * offsets a batch has, kafka_read.c reads them, kafka.c is the table of operations. SPARK
 * KafkaSourceProvider, KafkaMicroBatchStream, KafkaOffsetReaderAdmin. */
#ifndef WEIR_SOURCE_KAFKA_H
#define WEIR_SOURCE_KAFKA_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include "kafka/lookup.h"
#include "source/sources.h"

#include <pcre2.h>

typedef enum { KAFKA_SUBSCRIBE, KAFKA_PATTERN, KAFKA_ASSIGN } kafka_strategy;
typedef enum { KAFKA_AT_EARLIEST, KAFKA_AT_LATEST, KAFKA_AT_OFFSETS, KAFKA_AT_TIMES,
               KAFKA_AT_TIME } kafka_place_kind;
typedef struct kafka_place { /* where to start or end */
    kafka_place_kind kind;
    weir_kafka_offsets at; /* OFFSETS, TIMES (ms) */
    int64_t time_ms;       /* TIME */
    bool or_latest;        /* no message is that new: latest instead of an error */
} kafka_place;

typedef struct kafka_spec { /* the options */
    kafka_strategy strategy;
    const char **topic;
    int ntopic;
    const char *pattern;
    const char *said; /* "Subscribe[a, b]": as it is shown */
    pcre2_code *regex;
    weir_kafka_offsets assigned;
    kafka_place start, end;
    int64_t max_offsets, min_offsets; /* a trigger; -1 none */
    int64_t max_delay_ms, max_records, min_partitions;
    bool fail_on_loss, headers;
    int64_t attempts, retry_ms, poll_ms;
    weir_kafka_settings settings;
} kafka_spec;

typedef struct kafka_feed kafka_feed;

typedef struct kafka_source {
    kafka_spec spec;
    weir_scan *scan;
    weir_kafka *ask;        /* for questions; NULL until the first */
    kafka_feed *feed;       /* positioned for the next batch; NULL none, or a reader has it */
    char group[256];        /* as Spark names it in messages */
    weir_arena *mem;        /* of the offsets below, and of nothing else */
    weir_kafka_offsets latest, planned; /* the newest known; the end of the last batch */
    bool have_frozen, warned; /* have_frozen: availableNow, latest stays as it is */
    int64_t last_trigger_ms, pending_ms;
    int64_t lost;           /* data losses that were passed over */
} kafka_source;

/* kafka_options.c */
weir_rc kafka_read_options(weir_ctx *, weir_scan *, kafka_spec *);
/* Settings of the clients, with warnings of what is ignored. */
weir_rc kafka_warn(weir_ctx *, kafka_source *);

/* kafka_plan.c: query thread */
weir_rc kafka_initial(weir_ctx *, kafka_source *, weir_kafka_offsets *);
weir_rc kafka_latest(weir_ctx *, kafka_source *, const char *from, const weir_limit *,
                     const char **to);
/* Ranges [lo, hi) by partition; batch reads give from and to NULL. */
weir_rc kafka_ranges(weir_ctx *, kafka_source *, const char *from, const char *to, weir_splits *);
weir_rc kafka_parse(weir_ctx *, const char *json, weir_kafka_offsets *);
/* Replaces EARLIEST and LATEST by what they are now; asked again after a failure. */
weir_rc kafka_resolve(weir_ctx *, kafka_source *, weir_kafka_offsets *);
weir_rc kafka_is_there(weir_ctx *, kafka_source *, const char *topic, int32_t partition,
                       bool *there);
/* A loss of data: fails, or counts and logs it, as failOnDataLoss says. Arguments of weir_fail. */
weir_rc kafka_loss(weir_ctx *, kafka_source *, weir_errcls, const char *k1, const char *v1,
                   const char *k2, const char *v2, const char *k3, const char *v3, const char *k4,
                   const char *v4);
const char *kafka_name(weir_ctx *, const char *topic, int32_t partition); /* "t-0" */

/* kafka_read.c: query thread */
weir_rc kafka_read(weir_ctx *, kafka_source *, const weir_split *, int64_t n, const bool *columns,
                   weir_reader **);
/* Waits until a message beyond offsets has come, up to timeout_ms. */
weir_rc kafka_wait(weir_ctx *, kafka_source *, const weir_kafka_offsets *, int64_t timeout_ms);

/* kafka_feed.c: the partitions that are being fetched. Query thread. */
typedef struct kafka_part {
    char *name; /* the topic's */
    int32_t partition;
    rd_kafka_topic_t *handle;
    rd_kafka_queue_t *queue;
    bool started;
    int64_t next;              /* the offset from which on it gives messages */
    rd_kafka_message_t **held; /* taken from the queue, not used yet */
    int64_t first_held, nheld;
} kafka_part;
/* The source's feed, which the caller then owns; a new one when it was made for far fewer. */
weir_rc kafka_feed_get(weir_ctx *, kafka_source *, int64_t nparts, kafka_feed **out);
weir_rc kafka_feed_open(weir_ctx *, const kafka_source *, int64_t nparts, kafka_feed **out);
void kafka_feed_close(kafka_feed *); /* NULL is allowed */
weir_kafka *kafka_feed_client(kafka_feed *);
int64_t kafka_feed_room(const kafka_feed *); /* partitions it was made for */
/* The partition, fetched from offset on. */
weir_rc kafka_feed_at(weir_ctx *, kafka_feed *, const char *topic, int32_t partition,
                      int64_t offset, kafka_part **out);
void kafka_feed_stop(kafka_feed *, kafka_part *); /* forgets what was fetched */
/* Up to n messages that are here now; the caller destroys them. */
int64_t kafka_feed_take(kafka_part *, rd_kafka_message_t **, int64_t n);
/* Gives back the last n that were taken: they come again. */
void kafka_feed_hold(kafka_part *, rd_kafka_message_t *const *, int64_t n);
void kafka_feed_taken(kafka_feed *, int64_t n, int64_t bytes); /* there is room for more */
void kafka_feed_nudge(kafka_feed *);                           /* nothing is here: fetch now */
/* Waits for anything new of any partition; wakes on cancel. */
void kafka_feed_wait(weir_ctx *, kafka_feed *, int64_t timeout_ms);
bool kafka_feed_pending(kafka_feed *); /* something is here */
#endif
