#include "cmd/remote.h"

#include <stdio.h>
#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/text/node_json.h"

/* Names and namespaces come from people: encoded, so that none of them changes the path. */
static struct str encoded(const char *text, struct arena *a)
{
    struct buf b;
    struct str s;

    buf_init(&b, 0);
    encode_percent(&b, str_of(text));
    s = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return s;
}

const char *remote_path(const struct api_kind *k, const char *ns, const char *name, struct arena *a)
{
    struct str path =
        arena_printf(a, k->group[0] ? "/apis/%s/%s" : "/api%s/%s", k->group, k->versions[0]);

    if (k->namespaced && ns && *ns)
        path = arena_printf(a, "%s/namespaces/%s", path.p, encoded(ns, a).p);
    path = arena_printf(a, "%s/%s", path.p, k->plural);
    if (name)
        path = arena_printf(a, "%s/%s", path.p, encoded(name, a).p);
    return path.p;
}

const char *remote_query(const char *path, const char *key, struct str value, struct arena *a)
{
    struct str z = arena_str(a, value);

    return arena_printf(a, "%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', key, encoded(z.p, a).p)
        .p;
}

static int read_json(struct client_reply *r, const char *path, struct client *c, struct arena *a,
                     struct node **out)
{
    if (node_json_read(a, buf_str(&r->body), NULL, NULL, out) == 0)
        return 0;
    return cli_fail(CLI_FAILED, "%s%s: the answer is no JSON", client_where(c), path);
}

int remote_get(struct client *c, const char *path, const char *subject, struct arena *a,
               struct node **out)
{
    struct client_reply r;
    int code = client_call(c, "GET", path, NULL, STR_NONE, &r);

    if (!code && r.status >= 300)
        code = client_refused(&r, subject);
    if (!code)
        code = read_json(&r, path, c, a, out);
    client_reply_deinit(&r);
    return code;
}

/* Items of a list of one kind may leave out what the list says. */
static void name_kind(struct node *item, const struct api_kind *k, struct arena *a)
{
    if (!node_getz(item, "kind"))
        node_set_str(a, item, "kind", str_of(k->kind));
    if (!node_getz(item, "apiVersion"))
        node_set_str(a, item, "apiVersion", api_kind_api_version(k, STR_NONE, a));
}

int remote_decode(const struct node *n, struct object **out)
{
    struct object_options opt = { .stored = true };
    struct diag d;
    int err;

    diag_init(&d);
    err = object_decode(out, n, &d, &opt);
    if (err)
        cli_fail(CLI_FAILED, "an object of the answer cannot be read: %.*s",
                 STR_ARG(d.first ? d.first->message : str_of(error_text(err))));
    diag_deinit(&d);
    return err ? CLI_FAILED : 0;
}

int remote_list(struct client *c, const struct api_kind *k, const char *ns, const char *labels,
                struct object_set *set)
{
    struct node *doc, *items;
    struct arena a;
    const char *path;
    int code;

    arena_init(&a, 4096);
    path = remote_path(k, ns, NULL, &a);
    if (labels)
        path = remote_query(path, "labelSelector", str_of(labels), &a);
    code = remote_get(c, path, k->plural, &a, &doc);
    items = code ? NULL : node_getz(doc, "items");
    for (struct node *n = items ? items->first : NULL; n && !code; n = n->next) {
        struct object *o;

        name_kind(n, k, &a);
        code = remote_decode(n, &o);
        if (!code)
            object_set_give(set, o);
    }
    arena_deinit(&a);
    return code;
}

int remote_object(struct client *c, const struct api_kind *k, const char *ns, const char *name,
                  bool missing_ok, struct object **out)
{
    struct client_reply r;
    struct node *doc;
    struct arena a;
    const char *path;
    int code;

    *out = NULL;
    arena_init(&a, 4096);
    path = remote_path(k, ns, name, &a);
    code = client_call(c, "GET", path, NULL, STR_NONE, &r);
    if (!code && r.status == 404 && missing_ok) {
        client_reply_deinit(&r);
        arena_deinit(&a);
        return 0;
    }
    if (!code && r.status >= 300)
        code = client_refused(&r, arena_printf(&a, "%s \"%s\"", k->singular, name).p);
    if (!code)
        code = read_json(&r, path, c, &a, &doc);
    if (!code)
        code = remote_decode(doc, out);
    client_reply_deinit(&r);
    arena_deinit(&a);
    return code;
}
