/* Events of XML by expat. See xml_scan.h. */
#include "codec/xml_scan.h"

#include <errno.h>
#include <expat.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>

enum {
    DEPTH = 1000,     /* WOODSTOX P_MAX_ELEMENT_DEPTH, P_MAX_ATTRIBUTES_PER_ELEMENT */
    ATTRIBUTES = 1000,
    PAGE = 128,       /* events read ahead */
    SLACK = 8,        /* expat may still call after it was told to stop */
    CHUNK = 64 << 10, /* bytes given to expat at a time */
};

typedef struct page {
    weir_arena *mem; /* what its events point to */
    int n;
    weir_xml_event event[PAGE + SLACK];
} page;

struct weir_xml_scan {
    XML_Parser parser;
    weir_arena *mem;
    const char *text; /* the whole, and the part of it that expat has had */
    size_t len, given, chunk;
    page *now, *other; /* events are taken from now; other still holds those before */
    int head;
    weir_str run; /* text so far */
    int64_t run_at;
    int depth;
    bool suspended, moved, declares; /* moved: the chunk has had a callback */
    weir_xml_kind end;               /* how the text ended, once it has */
    const char *why, *encoding;
    char message[160];
};

static void halt(weir_xml_scan *s, const char *why) {
    if (s->why) return;
    s->why = why;
    (void)XML_StopParser(s->parser, XML_FALSE);
}

static int64_t offset(const weir_xml_scan *s) {
    return (int64_t)XML_GetCurrentByteIndex(s->parser);
}

static weir_xml_event *push(weir_xml_scan *s, weir_xml_kind kind) {
    page *p = s->now;
    if (p->n >= PAGE + SLACK) return halt(s, "too many events at once"), NULL;
    weir_xml_event *e = &p->event[p->n++];
    *e = (weir_xml_event){.kind = kind, .at = offset(s)};
    if (p->n >= PAGE && !s->suspended)
        s->suspended = XML_StopParser(s->parser, XML_TRUE) == XML_STATUS_OK;
    return e;
}

static bool blank(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] > ' ') return false;
    return true;
}

static void end_run(weir_xml_scan *s) {
    s->moved = true;
    if (!s->run.len && !s->run.failed) return;
    if (s->run.failed) halt(s, "a text is longer than 1 GiB");
    weir_xml_event *e = push(s, WEIR_XML_TEXT);
    if (!e) return;
    e->text = weir_memdup(s->now->mem, s->run.p, s->run.len + 1);
    e->len = (int64_t)s->run.len;
    e->blank = blank(e->text, s->run.len);
    e->at = s->run_at;
    s->run.len = 0;
}

/* An entity of the text's own is used in the tag that begins here. Expat has put its value in. */
static bool uses_entity(const weir_xml_scan *s) {
    static const char *const known[] = {"lt;", "gt;", "amp;", "quot;", "apos;", "#"};
    size_t at = (size_t)offset(s), n = (size_t)XML_GetCurrentByteCount(s->parser);
    if (at > s->len || n > s->len - at) return true;
    const char *p = s->text + at, *end = p + n;
    if (n < 2 || p[0] != '<' || !p[1]) return true; /* not of one byte a character: be strict */
    while ((p = memchr(p, '&', (size_t)(end - p)))) {
        bool ok = false;
        p++;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ok |= (size_t)(end - p) > strlen(known[i]) &&
                  memcmp(p, known[i], strlen(known[i])) == 0;
        if (!ok) return true;
    }
    return false;
}

static void on_start(void *u, const XML_Char *name, const XML_Char **attr) {
    weir_xml_scan *s = u;
    end_run(s);
    int n = XML_GetSpecifiedAttributeCount(s->parser) / 2; /* not those that a DTD adds */
    if (++s->depth > DEPTH) halt(s, "elements are nested more than 1000 deep");
    if (n > ATTRIBUTES) halt(s, "an element has more than 1000 attributes");
    if (s->declares && n && uses_entity(s)) halt(s, "an attribute uses an entity");
    weir_xml_event *e = s->why ? NULL : push(s, WEIR_XML_START);
    if (!e) return;
    weir_arena *a = s->now->mem;
    weir_xml_attr *v = n ? WEIR_NEWN(a, weir_xml_attr, n) : NULL;
    for (int i = 0; i < n; i++)
        v[i] = (weir_xml_attr){weir_strdup(a, attr[2 * i]), weir_strdup(a, attr[2 * i + 1])};
    e->len = (int64_t)strlen(name);
    e->text = weir_memdup(a, name, (size_t)e->len + 1);
    e->attr = v;
    e->nattr = n;
}

static void on_end(void *u, const XML_Char *name) {
    weir_xml_scan *s = u;
    end_run(s);
    s->depth--;
    weir_xml_event *e = push(s, WEIR_XML_END);
    if (!e) return;
    e->len = (int64_t)strlen(name);
    e->text = weir_memdup(s->now->mem, name, (size_t)e->len + 1);
}

static void on_text(void *u, const XML_Char *p, int n) {
    weir_xml_scan *s = u;
    s->moved = true;
    if (!s->run.len) s->run_at = offset(s);
    weir_str_add(&s->run, p, (size_t)n);
}

static void on_comment(void *u, const XML_Char *text) {
    (void)text;
    end_run(u);
}
static void on_instruction(void *u, const XML_Char *target, const XML_Char *data) {
    (void)target, (void)data;
    end_run(u);
}
static void on_default(void *u, const XML_Char *p, int n) {
    (void)p, (void)n;
    ((weir_xml_scan *)u)->moved = true;
}
static void on_entity(void *u, const XML_Char *name, int is_parameter) {
    (void)name;
    if (!is_parameter) halt(u, "it uses an entity");
}
static int on_external(XML_Parser p, const XML_Char *context, const XML_Char *base,
                       const XML_Char *system, const XML_Char *public) {
    (void)context, (void)base, (void)system, (void)public;
    halt(XML_GetUserData(p), "it uses an entity");
    return XML_STATUS_ERROR;
}
static void on_declaration(void *u, const XML_Char *name, int is_parameter, const XML_Char *value,
                           int n, const XML_Char *base, const XML_Char *system,
                           const XML_Char *public, const XML_Char *notation) {
    (void)name, (void)base, (void)system, (void)public, (void)notation;
    ((weir_xml_scan *)u)->declares = true;
    /* expat limits how far entities grow; those made of others are not even begun with */
    if (!is_parameter && value && n > 0 && memchr(value, '&', (size_t)n))
        halt(u, "it declares an entity made of entities");
}

/* Encodings of one byte a character, by the C library's tables. */
static int on_encoding(void *u, const XML_Char *name, XML_Encoding *info) {
    weir_xml_scan *s = u;
    iconv_t cd = iconv_open("UTF-32LE", name);
    bool ok = cd != (iconv_t)-1;
    for (int i = 0; ok && i < 256; i++) {
        char in = (char)i, *from = &in;
        uint32_t c = 0;
        char *to = (char *)&c;
        size_t nin = 1, nout = sizeof c;
        (void)iconv(cd, NULL, NULL, NULL, NULL);
        bool none = iconv(cd, &from, &nin, &to, &nout) == (size_t)-1;
        info->map[i] = none ? -1 : (int)c;
        ok = (i >= 128 || info->map[i] == i) && c <= 0xffff && /* ASCII must be what it is */
             !(none && errno == EINVAL);                       /* the first of more bytes */
    }
    if (cd != (iconv_t)-1) iconv_close(cd);
    if (!ok) s->encoding = weir_strdup(s->mem, name);
    return ok ? XML_STATUS_OK : XML_STATUS_ERROR;
}

static void release(void *p) {
    weir_xml_scan *s = p;
    if (s->parser) XML_ParserFree(s->parser);
    weir_str_free(&s->run);
}

weir_xml_scan *weir_xml_scan_new(weir_arena *mem) {
    weir_xml_scan *s = WEIR_NEW(mem, weir_xml_scan);
    s->mem = mem;
    s->now = WEIR_NEW(mem, page);
    s->other = WEIR_NEW(mem, page);
    s->now->mem = weir_arena_new(mem);
    s->other->mem = weir_arena_new(mem);
    s->end = WEIR_XML_DONE;
    weir_str_init(&s->run, NULL, 1u << 30);
    weir_arena_defer(mem, release, s);
    return s;
}

static void set_up(weir_xml_scan *s) {
    XML_Parser p = s->parser;
    XML_SetUserData(p, s);
    XML_SetElementHandler(p, on_start, on_end);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetCommentHandler(p, on_comment);
    XML_SetProcessingInstructionHandler(p, on_instruction);
    XML_SetDefaultHandler(p, on_default); /* as opposed to ...Expand: entities are not put in */
    XML_SetSkippedEntityHandler(p, on_entity);
    XML_SetExternalEntityRefHandler(p, on_external);
    XML_SetEntityDeclHandler(p, on_declaration);
    XML_SetUnknownEncodingHandler(p, on_encoding, s);
    (void)XML_SetParamEntityParsing(p, XML_PARAM_ENTITY_PARSING_NEVER);
}

/* A text that begins with a byte order mark, or a declaration with an encoding. */
static bool says_encoding(const char *p, size_t n) {
    if (n >= 2 && (unsigned char)p[0] >= 0xef) return true;
    if (n < 6 || memcmp(p, "<?xml", 5) != 0) return n >= 2 && (!p[0] || !p[1]);
    const char *stop = memmem(p, n, "?>", 2);
    return stop && memmem(p, (size_t)(stop - p), "encoding", 8);
}

weir_rc weir_xml_open(weir_ctx *ctx, weir_xml_scan *s, const char *p, size_t n,
                      const char *encoding) {
    if (encoding && says_encoding(p, n)) encoding = NULL;
    if (!s->parser)
        s->parser = XML_ParserCreate(encoding);
    else if (!XML_ParserReset(s->parser, encoding))
        return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message", "the XML parser cannot be reset");
    if (!s->parser)
        return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message", "no memory for an XML parser");
    set_up(s);
    s->text = p;
    s->len = n;
    s->given = 0;
    s->chunk = CHUNK;
    s->now->n = s->other->n = s->head = s->depth = 0;
    s->run.len = 0;
    s->run.failed = s->suspended = s->declares = false;
    s->end = WEIR_XML_START; /* not over */
    s->why = s->encoding = NULL;
    return WEIR_OK;
}

/* ---- pulling ---- */

static void at_end(weir_xml_scan *s, weir_xml_kind kind) {
    s->end = kind;
    if (kind != WEIR_XML_DONE && !s->why)
        s->why = XML_ErrorString(XML_GetErrorCode(s->parser));
    if (kind == WEIR_XML_DONE) return;
    (void)snprintf(s->message, sizeof s->message, "%s, at line %lu, column %lu", s->why,
                   (unsigned long)XML_GetCurrentLineNumber(s->parser),
                   (unsigned long)XML_GetCurrentColumnNumber(s->parser) + 1);
    s->why = s->message;
}

static weir_xml_kind failed(const weir_xml_scan *s) {
    if (s->why) return WEIR_XML_BROKEN;
    switch (XML_GetErrorCode(s->parser)) {
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION: return WEIR_XML_CUT;
    default: return WEIR_XML_BROKEN;
    }
}

/* Gives expat the next piece. Pieces grow while they hold no whole token: what is scanned again
 * stays in proportion. */
static enum XML_Status feed(weir_xml_scan *s) {
    size_t left = s->len - s->given, n = left < s->chunk ? left : s->chunk;
    if (!n) return XML_Parse(s->parser, "", 0, XML_TRUE);
    void *to = XML_GetBuffer(s->parser, (int)n);
    if (!to) return XML_STATUS_ERROR;
    memcpy(to, s->text + s->given, n);
    s->given += n;
    s->moved = false;
    enum XML_Status st = XML_ParseBuffer(s->parser, (int)n, s->given == s->len);
    s->chunk = s->moved || s->chunk >= 1u << 28 ? CHUNK : s->chunk * 2;
    return st;
}

static void refill(weir_xml_scan *s) {
    page *p = s->other;
    s->other = s->now;
    s->now = p;
    weir_arena_reset(p->mem);
    p->n = s->head = 0;
    while (!p->n && s->end == WEIR_XML_START) {
        bool resumed = s->suspended;
        s->suspended = false;
        enum XML_Status st = resumed ? XML_ResumeParser(s->parser) : feed(s);
        if (st == XML_STATUS_ERROR || s->why)
            at_end(s, failed(s));
        else if (st == XML_STATUS_OK && s->given == s->len)
            at_end(s, WEIR_XML_DONE);
    }
    if (s->end != WEIR_XML_START) {
        p->event[p->n < PAGE + SLACK ? p->n++ : p->n - 1] =
            (weir_xml_event){.kind = s->end, .text = s->why ? s->why : "", .at = offset(s)};
    }
}

const weir_xml_event *weir_xml_peek(weir_xml_scan *s) {
    if (s->head == s->now->n) refill(s);
    return &s->now->event[s->head];
}

const weir_xml_event *weir_xml_next(weir_xml_scan *s) {
    const weir_xml_event *e = weir_xml_peek(s);
    if (!weir_xml_over(e)) s->head++;
    return e;
}

const char *weir_xml_why(const weir_xml_scan *s) { return s->why ? s->why : ""; }
const char *weir_xml_unknown_encoding(const weir_xml_scan *s) { return s->encoding; }
