#include <stdio.h>
#include <string.h>

#include "cmd/cli_args.h"
#include "core/base/version.h"

static const struct cli_flag flags[] = {
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print it", "text|json|short" },
};

static int run(const struct cli_args *args)
{
    const char *format = cli_args_text(args, "output");

    if (strcmp(format, "json") == 0)
        printf("{\"version\":\"%s\"}\n", version_string());
    else if (strcmp(format, "short") == 0)
        printf("%s\n", version_string());
    else
        printf("%s\n", version_line());
    return CLI_OK;
}

extern const struct cli_command cmd_version;
const struct cli_command cmd_version = {
    .name = "version",
    .group = "Shell",
    .arguments = "",
    .summary = "Print the version",
    .flags = flags,
    .flag_count = 1,
    .run = run,
};
