/* Reads YAML streams into nodes, as kubectl would understand them.
 *
 * libyaml gives events; what they mean is decided here:
 *   null ~ Null NULL and nothing at all          null
 *   true false yes no on off, also True, TRUE    bool, as kubectl's YAML 1.1 does; y and n are
 *                                                strings. As a map's key each stays its text
 *   12 -3 +4 0x1F 0o17 0b11 1_000                int, text normalised to decimal
 *   017                                          int 15, as YAML 1.1 and kubectl read it
 *   1.5 1e3 .5                                   float, text normalised to a JSON number
 *   .inf .nan, dates                             string
 *   << with a map, an alias or a list of them    merged; own keys win, then the earlier map
 * Anything quoted or in a block is a string. Tags other than the core ones are refused, as are keys
 * that are lists or maps, and duplicate keys. Aliases are expanded by copying, within a budget. */
#ifndef CORE_TEXT_NODE_YAML_H
#define CORE_TEXT_NODE_YAML_H

#include "core/text/node.h"

enum {
    NODE_YAML_MAX_DOCS = 10000,
    NODE_YAML_MAX_ALIASED = 100000, /* nodes that expanding aliases may make in one stream */
};

/* Appends one node per document to *docs, an array in a of *count pointers. Empty documents are
 * skipped. JSON is YAML, so this reads both. A mistake is reported to d (may be NULL), with its
 * place; documents before it are kept, and reading stops: ERR_INVALID, or ERR_LIMIT for a bound.
 * file is kept by pointer. Any thread. */
int node_yaml_read(struct arena *a, struct str text, const char *file, struct diag *d,
                   struct node ***docs, size_t *count);
/* The one document of text; ERR_INVALID when there are more, a null node when there is none. */
int node_yaml_read_one(struct arena *a, struct str text, const char *file, struct diag *d,
                       struct node **out);
/* Whether s, written plain in YAML 1.1 or 1.2, would be read as something else than this string. */
bool node_yaml_needs_quotes(struct str s);

#endif
