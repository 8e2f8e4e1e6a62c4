/* See offsets.h. */
#include "kafka/offsets.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

void weir_kafka_offsets_add(weir_arena *a, weir_kafka_offsets *o, const char *topic,
                            int32_t partition, int64_t offset) {
    if (o->n == o->cap) {
        int64_t cap = o->cap ? o->cap * 2 : 8;
        weir_kafka_offset *v = WEIR_NEWN(a, weir_kafka_offset, cap);
        if (o->n) memcpy(v, o->v, sizeof *v * (size_t)o->n);
        o->v = v;
        o->cap = cap;
    }
    o->v[o->n++] = (weir_kafka_offset){topic, partition, offset};
}

static int order(const void *x, const void *y) {
    const weir_kafka_offset *a = x, *b = y;
    int c = strcmp(a->topic, b->topic);
    return c ? c : (a->partition > b->partition) - (a->partition < b->partition);
}

void weir_kafka_offsets_sort(weir_kafka_offsets *o) {
    int64_t kept = 0;
    if (o->n < 2) return;
    qsort(o->v, (size_t)o->n, sizeof *o->v, order);
    for (int64_t i = 1; i < o->n; i++) {
        if (order(&o->v[kept], &o->v[i]) != 0) kept++;
        o->v[kept] = o->v[i];
    }
    o->n = kept + 1;
}

weir_kafka_offset *weir_kafka_offsets_find(const weir_kafka_offsets *o, const char *topic,
                                           int32_t partition) {
    weir_kafka_offset key = {topic, partition, 0};
    return o->n ? bsearch(&key, o->v, (size_t)o->n, sizeof key, order) : NULL;
}

weir_kafka_offsets weir_kafka_offsets_copy(weir_arena *a, const weir_kafka_offsets *o) {
    weir_kafka_offsets out = {0};
    for (int64_t i = 0; i < o->n; i++)
        weir_kafka_offsets_add(a, &out, weir_strdup(a, o->v[i].topic), o->v[i].partition,
                               o->v[i].offset);
    return out;
}

/* An Int as Jackson reads a key or a value: digits with an optional sign, in range. */
static bool partition_number(const char *text, int32_t *out) {
    char *end;
    long v = strtol(text, &end, 10);
    if (end == text || *end || v < 0 || v > INT32_MAX || text[0] == ' ') return false;
    *out = (int32_t)v;
    return true;
}

bool weir_kafka_offsets_parse(weir_arena *a, const char *json, size_t len,
                              weir_kafka_offsets *out) {
    const weir_json *j = weir_json_parse(a, json, len, NULL);
    *out = (weir_kafka_offsets){0};
    if (!j || j->kind != WEIR_J_OBJECT) return false;
    for (size_t t = 0; t < j->len; t++) {
        const weir_json *parts = j->item[t];
        if (parts->kind != WEIR_J_OBJECT) return false;
        for (size_t p = 0; p < parts->len; p++) {
            int32_t partition;
            int64_t offset;
            if (!partition_number(parts->key[p], &partition) ||
                !weir_json_to_int(parts->item[p], &offset))
                return false;
            weir_kafka_offsets_add(a, out, j->key[t], partition, offset);
        }
    }
    weir_kafka_offsets_sort(out);
    return true;
}

bool weir_kafka_partitions_parse(weir_arena *a, const char *json, size_t len,
                                 weir_kafka_offsets *out) {
    const weir_json *j = weir_json_parse(a, json, len, NULL);
    *out = (weir_kafka_offsets){0};
    if (!j || j->kind != WEIR_J_OBJECT) return false;
    for (size_t t = 0; t < j->len; t++) {
        const weir_json *parts = j->item[t];
        if (parts->kind != WEIR_J_ARRAY) return false;
        for (size_t p = 0; p < parts->len; p++) {
            int64_t v;
            if (!weir_json_to_int(parts->item[p], &v) || v < 0 || v > INT32_MAX) return false;
            weir_kafka_offsets_add(a, out, j->key[t], (int32_t)v, 0);
        }
    }
    return true;
}

/* ---- Spark's order: that of Scala's mutable.HashMap, which is by buckets of the hash ---- */

/* String.hashCode of the UTF-16 form. Topic names are ASCII; others go by their bytes. */
static uint32_t text_hash(const char *s) {
    uint32_t h = 0;
    for (; *s; s++) h = h * 31 + (unsigned char)*s;
    return h;
}

typedef struct entry {
    uint32_t bucket, hash;
    int64_t first, n; /* its run in the sorted offsets */
} entry;

static int bucket_order(const void *x, const void *y) {
    const entry *a = x, *b = y;
    if (a->bucket != b->bucket) return a->bucket > b->bucket ? 1 : -1;
    if (a->hash != b->hash) return (int32_t)a->hash > (int32_t)b->hash ? 1 : -1;
    return (a->first > b->first) - (a->first < b->first);
}

static void hash_order(entry *e, int64_t n) {
    uint32_t size = 16;
    while (n >= size / 4 * 3) size *= 2; /* load factor 0.75 */
    for (int64_t i = 0; i < n; i++) {
        e[i].hash ^= e[i].hash >> 16;
        e[i].bucket = e[i].hash & (size - 1);
    }
    qsort(e, (size_t)n, sizeof *e, bucket_order);
}

const char *weir_kafka_offsets_text(weir_arena *a, const weir_kafka_offsets *o) {
    entry *topic = WEIR_NEWN(a, entry, o->n + 1), *part = WEIR_NEWN(a, entry, o->n + 1);
    int64_t ntopic = 0;
    weir_str s;
    weir_jw w;
    weir_str_init(&s, a, 64 << 20);
    weir_jw_init(&w, &s);
    for (int64_t i = 0; i < o->n; i++) {
        if (i == 0 || strcmp(o->v[i].topic, o->v[i - 1].topic) != 0)
            topic[ntopic++] = (entry){0, text_hash(o->v[i].topic), i, 0};
        topic[ntopic - 1].n++;
    }
    hash_order(topic, ntopic);
    weir_jw_obj(&w);
    for (int64_t t = 0; t < ntopic; t++) {
        const weir_kafka_offset *of = o->v + topic[t].first;
        for (int64_t i = 0; i < topic[t].n; i++)
            part[i] = (entry){0, (uint32_t)of[i].partition, i, 1};
        hash_order(part, topic[t].n);
        weir_jw_key(&w, of->topic);
        weir_jw_obj(&w);
        for (int64_t i = 0; i < topic[t].n; i++) {
            const weir_kafka_offset *at = of + part[i].first;
            weir_jw_key(&w, weir_printf(a, "%d", at->partition));
            weir_jw_int(&w, at->offset);
        }
        weir_jw_end_obj(&w);
    }
    weir_jw_end_obj(&w);
    return s.p;
}

const char *weir_kafka_offsets_names(weir_arena *a, const weir_kafka_offsets *o) {
    weir_str s;
    weir_str_init(&s, a, 1 << 20);
    weir_str_puts(&s, "");
    for (int64_t i = 0; i < o->n; i++)
        weir_str_printf(&s, "%s%s-%d", i ? ", " : "", o->v[i].topic, o->v[i].partition);
    return s.p ? s.p : "";
}
