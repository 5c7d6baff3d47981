/* Who may have which certificate: one function over plain values. Any thread. */
#ifndef MODES_CONTROL_CA_POLICY_H
#define MODES_CONTROL_CA_POLICY_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/str.h"

enum ca_policy_proof {
    CA_POLICY_NOTHING,
    CA_POLICY_LOCAL,       /* a process of our own user on this machine, by its Unix socket */
    CA_POLICY_CERTIFICATE, /* a certificate of this mesh that is still valid */
    CA_POLICY_TOKEN,       /* a join token that is still good */
};

struct ca_policy_caller {
    enum ca_policy_proof proof;
    struct str identity; /* CERTIFICATE: its SPIFFE id */
    struct str ns, sa;   /* TOKEN: whom it is for */
};

/* wanted: the SPIFFE id the request names; empty: what the proof says. *identity (in a) is what to
 * certify. ERR_DENIED with *why, a constant phrase for the caller. */
int ca_policy_decide(const struct ca_policy_caller *caller, struct str trust_domain,
                     struct str wanted, struct arena *a, struct str *identity, const char **why);

#endif
