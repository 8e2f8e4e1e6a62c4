/* Packing pieces of ORC's streams. Thread: any. */
#ifndef WEIR_ORC_PACK_H
#define WEIR_ORC_PACK_H
#include "orc/tail.h"

size_t weir_orc_pack_room(size_t len); /* what out below needs for a piece of len bytes */
/* kind: a codec that is written (base/file_codec.h), not WEIR_ORC_NONE's 0. False: packing does not
 * make the piece smaller. */
bool weir_orc_pack(int kind, const char *p, size_t len, char *out, size_t *n);
#endif
