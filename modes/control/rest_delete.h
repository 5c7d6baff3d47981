/* Deleting: one object, all that fit a selector, a namespace with what is in it. Main thread. */
#ifndef MODES_CONTROL_REST_DELETE_H
#define MODES_CONTROL_REST_DELETE_H

struct rest_call;

void rest_delete_object(struct rest_call *call);
void rest_delete_collection(struct rest_call *call);

#endif
