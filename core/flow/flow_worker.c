#include "core/flow/flow_worker.h"

#include <time.h>

#include "core/base/mem.h"
#include "core/flow/upstream.h"
#include "core/loop/clock.h"

#define WALL_CHECK_NS ((uint64_t)1000000000)

void flow_worker_init_http(struct flow_worker *fw)
{
    struct http_server_config *inbound = &fw->inbound_http, *hop = &fw->hop_http;

    inbound->extended_connect = true;
    inbound->max_streams = 1000; /* a hop carries many clients; per-client limits are behind it */
    inbound->shared = true;
    inbound->connection_window_bytes = 4 * 1024 * 1024;
    *hop = *inbound;
    hop->allow_connect = true;
    hop->max_frame_bytes = UPSTREAM_MESH_FRAME_BYTES;
    hop->connection_window_bytes = 16 * 1024 * 1024;
    hop->max_resets_per_min = 60000; /* each client behind it may break off what it asked for */
    fw->outbound_http.extended_connect = true;
    fw->gateway_http.extended_connect = true;
}

struct flow_lease *flow_worker_take_lease(struct flow_worker *fw)
{
    return flow_worker_share_lease(fw->lease);
}

void flow_worker_drop_lease(struct flow_worker *fw, struct flow_lease *lease)
{
    if (!lease || --lease->users > 0 || lease == fw->lease)
        return;
    snapshot_unref(lease->snapshot);
    mem_free(lease);
}

void flow_worker_begin_decision(struct flow_worker *fw, struct decision *d)
{
    uint64_t now = clock_ns();

    if (now - fw->wall_checked_ns >= WALL_CHECK_NS) {
        fw->wall_offset_ns = clock_wall_ns() - (int64_t)now;
        fw->wall_checked_ns = now;
    }
    d->id = ((uint64_t)(uint32_t)fw->worker->index << 48) | ++fw->next_decision_id;
    d->start_ns = now;
    d->start_wall_us = (uint64_t)((int64_t)now + fw->wall_offset_ns) / 1000;
}

struct str flow_worker_date(struct flow_worker *fw, uint64_t wall_us)
{
    uint64_t now_s = wall_us / 1000000;

    if (now_s != fw->date_s) {
        time_t now = (time_t)now_s;
        struct tm tm;

        gmtime_r(&now, &tm);
        fw->date_len = strftime(fw->date, sizeof(fw->date), "%a, %d %b %Y %T GMT", &tm);
        fw->date_s = now_s;
    }
    return str_make(fw->date, fw->date_len);
}
