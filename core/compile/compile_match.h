/* StringMatch and HTTPMatchRequest as conditions of core/model. */
#ifndef CORE_COMPILE_COMPILE_MATCH_H
#define CORE_COMPILE_COMPILE_MATCH_H

#include "core/api/virtual_service.h"
#include "core/model/model_route.h"

/* A regular expression that a virtual host owns is told to keep(arg, regex). */
struct compile_match_keeper {
    struct arena *arena;
    void (*keep)(void *arg, struct regex *r);
    void *arg;
};

/* ERR_INVALID: a regular expression does not compile; *why says what, in the arena. */
int compile_match_string(const struct compile_match_keeper *k, const struct string_match *from,
                         bool ignore_case, struct model_string_match *to, struct str *why);
int compile_match_request(const struct compile_match_keeper *k,
                          const struct virtual_service_http_match *from, struct model_match *to,
                          struct str *why);
/* H-6: path "/" as prefix or ".*", and nothing else; no conditions at all counts too. */
bool compile_match_is_all(const struct model_match *m);

#endif
