/* The command line: one file per subcommand. */
#ifndef WEIR_APP_APP_H
#define WEIR_APP_APP_H
#define WEIR_VERSION "0.1.0"
int weir_app_run(int argc, char **argv);    /* weir run job.py [args] */
int weir_app_checkpoint(int argc, char **argv); /* weir checkpoint inspect|rollback|repair */
int weir_app_options(void);                      /* weir options */
int weir_app_server(int argc, char **argv); /* weir server ... */
#endif
