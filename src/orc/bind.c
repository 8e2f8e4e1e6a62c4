/* Asked columns against those of an ORC file. SPARK OrcUtils.requestedColumnIds; ORC
 * SchemaEvolution.buildConversion. See bind.h. */
#include "orc/bind.h"

#include <strings.h>

typedef struct binding {
    const weir_orc_file *file;
    weir_arena *mem;
    bool exact; /* names: spark.sql.caseSensitive */
} binding;

static weir_rc refuse(const binding *b, const char *name, const weir_orc_type *t,
                      const weir_type *want) {
    weir_arena *a = b->file->ctx->arena;
    return weir_fail_read(
        b->file->ctx, WEIR_E_FAILED_READ_FILE, b->file->name,
        weir_printf(a, "ORC does not convert the column %s from its type in the file, %s, to %s",
                    name, weir_orc_text(a, t), weir_type_name(a, want)));
}

static bool name_fits(const binding *b, const char *x, const char *y) {
    return (b->exact ? strcmp : strcasecmp)(x, y) == 0;
}

static weir_rc bind_type(binding *b, const char *name, const weir_orc_type *t,
                         const weir_type *want, weir_orc_col *c);

/* Of fields with one name the last counts, as it does in ORC's own map of them. */
static weir_rc bind_fields(binding *b, const weir_orc_type *t, weir_orc_col *c) {
    c->form = WEIR_ORC_FIELDS;
    c->nkid = c->type->nfield;
    c->kid = WEIR_NEWN(b->mem, weir_orc_col, c->nkid + 1);
    for (int i = 0; i < c->nkid; i++) {
        const weir_field *f = &c->type->field[i];
        const char *name = weir_printf(b->mem, "%s.%s", c->name, f->name);
        int at = -1;
        for (int k = 0; k < t->nkid; k++)
            if (name_fits(b, t->name[k], f->name)) at = k;
        c->kid[i] = (weir_orc_col){.type = f->type, .name = name};
        if (at >= 0) WEIR_TRY(bind_type(b, name, t->kid[at], f->type, &c->kid[i]));
    }
    return WEIR_OK;
}

static weir_rc bind_items(binding *b, const weir_orc_type *t, weir_orc_col *c) {
    static const char *const part[] = {"element", "key", "value"};
    c->form = WEIR_ORC_ITEMS;
    c->nkid = c->type->nfield;
    c->kid = WEIR_NEWN(b->mem, weir_orc_col, c->nkid);
    for (int i = 0; i < c->nkid; i++)
        WEIR_TRY(bind_type(b, weir_printf(b->mem, "%s.%s", c->name, part[c->nkid - 1 + i]),
                           t->kid[i], c->type->field[i].type, &c->kid[i]));
    return WEIR_OK;
}

static weir_rc bind_type(binding *b, const char *name, const weir_orc_type *t,
                         const weir_type *want, weir_orc_col *c) {
    *c = (weir_orc_col){.type = want, .from = t, .name = name};
    if (t->kind == WEIR_ORC_STRUCT && want->kind == WEIR_T_STRUCT) return bind_fields(b, t, c);
    if ((t->kind == WEIR_ORC_LIST && want->kind == WEIR_T_ARRAY) ||
        (t->kind == WEIR_ORC_MAP && want->kind == WEIR_T_MAP))
        return bind_items(b, t, c);
    c->form = WEIR_ORC_LEAF;
    c->how = weir_orc_conversion_find(t, want);
    return c->how ? WEIR_OK : refuse(b, name, t, want);
}

/* HIVE before 4243 wrote no names, but _col0, _col1. */
static bool has_names(const weir_orc_type *root) {
    for (int i = 0; i < root->nkid; i++)
        if (strncmp(root->name[i], "_col", 4) != 0) return true;
    return false;
}

static weir_rc find_column(const binding *b, const weir_orc_type *root, const char *name, int *at) {
    const char *all = NULL;
    int found = 0;
    *at = -1;
    for (int i = 0; i < root->nkid; i++) {
        if (!name_fits(b, root->name[i], name)) continue;
        all = all ? weir_printf(b->file->ctx->arena, "%s, %s", all, root->name[i]) : root->name[i];
        *at = i;
        found++;
    }
    if (found < 2 || b->exact) return WEIR_OK;
    return weir_fail_read(b->file->ctx, WEIR_E_FAILED_READ_FILE, b->file->name,
                          weir_printf(b->file->ctx->arena,
                                      "Found duplicate field(s) \"%s\": [%s] in case-insensitive "
                                      "mode",
                                      name, all));
}

weir_rc weir_orc_bind(const weir_orc_file *f, weir_arena *mem, const weir_orc_type *root,
                      weir_schema *want, const bool *need, weir_orc_col **out) {
    binding b = {f, mem, weir_names_exact(f->ctx)};
    bool named = has_names(root);
    weir_orc_col *col = WEIR_NEWN(mem, weir_orc_col, want->nfield + 1);
    if (!named && root->nkid > want->nfield)
        return weir_fail_read(f->ctx, WEIR_E_FAILED_READ_FILE, f->name,
                              "The ORC file has no names of columns, and more columns than are "
                              "asked for");
    for (int i = 0; i < want->nfield; i++) {
        int at = i < root->nkid ? i : -1;
        const char *name = want->field[i].name;
        col[i] = (weir_orc_col){.type = want->field[i].type, .name = name};
        if (need && !need[i]) continue;
        if (named) WEIR_TRY(find_column(&b, root, name, &at));
        if (at >= 0) WEIR_TRY(bind_type(&b, name, root->kid[at], want->field[i].type, &col[i]));
    }
    *out = col;
    return WEIR_OK;
}
