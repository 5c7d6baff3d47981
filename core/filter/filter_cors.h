/* CORS as Istio's corsPolicy means it (VS-17): a preflight from an allowed origin is answered here;
 * answers to other requests from an allowed origin get the headers. Loop thread. */
#ifndef CORE_FILTER_FILTER_CORS_H
#define CORE_FILTER_FILTER_CORS_H

#include "core/filter/filter.h"

extern const struct filter filter_cors;

#endif
