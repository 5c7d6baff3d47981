/* What there is to ask for: groups, versions, resources, and the server's version. */
#ifndef MODES_CONTROL_REST_DISCOVERY_H
#define MODES_CONTROL_REST_DISCOVERY_H

struct rest_call;

/* Each answers. */
void rest_discovery_version(struct rest_call *call);
void rest_discovery_core(struct rest_call *call);      /* /api */
void rest_discovery_groups(struct rest_call *call);    /* /apis */
void rest_discovery_group(struct rest_call *call);     /* /apis/GROUP: call->group */
void rest_discovery_resources(struct rest_call *call); /* /apis/GROUP/VERSION */

#endif
