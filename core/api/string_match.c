#include "core/api/string_match.h"

#include "core/api/api_check.h"

/* "*" is no RE2 expression, but Istio takes it, for presence (VS-3). */
static void check_regex(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!str_is(*s, "*"))
        api_check_regex(c, member);
}

/* clang-format off */
#define T struct string_match
static const struct field string_match_fields[] = {
    FIELD_STR(T, exact, "exact", .proto = 1, .oneof = 1, .presence = true, .help = "Equal to this."),
    FIELD_STR(T, prefix, "prefix", .proto = 2, .oneof = 1, .presence = true, .check = api_check_not_empty, .help = "Begins with this."),
    FIELD_STR(T, regex, "regex", .proto = 3, .oneof = 1, .presence = true, .check = check_regex, .help = "Wholly matched by this RE2 expression; \"*\" asks for presence."),
};
FIELD_MESSAGE(string_match, "istio.networking.v1alpha3.StringMatch", .at = FIELD_AT(T, at),
              .help = "Compares a string; without any of its fields it asks for presence.");
#undef T
/* clang-format on */
