/* The words a person types: one table of commands, one of flags per command.
 *
 *     mesh GROUPLESS-COMMAND [FLAGS] [ARGUMENTS] [-- REST]
 *
 * The same tables parse, print help, complete in shells. A command is a file cmd/cmd_NAME.c with a
 * `const struct cli_command` and a row in cli_table.c. Exit codes: spec of the CLI, enum cli_exit.
 */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,       /* also: differences found, denied */
    CLI_USAGE = 64,       /* bad command line */
    CLI_BAD_INPUT = 65,   /* bad YAML, bad field */
    CLI_NO_INPUT = 66,    /* a file is missing */
    CLI_UNREACHABLE = 69, /* control plane */
    CLI_TIMED_OUT = 75,
    CLI_NOT_PERMITTED = 77,
    CLI_BAD_CONFIG = 78,
    CLI_FOUND_ISSUES = 79, /* analyze */
    CLI_NO_MESH = 80,      /* run: the command was never started */
    CLI_INTERRUPTED = 130,
};

enum cli_flag_kind {
    CLI_FLAG_BOOL, /* --x, --x=false */
    CLI_FLAG_TEXT,
    CLI_FLAG_LIST, /* may be given several times */
    CLI_FLAG_NUMBER,
    CLI_FLAG_DURATION, /* "30s"; kept in ms */
};

struct cli_flag {
    const char *name; /* without dashes */
    char letter;      /* -n; 0: none */
    enum cli_flag_kind kind;
    const char *value;    /* "NAMESPACE", for help; NULL for BOOL */
    const char *fallback; /* default as text, or NULL */
    const char *help;
    const char *choices; /* "yaml|json|wide", for completion and checking; NULL: free */
};

struct cli_args;

struct cli_command {
    const char *name;
    const char *aliases[3];
    const char *group;     /* heading in `mesh help` */
    const char *arguments; /* "KIND [NAME]...", "" for none, "-- CMD..." for a command line */
    const char *summary;   /* one line */
    const char *details;   /* paragraphs, or NULL */
    const char *examples;  /* lines, or NULL */
    const struct cli_flag *flags;
    size_t flag_count;
    int max_args;                            /* -1: any number */
    int (*run)(const struct cli_args *args); /* returns enum cli_exit */
    bool hidden;
};

extern const struct cli_command *const cli_table[];
extern const size_t cli_table_count;

/* Flags every command takes: --help. */

/* Runs the command line; returns the exit code. */
int cli_main(int argc, char **argv);

const struct cli_command *cli_find(const char *name);
/* "mesh: TEXT\n" on standard error; returns code. */
int cli_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
