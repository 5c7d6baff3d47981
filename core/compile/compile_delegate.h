/* VirtualServices that hand a part of their paths to others (VS-10). */
#ifndef CORE_COMPILE_COMPILE_DELEGATE_H
#define CORE_COMPILE_COMPILE_DELEGATE_H

#include "core/api/virtual_service.h"

/* The delegate's rule narrowed by the root's match and completed by what only the root says; in a,
 * sharing the text of both. NULL: a match of the delegate is within none of the root's. */
const struct virtual_service_http *compile_delegate_merge(const struct virtual_service_http *root,
                                                          const struct virtual_service_http *leaf,
                                                          struct arena *a);

#endif
