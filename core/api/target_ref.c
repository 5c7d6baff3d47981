#include "core/api/target_ref.h"

#include "core/api/api_check.h"

static void check_kind(struct field_check *c, const void *member)
{
    const struct str *s = member;
    char first = s->len > 0 ? str_lower_char(s->p[0]) : 'a';

    if (first < 'a' || first > 'z' || !api_check_is_host(*s) || str_chr(*s, '.') >= 0 ||
        str_chr(*s, '_') >= 0)
        field_decode_error(c, "\"%.*s\" is not the name of a kind", STR_ARG(*s));
}

static void check_ns(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0)
        field_decode_error(c,
                           "must be left out: only objects of the policy's namespace can be meant");
}

void target_ref_check_one(struct field_check *c, bool has_selector, const struct target_ref *ref,
                          const struct target_ref *refs)
{
    if (has_selector + (ref != NULL) + (refs != NULL) > 1)
        field_decode_error_at(c, refs ? "targetRefs" : "targetRef",
                              "only one of selector and targetRefs may be given");
}

/* clang-format off */
#define T struct target_ref
static const struct field target_ref_fields[] = {
    FIELD_STR(T, group, "group", .proto = 1, .max_len = 253, .check = api_check_subdomain, .default_text = "the core group", .help = "API group of the object."),
    FIELD_STR(T, kind, "kind", .proto = 2, .required = true, .max_len = 63, .check = check_kind, .help = "Gateway, GatewayClass, Service or ServiceEntry."),
    FIELD_STR(T, name, "name", .proto = 3, .required = true, .max_len = 253, .check = api_check_not_empty, .help = "Name of the object."),
    FIELD_STR(T, ns, "namespace", .proto = 4, .check = check_ns, .help = "Must be left out."),
};
FIELD_MESSAGE(target_ref, "istio.type.v1beta1.PolicyTargetReference", .at = FIELD_AT(T, at), .help = "An object that a policy is attached to.");
#undef T
/* clang-format on */
