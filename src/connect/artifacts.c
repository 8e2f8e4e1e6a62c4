/* Artifacts that clients upload: cached data of local relations, and what is for Python workers
 * (files.c). Small ones stay in memory, large ones go to a file in the server's scratch directory.
 * Guarded by the session's mu. Called on handler and operation threads. */
#include "base/mem.h"
#include "connect/connect.h"

#include <zlib.h>

/* Small ones stay in memory, while they are not many. */
enum { IN_MEMORY_BYTES = 1 << 20, IN_MEMORY_COUNT = 64 };

static weir_rc too_much(weir_ctx *ctx, const char *key) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                     weir_printf(ctx->arena,
                                 "The artifacts would be more than %s (%s) allows; close sessions "
                                 "to free theirs.",
                                 key, weir_conf_get(ctx->conf, key)));
}

weir_rc weir_cn_artifacts_reserve(weir_ctx *ctx, weir_cn_session *s, int64_t bytes, int64_t count) {
    static const char most_bytes[] = "spark.weir.artifacts.maxBytes",
                      most_count[] = "spark.weir.artifacts.maxCount",
                      server_bytes[] = "spark.weir.artifacts.maxServerBytes";
    const weir_conf *c = s->server->shared.conf;
    weir_ctx own = *ctx;
    own.conf = c;
    weir_lock(&s->mu);
    bool fits = s->artifact_bytes + bytes <= weir_conf_bytes(c, most_bytes),
         few = s->artifact_count + count <= weir_conf_int(c, most_count);
    if (fits && few) {
        s->artifact_bytes += bytes;
        s->artifact_count += count;
    }
    weir_unlock(&s->mu);
    if (!fits || !few) return too_much(&own, fits ? most_count : most_bytes);
    int64_t all = atomic_fetch_add(&s->server->artifact_bytes, bytes) + bytes;
    if (all <= weir_conf_bytes(c, server_bytes)) return WEIR_OK;
    weir_cn_artifacts_release(s, bytes, count);
    return too_much(&own, server_bytes);
}

void weir_cn_artifacts_release(weir_cn_session *s, int64_t bytes, int64_t count) {
    weir_lock(&s->mu);
    s->artifact_bytes -= bytes;
    s->artifact_count -= count;
    weir_unlock(&s->mu);
    atomic_fetch_sub(&s->server->artifact_bytes, bytes);
}

int64_t weir_cn_artifacts_room(weir_cn_session *s) {
    const weir_conf *c = s->server->shared.conf;
    weir_lock(&s->mu);
    int64_t mine = weir_conf_bytes(c, "spark.weir.artifacts.maxBytes") - s->artifact_bytes;
    weir_unlock(&s->mu);
    int64_t all = weir_conf_bytes(c, "spark.weir.artifacts.maxServerBytes") -
                  atomic_load(&s->server->artifact_bytes);
    return mine < all ? mine : all;
}

static void discard(weir_ctx *ctx, weir_cn_artifact *a) {
    weir_err quiet; /* the failure that led here is what counts */
    weir_ctx c = *ctx;
    weir_err_init(&quiet);
    c.err = &quiet;
    if (a->out) weir_file_drop(a->out);
    if (a->file) (void)weir_path_remove(&c, a->file);
    weir_err_clear(&quiet);
    if (a->of) weir_cn_artifacts_release(a->of, (int64_t)a->n + a->unpacked, 1);
    weir_mem_free(a->p);
    weir_arena_free(a->mem);
}

void weir_cn_artifacts_free(weir_cn_session *s) {
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL),
                    .err = &err,
                    .env = s->server->shared.env,
                    .conf = s->server->shared.conf};
    while (s->artifacts) {
        weir_cn_artifact *a = s->artifacts;
        s->artifacts = a->next;
        discard(&ctx, a);
    }
    weir_cn_files_remove(&ctx, s);
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
}

weir_cn_artifact *weir_cn_artifact_find(const weir_cn_session *s, const char *name) {
    weir_cn_artifact *a = s->artifacts;
    while (a && strcmp(a->name, name) != 0) a = a->next;
    return a;
}

static weir_rc begin(weir_ctx *ctx, weir_cn_session *s, const char *name, weir_cn_artifact **out) {
    WEIR_TRY(weir_cn_artifacts_reserve(ctx, s, 0, 1));
    weir_arena *mem = weir_arena_new(NULL);
    weir_cn_artifact *a = WEIR_NEW(mem, weir_cn_artifact);
    a->mem = mem;
    a->name = weir_strdup(mem, name);
    a->of = s;
    *out = a;
    return WEIR_OK;
}

static weir_rc to_file(weir_ctx *ctx, weir_cn_server *server, weir_cn_artifact *a) {
    char id[37];
    weir_uuid(ctx->env, id);
    WEIR_TRY(weir_cn_scratch(ctx, server));
    a->file = weir_printf(a->mem, "%s/%s", server->run_dir, id);
    WEIR_TRY(weir_file_create(ctx, a->file, true, &a->out));
    WEIR_TRY(weir_file_write(ctx, a->out, a->p, a->n));
    weir_mem_free(a->p);
    a->p = NULL;
    return WEIR_OK;
}

static weir_rc add_chunk(weir_ctx *ctx, weir_cn_server *server, weir_cn_artifact *a,
                         const SC(AddArtifactsRequest__ArtifactChunk) * c) {
    if (!c) return WEIR_OK;
    if ((int64_t)crc32(0, c->data.data, (uInt)c->data.len) != c->crc) a->damaged = true;
    a->chunks_left--;
    weir_lock(&a->of->mu);
    bool small = a->n + c->data.len <= IN_MEMORY_BYTES && a->of->artifact_count <= IN_MEMORY_COUNT;
    weir_unlock(&a->of->mu);
    WEIR_TRY(weir_cn_artifacts_reserve(ctx, a->of, (int64_t)c->data.len, 0));
    a->n += c->data.len; /* counted, whatever comes */
    if (!a->file && !small) {
        a->n -= c->data.len;
        weir_rc rc = to_file(ctx, server, a);
        a->n += c->data.len;
        if (rc != WEIR_OK) return rc;
    }
    if (a->file) {
        WEIR_TRY(weir_file_write(ctx, a->out, c->data.data, c->data.len));
    } else {
        a->p = weir_mem_resize(a->p, a->n + 1);
        if (c->data.len) memcpy(a->p + a->n - c->data.len, c->data.data, c->data.len);
    }
    return WEIR_OK;
}

typedef struct upload {
    weir_ctx *ctx;
    weir_cn_server *server;
    weir_cn_session *session;
    weir_cn_artifact *open; /* chunks are arriving */
    size_t n, cap;
    SC(AddArtifactsResponse__ArtifactSummary) * *summary;
} upload;

static void summarize(upload *u, const char *name, bool ok) {
    if (u->n == u->cap) {
        SC(AddArtifactsResponse__ArtifactSummary) **v =
            WEIR_NEWN(u->ctx->arena, SC(AddArtifactsResponse__ArtifactSummary) *, u->cap * 2 + 16);
        if (u->n) memcpy(v, u->summary, sizeof *v * u->n);
        u->summary = v;
        u->cap = u->cap * 2 + 16;
    }
    WEIR_MSG(AddArtifactsResponse__ArtifactSummary, add_artifacts_response__artifact_summary, s,
             u->ctx->arena);
    s->name = weir_strdup(u->ctx->arena, name);
    s->has_is_crc_successful = true;
    s->is_crc_successful = ok;
    u->summary[u->n++] = s;
}

static weir_rc end_file(weir_ctx *ctx, weir_cn_artifact *a) {
    weir_file *f = a->out;
    a->out = NULL;
    return f ? weir_file_close(ctx, f) : WEIR_OK;
}

/* What is for workers gets its place; *again: it is there already. */
static weir_rc place(upload *u, weir_cn_artifact *a, bool *again) {
    *again = false;
    if (!a->damaged && weir_cn_files_wants(a->name) && !a->file)
        WEIR_TRY(to_file(u->ctx, u->server, a));
    WEIR_TRY(end_file(u->ctx, a));
    return a->damaged ? WEIR_OK : weir_cn_files_add(u->ctx, u->session, a, again);
}

/* The upload is whole: into the session's list, unless damaged. Takes a. */
static weir_rc finish(upload *u, weir_cn_artifact *a) {
    weir_cn_session *s = u->session;
    bool again = false;
    weir_rc rc = place(u, a, &again);
    if (rc != WEIR_OK) {
        discard(u->ctx, a);
        return rc;
    }
    summarize(u, a->name, !a->damaged);
    weir_lock(&s->mu);
    bool keep = !a->damaged && !again && !weir_cn_artifact_find(s, a->name);
    if (keep) {
        a->next = s->artifacts;
        s->artifacts = a;
    }
    weir_unlock(&s->mu);
    if (!keep) discard(u->ctx, a);
    return WEIR_OK;
}

static weir_rc check_name(weir_ctx *ctx, const char *name) {
    bool bad = !name || !*name || *name == '/' || strstr(name, "..") || strlen(name) > 1024;
    return bad ? weir_fail(ctx, WEIR_E_INVALID_ARTIFACT_PATH, "name", weir_text(name)) : WEIR_OK;
}

static weir_rc take_message(upload *u, const SC(AddArtifactsRequest) * q) {
    switch (q->payload_case) {
    case SK(ADD_ARTIFACTS_REQUEST__PAYLOAD_BATCH):
        for (size_t i = 0; i < q->batch->n_artifacts; i++) {
            const SC(AddArtifactsRequest__SingleChunkArtifact) *x = q->batch->artifacts[i];
            WEIR_TRY(check_name(u->ctx, x->name));
            weir_cn_artifact *a = NULL;
            WEIR_TRY(begin(u->ctx, u->session, x->name, &a));
            weir_rc rc = add_chunk(u->ctx, u->server, a, x->data);
            if (rc != WEIR_OK) {
                discard(u->ctx, a);
                return rc;
            }
            WEIR_TRY(finish(u, a));
        }
        return WEIR_OK;
    case SK(ADD_ARTIFACTS_REQUEST__PAYLOAD_BEGIN_CHUNK):
        WEIR_TRY(check_name(u->ctx, q->begin_chunk->name));
        if (u->open)
            return weir_fail(u->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             "A new artifact begins before the last one is whole.");
        WEIR_TRY(begin(u->ctx, u->session, q->begin_chunk->name, &u->open));
        u->open->chunks_left = q->begin_chunk->num_chunks;
        u->open->expected = q->begin_chunk->total_bytes;
        WEIR_TRY(add_chunk(u->ctx, u->server, u->open, q->begin_chunk->initial_chunk));
        break;
    case SK(ADD_ARTIFACTS_REQUEST__PAYLOAD_CHUNK):
        if (!u->open)
            return weir_fail(u->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "A chunk of no artifact.");
        if ((int64_t)(u->open->n + q->chunk->data.len) > u->open->expected)
            return weir_fail(u->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             "An artifact has more bytes than were announced.");
        WEIR_TRY(add_chunk(u->ctx, u->server, u->open, q->chunk));
        break;
    default: return WEIR_OK;
    }
    if (u->open->chunks_left > 0) return WEIR_OK;
    weir_cn_artifact *a = u->open;
    u->open = NULL;
    if ((int64_t)a->n != a->expected) a->damaged = true;
    return finish(u, a);
}

static weir_rc take_all(upload *u, weir_rpc *rpc) {
    size_t n = 0;
    weir_ctx c = *u->ctx;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = WEIR_OK;
    for (const uint8_t *p; rc == WEIR_OK && (p = weir_rpc_next(rpc, &n)) != NULL;
         weir_arena_reset(c.arena)) {
        SC(AddArtifactsRequest) *q = NULL;
        rc = weir_pb_unpack(&c, &spark__connect__add_artifacts_request__descriptor, p, n, &q);
        if (rc == WEIR_OK && !u->session)
            rc = weir_cn_session_get(u->ctx, u->server, q->user_context, q->session_id,
                                     q->client_observed_server_side_session_id, &u->session);
        if (rc == WEIR_OK) rc = take_message(u, q);
    }
    weir_arena_free(c.arena);
    if (rc == WEIR_OK && !u->session)
        rc = weir_fail(u->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "The request has no message.");
    if (rc == WEIR_OK && u->open) summarize(u, u->open->name, false);
    return rc;
}

void weir_cn_add_artifacts(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    upload u = {.ctx = ctx, .server = server};
    SC(AddArtifactsResponse) a = SK(ADD_ARTIFACTS_RESPONSE__INIT);
    weir_rc rc = take_all(&u, rpc);
    if (u.open) discard(ctx, u.open);
    if (rc == WEIR_OK) {
        a.session_id = u.session->id;
        a.server_side_session_id = u.session->ssid;
        a.artifacts = u.summary;
        a.n_artifacts = u.n;
        weir_cn_reply(rpc, ctx, &a.base);
    } else {
        weir_cn_fail(server, rpc, u.session, ctx->err);
    }
    if (u.session) weir_cn_session_unref(u.session);
}

void weir_cn_artifact_status(weir_cn_server *server, weir_rpc *rpc, weir_ctx *ctx) {
    SC(ArtifactStatusesRequest) *q = NULL;
    SC(ArtifactStatusesResponse) a = SK(ARTIFACT_STATUSES_RESPONSE__INIT);
    weir_cn_session *s = NULL;
    size_t n = 0;
    const uint8_t *p = weir_rpc_next(rpc, &n);
    weir_rc rc = weir_pb_unpack(ctx, &spark__connect__artifact_statuses_request__descriptor, p,
                                p ? n : 0, &q);
    if (rc == WEIR_OK)
        rc = weir_cn_session_get(ctx, server, q->user_context, q->session_id,
                                 q->client_observed_server_side_session_id, &s);
    if (rc != WEIR_OK) {
        weir_cn_fail(server, rpc, s, ctx->err);
        return;
    }
    a.statuses =
        WEIR_NEWN(ctx->arena, SC(ArtifactStatusesResponse__StatusesEntry) *, q->n_names + 1);
    weir_lock(&s->mu);
    for (size_t i = 0; i < q->n_names; i++) {
        WEIR_MSG(ArtifactStatusesResponse__StatusesEntry,
                 artifact_statuses_response__statuses_entry, e, ctx->arena);
        WEIR_MSG(ArtifactStatusesResponse__ArtifactStatus,
                 artifact_statuses_response__artifact_status, x, ctx->arena);
        x->has_exists = true;
        x->exists = weir_cn_artifact_find(s, q->names[i]) != NULL;
        e->key = q->names[i];
        e->value = x;
        a.statuses[a.n_statuses++] = e;
    }
    weir_unlock(&s->mu);
    a.session_id = s->id;
    a.server_side_session_id = s->ssid;
    weir_cn_reply(rpc, ctx, &a.base);
    weir_cn_session_unref(s);
}

weir_rc weir_cn_artifact_read(weir_ctx *ctx, weir_cn_session *s, const char *hash, char **p,
                              size_t *n) {
    const char *file = NULL, *name = weir_printf(ctx->arena, "cache/%s", hash);
    *p = NULL;
    weir_lock(&s->mu);
    const weir_cn_artifact *a = weir_cn_artifact_find(s, name);
    if (a && a->file)
        file = weir_strdup(ctx->arena, a->file);
    else if (a) {
        *n = a->n;
        char *copy = weir_alloc(ctx->arena, a->n + 1);
        if (a->n) memcpy(copy, a->p, a->n);
        *p = copy;
    }
    weir_unlock(&s->mu);
    if (file) return weir_file_slurp(ctx, file, p, n);
    if (*p) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                     weir_printf(ctx->arena,
                                 "Not found any cached local relation with the hash: %s in the "
                                 "session with sessionUUID %s.",
                                 hash, s->id));
}
