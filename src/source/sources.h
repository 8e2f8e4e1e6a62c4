/* The sources of this folder, for the registry. */
#ifndef WEIR_SOURCE_SOURCES_H
#define WEIR_SOURCE_SOURCES_H
#include "col/build.h"
#include "io/relation.h"

extern const weir_source_ops weir_rate_source, weir_rate_micro_batch_source, weir_socket_source,
    weir_json_source, weir_csv_source, weir_text_source, weir_cloud_files_source,
    weir_parquet_source, weir_orc_source, weir_xml_source, weir_kafka_source;
#endif
