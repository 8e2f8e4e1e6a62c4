/* Functions whose last bit is Java's. Pure; any thread. SPARK uses StrictMath */
#ifndef WEIR_FUNC_STRICT_H
#define WEIR_FUNC_STRICT_H
double weir_strict_exp(double);
double weir_strict_cbrt(double);
double weir_strict_cosh(double);
#endif
