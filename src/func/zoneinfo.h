/* Rules of time zones from TZif files (RFC 9636), as zone.c uses them. Pure, except
 * weir_zoneinfo_read; any thread. */
#ifndef WEIR_FUNC_ZONEINFO_H
#define WEIR_FUNC_ZONEINFO_H
#include "base/buf.h"

/* One day of change in every year: Mm.w.d, Jn or n of POSIX's TZ, at seconds of its local day. */
typedef struct weir_zone_day {
    char kind; /* 'M', 'J', '0' */
    int month, week, day;
    int32_t seconds; /* -167 to 167 hours */
} weir_zone_day;

typedef struct weir_zone_rules {
    int32_t first; /* seconds east of UTC before the first transition */
    bool first_daylight;
    int n;
    int64_t *at;   /* UTC seconds, rising */
    int32_t *off;  /* from at[i] on */
    bool *daylight;
    bool repeats; /* after the last transition daylight saving goes on by the rule below */
    int32_t standard_off, daylight_off;
    bool negative; /* the offset of what the rule calls daylight saving is the smaller one */
    weir_zone_day begin, end; /* of daylight saving */
} weir_zone_rules;

/* false: p is no TZif file, or a damaged one, or counts leap seconds. */
bool weir_zoneinfo_parse(weir_arena *, const uint8_t *p, size_t n, weir_zone_rules *out);
/* The two transitions of a year by the rule, in the order begin, end. */
void weir_zoneinfo_year(const weir_zone_rules *, int64_t year, int64_t at[2]);
/* Reads a region's file from the newest tzdata there is: the folder TZDIR alone, else of those in
 * PYTHONTZPATH, the system's and the one beside the program, the one whose tzdata.zi names the
 * highest version. false: no such region. */
bool weir_zoneinfo_read(weir_arena *, const char *id, size_t n, weir_zone_rules *out);
#endif
