/* See jaas.h. Thread: any. */
#include "kafka/jaas.h"

#include <string.h>
#include <strings.h>

enum { MAX_OPTIONS = 64 };

typedef struct reader {
    weir_ctx *ctx;
    const char *p;
    size_t len, at;
    const char *word; /* the token, when it is one */
    size_t word_at;
    char mark; /* '=' or ';', 'w' a word, 0 the end */
} reader;

static weir_rc bad(const reader *r, size_t at, const char *what) {
    return weir_fail(
        r->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(r->ctx->arena,
                    "Invalid value of the option 'kafka.sasl.jaas.config' at character %zu: %s. "
                    "Expected: <login module class> required <key>=\"<value>\" ...;",
                    at + 1, what));
}

static void skip_blank(reader *r) {
    while (r->at < r->len) {
        const char *c = r->p + r->at;
        size_t left = r->len - r->at;
        if ((unsigned char)*c <= ' ') {
            r->at++;
        } else if (left > 1 && c[0] == '/' && c[1] == '/') {
            while (r->at < r->len && r->p[r->at] != '\n') r->at++;
        } else if (left > 1 && c[0] == '/' && c[1] == '*') {
            const char *end = memmem(c + 2, left - 2, "*/", 2);
            r->at = end ? (size_t)(end - r->p) + 2 : r->len;
        } else {
            return;
        }
    }
}

static bool octal(char c) { return c >= '0' && c <= '7'; }

/* What stands behind a backslash; r->at is on it. */
static char escaped(reader *r) {
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    char c = r->p[r->at++];
    const char *known = c ? strchr(from, c) : NULL;
    if (known) return to[known - from];
    if (!octal(c)) return c;
    int v = c - '0', most = c <= '3' ? 2 : 1;
    for (; most > 0 && r->at < r->len && octal(r->p[r->at]); most--)
        v = v * 8 + (r->p[r->at++] - '0');
    return (char)v;
}

static weir_rc quoted(reader *r, char quote) {
    char *out = weir_alloc(r->ctx->arena, r->len - r->at + 1);
    size_t n = 0;
    r->at++;
    for (; r->at < r->len && r->p[r->at] != quote; n++) {
        char c = r->p[r->at++];
        if (c == '\n' || c == '\r') return bad(r, r->at - 1, "a quoted value is not closed");
        if (c == '\\' && r->at < r->len) c = escaped(r);
        out[n] = c;
    }
    if (r->at >= r->len) return bad(r, r->word_at, "a quoted value is not closed");
    if (memchr(out, 0, n)) return bad(r, r->word_at, "a value holds a zero byte");
    r->at++;
    r->word = out;
    return WEIR_OK;
}

static weir_rc next(reader *r) {
    skip_blank(r);
    r->word = NULL;
    r->word_at = r->at;
    r->mark = 0;
    if (r->at >= r->len) return WEIR_OK;
    char c = r->p[r->at];
    if (c == '=' || c == ';') {
        r->mark = c;
        r->at++;
        return WEIR_OK;
    }
    r->mark = 'w';
    if (c == '"' || c == '\'') return quoted(r, c);
    size_t from = r->at;
    while (r->at < r->len && (unsigned char)r->p[r->at] > ' ' && !strchr("=;\"'", r->p[r->at]))
        r->at++;
    r->word = weir_strndup(r->ctx->arena, r->p + from, r->at - from);
    return WEIR_OK;
}

static weir_rc options(reader *r, weir_jaas *out) {
    out->option = WEIR_NEWN(r->ctx->arena, weir_jaas_option, MAX_OPTIONS);
    for (;;) {
        WEIR_TRY(next(r));
        if (r->mark == ';') return WEIR_OK;
        if (r->mark == 0) return bad(r, r->at, "the login module does not end with ';'");
        if (r->mark != 'w') return bad(r, r->word_at, "an option has no name");
        if (out->n == MAX_OPTIONS) return bad(r, r->word_at, "there are more than 64 options");
        weir_jaas_option *o = &out->option[out->n++];
        o->key = r->word;
        WEIR_TRY(next(r));
        if (r->mark != '=') return bad(r, r->word_at, "no '=' follows an option's name");
        WEIR_TRY(next(r));
        if (r->mark != 'w') return bad(r, r->word_at, "an option has no value");
        o->value = r->word;
    }
}

weir_rc weir_jaas_parse(weir_ctx *ctx, const char *text, size_t len, weir_jaas *out) {
    static const char *const flags[] = {"required", "requisite", "sufficient", "optional"};
    reader r = {ctx, text, len, 0, NULL, 0, 0};
    bool known = false;
    *out = (weir_jaas){0};
    WEIR_TRY(next(&r));
    if (r.mark != 'w') return bad(&r, r.word_at, "it names no login module");
    const char *dot = strrchr(r.word, '.');
    out->module = dot ? dot + 1 : r.word;
    WEIR_TRY(next(&r));
    for (int i = 0; r.mark == 'w' && i < 4; i++) known |= strcasecmp(r.word, flags[i]) == 0;
    if (!known) return bad(&r, r.word_at, "'required' must follow the login module");
    WEIR_TRY(options(&r, out));
    WEIR_TRY(next(&r));
    if (r.mark) return bad(&r, r.word_at, "there is more than one login module");
    return WEIR_OK;
}

const char *weir_jaas_get(const weir_jaas *j, const char *key) {
    for (int i = 0; i < j->n; i++)
        if (strcmp(j->option[i].key, key) == 0) return j->option[i].value;
    return NULL;
}
