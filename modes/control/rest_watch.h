/* Changes as a stream of JSON lines, one event each. Main thread. */
#ifndef MODES_CONTROL_REST_WATCH_H
#define MODES_CONTROL_REST_WATCH_H

struct rest_call;

void rest_watch_start(struct rest_call *call);

#endif
