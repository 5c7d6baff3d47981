/* What an unquoted scalar means in YAML; the rules are in node_yaml.h. Internal to core/text. */
#ifndef CORE_TEXT_NODE_YAML_SCALAR_H
#define CORE_TEXT_NODE_YAML_SCALAR_H

#include "core/text/node.h"

/* Sets kind and text of n from s; a string's text is s itself, others' are in a. Any thread. */
void node_yaml_scalar_resolve(struct arena *a, struct str s, struct node *n);
/* Whether some reader of YAML would take s, unquoted, for something else than a string. */
bool node_yaml_scalar_is_doubtful(struct str s);

#endif
