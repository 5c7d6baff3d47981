/* What is refused in objects of the Gateway API, and what a write fills in. */
#include "core/base/mem.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

#define V1       "gateway.networking.k8s.io/v1"
#define BACKENDS "{\"backendRefs\":[{\"name\":\"db\",\"port\":1}]}"

static const struct {
    const char *version, *kind, *spec;
    const char *said; /* a part of what is said; NULL: nothing is */
} rows[] = {
    { V1, "TCPRoute", "{\"rules\":[" BACKENDS "]}", NULL },
    { V1, "TCPRoute", "{\"rules\":[" BACKENDS "," BACKENDS "]}", "2 items are more than 1" },
    { V1 "alpha2", "TCPRoute", "{\"rules\":[" BACKENDS "," BACKENDS "]}", NULL },
    { V1, "TLSRoute", "{\"rules\":[" BACKENDS "]}", "at least one host" },
    { V1 "alpha2", "TLSRoute", "{\"rules\":[" BACKENDS "]}", NULL },
    { V1 "alpha3", "TLSRoute", "{\"rules\":[" BACKENDS "]}", NULL },
    { V1 "alpha3", "TCPRoute", "{\"rules\":[" BACKENDS "]}", "no version" },
    { V1, "HTTPRoute", "{\"hostnames\":[\"Shop.example.com\"]}", "lower case" },
    { V1, "HTTPRoute", "{\"hostnames\":[\"a.*.b\"]}", "first label" },
    { V1, "HTTPRoute", "{\"rules\":[{\"timeouts\":{\"request\":\"1.5s\"}}]}", "whole numbers" },
    { V1, "HTTPRoute", "{\"rules\":[{\"timeouts\":{\"request\":\"1s500ms\"}}]}", NULL },
    { V1, "HTTPRoute",
      "{\"rules\":[{\"matches\":[{\"path\":{\"type\":\"RegularExpression\",\"value\":\"/(a\"}}]}]}",
      "regular expression" },
    { V1, "HTTPRoute", "{\"rules\":[{\"matches\":[{\"method\":\"get\"}]}]}", "upper case" },
    { V1, "HTTPRoute", "{\"rules\":[]}", "0 items are fewer than 1" },
    { V1, "GRPCRoute", "{\"rules\":[{\"filters\":[{\"type\":\"URLRewrite\"}]}]}", "URLRewrite" },
    { V1, "ReferenceGrant", "{\"from\":[],\"to\":[]}", "fewer than 1" },
};

static void specs_are_judged(void)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *said = api_files_complain_spec(rows[i].version, rows[i].kind, rows[i].spec);

        if (!OK(rows[i].said ? strstr(said, rows[i].said) != NULL : strstr(said, "error") == NULL))
            NOTE("row %zu: %s", i, said);
        mem_free(said);
    }
}

static void writes_fill_in_what_was_left_out(void)
{
    struct object_set set;
    struct node *n;
    char *said;

    object_set_init(&set);
    said = api_files_complain("apiVersion: " V1 "\n"
                              "kind: HTTPRoute\n"
                              "metadata: {name: a}\n"
                              "spec:\n"
                              "  parentRefs: [{name: g}]\n"
                              "  rules:\n"
                              "  - backendRefs: [{name: b, port: 80}]\n"
                              "  - matches: [{path: {value: /x}}, {method: GET, path: null}]\n"
                              "    filters: [{type: RequestRedirect, requestRedirect: {}}]\n"
                              "---\n"
                              "apiVersion: " V1 "\n"
                              "kind: HTTPRoute\n"
                              "metadata: {name: b}\n"
                              "spec: {}\n",
                              &set);
    if (!EQ_UINT(set.count, 2)) {
        NOTE("%s", said);
    } else {
        n = node_getz(set.items[0]->node, "spec");
        OK(str_is(node_path(n, "parentRefs[0].kind")->text, "Gateway"));
        OK(str_is(node_path(n, "parentRefs[0].group")->text, "gateway.networking.k8s.io"));
        OK(!node_path(n, "parentRefs[0].namespace"));
        OK(str_is(node_path(n, "rules[0].matches[0].path.value")->text, "/"));
        OK(str_is(node_path(n, "rules[0].backendRefs[0].kind")->text, "Service"));
        OK(str_is(node_path(n, "rules[0].backendRefs[0].weight")->text, "1"));
        OK(str_is(node_path(n, "rules[1].matches[0].path.type")->text, "PathPrefix"));
        OK(str_is(node_path(n, "rules[1].matches[1].path.type")->text, "PathPrefix"));
        OK(str_is(node_path(n, "rules[1].filters[0].requestRedirect.statusCode")->text, "302"));
        n = node_getz(set.items[1]->node, "spec");
        OK(str_is(node_path(n, "rules[0].matches[0].path.value")->text, "/"));
    }
    mem_free(said);
    object_set_deinit(&set);
}

static const struct tap_case cases[] = {
    { "specs_are_judged", specs_are_judged },
    { "writes_fill_in_what_was_left_out", writes_fill_in_what_was_left_out },
};

TAP_MAIN(cases)
