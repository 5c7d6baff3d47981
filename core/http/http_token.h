/* Well-known header names as small integers. The list is in http_token.inc, one X(id, "name") a
 * line; adding a name is adding a line. Any thread. */
#ifndef CORE_HTTP_HTTP_TOKEN_H
#define CORE_HTTP_HTTP_TOKEN_H

#include "core/base/str.h"

enum http_token {
    HTTP_TOKEN_NONE,
#define X(id, name) HTTP_TOKEN_##id,
#include "core/http/http_token.inc"
#undef X
    HTTP_TOKEN_COUNT
};

/* The token of a lower-case name, or HTTP_TOKEN_NONE. */
enum http_token http_token_of(struct str name);
/* The name of a token; empty for NONE. */
struct str http_token_name(enum http_token token);

#endif
