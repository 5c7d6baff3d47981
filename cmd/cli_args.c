#include "cmd/cli_args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/diag.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/duration.h"

static int flag_index(const struct cli_command *c, const char *name, size_t len)
{
    for (size_t i = 0; i < c->flag_count; i++) {
        if (strlen(c->flags[i].name) == len && memcmp(c->flags[i].name, name, len) == 0)
            return (int)i;
    }
    return -1;
}

static int letter_index(const struct cli_command *c, char letter)
{
    for (size_t i = 0; i < c->flag_count; i++) {
        if (c->flags[i].letter == letter)
            return (int)i;
    }
    return -1;
}

static int unknown_flag(const struct cli_command *c, const char *word, size_t len)
{
    const char *names[CLI_ARGS_FLAGS_MAX], *near;

    for (size_t i = 0; i < c->flag_count; i++)
        names[i] = c->flags[i].name;
    near = diag_closest(str_make(word, len), names, c->flag_count);
    if (near)
        return cli_fail(CLI_USAGE, "unknown flag --%.*s; did you mean --%s?", (int)len, word, near);
    return cli_fail(CLI_USAGE, "unknown flag --%.*s; see 'mesh %s --help'", (int)len, word,
                    c->name);
}

static bool is_choice(const char *choices, const char *text)
{
    struct str rest = str_of(choices);

    while (rest.p) {
        struct str one = str_cut(&rest, '|');

        /* "jsonpath=" stands for anything that begins so. */
        if (str_is(one, text) ||
            (one.len && one.p[one.len - 1] == '=' && str_starts(str_of(text), one)))
            return true;
    }
    return false;
}

static int check_value(const struct cli_flag *f, const char *text, const char *from)
{
    int64_t ns;
    char *end;

    if (f->choices && !is_choice(f->choices, text))
        return cli_fail(CLI_USAGE, "--%s (%s): \"%s\" is none of %s", f->name, from, text,
                        f->choices);
    switch (f->kind) {
    case CLI_FLAG_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return cli_fail(CLI_USAGE, "--%s (%s): \"%s\" is neither true nor false", f->name, from,
                            text);
        return 0;
    case CLI_FLAG_NUMBER:
        errno = 0;
        (void)strtoll(text, &end, 10);
        if (errno || *end || end == text)
            return cli_fail(CLI_USAGE, "--%s (%s): \"%s\" is not a number", f->name, from, text);
        return 0;
    case CLI_FLAG_DURATION:
        if (duration_parse(str_of(text), &ns) != 0 || ns < 0)
            return cli_fail(CLI_USAGE, "--%s (%s): \"%s\" is not a duration such as 30s or 1m30s",
                            f->name, from, text);
        return 0;
    default:
        return 0;
    }
}

static int set_value(struct cli_args *a, int i, const char *text, const char *from)
{
    const struct cli_flag *f = &a->command->flags[i];
    struct cli_value *v = &a->values[i];
    int err = check_value(f, text, from);

    if (err)
        return err;
    v->text = text;
    v->from = from;
    if (f->kind != CLI_FLAG_LIST)
        return 0;
    if (v->list_count == CLI_ARGS_LIST_MAX)
        return cli_fail(CLI_USAGE, "--%s is given more than %d times", f->name, CLI_ARGS_LIST_MAX);
    v->list = mem_resize(v->list, v->list_count + 1, sizeof(*v->list));
    v->list[v->list_count++] = text;
    return 0;
}

/* "--name", "--name=value", "--name value", "-n value", "-nvalue". Moves *at over the value. */
static int take_flag(struct cli_args *a, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *value = NULL;
    bool is_long = word[1] == '-';
    int i;

    if (is_long) {
        const char *eq = strchr(word, '=');
        size_t len = eq ? (size_t)(eq - word) - 2 : strlen(word) - 2;

        value = eq ? eq + 1 : NULL;
        i = flag_index(a->command, word + 2, len);
        if (i < 0)
            return unknown_flag(a->command, word + 2, len);
    } else {
        i = letter_index(a->command, word[1]);
        if (i < 0)
            return cli_fail(CLI_USAGE, "unknown flag -%c; see 'mesh %s --help'", word[1],
                            a->command->name);
        value = word[2] ? word + 2 + (word[2] == '=') : NULL;
    }
    if (!value && a->command->flags[i].kind == CLI_FLAG_BOOL)
        value = "true";
    if (!value) {
        if (*at + 1 >= argc)
            return cli_fail(CLI_USAGE, "--%s needs a value", a->command->flags[i].name);
        value = argv[++*at];
    }
    return set_value(a, i, value, "flag");
}

/* MESH_STATE_DIR for --state-dir; NULL: not set, or empty. */
static const char *in_environment(const struct cli_flag *f)
{
    const char *text;
    char name[64];

    if ((size_t)snprintf(name, sizeof(name), "MESH_%s", f->name) >= sizeof(name))
        return NULL;
    for (char *p = name; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    text = getenv(name);
    return text && *text ? text : NULL;
}

static int from_environment(struct cli_args *a)
{
    for (size_t i = 0; i < a->command->flag_count; i++) {
        const struct cli_flag *f = &a->command->flags[i];
        const char *text;

        if (a->values[i].text)
            continue;
        text = in_environment(f);
        if (text) {
            int err = set_value(a, (int)i, text, "environment");

            if (err)
                return err;
        } else if (f->fallback) {
            a->values[i].text = f->fallback;
            a->values[i].from = "default";
        }
    }
    return 0;
}

int cli_args_parse(struct cli_args *a, const struct cli_command *command, int argc, char **argv)
{
    int err = 0;

    *a = (struct cli_args){ .command = command };
    ASSERT(command->flag_count <= CLI_ARGS_FLAGS_MAX);
    a->words = mem_alloc0((size_t)argc + 1, sizeof(*a->words));
    for (int i = 0; i < argc && !err; i++) {
        if (strcmp(argv[i], "--") == 0) {
            a->rest = argv + i + 1;
            a->rest_count = argc - i - 1;
            break;
        }
        if (argv[i][0] == '-' && argv[i][1])
            err = take_flag(a, argc, argv, &i);
        else
            a->words[a->word_count++] = argv[i];
    }
    if (!err && command->max_args >= 0 && a->word_count > command->max_args)
        err = cli_fail(CLI_USAGE, "too many arguments for 'mesh %s': \"%s\"", command->name,
                       a->words[command->max_args]);
    return err ? err : from_environment(a);
}

void cli_args_deinit(struct cli_args *a)
{
    for (size_t i = 0; i < a->command->flag_count; i++)
        mem_free(a->values[i].list);
    mem_free(a->words);
}

static const struct cli_value *value_of(const struct cli_args *a, const char *name)
{
    int i = flag_index(a->command, name, strlen(name));

    ASSERT(i >= 0);
    return &a->values[i];
}

const char *cli_args_text(const struct cli_args *a, const char *name)
{
    return value_of(a, name)->text;
}

bool cli_args_is_set(const struct cli_args *a, const char *name)
{
    const struct cli_value *v = value_of(a, name);

    return v->text && strcmp(v->from, "default") != 0;
}

bool cli_args_bool(const struct cli_args *a, const char *name)
{
    const char *text = cli_args_text(a, name);

    return text && strcmp(text, "true") == 0;
}

int64_t cli_args_number(const struct cli_args *a, const char *name)
{
    const char *text = cli_args_text(a, name);

    return text ? strtoll(text, NULL, 10) : 0;
}

uint64_t cli_args_duration_ms(const struct cli_args *a, const char *name)
{
    const char *text = cli_args_text(a, name);
    int64_t ns = 0;

    if (!text || duration_parse(str_of(text), &ns) != 0)
        return 0;
    return (uint64_t)ns / 1000000;
}

const char *const *cli_args_list(const struct cli_args *a, const char *name, size_t *count)
{
    const struct cli_value *v = value_of(a, name);

    *count = v->list_count;
    return v->list;
}
