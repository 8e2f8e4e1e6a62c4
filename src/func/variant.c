/* Reading of VARIANT values. See variant.h. */
#include "func/variant.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "func/decimal.h"
#include "func/text.h"

#include <math.h>

/* FORMAT: the low two bits of a value's first byte */
enum { PRIMITIVE, SHORT_STRING, OBJECT, ARRAY };
enum { VERSION = 1, UUID_BYTES = 16 };

/* FORMAT: primitive types by their ids */
static const struct {
    uint8_t kind, bytes, precision;
} primitives[] = {
    {WEIR_V_NULL, 0, 0},         {WEIR_V_BOOLEAN, 0, 0},
    {WEIR_V_BOOLEAN, 0, 0},      {WEIR_V_LONG, 1, 0},
    {WEIR_V_LONG, 2, 0},         {WEIR_V_LONG, 4, 0},
    {WEIR_V_LONG, 8, 0},         {WEIR_V_DOUBLE, 8, 0},
    {WEIR_V_DECIMAL, 5, 9},      {WEIR_V_DECIMAL, 9, 18},
    {WEIR_V_DECIMAL, 17, 38},    {WEIR_V_DATE, 4, 0},
    {WEIR_V_TIMESTAMP, 8, 0},    {WEIR_V_TIMESTAMP_NTZ, 8, 0},
    {WEIR_V_FLOAT, 4, 0},        {WEIR_V_BINARY, 4, 0},
    {WEIR_V_STRING, 4, 0},       {0, 0, 0},
    {0, 0, 0},                   {0, 0, 0},
    {WEIR_V_UUID, UUID_BYTES, 0}};
enum { NO_ID_FROM = 17, NO_ID_TO = 19 };

static uint64_t unsigned_at(const uint8_t *p, int width) {
    uint64_t v = 0;
    for (int i = width; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static int64_t signed_at(const uint8_t *p, int width) {
    int shift = 64 - 8 * width;
    return (int64_t)(unsigned_at(p, width) << shift) >> shift;
}

static weir_i128 wide_at(const uint8_t *p) {
    return (weir_i128)((unsigned __int128)unsigned_at(p + 8, 8) << 64 | unsigned_at(p, 8));
}

static bool decimal_at(const uint8_t *p, int bytes, int precision, weir_vnode *n) {
    n->scale = *p;
    n->dec = bytes == 17 ? wide_at(p + 1) : signed_at(p + 1, bytes - 1);
    if (n->scale > precision || !weir_dec_fits(n->dec, precision)) return false;
    for (; n->scale && n->dec % 10 == 0; n->scale--) n->dec /= 10;
    return true;
}

static bool primitive_at(const uint8_t *p, uint32_t left, int id, weir_vnode *n, weir_vfault *f) {
    if (id >= WEIR_COUNT(primitives) || (id >= NO_ID_FROM && id <= NO_ID_TO))
        return f->unknown = id, false;
    int bytes = primitives[id].bytes;
    n->kind = primitives[id].kind;
    n->size = 1 + (uint32_t)bytes;
    if (left < n->size) return false;
    p++;
    switch (n->kind) {
    case WEIR_V_BOOLEAN: n->i = id == 1; return true;
    case WEIR_V_LONG:
    case WEIR_V_DATE:
    case WEIR_V_TIMESTAMP:
    case WEIR_V_TIMESTAMP_NTZ: n->i = signed_at(p, bytes); return true;
    case WEIR_V_DOUBLE: memcpy(&n->d, p, sizeof n->d); return true;
    case WEIR_V_FLOAT: {
        float v;
        memcpy(&v, p, sizeof v);
        n->d = (double)v;
        return true;
    }
    case WEIR_V_DECIMAL: return decimal_at(p, bytes, primitives[id].precision, n);
    case WEIR_V_UUID: n->bytes = (weir_bytes){(const char *)p, UUID_BYTES}; return true;
    case WEIR_V_BINARY:
    case WEIR_V_STRING: {
        uint64_t len = unsigned_at(p, 4);
        if (len > left - n->size) return false;
        n->size += (uint32_t)len;
        n->bytes = (weir_bytes){(const char *)p + 4, (int32_t)len};
        return true;
    }
    default: return true;
    }
}

/* The head of an object or array: what is in it lies behind it. */
static bool members_at(const uint8_t *p, uint32_t at, uint32_t left, weir_vnode *n) {
    int info = *p >> 2;
    bool object = n->kind == WEIR_V_OBJECT, large = info >> (object ? 4 : 2) & 1;
    uint32_t head = large ? 5 : 2;
    n->offset_width = (uint8_t)((info & 3) + 1);
    n->id_width = object ? (uint8_t)((info >> 2 & 3) + 1) : 0;
    if (left < head) return false;
    uint64_t count = unsigned_at(p + 1, large ? 4 : 1), ids = head,
             offsets = ids + count * n->id_width, data = offsets + (count + 1) * n->offset_width;
    if (data > left) return false;
    uint64_t size = data + unsigned_at(p + data - n->offset_width, n->offset_width);
    if (size > left) return false;
    n->count = (uint32_t)count;
    n->ids = at + (uint32_t)ids;
    n->offsets = at + (uint32_t)offsets;
    n->data = at + (uint32_t)data;
    n->size = (uint32_t)size;
    return true;
}

bool weir_variant_node(const weir_variant *v, uint32_t at, weir_vnode *n, weir_vfault *f) {
    f->unknown = -1;
    if (at >= v->nvalue) return false;
    const uint8_t *p = v->value + at;
    uint32_t left = v->nvalue - at;
    *n = (weir_vnode){.at = at};
    switch (*p & 3) {
    case PRIMITIVE: return primitive_at(p, left, *p >> 2, n, f);
    case SHORT_STRING:
        n->kind = WEIR_V_STRING;
        n->size = 1 + (*p >> 2);
        n->bytes = (weir_bytes){(const char *)p + 1, *p >> 2};
        return n->size <= left;
    case OBJECT: n->kind = WEIR_V_OBJECT; return members_at(p, at, left, n);
    default: n->kind = WEIR_V_ARRAY; return members_at(p, at, left, n);
    }
}

static bool has_version(const weir_variant *v) {
    return v->nmeta && (v->meta[0] & 15) == VERSION && v->nmeta <= WEIR_VARIANT_LIMIT &&
           v->nvalue <= WEIR_VARIANT_LIMIT;
}

static bool key_at(const weir_variant *v, uint64_t id, weir_bytes *key) {
    if (!has_version(v)) return false;
    uint64_t width = (uint64_t)(v->meta[0] >> 6) + 1;
    if (v->nmeta < 1 + width) return false;
    uint64_t count = unsigned_at(v->meta + 1, (int)width), texts = 1 + width * (count + 2);
    if (id >= count || texts > v->nmeta) return false;
    const uint8_t *p = v->meta + 1 + width * (id + 1);
    uint64_t from = unsigned_at(p, (int)width), to = unsigned_at(p + width, (int)width);
    if (from > to || to > v->nmeta - texts) return false;
    *key = (weir_bytes){(const char *)v->meta + texts + from, (int32_t)(to - from)};
    return true;
}

bool weir_variant_member(const weir_variant *v, const weir_vnode *n, uint32_t i, uint32_t *at,
                         weir_bytes *key) {
    uint64_t from = n->data + unsigned_at(v->value + n->offsets + (uint64_t)i * n->offset_width,
                                          n->offset_width);
    if (from >= v->nvalue) return false;
    *at = (uint32_t)from;
    if (!key || n->kind != WEIR_V_OBJECT) return true;
    return key_at(v, unsigned_at(v->value + n->ids + (uint64_t)i * n->id_width, n->id_width), key);
}

bool weir_variant_field(const weir_variant *v, const weir_vnode *n, weir_bytes name, bool *found,
                        uint32_t *at) {
    weir_bytes key;
    *found = false;
    for (uint32_t i = 0; i < n->count; i++) {
        if (!weir_variant_member(v, n, i, at, &key)) return false;
        if (key.len != name.len || (key.len && memcmp(key.p, name.p, (size_t)key.len) != 0))
            continue;
        *found = true;
        break;
    }
    return true;
}

/* ---- from the outside in ---- */

typedef struct visitor {
    void (*begin)(void *u, const weir_vnode *); /* of an object or array */
    void (*key)(void *u, weir_bytes);
    void (*scalar)(void *u, const weir_vnode *, const uint8_t *bytes);
    void (*end)(void *u, const weir_vnode *);
} visitor;

typedef struct level {
    weir_vnode node;
    uint32_t next;
} level;

typedef struct path {
    level *p;
    uint32_t n, cap;
} path;

static void path_push(path *w, const weir_vnode *n) {
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 16;
        w->p = weir_mem_resize(w->p, sizeof *w->p * w->cap);
    }
    w->p[w->n++] = (level){*n, 0};
}

/* Every value has a byte of its own: more values than bytes are shared ones. */
static bool walk(const weir_variant *v, uint32_t at, const visitor *to, void *u, path *w,
                 weir_vfault *f) {
    weir_vnode n;
    weir_bytes key;
    for (uint32_t left = v->nvalue; left; left--) {
        if (!weir_variant_node(v, at, &n, f)) return false;
        if (n.kind >= WEIR_V_OBJECT) {
            path_push(w, &n);
            to->begin(u, &n);
        } else {
            to->scalar(u, &n, v->value + at);
        }
        while (w->n && w->p[w->n - 1].next == w->p[w->n - 1].node.count)
            to->end(u, &w->p[--w->n].node);
        if (!w->n) return true;
        level *top = &w->p[w->n - 1];
        if (!weir_variant_member(v, &top->node, top->next++, &at, &key)) return false;
        if (top->node.kind == WEIR_V_OBJECT) to->key(u, key);
    }
    return false;
}

static bool visit(const weir_variant *v, uint32_t at, const visitor *to, void *u, weir_vfault *f) {
    path w = {0};
    f->unknown = -1;
    bool ok = has_version(v) && walk(v, at, to, u, &w, f);
    weir_mem_free(w.p);
    return ok;
}

static void no_node(void *u, const weir_vnode *n) { (void)u, (void)n; }
static void no_key(void *u, weir_bytes k) { (void)u, (void)k; }
static void no_scalar(void *u, const weir_vnode *n, const uint8_t *p) {
    (void)u, (void)n, (void)p;
}

bool weir_variant_check(const weir_variant *v, weir_vfault *f) {
    static const visitor none = {no_node, no_key, no_scalar, no_node};
    return visit(v, 0, &none, NULL, f);
}

weir_rc weir_variant_bad(weir_ctx *ctx, const weir_vfault *f) {
    if (f->unknown < 0) return weir_fail(ctx, WEIR_E_MALFORMED_VARIANT, NULL);
    return weir_fail(ctx, WEIR_E_UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT, "id",
                     weir_printf(ctx->arena, "%d", f->unknown));
}

/* ---- text ---- */

typedef struct text {
    weir_str *o;
    size_t from;
    const weir_zone *zone;
} text;

static void put_comma(text *t) {
    char c = t->o->len > t->from ? t->o->p[t->o->len - 1] : '[';
    if (c != '[' && c != '{' && c != ':') weir_str_putc(t->o, ',');
}

static void put_real(weir_str *o, double v, bool single) {
    char t[32];
    int n = single ? weir_float_text((float)v, t) : weir_double_text(v, t);
    weir_str_printf(o, isfinite(v) ? "%.*s" : "\"%.*s\"", n, t);
}

static void put_time(const text *t, const weir_vnode *n) {
    char s[WEIR_TIME_TEXT];
    bool zoned = n->kind == WEIR_V_TIMESTAMP;
    int len = n->kind == WEIR_V_DATE ? weir_date_text((int32_t)n->i, s)
              : zoned                ? weir_timestamp_text(n->i, t->zone, s)
                                     : weir_ntz_text(n->i, s);
    weir_str_printf(t->o, "\"%.*s", len, s);
    if (zoned) {
        int32_t off = weir_zone_offset(t->zone, weir_floor_div(n->i, 1000000)),
                sec = off < 0 ? -off : off;
        weir_str_printf(t->o, "%c%02d:%02d", off < 0 ? '-' : '+', sec / 3600, sec / 60 % 60);
        if (sec % 60) weir_str_printf(t->o, ":%02d", sec % 60);
    }
    weir_str_putc(t->o, '"');
}

static void put_uuid(weir_str *o, const char *p) {
    weir_str_putc(o, '"');
    for (int i = 0; i < UUID_BYTES; i++)
        weir_str_printf(o, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                        (unsigned char)p[i]);
    weir_str_putc(o, '"');
}

static void text_scalar(void *u, const weir_vnode *n, const uint8_t *bytes) {
    text *t = u;
    char s[64];
    (void)bytes;
    put_comma(t);
    switch (n->kind) {
    case WEIR_V_BOOLEAN: weir_str_puts(t->o, n->i ? "true" : "false"); return;
    case WEIR_V_LONG: weir_str_printf(t->o, "%lld", (long long)n->i); return;
    case WEIR_V_DOUBLE:
    case WEIR_V_FLOAT: put_real(t->o, n->d, n->kind == WEIR_V_FLOAT); return;
    case WEIR_V_DECIMAL: weir_str_add(t->o, s, (size_t)weir_dec_text(n->dec, n->scale, s)); return;
    case WEIR_V_DATE:
    case WEIR_V_TIMESTAMP:
    case WEIR_V_TIMESTAMP_NTZ: put_time(t, n); return;
    case WEIR_V_BINARY:
        weir_str_putc(t->o, '"');
        weir_base64(t->o, n->bytes);
        weir_str_putc(t->o, '"');
        return;
    case WEIR_V_STRING: weir_json_escape(t->o, n->bytes.p, (size_t)n->bytes.len); return;
    case WEIR_V_UUID: put_uuid(t->o, n->bytes.p); return;
    default: weir_str_puts(t->o, "null"); return;
    }
}

static void text_begin(void *u, const weir_vnode *n) {
    put_comma(u);
    weir_str_putc(((text *)u)->o, n->kind == WEIR_V_ARRAY ? '[' : '{');
}
static void text_end(void *u, const weir_vnode *n) {
    weir_str_putc(((text *)u)->o, n->kind == WEIR_V_ARRAY ? ']' : '}');
}
static void text_key(void *u, weir_bytes k) {
    text *t = u;
    put_comma(t);
    weir_json_escape(t->o, k.p, (size_t)k.len);
    weir_str_putc(t->o, ':');
}

bool weir_variant_json(const weir_variant *v, uint32_t at, const weir_zone *zone, weir_str *out,
                       weir_vfault *f) {
    static const visitor to = {text_begin, text_key, text_scalar, text_end};
    text t = {out, out->len, zone};
    return visit(v, at, &to, &t, f);
}

/* ---- copies ---- */

typedef struct copy {
    weir_vbuild *b;
    bool twice;
} copy;

static void copy_begin(void *u, const weir_vnode *n) {
    weir_vbuild_open(((copy *)u)->b, n->kind == WEIR_V_ARRAY);
}
static void copy_key(void *u, weir_bytes k) {
    weir_vbuild_key(((copy *)u)->b, k.p, (size_t)k.len);
}
static void copy_scalar(void *u, const weir_vnode *n, const uint8_t *bytes) {
    weir_vbuild_raw(((copy *)u)->b, bytes, n->size);
}
static void copy_end(void *u, const weir_vnode *n) {
    (void)n;
    copy *c = u;
    c->twice |= !weir_vbuild_close(c->b);
}

bool weir_vbuild_copy(weir_vbuild *b, const weir_variant *v, uint32_t at, weir_vfault *f) {
    static const visitor to = {copy_begin, copy_key, copy_scalar, copy_end};
    copy c = {b, false};
    return visit(v, at, &to, &c, f) && !c.twice;
}
