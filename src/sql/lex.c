/* Text to tokens, and the small steps of the parser over them. */
#include "sql/lex.h"

#include "base/utf8.h"

#include <ctype.h>
#include <strings.h>

/* MAX_DEPTH: how deep the parser calls itself. */
enum { MAX_TOKENS = 1 << 20, MAX_DEPTH = 1000 };

static bool word_start(unsigned char c) { return isalpha(c) || c == '_' || c >= 0x80; }
static bool word_part(unsigned char c) { return isalnum(c) || c == '_' || c >= 0x80; }

/* Steps over blanks and comments; false: an unclosed bracketed comment. */
static bool skip_blank(const char *s, int32_t *at) {
    int32_t i = *at;
    for (;;) {
        while (s[i] && isspace((unsigned char)s[i])) i++;
        if (s[i] == '-' && s[i + 1] == '-') {
            while (s[i] && s[i] != '\n') i++;
        } else if (s[i] == '/' && s[i + 1] == '*') {
            int depth = 1;
            for (i += 2; s[i] && depth; i++) {
                if (s[i] == '*' && s[i + 1] == '/')
                    depth--, i++;
                else if (s[i] == '/' && s[i + 1] == '*')
                    depth++, i++;
            }
            if (depth) return false;
        } else {
            break;
        }
    }
    *at = i;
    return true;
}

static bool hex_value(const char *s, int n, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (!isxdigit((unsigned char)s[i])) return false;
        *out = *out << 4 |
               (uint32_t)(isdigit((unsigned char)s[i]) ? s[i] - '0' : (s[i] | 32) - 'a' + 10);
    }
    return true;
}

/* SPARK ParserUtils.unescapeSQLString */
static int32_t escape(const char *s, char *o, size_t *n) {
    uint32_t c;
    switch (s[0]) {
    case '0':
        if (s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7') break;
        o[(*n)++] = 0;
        return 1;
    case 'b': o[(*n)++] = '\b'; return 1;
    case 'n': o[(*n)++] = '\n'; return 1;
    case 'r': o[(*n)++] = '\r'; return 1;
    case 't': o[(*n)++] = '\t'; return 1;
    case 'Z': o[(*n)++] = 0x1A; return 1;
    case '%':
    case '_':
        o[(*n)++] = '\\';
        o[(*n)++] = s[0];
        return 1;
    case 'u':
        if (hex_value(s + 1, 4, &c)) {
            *n += weir_utf8_put(o + *n, c);
            return 5;
        }
        break;
    case 'U':
        if (hex_value(s + 1, 8, &c)) {
            *n += weir_utf8_put(o + *n, c);
            return 9;
        }
        break;
    default: break;
    }
    if (s[0] >= '0' && s[0] <= '1' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7') {
        *n += weir_utf8_put(o + *n, (uint32_t)((s[0] - '0') * 64 + (s[1] - '0') * 8 + s[2] - '0'));
        return 3;
    }
    o[(*n)++] = s[0];
    return s[0] ? 1 : 0;
}

/* Where the text that starts after the quotation mark at s[at] ends; 0: nowhere. */
static int32_t closing(const char *s, int32_t at, bool escapes, bool doubles) {
    char q = s[at];
    for (int32_t i = at + 1; s[i]; i++) {
        bool two = (escapes && s[i] == '\\') || (doubles && s[i] == q && s[i + 1] == q);
        if (!two && s[i] == q) return i;
        if (two && !s[++i]) return 0;
    }
    return 0;
}

static bool lex_string(weir_ctx *ctx, const char *s, int32_t *at, weir_token *t, bool raw) {
    char q = s[*at];
    int32_t i = *at + 1, end = closing(s, *at, !raw, !raw);
    size_t n = 0;
    if (!end) return false;
    char *o = weir_alloc(ctx->arena, (size_t)(end - i) + 8);
    for (; s[i]; i++) {
        if (s[i] == q && s[i + 1] == q && !raw) {
            o[n++] = q;
            i++;
        } else if (s[i] == q) {
            t->kind = WEIR_TK_STRING;
            t->text = o;
            t->len = weir_utf8_join(o, n, NULL);
            *at = i + 1;
            return true;
        } else if (s[i] == '\\' && !raw) {
            i += escape(s + i + 1, o, &n);
        } else {
            o[n++] = s[i];
        }
    }
    return false;
}

static bool lex_quoted(weir_ctx *ctx, const char *s, int32_t *at, weir_token *t) {
    int32_t i = *at + 1, end = closing(s, *at, false, true);
    size_t n = 0;
    if (!end) return false;
    char *o = weir_alloc(ctx->arena, (size_t)(end - i) + 1);
    for (; s[i]; i++) {
        if (s[i] == '`' && s[i + 1] != '`') {
            t->kind = WEIR_TK_QUOTED;
            t->text = o;
            t->len = n;
            *at = i + 1;
            return true;
        }
        if (s[i] == '`') i++;
        o[n++] = s[i];
    }
    return false;
}

static void lex_number(const char *s, int32_t *at) {
    int32_t i = *at;
    while (isdigit((unsigned char)s[i])) i++;
    if (s[i] == '.' && !(s[i + 1] == '.')) {
        i++;
        while (isdigit((unsigned char)s[i])) i++;
    }
    if ((s[i] == 'e' || s[i] == 'E') &&
        (isdigit((unsigned char)s[i + 1]) ||
         ((s[i + 1] == '+' || s[i + 1] == '-') && isdigit((unsigned char)s[i + 2])))) {
        i += 2;
        while (isdigit((unsigned char)s[i])) i++;
    }
    if (strchr("LlSsYyDdFf", s[i]) && s[i] && !word_part((unsigned char)s[i + 1]))
        i++;
    else if ((s[i] == 'B' || s[i] == 'b') && (s[i + 1] == 'D' || s[i + 1] == 'd') &&
             !word_part((unsigned char)s[i + 2]))
        i += 2;
    *at = i;
}

static bool lex_one(weir_ctx *ctx, const char *s, int32_t *at, weir_token *t) {
    static const char *const ops[] = {
        "<=>", "->", "=>", "::", "||", "<=", ">=", "<>", "!=", "==", ">>", "<<"};
    int32_t i = *at;
    t->start = i;
    if ((s[i] == 'r' || s[i] == 'R') && (s[i + 1] == '\'' || s[i + 1] == '"')) {
        *at = i + 1;
        return lex_string(ctx, s, at, t, true);
    }
    if (s[i] == '\'' || s[i] == '"') return lex_string(ctx, s, at, t, false);
    if (s[i] == '`') return lex_quoted(ctx, s, at, t);
    if (word_start((unsigned char)s[i])) {
        while (word_part((unsigned char)s[i])) i++;
        t->kind = WEIR_TK_WORD;
    } else if (isdigit((unsigned char)s[i]) || (s[i] == '.' && isdigit((unsigned char)s[i + 1]))) {
        lex_number(s, &i);
        int32_t digits = (int32_t)strspn(s + *at, "0123456789");
        if (word_part((unsigned char)s[i]) && s[*at + digits] == '.') { /* 1.a: 1, a dot */
            i = *at + (digits ? digits : 1);
            t->kind = digits ? WEIR_TK_NUMBER : WEIR_TK_OP;
        } else if (word_part((unsigned char)s[i])) { /* 1st: an identifier may start with a digit */
            while (word_part((unsigned char)s[i])) i++;
            t->kind = WEIR_TK_WORD;
        } else {
            t->kind = WEIR_TK_NUMBER;
        }
    } else {
        t->kind = WEIR_TK_OP;
        i++;
        for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
            if (strncmp(s + *at, ops[k], strlen(ops[k])) == 0) {
                i = *at + (int32_t)strlen(ops[k]);
                break;
            }
    }
    t->text = weir_strndup(ctx->arena, s + *at, (size_t)(i - *at));
    t->len = (size_t)(i - *at);
    *at = i;
    return true;
}

static weir_rc bad_word(weir_parser *, const weir_token *);

/* What a joined text of that length has room for. */
static size_t joined_room(size_t len) {
    size_t room = 64;
    while (room < len + 1) room *= 2;
    return room;
}

/* SPARK: texts beside each other are one. */
static void join_strings(weir_ctx *ctx, weir_parser *p) {
    weir_token *t = p->ntok > 1 ? &p->tok[p->ntok - 2] : NULL;
    if (!t || t->kind != WEIR_TK_STRING || t[1].kind != WEIR_TK_STRING) return;
    size_t len = t->len + t[1].len, room = joined_room(len);
    char *both = (char *)(uintptr_t)t->text;
    if (!t->joined || room > joined_room(t->len)) {
        both = weir_alloc(ctx->arena, room);
        memcpy(both, t->text, t->len);
    }
    memcpy(both + t->len, t[1].text, t[1].len);
    t->text = both;
    t->len = len;
    t->stop = t[1].stop;
    t->joined = true;
    p->ntok--;
    t[1] = (weir_token){0};
}

static bool ascii(const weir_token *t) {
    for (size_t i = 0; i < t->len; i++)
        if ((unsigned char)t->text[i] >= 0x80) return false;
    return true;
}

weir_rc weir_lex(weir_ctx *ctx, const char *text, weir_parser *p) {
    int32_t at = 0, cap = 64;
    *p = (weir_parser){.ctx = ctx, .src = text, .tok = WEIR_NEWN(ctx->arena, weir_token, cap)};
    if (strlen(text) > 64u << 20)
        return weir_fail(ctx, WEIR_E_INVALID_SQL_SYNTAX, "message",
                         "the statement is longer than 64 MiB.");
    for (;;) {
        if (!skip_blank(text, &at))
            return weir_fail(ctx, WEIR_E_UNCLOSED_BRACKETED_COMMENT, NULL, NULL);
        if (p->ntok == cap) {
            weir_token *v = WEIR_NEWN(ctx->arena, weir_token, cap * 2);
            memcpy(v, p->tok, sizeof *v * (size_t)cap);
            p->tok = v;
            cap *= 2;
        }
        weir_token *t = &p->tok[p->ntok++];
        t->start = at;
        bool ok = !text[at] || lex_one(ctx, text, &at, t);
        t->stop = at;
        if (!ok) {
            *t = (weir_token){.kind = WEIR_TK_BAD,
                              .text = weir_strndup(ctx->arena, text + t->start, 1),
                              .len = 1,
                              .start = t->start,
                              .stop = t->start + 1};
            p->at = p->ntok - 1;
            return weir_syntax_error(p);
        }
        if (t->kind == WEIR_TK_END) return WEIR_OK;
        if (t->kind == WEIR_TK_WORD && !ascii(t)) return bad_word(p, t);
        join_strings(ctx, p);
        if (p->ntok > MAX_TOKENS)
            return weir_fail(ctx, WEIR_E_INVALID_SQL_SYNTAX, "message",
                             "the statement has more than a million words.");
    }
}

const weir_token *weir_tk(const weir_parser *p, int ahead) {
    int32_t i = p->at + ahead;
    return &p->tok[i < p->ntok ? i : p->ntok - 1];
}

bool weir_tk_is_at(const weir_parser *p, int ahead, const char *w) {
    const weir_token *t = weir_tk(p, ahead);
    return (t->kind == WEIR_TK_WORD || t->kind == WEIR_TK_OP) && strcasecmp(t->text, w) == 0;
}

bool weir_tk_is(const weir_parser *p, const char *w) { return weir_tk_is_at(p, 0, w); }

bool weir_tk_take(weir_parser *p, const char *w) {
    if (!weir_tk_is(p, w)) return false;
    p->at++;
    return true;
}

bool weir_tk_take2(weir_parser *p, const char *a, const char *b) {
    if (!weir_tk_is(p, a) || !weir_tk_is_at(p, 1, b)) return false;
    p->at += 2;
    return true;
}

bool weir_tk_orders(const weir_parser *p) {
    bool word = weir_tk_is(p, "sort") || weir_tk_is(p, "cluster") || weir_tk_is(p, "distribute");
    return word && weir_tk_is_at(p, 1, "by"); /* alone they are names */
}

weir_rc weir_tk_need(weir_parser *p, const char *w) {
    return weir_tk_take(p, w) ? WEIR_OK : weir_syntax_error(p);
}

weir_rc weir_tk_ident(weir_parser *p, const char **name) {
    const weir_token *t = weir_tk(p, 0);
    if (t->kind != WEIR_TK_WORD && t->kind != WEIR_TK_QUOTED) return weir_syntax_error(p);
    *name = t->text;
    p->at++;
    return WEIR_OK;
}

weir_rc weir_tk_string(weir_parser *p, const char **text) {
    const weir_token *t = weir_tk(p, 0);
    if (t->kind != WEIR_TK_STRING) return weir_syntax_error(p);
    *text = t->text;
    p->at++;
    return WEIR_OK;
}

/* SPARK ParseException: the message ends with the place and the line with a pointer under it. */
static void point_at(weir_parser *p, int32_t offset) {
    int line = 1, col = 0;
    const char *s = p->src, *end = s + offset, *from = s;
    for (const char *c = s; c < end; c++)
        if (*c == '\n') line++, from = c + 1;
    col = (int)(end - from);
    weir_err *err = p->ctx->err;
    weir_str m;
    weir_str_init(&m, p->ctx->arena, 1 << 20);
    weir_str_printf(&m, "%s (line %d, pos %d)\n\n== SQL ==\n", err->msg, line, col);
    const char *eol = from + strcspn(from, "\n");
    weir_str_add(&m, s, (size_t)(eol - s) > 4096 ? 4096 : (size_t)(eol - s));
    weir_str_putc(&m, '\n');
    for (int i = 0; i < col; i++) weir_str_putc(&m, '-');
    weir_str_puts(&m, "^^^\n");
    weir_str_puts(&m, *eol ? eol + 1 : "");
    err->msg = weir_strndup(err->own, m.p, m.len);
}

/* SPARK PostProcessor.exitUnquotedIdentifier */
static weir_rc bad_word(weir_parser *p, const weir_token *t) {
    (void)weir_fail(p->ctx, WEIR_E_INVALID_IDENTIFIER, "ident", t->text);
    point_at(p, t->start);
    return WEIR_FAIL;
}

weir_rc weir_unquoted_minus(weir_parser *p, int32_t from) {
    weir_token all = *weir_tk(p, from - p->at);
    while (weir_tk_is(p, "-") && weir_tk(p, 1)->kind == WEIR_TK_WORD) p->at += 2;
    all.text = weir_strndup(p->ctx->arena, p->src + all.start,
                            (size_t)(weir_tk(p, -1)->stop - all.start));
    return bad_word(p, &all);
}

weir_rc weir_syntax_error(weir_parser *p) {
    const weir_token *t = weir_tk(p, 0);
    bool end = t->kind == WEIR_TK_END;
    if (p->ctx->err->rc != WEIR_OK) return WEIR_FAIL;
    const char *near =
        end ? "end of input"
            : weir_printf(p->ctx->arena, "'%.*s'", (int)(t->stop - t->start), p->src + t->start);
    (void)weir_fail(p->ctx, WEIR_E_PARSE_SYNTAX_ERROR, "error", near, "hint", "");
    point_at(p, t->start);
    return WEIR_FAIL;
}

weir_rc weir_sql_refuse(weir_parser *p, const char *feature) {
    (void)weir_fail(p->ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature", feature);
    weir_pos at = {weir_tk(p, 0)->start, weir_tk(p, 0)->stop, p->src};
    weir_err_where(p->ctx, &at);
    return WEIR_FAIL;
}

weir_pos weir_tk_pos(const weir_parser *p, int32_t from) {
    int32_t last = p->at > from ? p->at - 1 : from;
    return (weir_pos){p->tok[from].start, p->tok[last].stop, p->src};
}

weir_rc weir_parse_enter(weir_parser *p) {
    return ++p->depth > MAX_DEPTH ? weir_parse_too_complex(p, "1000 levels of nesting") : WEIR_OK;
}

weir_rc weir_parse_too_complex(weir_parser *p, const char *most) {
    return weir_fail(p->ctx, WEIR_E_FAILED_TO_PARSE_TOO_COMPLEX, "what",
                     weir_printf(p->ctx->arena, "at most %s", most));
}

weir_rc weir_parse_bounded(weir_parser *p, const weir_expr *e) {
    switch (weir_expr_bounded(e, WEIR_EXPR_DEPTH, WEIR_EXPR_NODES)) {
    case WEIR_TOO_DEEP:
        return weir_parse_too_complex(
            p, weir_printf(p->ctx->arena, "%d terms or calls on each other", WEIR_EXPR_DEPTH));
    case WEIR_TOO_MANY:
        return weir_parse_too_complex(
            p, weir_printf(p->ctx->arena, "%d parts of an expression", WEIR_EXPR_NODES));
    default: return WEIR_OK;
    }
}
