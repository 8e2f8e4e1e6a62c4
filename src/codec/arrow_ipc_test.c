/* Arrow IPC: own streams read back, a stream written by Apache Arrow (pyarrow 26.0.1), a stream
 * that ends or is damaged at any byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "codec/arrow_ipc.h"
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

/* pa.table of d: dictionary<string> x, null, zz, x; ll: large_list<large_string> [a], null, [null,
 * b], []; m: map<string, int32> {k: 1}, null, {a: null, b: 2}, {}; ts: timestamp[ns, UTC] 1, null,
 * -1, 0; b: bool true, null, false, true; new_stream, write_table, close. */
static const char pyarrow_hex[] = "ffffffff180200001000000000000a000c000600050008000a00000000010400"
                                  "0400000030feffff0400000005000000a001"
                                  "00002c0100006c0000002c00000004000000bcfeffff00000106100000001400"
                                  "000004000000000000000100000062000000"
                                  "4cfeffffe0feffff0000010a100000001c000000040000000000000002000000"
                                  "7473000008000c0006000800080000000000"
                                  "03000400000003000000555443001cffffff0000011114000000180000000400"
                                  "00000100000010000000010000006d000000"
                                  "b0feffffa0ffffff0000000d1800000020000000040000000200000058000000"
                                  "1400000007000000656e747269657300e0fe"
                                  "ffff74ffffff0000010210000000180000000400000000000000050000007661"
                                  "6c75650000001cffffff0000000120000000"
                                  "100014000800000007000c000000100010000000000000051000000014000000"
                                  "0400000000000000030000006b65790044ff"
                                  "ffffd8ffffff0000011514000000180000000400000001000000200000000200"
                                  "00006c6c00006cffffff1000140008000600"
                                  "07000c0000001000100000000000011410000000180000000400000000000000"
                                  "040000006974656d00000000a4ffffff1000"
                                  "18000800060007000c0010001400100000000000010514000000400000001c00"
                                  "000004000000000000000100000064000000"
                                  "0800080000000400080000000c00000008000c00080007000800000000000001"
                                  "200000000400040004000000ffffffffa800"
                                  "000014000000000000000c0014000600050008000c000c000000000204001400"
                                  "0000180000000000000008000a0000000400"
                                  "080000001000000000000a0018000c00040008000a0000004c00000010000000"
                                  "020000000000000000000000030000000000"
                                  "000000000000000000000000000000000000000000000c000000000000001000"
                                  "000000000000030000000000000000000000"
                                  "0100000002000000000000000000000000000000000000000100000003000000"
                                  "00000000787a7a0000000000ffffffff1802"
                                  "000014000000000000000c0016000600050008000c000c000000000304001800"
                                  "0000000100000000000000000a0018000c00"
                                  "040008000a0000004c0100001000000004000000000000000000000013000000"
                                  "000000000000000001000000000000000800"
                                  "0000000000001000000000000000180000000000000001000000000000002000"
                                  "000000000000280000000000000048000000"
                                  "0000000001000000000000005000000000000000200000000000000070000000"
                                  "000000000200000000000000780000000000"
                                  "0000010000000000000080000000000000001400000000000000980000000000"
                                  "000000000000000000009800000000000000"
                                  "000000000000000098000000000000001000000000000000a800000000000000"
                                  "0300000000000000b0000000000000000100"
                                  "000000000000b8000000000000000c00000000000000c8000000000000000100"
                                  "000000000000d00000000000000020000000"
                                  "00000000f0000000000000000100000000000000f80000000000000001000000"
                                  "000000000000000009000000040000000000"
                                  "0000010000000000000004000000000000000100000000000000030000000000"
                                  "000001000000000000000400000000000000"
                                  "0100000000000000030000000000000000000000000000000300000000000000"
                                  "000000000000000003000000000000000100"
                                  "0000000000000400000000000000010000000000000004000000000000000100"
                                  "0000000000000d0000000000000000000000"
                                  "0000000001000000000000000d00000000000000000000000000000001000000"
                                  "000000000100000000000000030000000000"
                                  "0000030000000000000005000000000000000000000000000000010000000000"
                                  "000001000000000000000200000000000000"
                                  "61620000000000000d0000000000000000000000010000000100000003000000"
                                  "030000000000000000000000010000000200"
                                  "0000030000006b61620000000000050000000000000001000000000000000200"
                                  "0000000000000d0000000000000001000000"
                                  "000000000000000000000000ffffffffffffffff00000000000000000d000000"
                                  "000000000900000000000000ffffffff0000"
                                  "0000";
enum { FIXTURE = (sizeof pyarrow_hex - 1) / 2 };

static void fixture(uint8_t *to) {
    for (int i = 0; i < FIXTURE; i++) {
        int hi = pyarrow_hex[2 * i], lo = pyarrow_hex[2 * i + 1];
        to[i] = (uint8_t)((hi > '9' ? hi - 'a' + 10 : hi - '0') << 4 |
                          (lo > '9' ? lo - 'a' + 10 : lo - '0'));
    }
}

static weir_batch sample_batch(int64_t first, int64_t rows) {
    weir_schema *s = sample_type(ctx.arena);
    weir_batch b = {s, rows, WEIR_NEWN(ctx.arena, weir_column, s->nfield)};
    for (int k = 0; k < s->nfield; k++) {
        weir_build w;
        assert_int_equal(weir_build_init(&ctx, &w, s->field[k].type), WEIR_OK);
        for (int64_t i = 0; i < rows; i++) sample_put(&w, first + i, true);
        assert_int_equal(weir_build_finish(&ctx, &w, &b.col[k]), WEIR_OK);
    }
    return b;
}

static void assert_same_batch(const weir_batch *a, const weir_batch *b) {
    assert_int_equal(a->len, b->len);
    for (int k = 0; k < a->schema->nfield; k++)
        for (int64_t i = 0; i < a->len; i++) assert_true(sample_same(&a->col[k], i, &b->col[k], i));
}

static void stream_of_every_type_read_back(void **state) {
    (void)state;
    weir_batch b[3] = {sample_batch(0, 100), sample_batch(500, 90), sample_batch(7, 0)}, *back;
    for (int k = 0; k < b[1].schema->nfield; k++) {
        b[1].col[k] = weir_column_slice(&b[1].col[k], 11, 60);
        if (k % 4 == 0) b[1].col[k].form = WEIR_CONST;
    }
    b[1].len = 60;
    weir_str out;
    weir_schema *s;
    int n;
    weir_str_init(&out, NULL, 1 << 26);
    assert_int_equal(weir_ipc_write_stream(&ctx, b[0].schema, "Asia/Tokyo", b, 3, &out), WEIR_OK);
    assert_int_equal(out.len % 8, 0);
    assert_int_equal(weir_ipc_read_stream(&ctx, out.p, out.len, NULL, &s, &back, &n), WEIR_OK);
    weir_str_free(&out);
    assert_int_equal(n, 3);
    assert_true(weir_type_equal(s, b[0].schema));
    for (int i = 0; i < 3; i++) assert_same_batch(&back[i], &b[i]);
}

static void stream_without_batches_has_its_schema(void **state) {
    (void)state;
    weir_field f[] = {{"t", &weir_t_timestamp, false, "{\"comment\":\"x\"}"},
                      {"", &weir_t_string, true, NULL}};
    weir_schema *s = weir_type_struct(ctx.arena, f, 2), *got;
    weir_str out;
    weir_batch *b;
    int n;
    weir_str_init(&out, NULL, 1 << 20);
    assert_int_equal(weir_ipc_write_stream(&ctx, s, NULL, NULL, 0, &out), WEIR_OK);
    assert_int_equal(weir_ipc_read_stream(&ctx, out.p, out.len, NULL, &got, &b, &n), WEIR_OK);
    assert_int_equal(n, 0);
    assert_true(weir_type_equal(s, got));
    weir_str_free(&out);
}

static void write_beyond_the_limit_fails(void **state) {
    (void)state;
    weir_batch b = sample_batch(0, 100);
    for (size_t max = 0; max < 20000; max += 777) {
        weir_str out;
        weir_str_init(&out, NULL, max);
        assert_int_equal(weir_ipc_write_stream(&ctx, b.schema, NULL, &b, 1, &out), WEIR_FAIL);
        assert_int_equal(err.cls, WEIR_E_OUT_OF_MEMORY);
        weir_err_clear(&err);
        weir_str_free(&out);
    }
}

static void stream_of_pyarrow_read(void **state) {
    (void)state;
    uint8_t bytes[FIXTURE];
    weir_schema *s;
    weir_batch *b;
    int n;
    int64_t first;
    fixture(bytes);
    assert_int_equal(weir_ipc_read_stream(&ctx, bytes, FIXTURE, NULL, &s, &b, &n), WEIR_OK);
    assert_int_equal(n, 1);
    assert_string_equal(
        weir_type_name(ctx.arena, s),
        "struct<d:string,ll:array<string>,m:map<string,int>,ts:timestamp,b:boolean>");
    for (int k = 0; k < 5; k++)
        for (int i = 0; i < 4; i++) assert_int_equal(weir_is_null(&b->col[k], i), i == 1);
    assert_memory_equal(weir_get_bytes(&b->col[0], 2).p, "zz", 2);
    assert_memory_equal(weir_get_bytes(&b->col[0], 3).p, "x", 1);
    assert_int_equal(weir_get_list(&b->col[1], 2, &first), 2);
    assert_true(weir_is_null(&b->col[1].kid[0], first));
    assert_memory_equal(weir_get_bytes(&b->col[1].kid[0], first + 1).p, "b", 1);
    assert_int_equal(weir_get_list(&b->col[2], 2, &first), 2);
    assert_memory_equal(weir_get_bytes(&b->col[2].kid[0], first).p, "a", 1);
    assert_int_equal(WEIR_AT_ROW(int32_t, &b->col[2].kid[1], first + 1), 2);
    assert_int_equal(WEIR_AT_ROW(int64_t, &b->col[3], 2),
                     -1); /* -1 ns lies in the microsecond before 0 */
    assert_int_equal(WEIR_AT_ROW(uint8_t, &b->col[4], 0), 1);
    assert_int_equal(WEIR_AT_ROW(uint8_t, &b->col[4], 2), 0);
}

static void expected_schema_checked_by_kind(void **state) {
    (void)state;
    weir_batch b = sample_batch(0, 10), *back;
    weir_field f[] = {{"a", &weir_t_int, true, NULL}}, g[] = {{"other", &weir_t_int, false, NULL}},
               h[] = {{"a", &weir_t_long, true, NULL}};
    weir_batch one = {weir_type_struct(ctx.arena, f, 1), 10, &b.col[4]};
    weir_schema *want = weir_type_struct(ctx.arena, g, 1);
    weir_str out;
    int n;
    weir_str_init(&out, NULL, 1 << 20);
    assert_int_equal(weir_ipc_write_stream(&ctx, one.schema, NULL, &one, 1, &out), WEIR_OK);
    assert_int_equal(weir_ipc_read_stream(&ctx, out.p, out.len, want, NULL, &back, &n), WEIR_OK);
    assert_ptr_equal(back->schema, want);
    want = weir_type_struct(ctx.arena, h, 1);
    assert_int_equal(weir_ipc_read_stream(&ctx, out.p, out.len, want, NULL, &back, &n), WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_ARROW_TYPE_MISMATCH);
    weir_err_clear(&err);
    want = sample_type(ctx.arena);
    assert_int_equal(weir_ipc_read_stream(&ctx, out.p, out.len, want, NULL, &back, &n), WEIR_FAIL);
    assert_int_equal(err.cls, WEIR_E_ARROW_FIELD_COUNT);
    weir_err_clear(&err);
    weir_str_free(&out);
}

/* Reads every row of what was accepted: under a sanitizer any stray load shows. */
static uint32_t touch(const weir_batch *b) {
    uint32_t sum = 0;
    for (int k = 0; k < b->schema->nfield; k++)
        for (int64_t i = 0; i < b->len && i < 1000; i++)
            sum += (uint32_t)weir_hash_row(&b->col[k], i, 42);
    return sum;
}

static void read_copy(const uint8_t *bytes, size_t len) {
    weir_arena *keep = ctx.arena;
    weir_batch *b = NULL;
    int n = 0;
    static volatile uint32_t sum; /* the reads must happen */
    ctx.arena = weir_arena_new(NULL);
    uint8_t *exact = weir_alloc(ctx.arena, len + 1);
    memcpy(exact, bytes, len);
    if (weir_ipc_read_stream(&ctx, exact, len, NULL, NULL, &b, &n) == WEIR_OK)
        for (int i = 0; i < n; i++) sum = sum + touch(&b[i]);
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
    ctx.arena = keep;
}

static void stream_cut_anywhere_fails_or_ends(void **state) {
    (void)state;
    uint8_t bytes[FIXTURE];
    fixture(bytes);
    for (size_t len = 0; len < FIXTURE; len++) read_copy(bytes, len);
}

static void stream_damaged_anywhere_is_survived(void **state) {
    (void)state;
    static const uint8_t with[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    uint8_t bytes[FIXTURE];
    fixture(bytes);
    for (size_t at = 0; at < FIXTURE; at++)
        for (size_t k = 0; k < sizeof with; k++) {
            uint8_t was = bytes[at];
            bytes[at] = k == 4 ? (uint8_t)(was ^ 0x10) : with[k];
            read_copy(bytes, FIXTURE);
            bytes[at] = was;
        }
}

static void messages_come_one_by_one(void **state) {
    (void)state;
    uint8_t bytes[FIXTURE];
    weir_ipc_kind kind, seen[5];
    weir_batch b;
    size_t used, at = 0;
    int n = 0;
    fixture(bytes);
    weir_ipc_reader *r = weir_ipc_reader_new(&ctx, NULL);
    assert_int_equal(weir_ipc_read_message(&ctx, r, bytes, 20, &used, &kind, &b), WEIR_OK);
    assert_int_equal(kind, WEIR_IPC_MORE);
    assert_true(used > 20 && used < FIXTURE);
    for (; at < FIXTURE; at += used) {
        assert_int_equal(weir_ipc_read_message(&ctx, r, bytes + at, FIXTURE - at, &used, &kind, &b),
                         WEIR_OK);
        assert_true(n < 5 && used > 0);
        seen[n++] = kind;
    }
    assert_int_equal(n, 4);
    static const weir_ipc_kind want[] = {WEIR_IPC_SCHEMA, WEIR_IPC_DICTIONARY, WEIR_IPC_BATCH,
                                         WEIR_IPC_END};
    assert_memory_equal(seen, want, sizeof want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_of_every_type_read_back),
        cmocka_unit_test(stream_without_batches_has_its_schema),
        cmocka_unit_test(write_beyond_the_limit_fails),
        cmocka_unit_test(stream_of_pyarrow_read),
        cmocka_unit_test(expected_schema_checked_by_kind),
        cmocka_unit_test(stream_cut_anywhere_fails_or_ends),
        cmocka_unit_test(stream_damaged_anywhere_is_survived),
        cmocka_unit_test(messages_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
