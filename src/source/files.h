/* Directories of files as relations: listing, partition columns, splits, readers. Shared by the
 * file formats and by Auto Loader. */
#ifndef WEIR_SOURCE_FILES_H
#define WEIR_SOURCE_FILES_H
#include "codec/json_read.h"
#include "codec/pack.h"
#include "func/charset.h"
#include "io/relation.h"

typedef struct weir_found {
    const char *path, *uri;
    int64_t size_bytes, mtime_us;
    int64_t folder; /* of the listing */
    int32_t named;  /* how many of the scan's paths are the file itself or its folder */
} weir_found;
typedef struct weir_folder {
    const char *path;
    int32_t named; /* how many of the scan's paths it is */
    bool data;     /* there are files, read or not: its name counts in the layout */
} weir_folder;
typedef struct weir_listing {
    weir_found *v;
    int64_t n, cap;
    weir_folder *folder; /* one may be there twice */
    int64_t nfolder, folder_cap;
    const char **base; /* folders where k=v folders begin, sorted; none: as high as they go */
    int64_t nbase;
    /* Set before listing: files it is true for are left out, unlooked at; the rest have their uri.
     */
    bool (*seen)(const void *u, const char *uri);
    const void *seen_u;
    bool logged; /* out: files came from a streaming sink's log */
} weir_listing;

/* All files below the scan's paths (globs, pathGlobFilter), in every folder. Hidden names are left
 * out. must_exist: PATH_NOT_FOUND when a path without glob is missing. Unsorted. */
weir_rc weir_files_list(weir_ctx *, const weir_scan *, bool must_exist, weir_listing *out);
struct weir_log_file;
/* The same of files that a stream's log names (file_log.h). */
weir_rc weir_files_logged(weir_ctx *, const weir_scan *, const struct weir_log_file *, int64_t n,
                          weir_listing *out);
void weir_files_by_time(weir_listing *); /* by mtime, then path */
/* For those who make listings. The option basePath, if it is set; an index of folder. */
weir_rc weir_files_base_option(weir_ctx *, const weir_scan *, weir_listing *);
void weir_listing_sort_bases(weir_listing *);
int64_t weir_listing_folder(weir_arena *, weir_listing *, const char *path);
int64_t weir_listing_folder_of(weir_arena *, weir_listing *, const char *file);

/* What the folders of a listing say. */
typedef struct weir_layout {
    weir_schema *part;          /* partition columns; NULL: none */
    bool found;                 /* some files are in k=v folders: only those have rows */
    bool *keyed;                /* by folder: is it, or is it in, a k=v folder? */
    const weir_column **value;  /* by folder: one row of each partition column */
} weir_layout;
typedef enum {
    WEIR_LAYOUT_ALIKE, /* folders that say different things fail */
    WEIR_LAYOUT_TRY,   /* then they say nothing */
    WEIR_LAYOUT_KNOWN  /* the scan's partition_schema; none: columns of the user's schema */
} weir_layout_mode;
/* typed: partition columns have the types of their values, else STRING; what the user's schema says
 * of them goes before both. */
weir_rc weir_files_layout(weir_ctx *, const weir_scan *, const weir_listing *, weir_layout_mode,
                          bool typed, weir_layout *out);
/* Leaves what makes the schema: all with recursiveFileLookup, and where there are k=v folders, else
 * what lies directly where the scan's paths point, as often as they do. */
void weir_listing_choose(weir_ctx *, const weir_scan *, const weir_layout *, weir_listing *);
/* A whole-file split for each file, with the values of the partition columns; not of files outside
 * of k=v folders where there are some. */
weir_rc weir_files_split(weir_ctx *, const weir_scan *, const weir_listing *, const weir_layout *,
                         weir_splits *out);
/* The scan's columns from those of a file: the file's own, and the values of its folders. */
weir_rc weir_files_columns(weir_ctx *, const weir_scan *, const weir_split *,
                           const weir_batch *data, weir_batch *out);
/* a and those fields of b whose names it lacks. */
weir_schema *weir_schema_join(weir_arena *, weir_schema *a, weir_schema *b, bool exact);

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
    /* With step, or NULL: of a damaged file, how much may be read after all. */
    size_t (*cut)(void *u, const char *p, size_t n);
} weir_text_ops;

/* Lines of a text: ended by sep, or if that has no bytes by \n, \r or \r\n. */
typedef struct weir_lines {
    const char *p, *end;
    weir_bytes sep;
} weir_lines;
void weir_lines_init(weir_lines *, const char *p, size_t n, weir_bytes sep);
bool weir_lines_next(weir_lines *, const char **line, int64_t *n); /* false: the end */

/* What the options (and spark.sql.files.*) say of text files. sep: lineSep, in the encoding. */
typedef struct weir_text_rule {
    bool skip_missing, skip_damaged;
    weir_bytes sep;
} weir_text_rule;
weir_rc weir_text_rule_of(weir_ctx *, const weir_scan *, weir_text_rule *out);
/* The text of a file: none of one that is missing and may be. Unless whole, of a damaged file the
 * lines before the damage, which weir_text_over tells of when they are read. */
weir_rc weir_text_open(weir_ctx *, const weir_text_rule *, const char *path, const char *uri,
                       bool whole, weir_text_file *out);
weir_rc weir_text_over(weir_ctx *, const weir_text_rule *, const weir_text_file *, const char *uri);
/* Calls fn with each line of a file, or with the whole of one that is not damaged, until *enough.
 */
weir_rc weir_text_records(weir_ctx *, const weir_text_rule *, const char *path, bool whole,
                       weir_rc (*fn)(weir_ctx *, void *u, const char *p, int64_t n, bool *enough),
                       void *u);
weir_rc weir_text_reader(weir_ctx *, weir_scan *, const weir_split *, int64_t n,
                         const weir_text_ops *, void *u, weir_arena *mem, bool whole_file,
                         weir_reader **out);

/* The JSON row maker over schema (data columns); options live as long as mem. */
weir_rc weir_json_text(weir_ctx *, weir_schema *, weir_json_options *, void **u);
extern const weir_text_ops weir_json_text_ops;

/* Is the option on? */
bool weir_scan_flag(const weir_scan *, const char *key, bool dflt);
#endif
