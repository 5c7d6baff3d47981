/* Path templates of AuthorizationPolicy (AZ-12): "{*}" is one segment, not empty; "{**}" is any
 * text, slashes included, perhaps none, and stands at most once as the last operator. Any thread.
 */
#ifndef CORE_FILTER_AUTHZ_PATH_H
#define CORE_FILTER_AUTHZ_PATH_H

#include <stdbool.h>

#include "core/base/str.h"

/* Linear in the path: "{*}" takes all up to the next slash. */
bool authz_path_matches(struct str pattern, struct str path);

#endif
