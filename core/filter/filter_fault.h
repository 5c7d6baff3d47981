/* Faults injected on purpose: a delay, then an abort, each for a share of the requests (VS-16).
 * Loop thread. */
#ifndef CORE_FILTER_FILTER_FAULT_H
#define CORE_FILTER_FILTER_FAULT_H

#include "core/filter/filter.h"

extern const struct filter filter_fault;

#endif
