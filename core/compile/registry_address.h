/* Services and workloads as messages of the workload API, read and written. */
#ifndef CORE_COMPILE_REGISTRY_ADDRESS_H
#define CORE_COMPILE_REGISTRY_ADDRESS_H

#include "core/base/buf.h"
#include "core/compile/registry_source.h"

/* Fills src from an encoded istio.workload.Address. ERR_INVALID: not one, or it lacks its name or
 * has an address that is none. */
int registry_address_read(struct registry_source *src, const struct registry_view *view,
                          struct str bytes);

/* A service that a workload is a member of. */
struct registry_address_membership {
    const struct registry_service *service;
    const uint16_t *ports; /* by index of the service's ports */
};

/* What a workload's message says that the workload itself does not. */
struct registry_address_more {
    const struct registry_address_membership *services;
    size_t service_count;
    struct str *policies; /* "NS/NAME" of those of layer 4 that it has to name, sorted */
    size_t policy_count;
};

/* Append an encoded istio.workload.Address. 0, or ERR_LIMIT: out is full. Services and workloads
 * of equal content give equal bytes. */
int registry_address_encode_service(const struct registry_service *s, struct buf *out);
int registry_address_encode_workload(const struct registry_workload *w,
                                     const struct registry_address_more *more, struct buf *out);

#endif
