#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/decisions.h"
#include "cmd/print.h"
#include "cmd/proxy_admin.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    PROXY_ADMIN_FLAG,
    { .name = "follow", .letter = 'f', .help = "Go on and print what comes" },
    { "tail", 0, CLI_FLAG_NUMBER, "COUNT", "50", "How many of the last to begin with", NULL },
    { "status", 0, CLI_FLAG_NUMBER, "CODE", NULL, "Only answers with this status", NULL },
    { "level", 0, CLI_FLAG_TEXT, "LEVELS", NULL, "Set the log levels instead, as info,http=debug",
      NULL },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print", "text|json|jsonl" },
    CLIENT_FLAGS,
};

enum { POLL_US = 500000 };

struct record {
    struct str time, text; /* what is printed; in the arena */
    uint64_t id;
};

struct logs {
    const struct cli_args *args;
    struct client *client;
    struct arena arena; /* of one round */
    struct record *list;
    size_t count;
    uint64_t seen; /* ids up to this one were printed; they grow within a process */
    struct buf out;
};

static void on_record(void *arg, const struct node *n, struct str text)
{
    struct logs *l = arg;
    struct buf line;
    uint64_t id = 0;

    if (node_getz(n, "id"))
        (void)str_to_u64(node_getz(n, "id")->text, UINT64_MAX, &id);
    if (l->seen && id <= l->seen)
        return;
    buf_init(&line, 0);
    if (strcmp(cli_args_text(l->args, "output"), "text") == 0)
        decisions_write_line(n, &line);
    else
        buf_printf(&line, "%.*s\n", STR_ARG(text));
    if ((l->count & (l->count - 1)) == 0)
        l->list = mem_resize(l->list, l->count ? l->count * 2 : 1, sizeof(*l->list));
    l->list[l->count++] = (struct record){ arena_str(&l->arena, node_get_str(n, "time")),
                                           arena_str(&l->arena, buf_str(&line)), id };
    buf_deinit(&line);
}

static int by_time(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    int order = str_cmp(x->time, y->time);

    return order ? order : (x->id > y->id) - (x->id < y->id);
}

/* Prints what came since the last round. */
static int one_round(struct logs *l, size_t most)
{
    const char *status = cli_args_text(l->args, "status"), *path = "/decisions?max=100000";
    int code;

    arena_reset(&l->arena);
    l->count = 0;
    if (status)
        path = remote_query(path, "status", str_of(status), &l->arena);
    code = proxy_admin_lines(l->client, path, on_record, l);
    if (code || l->count == 0)
        return code;
    qsort(l->list, l->count, sizeof(*l->list), by_time);
    for (size_t i = 0; i < l->count; i++) {
        if (l->list[i].id > l->seen)
            l->seen = l->list[i].id;
        if (i + most >= l->count)
            buf_add_str(&l->out, l->list[i].text);
    }
    print_flush(&l->out, stdout);
    return 0;
}

static int set_levels(struct client *c, const char *levels)
{
    struct client_reply r;
    struct arena a;
    int code;

    arena_init(&a, 256);
    code = client_call(c, "POST", remote_query("/logging", "level", str_of(levels), &a), NULL,
                       STR_NONE, &r);
    if (!code && r.status >= 300)
        code = client_refused(&r, "log levels");
    else if (!code)
        printf("%.*s", STR_ARG(buf_str(&r.body)));
    client_reply_deinit(&r);
    arena_deinit(&a);
    return code;
}

static int follow(struct logs *l)
{
    int64_t tail = cli_args_number(l->args, "tail");
    int code = one_round(l, tail < 0 ? SIZE_MAX / 2 : (size_t)tail);

    while (!code && cli_args_bool(l->args, "follow")) {
        usleep(POLL_US);
        code = one_round(l, SIZE_MAX / 2);
    }
    return code;
}

static int run(const struct cli_args *args)
{
    struct logs l = { .args = args };
    int code = proxy_admin_open(&l.client, args, args->word_count ? args->words[0] : NULL);

    if (code)
        return code;
    arena_init(&l.arena, 65536);
    buf_init(&l.out, 0);
    code = cli_args_text(args, "level") ? set_levels(l.client, cli_args_text(args, "level"))
                                        : follow(&l);
    buf_deinit(&l.out);
    arena_deinit(&l.arena);
    mem_free(l.list);
    client_close(l.client);
    return code;
}

extern const struct cli_command cmd_logs;
const struct cli_command cmd_logs = {
    .name = "logs",
    .group = "Observe",
    .arguments = "[PROXY]",
    .summary = "The last requests of a proxy",
    .examples = "  mesh logs reviews-v1 -f\n  mesh logs --admin 127.0.0.1:15000 --status 503",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 1,
    .run = run,
};
