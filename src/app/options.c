/* weir options: the table of options, one a line, columns between tabs: group, name, uses (the
 * letters of base/options.h), the values that are done (* any), what to do instead. */
#include "app/app.h"
#include "base/options.h"

#include <stdio.h>

static void print_row(void *u, const weir_option_row *r) {
    (void)u;
    printf("%s\t%s\t%s\t%s\t%s\n", r->group, r->name, r->use, r->takes ? r->takes : "*",
           r->instead ? r->instead : "");
}

int weir_app_options(void) {
    weir_option_each(print_row, NULL);
    return ferror(stdout) ? 1 : 0;
}
