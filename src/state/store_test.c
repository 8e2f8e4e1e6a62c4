/* A store against a plain model of it: random batches, each version loaded again, snapshots; what
 * is due and what belongs together; files that are damaged or missing; operations that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "codec/state_codec.h"
#include "state/file.h"
#include "state/store.h"

enum { KEYS = 400, PARTS = 5, VALUE = 3000 };

static weir_err err;
static weir_budget budget;
static weir_ctx ctx = {.err = &err, .budget = &budget};
static char dir[64];
static uint32_t seed;

static uint32_t rnd(uint32_t n) {
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

typedef struct model { /* by key number; len -1: not there */
    int32_t len[KEYS];
    uint8_t fill[KEYS];
    int64_t due[KEYS];
} model;

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.env = weir_env_real();
    ctx.arena = weir_arena_new(NULL);
    bool shm = access("/dev/shm", W_OK) == 0; /* no disk: flushes cost nothing there */
    (void)snprintf(dir, sizeof dir, "%s/weir-store-XXXXXX", shm ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(dir));
    seed = 7;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_err_clear(&err);
    assert_int_equal(weir_path_remove_all(&ctx, dir), WEIR_OK);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    assert_int_equal(atomic_load(&budget.held_bytes), 0);
    budget.limit_bytes = 0;
    return 0;
}

/* Key k: 8 bytes its number, then up to 3 more words; key 0 has no bytes at all. */
static weir_bytes key_of(int k) {
    static char room[32];
    int64_t words[4] = {k, k % 7, k % 3, 1};
    memcpy(room, words, sizeof words);
    return (weir_bytes){room, k == 0 ? 0 : 8 * (1 + k % 4)};
}

static int number_of(weir_bytes key) {
    int64_t k = 0;
    if (key.len) memcpy(&k, key.p, 8);
    return (int)k;
}

/* Value: due time first, then len bytes of fill. */
static weir_bytes value_of(const model *m, int k) {
    static char room[8 + VALUE];
    memcpy(room, &m->due[k], 8);
    memset(room + 8, m->fill[k], (size_t)m->len[k]);
    return (weir_bytes){room, 8 + m->len[k]};
}

static int64_t due_of(const void *u, weir_bytes key, weir_bytes value) {
    int64_t due;
    (void)u;
    (void)key;
    memcpy(&due, value.p, 8);
    return due;
}
static uint64_t group_of(const void *u, weir_bytes key) {
    (void)u;
    return (uint64_t)number_of(key) % 37 << 40;
}

static weir_store_spec spec_of(const char *codec, bool sums) {
    const weir_field f = {"k", &weir_t_long, true, NULL};
    weir_schema *t = weir_type_struct(ctx.arena, &f, 1);
    return (weir_store_spec){.dir = dir,
                             .name = "default",
                             .nheld = PARTS,
                             .key = t,
                             .value = t,
                             .codec = codec,
                             .row_checksum = sums,
                             .due_us = due_of,
                             .group = group_of};
}

static void put(weir_store *s, model *m, int k, int len) {
    m->len[k] = len;
    m->fill[k] = (uint8_t)rnd(256);
    m->due[k] = rnd(4) == 0 ? INT64_MAX : (int64_t)rnd(1000);
    assert_int_equal(weir_store_put(&ctx, s, k % PARTS, key_of(k), value_of(m, k)), WEIR_OK);
}

static int64_t find(weir_store *s, weir_bytes key) {
    int64_t e;
    assert_int_equal(weir_store_find(&ctx, s, key, &e), WEIR_OK);
    return e;
}

static void drop(weir_store *s, model *m, int k) {
    int64_t e = find(s, key_of(k));
    assert_int_equal(e >= 0, m->len[k] >= 0);
    if (e < 0) return;
    weir_store_remove(s, e);
    m->len[k] = -1;
}

static int some_length(void) { return 8 * (int)(rnd(20) == 0 ? rnd(VALUE / 8) : rnd(8)); }

static void batch(weir_store *s, model *m, int n) {
    for (int i = 0; i < n; i++) {
        int k = (int)rnd(KEYS);
        if (rnd(3) == 0)
            drop(s, m, k);
        else
            put(s, m, k, some_length());
    }
}

static void check_all(weir_store *s) {
    char *p = weir_alloc(ctx.arena, KEYS * 32);
    weir_rowset keys = {p, WEIR_NEWN(ctx.arena, int64_t, KEYS + 1), KEYS};
    int64_t entry[KEYS];
    for (int k = 0; k < KEYS; k++) {
        weir_bytes key = key_of(k);
        memcpy(p + keys.off[k], key.p, (size_t)key.len);
        keys.off[k + 1] = keys.off[k] + key.len;
    }
    assert_int_equal(weir_store_find_all(&ctx, s, &keys, entry), WEIR_OK);
    for (int k = 0; k < KEYS; k++) assert_int_equal(entry[k], find(s, key_of(k)));
}

static void check(weir_store *s, const model *m) {
    int64_t live = 0, seen = 0;
    for (int k = 0; k < KEYS; k++) {
        int64_t e = find(s, key_of(k));
        if (m->len[k] < 0) {
            assert_int_equal(e, -1);
            continue;
        }
        live++;
        assert_true(e >= 0);
        assert_int_equal(weir_store_part(s, e), k % PARTS);
        weir_bytes want = value_of(m, k), got = weir_store_value(&ctx, s, e);
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.p, want.p, (size_t)want.len);
        bool found = false;
        for (int64_t g = -1; (g = weir_store_group(s, group_of(NULL, key_of(k)), g)) >= 0;)
            found |= g == e;
        assert_true(found);
    }
    check_all(s);
    for (int64_t e = -1; (e = weir_store_next(s, e)) >= 0;) seen++;
    assert_int_equal(weir_store_count(s), live);
    assert_int_equal(seen, live);
}

static weir_store *open_at(const weir_store_spec *spec, int64_t version) {
    weir_store *s = NULL;
    assert_int_equal(weir_store_open(&ctx, spec, version, &s), WEIR_OK);
    return s;
}

/* ---- batches and versions ---- */

static void rounds(const char *codec, bool sums) {
    enum { VERSIONS = 12 };
    static model at[VERSIONS + 1];
    weir_store_spec spec = spec_of(codec, sums);
    weir_store *s = open_at(&spec, 0);
    memset(at[0].len, 0xff, sizeof at[0].len);
    for (int v = 0; v < VERSIONS; v++) {
        at[v + 1] = at[v];
        if (v % 4 != 3) batch(s, &at[v + 1], v % 3 == 0 ? 900 : 40);
        assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
        assert_int_equal(weir_store_version(s), v + 1);
        check(s, &at[v + 1]);
        if (v == 7) assert_int_equal(weir_state_maintain(&ctx, &spec, 8, 7, 100), WEIR_OK);
    }
    weir_store_close(s);
    for (int v = 0; v <= VERSIONS; v++) {
        s = open_at(&spec, v);
        check(s, &at[v]);
        weir_store_close(s);
    }
}

static void every_version_loads_with_every_codec(void **state) {
    (void)state;
    const char *codecs[] = {"lz4", "zstd", "snappy", "lzf"};
    for (int i = 0; i < 8; i++) {
        rounds(codecs[i / 2], i % 2);
        assert_int_equal(weir_path_remove_all(&ctx, dir), WEIR_OK);
        assert_int_equal(weir_path_mkdirs(&ctx, dir), WEIR_OK);
    }
}

static bool there(const char *name) {
    weir_stat st;
    assert_int_equal(weir_path_stat(&ctx, weir_printf(ctx.arena, "%s/%s", dir, name), &st),
                     WEIR_OK);
    return st.exists;
}

static void snapshots_replace_what_is_old(void **state) {
    (void)state;
    static model m;
    weir_store_spec spec = spec_of("lz4", false);
    weir_store *s = open_at(&spec, 0);
    memset(m.len, 0xff, sizeof m.len);
    for (int v = 1; v <= 30; v++) {
        batch(s, &m, 100);
        assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
        if (v == 6)
            assert_int_equal(weir_file_put(&ctx, weir_printf(ctx.arena, "%s/1/.5.delta.x.tmp", dir),
                                           "x", 1, true, NULL),
                             WEIR_OK);
        assert_int_equal(weir_state_maintain(&ctx, &spec, v, 10, 5), WEIR_OK);
    }
    weir_store_close(s);
    assert_true(there("0/22.snapshot")); /* 11 and 22; 11 is older than 22 <= 30 - 5 */
    assert_false(there("0/11.snapshot"));
    assert_true(there("4/22.delta"));
    assert_false(there("4/21.delta"));
    assert_false(there("1/.5.delta.x.tmp"));
    s = open_at(&spec, 30);
    check(s, &m);
    weir_store_close(s);
    s = NULL;
    assert_int_equal(weir_store_open(&ctx, &spec, 21, &s), WEIR_FAIL);
    weir_store_close(s);
}

static void a_named_store_has_its_own_folder(void **state) {
    (void)state;
    static model m;
    weir_store_spec spec = spec_of("lz4", false);
    spec.name = "left-keyToNumValues";
    spec.nheld = 2;
    memset(m.len, 0xff, sizeof m.len);
    weir_store *s = open_at(&spec, 0);
    put(s, &m, 6 * PARTS, 8);
    put(s, &m, 7 * PARTS + 1, 8);
    assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
    weir_store_close(s);
    assert_true(there("0/left-keyToNumValues/_metadata/schema"));
    assert_true(there("1/left-keyToNumValues/1.delta"));
    s = open_at(&spec, 1);
    check(s, &m);
    weir_store_close(s);
}

/* ---- a batch run again ---- */

static void a_batch_run_again_replaces_its_files(void **state) {
    (void)state;
    static model a, b;
    weir_store_spec spec = spec_of("lz4", false);
    memset(a.len, 0xff, sizeof a.len);
    b = a;
    weir_store *s = open_at(&spec, 0);
    batch(s, &a, 300);
    assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
    weir_store_close(s);
    char *crc = weir_printf(ctx.arena, "%s/2/.1.delta.crc", dir);
    assert_int_equal(weir_state_maintain(&ctx, &spec, 1, 0, 100), WEIR_OK);
    assert_true(there("2/1.snapshot")); /* of the batch that is about to be run again */
    assert_int_equal(weir_file_put(&ctx, crc, "old", 3, true, NULL), WEIR_OK);
    s = open_at(&spec, 0);
    batch(s, &b, 20);
    assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
    weir_store_close(s);
    assert_false(there("2/.1.delta.crc"));
    s = open_at(&spec, 1);
    check(s, &b);
    weir_store_close(s);
}

static void counters_tell_what_a_batch_did(void **state) {
    (void)state;
    static model m;
    weir_store_stat st;
    weir_store_spec spec = spec_of("lz4", false);
    memset(m.len, 0xff, sizeof m.len);
    weir_store *s = open_at(&spec, 0);
    weir_store_begin(s);
    for (int k = 0; k < 10; k++) put(s, &m, k, 16);
    put(s, &m, 3, 24);
    drop(s, &m, 4);
    assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
    weir_store_stats(s, &st);
    assert_int_equal(st.rows_total, 9);
    assert_int_equal(st.rows_updated, 11);
    assert_int_equal(st.rows_removed, 1);
    assert_true(st.memory_bytes > 0 && st.commit_us > 0);
    weir_store_begin(s);
    weir_store_stats(s, &st);
    assert_int_equal(st.rows_updated, 0);
    assert_int_equal(st.rows_total, 9);
    weir_store_close(s);
}

/* ---- due ---- */

static void what_is_due_comes_in_order(void **state) {
    (void)state;
    static model m;
    weir_store_spec spec = spec_of("lz4", false);
    memset(m.len, 0xff, sizeof m.len);
    weir_store *s = open_at(&spec, 0);
    batch(s, &m, 3000);
    for (int64_t upto = 0; upto <= 1000; upto += 50) {
        int64_t last = -1, n = 0, want = 0;
        for (int k = 0; k < KEYS; k++) want += m.len[k] >= 0 && m.due[k] <= upto;
        for (int64_t e; (e = weir_store_expired(s, upto)) >= 0; n++) {
            int k = number_of(weir_store_key(&ctx, s, e));
            assert_true(m.due[k] >= last && m.due[k] <= upto);
            last = m.due[k];
            drop(s, &m, k);
        }
        assert_int_equal(n, want);
        batch(s, &m, 60);
        for (int k = 0; k < KEYS; k++)
            if (m.len[k] >= 0 && m.due[k] <= upto) drop(s, &m, k);
    }
    weir_store_close(s);
}

static void long_deltas_are_written_in_pieces(void **state) {
    (void)state;
    static const char *const codecs[] = {"lz4", "zstd", "snappy", "lzf"};
    enum { MANY = 40000 };
    for (int c = 0; c < 4; c++) {
        weir_store_spec spec = spec_of(codecs[c], c % 2 == 0);
        uint64_t value[9];
        weir_store *s = open_at(&spec, 0);
        for (uint64_t k = 0; k < MANY; k++) {
            for (uint64_t i = 0; i < 9; i++) value[i] = (k + i) * 0x9e3779b97f4a7c15u;
            weir_bytes v = {(const char *)value, (int32_t)(8 * (k % 10 ? 9 : 1))};
            assert_int_equal(weir_store_put(&ctx, s, 2, (weir_bytes){(const char *)&k, 8}, v),
                             WEIR_OK);
        }
        assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
        weir_store_close(s);
        s = open_at(&spec, 1);
        assert_int_equal(weir_store_count(s), MANY);
        for (uint64_t k = 0; k < MANY; k += 7) {
            weir_bytes got = weir_store_value(&ctx, s, find(s, (weir_bytes){(const char *)&k, 8}));
            for (uint64_t i = 0; i < 9; i++) value[i] = (k + i) * 0x9e3779b97f4a7c15u;
            assert_int_equal(got.len, 8 * (k % 10 ? 9 : 1));
            assert_memory_equal(got.p, value, (size_t)got.len);
        }
        weir_store_close(s);
        assert_int_equal(weir_path_remove_all(&ctx, dir), WEIR_OK);
        assert_int_equal(weir_path_mkdirs(&ctx, dir), WEIR_OK);
    }
}

/* ---- rows in memory ---- */

static void rows_come_back_from_fewer_bytes(void **state) {
    (void)state;
    char row[200], back[200];
    uint8_t out[256], again[256];
    for (int k = 0; k < 20000; k++) {
        int32_t n = (int32_t)rnd(sizeof row + 1), len;
        for (int32_t i = 0; i < n; i++) row[i] = rnd(3) == 0 ? (char)rnd(256) : 0;
        int32_t room = (int32_t)weir_squeeze_room(n) - WEIR_SQUEEZE_SLACK,
                m = weir_squeeze((weir_bytes){row, n}, out);
        assert_true(m <= room);
        assert_int_equal(m, weir_squeeze((weir_bytes){row, n}, again));
        assert_memory_equal(out, again, (size_t)m);
        (void)weir_squeezed_length(out, &len);
        assert_int_equal(len, n);
        memset(out + m, 0xff, sizeof out - (size_t)m); /* what is behind does not count */
        weir_expand(out, back);
        assert_memory_equal(back, row, (size_t)n);
    }
}

/* ---- memory ---- */

static void memory_stays_bounded(void **state) {
    (void)state;
    static model m;
    weir_store_stat st;
    weir_store_spec spec = spec_of("lz4", false);
    int64_t most = 0;
    memset(m.len, 0xff, sizeof m.len);
    weir_store *s = open_at(&spec, 0);
    spec.nheld = 1;
    for (int round = 0; round < 60; round++) {
        int len = 8 * (1 + round * 5 % 370); /* another size class each time */
        for (int k = 1; k < KEYS; k++) put(s, &m, k, len);
        if (round % 3 == 0)
            for (int k = 1; k < KEYS; k++) drop(s, &m, k);
        assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
        weir_store_stats(s, &st);
        if (st.memory_bytes > most) most = st.memory_bytes;
    }
    assert_true(most < 3 * (int64_t)KEYS * VALUE + (2 << 20));
    assert_true(st.memory_bytes <= atomic_load(&budget.held_bytes));
    weir_store_close(s);
}

static void more_than_the_budget_is_refused(void **state) {
    (void)state;
    weir_store_spec spec = spec_of("lz4", false);
    weir_store *s = open_at(&spec, 0);
    weir_rc rc = WEIR_OK;
    char value[VALUE];
    memset(value, 'x', sizeof value); /* zeros would take no room */
    budget.limit_bytes = 4 << 20;
    for (int64_t i = 0; i < 10000 && rc == WEIR_OK; i++)
        rc = weir_store_put(&ctx, s, 0, (weir_bytes){(const char *)&i, 8},
                            (weir_bytes){value, sizeof value});
    assert_int_equal(rc, WEIR_FAIL);
    assert_string_equal(weir_errcls_name(err.cls), "UNABLE_TO_ACQUIRE_MEMORY");
    weir_store_close(s);
}

static void large_values_are_kept(void **state) {
    (void)state;
    weir_store_spec spec = spec_of("lz4", false);
    enum { BIG = 3 << 20 };
    char *value = weir_alloc(ctx.arena, BIG);
    weir_bytes key = {"12345678", 8};
    weir_store *s = open_at(&spec, 0);
    for (int n = 16; n <= BIG; n *= 4) {
        memset(value, n % 251, (size_t)n);
        value[7] = 0x10; /* due, far off */
        assert_int_equal(weir_store_put(&ctx, s, 1, key, (weir_bytes){value, n}), WEIR_OK);
        assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
        weir_bytes got = weir_store_value(&ctx, s, find(s, key));
        assert_int_equal(got.len, n);
        assert_memory_equal(got.p, value, (size_t)n);
    }
    int64_t version = weir_store_version(s);
    weir_bytes last = weir_store_value(&ctx, s, find(s, key));
    char *copy = weir_memdup(ctx.arena, last.p, (size_t)last.len);
    weir_store_close(s);
    s = open_at(&spec, version);
    weir_bytes got = weir_store_value(&ctx, s, find(s, key));
    assert_int_equal(got.len, last.len);
    assert_memory_equal(got.p, copy, (size_t)got.len);
    weir_store_remove(s, find(s, key));
    weir_store_close(s);
}

/* ---- damage ---- */

static void refused(const weir_store_spec *spec, int64_t version, const char *cls,
                    const char *file) {
    weir_store *s = NULL;
    assert_int_equal(weir_store_open(&ctx, spec, version, &s), WEIR_FAIL);
    assert_string_equal(weir_errcls_name(err.cls), cls);
    assert_non_null(strstr(err.msg, file));
    weir_store_close(s);
    weir_err_clear(&err);
}

static void files_that_are_damaged_are_named(void **state) {
    (void)state;
    static model m;
    weir_store_spec spec = spec_of("lz4", true);
    char *path = weir_printf(ctx.arena, "%s/3/2.delta", dir), *text = NULL, *bad;
    size_t len = 0;
    memset(m.len, 0xff, sizeof m.len);
    weir_store *s = open_at(&spec, 0);
    for (int v = 0; v < 3; v++) {
        batch(s, &m, 200);
        assert_int_equal(weir_store_commit(&ctx, s), WEIR_OK);
    }
    weir_store_close(s);
    assert_int_equal(weir_file_slurp(&ctx, path, &text, &len), WEIR_OK);
    int bad_ones = 0, tried = 0;
    for (size_t i = 0; i < len; i += 1 + len / 200, tried++) { /* a bit flipped, anywhere */
        bad = weir_memdup(ctx.arena, text, len);
        bad[i] = (char)(bad[i] ^ 4);
        assert_int_equal(weir_file_put(&ctx, path, bad, len, true, NULL), WEIR_OK);
        if (weir_store_open(&ctx, &spec, 3, &s) == WEIR_OK) { /* another way to the same bytes */
            check(s, &m);
        } else {
            bad_ones++;
            assert_string_equal(weir_errcls_name(err.cls), "CANNOT_LOAD_STATE_STORE.UNCATEGORIZED");
            assert_non_null(strstr(err.msg, "/3/2.delta"));
            weir_err_clear(&err);
        }
        weir_store_close(s);
    }
    assert_true(bad_ones > tried / 2);
    for (size_t n = 0; n < len - 21; n += 1 + len / 100) { /* its end is gone */
        assert_int_equal(weir_file_put(&ctx, path, text, n, true, NULL), WEIR_OK);
        refused(&spec, 3, "CANNOT_LOAD_STATE_STORE.UNCATEGORIZED", "/3/2.delta");
    }
    assert_int_equal(weir_file_put(&ctx, path, text, len - 21, true, NULL), WEIR_OK);
    s = open_at(&spec, 3); /* the empty block at the end is not needed, as in Spark */
    check(s, &m);
    weir_store_close(s);
    assert_int_equal(weir_path_remove(&ctx, path), WEIR_OK);
    refused(&spec, 3, "CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS", "/3/2.delta");
}

/* Records as they are, in the container. */
static void delta_put(const char *name, const uint8_t *p, size_t n) {
    const weir_state_codec *c = NULL;
    weir_str out;
    assert_int_equal(weir_state_codec_find(&ctx, "lz4", &c), WEIR_OK);
    weir_str_init(&out, ctx.arena, 1 << 20);
    c->encode(p, n, WEIR_ALL_PIECES, &out);
    char *path = weir_printf(ctx.arena, "%s/%s", dir, name);
    assert_int_equal(weir_file_put(&ctx, path, out.p, out.len, true, NULL), WEIR_OK);
}

static void records_that_cannot_be_are_refused(void **state) {
    (void)state;
    weir_store_spec spec = spec_of("lz4", false);
    weir_bytes k = {"12345678", 8}, v = {"\0\0\0\0\0\0\0\0value 16", 16};
    uint8_t room[128], *p;
    spec.nheld = 1;
    weir_store_close(open_at(&spec, 0));
    p = weir_record_put(room, false, k, v);
    delta_put("0/1.delta", room, (size_t)(p - room));
    refused(&spec, 1, "CANNOT_LOAD_STATE_STORE.UNCATEGORIZED", "EOFException");
    memset(p, 0xfe, 4);
    delta_put("0/1.delta", room, (size_t)(p + 4 - room));
    refused(&spec, 1, "CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_KEY_SIZE", "-16843010");
    delta_put("0/1.snapshot", room, (size_t)(p + 4 - room));
    refused(&spec, 1, "CANNOT_LOAD_STATE_STORE.CANNOT_READ_SNAPSHOT_FILE_KEY_SIZE", "-16843010");
    p = weir_record_removed(room, false, k);
    p = weir_record_end(p);
    delta_put("0/1.snapshot", room, (size_t)(p - room));
    refused(&spec, 1, "CANNOT_LOAD_STATE_STORE.CANNOT_READ_SNAPSHOT_FILE_VALUE_SIZE", "1.snapshot");
    assert_int_equal(weir_path_remove(&ctx, weir_printf(ctx.arena, "%s/0/1.snapshot", dir)),
                     WEIR_OK);
    spec.row_checksum = true;
    p = weir_record_put(room, true, k, v);
    room[20] ^= 1;
    p = weir_record_end(p);
    delta_put("0/1.delta", room, (size_t)(p - room));
    refused(&spec, 1, "STATE_STORE_ROW_CHECKSUM_VERIFICATION_FAILED", "0/1.delta");
    room[20] ^= 1;
    delta_put("0/1.delta", room, (size_t)(p - room));
    weir_store *s = open_at(&spec, 1);
    assert_int_equal(weir_store_count(s), 1);
    weir_store_close(s);
}

static void other_types_are_refused(void **state) {
    (void)state;
    const weir_field renamed = {"other", &weir_t_long, true, "{\"a\":1}"},
                     text = {"k", &weir_t_string, true, NULL};
    weir_store_spec spec = spec_of("lz4", false);
    weir_store_close(open_at(&spec, 0));
    spec.key = spec.value = weir_type_struct(ctx.arena, &renamed, 1);
    weir_store_close(open_at(&spec, 0));
    spec.key = weir_type_struct(ctx.arena, &text, 1);
    refused(&spec, 0, "STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE",
            "key_schema=StructType(StructField(k,LongType,true)) and new "
            "key_schema=StructType(StructField(k,StringType,true))");
    spec.value = spec.key;
    spec.key = weir_type_struct(ctx.arena, &renamed, 1);
    refused(&spec, 0, "STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE", "StringType");
    spec.codec = "lzo";
    refused(&spec, 0, "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION", "lzo");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(every_version_loads_with_every_codec),
        CASE(snapshots_replace_what_is_old),
        CASE(a_named_store_has_its_own_folder),
        CASE(a_batch_run_again_replaces_its_files),
        CASE(counters_tell_what_a_batch_did),
        CASE(what_is_due_comes_in_order),
        CASE(rows_come_back_from_fewer_bytes),
        CASE(long_deltas_are_written_in_pieces),
        CASE(memory_stays_bounded),
        CASE(more_than_the_budget_is_refused),
        CASE(large_values_are_kept),
        CASE(files_that_are_damaged_are_named),
        CASE(records_that_cannot_be_are_refused),
        CASE(other_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
