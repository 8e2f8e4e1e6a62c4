/* A target with a fault that libFuzzer must find: whether it looks at all. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n >= 4 && memcmp(p, "bug!", 4) == 0) __builtin_trap();
    return 0;
}
