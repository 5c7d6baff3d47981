/* The objects a command line names: "vs", "vs,dr", "vs/reviews dr/reviews", "vs reviews ratings",
 * "all", "istio-io". */
#ifndef CMD_TARGET_H
#define CMD_TARGET_H

#include "cmd/cli_args.h"
#include "core/api/api_kind.h"

struct target {
    const struct api_kind *kind;
    const char *name; /* NULL: all of that kind; borrowed from the arena or the command line */
};

struct target_list {
    struct target *items; /* in the arena */
    size_t count;
};

struct arena;

/* 0, or CLI_USAGE with a message: no words, an unknown kind (with the nearest), a mix of forms. */
int target_parse(const struct cli_args *args, struct arena *a, struct target_list *out);

#endif
