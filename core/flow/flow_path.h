/* The path as everybody sees it from here on: escaped slashes, normalisation, the fragment cut, by
 * MeshConfig's settings (PN-1 to PN-3). Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_PATH_H
#define CORE_FLOW_FLOW_PATH_H

#include "core/flow/flow_request.h"

enum flow_path_result {
    FLOW_PATH_OK,
    FLOW_PATH_BAD,      /* 400 */
    FLOW_PATH_REDIRECT, /* 307 to what the head's path is now */
};

enum flow_path_result flow_path_prepare(struct flow_request *r);

#endif
