#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "cmd/world.h"
#include "core/analyze/analyze.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    INPUT_FLAGS,
    CLIENT_NAMESPACE_FLAG,
    { .name = "live", .letter = 'k', .help = "Also what the mesh has now; alone without files" },
    { .name = "all-namespaces", .letter = 'A', .help = "With --live: report on every namespace" },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "log", "How to print", "log|text|short|json" },
    { "failure-threshold", 0, CLI_FLAG_TEXT, "LEVEL", "Error", "Exit with 79 from this level on",
      "Error|Warning|Info" },
    { "output-threshold", 0, CLI_FLAG_TEXT, "LEVEL", "Info", "Print from this level on",
      "Error|Warning|Info" },
    { "suppress", 'S', CLI_FLAG_LIST, "CODE[=OBJECT]", NULL,
      "Leave out, as IST0118 or \"IST0101=VirtualService default/*\"", NULL },
    { .name = "list-analyzers", .letter = 'L', .help = "Only list what is checked" },
    INPUT_COLOR_FLAG,
    CLIENT_FLAGS,
};

static const char *const levels[] = { "Error", "Warning", "Info" }; /* enum diag_severity */

static int level_of(const char *name)
{
    for (int i = 0; i < (int)COUNT_OF(levels); i++) {
        if (strcmp(levels[i], name) == 0)
            return i;
    }
    return 0;
}

static void list_checks(void)
{
    for (size_t i = 0; i < analyze_table_count; i++)
        printf("* %s: %s (%s)\n", analyze_table[i].name, analyze_table[i].summary,
               analyze_table[i].codes);
}

/* ---- codes ---- */

static bool is_schema(const struct diag_item *item)
{
    return str_starts(str_of(item->code), STR("MSH10")) && strcmp(item->code, "MSH1020") != 0;
}

/* Istio has three codes for all that can be wrong in one object by itself. */
static const struct {
    const char *code, *begins;
} schema_codes[] = {
    { "IST0106", "Schema validation error: " },
    { "IST0133", "Schema validation warning: " },
    { "IST0002", "Deprecated: " },
};

static int schema_of(const struct diag_item *item)
{
    if (strcmp(item->code, "MSH1010") == 0)
        return 2;
    return item->severity != DIAG_ERROR;
}

static const char *code_of(const struct diag_item *item)
{
    return is_schema(item) ? schema_codes[schema_of(item)].code : item->code;
}

/* ---- what is left out ---- */

static bool is_like(struct str text, struct str pattern)
{
    if (str_ends(pattern, STR("*")))
        return str_starts(text, str_head(pattern, pattern.len - 1));
    return str_eq(text, pattern);
}

static bool is_suppressed(const struct cli_args *args, const struct diag_item *item)
{
    size_t count;
    const char *const *list = cli_args_list(args, "suppress", &count);

    for (size_t i = 0; i < count; i++) {
        struct str object = str_of(list[i]), code = str_cut(&object, '=');

        if ((str_is(code, item->code) || str_is(code, code_of(item))) &&
            (!object.p || is_like(item->object, object)))
            return true;
    }
    return false;
}

/* Moves what is to be shown from all to out; reading mistakes become Istio's code for them. */
static void choose(const struct cli_args *args, struct diag *all)
{
    int from = level_of(cli_args_text(args, "output-threshold"));
    struct diag_item *item = all->first, *next;

    all->first = all->last = NULL;
    memset(all->count, 0, sizeof(all->count));
    for (; item; item = next) {
        next = item->next;
        item->next = NULL;
        if ((int)item->severity > from || is_suppressed(args, item))
            continue;
        if (all->last)
            all->last->next = item;
        else
            all->first = item;
        all->last = item;
        all->count[item->severity]++;
    }
}

/* ---- printing, as istioctl does ---- */

/* Error [IST0101] (VirtualService default/reviews reviews.yaml:10) Referenced host not found: "x"
 */
static void print_log(const struct diag *d, bool colour, struct buf *out)
{
    static const char *const paint[] = { "\033[1;31m", "\033[33m", "\033[32m" };

    for (const struct diag_item *i = d->first; i; i = i->next) {
        buf_printf(out, "%s%s%s [%s] (%.*s", colour ? paint[i->severity] : "", levels[i->severity],
                   colour ? "\033[0m" : "", code_of(i), STR_ARG(i->object));
        if (i->pos.file)
            buf_printf(out, "%s%s:%d", i->object.len ? " " : "", i->pos.file, i->pos.line);
        buf_add_str(out, STR(") "));
        if (is_schema(i))
            buf_add_str(out, str_of(schema_codes[schema_of(i)].begins));
        if (str_starts(str_of(i->code), STR("MSH")) && i->path.len)
            buf_printf(out, "%.*s: ", STR_ARG(i->path));
        buf_add_str(out, i->message);
        if (i->suggestion.len)
            buf_printf(out, " (did you mean \"%.*s\"?)", STR_ARG(i->suggestion));
        buf_add_char(out, '\n');
    }
}

static void print_json(const struct diag *d, struct buf *out)
{
    struct node *list;
    struct arena a;

    arena_init(&a, 4096);
    list = node_new(&a, NODE_LIST);
    for (const struct diag_item *i = d->first; i; i = i->next) {
        struct node *m = node_new(&a, NODE_MAP);

        node_set_str(&a, m, "code", str_of(code_of(i)));
        node_set_str(&a, m, "level", str_of(levels[i->severity]));
        node_set_str(&a, m, "message", i->message);
        if (i->object.len)
            node_set_str(&a, m, "origin", i->object);
        if (i->path.len)
            node_set_str(&a, m, "path", i->path);
        if (i->pos.file)
            node_set_str(&a, m, "reference",
                         arena_printf(&a, "%s:%d:%d", i->pos.file, i->pos.line, i->pos.col));
        if (i->suggestion.len)
            node_set_str(&a, m, "suggestion", i->suggestion);
        node_add(list, m);
    }
    (void)node_write_json(list, out, NODE_PRETTY4);
    buf_add_char(out, '\n');
    arena_deinit(&a);
}

static void print(const struct diag *d, const struct cli_args *args)
{
    const char *format = cli_args_text(args, "output");
    struct buf out;

    buf_init(&out, 0);
    if (strcmp(format, "json") == 0)
        print_json(d, &out);
    else if (strcmp(format, "short") == 0)
        diag_render_short(d, &out);
    else if (strcmp(format, "text") == 0)
        diag_render_text(d, &out, input_wants_colour(args, stdout));
    else
        print_log(d, input_wants_colour(args, stdout), &out);
    print_flush(&out, stdout);
    buf_deinit(&out);
}

/* ---- ---- */

static int verdict(const struct diag *d, const struct cli_args *args)
{
    int from = level_of(cli_args_text(args, "failure-threshold"));
    size_t bad = 0;

    for (int i = 0; i <= from; i++)
        bad += d->count[i];
    if (bad) {
        fprintf(stderr, "Error: Analyzers found %zu issue%s.\n", bad, bad == 1 ? "" : "s");
        return CLI_FOUND_ISSUES;
    }
    if (!d->first)
        fputs("No validation issues found.\n", stderr);
    return CLI_OK;
}

/* Puts the objects of a namespace in front; returns how many they are. */
static size_t sort_namespace(struct object_set *set, size_t from, const char *ns)
{
    size_t n = from;

    for (size_t i = from; i < set->count; i++) {
        struct object *o = set->items[i];

        if (o->ns.len && !str_is(o->ns, ns))
            continue;
        set->items[i] = set->items[n];
        set->items[n++] = o;
    }
    return n;
}

static int fetch(struct input *in, const struct cli_args *args, size_t *fresh)
{
    struct client *c;
    int code = client_open(&c, args);

    if (code)
        return code;
    code = world_fetch(c, NULL, &in->objects);
    client_close(c);
    *fresh = cli_args_bool(args, "all-namespaces")
                 ? in->objects.count
                 : sort_namespace(&in->objects, *fresh, cli_args_text(args, "namespace"));
    return code;
}

static int run(const struct cli_args *args)
{
    struct analyze_options opt = { 0 };
    struct input in;
    size_t count;
    int code;

    if (cli_args_bool(args, "list-analyzers")) {
        list_checks();
        return CLI_OK;
    }
    input_init(&in);
    in.diag.max_items = 10000;
    code = input_read_args(&in, args);
    world_keep_last(&in.objects);
    opt.fresh = in.objects.count;
    (void)cli_args_list(args, "filename", &count);
    if (!code && (cli_args_bool(args, "live") || count + (size_t)args->word_count == 0))
        code = fetch(&in, args, &opt.fresh);
    if (!code) {
        if (opt.fresh)
            analyze_run(in.objects.items, in.objects.count, &opt, &in.diag);
        choose(args, &in.diag);
        print(&in.diag, args);
        code = verdict(&in.diag, args);
    }
    input_deinit(&in);
    return code;
}

extern const struct cli_command cmd_analyze;
const struct cli_command cmd_analyze = {
    .name = "analyze",
    .aliases = { "lint" },
    .group = "Configure",
    .arguments = "[FILE|DIR|-]...",
    .summary = "Look for mistakes across objects",
    .details =
        "Without files it looks at the mesh. Codes and wording are Istio's. Exits with 79 when "
        "it found something at the level of --failure-threshold.",
    .examples = "  mesh analyze -f config/\n  mesh analyze -A\n"
                "  mesh analyze new.yaml --live -o text --failure-threshold Warning",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
