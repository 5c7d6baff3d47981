#include <stdio.h>

#include "cmd/cli_args.h"
#include "cmd/cli_help.h"

static int run(const struct cli_args *args)
{
    if (args->word_count != 1 || !cli_help_completion(args->words[0], stdout))
        return cli_fail(CLI_USAGE, "say which shell: mesh completion bash|zsh|fish");
    return CLI_OK;
}

extern const struct cli_command cmd_completion;
const struct cli_command cmd_completion = {
    .name = "completion",
    .group = "Shell",
    .arguments = "bash|zsh|fish",
    .summary = "Print a completion script for a shell",
    .examples = "  mesh completion bash > ~/.local/share/bash-completion/completions/mesh",
    .max_args = 1,
    .run = run,
};
