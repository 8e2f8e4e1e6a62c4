/* Cancellation: a flag and an eventfd. Any thread. */
#include "base/ctx.h"

#include <sys/eventfd.h>
#include <unistd.h>

void weir_cancel_init(weir_cancel *c) {
    atomic_store(&c->asked, false);
    c->deadline_ms = 0;
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void weir_cancel_poke(weir_cancel *c) {
    uint64_t one = 1;
    if (c->fd >= 0) {
        ssize_t n = write(c->fd, &one, sizeof one); /* full counter means readable already */
        (void)n;
    }
}

void weir_cancel_ask(weir_cancel *c) {
    atomic_store(&c->asked, true);
    weir_cancel_poke(c);
}

void weir_cancel_rest(weir_cancel *c) {
    uint64_t count;
    if (c->fd < 0 || atomic_load(&c->asked)) return;
    ssize_t n = read(c->fd, &count, sizeof count);
    (void)n;
    if (atomic_load(&c->asked)) weir_cancel_poke(c); /* asked between: readable again */
}

void weir_cancel_close(weir_cancel *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}

weir_rc weir_fail_memory(weir_ctx *ctx, int64_t bytes) {
    return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                     weir_printf(ctx->arena, "%lld", (long long)bytes), "receivedBytes", "0");
}

weir_rc weir_check_cancel(weir_ctx *ctx) {
    weir_cancel *c = ctx->cancel;
    if (ctx->budget && atomic_load_explicit(&ctx->budget->over_bytes, memory_order_relaxed))
        return weir_fail_memory(ctx, atomic_load(&ctx->budget->over_bytes));
    if (!c) return WEIR_OK;
    bool late = c->deadline_ms && weir_monotonic_us(ctx->env) / 1000 > c->deadline_ms;
    if (!atomic_load_explicit(&c->asked, memory_order_relaxed) && !late) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_CANCELLED, NULL, NULL);
}
