/* POST /mesh/v1/apply: many objects in one transaction, all or nothing. Main thread. */
#ifndef MODES_CONTROL_REST_APPLY_H
#define MODES_CONTROL_REST_APPLY_H

struct rest_call;

/* The body is a List, one object, or YAML documents. Each object becomes what the body says;
 * labels, annotations, finalizers and owners that others put on it stay. Answers {"results":
 * [{apiVersion, kind, namespace, name, result: created|configured|unchanged}]}. */
void rest_apply_list(struct rest_call *call);

#endif
