/* The server's token, and what keeps it and other secrets from others on the machine. */
#include "app/app.h"
#include "base/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

/* Where a token is looked for in the environment, first to last. The second: SPARK Connect. */
static const char *const variables[] = {"WEIR_TOKEN", "SPARK_CONNECT_AUTHENTICATE_TOKEN"};

void weir_app_hide_memory(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        perror("weir: the memory cannot be kept from others");
}

void weir_app_no_core_file(void) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) perror("weir: core files cannot be turned off");
}

void weir_app_random_token(char out[WEIR_APP_TOKEN_SIZE]) {
    unsigned char b[(WEIR_APP_TOKEN_SIZE - 1) / 2];
    size_t n = 0;
    while (n < sizeof b) {
        ssize_t k = getrandom(b + n, sizeof b - n, 0);
        if (k > 0) n += (size_t)k;
    }
    for (size_t i = 0; i < sizeof b; i++) snprintf(out + 2 * i, 3, "%02x", b[i]);
}

/* Out of the environment, also out of what /proc shows of it. */
static char *take_variable(const char *name) {
    char *env = getenv(name);
    if (!env) return NULL;
    char *copy = *env ? strdup(env) : NULL;
    memset(env, '*', strlen(env));
    unsetenv(name);
    return copy;
}

char *weir_app_token(const char *const *conf, const char **from) {
    static const char key[] = "spark.connect.authenticate.token";
    /* both, so that the environment has none */
    char *own = take_variable(variables[0]), *spark = take_variable(variables[1]);
    const char *set = NULL;
    for (; conf && conf[0]; conf += 2)
        if (strcmp(conf[0], key) == 0) set = *conf[1] ? conf[1] : NULL;
    *from = own ? variables[0] : set ? key : variables[1];
    char *token = own ? own : set ? strdup(set) : spark;
    if (token != spark) free(spark);
    return token;
}

void weir_app_hide(int argc, char **argv, const char *const *conf) {
    weir_conf *rule = weir_conf_new(NULL);
    for (; conf && conf[0]; conf += 2)
        if (strcmp(conf[0], "spark.redaction.regex") == 0) weir_conf_put(rule, conf[0], conf[1]);
    for (int i = 1; i + 1 < argc; i++) {
        char *eq = strcmp(argv[i], "--conf") == 0 ? strchr(argv[i + 1], '=') : NULL;
        if (!eq) continue;
        char *key = strndup(argv[i + 1], (size_t)(eq - argv[i + 1]));
        if (key && weir_conf_redacted(rule, key, eq + 1) != eq + 1)
            memset(eq + 1, '*', strlen(eq + 1));
        free(key);
    }
    weir_conf_free(rule);
}
