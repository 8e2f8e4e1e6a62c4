/* Every type through the Arrow C data interface and back: whole, sliced, CONST, children moved out;
 * formats other producers send (unsigned, 64-bit offsets, other units, dictionaries), and broken
 * arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "col/arrow_c.h"
#include "col/sample.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.arena = weir_arena_new(NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

enum { ROWS = 200 };

/* The fields of sample_type as columns of a batch. */
static weir_batch sample_batch(weir_ctx *c, int64_t first) {
    weir_schema *s = sample_type(c->arena);
    weir_batch b = {s, ROWS, WEIR_NEWN(c->arena, weir_column, s->nfield)};
    for (int k = 0; k < s->nfield; k++) {
        weir_build w;
        assert_int_equal(weir_build_init(c, &w, s->field[k].type), WEIR_OK);
        for (int i = 0; i < ROWS; i++) sample_put(&w, first + i, true);
        assert_int_equal(weir_build_finish(c, &w, &b.col[k]), WEIR_OK);
    }
    return b;
}

static void assert_same_batch(const weir_batch *a, const weir_batch *b) {
    assert_int_equal(a->len, b->len);
    assert_int_equal(a->schema->nfield, b->schema->nfield);
    for (int k = 0; k < a->schema->nfield; k++)
        for (int64_t i = 0; i < a->len; i++) assert_true(sample_same(&a->col[k], i, &b->col[k], i));
}

static weir_batch through_arrow(const weir_batch *b) {
    struct ArrowSchema as;
    struct ArrowArray aa;
    weir_schema *s;
    weir_batch back;
    assert_int_equal(weir_schema_export(&ctx, b->schema, "Europe/Berlin", &as), WEIR_OK);
    assert_int_equal(weir_schema_import(&ctx, &as, &s), WEIR_OK);
    assert_true(weir_type_equal(s, b->schema));
    assert_int_equal(weir_batch_export(&ctx, b, &aa), WEIR_OK);
    assert_int_equal(weir_batch_import(&ctx, s, &as, &aa, &back), WEIR_OK);
    assert_null(aa.release);
    as.release(&as);
    assert_null(as.release);
    return back;
}

static void round_trip_every_type_unchanged(void **state) {
    (void)state;
    weir_batch b = sample_batch(&ctx, 0), back = through_arrow(&b);
    assert_same_batch(&back, &b);
}

static void round_trip_slices_and_const_unchanged(void **state) {
    (void)state;
    weir_batch b = sample_batch(&ctx, 1000);
    b.len = 77;
    for (int k = 0; k < b.schema->nfield; k++) {
        b.col[k] = weir_column_slice(&b.col[k], 13 + k, k % 3 ? 77 : 1);
        if (k % 3 == 0) b.col[k].form = WEIR_CONST;
        b.col[k].len = 77;
        for (int f = 0; f < b.col[k].nkid && b.schema->field[k].type->kind == WEIR_T_STRUCT; f++)
            if (f == 1) b.col[k].kid[f].form = WEIR_CONST;
    }
    weir_batch back = through_arrow(&b);
    assert_same_batch(&back, &b);
}

static void round_trip_of_an_import_slices_again(void **state) {
    (void)state;
    weir_batch b = sample_batch(&ctx, 5), once = through_arrow(&b);
    for (int k = 0; k < b.schema->nfield; k++) {
        once.col[k] = weir_column_slice(&once.col[k], 21, ROWS - 21);
        b.col[k] = weir_column_slice(&b.col[k], 21, ROWS - 21);
    }
    once.len = b.len = ROWS - 21;
    weir_batch twice = through_arrow(&once);
    assert_same_batch(&twice, &b);
}

static void export_outlives_the_batch_and_gives_children_away(void **state) {
    (void)state;
    weir_ctx in = ctx;
    struct ArrowArray aa, moved;
    in.arena = weir_arena_new(NULL);
    weir_batch b = sample_batch(&in, 0);
    assert_int_equal(weir_batch_export(&in, &b, &aa), WEIR_OK);
    weir_arena_free(in.arena);
    moved = *aa.children[4];
    aa.children[4]->release = NULL;
    aa.release(&aa);
    weir_build w;
    weir_column want;
    assert_int_equal(weir_build_init(&ctx, &w, &weir_t_int), WEIR_OK);
    for (int i = 0; i < ROWS; i++) sample_put(&w, i, true);
    assert_int_equal(weir_build_finish(&ctx, &w, &want), WEIR_OK);
    for (int i = 0; i < ROWS; i++)
        if (!weir_is_null(&want, i))
            assert_int_equal(((const int32_t *)moved.buffers[1])[i],
                             WEIR_AT_ROW(int32_t, &want, i));
    moved.release(&moved);
}

static void schema_metadata_and_formats_exported(void **state) {
    (void)state;
    weir_field f[] = {
        {"t", &weir_t_timestamp, false, "{\"comment\":\"x\"}"},
        {"n", &weir_t_timestamp_ntz, true, NULL},
        {"m", weir_type_map(ctx.arena, &weir_t_string, &weir_t_int, false), true, NULL}};
    weir_schema *s = weir_type_struct(ctx.arena, f, 3), *back;
    struct ArrowSchema as;
    assert_int_equal(weir_schema_export(&ctx, s, NULL, &as), WEIR_OK);
    assert_string_equal(as.children[0]->format, "tsu:UTC");
    assert_int_equal(as.children[0]->flags, 0);
    assert_string_equal(as.children[1]->format, "tsu:");
    assert_string_equal(as.children[2]->format, "+m");
    assert_string_equal(as.children[2]->children[0]->name, "entries");
    assert_int_equal(weir_schema_import(&ctx, &as, &back), WEIR_OK);
    assert_true(weir_type_equal(s, back));
    as.release(&as);
    weir_field v = {"v", &weir_t_variant, true, NULL};
    assert_int_equal(weir_schema_export(&ctx, weir_type_struct(ctx.arena, &v, 1), NULL, &as),
                     WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_UNSUPPORTED_DATATYPE);
    weir_err_clear(&err);
}

/* A foreign array of one column, as some other producer lays it out. */
typedef struct foreign {
    struct ArrowSchema s, kid_s, el_s, dict_s, *ps, *pe;
    struct ArrowArray a, kid, el, dict, *pa, *pel;
    const void *buf[3], *el_buf[3], *dict_buf[3], *none[1];
} foreign;
static void no_release(struct ArrowArray *a) { a->release = NULL; }

static foreign *foreign_new(const char *format, int64_t len, int64_t off, const void *valid,
                            const void *data, const void *heap) {
    foreign *f = WEIR_NEW(ctx.arena, foreign);
    f->s = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 1, .children = &f->ps};
    f->ps = &f->kid_s;
    f->kid_s = (struct ArrowSchema){.format = format, .name = "c", .flags = ARROW_FLAG_NULLABLE};
    f->a = (struct ArrowArray){.length = len,
                               .n_buffers = 1,
                               .n_children = 1,
                               .buffers = f->none,
                               .children = &f->pa,
                               .release = no_release};
    f->pa = &f->kid;
    f->buf[0] = valid;
    f->buf[1] = data;
    f->buf[2] = heap;
    f->kid = (struct ArrowArray){.length = len,
                                 .offset = off,
                                 .null_count = valid ? -1 : 0,
                                 .n_buffers = heap ? 3 : 2,
                                 .buffers = f->buf};
    return f;
}

static weir_rc take_in(foreign *f, weir_column *out) {
    weir_schema *s;
    weir_batch b;
    WEIR_TRY(weir_schema_import(&ctx, &f->s, &s));
    WEIR_TRY(weir_batch_import(&ctx, s, &f->s, &f->a, &b));
    *out = b.col[0];
    return WEIR_OK;
}

static void import_other_units_and_widths(void **state) {
    (void)state;
    weir_column c;
    static const uint64_t u64[] = {0, UINT64_MAX};
    static const uint32_t u32[] = {1, UINT32_MAX};
    static const int64_t ticks[] = {-1, 86400000, 1};
    static const int32_t millis[] = {5, 7};
    assert_int_equal(take_in(foreign_new("L", 2, 0, NULL, u64, NULL), &c), WEIR_OK);
    assert_int_equal(c.type->kind, WEIR_T_DECIMAL);
    assert_true(WEIR_AT_ROW(weir_i128, &c, 1) == (weir_i128)UINT64_MAX);
    assert_int_equal(take_in(foreign_new("I", 1, 1, NULL, u32, NULL), &c), WEIR_OK);
    assert_true(WEIR_AT_ROW(int64_t, &c, 0) == UINT32_MAX);
    assert_int_equal(take_in(foreign_new("tsn:UTC", 1, 0, NULL, ticks, NULL), &c), WEIR_OK);
    assert_true(WEIR_AT_ROW(int64_t, &c, 0) == -1);
    assert_int_equal(take_in(foreign_new("tsm:", 2, 1, (const uint8_t[]){5}, ticks, NULL), &c),
                     WEIR_OK);
    assert_int_equal(c.type->kind, WEIR_T_TIMESTAMP_NTZ);
    assert_true(weir_is_null(&c, 0));
    assert_true(WEIR_AT_ROW(int64_t, &c, 1) == 1000);
    assert_int_equal(take_in(foreign_new("tdm", 2, 0, NULL, ticks, NULL), &c), WEIR_OK);
    assert_int_equal(WEIR_AT_ROW(int32_t, &c, 0), -1);
    assert_int_equal(WEIR_AT_ROW(int32_t, &c, 1), 1);
    assert_int_equal(take_in(foreign_new("ttm", 1, 1, NULL, millis, NULL), &c), WEIR_OK);
    assert_true(WEIR_AT_ROW(int64_t, &c, 0) == 7000000);
    assert_int_equal(
        take_in(foreign_new("d:9,2,32", 1, 1, NULL, (const int32_t[]){1, -5}, NULL), &c), WEIR_OK);
    assert_true(WEIR_AT_ROW(weir_i128, &c, 0) == -5);
    static const int64_t wide[] = {-7, -1, -1, -1, 0, 0, 1, 0};
    assert_int_equal(take_in(foreign_new("d:38,2,256", 1, 0, NULL, wide, NULL), &c), WEIR_OK);
    assert_true(WEIR_AT_ROW(weir_i128, &c, 0) == -7);
    assert_int_equal(take_in(foreign_new("d:38,2,256", 2, 0, NULL, wide, NULL), &c), WEIR_FAIL);
    weir_err_clear(&err);
}

static void import_large_and_fixed_layouts(void **state) {
    (void)state;
    weir_column c;
    static const int64_t big[] = {0, 1, 1, 4}, huge[] = {0, 1ll << 33};
    static const int32_t down[] = {0, 3, 1}, el[] = {7, 8, 9, 10, 11, 12};
    assert_int_equal(take_in(foreign_new("U", 2, 1, NULL, big, "abcd"), &c), WEIR_OK);
    assert_int_equal(weir_get_bytes(&c, 0).len, 0);
    assert_memory_equal(weir_get_bytes(&c, 1).p, "bcd", 3);
    assert_int_equal(take_in(foreign_new("U", 1, 0, NULL, huge, "abcd"), &c), WEIR_FAIL);
    weir_err_clear(&err);
    assert_int_equal(take_in(foreign_new("u", 2, 0, NULL, down, "abcd"), &c), WEIR_FAIL);
    weir_err_clear(&err);
    assert_int_equal(take_in(foreign_new("w:2", 1, 1, NULL, "abcd", NULL), &c), WEIR_OK);
    assert_memory_equal(weir_get_bytes(&c, 0).p, "cd", 2);
    foreign *f = foreign_new("+w:2", 2, 1, NULL, NULL, NULL);
    f->kid_s.n_children = f->kid.n_children = 1;
    f->kid_s.children = &f->pe;
    f->kid.children = &f->pel;
    f->pe = &f->el_s;
    f->pel = &f->el;
    f->el_s = (struct ArrowSchema){.format = "i", .name = "element"};
    f->el_buf[1] = el;
    f->el = (struct ArrowArray){.length = 6, .n_buffers = 2, .buffers = f->el_buf};
    struct ArrowArray again = f->a;
    assert_int_equal(take_in(f, &c), WEIR_OK);
    int64_t first;
    assert_int_equal(weir_get_list(&c, 1, &first), 2);
    assert_int_equal(WEIR_AT_ROW(int32_t, &c.kid[0], first), 11);
    f->a = again;
    f->el.length = 5;
    assert_int_equal(take_in(f, &c), WEIR_FAIL);
    weir_err_clear(&err);
}

static void import_dictionary_decodes_and_checks(void **state) {
    (void)state;
    weir_column c;
    static const int8_t index[] = {9, 1, 0, 1}, beyond[] = {2};
    static const int32_t offsets[] = {0, 1, 3};
    foreign *f = foreign_new("c", 3, 1, (const uint8_t[]){0x0a}, index, NULL);
    f->kid_s.dictionary = &f->dict_s;
    f->kid.dictionary = &f->dict;
    f->dict_s = (struct ArrowSchema){.format = "u", .name = ""};
    f->dict_buf[1] = offsets;
    f->dict_buf[2] = "xyz";
    f->dict = (struct ArrowArray){.length = 2, .n_buffers = 3, .buffers = f->dict_buf};
    struct ArrowArray again = f->a;
    assert_int_equal(take_in(f, &c), WEIR_OK);
    assert_memory_equal(weir_get_bytes(&c, 0).p, "yz", 2);
    assert_true(weir_is_null(&c, 1));
    assert_int_equal(weir_get_bytes(&c, 2).len, 2);
    f->a = again;
    f->a.length = f->kid.length = 1;
    f->kid.offset = 0;
    f->kid.null_count = 0;
    f->buf[1] = beyond;
    assert_int_equal(take_in(f, &c), WEIR_FAIL);
    weir_err_clear(&err);
}

static void import_checks_counts_and_types(void **state) {
    (void)state;
    weir_field f[] = {{"a", &weir_t_long, true, NULL}, {"b", &weir_t_long, true, NULL}};
    static const int32_t v[] = {1};
    weir_batch b;
    foreign *x = foreign_new("i", 1, 0, NULL, v, NULL);
    assert_int_equal(weir_batch_import(&ctx, weir_type_struct(ctx.arena, f, 2), &x->s, &x->a, &b),
                     WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_ARROW_FIELD_COUNT);
    weir_err_clear(&err);
    x = foreign_new("i", 1, 0, NULL, v, NULL);
    assert_int_equal(weir_batch_import(&ctx, weir_type_struct(ctx.arena, f, 1), &x->s, &x->a, &b),
                     WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_ARROW_TYPE_MISMATCH);
    weir_err_clear(&err);
    x = foreign_new("i", 1, 0, NULL, v, NULL);
    x->kid.length = 0;
    weir_column c;
    assert_int_equal(take_in(x, &c), WEIR_FAIL);
    weir_err_clear(&err);
    static const char *const bad[] = {
        "", "e", "vu", "+vl", "+ud:0", "tsx:", "ts", "d:39,0", "d:3", "tiD", "+r"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(take_in(foreign_new(bad[i], 1, 0, NULL, v, NULL), &c), WEIR_FAIL);
        assert_int_equal(err.cls, WEIR_E_UNSUPPORTED_DATATYPE);
        weir_err_clear(&err);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_every_type_unchanged),
        cmocka_unit_test(round_trip_slices_and_const_unchanged),
        cmocka_unit_test(round_trip_of_an_import_slices_again),
        cmocka_unit_test(export_outlives_the_batch_and_gives_children_away),
        cmocka_unit_test(schema_metadata_and_formats_exported),
        cmocka_unit_test(import_other_units_and_widths),
        cmocka_unit_test(import_large_and_fixed_layouts),
        cmocka_unit_test(import_dictionary_decodes_and_checks),
        cmocka_unit_test(import_checks_counts_and_types),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
