/* The global watermark. See watermark.h. */
#include "query/watermark.h"

void weir_watermarks_init(weir_watermarks *w, weir_arena *mem, int n, bool max_policy,
                          int64_t start_ms) {
    *w = (weir_watermarks){.global_ms = start_ms, .max_policy = max_policy, .n = n};
    w->each_ms = WEIR_NEWN(mem, int64_t, n + 1);
    w->known = WEIR_NEWN(mem, bool, n + 1);
}

void weir_watermarks_update(weir_watermarks *w, const weir_watermark_stat *s) {
    int64_t chosen = 0;
    for (int i = 0; i < w->n; i++) {
        int64_t ms = s[i].max_ms - s[i].delay_ms;
        if (s[i].count && (!w->known[i] || ms > w->each_ms[i])) {
            w->each_ms[i] = ms;
            w->known[i] = true;
        }
        bool better = w->max_policy ? w->each_ms[i] > chosen : w->each_ms[i] < chosen;
        if (i == 0 || better) chosen = w->each_ms[i];
    }
    if (w->n && chosen > w->global_ms) w->global_ms = chosen;
}
