/* Who gets which certificate. */
#include "modes/control/ca_policy.h"

#include "core/base/error.h"
#include "tests/tap.h"

#define ID(ns, sa) "spiffe://td/ns/" ns "/sa/" sa

static const struct row {
    const char *what;
    enum ca_policy_proof proof;
    const char *identity, *ns, *sa; /* of the proof */
    const char *wanted;
    const char *got; /* NULL: refused */
} rows[] = {
    { "nothing shown", CA_POLICY_NOTHING, "", "", "", ID("a", "b"), NULL },
    { "local: any", CA_POLICY_LOCAL, "", "", "", ID("a", "b"), ID("a", "b") },
    { "local: names none", CA_POLICY_LOCAL, "", "", "", "", NULL },
    { "local: other domain", CA_POLICY_LOCAL, "", "", "", "spiffe://x/ns/a/sa/b", NULL },
    { "local: not ns and sa", CA_POLICY_LOCAL, "", "", "", "spiffe://td/a", NULL },
    { "local: no SPIFFE id", CA_POLICY_LOCAL, "", "", "", "https://td/ns/a/sa/b", NULL },
    { "local: control's own", CA_POLICY_LOCAL, "", "", "", ID("istio-system", "mesh-control"),
      NULL },
    { "certificate: same", CA_POLICY_CERTIFICATE, ID("a", "b"), "", "", ID("a", "b"),
      ID("a", "b") },
    { "certificate: unsaid", CA_POLICY_CERTIFICATE, ID("a", "b"), "", "", "", ID("a", "b") },
    { "certificate: other", CA_POLICY_CERTIFICATE, ID("a", "b"), "", "", ID("a", "c"), NULL },
    { "certificate: of control", CA_POLICY_CERTIFICATE, ID("istio-system", "mesh-control"), "", "",
      "", NULL },
    { "token: same", CA_POLICY_TOKEN, "", "a", "b", ID("a", "b"), ID("a", "b") },
    { "token: unsaid", CA_POLICY_TOKEN, "", "a", "b", "", ID("a", "b") },
    { "token: other account", CA_POLICY_TOKEN, "", "a", "b", ID("a", "c"), NULL },
    { "token: other namespace", CA_POLICY_TOKEN, "", "a", "b", ID("c", "b"), NULL },
    { "token: for control", CA_POLICY_TOKEN, "", "istio-system", "mesh-control", "", NULL },
};

static void table_holds(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct ca_policy_caller caller = { r->proof, str_of(r->identity), str_of(r->ns),
                                           str_of(r->sa) };
        struct str got = STR_NONE;
        const char *why = NULL;
        struct arena a;
        int err;

        arena_init(&a, 0);
        err = ca_policy_decide(&caller, STR("td"), str_of(r->wanted), &a, &got, &why);
        NOTE("%s", r->what);
        EQ_INT(err, r->got ? 0 : ERR_DENIED);
        if (r->got)
            OK(str_is(got, r->got));
        else
            OK(why != NULL);
        arena_deinit(&a);
    }
}

static const struct tap_case cases[] = {
    { "table_holds", table_holds },
};

TAP_MAIN(cases)
