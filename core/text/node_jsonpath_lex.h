/* Cutting a JSONPath template into its parts: quotes, brackets, braces and escaped names. Knows
 * nothing of what the parts mean; see node_jsonpath.h. Any thread. */
#ifndef CORE_TEXT_NODE_JSONPATH_LEX_H
#define CORE_TEXT_NODE_JSONPATH_LEX_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/str.h"

/* Cuts what stands before sep outside quotes; as str_cut. */
struct str node_jsonpath_lex_cut(struct str *rest, char sep);
bool node_jsonpath_lex_is_quoted(struct str s);
/* The text in quotes, with its escapes undone; in a. */
struct str node_jsonpath_lex_unquote(struct arena *a, struct str s);
/* Length of the bracket at s, its ends included; 0: not closed. */
size_t node_jsonpath_lex_bracket_len(struct str s);
/* Index of the brace that closes the one at s.p[0], quotes looked over; 0: none. */
size_t node_jsonpath_lex_brace_end(struct str s);
/* Takes a name with its escapes ("kubernetes\.io/x") undone from *rest, up to a dot or bracket; in
 * a. */
struct str node_jsonpath_lex_take_name(struct arena *a, struct str *rest);

#endif
