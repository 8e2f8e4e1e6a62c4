/* The tables of sources and sinks: one line each. Read by weir_serve. */
#include "connect/registry.h"

#include "delta/delta.h"
#include "inspect/inspect.h"
#include "sink/sinks.h"
#include "source/sources.h"

static const weir_source_ops *const sources[] = {&weir_rate_source,   &weir_rate_micro_batch_source,
                                                 &weir_socket_source, &weir_json_source,
                                                 &weir_csv_source,    &weir_text_source,
                                                 &weir_delta_source,  &weir_cloud_files_source,
                                                 &weir_parquet_source, &weir_orc_source,
                                                 &weir_kafka_source,  &weir_xml_source,
                                                 &weir_statestore_source,
                                                 &weir_state_metadata_source};
static const weir_sink_ops *const sinks[] = {&weir_memory_sink, &weir_console_sink, &weir_noop_sink,
                                             &weir_delta_sink,  &weir_parquet_sink, &weir_json_sink,
                                             &weir_csv_sink,    &weir_text_sink,    &weir_orc_sink,
                                             &weir_kafka_sink,  &weir_xml_sink};

static const weir_registry registry = {
    .sources = {sources, sizeof sources / sizeof *sources},
    .sinks = {sinks, sizeof sinks / sizeof *sinks},
    .history = weir_delta_history,
    .detail = weir_delta_detail,
};

const weir_registry *weir_registry_get(void) { return &registry; }
