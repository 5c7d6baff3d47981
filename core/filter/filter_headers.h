/* Header operations of routes and destinations, with Envoy's %OPERATORS% in values (VS-12, VS-13).
 * Not a filter of the table: flow applies them at the points Envoy's router does. Loop thread. */
#ifndef CORE_FILTER_FILTER_HEADERS_H
#define CORE_FILTER_FILTER_HEADERS_H

#include "core/filter/filter.h"

/* On the request head before it goes upstream; `host` and `:authority` change the authority, other
 * pseudo-headers are ignored. */
void filter_headers_request(const struct model_header_ops *ops, struct filter_request *fr);
/* On the final response head before it goes downstream. */
void filter_headers_response(const struct model_header_ops *ops, struct filter_request *fr,
                             struct http_msg *head);

#endif
