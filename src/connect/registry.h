/* The one place that names every source and sink. */
#ifndef WEIR_CONNECT_REGISTRY_H
#define WEIR_CONNECT_REGISTRY_H
#include "session/session.h"

const weir_registry *weir_registry_get(void);
#endif
