/* See token.h. KAFKA: the sub and exp claims are the default names of principal and end. */
#include "kafka/token.h"

#include "base/ctx.h"
#include "base/json.h"

#include <ctype.h>
#include <string.h>

enum { MAX_TOKEN = 1 << 16 };

static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

static bool decode(const char *p, size_t n, char *out, size_t *len) {
    unsigned bits = 0, have = 0;
    *len = 0;
    for (size_t i = 0; i < n && p[i] != '='; i++) {
        int d = digit(p[i]);
        if (d < 0) return false;
        bits = bits << 6 | (unsigned)d;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        out[(*len)++] = (char)(bits >> have);
    }
    return true;
}

bool weir_kafka_token_claims(weir_arena *a, const char *jwt, size_t len, const char **principal,
                             int64_t *expires_ms) {
    const char *first = memchr(jwt, '.', len), *second;
    size_t n;
    if (!first) return false;
    second = memchr(first + 1, '.', len - (size_t)(first + 1 - jwt));
    if (!second) return false;
    char *text = weir_alloc(a, (size_t)(second - first) + 1);
    if (!decode(first + 1, (size_t)(second - first - 1), text, &n)) return false;
    const weir_json *claims = weir_json_parse(a, text, n, NULL);
    *principal = weir_json_str(claims, "sub", NULL);
    int64_t exp = weir_json_int(claims, "exp", 0);
    *expires_ms = exp > 0 && exp < INT64_MAX / 1000 ? exp * 1000 : 0;
    return *principal && *expires_ms;
}

static const char *give(weir_ctx *ctx, rd_kafka_t *rk, const char *path, char *text512) {
    const char *principal = NULL;
    char *token = NULL;
    size_t len = 0;
    int64_t expires_ms = 0;
    if (weir_file_slurp(ctx, path, &token, &len) != WEIR_OK) return ctx->err->msg;
    while (len && isspace((unsigned char)token[len - 1])) token[--len] = 0;
    if (len > MAX_TOKEN ||
        !weir_kafka_token_claims(ctx->arena, token, len, &principal, &expires_ms))
        return "it holds no JSON web token with the claims sub and exp";
    if (rd_kafka_oauthbearer_set_token(rk, token, expires_ms, principal, NULL, 0, text512, 512) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return text512;
    return NULL;
}

void weir_kafka_token(rd_kafka_t *rk, const weir_kafka_settings *s) {
    weir_err err;
    char text[512] = "";
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL), .err = &err, .env = weir_env_real()};
    const char *why = give(&ctx, rk, s->token_file, text);
    if (why)
        rd_kafka_oauthbearer_set_token_failure(
            rk, weir_printf(ctx.arena, "the token in %s cannot be used: %s", s->token_file, why));
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
}
