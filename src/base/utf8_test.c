/* UTF-8 checked by sixteen bytes against one by one, and pieces against Java's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"

/* What JDK 17 made of these: new String(bytes, UTF_8), '?' for U+FFFD. */
static void bad_pieces_are_java_s(void **state) {
    static const struct {
        const char *in, *out;
    } rows[] = {{"a\xff"
                 "b",
                 "a?b"},
                {"\xc3", "?"},
                {"\xc0\x80", "??"},
                {"\xc3\xa9\xf0", "\xc3\xa9?"},
                {"\xe2\x82", "?"},
                {"\xe2\x82z", "?z"},
                {"\xe0\x80\x80", "???"},
                {"\xed\xa0\x80", "?"},
                {"\xed\xa0z", "?z"},
                {"\xf0\x9f\x98", "?"},
                {"\xf0\x9f\x98\xf0\x9f\x98\x80", "?\xf0\x9f\x98\x80"},
                {"\xf0\x80\x80\x80", "????"},
                {"\xf4\x90\x80\x80", "????"},
                {"\xf8\x88\x80\x80\x80", "?????"},
                {"\x80\xbf", "??"},
                {"\xef\xbf\xbd", "\xef\xbf\xbd"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        weir_str got, want;
        weir_str_init(&got, NULL, 100);
        weir_str_init(&want, NULL, 100);
        weir_utf8_add(&got, rows[i].in, strlen(rows[i].in));
        for (const char *p = rows[i].out; *p; p++)
            weir_str_add(&want, *p == '?' ? WEIR_UTF8_BAD : p, *p == '?' ? 3 : 1);
        assert_string_equal(got.p, want.p);
        weir_str_free(&got);
        weir_str_free(&want);
    }
}

static bool one_by_one(const char *p, size_t n) {
    const char *end = p + n;
    for (int k; p < end; p += k)
        if ((k = weir_utf8_next(p, end)) < 0) return false;
    return true;
}

static void blocks_agree_with_bytes(void **state) {
    static const unsigned char edge[] = {0,    'A',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                                         0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
                                         0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff};
    static const char *const good[] = {"a",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xed\x9f\xbf"};
    uint64_t seed = 1;
    int valid = 0;
    (void)state;
    for (int round = 0; round < 300000; round++) {
        char *t = malloc(128); /* its end is where a read beyond would be seen */
        size_t n = 0, want = (seed >> 33) % 70;
        while (n < want) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const char *g = good[(seed >> 40) % 7];
            memcpy(t + n, g, strlen(g));
            n += strlen(g);
        }
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        if (n && round % 2) t[(seed >> 40) % n] = (char)edge[(seed >> 20) % sizeof edge];
        if (n && round % 5 == 0) n -= (seed >> 50) % (n < 4 ? n : 4);
        char *exact = malloc(n + !n);
        memcpy(exact, t, n);
        bool ok = one_by_one(exact, n);
        assert_int_equal(weir_utf8_valid(exact, n), ok);
        valid += ok;
        free(exact);
        free(t);
    }
    assert_in_range(valid, 50000, 250000);
}

static void every_three_bytes(void **state) {
    (void)state;
    for (uint32_t v = 0; v < 1u << 24; v += v % 7 ? 1 : 3) {
        char t[4] = {(char)(v >> 16), (char)(v >> 8), (char)v, (char)0x80};
        size_t n = 3 + v % 2;
        assert_int_equal(weir_utf8_valid(t, n), one_by_one(t, n));
    }
}

static void code_points_and_back(void **state) {
    static const uint32_t c[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xffff, 0x10000, 0x10ffff};
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        char t[4];
        size_t n = weir_utf8_put(t, c[i]);
        assert_int_equal(weir_utf8_next(t, t + n), n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_pieces_are_java_s),
        cmocka_unit_test(blocks_agree_with_bytes),
        cmocka_unit_test(every_three_bytes),
        cmocka_unit_test(code_points_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
