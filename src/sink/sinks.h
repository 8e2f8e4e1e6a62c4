/* The sinks of this folder, for the registry. */
#ifndef WEIR_SINK_SINKS_H
#define WEIR_SINK_SINKS_H
#include "io/sink.h"

extern const weir_sink_ops weir_noop_sink, weir_console_sink, weir_memory_sink, weir_parquet_sink,
    weir_orc_sink, weir_json_sink, weir_csv_sink, weir_text_sink, weir_xml_sink,
    weir_kafka_sink;
/* The memory sink hands its rows to the session through this hook, set at start (sink/ does not
 * know sessions). */
typedef weir_rc weir_memory_put_fn(weir_ctx *, void *host, const char *name, weir_schema *,
                                   const weir_batch *, int n, bool replace_all);
void weir_memory_sink_hook(weir_memory_put_fn *);
#endif
