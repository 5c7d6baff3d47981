/* URLs as CEL's url() reads them: absolute, or a path that begins with '/'. */
#ifndef CORE_TEXT_CEL_URL_H
#define CORE_TEXT_CEL_URL_H

#include <stdbool.h>

#include "core/base/str.h"

struct cel_url { /* slices of the text */
    struct str scheme;
    struct str host;     /* "[::1]:80" */
    struct str hostname; /* "::1" */
    struct str port;
    struct str path; /* as written */
};

/* Whether s is one. */
bool cel_url_parse(struct str s, struct cel_url *out);

#endif
