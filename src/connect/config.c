/* Config: reading and setting the session's keys. SPARK SparkConnectConfigHandler. Called on
 * handler threads. */
#include "connect/connect.h"

#include "base/log.h"
#include "func/datetime.h"

typedef struct pairs {
    weir_arena *a;
    size_t n, cap;
    SC(KeyValue) * *v;
    const char *prefix;
    const weir_conf *conf;
    size_t nwarning;
    char **warning;
} pairs;

static void warn(pairs *p, char *text) {
    char **v = WEIR_NEWN(p->a, char *, p->nwarning + 1);
    if (p->nwarning) memcpy(v, p->warning, sizeof *v * p->nwarning);
    p->warning = v;
    p->warning[p->nwarning++] = text;
    weir_log(WEIR_LOG_WARN, "%s", text);
}

static void add(pairs *p, const char *key, const char *value) {
    if (p->n == p->cap) {
        SC(KeyValue) **v = WEIR_NEWN(p->a, SC(KeyValue) *, p->cap * 2 + 16);
        if (p->n) memcpy(v, p->v, sizeof *v * p->n);
        p->v = v;
        p->cap = p->cap * 2 + 16;
    }
    WEIR_MSG(KeyValue, key_value, kv, p->a);
    kv->key = weir_pb_text(weir_strdup(p->a, key));
    kv->value = value ? weir_strdup(p->a, value) : NULL;
    p->v[p->n++] = kv;
}

static void add_set(void *u, const char *key, const char *value) {
    pairs *p = u;
    size_t n = strlen(p->prefix);
    (void)value;
    if (strncmp(key, p->prefix, n) == 0) add(p, key + n, weir_conf_told(p->conf, key));
}

static weir_rc not_found(weir_ctx *ctx, const char *key) {
    return weir_fail(ctx, WEIR_E_SQL_CONF_NOT_FOUND, "sqlConf",
                     weir_printf(ctx->arena, "\"%s\"", key));
}

static weir_rc do_set(weir_ctx *ctx, weir_conf *c, const SC(ConfigRequest__Set) * s, pairs *out) {
    for (size_t i = 0; i < s->n_pairs; i++) {
        const char *k = weir_text(s->pairs[i]->key), *v = weir_text(s->pairs[i]->value);
        char *unused = weir_conf_unused(ctx->arena, c, k, v);
        weir_rc rc = weir_zone_check(ctx, k, v);
        if (rc == WEIR_OK) rc = (weir_rc)weir_conf_set(ctx, c, k, v);
        if (rc == WEIR_OK && unused) warn(out, unused);
        if (rc != WEIR_OK && !s->silent) return rc;
        if (rc != WEIR_OK) weir_err_clear(ctx->err);
        add(out, k, v);
    }
    return WEIR_OK;
}

static weir_rc do_get(weir_ctx *ctx, weir_conf *c, const SC(ConfigRequest__Get) * g, pairs *out) {
    for (size_t i = 0; i < g->n_keys; i++) {
        const char *v = weir_conf_told(c, weir_text(g->keys[i]));
        if (!v) return not_found(ctx, weir_text(g->keys[i]));
        add(out, g->keys[i], v);
    }
    return WEIR_OK;
}

static weir_rc do_unset(weir_ctx *ctx, weir_conf *c, const SC(ConfigRequest__Unset) * u,
                        pairs *out) {
    for (size_t i = 0; i < u->n_keys; i++) {
        const char *k = weir_text(u->keys[i]);
        if (weir_conf_known(k) && !weir_conf_modifiable(c, k))
            return weir_fail(ctx, WEIR_E_CANNOT_MODIFY_STATIC_CONFIG, "key",
                             weir_printf(ctx->arena, "\"%s\"", k));
        weir_conf_unset(c, k);
        add(out, k, NULL);
    }
    return WEIR_OK;
}

static weir_rc operate(weir_ctx *ctx, weir_conf *c, const SC(ConfigRequest__Operation) * o,
                       pairs *out) {
    switch (o ? o->op_type_case : 0) {
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_SET): return do_set(ctx, c, o->set, out);
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_GET): return do_get(ctx, c, o->get, out);
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_GET_WITH_DEFAULT):
        for (size_t i = 0; i < o->get_with_default->n_pairs; i++) {
            const SC(KeyValue) *p = o->get_with_default->pairs[i];
            const char *v = weir_conf_is_set(c, weir_text(p->key)) || !p->value
                                ? weir_conf_told(c, weir_text(p->key))
                                : NULL;
            add(out, weir_text(p->key), v ? v : p->value);
        }
        return WEIR_OK;
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_GET_OPTION):
        for (size_t i = 0; i < o->get_option->n_keys; i++)
            add(out, o->get_option->keys[i], weir_conf_told(c, o->get_option->keys[i]));
        return WEIR_OK;
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_GET_ALL):
        out->prefix = weir_text(o->get_all->prefix);
        out->conf = c;
        weir_conf_each(c, add_set, out);
        return WEIR_OK;
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_UNSET): return do_unset(ctx, c, o->unset, out);
    case SK(CONFIG_REQUEST__OPERATION__OP_TYPE_IS_MODIFIABLE):
        for (size_t i = 0; i < o->is_modifiable->n_keys; i++)
            add(out, o->is_modifiable->keys[i],
                weir_conf_modifiable(c, o->is_modifiable->keys[i]) ? "true" : "false");
        return WEIR_OK;
    default: return weir_tp_unsupported(ctx, "this configuration request", NULL);
    }
}

void weir_cn_config(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(ConfigRequest) *q = NULL;
    weir_cn_session *s = NULL;
    SC(ConfigResponse) a = SK(CONFIG_RESPONSE__INIT);
    pairs out = {.a = ctx->arena, .prefix = ""};
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    weir_rc rc = weir_pb_unpack(ctx, &spark__connect__config_request__descriptor, p, p ? n : 0, &q);
    if (rc == WEIR_OK)
        rc = weir_cn_session_get(ctx, server, q->user_context, q->session_id,
                                 q->client_observed_server_side_session_id, &s);
    if (rc == WEIR_OK) rc = operate(ctx, weir_session_conf(s->session), q->operation, &out);
    if (rc == WEIR_OK) {
        a.session_id = s->id;
        a.server_side_session_id = s->ssid;
        a.n_pairs = out.n;
        a.pairs = out.v;
        a.n_warnings = out.nwarning;
        a.warnings = out.warning;
        weir_cn_reply(rpc, ctx, &a.base);
    } else {
        weir_cn_fail(server, rpc, s, ctx->err);
    }
    if (s) weir_cn_session_unref(s);
}
