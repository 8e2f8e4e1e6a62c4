/* Options of streaming file sources. See file_options.h. */
#include "source/file_options.h"

#include "base/log.h"
#include "source/files.h"
#include "source/glob.h"

#include <stdlib.h>
#include <strings.h>

static weir_rc invalid(weir_ctx *ctx, const char *value, const char *key, const char *want) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "Invalid value '%s' for option '%s', must be %s",
                                 value, key, want));
}

static weir_rc number(weir_ctx *ctx, const weir_scan *s, const char *key, int64_t least,
                      int64_t most, const char *want, int64_t *out) {
    const char *v = weir_option_get(&s->options, key);
    char *end;
    *out = 0;
    if (!v) return WEIR_OK;
    *out = strtoll(v, &end, 10);
    return *end || end == v || *out < least || *out > most ? invalid(ctx, v, key, want) : WEIR_OK;
}

static weir_rc yes_no(weir_ctx *ctx, const weir_scan *s, const char *key, bool *out) {
    const char *v = weir_option_get(&s->options, key);
    *out = v && strcasecmp(v, "true") == 0;
    if (!v || *out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return invalid(ctx, v, key, "'true' or 'false'");
}

static int depth_of(const char *p) {
    int n = 0;
    for (; *p; p++) n += *p == '/' && p[1] && p[1] != '/';
    return n;
}

/* The first n parts of a path. */
static char *parts(weir_arena *a, const char *p, int n) {
    const char *from = p;
    for (; *p; p++)
        if (*p == '/' && p[1] && p[1] != '/' && n-- == 0) break;
    size_t len = (size_t)(p - from);
    while (len > 1 && from[len - 1] == '/') len--;
    return weir_strndup(a, from, len);
}

static weir_rc read_archive(weir_ctx *ctx, const weir_scan *s, weir_file_options *o) {
    const char *v = weir_option_get(&s->options, "sourceArchiveDir");
    if (!v)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "Archive mode must be used with 'sourceArchiveDir' option.");
    WEIR_TRY(weir_uri_local(ctx, v, NULL, &v));
    o->archive = v;
    int a = depth_of(v), b = depth_of(s->path[0]), n = a < b ? a : b;
    if (!weir_glob_match(parts(ctx->arena, s->path[0], n), parts(ctx->arena, v, n)))
        return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        "requirement failed: Base archive path cannot be set to the path where archived path can "
        "possibly match with source pattern. Ensure the base archive path doesn't match with "
        "source pattern in depth, where the depth is minimum of depth on both paths.");
}

static weir_rc read_clean(weir_ctx *ctx, const weir_scan *s, weir_file_options *o) {
    const char *v = weir_option_get(&s->options, "cleanSource");
    if (!v || strcasecmp(v, "off") == 0) return WEIR_OK;
    if (strcasecmp(v, "delete") != 0 && strcasecmp(v, "archive") != 0)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena,
                                     "Invalid mode for clean source option Some(%s). Must be one "
                                     "of ARCHIVE,DELETE,OFF",
                                     v));
    o->clean = strcasecmp(v, "delete") == 0 ? WEIR_CLEAN_DELETE : WEIR_CLEAN_ARCHIVE;
    weir_stat st;
    WEIR_TRY(weir_path_stat(ctx, weir_printf(ctx->arena, "%s/_spark_metadata", s->path[0]), &st));
    if (st.exists)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                         "Clean up source files is not supported when reading from the output "
                         "directory of FileStreamSink.");
    return o->clean == WEIR_CLEAN_ARCHIVE ? read_archive(ctx, s, o) : WEIR_OK;
}

static weir_rc read_age(weir_ctx *ctx, const weir_scan *s, weir_file_options *o) {
    const char *v = weir_option_get(&s->options, "maxFileAge");
    o->max_age_ms = (int64_t)7 * 24 * 3600 * 1000;
    if (v && !weir_parse_ms(v, &o->max_age_ms))
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena,
                                     "Time must be specified as seconds (s), milliseconds (ms), "
                                     "microseconds (us), minutes (m or min), hour (h), or day (d). "
                                     "E.g. 50s, 100ms, or 250us.\nFailed to parse time string: %s",
                                     v));
    if (o->latest_first && (o->max_files || o->max_bytes)) o->max_age_ms = INT64_MAX;
    return WEIR_OK;
}

weir_rc weir_file_options_read(weir_ctx *ctx, const weir_scan *s, weir_file_options *o) {
    static const char *const times[][2] = {{"modifiedBefore", "modifiedbefore"},
                                           {"modifiedAfter", "modifiedafter"}};
    int64_t cached;
    *o = (weir_file_options){0};
    for (int i = 0; i < 2; i++)
        if (weir_option_get(&s->options, times[i][0]))
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena,
                                         "option '%s' is not allowed in file stream sources",
                                         times[i][1]));
    WEIR_TRY(
        number(ctx, s, "maxFilesPerTrigger", 1, INT32_MAX, "a positive integer", &o->max_files));
    WEIR_TRY(
        number(ctx, s, "maxBytesPerTrigger", 1, INT64_MAX, "a positive integer", &o->max_bytes));
    if (o->max_files && o->max_bytes)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "Options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' can't be both set "
                         "at the same time");
    WEIR_TRY(number(ctx, s, "maxCachedFiles", 0, INT32_MAX, "an integer greater than or equal to 0",
                    &cached));
    WEIR_TRY(yes_no(ctx, s, "latestFirst", &o->latest_first));
    WEIR_TRY(yes_no(ctx, s, "fileNameOnly", &o->name_only));
    WEIR_TRY(read_age(ctx, s, o));
    return read_clean(ctx, s, o);
}

weir_rc weir_file_options_check(weir_ctx *ctx, const weir_scan *s) {
    static const char *const flags[] = {"recursiveFileLookup", "wholetext", "ignoreMissingFiles",
                                        "ignoreCorruptFiles", "mergeSchema"};
    const char *end = weir_option_get(&s->options, "lineSep");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const char *v = weir_option_get(&s->options, flags[i]);
        if (v && strcasecmp(v, "true") != 0 && strcasecmp(v, "false") != 0)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena, "For input string: \"%s\"", v));
    }
    if (end && !*end)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "requirement failed: 'lineSep' cannot be an empty string.");
    return WEIR_OK;
}

void weir_file_clean(weir_ctx *ctx, const weir_file_options *o, const char *path) {
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    bool lost = false;
    weir_rc rc = WEIR_OK;
    if (o->clean == WEIR_CLEAN_DELETE) {
        rc = weir_path_remove(&c, path);
    } else {
        char *to = weir_printf(c.arena, "%s%s", o->archive, path),
             *dir = weir_strndup(c.arena, to, (size_t)(strrchr(to, '/') - to));
        rc = weir_path_mkdirs(&c, dir);
        if (rc == WEIR_OK) rc = weir_path_rename(&c, path, to, false, &lost);
    }
    if (rc != WEIR_OK || lost)
        weir_log(WEIR_LOG_WARN, "cleanSource: %s stays where it is%s", path,
                 lost ? ": the archive has a file of that name" : "");
    weir_err_clear(&quiet);
}
