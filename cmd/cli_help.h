/* Help and shell completion, printed from the table of commands. */
#ifndef CMD_CLI_HELP_H
#define CMD_CLI_HELP_H

#include <stdio.h>

#include "cmd/cli.h"

void cli_help_overview(FILE *out);
void cli_help_command(const struct cli_command *c, FILE *out);
/* shell: "bash", "zsh" or "fish"; false for others. */
bool cli_help_completion(const char *shell, FILE *out);

#endif
