/* What a directory of files is written as. One table row per format. */
#ifndef WEIR_SINK_TEXT_FORMAT_H
#define WEIR_SINK_TEXT_FORMAT_H
#include "base/file_codec.h"
#include "io/sink.h"

/* A file being written; opaque, lives in the arena given to open. */
typedef struct weir_file_out weir_file_out;
typedef struct weir_file_format {
    const char *name, *extension; /* "json", ".json"; columnar files' codecs have their own */
    bool columnar;
    weir_columnar codecs;  /* of columnar files: whose codecs, see base/file_codec.h */
    bool packs;              /* the option compression packs whole files, see codec/pack.h */
    bool by_position;        /* columns have no names in the files */
    bool any_extension;      /* the option extension gives another one */
    /* Are options and columns such that the format can hold them? At the start of a write. */
    weir_rc (*check)(weir_ctx *, const weir_write_info *);
    weir_rc (*open)(weir_ctx *, weir_arena *mem, const char *path, const weir_write_info *,
                    weir_file_out **out);
    weir_rc (*add)(weir_ctx *, weir_file_out *, const weir_batch *);
    weir_rc (*finish)(weir_ctx *, weir_file_out *, int64_t *bytes); /* durable and closed */
    void (*drop)(weir_file_out *); /* after a failure; the file stays. NULL and finished: nothing */
} weir_file_format;

extern const weir_file_format weir_json_format, weir_text_format, weir_csv_format, weir_xml_format,
    weir_orc_format;
#endif
