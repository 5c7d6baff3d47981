/* Istio's default. Equal weights: the less busy of two hosts drawn at random, which avoids both the
 * herd on the one idle host and most of the queueing. Other weights: a schedule in which a host's
 * weight is divided by its requests in motion, as Envoy does with a bias of 1. */
#ifndef CORE_LB_LB_LEAST_REQUEST_H
#define CORE_LB_LB_LEAST_REQUEST_H

#include "core/lb/lb_policy.h"

extern const struct lb_policy lb_least_request;

#endif
