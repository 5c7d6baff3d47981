#include "cmd/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cli_args.h"
#include "cmd/cli_help.h"
#include "core/base/diag.h"
#include "core/base/mem.h"
#include "core/base/version.h"

int cli_fail(int code, const char *fmt, ...)
{
    va_list ap;

    fputs("mesh: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return code;
}

const struct cli_command *cli_find(const char *name)
{
    for (size_t i = 0; i < cli_table_count; i++) {
        const struct cli_command *c = cli_table[i];

        if (strcmp(c->name, name) == 0)
            return c;
        for (size_t k = 0; k < COUNT_OF(c->aliases) && c->aliases[k]; k++) {
            if (strcmp(c->aliases[k], name) == 0)
                return c;
        }
    }
    return NULL;
}

static int unknown_command(const char *word)
{
    const char *names[256], *near;
    size_t n = 0;

    for (size_t i = 0; i < cli_table_count && n < COUNT_OF(names); i++)
        names[n++] = cli_table[i]->name;
    near = diag_closest(str_of(word), names, n);
    if (near)
        return cli_fail(CLI_USAGE, "unknown command \"%s\"; did you mean \"%s\"?", word, near);
    return cli_fail(CLI_USAGE, "unknown command \"%s\"; 'mesh help' lists them", word);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

int cli_main(int argc, char **argv)
{
    const struct cli_command *c;
    struct cli_args args;
    int code;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_help_overview(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0)
        argv[1] = (char *)(uintptr_t) "version"; /* not written to */
    if (strcmp(argv[1], "help") == 0) {
        if (argc < 3) {
            cli_help_overview(stdout);
            return CLI_OK;
        }
        c = cli_find(argv[2]);
        if (!c)
            return unknown_command(argv[2]);
        cli_help_command(c, stdout);
        return CLI_OK;
    }
    c = cli_find(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    if (asks_for_help(argc - 2, argv + 2)) {
        cli_help_command(c, stdout);
        return CLI_OK;
    }
    code = cli_args_parse(&args, c, argc - 2, argv + 2);
    if (code == 0)
        code = c->run(&args);
    cli_args_deinit(&args);
    return code;
}
