/* weir checkpoint inspect | rollback | repair DIR. Exit codes: 0 it is well (or done), 1 it is not,
 * 2 the command cannot be understood. */
#include "app/app.h"
#include "base/uri.h"
#include "inspect/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *what, *dir, *sink;
    bool json, apply, to_given;
    int64_t to;
} options;

static int fail(const char *message, const char *arg) {
    fprintf(stderr, "weir checkpoint: %s%s%s\n", message, arg ? " " : "", arg ? arg : "");
    return 2;
}

static int read_to(options *o, const char *v) {
    char *end;
    o->to = v ? strtoll(v, &end, 10) : 0;
    if (!v || end == v || *end || o->to < 0)
        return fail("--to needs the number of a batch, not", v ? v : "nothing");
    o->to_given = true;
    return 0;
}

static int check(const options *o) {
    bool inspect = strcmp(o->what, "inspect") == 0, rollback = strcmp(o->what, "rollback") == 0;
    if (!inspect && !rollback && strcmp(o->what, "repair") != 0)
        return *o->what ? fail("inspect, rollback or repair? Not", o->what)
                        : fail("inspect, rollback or repair?", NULL);
    if (!o->dir) return fail("which folder?", NULL);
    if (o->sink && !*o->sink) return fail("--sink needs a folder, or none", NULL);
    if (inspect && o->apply) return fail("inspect changes nothing: --apply is not for it", NULL);
    if (rollback != o->to_given)
        return fail(rollback ? "to which batch? rollback DIR --to N" : "--to is for rollback",
                    NULL);
    return 0;
}

static int parse(options *o, int argc, char **argv) {
    o->what = argc > 1 ? argv[1] : "";
    for (int i = 2; i < argc; i++) {
        int rc = 0;
        if (strcmp(argv[i], "--json") == 0)
            o->json = true;
        else if (strcmp(argv[i], "--apply") == 0)
            o->apply = true;
        else if (strcmp(argv[i], "--to") == 0)
            rc = read_to(o, argv[++i]);
        else if (strcmp(argv[i], "--sink") == 0)
            o->sink = i + 1 < argc ? argv[++i] : "";
        else if (argv[i][0] == '-')
            rc = fail("unknown option", argv[i]);
        else if (o->dir)
            rc = fail("one folder at a time:", argv[i]);
        else
            o->dir = argv[i];
        if (rc) return rc;
    }
    return check(o);
}

static weir_rc change(weir_ctx *ctx, const options *o, const weir_ck *c, weir_str *out) {
    weir_ck_plan plan;
    weir_ck *after = NULL;
    const char *kept = NULL;
    WEIR_TRY(o->to_given ? weir_ck_plan_rollback(ctx, c, o->to, &plan, &after)
                         : weir_ck_plan_repair(ctx, c, &plan, &after));
    if (o->apply && plan.n) WEIR_TRY(weir_ck_apply(ctx, c, &plan, &kept));
    (o->json ? weir_ck_plan_json : weir_ck_plan_text)(ctx, after, &plan, kept, out);
    return WEIR_OK;
}

static weir_rc look(weir_ctx *ctx, const options *o, const char *dir, bool locked, weir_ck **c) {
    weir_ck in = {.locked = locked};
    WEIR_TRY(weir_ck_read(ctx, dir, &in, c));
    if (!o->sink) return WEIR_OK;
    in.id = (*c)->id;
    WEIR_TRY(weir_ck_sink(ctx, &in, o->sink));
    return weir_ck_read(ctx, dir, &in, c);
}

static weir_rc work(weir_ctx *ctx, options *o, weir_file **lock, weir_str *out, bool *well) {
    const char *dir;
    weir_ck *c = NULL;
    bool inspect = strcmp(o->what, "inspect") == 0;
    WEIR_TRY(weir_uri_local(ctx, o->dir, NULL, &dir));
    if (o->sink && strcmp(o->sink, "none") != 0)
        WEIR_TRY(weir_uri_local(ctx, o->sink, NULL, &o->sink));
    WEIR_TRY(look(ctx, o, dir, false, &c));
    *well = !c->stops;
    if (inspect) {
        (o->json ? weir_ck_json : weir_ck_text)(ctx, c, out);
        return WEIR_OK;
    }
    if (c->running)
        return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                         weir_printf(ctx->arena,
                                     "The query %s runs on %s (run %s). Stop it first",
                                     c->id ? c->id : "", dir, c->run_id));
    *well = true;
    if (!o->apply) return change(ctx, o, c, out);
    WEIR_TRY(weir_ck_lock(ctx, dir, lock));
    WEIR_TRY(look(ctx, o, dir, true, &c)); /* what it is now that nobody can change it */
    return change(ctx, o, c, out);
}

int weir_app_checkpoint(int argc, char **argv) {
    options o = {0};
    int rc = parse(&o, argc, argv);
    if (rc) return rc;
    bool well = false;
    weir_err err;
    weir_str out;
    weir_file *lock = NULL;
    weir_conf *conf = weir_conf_new(NULL);
    weir_err_init(&err);
    weir_ctx ctx = {
        .arena = weir_arena_new(NULL), .err = &err, .conf = conf, .env = weir_env_real()};
    weir_str_init(&out, ctx.arena, 1u << 30);
    if (work(&ctx, &o, &lock, &out, &well) != WEIR_OK) {
        fprintf(stderr, "weir checkpoint %s: %s\n", o.what, err.msg);
        well = false;
    } else if (out.p) {
        fputs(out.p, stdout);
    }
    weir_file_drop(lock);
    weir_arena_free(ctx.arena);
    weir_conf_free(conf);
    weir_err_clear(&err);
    return well ? 0 : 1;
}
