/* Dates, timestamps and time zones: the proleptic Gregorian calendar, Spark's text forms, zones by
 * the machine's tzdata. SPARK DateTimeUtils (stringToDate, stringToTimestamp), java.time. Pure
 * functions unless a ctx is taken; any thread. */
#ifndef WEIR_FUNC_DATETIME_H
#define WEIR_FUNC_DATETIME_H
#include "base/buf.h"

#define WEIR_DAY_US INT64_C(86400000000)
static inline int64_t weir_floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
static inline int64_t weir_floor_mod(int64_t a, int64_t b) { return a - weir_floor_div(a, b) * b; }

int64_t weir_civil_days(int64_t year, int month,
                        int day); /* days since 1970-01-01; day may exceed the month */
void weir_civil(int64_t days, int64_t *year, int *month, int *day);
bool weir_is_leap(int64_t year);
int weir_month_days(int64_t year, int month);
/* Days counted with Julian dates before 1582-10-15 as those whose proleptic Gregorian date reads
 * the same. SPARK RebaseDateTime.rebaseJulianToGregorianDays */
int64_t weir_julian_days(int64_t days);
/* The other way. Days that the older calendar has not, of October 1582, are its first new one. */
int64_t weir_days_to_julian(int64_t days);
int64_t weir_days_add_months(int64_t days, int64_t months); /* the day is cut to the month's last */

/* A zone: immutable, shared, lives as long as the process. */
typedef struct weir_zone weir_zone;
/* Java's ZoneId.of with Spark's extra forms ("+8:00", "PST"). NULL = no such zone. The file of a
 * region is read when it is first asked for. */
const weir_zone *weir_zone_find(const char *id, size_t len);
const weir_zone *weir_zone_fixed(const char *prefix, int32_t offset); /* "", "UTC", "GMT", "UT" */
/* Fails when key is the session time zone's and value names no zone; other keys pass. */
weir_rc weir_zone_check(weir_ctx *, const char *key, const char *value);
const weir_zone *weir_zone_utc(void);
const weir_zone *weir_zone_session(
    weir_ctx *); /* spark.sql.session.timeZone; UTC when it is not a zone */
/* The process's own, by TZ: what is Java's default there. UTC when it is none. */
const weir_zone *weir_zone_process(void);
const char *weir_zone_id(const weir_zone *);
int32_t weir_zone_offset(const weir_zone *, int64_t utc_seconds); /* seconds east of UTC */
/* The offset that java.util.TimeZone has: before 1900 today's standard one. */
int32_t weir_zone_old_offset(const weir_zone *, int64_t utc_seconds);
#define WEIR_ZONE_OLD_START INT64_C(-2208988800)
/* Micros of the instant that the wall clock reads local_us; gaps move on, overlaps take the earlier
 * (java ZonedDateTime.of). */
int64_t weir_zone_to_utc(const weir_zone *, int64_t local_us);
/* The same, but in an overlap offset is kept if it is one of both (java ZonedDateTime.ofLocal):
 * what is reached from an instant with that offset. */
int64_t weir_zone_to_utc_near(const weir_zone *, int64_t local_us, int32_t offset);
bool weir_zone_daylight(const weir_zone *, int64_t utc_seconds); /* daylight saving holds */
/* Its English name as java prints it, the id where it has none. full: "Central European Summer
 * Time", else "CEST". */
const char *weir_zone_name(const weir_zone *, bool daylight, bool full);
/* Reads an id or (names) a name of a zone, in any case, the longest that fits; moves *p behind it.
 * NULL: none. JAVA DateTimeFormatterBuilder.ZoneIdPrinterParser, ZoneTextPrinterParser. */
const weir_zone *weir_zone_read(const char **p, const char *end, bool names, bool full);
static inline int64_t weir_zone_local(const weir_zone *z, int64_t us) {
    return us + (int64_t)weir_zone_offset(z, weir_floor_div(us, 1000000)) * 1000000;
}

/* Months and days on the wall clock, then micros; false = overflow. */
bool weir_timestamp_add(int64_t us, const weir_zone *, int64_t months, int64_t days, int64_t micros,
                        int64_t *out);

/* false = malformed. White space around is allowed. */
bool weir_date_parse(const char *p, int64_t n, int32_t *days);
bool weir_timestamp_parse(const char *p, int64_t n, const weir_zone *, int64_t *us);
/* allow_zone: a zone in the text is accepted and ignored. */
bool weir_timestamp_ntz_parse(const char *p, int64_t n, bool allow_zone, int64_t *us);
bool weir_time_parse(const char *p, int64_t n, int64_t *us_of_day);
enum { WEIR_TIME_TEXT = 40 };
int weir_date_text(int32_t days, char out[WEIR_TIME_TEXT]);
int weir_timestamp_text(int64_t us, const weir_zone *,
                        char out[WEIR_TIME_TEXT]); /* fraction without trailing zeros */
int weir_ntz_text(int64_t us, char out[WEIR_TIME_TEXT]);
int weir_time_text(int64_t us_of_day, char out[WEIR_TIME_TEXT]);

/* A compiled pattern of java.time's DateTimeFormatter as Spark uses it. */
typedef struct weir_pattern weir_pattern;
/* Fails with INVALID_DATETIME_PATTERN. for_parsing changes the meaning of some letters (as Spark's
 * builders do). */
weir_rc weir_pattern_compile(weir_ctx *, const char *pattern, size_t n, bool for_parsing,
                             weir_pattern **out);
/* The timestamp in zone; false = the text does not match. Date-only patterns give midnight. */
bool weir_pattern_parse(const weir_pattern *, const char *p, int64_t n, const weir_zone *,
                        int64_t *us);
void weir_pattern_format(const weir_pattern *, int64_t us, const weir_zone *, weir_str *out);
#endif
