/* Building of VARIANT values: keys get ids in the order in which they are first seen, members of
 * objects are listed by their keys. See variant.h. SPARK VariantBuilder */
#include "func/variant.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "func/decimal.h"

#include <stdlib.h>

enum { VERSION = 1, SHORT_STRING_MAX = 63, FEW_KEYS = 8, SMALL = 255 };
enum { BASIC_PRIMITIVE, BASIC_SHORT_STRING, BASIC_OBJECT, BASIC_ARRAY };
/* FORMAT: ids of primitive types */
enum {
    ID_NULL,
    ID_TRUE,
    ID_FALSE,
    ID_INT8,
    ID_INT16,
    ID_INT32,
    ID_INT64,
    ID_DOUBLE,
    ID_DECIMAL4,
    ID_DECIMAL8,
    ID_DECIMAL16,
    ID_DATE,
    ID_TIMESTAMP,
    ID_TIMESTAMP_NTZ,
    ID_FLOAT,
    ID_BINARY,
    ID_STRING
};

typedef struct member {
    uint32_t id, offset; /* from where the members' bytes begin */
} member;

typedef struct opened {
    uint32_t start, first; /* in value; in member */
    bool array;
} opened;

struct weir_vbuild {
    weir_str value, names; /* names: of all keys, one after the other */
    uint32_t *end;         /* of key i in names */
    uint32_t *slot;        /* hash table: id + 1; 0 is free */
    uint32_t nkey, ckey, nslot;
    member *member;
    uint32_t nmember, cmember;
    opened *open;
    uint32_t nopen, copen, twice;
    bool over;
};

weir_vbuild *weir_vbuild_new(void) {
    weir_vbuild *b = weir_mem_new(sizeof *b);
    weir_str_init(&b->value, NULL, WEIR_VARIANT_LIMIT);
    weir_str_init(&b->names, NULL, WEIR_VARIANT_LIMIT);
    return b;
}

void weir_vbuild_free(weir_vbuild *b) {
    if (!b) return;
    weir_str_free(&b->value);
    weir_str_free(&b->names);
    weir_mem_free(b->end);
    weir_mem_free(b->slot);
    weir_mem_free(b->member);
    weir_mem_free(b->open);
    weir_mem_free(b);
}

void weir_vbuild_clear(weir_vbuild *b) {
    b->value.len = b->names.len = 0;
    b->value.failed = b->names.failed = b->over = false;
    if (b->nkey > FEW_KEYS) memset(b->slot, 0, sizeof *b->slot * b->nslot);
    b->nkey = b->nmember = b->nopen = 0;
}

/* Room for one more of n, of which there is room for *cap. */
static void *room(void *p, size_t size, uint32_t n, uint32_t *cap) {
    if (n < *cap) return p;
    *cap = *cap ? *cap * 2 : 16;
    return weir_mem_resize(p, size * *cap);
}

/* ---- keys ---- */

static weir_bytes name_of(const weir_vbuild *b, uint32_t id) {
    uint32_t from = id ? b->end[id - 1] : 0;
    return (weir_bytes){b->names.p + from, (int32_t)(b->end[id] - from)};
}

static bool name_is(const weir_vbuild *b, uint32_t id, const char *p, size_t n) {
    weir_bytes k = name_of(b, id);
    return (size_t)k.len == n && (!n || memcmp(k.p, p, n) == 0);
}

static uint32_t hash_of(const char *p, size_t n) { /* FNV-1a, its high bits mixed in */
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    return (uint32_t)(h ^ h >> 32);
}

static void slot_put(weir_vbuild *b, uint32_t id) {
    weir_bytes k = name_of(b, id);
    uint32_t at = hash_of(k.p, (size_t)k.len) & (b->nslot - 1);
    while (b->slot[at]) at = (at + 1) & (b->nslot - 1);
    b->slot[at] = id + 1;
}

/* Few keys are looked through; of more there is a table. */
static void index_key(weir_vbuild *b, uint32_t id) {
    if (b->nkey <= FEW_KEYS) return;
    if (b->nkey * 2 <= b->nslot && id != FEW_KEYS) {
        slot_put(b, id);
        return;
    }
    if (b->nkey * 2 > b->nslot) {
        b->nslot = b->nslot ? b->nslot * 2 : 64;
        b->slot = weir_mem_resize(b->slot, sizeof *b->slot * b->nslot);
    }
    memset(b->slot, 0, sizeof *b->slot * b->nslot);
    for (uint32_t i = 0; i < b->nkey; i++) slot_put(b, i);
}

static bool find_key(const weir_vbuild *b, const char *p, size_t n, uint32_t *id) {
    if (b->nkey <= FEW_KEYS) {
        for (*id = 0; *id < b->nkey; ++*id)
            if (name_is(b, *id, p, n)) return true;
        return false;
    }
    uint32_t at = hash_of(p, n) & (b->nslot - 1);
    for (; b->slot[at]; at = (at + 1) & (b->nslot - 1))
        if (name_is(b, *id = b->slot[at] - 1, p, n)) return true;
    return false;
}

static uint32_t key_id(weir_vbuild *b, const char *p, size_t n) {
    uint32_t id;
    if (find_key(b, p, n, &id)) return id;
    weir_str_add(&b->names, p, n);
    b->end = room(b->end, sizeof *b->end, b->nkey, &b->ckey);
    b->end[b->nkey] = (uint32_t)b->names.len;
    index_key(b, b->nkey++);
    return b->nkey - 1;
}

static void add_member(weir_vbuild *b, uint32_t id) {
    b->member = room(b->member, sizeof *b->member, b->nmember, &b->cmember);
    b->member[b->nmember++] = (member){id, (uint32_t)b->value.len - b->open[b->nopen - 1].start};
}

void weir_vbuild_key(weir_vbuild *b, const char *p, size_t n) { add_member(b, key_id(b, p, n)); }

/* ---- values ---- */

static void put_number(uint8_t *to, uint64_t v, int width) {
    for (int i = 0; i < width; i++) to[i] = (uint8_t)(v >> 8 * i);
}

/* Before a value: elements of arrays are listed where they begin. SPARK asks for room for the
 * widest value of its kind. */
static void begin_value(weir_vbuild *b, size_t most) {
    if (b->nopen && b->open[b->nopen - 1].array) add_member(b, 0);
    b->over |= b->value.len + most > WEIR_VARIANT_LIMIT;
}

static void put_primitive(weir_vbuild *b, int id, uint64_t v, int width, size_t most) {
    uint8_t t[9] = {(uint8_t)(id << 2 | BASIC_PRIMITIVE)};
    begin_value(b, most);
    put_number(t + 1, v, width);
    weir_str_add(&b->value, t, (size_t)width + 1);
}

void weir_vbuild_raw(weir_vbuild *b, const uint8_t *p, size_t n) {
    begin_value(b, n);
    weir_str_add(&b->value, p, n);
}

void weir_vbuild_null(weir_vbuild *b) { put_primitive(b, ID_NULL, 0, 0, 1); }
void weir_vbuild_bool(weir_vbuild *b, bool v) { put_primitive(b, v ? ID_TRUE : ID_FALSE, 0, 0, 1); }

void weir_vbuild_long(weir_vbuild *b, int64_t v) {
    int step = v == (int8_t)v ? 0 : v == (int16_t)v ? 1 : v == (int32_t)v ? 2 : 3;
    put_primitive(b, ID_INT8 + step, (uint64_t)v, 1 << step, 9);
}

void weir_vbuild_double(weir_vbuild *b, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_primitive(b, ID_DOUBLE, bits, 8, 9);
}

void weir_vbuild_float(weir_vbuild *b, float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_primitive(b, ID_FLOAT, bits, 4, 9);
}

void weir_vbuild_decimal(weir_vbuild *b, weir_i128 v, int scale) {
    int step = scale <= 9 && weir_dec_fits(v, 9) ? 0 : scale <= 18 && weir_dec_fits(v, 18) ? 1 : 2;
    int width = 4 << step;
    uint8_t t[18] = {(uint8_t)((ID_DECIMAL4 + step) << 2 | BASIC_PRIMITIVE), (uint8_t)scale};
    begin_value(b, sizeof t);
    put_number(t + 2, (uint64_t)v, width < 8 ? width : 8);
    if (width == 16) put_number(t + 10, (uint64_t)((unsigned __int128)v >> 64), 8);
    weir_str_add(&b->value, t, 2 + (size_t)width);
}

void weir_vbuild_date(weir_vbuild *b, int32_t days) {
    put_primitive(b, ID_DATE, (uint32_t)days, 4, 5);
}

void weir_vbuild_timestamp(weir_vbuild *b, int64_t us, bool ntz) {
    put_primitive(b, ntz ? ID_TIMESTAMP_NTZ : ID_TIMESTAMP, (uint64_t)us, 8, 9);
}

void weir_vbuild_string(weir_vbuild *b, const char *p, size_t n) {
    if (n <= SHORT_STRING_MAX) {
        begin_value(b, 1 + n);
        weir_str_putc(&b->value, (char)(n << 2 | BASIC_SHORT_STRING));
    } else {
        put_primitive(b, ID_STRING, n, 4, 5 + n);
    }
    weir_str_add(&b->value, p, n);
}

void weir_vbuild_binary(weir_vbuild *b, const void *p, size_t n) {
    put_primitive(b, ID_BINARY, n, 4, 5 + n);
    weir_str_add(&b->value, p, n);
}

/* ---- objects and arrays ---- */

void weir_vbuild_open(weir_vbuild *b, bool array) {
    begin_value(b, 0);
    b->open = room(b->open, sizeof *b->open, b->nopen, &b->copen);
    b->open[b->nopen++] = (opened){(uint32_t)b->value.len, b->nmember, array};
}

static int by_key(const void *x, const void *y, void *u) {
    const member *p = x, *q = y;
    if (p->id == q->id) return 0;
    weir_bytes a = name_of(u, p->id), c = name_of(u, q->id);
    return weir_utf8_compare16(a.p, (size_t)a.len, c.p, (size_t)c.len);
}

static int width_of(uint64_t v) { return v <= 0xFF ? 1 : v <= 0xFFFF ? 2 : v <= 0xFFFFFF ? 3 : 4; }

/* Puts n bytes of head before what was written since start. */
static uint8_t *make_room(weir_vbuild *b, uint32_t start, uint64_t n) {
    static const char zero[256];
    size_t size = b->value.len - start;
    if (b->value.len + n > WEIR_VARIANT_LIMIT) b->over = true;
    if (b->over || b->value.failed) return NULL;
    for (uint64_t left = n, step; left; left -= step) {
        step = left < sizeof zero ? left : sizeof zero;
        weir_str_add(&b->value, zero, step);
    }
    if (b->value.failed) return NULL;
    memmove(b->value.p + start + n, b->value.p + start, size);
    return (uint8_t *)b->value.p + start;
}

bool weir_vbuild_close(weir_vbuild *b) {
    opened o = b->open[--b->nopen];
    member *m = b->member ? b->member + o.first : NULL; /* NULL: no member was ever there */
    uint32_t n = b->nmember - o.first, most = 0, size = (uint32_t)b->value.len - o.start;
    b->nmember = o.first;
    if (b->over || b->value.failed || b->names.failed) return true; /* what is over is told last */
    if (!o.array && n > 1) qsort_r(m, n, sizeof *m, by_key, b);
    for (uint32_t i = 0; !o.array && i < n; i++) {
        if (i && m[i].id == m[i - 1].id) return b->twice = m[i].id, false;
        if (m[i].id > most) most = m[i].id;
    }
    bool large = n > SMALL;
    int iw = o.array ? 0 : width_of(most), ow = width_of(size), head = large ? 5 : 2;
    uint64_t more = (uint64_t)head + (uint64_t)n * (uint64_t)iw + (n + 1ull) * (uint64_t)ow;
    uint8_t *p = make_room(b, o.start, more);
    if (!p) return true;
    *p = (uint8_t)(o.array ? large << 4 | (ow - 1) << 2 | BASIC_ARRAY
                           : large << 6 | (iw - 1) << 4 | (ow - 1) << 2 | BASIC_OBJECT);
    put_number(p + 1, n, head - 1);
    uint8_t *id = p + head, *off = id + (uint64_t)n * (uint64_t)iw;
    for (uint32_t i = 0; i < n; i++, id += iw, off += ow) {
        put_number(id, m[i].id, iw);
        put_number(off, m[i].offset, ow);
    }
    put_number(off, size, ow);
    return true;
}

const char *weir_vbuild_twice(weir_arena *a, const weir_vbuild *b) {
    weir_bytes k = name_of(b, b->twice);
    return weir_strndup(a, k.p, (size_t)k.len);
}

bool weir_vbuild_take(weir_vbuild *b, weir_build *to) {
    uint64_t most = b->names.len > b->nkey ? b->names.len : b->nkey;
    int w = width_of(most);
    uint64_t head = 1 + (uint64_t)w * (b->nkey + 2ull), size = head + b->names.len;
    uint32_t n = (uint32_t)b->value.len;
    if (b->over || b->value.failed || b->names.failed || size > WEIR_VARIANT_LIMIT) return false;
    uint8_t few[64], *meta = head <= sizeof few ? few : weir_mem_resize(NULL, head);
    meta[0] = (uint8_t)(VERSION | (w - 1) << 6);
    put_number(meta + 1, b->nkey, w);
    put_number(meta + 1 + w, 0, w);
    for (uint32_t i = 0; i < b->nkey; i++) put_number(meta + 1 + w * (2 + i), b->end[i], w);
    weir_build_parts(to, (weir_bytes[]){{(const char *)&n, WEIR_VARIANT_HEAD},
                                        {b->value.p, (int32_t)n},
                                        {(const char *)meta, (int32_t)head},
                                        {b->names.len ? b->names.p : "", (int32_t)b->names.len}},
                     4);
    if (meta != few) weir_mem_free(meta);
    return true;
}
