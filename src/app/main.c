/* weir: picks the subcommand. */
#include "app/app.h"
#include "python/keeper.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "weir " WEIR_VERSION
    ": Spark Structured Streaming without a JVM, driven by PySpark over Spark Connect\n"
    "\n"
    "  weir run [--conf k=v] [--warehouse DIR] JOB.py [ARGS...]\n"
    "      starts an engine for one script and runs it: no server to start by hand\n"
    "  weir server [--host H] [--port N] [--token-file F | --no-token]\n"
    "              [--tls-cert F --tls-key F] [--warehouse DIR] [--conf k=v]... [--core-files]\n"
    "      serves Spark Connect until SIGTERM. Clients need the token that a file, WEIR_TOKEN,\n"
    "      spark.connect.authenticate.token or SPARK_CONNECT_AUTHENTICATE_TOKEN names; without\n"
    "      one a random token is made, and printed in a SPARK_REMOTE line for them\n"
    "  weir checkpoint inspect DIR [--json]\n"
    "      what a checkpoint holds, what the next start would do, what is damaged\n"
    "  weir checkpoint rollback DIR --to N [--sink DIR] [--apply] [--json]\n"
    "  weir checkpoint repair DIR [--sink DIR] [--apply] [--json]\n"
    "      what would be done and what follows from it; with --apply it is done\n"
    "  weir options\n"
    "      every option of readers, writers, sources and sinks, and what of it is done\n"
    "  weir version\n"
    "  weir --help\n"
    "\n"
    "Configuration is also read from $SPARK_CONF_DIR/spark-defaults.conf. WEIR_LOG=info says "
    "more.\n";

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "--help";
    if (strcmp(what, "run") == 0) return weir_app_run(argc - 1, argv + 1);
    if (strcmp(what, "server") == 0) return weir_app_server(argc - 1, argv + 1);
    if (strcmp(what, WEIR_PY_KEEPER) == 0) return weir_py_keep(argc - 1, argv + 1);
    if (strcmp(what, "checkpoint") == 0) return weir_app_checkpoint(argc - 1, argv + 1);
    if (strcmp(what, "options") == 0) return weir_app_options();
    if (strcmp(what, "version") == 0 || strcmp(what, "--version") == 0)
        return puts("weir " WEIR_VERSION), 0;
    bool asked =
        strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0 || strcmp(what, "help") == 0;
    fputs(help, asked ? stdout : stderr);
    if (!asked) fprintf(stderr, "\nweir: there is no subcommand %s\n", what);
    return asked ? 0 : 2;
}
