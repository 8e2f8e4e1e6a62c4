/* Linked into the sanitized program. Arrow's library starts an OpenSSL of its own when it is loaded,
 * which sometimes forgets its tables at the process's end before they are looked for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:CRYPTO_malloc\n"; }
