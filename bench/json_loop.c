/* The floor of throughput: one thread, a parser made for the six fields of bench/gen.py, values into arrays, nothing
 * written. Usage: json_loop DIR. Prints rows and a checksum. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 8192 };
static int64_t id[ROWS], ts_us[ROWS], ms[ROWS];
static double amount[ROWS];
static char user[ROWS][16], type[ROWS][16];
static int64_t rows, sum;

static int64_t two(const char *s) { return (s[0] - '0') * 10 + s[1] - '0'; }

static int64_t days(int64_t y, int64_t m, int64_t d) {
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t micros(const char *s) {
    int64_t day = days(two(s) * 100 + two(s + 2), two(s + 5), two(s + 8));
    int64_t sec = (day * 24 + two(s + 11)) * 3600 + two(s + 14) * 60 + two(s + 17);
    return sec * 1000000 + ((s[20] - '0') * 100 + two(s + 21)) * 1000;
}

static const char *integer(const char *p, int64_t *v) {
    for (*v = 0; *p >= '0' && *p <= '9'; p++) *v = *v * 10 + *p - '0';
    return p;
}

static const char *text(const char *p, const char *end, char *to) {
    const char *q = memchr(p, '"', (size_t)(end - p));
    size_t n = (size_t)(q - p);
    memset(to, 0, 16);
    memcpy(to, p, n < 16 ? n : 15);
    return q + 1;
}

static void parse(const char *p, const char *end) {
    for (int r = 0; p < end; r = (r + 1) % ROWS) {
        while (*p != '}') {
            const char *k = p + 2;
            p = memchr(k, '"', (size_t)(end - k)) + 2;
            int64_t whole, part = 0;
            if (*k == 'i') p = integer(p, &id[r]);
            else if (*k == 'm') p = integer(p, &ms[r]);
            else if (*k == 'u') p = text(p + 1, end, user[r]);
            else if (k[1] == 's') ts_us[r] = micros(p + 1), p = memchr(p + 1, '"', (size_t)(end - p)) + 1;
            else if (*k == 't') p = text(p + 1, end, type[r]);
            else {
                p = integer(p, &whole);
                if (*p == '.') p = integer(p + 1, &part);
                amount[r] = (double)(whole * 100 + part) / 100;
            }
        }
        p += 2;
        sum += id[r] + ts_us[r] + ms[r] + (int64_t)amount[r] + user[r][1] + type[r][0];
        rows++;
    }
}

int main(int argc, char **argv) {
    struct dirent *e;
    DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
    while (d && (e = readdir(d))) {
        char path[4096];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        int f = open(path, O_RDONLY);
        if (!strstr(e->d_name, ".json") || fstat(f, &st)) continue;
        char *m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f, 0);
        madvise(m, (size_t)st.st_size, MADV_SEQUENTIAL);
        parse(m, m + st.st_size);
        munmap(m, (size_t)st.st_size);
        close(f);
    }
    printf("%lld rows, checksum %lld\n", (long long)rows, (long long)sum);
    return 0;
}
