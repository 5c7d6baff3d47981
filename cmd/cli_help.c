#include "cmd/cli_help.h"

#include <string.h>

#include "core/base/version.h"

/* In the order of the overview. */
static const char *const groups[] = { "Run", "Configure", "Observe", "Operate", "Roles", "Shell" };

void cli_help_overview(FILE *out)
{
    fprintf(out, "mesh %s: a service mesh in one program\n\n", version_string());
    fputs("  mesh demo                        see one at work, in a second\n"
          "  mesh up &                        your own, on this machine\n"
          "  mesh run --name web -p 8080 -- ./web\n",
          out);
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        fprintf(out, "\n%s\n", groups[g]);
        for (size_t i = 0; i < cli_table_count; i++) {
            const struct cli_command *c = cli_table[i];

            if (!c->hidden && strcmp(c->group, groups[g]) == 0)
                fprintf(out, "  %-14s %s\n", c->name, c->summary);
        }
    }
    fputs("\n'mesh help COMMAND' says more.\n", out);
}

static void print_flag(const struct cli_flag *f, FILE *out)
{
    char left[64];
    int n;

    if (f->letter)
        n = snprintf(left, sizeof(left), "-%c, --%s", f->letter, f->name);
    else
        n = snprintf(left, sizeof(left), "    --%s", f->name);
    if (f->value && n > 0 && (size_t)n < sizeof(left))
        snprintf(left + n, sizeof(left) - (size_t)n, " %s", f->value);
    fprintf(out, strlen(left) > 28 ? "  %s\n%32s" : "  %-29s %s", left,
            strlen(left) > 28 ? "" : f->help);
    if (strlen(left) > 28)
        fputs(f->help, out);
    if (f->choices)
        fprintf(out, " (%s)", f->choices);
    if (f->fallback && f->kind != CLI_FLAG_BOOL)
        fprintf(out, " [%s]", f->fallback);
    fputc('\n', out);
}

void cli_help_command(const struct cli_command *c, FILE *out)
{
    fprintf(out, "%s\n\nUsage: mesh %s%s%s%s\n", c->summary, c->name,
            c->flag_count ? " [FLAGS]" : "", c->arguments[0] ? " " : "", c->arguments);
    for (size_t k = 0; k < 3 && c->aliases[k]; k++)
        fprintf(out, "Also: mesh %s\n", c->aliases[k]);
    if (c->details)
        fprintf(out, "\n%s\n", c->details);
    if (c->flag_count)
        fputs("\nFlags (each also as MESH_<FLAG> in the environment)\n", out);
    for (size_t i = 0; i < c->flag_count; i++)
        print_flag(&c->flags[i], out);
    if (c->examples)
        fprintf(out, "\nExamples\n%s\n", c->examples);
}

/* ---- completion ---- */

static void completion_bash(FILE *out)
{
    fputs("_mesh() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then words=\"",
          out);
    for (size_t i = 0; i < cli_table_count; i++)
        fprintf(out, "%s ", cli_table[i]->name);
    fputs("help\"\n    else case ${COMP_WORDS[1]} in\n", out);
    for (size_t i = 0; i < cli_table_count; i++) {
        fprintf(out, "        %s) words=\"", cli_table[i]->name);
        for (size_t k = 0; k < cli_table[i]->flag_count; k++)
            fprintf(out, "--%s ", cli_table[i]->flags[k].name);
        fputs("--help\" ;;\n", out);
    }
    fputs("    esac; fi\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
          "}\ncomplete -F _mesh mesh\n",
          out);
}

static void completion_zsh(FILE *out)
{
    fputs("#compdef mesh\nautoload -U +X bashcompinit && bashcompinit\n", out);
    completion_bash(out);
}

/* Single quotes end a fish word. */
static void put_fish_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void completion_fish(FILE *out)
{
    for (size_t i = 0; i < cli_table_count; i++) {
        const struct cli_command *c = cli_table[i];

        fprintf(out, "complete -c mesh -n __fish_use_subcommand -a %s -d '", c->name);
        put_fish_text(c->summary, out);
        fputs("'\n", out);
        for (size_t k = 0; k < c->flag_count; k++) {
            fprintf(out, "complete -c mesh -n '__fish_seen_subcommand_from %s' -l %s", c->name,
                    c->flags[k].name);
            if (c->flags[k].letter)
                fprintf(out, " -s %c", c->flags[k].letter);
            fputs(" -d '", out);
            put_fish_text(c->flags[k].help, out);
            fputs("'\n", out);
        }
    }
}

bool cli_help_completion(const char *shell, FILE *out)
{
    if (strcmp(shell, "bash") == 0)
        completion_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        completion_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        completion_fish(out);
    else
        return false;
    return true;
}
