#include "cmd/target.h"

#include <string.h>

#include "core/base/arena.h"

static void add(struct target_list *list, const struct api_kind *k, const char *name,
                struct arena *a)
{
    list->items = arena_grow(a, list->items, list->count, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = (struct target){ k, name };
}

static int unknown(struct str word)
{
    const char *near = api_kind_closest(word);

    if (near)
        return cli_fail(CLI_USAGE, "there is no kind \"%.*s\"; did you mean \"%s\"?", STR_ARG(word),
                        near);
    return cli_fail(CLI_USAGE, "there is no kind \"%.*s\"; 'mesh explain' lists them",
                    STR_ARG(word));
}

/* One kind, or every kind of a category. */
static int add_kind(struct target_list *list, struct str word, const char *name, struct arena *a)
{
    const struct api_kind *k = api_kind_by_word(word);
    size_t before = list->count;

    if (k) {
        add(list, k, name, a);
        return 0;
    }
    for (size_t i = 0; i < api_kind_count() && !name; i++) {
        k = api_kind_at(i);
        /* "all" here has what a mesh is about: its rules as well as its workloads. */
        if (api_kind_has_category(k, word) ||
            (str_is(word, "all") && api_kind_has_category(k, STR("istio-io"))))
            add(list, k, NULL, a);
    }
    return list->count > before ? 0 : unknown(word);
}

static int parse_pairs(const struct cli_args *args, struct arena *a, struct target_list *out)
{
    for (int i = 0; i < args->word_count; i++) {
        struct str name = str_of(args->words[i]), kind = str_cut(&name, '/');
        int code;

        if (!name.len)
            return cli_fail(CLI_USAGE, "\"%s\" is no KIND/NAME", args->words[i]);
        code = add_kind(out, kind, name.p, a);
        if (code)
            return code;
    }
    return 0;
}

int target_parse(const struct cli_args *args, struct arena *a, struct target_list *out)
{
    struct str kinds;
    int code = 0;

    *out = (struct target_list){ 0 };
    if (args->word_count == 0)
        return cli_fail(CLI_USAGE,
                        "say of what kind: mesh %s KIND [NAME]; 'mesh explain' lists "
                        "kinds",
                        args->command->name);
    if (strchr(args->words[0], '/'))
        return parse_pairs(args, a, out);
    for (kinds = str_of(args->words[0]); kinds.p && !code;) {
        struct str kind = str_cut(&kinds, ',');

        for (int i = 1; i < args->word_count && !code; i++)
            code = add_kind(out, kind, args->words[i], a);
        if (args->word_count == 1 && !code)
            code = add_kind(out, kind, NULL, a);
    }
    return code;
}
