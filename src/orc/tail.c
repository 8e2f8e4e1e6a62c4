/* Reading the tail of ORC files. See tail.h. */
#include "orc/tail.h"

#include "orc/proto.h"
#include "orc/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 100, FIRST_READ = 16384 };

weir_rc weir_orc_damaged(const weir_orc_file *f, const char *fmt, ...) {
    char text[512];
    va_list ap;
    if (f->ctx->err->rc != WEIR_OK) return f->ctx->err->rc; /* the file layer has said why */
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return weir_fail_read(f->ctx, WEIR_E_FAILED_READ_FILE, f->name,
                          weir_printf(f->ctx->arena, "Malformed ORC file: %s", text));
}

typedef struct tail_parts { /* of the postscript and the footer */
    uint64_t footer_bytes, codec, block;
    bool magic;
    int ntype, nstripe;
    weir_proto *type; /* each an unread message */
} tail_parts;

static char *proto_text(weir_arena *a, const weir_proto *m) {
    return weir_strndup(a, (const char *)m->p, (size_t)(m->end - m->p));
}

/* ---- types ---- */

static weir_rc read_attribute(weir_arena *mem, weir_proto m, weir_orc_type *t) {
    weir_proto_field f;
    const char *key = NULL, *value = NULL;
    while (weir_proto_next(&m, &f)) {
        if (f.id == 1) key = proto_text(mem, &f.bytes);
        if (f.id == 2) value = proto_text(mem, &f.bytes);
    }
    if (key && value && strcmp(key, "spark.sql.catalyst.type") == 0) t->catalyst = value;
    return WEIR_OK;
}

static weir_rc bad_type(const weir_orc_file *o, int id) {
    return weir_orc_damaged(o, "the type of column %d makes no sense", id);
}

/* Counts first, since kids and names come one by one. */
static void count_kids(weir_proto m, int *nkid, int *nname) {
    weir_proto_field f;
    uint64_t v;
    *nkid = *nname = 0;
    while (weir_proto_next(&m, &f)) {
        bool taken = false;
        while (f.id == 2 && weir_proto_number(&f, &v, &taken)) ++*nkid;
        *nname += f.id == 3;
    }
}

/* Kids come behind their parents, so that there are no circles. */
static weir_rc read_type(const weir_orc_file *o, weir_arena *mem, const tail_parts *parts, int id,
                         weir_orc_type *all) {
    weir_orc_type *t = &all[id];
    weir_proto m = parts->type[id];
    weir_proto_field f;
    int nkid, nname, names = 0;
    uint64_t v, kind = 0;
    count_kids(m, &nkid, &nname);
    *t = (weir_orc_type){.id = id, .precision = 38, .scale = 10}; /* HIVE 0.11: DECIMAL alone */
    t->kid = WEIR_NEWN(mem, const weir_orc_type *, nkid + 1);
    t->name = WEIR_NEWN(mem, const char *, nname + 1);
    while (weir_proto_next(&m, &f)) {
        bool taken = false;
        if (f.id == 1) kind = f.value;
        while (f.id == 2 && weir_proto_number(&f, &v, &taken)) {
            if (v <= (uint64_t)id || v >= (uint64_t)parts->ntype) return bad_type(o, id);
            t->kid[t->nkid++] = &all[v];
        }
        if (f.id == 3) t->name[names++] = proto_text(mem, &f.bytes);
        if (f.id == 5) t->precision = f.value > 38 ? 99 : (int)f.value;
        if (f.id == 6) t->scale = f.value > 38 ? 99 : (int)f.value;
        if (f.id == 7) WEIR_TRY(read_attribute(mem, f.bytes, t));
    }
    t->kind = kind < WEIR_ORC_KINDS ? (weir_orc_kind)kind : WEIR_ORC_KINDS;
    int kids =
        t->kind == WEIR_ORC_LIST  ? 1
        : t->kind == WEIR_ORC_MAP ? 2
        : t->kind == WEIR_ORC_STRUCT || t->kind >= WEIR_ORC_KINDS || t->kind == WEIR_ORC_UNION
            ? t->nkid
            : 0;
    if (m.bad || t->nkid != kids || (t->kind == WEIR_ORC_STRUCT && nname != t->nkid))
        return bad_type(o, id);
    return WEIR_OK;
}

static bool too_deep(const weir_orc_type *t, int depth) {
    if (depth > MAX_DEPTH) return true;
    for (int i = 0; i < t->nkid; i++)
        if (too_deep(t->kid[i], depth + 1)) return true;
    return false;
}

static weir_rc read_types(const weir_orc_file *o, weir_arena *mem, const tail_parts *parts,
                          weir_orc_tail *out) {
    weir_orc_type *all = WEIR_NEWN(mem, weir_orc_type, parts->ntype + 1);
    if (!parts->ntype) return weir_orc_damaged(o, "its footer has no types");
    for (int i = 0; i < parts->ntype; i++) WEIR_TRY(read_type(o, mem, parts, i, all));
    /* A column of two parents would be counted twice by too_deep, and so on, without end. */
    bool *has_parent = WEIR_NEWN(mem, bool, parts->ntype);
    for (int i = 0; i < parts->ntype; i++)
        for (int k = 0; k < all[i].nkid; k++) {
            if (has_parent[all[i].kid[k]->id]) return bad_type(o, all[i].kid[k]->id);
            has_parent[all[i].kid[k]->id] = true;
        }
    if (too_deep(all, 0)) return weir_orc_damaged(o, "its types are nested deeper than 100 levels");
    out->root = all;
    out->ntype = parts->ntype;
    return WEIR_OK;
}

/* ---- stripes ---- */

static weir_rc read_stripe(const weir_orc_file *o, weir_proto m, weir_orc_stripe *s) {
    weir_proto_field f;
    uint64_t v[6] = {0}, size = (uint64_t)o->size;
    while (weir_proto_next(&m, &f))
        if (f.id < 6) v[f.id] = f.value;
    bool fits = v[1] <= size && v[2] <= size && v[3] <= size && v[4] <= size &&
                v[1] + v[2] + v[3] + v[4] <= size && v[5] < (uint64_t)INT64_MAX / 2;
    if (m.bad || !fits) return weir_orc_damaged(o, "a stripe lies outside of the file");
    *s = (weir_orc_stripe){(int64_t)v[1], (int64_t)v[2], (int64_t)v[3], (int64_t)v[4],
                           (int64_t)v[5]};
    return WEIR_OK;
}

static weir_rc read_footer(weir_orc_file *o, weir_arena *mem, weir_proto m, weir_orc_tail *out) {
    tail_parts parts = {0};
    weir_proto_field f;
    int types = 0, stripes = 0;
    for (weir_proto c = m; weir_proto_next(&c, &f);)
        parts.ntype += f.id == 4, parts.nstripe += f.id == 3;
    parts.type = WEIR_NEWN(mem, weir_proto, parts.ntype + 1);
    weir_orc_stripe *s = WEIR_NEWN(mem, weir_orc_stripe, parts.nstripe + 1);
    while (weir_proto_next(&m, &f)) {
        if (f.id == 3) {
            WEIR_TRY(read_stripe(o, f.bytes, &s[stripes]));
            if (__builtin_add_overflow(out->rows, s[stripes++].rows, &out->rows))
                return weir_orc_damaged(o, "it has too many rows");
        }
        if (f.id == 4) parts.type[types++] = f.bytes;
        if (f.id == 10)
            return weir_fail_read(o->ctx, WEIR_E_FAILED_READ_FILE, o->name,
                                  "ORC files with encrypted columns are not read");
        if (f.id == 11) out->proleptic = f.value == 2;
    }
    if (m.bad) return weir_orc_damaged(o, "its footer is cut");
    out->stripe = s;
    out->nstripe = parts.nstripe;
    return read_types(o, mem, &parts, out);
}

/* ---- the postscript ---- */

static weir_rc read_postscript(weir_orc_file *o, weir_proto m, uint64_t *footer_bytes,
                               bool *preview) {
    weir_proto_field f;
    uint64_t codec = 0, block = 256 << 10, v;
    *footer_bytes = 0;
    while (weir_proto_next(&m, &f)) {
        bool taken = false;
        while (f.id == 4 && weir_proto_number(&f, &v, &taken)) *preview |= v == 9999;
        if (f.id == 1) *footer_bytes = f.value;
        if (f.id == 2) codec = f.value;
        if (f.id == 3) block = f.value;
    }
    if (m.bad || !*footer_bytes) return weir_orc_damaged(o, "Invalid postscript");
    if (codec >= WEIR_ORC_CODECS)
        return weir_fail_read(o->ctx, WEIR_E_FAILED_READ_FILE, o->name,
                              codec == 6 ? "ORC files packed with brotli are not read"
                                         : "The ORC file is packed with an unknown codec");
    if (block == 0 || block > INT32_MAX / 2)
        return weir_orc_damaged(o, "its pieces have an impossible size");
    o->codec = (weir_orc_codec)codec;
    o->block = (int64_t)block;
    return WEIR_OK;
}

weir_rc weir_orc_tail_read(weir_orc_file *o, weir_arena *mem, weir_orc_tail *out) {
    uint8_t *end = weir_alloc(mem, FIRST_READ), *footer = NULL;
    int64_t n = o->size < FIRST_READ ? o->size : FIRST_READ, got = 0, len = 0;
    uint64_t footer_bytes = 0;
    *out = (weir_orc_tail){0};
    if (n < 4) return weir_orc_damaged(o, "it has %lld bytes", (long long)n);
    WEIR_TRY(weir_file_pread(o->ctx, o->file, o->size - n, end, n, &got));
    int64_t ps = end[n - 1];
    if (got != n || ps + 1 > n || ps < 4) return weir_orc_damaged(o, "Invalid postscript");
    const uint8_t *at = end + n - 1 - ps;
    if (memcmp(end + n - 4, "ORC", 3) != 0) {
        char head[3]; /* HIVE 0.11 wrote it only there */
        WEIR_TRY(weir_file_pread(o->ctx, o->file, 0, head, 3, &got));
        if (got != 3 || memcmp(head, "ORC", 3) != 0)
            return weir_orc_damaged(o, "Invalid postscript");
    }
    WEIR_TRY(read_postscript(o, (weir_proto){at, at + ps, false}, &footer_bytes, &out->decimal64));
    if (footer_bytes > (uint64_t)(o->size - 1 - ps))
        return weir_orc_damaged(o, "its footer is longer than the file");
    WEIR_TRY(weir_orc_section(o, mem, o->size - 1 - ps - (int64_t)footer_bytes,
                              (int64_t)footer_bytes, &footer, &len));
    return read_footer(o, mem, (weir_proto){footer, footer + len, false}, out);
}
