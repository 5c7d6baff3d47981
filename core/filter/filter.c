#include "core/filter/filter.h"

#include "core/filter/filter_authz.h"
#include "core/filter/filter_cors.h"
#include "core/filter/filter_fault.h"

const struct filter *const filter_table[] = {
    [FILTER_AUTHZ] = &filter_authz,
    [FILTER_FAULT] = &filter_fault,
    [FILTER_CORS] = &filter_cors,
};

enum filter_result filter_run_request(struct filter_request *fr, uint32_t *at)
{
    while (*at < FILTER_COUNT) {
        uint32_t number = (*at)++;
        enum filter_result result;

        fr->ran |= 1u << number;
        if (!filter_table[number]->on_request)
            continue;
        result = filter_table[number]->on_request(fr);
        if (result != FILTER_CONTINUE)
            return result;
    }
    return FILTER_CONTINUE;
}

void filter_run_response(struct filter_request *fr, struct http_msg *head)
{
    for (uint32_t i = FILTER_COUNT; i-- > 0;) {
        if ((fr->ran & 1u << i) && filter_table[i]->on_response)
            filter_table[i]->on_response(fr, head);
    }
}

void filter_run_end(struct filter_request *fr)
{
    for (uint32_t i = FILTER_COUNT; i-- > 0;) {
        if ((fr->ran & 1u << i) && filter_table[i]->on_end)
            filter_table[i]->on_end(fr);
    }
    fr->ran = 0;
}
