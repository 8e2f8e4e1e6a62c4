/* The floor of a windowed aggregation: one thread, a parser made for bench/gen.py, one hash table,
 * no state on disk. Counts and sums `amount` by window of 10 s and user over clicks and purchases.
 * Usage: windows DIR OUT.csv. Prints rows and groups. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct group {
    int64_t window_ms, count, cents; /* count 0: free */
    char user[16];
} group;
static group *table;
static size_t mask = (1u << 16) - 1, used;
static int64_t rows;

static size_t place(int64_t window_ms, const char *user) {
    uint64_t a, b, h;
    memcpy(&a, user, 8);
    memcpy(&b, user + 8, 8);
    h = ((uint64_t)window_ms * 0x9E3779B97F4A7C15ull ^ a) * 0xD6E8FEB86659FD93ull;
    h = (h ^ h >> 32 ^ b) * 0xD6E8FEB86659FD93ull;
    return (size_t)(h ^ h >> 29);
}

static group *find(int64_t window_ms, const char *user) {
    size_t i = place(window_ms, user) & mask;
    while (table[i].count && (table[i].window_ms != window_ms || memcmp(table[i].user, user, 16)))
        i = (i + 1) & mask;
    return &table[i];
}

static void grow(void) {
    group *old = table;
    size_t n = mask + 1;
    mask = 2 * n - 1;
    table = calloc(mask + 1, sizeof *table);
    if (!table) abort();
    for (size_t i = 0; i < n; i++)
        if (old[i].count) *find(old[i].window_ms, old[i].user) = old[i];
    free(old);
}

static int two(const char *s) { return (s[0] - '0') * 10 + s[1] - '0'; }

static int64_t days(int64_t y, int64_t m, int64_t d) {
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400,
            doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t millis(const char *s) {
    static char seen[10];
    static int64_t day;
    if (memcmp(seen, s, 10) != 0) {
        memcpy(seen, s, 10);
        day = days(two(s) * 100 + two(s + 2), two(s + 5), two(s + 8));
    }
    return ((day * 24 + two(s + 11)) * 3600 + two(s + 14) * 60 + two(s + 17)) * 1000 +
           (s[20] - '0') * 100 + two(s + 21);
}

/* {"id":1,"ts":"...","ms":1,"user":"u1","type":"view","amount":1.50} in any order of keys. */
static void parse(const char *p, const char *end) {
    while (p < end) {
        const char *ts = NULL, *type = NULL;
        char user[16] = {0};
        int64_t cents = 0;
        for (p++; p[-1] != '}'; p++) {
            const char *key = p + 1, *v = memchr(key, '"', (size_t)(end - key)) + 2;
            if (*v == '"') {
                p = memchr(v + 1, '"', (size_t)(end - v));
                if (key[0] == 'u')
                    memcpy(user, v + 1, (size_t)(p - v - 1) < 16 ? (size_t)(p - v - 1) : 15);
                else if (key[1] == 's')
                    ts = v + 1;
                else
                    type = v + 1;
                p++;
            } else {
                int64_t whole = 0, part = 0;
                for (p = v; *p >= '0' && *p <= '9'; p++) whole = whole * 10 + *p - '0';
                if (*p == '.') part = two(p + 1), p += 3;
                if (key[0] == 'a') cents = whole * 100 + part;
            }
        }
        rows++;
        p++;
        if (*type != 'c' && *type != 'p') continue;
        int64_t ms = millis(ts);
        group *g = find(ms - ms % 10000, user);
        if (!g->count) {
            if (++used * 2 > mask) {
                grow();
                g = find(ms - ms % 10000, user);
            }
            g->window_ms = ms - ms % 10000;
            memcpy(g->user, user, 16);
        }
        g->count++;
        g->cents += cents;
    }
}

int main(int argc, char **argv) {
    struct dirent *e;
    DIR *d = argc > 2 ? opendir(argv[1]) : NULL;
    FILE *out = d ? fopen(argv[2], "w") : NULL;
    table = calloc(mask + 1, sizeof *table);
    if (!out || !table) return 1;
    while ((e = readdir(d))) {
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
    for (size_t i = 0; i <= mask; i++)
        if (table[i].count)
            fprintf(out, "%lld,%.16s,%lld,%lld.%02lld\n", (long long)table[i].window_ms,
                    table[i].user, (long long)table[i].count, (long long)(table[i].cents / 100),
                    (long long)(table[i].cents % 100));
    fclose(out);
    fprintf(stderr, "%lld rows, %zu groups\n", (long long)rows, used);
    return 0;
}
