#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cli_args.h"
#include "cmd/print.h"
#include "core/api/api_kind.h"
#include "core/api/api_page.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/field_explain.h"

static const struct cli_flag flags[] = {
    { .name = "recursive", .letter = 'R', .help = "All fields below, with their types only" },
    { "pages", 0, CLI_FLAG_TEXT, "DIR", NULL, "Write a page of Markdown for every kind", NULL },
    { "api-version", 0, CLI_FLAG_TEXT, "VERSION", NULL, "As networking.istio.io/v1beta1", NULL },
};

static int unknown_kind(struct str word)
{
    const char *near = api_kind_closest(word);

    if (near)
        return cli_fail(CLI_USAGE, "there is no kind \"%.*s\"; did you mean \"%s\"?", STR_ARG(word),
                        near);
    return cli_fail(CLI_USAGE, "there is no kind \"%.*s\"; 'mesh explain' lists them",
                    STR_ARG(word));
}

static void list_kinds(void)
{
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        printf("%-22s %-4s %s%s%s\n", k->kind, k->short_names[0] ? k->short_names[0] : "", k->group,
               k->group[0] ? "/" : "", k->versions[0]);
    }
}

/* "virtualservice.spec.http", "vs", "virtualservices.networking.istio.io": the longest head that is
 * a kind. */
static const struct api_kind *cut_kind(struct str *word)
{
    struct str whole = *word, rest = *word;
    const struct api_kind *k = api_kind_by_word(whole);

    if (k) {
        *word = STR_NONE;
        return k;
    }
    k = api_kind_by_word(str_cut(&rest, '.'));
    *word = rest;
    return k;
}

static int explain(struct str word, const struct cli_args *args, struct arena *a)
{
    struct str whole = word, version = str_of(cli_args_text(args, "api-version")), group = STR_NONE;
    const struct api_kind *k = cut_kind(&word);
    const char *near = NULL;
    struct buf out;
    int err;

    if (!k)
        return unknown_kind(str_cut(&whole, '.'));
    if (version.len) {
        api_kind_cut_api_version(version, &group, &version);
        if (!str_is(group, k->group) || !api_kind_has_version(k, version))
            return cli_fail(CLI_USAGE, "%s has no version \"%s\"", k->kind,
                            cli_args_text(args, "api-version"));
    }
    buf_init(&out, 0);
    err = field_explain(k->root, k->kind, api_kind_api_version(k, version, a).p, word,
                        cli_args_bool(args, "recursive"), &out, &near);
    print_flush(&out, stdout);
    buf_deinit(&out);
    if (err && near)
        return cli_fail(CLI_FAILED, "%s has no field \"%.*s\"; did you mean \"%s\"?", k->kind,
                        STR_ARG(word), near);
    if (err)
        return cli_fail(CLI_FAILED,
                        "%s has no field \"%.*s\"; 'mesh explain %s --recursive' lists "
                        "them",
                        k->kind, STR_ARG(word), k->singular);
    return CLI_OK;
}

/* ---- pages ---- */

static int write_page(const char *dir, const char *name, const struct buf *text)
{
    char path[4096];
    FILE *file;
    int bad;

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
        return cli_fail(CLI_USAGE, "%s is too long a name", dir);
    file = fopen(path, "w");
    if (!file)
        return cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
    bad = fwrite(text->p + text->start, 1, buf_len(text), file) != buf_len(text);
    bad |= fclose(file) != 0;
    return bad ? cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno)) : CLI_OK;
}

static int write_pages(const char *dir)
{
    struct arena a;
    struct buf text;
    int code;

    arena_init(&a, 1024);
    buf_init(&text, 0);
    (void)api_page_write_index(&text);
    code = write_page(dir, "README.md", &text);
    for (size_t i = 0; i < api_kind_count() && code == CLI_OK; i++) {
        const struct api_kind *k = api_kind_at(i);

        buf_clear(&text);
        (void)api_page_write(k, &text);
        code = write_page(dir, arena_strz(&a, api_page_name(k, &a)), &text);
    }
    buf_deinit(&text);
    arena_deinit(&a);
    return code;
}

static int run(const struct cli_args *args)
{
    const char *pages = cli_args_text(args, "pages");
    struct arena a;
    int code;

    if (pages)
        return write_pages(pages);

    if (args->word_count == 0) {
        list_kinds();
        return CLI_OK;
    }
    arena_init(&a, 0);
    code = explain(str_of(args->words[0]), args, &a);
    arena_deinit(&a);
    return code;
}

extern const struct cli_command cmd_explain;
const struct cli_command cmd_explain = {
    .name = "explain",
    .group = "Configure",
    .arguments = "[KIND[.FIELD...]]",
    .summary = "What a kind and its fields mean",
    .details = "Works without a mesh. Without a kind it lists them.",
    .examples = "  mesh explain vs.spec.http.retries\n  mesh explain destinationrule --recursive",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 1,
    .run = run,
};
