/* Directories of files as relations: listing, partition columns, splits, readers. Shared by the
 * file formats and by Auto Loader. */
#ifndef WEIR_SOURCE_FILES_H
#define WEIR_SOURCE_FILES_H
#include "codec/json_read.h"
#include "io/relation.h"

typedef struct weir_found {
    const char *path, *uri;
    int64_t size_bytes, mtime_us;
    const char *base; /* directory below which k=v folders are partition columns */
} weir_found;
typedef struct weir_listing {
    weir_found *v;
    int64_t n, cap;
    /* Set before listing: files it is true for are left out, unlooked at; the rest have their uri.
     */
    bool (*seen)(const void *u, const char *uri);
    const void *seen_u;
    bool logged; /* out: files came from a streaming sink's log */
} weir_listing;

/* Files below the scan's paths (globs, pathGlobFilter, recursion into k=v directories). Hidden
 * names are left out. must_exist: PATH_NOT_FOUND when a path without glob is missing. Unsorted. */
weir_rc weir_files_list(weir_ctx *, const weir_scan *, bool must_exist, weir_listing *out);
bool weir_path_matches(const char *pattern, const char *path); /* a glob with {a,b} */
void weir_files_by_time(weir_listing *);                       /* by mtime, then path */
/* A whole-file split for each file, with the values of the partition columns. */
weir_rc weir_files_split(weir_ctx *, weir_scan *, const weir_found *, int64_t n, weir_splits *out);
/* Partition columns: k=v folders below the bases, typed by their values, or all STRING; *part NULL
 * if there are none. Files that are in no such folder leave the listing when others are in one. */
weir_rc weir_files_partitions(weir_ctx *, weir_scan *, weir_listing *, bool typed,
                              weir_schema **part);
/* The scan's columns from those of a file: the file's own, and the values of its folders. */
weir_rc weir_files_columns(weir_ctx *, const weir_scan *, const weir_split *,
                           const weir_batch *data, weir_batch *out);
weir_schema *weir_schema_join(weir_arena *, weir_schema *a,
                              weir_schema *b); /* fields of b whose names a lacks */

/* One text record per line of the splits' files, given to a row maker. */
typedef struct weir_text_ops {
    weir_rc (*record)(weir_ctx *, void *u, const char *p, int64_t n, int64_t at);
    int64_t (*rows)(void *u);
    weir_rc (*take)(weir_ctx *, void *u, weir_batch *out); /* data columns */
    void (*file)(void *u, const char *uri);                /* a new file begins */
    bool blank;                                            /* empty lines are records, too */
    /* SPARK: the text goes through a decoder, which makes U+FFFD of bytes that are no UTF-8; else
     * they are kept, or the reader's business */
    bool decoded;
    /* NULL, or a quick way for many records: where the first line begins that needs record. */
    const char *(*run)(void *u, const char *p, const char *end, int64_t max_rows);
    /* NULL, or whole files are read in steps: one file's text (again and again the same) up to
     * max_rows rows further, *over at its end. Else record has a whole file at once. */
    weir_rc (*step)(weir_ctx *, void *u, const char *p, int64_t n, int64_t max_rows, bool *over);
} weir_text_ops;

/* Lines of a text: ended by sep, or if that is NULL by \n, \r or \r\n. */
typedef struct weir_lines {
    const char *p, *end, *sep;
} weir_lines;
void weir_lines_init(weir_lines *, const char *p, size_t n, const char *sep);
bool weir_lines_next(weir_lines *, const char **line, int64_t *n); /* false: the end */
weir_rc weir_text_reader(weir_ctx *, weir_scan *, const weir_split *, int64_t n,
                         const weir_text_ops *, void *u, weir_arena *mem, bool whole_file,
                         weir_reader **out);

/* The JSON row maker over schema (data columns); options live as long as mem. */
weir_rc weir_json_text(weir_ctx *, weir_schema *, weir_json_options *, void **u);
extern const weir_text_ops weir_json_text_ops;

/* Is the option on? */
bool weir_scan_flag(const weir_scan *, const char *key, bool dflt);
#endif
