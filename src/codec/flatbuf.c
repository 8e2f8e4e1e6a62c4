/* Owns reading and writing of FlatBuffers. Called by arrow_ipc*.c; any thread. */
#include "codec/flatbuf.h"
#include <string.h>

static void zeros(weir_fbw *w, size_t n) {
    static const char z[64];
    for (; n > sizeof z; n -= sizeof z) weir_str_add(w->out, z, sizeof z);
    weir_str_add(w->out, z, n);
}

static size_t here(const weir_fbw *w) { return w->out->len - w->base; }

static void align(weir_fbw *w, size_t to, size_t extra) {
    size_t over = (here(w) + extra) % to;
    if (over) zeros(w, to - over);
}

static void put(weir_fbw *w, size_t at, const void *p, size_t n) {
    if (!w->out->failed) memcpy(w->out->p + w->base + at, p, n);
}

size_t weir_fbw_table(weir_fbw *w, const weir_fbslot *s, int n, size_t *at) {
    uint16_t vt[2 + 16] = {0}, end = 4;
    weir_assert(n <= 16);
    for (int i = 0; i < n; i++) {
        uint16_t size = (uint16_t)s[i].size;
        if (!size) continue;
        end = (uint16_t)((end + size - 1) / size * size);
        vt[2 + i] = end;
        end = (uint16_t)(end + size);
    }
    size_t vlen = 4 + 2 * (size_t)n;
    vt[0] = (uint16_t)vlen;
    vt[1] = end;
    align(w, 8, vlen);
    weir_str_add(w->out, vt, vlen);
    size_t table = here(w);
    int32_t back = (int32_t)vlen;
    zeros(w, end);
    put(w, table, &back, 4);
    for (int i = 0; i < n; i++) {
        if (at) at[i] = s[i].size ? table + vt[2 + i] : 0;
        if (s[i].size)
            put(w, table + vt[2 + i], &s[i].value, (size_t)s[i].size); /* little-endian */
    }
    return table;
}

size_t weir_fbw_vector(weir_fbw *w, size_t n, size_t size) {
    uint32_t count = (uint32_t)n;
    align(w, size > 4 ? 8 : 4, 4);
    size_t at = here(w);
    weir_str_add(w->out, &count, 4);
    zeros(w, n * size);
    return at;
}

size_t weir_fbw_string(weir_fbw *w, const char *s, size_t n) {
    uint32_t count = (uint32_t)n;
    align(w, 4, 0);
    size_t at = here(w);
    weir_str_add(w->out, &count, 4);
    weir_str_add(w->out, s, n);
    zeros(w, 1);
    return at;
}

void weir_fbw_point(weir_fbw *w, size_t from, size_t target) {
    uint32_t off = (uint32_t)(target - from);
    put(w, from, &off, 4);
}

void weir_fbw_set64(weir_fbw *w, size_t at, int64_t v) { put(w, at, &v, 8); }

static bool inside(weir_fb *fb, size_t at, size_t n) {
    if (at <= fb->len && n <= fb->len - at) return true;
    fb->bad = true;
    return false;
}

static uint64_t load(weir_fb *fb, size_t at, size_t n) {
    uint64_t v = 0;
    if (inside(fb, at, n)) memcpy(&v, fb->p + at, n);
    return v;
}

static weir_fbt table_at(weir_fb *fb, size_t at) {
    weir_fbt none = {NULL, 0, 0, 0, 0}, t = {fb, at, 0, 0, 0};
    if (!inside(fb, at, 4)) return none;
    int64_t vt = (int64_t)at - (int32_t)load(fb, at, 4);
    if (vt < 0 || !inside(fb, (size_t)vt, 4)) {
        fb->bad = true;
        return none;
    }
    t.vt = (size_t)vt;
    t.nvt = (uint16_t)load(fb, t.vt, 2);
    t.size = (uint16_t)load(fb, t.vt + 2, 2);
    if (t.nvt < 4 || !inside(fb, t.vt, t.nvt) || !inside(fb, at, t.size)) {
        fb->bad = true;
        return none;
    }
    return t;
}

weir_fbt weir_fb_root(weir_fb *fb) { return table_at(fb, load(fb, 0, 4)); }

/* Where slot lies, 0 if absent. */
static size_t slot_at(weir_fbt t, int slot, size_t size) {
    size_t entry = 4 + 2 * (size_t)slot;
    if (!t.fb || entry + 2 > t.nvt) return 0;
    size_t off = load(t.fb, t.vt + entry, 2);
    if (!off) return 0;
    if (off + size > t.size) {
        t.fb->bad = true;
        return 0;
    }
    return t.at + off;
}

int64_t weir_fb_int(weir_fbt t, int slot, int size, int64_t dflt) {
    size_t at = slot_at(t, slot, (size_t)size);
    if (!at) return dflt;
    uint64_t v = load(t.fb, at, (size_t)size);
    int shift = 64 - 8 * size;
    return (int64_t)(v << shift) >> shift;
}

weir_fbt weir_fb_sub(weir_fbt t, int slot) {
    size_t at = slot_at(t, slot, 4);
    return at ? table_at(t.fb, at + load(t.fb, at, 4)) : (weir_fbt){NULL, 0, 0, 0, 0};
}

weir_fbv weir_fb_vec(weir_fbt t, int slot, size_t element_size) {
    weir_fbv none = {NULL, 0, 0};
    size_t at = slot_at(t, slot, 4);
    if (!at) return none;
    at += load(t.fb, at, 4);
    uint32_t n = (uint32_t)load(t.fb, at, 4);
    if (!inside(t.fb, at, 4) || !inside(t.fb, at + 4, (size_t)n * element_size)) return none;
    return (weir_fbv){t.fb, at + 4, n};
}

weir_fbt weir_fb_vec_sub(weir_fbv v, uint32_t i) {
    size_t at = v.at + (size_t)i * 4;
    return i < v.n ? table_at(v.fb, at + load(v.fb, at, 4)) : (weir_fbt){NULL, 0, 0, 0, 0};
}

int64_t weir_fb_vec_i64(weir_fbv v, size_t index) {
    return v.fb ? (int64_t)load(v.fb, v.at + index * 8, 8) : 0;
}

const char *weir_fb_str(weir_arena *a, weir_fbt t, int slot) {
    weir_fbv v = weir_fb_vec(t, slot, 1);
    if (!v.fb) return NULL;
    v.fb->copied += v.n;
    if (v.fb->copied > v.fb->len) {
        v.fb->bad = true; /* many offsets to one long string */
        return NULL;
    }
    return weir_strndup(a, (const char *)v.fb->p + v.at, v.n);
}
