/* Events of XML texts that are longer than the pieces they are read in. */
#include "codec/xml_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1000, LONG = 3 << 20 };

typedef struct fixture {
    weir_ctx ctx;
    weir_err err;
    weir_xml_scan *s;
} fixture;

static int set_up(void **state) {
    fixture *f = test_calloc(1, sizeof *f);
    weir_err_init(&f->err);
    f->ctx = (weir_ctx){.arena = weir_arena_new(NULL), .err = &f->err};
    f->s = weir_xml_scan_new(f->ctx.arena);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    weir_arena_free(f->ctx.arena);
    weir_err_clear(&f->err);
    test_free(f);
    return 0;
}

static void open_text(fixture *f, const weir_str *t) {
    assert_int_equal(weir_xml_open(&f->ctx, f->s, t->p, t->len, NULL), WEIR_OK);
}

static void is_tag(fixture *f, weir_xml_kind kind, const char *name) {
    const weir_xml_event *e = weir_xml_next(f->s);
    assert_int_equal(e->kind, kind);
    assert_string_equal(e->text, name);
}

/* More events than are read ahead: all come in order, and stay whole while the next is looked at.
 */
static void pages(void **state) {
    fixture *f = *state;
    weir_str t;
    char name[16];
    weir_str_init(&t, f->ctx.arena, 1u << 20);
    weir_str_puts(&t, "<r>");
    for (int i = 0; i < MANY; i++) weir_str_printf(&t, "<e%d k='%d'/>", i, i);
    weir_str_puts(&t, "</r>");
    open_text(f, &t);
    is_tag(f, WEIR_XML_START, "r");
    for (int i = 0; i < MANY; i++) {
        const weir_xml_event *e = weir_xml_next(f->s);
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(e->kind, WEIR_XML_START);
        assert_int_equal(e->nattr, 1);
        assert_int_equal(weir_xml_peek(f->s)->kind, WEIR_XML_END); /* e is as it was */
        assert_string_equal(e->attr[0].value, name);
        assert_string_equal(e->text + 1, name);
        (void)weir_xml_next(f->s);
    }
    is_tag(f, WEIR_XML_END, "r");
    assert_int_equal(weir_xml_next(f->s)->kind, WEIR_XML_DONE);
    assert_int_equal(weir_xml_next(f->s)->kind, WEIR_XML_DONE);
}

/* Tokens many times as long as a piece: a comment, an attribute, a text. */
static void long_tokens(void **state) {
    fixture *f = *state;
    weir_str t;
    char *x = weir_alloc(f->ctx.arena, LONG + 1);
    memset(x, 'x', LONG);
    weir_str_init(&t, f->ctx.arena, 1u << 30);
    weir_str_printf(&t, "<r><!--%s--><a k='%s'>%s</a>", x, x, x);
    weir_str_printf(&t, "<![CDATA[%s]]>&amp;</r>", x);
    open_text(f, &t);
    is_tag(f, WEIR_XML_START, "r");
    const weir_xml_event *e = weir_xml_next(f->s);
    assert_string_equal(e->attr[0].value, x);
    e = weir_xml_next(f->s);
    assert_int_equal(e->kind, WEIR_XML_TEXT);
    assert_string_equal(e->text, x);
    is_tag(f, WEIR_XML_END, "a");
    e = weir_xml_next(f->s);
    assert_int_equal(e->len, LONG + 1);
    assert_int_equal(e->text[LONG], '&');
    is_tag(f, WEIR_XML_END, "r");
    assert_int_equal(weir_xml_next(f->s)->kind, WEIR_XML_DONE);
}

/* Each beginning of a text is cut, after the events it holds; none is broken. */
static void cut_anywhere(void **state) {
    fixture *f = *state;
    static const char text[] = "<?xml version='1.0'?><r a='1'>x<b>\xC3\xA4</b><![CDATA[y]]></r>";
    for (size_t n = 0; n + 1 < sizeof text - 1; n++) {
        weir_str t;
        weir_str_init(&t, f->ctx.arena, sizeof text);
        weir_str_add(&t, text, n);
        open_text(f, &t);
        const weir_xml_event *e;
        do e = weir_xml_next(f->s);
        while (!weir_xml_over(e));
        assert_int_equal(e->kind, WEIR_XML_CUT);
        assert_non_null(strstr(weir_xml_why(f->s), ", at line 1"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_tokens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_anywhere, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
