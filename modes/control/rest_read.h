/* Reading one object, and lists of them. Main thread. */
#ifndef MODES_CONTROL_REST_READ_H
#define MODES_CONTROL_REST_READ_H

struct rest_call;

void rest_read_get(struct rest_call *call);
void rest_read_list(struct rest_call *call);

#endif
