/* Random numbers as Spark and Java draw them. Pure; any thread. */
#ifndef WEIR_FUNC_RANDOM_H
#define WEIR_FUNC_RANDOM_H
#include <stdint.h>

/* SPARK XORShiftRandom: the state for a seed, and its next double in [0, 1). */
int64_t weir_random_state(int64_t seed);
double weir_random_double(int64_t *state);
/* JAVA Random: the state for a seed, and its next long. */
uint64_t weir_java_random(int64_t seed);
int64_t weir_java_random_long(uint64_t *state);
#endif
