/* The sources that read what queries keep in their checkpoints, for the registry. */
#ifndef WEIR_INSPECT_INSPECT_H
#define WEIR_INSPECT_INSPECT_H
#include "io/relation.h"

extern const weir_source_ops weir_statestore_source, weir_state_metadata_source;
#endif
