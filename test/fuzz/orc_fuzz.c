/* libFuzzer: the input is an ORC file, which is read as its own schema says, and as texts. */
#include "codec/schema_ddl.h"
#include "fuzz.h"
#include "orc/orc.h"
#include "sql/sql.h"

enum { MOST_BATCHES = 4 }; /* a footer may promise any number of rows */

static weir_rc read_as(weir_ctx *ctx, weir_orc_reader *r, weir_schema *want) {
    weir_batch b;
    bool eof = false;
    WEIR_TRY(weir_orc_select(ctx, r, want, NULL));
    for (int i = 0; i < MOST_BATCHES; i++) {
        WEIR_TRY(weir_orc_next(ctx, r, &b, &eof));
        if (eof) break;
        for (int k = 0; k < want->nfield; k++) weir_assert(b.col[k].len == b.len);
    }
    return WEIR_OK;
}

static weir_schema *as_texts(weir_arena *a, const weir_schema *s) {
    weir_field *f = WEIR_NEWN(a, weir_field, s->nfield + 1);
    for (int i = 0; i < s->nfield; i++) {
        f[i] = s->field[i];
        if (!f[i].type->nfield) f[i].type = &weir_t_string;
    }
    return weir_type_struct(a, f, s->nfield);
}

static weir_rc read_file(weir_ctx *ctx, const char *path, bool texts) {
    weir_orc_reader *r = NULL;
    weir_schema *s = NULL;
    WEIR_TRY(weir_orc_open(ctx, path, "f.orc", &r));
    weir_rc rc = weir_orc_schema(ctx, r, &s);
    if (rc == WEIR_OK) rc = read_as(ctx, r, texts ? as_texts(ctx->arena, s) : s);
    weir_orc_close(r);
    return rc;
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    const char *dir = fuzz_dir("orc");
    weir_ddl_register(weir_sql_parse_type, weir_sql_parse_schema);
    fuzz_file(dir, "f.orc", text, len);
    const char *path = weir_printf(ctx->arena, "%s/f.orc", dir);
    for (int i = 0; i < 2; i++) {
        weir_rc rc = read_file(ctx, path, i > 0);
        weir_assert((rc == WEIR_OK) == (ctx->err->rc == WEIR_OK));
        weir_err_clear(ctx->err);
        weir_err_init(ctx->err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
