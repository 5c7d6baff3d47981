/* Session persistence (GEP-1619): a client is kept with its endpoint by a token, which a response
 * gives it in a cookie or a header and which it sends along from then on. Immutable. */
#ifndef CORE_MODEL_MODEL_SESSION_H
#define CORE_MODEL_MODEL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

struct model_session {
    bool by_header;  /* else by a cookie */
    struct str name; /* of the cookie, or of the header in lower case */
    struct str
        cookie_tail;      /* behind the value: "; Path=/; Max-Age=60; HttpOnly; SameSite=Strict" */
    uint64_t lifetime_ms; /* from the first response; 0: no end */
};

#endif
