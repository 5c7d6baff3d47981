/* What every match of an expression begins with, as far as its text says so at a glance. */
#ifndef CORE_TEXT_REGEX_PREFIX_H
#define CORE_TEXT_REGEX_PREFIX_H

#include "core/base/arena.h"
#include "core/base/str.h"

/* A text that all strings wholly matched by pattern (RE2 syntax, valid) begin with: "/v1/" of
 * "^/v1/[0-9]+". In a, or a slice of pattern; empty when nothing is certain. Any thread. */
struct str regex_prefix_of(struct str pattern, struct arena *a);

#endif
