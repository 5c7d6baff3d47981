#include "core/filter/filter_fault.h"

#include "core/base/mem.h"
#include "core/http/grpc_status.h"
#include "core/loop/worker.h"

struct filter_fault_state {
    struct timer timer;
    struct filter_request *fr;
};

static bool is_chosen(struct filter_request *fr, double pct)
{
    return pct >= 100 || (pct > 0 && random_unit(&fr->worker->random) * 100 < pct);
}

static enum filter_result abort_some(struct filter_request *fr)
{
    const struct model_fault *fault = fr->route->fault;
    uint16_t status = fault->abort_status;

    if ((!status && fault->abort_grpc < 0) || !is_chosen(fr, fault->abort_pct))
        return FILTER_CONTINUE;
    if (!status)
        status = grpc_status_to_http(fault->abort_grpc);
    fr->reply = (struct filter_reply){
        .status = status,
        .grpc_status = fault->abort_grpc,
        .body = STR("fault filter abort"),
        .details = "fault_filter_abort",
        .flags = DECISION_FI,
    };
    http_headers_init(&fr->reply.headers, fr->arena);
    return FILTER_REPLY;
}

static void on_delayed(struct timer *timer)
{
    struct filter_request *fr = CONTAINER_OF(timer, struct filter_fault_state, timer)->fr;

    fr->resume(fr, abort_some(fr));
}

static enum filter_result on_request(struct filter_request *fr)
{
    const struct model_fault *fault = fr->route ? fr->route->fault : NULL;
    struct filter_fault_state *s;

    if (!fault)
        return FILTER_CONTINUE;
    if (!fault->delay_ms || !is_chosen(fr, fault->delay_pct))
        return abort_some(fr);
    s = arena_alloc0(fr->arena, 1, sizeof(*s));
    s->fr = fr;
    fr->state[FILTER_FAULT] = s;
    fr->decision->flags |= DECISION_DI;
    timer_init(&s->timer, &fr->worker->timers, on_delayed);
    timer_start(&s->timer, fault->delay_ms);
    return FILTER_WAIT;
}

static void on_end(struct filter_request *fr)
{
    struct filter_fault_state *s = fr->state[FILTER_FAULT];

    if (s)
        timer_cancel(&s->timer);
}

const struct filter filter_fault = { .name = "fault", .on_request = on_request, .on_end = on_end };
