/* Does what a sanitizer must find: whether this build has one that acts. canary freed | leaked |
 * shifted | race */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int shared;

static void *add(void *times) {
    for (long i = 0; i < (long)times; i++) shared++;
    return NULL;
}

static int freed(void) {
    char *volatile p = malloc(8); /* the compiler does not see which it is */
    char *volatile q = p;
    free(p);
    return q[3];
}

static int leaked(void) {
    void *volatile p = malloc(64);
    int none = p == NULL;
    p = NULL;
    return none;
}

static int race(void) {
    pthread_t other;
    if (pthread_create(&other, NULL, add, (void *)100000) != 0) return 99;
    (void)add((void *)100000);
    return pthread_join(other, NULL);
}

int main(int argc, char **argv) {
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "freed") == 0) return freed() == 1;
    if (strcmp(what, "leaked") == 0) return leaked();
    if (strcmp(what, "shifted") == 0) return (1 << (argc * 20)) == 1; /* by 40 */
    if (strcmp(what, "race") == 0) return race();
    (void)fputs("usage: canary freed|leaked|shifted|race\n", stderr);
    return 2;
}
