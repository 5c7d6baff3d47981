/* How objects are printed: in every format of -o. */
#ifndef CMD_PRINT_H
#define CMD_PRINT_H

#include <stdio.h>

#include "cmd/cli_args.h"
#include "core/api/object_set.h"
#include "core/base/arena.h"
#include "core/base/buf.h"

/* Writes what b holds and empties it. */
void print_flush(struct buf *b, FILE *out);

/* clang-format off */
/* Rows of -o, --no-headers, --sort-by..., for commands that print objects. */
#define PRINT_FLAGS                                                                                \
    { .name = "output", .letter = 'o', .kind = CLI_FLAG_TEXT, .value = "FORMAT", .fallback = "table", \
      .help = "How to print", .choices = "table|wide|name|yaml|json|jsonl|jsonpath=|custom-columns=" }, \
    { .name = "no-headers", .help = "Tables without their first line" },                           \
    { .name = "sort-by", .kind = CLI_FLAG_TEXT, .value = "JSONPATH",                               \
      .help = "As .metadata.name or .metadata.creationTimestamp" },                                \
    { .name = "show-managed-fields", .help = "yaml, json: also who owns which field" },            \
    { .name = "show-labels", .help = "Labels as the last column" }
/* clang-format on */

enum print_format {
    PRINT_TABLE,
    PRINT_WIDE,
    PRINT_NAME,
    PRINT_YAML,
    PRINT_JSON,
    PRINT_JSONL,
    PRINT_JSONPATH,
    PRINT_COLUMNS,
};

struct print_options {
    enum print_format format;
    struct str text; /* of jsonpath= and custom-columns= */
    bool no_headers, show_ns, show_labels, with_kind, show_managed;
    bool as_list; /* yaml, json, jsonpath: a List even around one object */
    struct str sort_by;
};

void print_options_read(const struct cli_args *args, struct print_options *out);
/* "virtualservice.networking.istio.io/reviews"; core kinds without group. In a. */
struct str print_name_of(const struct object *o, struct arena *a);
/* Appends set as opt says, kinds one after the other in tables. 0, or CLI_USAGE after a message
 * about a bad JSONPath. */
int print_objects(const struct object_set *set, const struct print_options *opt, struct buf *out);
/* Appends the row of o alone, for watching. */
void print_row(const struct object *o, const struct print_options *opt, bool with_header,
               struct buf *out);

#endif
