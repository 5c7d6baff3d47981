/* Who may ask what. A Unix socket's peer is known by its uid; on TCP a bearer token is needed for
 * everything but health and version, also from loopback: an address is no identity. */
#ifndef MODES_CONTROL_REST_AUTH_H
#define MODES_CONTROL_REST_AUTH_H

#include <stdbool.h>

struct rest;
struct rest_call;
struct stream;
struct str;

/* Reads admin.token of the state directory, or makes it. */
int rest_auth_open(struct rest *r, const char *state_dir);
/* Writes the kubeconfig for the bound address; root_pem empty: plain HTTP. */
int rest_auth_write_kubeconfig(struct rest *r, struct str root_pem);
/* Whether the process at the other end of a Unix socket is ours or root's. */
bool rest_auth_is_own_peer(struct stream *s);
/* Sets the call's user. True when it may go on; else it was answered. */
bool rest_auth_check(struct rest_call *call);

#endif
