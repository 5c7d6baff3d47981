/* A parsed command line. Values come from the flag, else from the environment (MESH_<FLAG>), else
 * from the default in the table. All strings are borrowed from argv, the environment or the table.
 */
#ifndef CMD_CLI_ARGS_H
#define CMD_CLI_ARGS_H

#include "cmd/cli.h"

#define CLI_ARGS_FLAGS_MAX 64
#define CLI_ARGS_LIST_MAX  64

struct cli_args {
    const struct cli_command *command;
    char **words; /* positional */
    int word_count;
    char **rest; /* behind "--", NULL-terminated; NULL: there was none */
    int rest_count;
    struct cli_value {
        const char *text;  /* NULL: not given and no default */
        const char *from;  /* "flag", "environment", "default" */
        const char **list; /* LIST */
        size_t list_count;
    } values[CLI_ARGS_FLAGS_MAX]; /* as command->flags */
};

/* 0, or CLI_USAGE with a message on standard error (unknown flag with a suggestion, missing value,
 * not a number, not one of the choices, too many words). */
int cli_args_parse(struct cli_args *a, const struct cli_command *command, int argc, char **argv);
void cli_args_deinit(struct cli_args *a);

/* name must be in the command's table. */
const char *cli_args_text(const struct cli_args *a, const char *name); /* or NULL */
bool cli_args_is_set(const struct cli_args *a, const char *name);      /* given, not by default */
bool cli_args_bool(const struct cli_args *a, const char *name);
int64_t cli_args_number(const struct cli_args *a, const char *name);
uint64_t cli_args_duration_ms(const struct cli_args *a, const char *name);
const char *const *cli_args_list(const struct cli_args *a, const char *name, size_t *count);

#endif
