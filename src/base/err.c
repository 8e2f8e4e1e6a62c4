/* Error classes, messages from templates, Java class hierarchies. See err.h. Any thread. */
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct errdef {
    const char *cls, *state;
    weir_exception exception;
    const char *text;
} errdef;
static const errdef defs[] = {
#define E(id, cls, state, exception, text) {cls, state, exception, text},
#include "base/errors.def"
#undef E
};

#define BASE "java.lang.Exception", "java.lang.Throwable", "java.lang.Object", NULL
#define RUNTIME "java.lang.RuntimeException", BASE
static const char *const names_spark[] = {"org.apache.spark.SparkException", BASE};
static const char *const names_analysis[] = {"org.apache.spark.sql.AnalysisException", BASE};
static const char *const names_parse[] = {"org.apache.spark.sql.catalyst.parser.ParseException",
                                          "org.apache.spark.sql.AnalysisException", BASE};
static const char *const names_arithmetic[] = {"org.apache.spark.SparkArithmeticException",
                                               "java.lang.ArithmeticException", RUNTIME};
static const char *const names_number[] = {"org.apache.spark.SparkNumberFormatException",
                                           "java.lang.NumberFormatException",
                                           "java.lang.IllegalArgumentException", RUNTIME};
static const char *const names_datetime[] = {"org.apache.spark.SparkDateTimeException",
                                             "java.time.DateTimeException", RUNTIME};
static const char *const names_index[] = {"org.apache.spark.SparkArrayIndexOutOfBoundsException",
                                          "java.lang.ArrayIndexOutOfBoundsException",
                                          "java.lang.IndexOutOfBoundsException", RUNTIME};
static const char *const names_arg[] = {"org.apache.spark.SparkIllegalArgumentException",
                                        "java.lang.IllegalArgumentException", RUNTIME};
static const char *const names_unsupported[] = {
    "org.apache.spark.SparkUnsupportedOperationException",
    "java.lang.UnsupportedOperationException", RUNTIME};
static const char *const names_runtime[] = {"org.apache.spark.SparkRuntimeException", RUNTIME};
static const char *const names_element[] = {"org.apache.spark.SparkNoSuchElementException",
                                            "java.util.NoSuchElementException", RUNTIME};
static const char *const names_class[] = {"org.apache.spark.SparkClassNotFoundException",
                                          "java.lang.ClassNotFoundException",
                                          "java.lang.ReflectiveOperationException", BASE};
static const char *const names_streaming[] = {
    "org.apache.spark.sql.streaming.StreamingQueryException", BASE};
static const char *const names_upgrade[] = {"org.apache.spark.SparkUpgradeException", RUNTIME};
static const char *const names_python[] = {"org.apache.spark.api.python.PythonException", RUNTIME};
static const char *const names_field[] = {
    "org.apache.spark.sql.catalyst.util.UnknownFieldException", RUNTIME};
static const char *const names_runner[] = {
    "org.apache.spark.api.python."
    "StreamingPythonRunner$StreamingPythonRunnerInitializationException",
    "org.apache.spark.SparkPythonException", RUNTIME};
static const char *const names_file_system[] = {
    "org.apache.hadoop.fs.UnsupportedFileSystemException", "java.io.IOException", BASE};
static const char *const names_io[] = {"java.io.IOException", BASE};
static const char *const names_state[] = {"java.lang.IllegalStateException", RUNTIME};
static const char *const names_invariant[] = {
    "org.apache.spark.sql.delta.schema.DeltaInvariantViolationException", RUNTIME};
static const char *const *const hierarchies[] = {
    names_spark,       names_analysis, names_parse,   names_arithmetic,
    names_number,      names_datetime, names_index,   names_arg,
    names_unsupported, names_runtime,  names_element, names_class,
    names_streaming,   names_upgrade,  names_python,  names_field,
    names_runner,      names_file_system, names_io,
    names_state,       names_invariant};

const char *weir_errcls_name(weir_errcls c) { return defs[c].cls; }
const char *weir_errcls_sqlstate(weir_errcls c) { return defs[c].state; }
weir_exception weir_errcls_exception(weir_errcls c) { return defs[c].exception; }
const char *const *weir_exception_classes(weir_exception x) { return hierarchies[x]; }

void weir_err_init(weir_err *e) { memset(e, 0, sizeof *e); }

void weir_err_clear(weir_err *e) {
    weir_arena_free(e->own);
    memset(e, 0, sizeof *e);
}

void weir_err_copy(weir_err *to, const weir_err *from) {
    weir_err_clear(to);
    if (from->rc == WEIR_OK) return;
    weir_arena *a = weir_arena_new(NULL);
    *to = *from;
    to->own = a;
    to->msg = weir_strdup(a, from->msg);
    to->cause = weir_strdup(a, from->cause);
    to->param = weir_memdup(a, from->param, sizeof *to->param * (size_t)from->nparam);
    for (int i = 0; i < to->nparam; i++) {
        to->param[i].key = weir_strdup(a, from->param[i].key);
        to->param[i].value = weir_strdup(a, from->param[i].value);
    }
    to->qctx = weir_memdup(a, from->qctx, sizeof *to->qctx * (size_t)from->nqctx);
    for (int i = 0; i < to->nqctx; i++) {
        weir_qctx *q = &to->qctx[i];
        q->object_type = weir_strdup(a, q->object_type);
        q->object_name = weir_strdup(a, q->object_name);
        q->fragment = weir_strdup(a, q->fragment);
        q->call_site = weir_strdup(a, q->call_site);
        q->summary = weir_strdup(a, q->summary);
    }
}

static const char *param_of(const weir_err *e, const char *key, size_t n) {
    for (int i = 0; i < e->nparam; i++)
        if (strlen(e->param[i].key) == n && memcmp(e->param[i].key, key, n) == 0)
            return e->param[i].value;
    return NULL;
}

/* Fills <name> places; out NULL only counts. */
static size_t fill(const weir_err *e, const char *text, char *out) {
    size_t n = 0;
    for (const char *p = text; *p;) {
        const char *end = *p == '<' ? strchr(p, '>') : NULL,
                   *v = end ? param_of(e, p + 1, (size_t)(end - p - 1)) : NULL;
        if (v) {
            size_t len = strlen(v);
            if (out) memcpy(out + n, v, len);
            n += len;
            p = end + 1;
        } else {
            if (out) out[n] = *p;
            n++;
            p++;
        }
    }
    return n;
}

static void compose(weir_err *e) {
    const errdef *d = &defs[e->cls];
    size_t n = fill(e, d->text, NULL);
    char *text = weir_alloc(e->own, n + 1);
    fill(e, d->text, text);
    /* Exceptions of Delta's, too, come without the SQLSTATE. */
    bool is_delta =
        strncmp(d->cls, "DELTA_", 6) == 0 || strncmp(d->cls, "DIFFERENT_DELTA_", 16) == 0;
    /* SPARK KafkaExceptions: their messages do not name the class */
    if (!*d->cls || d->cls[0] == '_' || strncmp(d->cls, "KAFKA_", 6) == 0)
        e->msg = text;
    else if (d->state && !is_delta)
        e->msg = weir_printf(e->own, "[%s] %s SQLSTATE: %s", d->cls, text, d->state);
    else
        e->msg = weir_printf(e->own, "[%s] %s", d->cls, text);
}

weir_rc weir_fail_at(weir_ctx *ctx, weir_errcls cls, const char *at, ...) {
    weir_err *e = ctx->err;
    if (e->rc != WEIR_OK) return e->rc;
    e->own = weir_arena_new(NULL);
    e->rc = cls == WEIR_E_CANCELLED ? WEIR_CANCEL : WEIR_FAIL;
    e->cls = cls;
    e->at = at;
    e->param = WEIR_NEWN(e->own, weir_param, 16);
    va_list ap;
    va_start(ap, at);
    for (const char *k; e->nparam < 16 && (k = va_arg(ap, const char *)) != NULL;) {
        const char *v = va_arg(ap, const char *);
        if (!v) v = "null";
        /* the client takes UTF-8 only, whatever a file or a value held */
        e->param[e->nparam++] =
            (weir_param){weir_strdup(e->own, k), weir_utf8_dup(e->own, v, strlen(v))};
    }
    va_end(ap);
    compose(e);
    return e->rc;
}

void weir_err_where(weir_ctx *ctx, const weir_pos *pos) {
    weir_err *e = ctx->err;
    if (e->rc == WEIR_OK || e->nqctx || !pos->text) return;
    size_t len = strlen(pos->text), start = (size_t)pos->start, stop = (size_t)pos->stop;
    if (stop > len) stop = len;
    if (start >= stop) return;
    weir_qctx *q = WEIR_NEW(e->own, weir_qctx);
    int line = 1, col = 0;
    for (size_t i = 0; i < start; i++) {
        col++;
        if (pos->text[i] == '\n') line++, col = 0;
    }
    q->object_type = q->object_name = q->call_site = "";
    q->start = pos->start;
    q->stop = pos->stop - 1;
    q->fragment = weir_strndup(e->own, pos->text + start, stop - start);
    const char *from = pos->text + start - col, *eol = from + strcspn(from, "\n");
    char *marks = weir_alloc(e->own, stop - start + 1);
    memset(marks, '^', stop - start);
    q->summary = weir_printf(e->own, "== SQL (line %d, position %d) ==\n%.*s\n%*s%s\n", line,
                             col + 1, (int)(eol - from), from, col, "", marks);
    e->qctx = q;
    e->nqctx = 1;
    bool parse = defs[e->cls].exception == WEIR_X_PARSE;
    bool analysis = defs[e->cls].exception == WEIR_X_ANALYSIS;
    if (parse) return;
    if (analysis)
        e->msg = weir_printf(e->own, "%s; line %d pos %d", e->msg, line, col);
    else
        e->msg = weir_printf(e->own, "%s\n%s", e->msg, q->summary);
}

weir_rc weir_fail_read_at(weir_ctx *ctx, weir_errcls cls, const char *at, const char *path,
                          const char *reason) {
    weir_err *e = ctx->err;
    if (e->rc != WEIR_OK) return e->rc;
    weir_rc rc = weir_fail_at(ctx, cls, at, "path", path, (const char *)NULL);
    e->cause = weir_strdup(e->own, reason);
    return rc;
}

weir_rc weir_fail_io_at(weir_ctx *ctx, const char *at, const char *what, const char *path) {
    int err = errno;
    char text[128];
    const char *reason = strerror_r(err, text, sizeof text);
    if (err == ENOENT && strcmp(what, "open") == 0)
        return weir_fail_at(ctx, WEIR_E_FILE_NOT_EXIST, at, "path", path, (const char *)NULL);
    return weir_fail_at(ctx, WEIR_E_IO_FAILED, at, "operation", what, "path", path, "reason",
                        reason, (const char *)NULL);
}

void weir_assert_failed(const char *what, const char *at) {
    fprintf(stderr, "weir: assertion failed at %s: %s\n", at, what);
    abort();
}
