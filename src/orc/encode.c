/* Encoding ORC's streams and messages. See encode.h. */
#include "orc/encode.h"

enum { MIN_RUN = 3, MAX_RUN = 130, MAX_LITERALS = 128 };

static void put_varint(weir_str *s, unsigned __int128 v) {
    char b[20];
    size_t n = 0;
    for (; v > 127; v >>= 7) b[n++] = (char)(v | 128);
    b[n++] = (char)v;
    weir_str_add(s, b, n);
}

void weir_orc_out_mantissa(weir_str *s, weir_i128 v) {
    put_varint(s, (unsigned __int128)v << 1 ^ (unsigned __int128)(v >> 127));
}

void weir_orc_out_number(weir_str *s, int field, uint64_t v) {
    put_varint(s, (unsigned)field << 3);
    put_varint(s, v);
}

void weir_orc_out_text(weir_str *s, int field, const char *p, size_t n) {
    put_varint(s, (unsigned)field << 3 | 2);
    put_varint(s, n);
    weir_str_add(s, p, n);
}

/* ---- integers: runs have a step of -128 to 127 ---- */

void weir_orc_out_ints_init(weir_orc_out_ints *e, weir_arena *mem, bool is_signed) {
    *e = (weir_orc_out_ints){.is_signed = is_signed};
    weir_str_init(&e->out, mem, INT32_MAX);
}

static void put_int(weir_orc_out_ints *e, int64_t v) {
    put_varint(&e->out, e->is_signed ? (uint64_t)v << 1 ^ (uint64_t)(v >> 63) : (uint64_t)v);
}

static void flush_ints(weir_orc_out_ints *e) {
    if (e->run) {
        weir_str_putc(&e->out, (char)(e->n - MIN_RUN));
        weir_str_putc(&e->out, (char)e->step);
        put_int(e, e->v[0]);
    } else if (e->n) {
        weir_str_putc(&e->out, (char)-e->n);
        for (int i = 0; i < e->n; i++) put_int(e, e->v[i]);
    }
    e->run = false;
    e->n = e->tail = 0;
}

/* The last MIN_RUN values are a run. */
static void begin_run(weir_orc_out_ints *e) {
    int64_t first = e->v[e->n - MIN_RUN], step = e->step;
    e->n -= MIN_RUN;
    flush_ints(e);
    e->v[0] = first;
    e->step = step;
    e->n = MIN_RUN;
    e->run = true;
}

void weir_orc_out_int(weir_orc_out_ints *e, int64_t v) {
    if (e->run) {
        if (e->n < MAX_RUN &&
            (uint64_t)v == (uint64_t)e->v[0] + (uint64_t)e->step * (uint64_t)e->n) {
            e->n++;
            return;
        }
        flush_ints(e);
    }
    if (e->n == MAX_LITERALS) flush_ints(e);
    int64_t step = e->n ? (int64_t)((uint64_t)v - (uint64_t)e->v[e->n - 1]) : INT64_MAX;
    e->v[e->n++] = v;
    if (step < INT8_MIN || step > INT8_MAX) {
        e->tail = 1;
        return;
    }
    e->tail = step == e->step && e->tail > 1 ? e->tail + 1 : 2;
    e->step = step;
    if (e->tail == MIN_RUN) begin_run(e);
}

weir_str *weir_orc_out_ints_end(weir_orc_out_ints *e) {
    flush_ints(e);
    return &e->out;
}

/* ---- bytes and bits ---- */

void weir_orc_out_bytes_init(weir_orc_out_bytes *e, weir_arena *mem) {
    *e = (weir_orc_out_bytes){.n = 0};
    weir_str_init(&e->out, mem, INT32_MAX);
}

static void flush_bytes(weir_orc_out_bytes *e) {
    if (e->run) {
        weir_str_putc(&e->out, (char)(e->n - MIN_RUN));
        weir_str_putc(&e->out, (char)e->v[0]);
    } else if (e->n) {
        weir_str_putc(&e->out, (char)-e->n);
        weir_str_add(&e->out, e->v, (size_t)e->n);
    }
    e->run = false;
    e->n = e->tail = 0;
}

void weir_orc_out_byte(weir_orc_out_bytes *e, uint8_t v) {
    if (e->run) {
        if (e->n < MAX_RUN && v == e->v[0]) {
            e->n++;
            return;
        }
        flush_bytes(e);
    }
    if (e->n == MAX_LITERALS) flush_bytes(e);
    e->tail = e->n && e->v[e->n - 1] == v ? e->tail + 1 : 1;
    e->v[e->n++] = v;
    if (e->tail < MIN_RUN) return;
    e->n -= MIN_RUN;
    flush_bytes(e);
    e->v[0] = v;
    e->n = MIN_RUN;
    e->run = true;
}

weir_str *weir_orc_out_bytes_end(weir_orc_out_bytes *e) {
    flush_bytes(e);
    return &e->out;
}

void weir_orc_out_bits_init(weir_orc_out_bits *e, weir_arena *mem) {
    *e = (weir_orc_out_bits){.n = 0};
    weir_orc_out_bytes_init(&e->bytes, mem);
}

void weir_orc_out_bit(weir_orc_out_bits *e, bool v) {
    e->byte = (uint8_t)(e->byte << 1 | v);
    if (++e->n < 8) return;
    weir_orc_out_byte(&e->bytes, e->byte);
    e->byte = 0;
    e->n = 0;
}

weir_str *weir_orc_out_bits_end(weir_orc_out_bits *e) {
    if (e->n) weir_orc_out_byte(&e->bytes, (uint8_t)(e->byte << (8 - e->n)));
    e->byte = 0;
    e->n = 0;
    return weir_orc_out_bytes_end(&e->bytes);
}
