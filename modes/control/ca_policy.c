#include "modes/control/ca_policy.h"

#include "core/base/error.h"
#include "core/pki/pki_spiffe.h"
#include "modes/control/ca.h"

/* Each proof says whom it speaks for; the table says how far. */
static const struct rule {
    enum ca_policy_proof proof;
    bool any_identity;  /* of this trust domain, but control's own */
    const char *denied; /* when another identity is wanted */
} rules[] = {
    { CA_POLICY_LOCAL, true, NULL },
    { CA_POLICY_CERTIFICATE, false, "the certificate shown is of another identity" },
    { CA_POLICY_TOKEN, false, "the token is for another identity" },
};

static const struct rule *find_rule(enum ca_policy_proof proof)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].proof == proof)
            return &rules[i];
    return NULL;
}

/* The identity that the proof itself names; empty: none. */
static struct str named_by(const struct ca_policy_caller *caller, struct str trust_domain,
                           struct arena *a)
{
    if (caller->proof == CA_POLICY_CERTIFICATE)
        return caller->identity;
    if (caller->proof == CA_POLICY_TOKEN)
        return arena_printf(a, "spiffe://%.*s/ns/%.*s/sa/%.*s", STR_ARG(trust_domain),
                            STR_ARG(caller->ns), STR_ARG(caller->sa));
    return STR_NONE;
}

int ca_policy_decide(const struct ca_policy_caller *caller, struct str trust_domain,
                     struct str wanted, struct arena *a, struct str *identity, const char **why)
{
    const struct rule *rule = find_rule(caller->proof);
    struct str named, id;
    struct pki_spiffe parsed;

    *why = "show a join token or a certificate of this mesh";
    if (!rule)
        return ERR_DENIED;
    named = named_by(caller, trust_domain, a);
    id = wanted.len ? wanted : named;
    *why = "the request names no SPIFFE id spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT";
    if (pki_spiffe_parse(id, &parsed) != 0 || !parsed.ns.len || !parsed.sa.len)
        return ERR_DENIED;
    *why = "the identity is of another trust domain";
    if (!str_eq(parsed.trust_domain, trust_domain))
        return ERR_DENIED;
    *why = rule->denied;
    if (!rule->any_identity && !str_eq(id, named))
        return ERR_DENIED;
    /* Control makes its own; with it somebody else could pose as control. */
    *why = "that is the identity of control itself";
    if (str_is(parsed.ns, CA_CONTROL_NS) && str_is(parsed.sa, CA_CONTROL_SA))
        return ERR_DENIED;
    *identity = arena_str(a, id);
    return 0;
}
