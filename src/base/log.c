/* The server's own log. Any thread: one write a line. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static weir_loglevel level(void) {
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *v = getenv("WEIR_LOG");
    for (int i = 0; v && i < 4; i++)
        if (strcasecmp(v, names[i]) == 0) return (weir_loglevel)i;
    return WEIR_LOG_WARN;
}

void weir_log(weir_loglevel l, const char *fmt, ...) {
    static const char tags[] = "EWID";
    char line[2048];
    struct timespec t;
    struct tm tm;
    if (l > level()) return;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(line + n, sizeof line - n, ".%03ldZ %c ", t.tv_nsec / 1000000, tags[l]);
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
    va_end(ap);
    if (m < 0) return;
    n = strlen(line);
    line[n++] = '\n';
    fwrite(line, 1, n, stderr);
}
