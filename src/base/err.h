/* Errors. Every fallible function takes a weir_ctx first and returns a weir_rc; the first failure
 * is described in ctx->err. Classes, SQLSTATEs and templates are Apache Spark's own (errors.def);
 * the template's <name> places are filled from the parameters. */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H
#include "base/arena.h"

typedef enum { WEIR_OK, WEIR_RETRY, WEIR_FAIL, WEIR_CANCEL } weir_rc; /* what the caller must do */

/* Which exception the client raises. Order matches exception_names in err.c. */
typedef enum {
    WEIR_X_SPARK,           /* SparkException */
    WEIR_X_ANALYSIS,        /* AnalysisException */
    WEIR_X_PARSE,           /* ParseException */
    WEIR_X_ARITHMETIC,      /* SparkArithmeticException */
    WEIR_X_NUMBER_FORMAT,   /* SparkNumberFormatException */
    WEIR_X_DATETIME,        /* SparkDateTimeException */
    WEIR_X_ARRAY_INDEX,     /* SparkArrayIndexOutOfBoundsException */
    WEIR_X_ILLEGAL_ARG,     /* SparkIllegalArgumentException */
    WEIR_X_UNSUPPORTED,     /* SparkUnsupportedOperationException */
    WEIR_X_RUNTIME,         /* SparkRuntimeException */
    WEIR_X_NO_SUCH_ELEMENT, /* SparkNoSuchElementException */
    WEIR_X_CLASS_NOT_FOUND, /* SparkClassNotFoundException */
    WEIR_X_STREAMING,       /* StreamingQueryException */
    WEIR_X_UPGRADE,         /* SparkUpgradeException */
    WEIR_X_PYTHON,          /* PythonException */
    WEIR_X_UNKNOWN_FIELD,   /* UnknownFieldException (Auto Loader) */
    WEIR_X_PYTHON_RUNNER,   /* StreamingPythonRunnerInitializationException */
    WEIR_X_NO_FILE_SYSTEM,  /* Hadoop's UnsupportedFileSystemException */
    WEIR_X_IO,              /* IOException */
    WEIR_X_ILLEGAL_STATE,   /* IllegalStateException */
    WEIR_X_DELTA_INVARIANT  /* DeltaInvariantViolationException */
} weir_exception;

typedef enum {
#define E(id, cls, state, exception, text) WEIR_E_##id,
#include "base/errors.def"
#undef E
    WEIR_E_COUNT
} weir_errcls;

typedef struct weir_pos {
    int32_t start, stop;
    const char *text;
} weir_pos; /* characters into the SQL text; text NULL = DataFrame API */
typedef struct weir_param {
    const char *key, *value;
} weir_param;
typedef struct weir_qctx { /* one query context, as Spark's QueryContext */
    int kind;              /* 0 SQL, 1 DataFrame */
    const char *object_type, *object_name, *fragment, *call_site, *summary;
    int32_t start, stop;
} weir_qctx;

/* Owns its texts in its own arena: it outlives the epoch that failed. */
typedef struct weir_err {
    weir_rc rc;
    weir_errcls cls;
    const char *msg; /* "[CLASS] text SQLSTATE: nnnnn" as Spark prints it */
    const char *at;  /* file:line of the raise */
    int nparam;
    weir_param *param;
    int nqctx;
    weir_qctx *qctx;
    const char *cause; /* text of an underlying failure, or NULL */
    weir_arena *own;
} weir_err;

struct weir_ctx;
void weir_err_init(weir_err *);
void weir_err_clear(weir_err *);                        /* releases; ready for reuse */
void weir_err_copy(weir_err *to, const weir_err *from); /* to must be initialised */

const char *weir_errcls_name(weir_errcls);     /* "DIVIDE_BY_ZERO" */
const char *weir_errcls_sqlstate(weir_errcls); /* NULL if Spark gives none */
weir_exception weir_errcls_exception(weir_errcls);
/* Java class hierarchy, most specific first, NULL-terminated (metadata "classes" of Spark Connect).
 */
const char *const *weir_exception_classes(weir_exception);

/* Raises: pairs of (key, value) strings, ended by NULL. Returns WEIR_FAIL. First failure wins. */
#define weir_fail(ctx, cls, ...)                                                                   \
    weir_fail_at((ctx), (cls), WEIR_AT, __VA_ARGS__, (const char *)NULL)
weir_rc weir_fail_at(struct weir_ctx *, weir_errcls, const char *at, ...) __attribute__((sentinel));
/* A file cannot be read (FAILED_READ_FILE, or _RECORD: what the file says, which ignoreCorruptFiles
 * does not step over); reason is the cause, which clients show below the message. */
#define weir_fail_read(ctx, cls, path, reason)                                                     \
    weir_fail_read_at((ctx), (cls), WEIR_AT, (path), (reason))
weir_rc weir_fail_read_at(struct weir_ctx *, weir_errcls, const char *at, const char *path,
                          const char *reason);
/* Marks where in the query the (already raised) failure lies. Only the first call counts. */
void weir_err_where(struct weir_ctx *, const weir_pos *);
/* A failed system call or library: adds the text of errno (or text) as the cause of an internal
 * error. */
#define weir_fail_io(ctx, what, path) weir_fail_io_at((ctx), WEIR_AT, (what), (path))
weir_rc weir_fail_io_at(struct weir_ctx *, const char *at, const char *what, const char *path);

#define WEIR_STR2(x) #x
#define WEIR_STR(x) WEIR_STR2(x)
#define WEIR_AT __FILE__ ":" WEIR_STR(__LINE__)
#define WEIR_TRY(e)                                                                                \
    do {                                                                                           \
        weir_rc rc_ = (e);                                                                         \
        if (rc_ != WEIR_OK) return rc_;                                                            \
    } while (0)

/* Programmer error: on in release too, aborts. */
#define weir_assert(c) ((c) ? (void)0 : weir_assert_failed(#c, WEIR_AT))
void weir_assert_failed(const char *what, const char *at) __attribute__((noreturn));
#endif
