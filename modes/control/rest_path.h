/* Which handler answers a request: fixed pages, and resources by their kinds. */
#ifndef MODES_CONTROL_REST_PATH_H
#define MODES_CONTROL_REST_PATH_H

struct rest_call;

/* The request is complete. The call is answered, or will be. */
void rest_path_dispatch(struct rest_call *call);

#endif
