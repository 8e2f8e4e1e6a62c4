/* The table of options. See options.h. */
#include "base/options.h"

#include "base/log.h"
#include "base/uri.h"

#include <string.h>
#include <strings.h>

static const weir_option_row rows[] = {
#define O(group, name, use, takes, instead) {group, name, use, takes, instead},
#include "base/options.def"
#undef O
};
enum { NROW = sizeof rows / sizeof *rows };

const char *weir_option_get(const weir_options *o, const char *key) {
    for (int i = o->n; i-- > 0;)
        if (strcasecmp(o->opt[i].key, key) == 0) return o->opt[i].value;
    return NULL;
}

static bool is_named(const weir_option_row *r, const char *name) {
    size_t n = strlen(r->name);
    if (r->name[n - 1] == '*') return strncasecmp(r->name, name, n - 1) == 0;
    return strcasecmp(r->name, name) == 0;
}

static const weir_option_row *find_in(const char *group, size_t len, weir_option_use use,
                                      const char *name) {
    for (int i = 0; i < NROW; i++) {
        const weir_option_row *r = &rows[i];
        if (strlen(r->group) == len && memcmp(r->group, group, len) == 0 &&
            strchr(r->use, (int)use) && is_named(r, name))
            return r;
    }
    return NULL;
}

const weir_option_row *weir_option_find(const char *groups, weir_option_use use, const char *name) {
    for (const char *g = groups ? groups : ""; *g;) {
        size_t len = strcspn(g, " ");
        const weir_option_row *r = find_in(g, len, use, name);
        if (r) return r;
        g += len + strspn(g + len, " ");
    }
    return NULL;
}

static bool is_taken(const char *takes, const char *value) {
    size_t n = strlen(value);
    if (!takes) return true;
    if (!*takes || !n || strchr(value, '|')) return false;
    for (const char *p = takes; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && strncasecmp(p, value, n) == 0) return true;
        p += len + (p[len] == '|');
    }
    return false;
}

static weir_rc refuse(weir_ctx *ctx, const weir_option_row *r, const weir_option *o) {
    char *only = *r->takes ? weir_printf(ctx->arena, " with the value '%s'", o->value) : "";
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPTION, "option",
                     weir_printf(ctx->arena, "%s%s", o->key, only), "reason", r->instead);
}

static weir_rc check_one(weir_ctx *ctx, const char *groups, weir_option_use use, weir_option *o) {
    const weir_option_row *r = weir_option_find(groups, use, o->key);
    if (!r)
        weir_log(WEIR_LOG_WARN, "the option %s is not one of %s: it is ignored, as in Spark",
                 o->key, groups ? groups : "this format");
    else if (r->takes && strcmp(r->takes, "<path>") == 0)
        return weir_uri_local(ctx, o->value, NULL, &o->value);
    else if (!is_taken(r->takes, o->value))
        return refuse(ctx, r, o);
    return WEIR_OK;
}

weir_rc weir_options_check(weir_ctx *ctx, const char *groups, weir_option_use use,
                           const weir_options *given, weir_options *out) {
    weir_options in = *given;
    *out = (weir_options){0, WEIR_NEWN(ctx->arena, weir_option, in.n + 1)};
    for (int i = 0; i < in.n; i++) {
        weir_option o = in.opt[i];
        if (weir_option_get(&in, o.key) != o.value) continue; /* a later one counts */
        WEIR_TRY(check_one(ctx, groups, use, &o));
        out->opt[out->n++] = o;
    }
    return WEIR_OK;
}

void weir_option_each(void (*fn)(void *u, const weir_option_row *), void *u) {
    for (int i = 0; i < NROW; i++) fn(u, &rows[i]);
}
