/* What clients may take from the server and from each other: open files, time, memory. Epoll
 * thread, unless said otherwise. */
#include "wire/inner.h"
#include "base/mem.h"

#include <sys/epoll.h>
#include <sys/resource.h>

int weir_max_conns(void) {
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return 256;
    rlim_t want = r.rlim_max == RLIM_INFINITY || r.rlim_max > 65536 ? 65536 : r.rlim_max;
    if (r.rlim_cur < want) {
        r.rlim_cur = want;
        if (setrlimit(RLIMIT_NOFILE, &r) != 0) (void)getrlimit(RLIMIT_NOFILE, &r);
    }
    rlim_t half = r.rlim_cur / 2; /* the other half is for queries */
    return half > 4096 ? 4096 : half < 16 ? 16 : (int)half;
}

void weir_accept_pause(weir_server *s, bool pause) {
    if (s->paused == pause || s->listen_fd < 0) return;
    s->paused = pause;
    struct epoll_event e = {.events = pause ? 0 : EPOLLIN, .data.ptr = &s->listen_fd};
    epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &e);
}

bool weir_make_room(weir_server *s) {
    conn *oldest = NULL;
    for (conn *c = s->conns; c; c = c->next)
        if (!c->useful && !c->dead && (!oldest || c->born_ms < oldest->born_ms)) oldest = c;
    if (oldest) weir_conn_dead(oldest);
    return oldest != NULL;
}

/* ---- memory: any thread, mu held ---- */

void weir_hold_anyway(weir_rpc *r, size_t bytes) {
    r->held_bytes += bytes;
    r->server->held_bytes += bytes;
}

bool weir_hold(weir_rpc *r, size_t bytes) {
    weir_server *s = r->server;
    size_t most = s->cfg.max_held_bytes, mine = bytes;
    if (s->held_bytes + bytes > most) return false;
    if (s->held_bytes + bytes > most / 2 && r->c) { /* no connection has more than half */
        for (weir_rpc *x = r->c->streams; x; x = x->next) mine += x->held_bytes;
        if (mine > most / 2) return false;
    }
    weir_hold_anyway(r, bytes);
    return true;
}

void weir_let_go(weir_rpc *r, size_t bytes) {
    r->held_bytes -= bytes;
    r->server->held_bytes -= bytes;
}

/* ---- time ---- */

/* Whether bytes have come too slowly since a time. */
static bool too_slow(const weir_server *s, int64_t waited_ms, size_t bytes) {
    int64_t more_ms = waited_ms - s->cfg.request_ms;
    return more_ms > 0 && (int64_t)bytes < more_ms * BODY_RATE / 1000;
}

/* The client's own deadline: whoever works for the call sees that it is cancelled. */
static void expire(weir_rpc *r) {
    weir_lock(&r->server->mu);
    if (!r->ended) {
        r->late = r->ended = r->closed = true;
        r->status = WEIR_GRPC_DEADLINE_EXCEEDED;
        r->message = weir_mem_strdup("Deadline Exceeded");
        weir_cond_wake_all(&r->cond);
        weir_rpc_poke(r);
    }
    weir_unlock(&r->server->mu);
}

static void sweep_call(weir_rpc *r, int64_t now) {
    conn *c = r->c;
    int64_t age = now - r->born_ms;
    if (!r->headers_done) {
        if (age > c->server->cfg.request_ms) weir_conn_dead(c);
        return;
    }
    if (r->timeout_ms >= 0 && age > r->timeout_ms) {
        if (r->started)
            expire(r);
        else
            weir_refuse(r, WEIR_GRPC_DEADLINE_EXCEEDED, "Deadline Exceeded");
        return;
    }
    weir_lock(&r->server->mu);
    bool whole = r->in_end, waits = !r->in && !r->ended;
    weir_unlock(&r->server->mu);
    if (whole || !waits || !too_slow(r->server, age, r->body_bytes)) return;
    if (!r->started)
        weir_refuse(r, WEIR_GRPC_DEADLINE_EXCEEDED, "the request did not arrive in time");
    else if (now - c->heard_ms > r->server->cfg.request_ms)
        expire(r); /* an upload may pause, but not for ever */
}

static void sweep_conn(conn *c, int64_t now) {
    const weir_server_config *cfg = &c->server->cfg;
    if (!c->useful && !c->nstream && now - c->born_ms > cfg->request_ms) return weir_conn_dead(c);
    for (weir_rpc *r = c->streams, *next; r && !c->dead; r = next) {
        next = r->next;
        sweep_call(r, now);
    }
    int64_t silent = now - c->heard_ms;
    if (silent > cfg->keepalive_ms + cfg->request_ms) return weir_conn_dead(c);
    if (silent > cfg->keepalive_ms && !c->pinged && !c->dead) {
        c->pinged = true;
        nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
        weir_conn_ready(c, false);
    }
}

/* Three quarters of the memory are held: the largest answer that nobody reads goes. */
static void drop_stuck(weir_server *s, int64_t now) {
    weir_rpc *worst = NULL;
    weir_lock(&s->mu);
    bool full = s->held_bytes > s->cfg.max_held_bytes / 4 * 3;
    for (conn *c = full ? s->conns : NULL; c; c = c->next)
        for (weir_rpc *r = c->streams; r; r = r->next)
            if (r->out_bytes && now - r->read_ms > s->cfg.request_ms &&
                (!worst || r->out_bytes > worst->out_bytes))
                worst = r;
    weir_unlock(&s->mu);
    if (!worst) return;
    conn *c = worst->c;
    nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, worst->id, NGHTTP2_ENHANCE_YOUR_CALM);
    weir_conn_ready(c, false);
}

void weir_sweep(weir_server *s, int64_t now) {
    if (now - s->swept_ms >= SWEEP_MS) {
        s->swept_ms = now;
        for (conn *c = s->conns; c; c = c->next)
            if (!c->dead) sweep_conn(c, now);
        drop_stuck(s, now);
        s->any_dead = true; /* whoever died without a word */
    }
    if (!s->any_dead) return;
    s->any_dead = false;
    for (conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        if (c->dead) weir_conn_free(c);
    }
    if (s->nconn < s->max_conns) weir_accept_pause(s, false);
}
