#include "core/flow/upstream_outlier.h"

#include "core/base/log.h"
#include "core/flow/upstream.h"

static struct log_module log_module = LOG_MODULE("outlier");

static const struct model_outlier *settings(const struct upstream *up)
{
    return &up->cluster->config->outlier;
}

static uint64_t now_ms(const struct upstream *up)
{
    return worker_now_ms(up->fw->worker);
}

static void set_usable(struct upstream_host *h)
{
    struct upstream *up = h->up;

    up->lb_hosts[h->index].usable = upstream_is_usable(h);
    lb_changed(up->lb);
    upstream_stats_set(&up->stats, UPSTREAM_STAT_EJECTIONS_ACTIVE, up->ejected);
}

/* ---- back again ---- */

static void uneject(struct upstream_host *h)
{
    char text[ADDR_TEXT_MAX];

    h->outlier.is_ejected = false;
    h->outlier.errors_5xx = h->outlier.errors_gateway = h->outlier.errors_local = 0;
    h->up->ejected--;
    log_info("%.*s: %s is used again", STR_ARG(h->up->cluster->config->name),
             addr_format(&h->addr, text));
    set_usable(h);
}

static bool is_due(const struct upstream_host *h)
{
    const struct model_outlier *o = settings(h->up);
    uint64_t lasts = o->base_ms * h->outlier.times;

    return now_ms(h->up) - h->outlier.ejected_at_ms >= (lasts < o->max_ms ? lasts : o->max_ms);
}

static void on_interval(struct timer *t)
{
    struct upstream *up = CONTAINER_OF(t, struct upstream, outlier_timer);
    bool more = false;

    for (uint32_t i = 0; i < up->count; i++) {
        struct upstream_host *h = up->hosts[i];

        if (h->outlier.is_ejected && is_due(h))
            uneject(h);
        else if (!h->outlier.is_ejected && h->outlier.times)
            h->outlier.times--;
        more |= h->outlier.is_ejected || h->outlier.times;
    }
    if (more)
        timer_start(&up->outlier_timer, settings(up)->interval_ms);
}

/* ---- out ---- */

/* CB-6: one more must not be more than the share that may be out. */
static bool may_eject(const struct upstream *up)
{
    return (uint64_t)100 * (up->ejected + 1) <=
           (uint64_t)settings(up)->max_ejection_pct * up->count;
}

static void eject(struct upstream_host *h, enum upstream_stat stat, const char *why)
{
    struct upstream *up = h->up;
    const struct model_outlier *o = settings(up);
    char text[ADDR_TEXT_MAX];

    if (h->outlier.is_ejected)
        return;
    upstream_stats_add(&up->stats, stat, 1);
    if (!may_eject(up)) {
        upstream_stats_add(&up->stats, UPSTREAM_STAT_EJECTIONS_OVERFLOW, 1);
        return;
    }
    h->outlier.is_ejected = true;
    h->outlier.ejected_at_ms = now_ms(up);
    if (o->base_ms * h->outlier.times < o->max_ms)
        h->outlier.times++;
    up->ejected++;
    upstream_stats_add(&up->stats, UPSTREAM_STAT_EJECTIONS_ENFORCED, 1);
    log_info("%.*s: %s is left out: %s", STR_ARG(up->cluster->config->name),
             addr_format(&h->addr, text), why);
    set_usable(h);
    if (!timer_is_running(&up->outlier_timer))
        timer_start(&up->outlier_timer, o->interval_ms);
}

/* ---- what happened ---- */

static bool is_watched(const struct upstream_host *h)
{
    return h->up && h->endpoint && settings(h->up)->is_on;
}

static bool is_error(const struct model_outlier *o, uint16_t status)
{
    if (!o->code_count)
        return status >= 500 && status <= 599;
    for (uint32_t i = 0; i < o->code_count; i++) {
        if (o->codes[i] == status)
            return true;
    }
    return false;
}

/* Counts one more; true: that makes limit, and the count begins anew. */
static bool reaches(uint32_t *count, uint32_t limit)
{
    if (!limit || ++*count < limit)
        return false;
    *count = 0;
    return true;
}

static void judge(struct upstream_host *h, uint16_t status, bool is_bad)
{
    const struct model_outlier *o = settings(h->up);

    if (!is_bad) {
        h->outlier.errors_5xx = h->outlier.errors_gateway = 0;
        return;
    }
    if (status < 502 || status > 504)
        h->outlier.errors_gateway = 0;
    else if (reaches(&h->outlier.errors_gateway, o->consecutive_gateway))
        eject(h, UPSTREAM_STAT_DETECTED_GATEWAY, "gateway errors in a row");
    if (reaches(&h->outlier.errors_5xx, o->consecutive_5xx))
        eject(h, UPSTREAM_STAT_DETECTED_5XX, "errors in a row");
}

void upstream_outlier_answered(struct upstream_host *h, uint16_t status)
{
    if (is_watched(h))
        judge(h, status, is_error(settings(h->up), status));
}

/* CB-7 */
void upstream_outlier_failed(struct upstream_host *h, uint16_t status)
{
    if (!is_watched(h))
        return;
    if (!settings(h->up)->split_local)
        judge(h, status, true);
    else if (reaches(&h->outlier.errors_local, settings(h->up)->consecutive_local))
        eject(h, UPSTREAM_STAT_DETECTED_LOCAL, "failures to connect in a row");
}

void upstream_outlier_connected(struct upstream_host *h)
{
    h->outlier.errors_local = 0;
}

/* ---- life ---- */

void upstream_outlier_follow(struct upstream *up)
{
    bool is_on = settings(up)->is_on, more = false;

    if (!up->outlier_timer.fn)
        timer_init(&up->outlier_timer, &up->fw->worker->timers, on_interval);
    up->ejected = 0;
    for (uint32_t i = 0; i < up->count; i++) {
        struct upstream_outlier *o = &up->hosts[i]->outlier;

        if (!is_on)
            *o = (struct upstream_outlier){ 0 };
        up->ejected += o->is_ejected;
        more |= o->is_ejected || o->times;
    }
    upstream_stats_set(&up->stats, UPSTREAM_STAT_EJECTIONS_ACTIVE, up->ejected);
    if (!more)
        timer_cancel(&up->outlier_timer);
    else if (!timer_is_running(&up->outlier_timer))
        timer_start(&up->outlier_timer, settings(up)->interval_ms);
}

void upstream_outlier_stop(struct upstream *up)
{
    timer_cancel(&up->outlier_timer);
}
