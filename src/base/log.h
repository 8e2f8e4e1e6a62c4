/* The server's own log: one line per event on stderr, level by WEIR_LOG (error, warn, info, debug;
 * default warn). */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H
typedef enum { WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG } weir_loglevel;
void weir_log(weir_loglevel, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#endif
