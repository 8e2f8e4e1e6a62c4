/* Globs over paths: ? * [abc] [a-z] [^a] {ab,cd{e,f}} and \ as Hadoop has them: a * stays within
 * one name, a hidden name matches like any other. SPARK SparkHadoopUtil.globPath, Hadoop
 * GlobPattern, GlobExpander. Analysis and query threads. */
#include "source/glob.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

bool weir_glob_is(const char *path) { return strpbrk(path, "*?[]{}\\") != NULL; }

/* The end of the braces, or of the class, that p is at; NULL: not closed. */
static const char *closing(const char *p) {
    int level = 0;
    if (*p == '[') {
        for (p += 1 + (p[1] == '^' || p[1] == '!'), p += *p == ']'; *p && *p != ']'; p++)
            p += *p == '\\' && p[1];
        return *p ? p : NULL;
    }
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if ((level += (*p == '{') - (*p == '}')) == 0)
            return p;
    }
    return NULL;
}

/* Calls each with the pattern once per alternative of the braces at open, until it says true. */
typedef bool weir_glob_fn(weir_arena *, const char *pattern, void *u);
static bool alternatives(weir_arena *a, const char *pattern, const char *open, const char *close,
                         weir_glob_fn *each, void *u) {
    const char *from = open + 1;
    int level = 0;
    for (const char *p = from; p <= close; p++) {
        if (*p == '\\' && p < close) {
            p++;
            continue;
        }
        level += *p == '{';
        if (p == close || (*p == ',' && !level)) {
            if (each(a,
                     weir_printf(a, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)(p - from),
                                 from, close + 1),
                     u))
                return true;
            from = p + 1;
        }
        level -= *p == '}' && level;
    }
    return false;
}

static bool in_class(const char *p, const char *close, uint32_t c) {
    bool not = p[1] == '^' || p[1] == '!', in = false;
    for (p += 1 + not; p < close;) {
        p += *p == '\\' && p + 1 < close;
        uint32_t lo = weir_utf8_get(&p), hi = lo;
        if (*p == '-' && p + 1 < close) {
            p++;
            p += *p == '\\' && p + 1 < close;
            hi = weir_utf8_get(&p);
        }
        in |= c >= lo && c <= hi;
    }
    return in != not;
}

static bool matches(weir_arena *, const char *p, const char *s);
static bool matches_alternative(weir_arena *a, const char *p, void *s) { return matches(a, p, s); }

static bool matches(weir_arena *a, const char *p, const char *s) {
    for (; *p; p++) {
        const char *close = *p == '{' || *p == '[' ? closing(p) : NULL;
        if (*p == '*') {
            for (;; s++) {
                if (matches(a, p + 1, s)) return true;
                if (!*s || *s == '/') return false;
            }
        }
        if (*p == '{' && close)
            return alternatives(a, p, p, close, matches_alternative, (void *)(uintptr_t)s);
        if (!*s) return false;
        if (*p == '?' || (*p == '[' && close)) {
            if (*s == '/') return false;
            uint32_t c = weir_utf8_get(&s);
            if (close && !in_class(p, close, c)) return false;
            if (close) p = close;
            continue;
        }
        if (*p == '\\' && p[1]) p++;
        if (*p != *s++) return false;
    }
    return !*s;
}

bool weir_glob_match(const char *pattern, const char *path) {
    weir_arena *a = weir_arena_new(NULL);
    bool yes = matches(a, pattern, path);
    weir_arena_free(a);
    return yes;
}

static weir_rc illegal(weir_ctx *ctx, const char *what, size_t at, const char *pattern) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_FILE_PATTERN, "reason",
                     weir_printf(ctx->arena, "error parsing regexp: %s at pos %zu: `%s`", what, at,
                                 pattern));
}

/* SPARK org.apache.hadoop.fs.GlobPattern.set */
weir_rc weir_glob_check(weir_ctx *ctx, const char *pattern) {
    int groups = 0;
    bool set = false;
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && !*++p)
            return illegal(ctx, "Missing escaped character", strlen(pattern), pattern);
        if (p > pattern && p[-1] == '\\') continue;
        if (*p == '[' && set)
            return illegal(ctx, "Unclosed character class", (size_t)(p - pattern), pattern);
        set = *p == '[' || (set && *p != ']');
        groups += (*p == '{') - (*p == '}' && groups);
    }
    if (set) return illegal(ctx, "Unclosed character class", strlen(pattern), pattern);
    return groups ? illegal(ctx, "Unclosed group", strlen(pattern), pattern) : WEIR_OK;
}

/* ---- paths ---- */

typedef struct found {
    weir_ctx *ctx;
    const char **v;
    int64_t n, cap;
    weir_rc rc;
} found;

static void keep(found *f, const char *path) {
    if (f->n == f->cap) {
        int64_t cap = f->cap ? f->cap * 2 : 16;
        const char **v = WEIR_NEWN(f->ctx->arena, const char *, cap);
        if (f->n) memcpy(v, f->v, sizeof *v * (size_t)f->n);
        f->v = v;
        f->cap = cap;
    }
    f->v[f->n++] = path;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_wild(const char *p) {
    for (; *p; p++) {
        if (strchr("*?[{", *p)) return true;
        p += *p == '\\' && p[1];
    }
    return false;
}

static char *plain(weir_arena *a, const char *p, size_t n) { /* without its backslashes */
    char *o = weir_alloc(a, n + 1), *q = o;
    for (size_t i = 0; i < n; i++) {
        i += p[i] == '\\' && i + 1 < n;
        *q++ = p[i];
    }
    return o;
}

/* Paths below those of from whose next name is as the pattern's part of n bytes. */
static weir_rc step(weir_ctx *ctx, const found *from, const char *part, size_t n, bool last,
                    found *to) {
    const char *pattern = weir_strndup(ctx->arena, part, n);
    bool many = has_wild(pattern);
    WEIR_TRY(weir_glob_check(ctx, pattern));
    for (int64_t i = 0; i < from->n; i++) {
        weir_dirent *e = NULL;
        weir_stat st;
        int64_t ne = 0, first = to->n;
        if (!many) {
            char *path = weir_printf(ctx->arena, "%s/%s", from->v[i], plain(ctx->arena, part, n));
            WEIR_TRY(weir_path_stat(ctx, path, &st));
            if (st.exists && (last || st.is_dir)) keep(to, path);
            continue;
        }
        WEIR_TRY(weir_path_list(ctx, *from->v[i] ? from->v[i] : "/", false, &e, &ne));
        for (int64_t k = 0; k < ne; k++)
            if ((last || e[k].is_dir) && weir_glob_match(pattern, e[k].name))
                keep(to, weir_printf(ctx->arena, "%s/%s", from->v[i], e[k].name));
        if (to->n > first) qsort(to->v + first, (size_t)(to->n - first), sizeof *to->v, by_name);
    }
    return WEIR_OK;
}

/* The paths of a pattern whose braces hold no slash. */
static weir_rc expand(weir_ctx *ctx, const char *pattern, found *out) {
    found at = {.ctx = ctx};
    keep(&at, "");
    for (const char *p = pattern + strspn(pattern, "/"); *p;) {
        size_t n = strcspn(p, "/");
        const char *rest = p + n + strspn(p + n, "/");
        found next = {.ctx = ctx};
        WEIR_TRY(step(ctx, &at, p, n, !*rest, &next));
        at = next;
        p = rest;
    }
    for (int64_t i = 0; i < at.n; i++) keep(out, at.v[i]);
    return WEIR_OK;
}

static bool split_slashes(weir_arena *a, const char *pattern, void *u) {
    found *f = u;
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            continue;
        }
        const char *close = *p == '{' ? closing(p) : NULL;
        if (!close) continue;
        if (memchr(p, '/', (size_t)(close - p)))
            return alternatives(a, pattern, p, close, split_slashes, u);
        p = close;
    }
    f->rc = expand(f->ctx, pattern, f);
    return f->rc != WEIR_OK;
}

weir_rc weir_glob(weir_ctx *ctx, const char *pattern, const char ***out, int64_t *n) {
    found f = {.ctx = ctx};
    (void)split_slashes(ctx->arena, pattern, &f);
    *out = f.v;
    *n = f.n;
    return f.rc;
}
