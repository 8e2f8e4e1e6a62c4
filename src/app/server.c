/* weir server: options, spark-defaults.conf, then weir_serve. */
#include "app/app.h"
#include "base/mem.h"
#include "codec/schema_ddl.h"
#include "connect/serve.h"
#include "sql/sql.h"

#include <ctype.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef struct options {
    weir_server_options o;
    const char **conf; /* keys and values, NULL behind them */
    size_t nconf;
    char *token;
    bool no_token, core_files;
} options;

static int fail(const char *what, const char *arg) {
    fprintf(stderr, "weir server: %s%s%s\n", what, arg ? " " : "", arg ? arg : "");
    return 2;
}

static void add_conf(options *o, const char *key, const char *value) {
    o->conf = weir_mem_resize(o->conf, sizeof(*o->conf) * (o->nconf + 3));
    o->conf[o->nconf++] = key;
    o->conf[o->nconf++] = value;
    o->conf[o->nconf] = NULL;
}

/* "key value" or "key=value" lines, # comments. */
static void read_defaults(options *o) {
    const char *dir = getenv("SPARK_CONF_DIR");
    char path[4096], *line = NULL;
    size_t cap = 0;
    if (!dir) return;
    snprintf(path, sizeof path, "%s/spark-defaults.conf", dir);
    FILE *f = fopen(path, "r");
    while (f && getline(&line, &cap, f) >= 0) {
        char *k = line + strspn(line, " \t"), *v = k + strcspn(k, " \t=\n");
        if (*k == '#' || *k == '\n' || !*k) continue;
        char *end = v + strlen(v);
        if (*v) *v++ = 0;
        v += strspn(v, " \t=");
        while (end > v && isspace((unsigned char)end[-1])) *--end = 0;
        add_conf(o, weir_mem_strdup(k), weir_mem_strdup(v));
    }
    free(line);
    if (f) fclose(f);
}

static char *read_token(const char *path) {
    char buf[4096];
    FILE *f = fopen(path, "r");
    if (!f || !fgets(buf, sizeof buf, f)) {
        if (f) fclose(f);
        return NULL;
    }
    fclose(f);
    buf[strcspn(buf, "\r\n")] = 0;
    return buf[0] ? strdup(buf) : NULL;
}

static int parse_conf(options *o, const char *arg) {
    const char *eq = strchr(arg, '=');
    if (!eq) return fail("--conf needs key=value, got", arg);
    add_conf(o, weir_mem_strndup(arg, (size_t)(eq - arg)), weir_mem_strdup(eq + 1));
    return 0;
}

/* Ends when the process of that number does. */
static int follow(const char *pid) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == (pid_t)strtol(pid, NULL, 10) ? 0 : fail("this is no parent:", pid);
}

static bool parse_port(const char *v, int *port) {
    char *end;
    long n = strtol(v, &end, 10);
    *port = (int)n;
    return end != v && !*end && n >= 0 && n <= 65535;
}

bool weir_app_flag(const char *option) {
    return strcmp(option, "--no-token") == 0 || strcmp(option, "--core-files") == 0;
}

static void parse_flag(options *o, const char *a) {
    o->no_token |= strcmp(a, "--no-token") == 0;
    o->core_files |= strcmp(a, "--core-files") == 0;
}

static int parse(options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (weir_app_flag(a)) {
            parse_flag(o, a);
            continue;
        }
        i++;
        if (!v) return fail("an option lacks its value:", a);
        if (strcmp(a, "--host") == 0)
            o->o.host = v;
        else if (strcmp(a, "--port") == 0) {
            if (!parse_port(v, &o->o.port))
                return fail("--port needs a number up to 65535, got", v);
        } else if (strcmp(a, "--warehouse") == 0)
            o->o.warehouse = v;
        else if (strcmp(a, "--tls-cert") == 0)
            o->o.tls_cert = v;
        else if (strcmp(a, "--tls-key") == 0)
            o->o.tls_key = v;
        else if (strcmp(a, "--ready-fd") == 0)
            o->o.ready_fd = (int)strtol(v, NULL, 10);
        else if (strcmp(a, "--parent") == 0) {
            if (follow(v)) return 1;
        } else if (strcmp(a, "--conf") == 0) {
            if (parse_conf(o, v)) return 2;
        } else if (strcmp(a, "--token-file") == 0) {
            o->token = read_token(v);
            if (!o->token) return fail("no token can be read from", v);
        } else {
            return fail("unknown option", a);
        }
    }
    return 0;
}

static int choose_token(options *o, bool local) {
    static char made[WEIR_APP_TOKEN_SIZE];
    const char *from = NULL;
    char *named = weir_app_token(o->conf, &from);
    if (o->token) {
        free(named);
        from = "--token-file";
    } else {
        o->token = named;
    }
    o->o.token = o->token;
    if (o->no_token && o->token)
        return fail("--no-token, and a token is named by", from);
    if (o->no_token && !local)
        return fail("--no-token is for loopback alone, not for", o->o.host);
    if (o->no_token) {
        fprintf(stderr,
                "weir server: no token is asked for (--no-token): every user and program on this "
                "machine can read and\nwrite what this server can, and run Python in its name.\n");
    } else if (!o->token) {
        weir_app_random_token(made);
        o->o.token = made;
        o->o.tell_remote = true;
    }
    return 0;
}

int weir_app_server(int argc, char **argv) {
    static options o;
    o.o.host = "127.0.0.1";
    o.o.port = 15002;
    o.o.ready_fd = -1;
    read_defaults(&o);
    int rc = parse(&o, argc, argv);
    if (rc) return rc;
    if (!o.core_files) {
        weir_app_hide_memory();
        weir_app_no_core_file();
    }
    weir_app_hide(argc, argv, o.conf);
    o.o.conf = o.conf;
    bool local = strcmp(o.o.host, "127.0.0.1") == 0 || strcmp(o.o.host, "localhost") == 0 ||
                 strcmp(o.o.host, "::1") == 0;
    rc = choose_token(&o, local);
    if (rc) return rc;
    if (!local && !o.o.tls_cert)
        return fail("an address that others can reach needs --tls-cert and --tls-key:", o.o.host);
    weir_ddl_register(weir_sql_parse_type, weir_sql_parse_schema);
    return weir_serve(&o.o);
}
