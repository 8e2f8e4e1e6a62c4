/* Sessions by (user, session id): found, made, cloned, closed, expired. The table belongs to the
 * server and is guarded by its mu; a session is freed by whoever drops the last reference. Called
 * on handler threads and the sweeper. */
#include "base/mem.h"
#include "connect/connect.h"

static void closed_key(char *out, size_t size, const char *user, const char *id) {
    size_t n = 0;
    for (const char *p = id; *p && n + 2 < size; p++) out[n++] = *p;
    out[n++] = ' ';
    for (const char *p = user; *p && n + 1 < size; p++) out[n++] = *p;
    out[n] = 0;
}

static bool was_closed(const weir_cn_server *s, const char *user, const char *id) {
    char key[128];
    closed_key(key, sizeof key, user, id);
    for (int i = 0; i < WEIR_CN_CLOSED; i++)
        if (strcmp(s->closed[i].key, key) == 0) return true;
    return false;
}

static bool is_uuid(const char *s) {
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23,
             hex = (s[i] >= '0' && s[i] <= '9') || ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'f');
        if (dash ? s[i] != '-' : !hex) return false;
    }
    return s[36] == 0;
}

static weir_cn_session *find(weir_cn_server *s, const char *user, const char *id) {
    for (weir_cn_session *x = s->sessions; x; x = x->next)
        if (strcmp(x->id, id) == 0 && strcmp(x->user, user) == 0) return x;
    return NULL;
}

static weir_cn_session *make(weir_cn_server *s, const char *user, const char *id,
                             weir_session *session) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_cn_session *x = WEIR_NEW(mem, weir_cn_session);
    x->mem = mem;
    x->server = s;
    x->user = weir_strdup(mem, user);
    x->id = weir_strdup(mem, id);
    x->session = session;
    weir_uuid(s->shared.env, x->ssid);
    weir_mutex_init(&x->mu, WEIR_RANK_OPERATION);
    return x;
}

static void destroy(weir_cn_session *x) {
    weir_session_free(x->session);
    weir_cn_artifacts_free(x);
    weir_cn_levels_free(x);
    weir_mutex_free(&x->mu);
    weir_arena_free(x->mem);
}

/* The session in the table after adding x, unless another thread was faster. Referenced. */
static weir_cn_session *publish(weir_cn_server *s, weir_cn_session *x) {
    weir_lock(&s->mu);
    weir_cn_session *old = find(s, x->user, x->id);
    if (!old) {
        x->next = s->sessions;
        s->sessions = x;
        x->refs = 1;
    }
    weir_cn_session *y = old ? old : x;
    y->refs++;
    y->used_ms = weir_monotonic_us(s->shared.env) / 1000;
    weir_unlock(&s->mu);
    if (old) destroy(x);
    return y;
}

weir_rc weir_cn_session_get(weir_ctx *ctx, weir_cn_server *s, const SC(UserContext) * uc,
                            const char *id, const char *observed, weir_cn_session **out) {
    const char *user = uc ? weir_text(uc->user_id) : "";
    id = weir_text(id);
    if (!is_uuid(id)) return weir_fail(ctx, WEIR_E_HANDLE_FORMAT, "handle", id);
    weir_lock(&s->mu);
    bool gone = was_closed(s, user, id);
    weir_unlock(&s->mu);
    weir_cn_session *x = weir_cn_session_find(s, user, id);
    if (!x && gone) return weir_fail(ctx, WEIR_E_SESSION_CLOSED, "handle", id);
    if (!x && observed && *observed) return weir_fail(ctx, WEIR_E_SESSION_CHANGED, "handle", id);
    if (!x) x = publish(s, make(s, user, id, weir_session_new(&s->shared, user, id)));
    if (observed && *observed && strcmp(observed, x->ssid) != 0) {
        weir_cn_session_unref(x);
        return weir_fail(ctx, WEIR_E_SESSION_CHANGED, "handle", id);
    }
    *out = x;
    return WEIR_OK;
}

weir_cn_session *weir_cn_session_find(weir_cn_server *s, const char *user, const char *id) {
    weir_lock(&s->mu);
    weir_cn_session *x = find(s, user, id);
    if (x) {
        x->refs++;
        x->used_ms = weir_monotonic_us(s->shared.env) / 1000;
    }
    weir_unlock(&s->mu);
    return x;
}

void weir_cn_session_unref(weir_cn_session *x) {
    weir_cn_server *s = x->server;
    weir_lock(&s->mu);
    bool last = --x->refs == 0;
    weir_unlock(&s->mu);
    if (last) destroy(x);
}

void weir_cn_session_close(weir_cn_session *x) {
    weir_cn_server *s = x->server;
    weir_lock(&s->mu);
    weir_cn_session **p = &s->sessions;
    while (*p && *p != x) p = &(*p)->next;
    bool mine = *p == x;
    if (mine) {
        *p = x->next;
        x->closed = true;
        closed_key(s->closed[s->closed_next].key, sizeof s->closed[0].key, x->user, x->id);
        s->closed_next = (s->closed_next + 1) % WEIR_CN_CLOSED;
    }
    weir_unlock(&s->mu);
    if (!mine) return;
    for (;;) {
        weir_lock(&x->mu);
        weir_cn_op *o = x->ops;
        if (o) {
            weir_lock(&o->mu);
            o->refs++;
            weir_unlock(&o->mu);
        }
        weir_unlock(&x->mu);
        if (!o) break;
        weir_cn_op_drop(o);
        weir_cn_op_unref(o);
    }
    weir_cn_session_unref(x);
}

weir_rc weir_cn_session_clone(weir_ctx *ctx, weir_cn_session *from, const char *new_id,
                              weir_cn_session **out) {
    weir_cn_server *s = from->server;
    char fresh[37];
    if (!new_id || !*new_id) {
        weir_uuid(s->shared.env, fresh);
        new_id = fresh;
    }
    if (!is_uuid(new_id)) return weir_fail(ctx, WEIR_E_HANDLE_FORMAT, "handle", new_id);
    weir_lock(&s->mu);
    bool taken = find(s, from->user, new_id) != NULL || was_closed(s, from->user, new_id);
    weir_unlock(&s->mu);
    if (taken) return weir_fail(ctx, WEIR_E_CLONE_TARGET_EXISTS, "targetSessionId", new_id);
    *out = publish(s, make(s, from->user, new_id, weir_session_clone(from->session, new_id)));
    return WEIR_OK;
}

/* Running operations and streaming queries count as use. */
static bool busy(weir_cn_session *x) {
    weir_lock(&x->mu);
    bool ops = x->ops != NULL;
    weir_unlock(&x->mu);
    if (ops) return true;
    return weir_query_any_active(weir_session_queries(x->session));
}

static void sweep_one(weir_cn_server *s, weir_cn_session *x, int64_t now_ms) {
    int64_t limit =
        weir_conf_ms(s->shared.conf, "spark.connect.session.manager.defaultSessionTimeout");
    weir_cn_ops_sweep(x, now_ms);
    bool used = busy(x);
    weir_lock(&s->mu);
    if (used || x->pinned) x->used_ms = now_ms;
    bool old = limit > 0 && now_ms - x->used_ms > limit;
    weir_unlock(&s->mu);
    if (old) weir_cn_session_close(x);
    weir_cn_session_unref(x);
}

weir_cn_session **weir_cn_sessions(weir_cn_server *s, int *n) {
    weir_cn_session **list;
    *n = 0;
    weir_lock(&s->mu);
    for (weir_cn_session *x = s->sessions; x; x = x->next) ++*n;
    list = weir_mem_resize(NULL, sizeof(*list) * (size_t)*n);
    *n = 0;
    for (weir_cn_session *x = s->sessions; x; x = x->next) {
        x->refs++;
        list[(*n)++] = x;
    }
    weir_unlock(&s->mu);
    return list;
}

void weir_cn_sweep(weir_cn_server *s) {
    int n = 0;
    weir_cn_session **list = weir_cn_sessions(s, &n);
    int64_t now_ms = weir_monotonic_us(s->shared.env) / 1000;
    for (int i = 0; i < n; i++) sweep_one(s, list[i], now_ms);
    weir_mem_free(list);
    weir_cn_errors_sweep(s, false);
}

void weir_cn_sessions_close_all(weir_cn_server *s) {
    for (;;) {
        weir_lock(&s->mu);
        weir_cn_session *x = s->sessions;
        if (x) x->refs++;
        weir_unlock(&s->mu);
        if (!x) return;
        weir_cn_session_close(x);
        weir_cn_session_unref(x);
    }
}
