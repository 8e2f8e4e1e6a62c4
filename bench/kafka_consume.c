/* The floor of reading Kafka: librdkafka's consumer that reads COUNT messages of TOPIC from its beginning and only
 * adds up their bytes. Usage: kafka_consume SERVERS TOPIC PARTITIONS COUNT. Prints "messages bytes". */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 1000 };

int main(int argc, char **argv) {
    char text[512];
    static rd_kafka_message_t *m[BATCH];
    if (argc != 5) return 2;
    rd_kafka_conf_t *c = rd_kafka_conf_new();
    rd_kafka_conf_set(c, "bootstrap.servers", argv[1], text, sizeof text);
    rd_kafka_conf_set(c, "group.id", "floor", text, sizeof text);
    rd_kafka_conf_set(c, "enable.auto.commit", "false", text, sizeof text);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, c, text, sizeof text);
    if (!rk) return fprintf(stderr, "%s\n", text), 1;
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(8);
    for (int i = 0; i < atoi(argv[3]); i++)
        rd_kafka_topic_partition_list_add(l, argv[2], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(rk, l);
    rd_kafka_topic_partition_list_destroy(l);
    rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
    long n = 0, bytes = 0, want = atol(argv[4]);
    while (n < want) {
        ssize_t got = rd_kafka_consume_batch_queue(q, 30000, m, BATCH);
        if (got <= 0) return fprintf(stderr, "nothing came\n"), 1;
        for (ssize_t i = 0; i < got; i++) {
            if (!m[i]->err) n++, bytes += (long)(m[i]->len + m[i]->key_len);
            rd_kafka_message_destroy(m[i]);
        }
    }
    printf("%ld %ld\n", n, bytes);
    rd_kafka_queue_destroy(q);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return 0;
}
