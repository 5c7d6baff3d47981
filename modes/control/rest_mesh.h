/* What the mesh has beside Kubernetes' API, below /mesh/v1. Main thread.
 *
 *     GET    /mesh/v1/status    revision, counts, health of the store
 *     GET    /mesh/v1/proxies   who is connected, and what it has taken
 *     GET    /mesh/v1/tokens    join tokens; POST makes one, DELETE /mesh/v1/tokens/ID revokes it
 *     POST   /mesh/v1/apply     see rest_apply.h
 *
 * Every write takes ?wait=proxies&timeout=30s: it is answered when all proxies have taken the
 * change, with the header `Mesh-Proxies: acked/total; refused=N; slowest=NAME; ms=N`. */
#ifndef MODES_CONTROL_REST_MESH_H
#define MODES_CONTROL_REST_MESH_H

#include <stdbool.h>

#include "core/base/str.h"

struct node;
struct rest_call;

void rest_mesh_status(struct rest_call *call);
void rest_mesh_proxies(struct rest_call *call);
void rest_mesh_tokens(struct rest_call *call);
void rest_mesh_token_create(struct rest_call *call);
void rest_mesh_token_revoke(struct rest_call *call, struct str id);

/* True: the call asks to wait for proxies, and is answered later with status and n. */
bool rest_mesh_wait(struct rest_call *call, int status, struct node *n);

#endif
