/* The command line: one file per subcommand. */
#ifndef WEIR_APP_APP_H
#define WEIR_APP_APP_H
#include <stdbool.h>

#define WEIR_VERSION "0.1.0"
int weir_app_run(int argc, char **argv);    /* weir run job.py [args] */
int weir_app_checkpoint(int argc, char **argv); /* weir checkpoint inspect|rollback|repair */
int weir_app_options(void);                      /* weir options */
int weir_app_server(int argc, char **argv); /* weir server ... */

bool weir_app_flag(const char *option); /* of `weir server`, one without a value */

/* ---- secret.c ---- */
enum { WEIR_APP_TOKEN_SIZE = 49 };
/* Others cannot read this process's memory and environment (ptrace, /proc, core files). */
void weir_app_hide_memory(void);
void weir_app_no_core_file(void); /* of this process and its children */
void weir_app_random_token(char out[WEIR_APP_TOKEN_SIZE]);
/* The token that environment and settings (key, value, ... NULL) name; the caller's to free. NULL:
 * none. The environment has none afterwards. *from: which of them. */
char *weir_app_token(const char *const *conf, const char **from);
/* Values of --conf that spark.redaction.regex hides are overwritten where ps shows them: call it
 * when they have been copied. conf as above. */
void weir_app_hide(int argc, char **argv, const char *const *conf);
#endif
