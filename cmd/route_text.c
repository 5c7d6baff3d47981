#include "cmd/route_text.h"

#include <stdio.h>

static struct str text_of(const struct node *n, const char *key)
{
    const struct node *found = n ? node_getz(n, key) : NULL;

    return found ? found->text : STR_NONE;
}

static void field(struct buf *out, const char *name)
{
    buf_printf(out, "  %-11s ", name);
}

/* "VirtualService default/reviews   reviews.yaml:10" */
static void write_source(const struct node *n, struct buf *out)
{
    struct str file = text_of(n, "file");

    buf_add_str(out, text_of(n, "object").len ? text_of(n, "object") : STR("made by the mesh"));
    if (file.len)
        buf_printf(out, "   %.*s:%.*s", STR_ARG(file), STR_ARG(text_of(n, "line")));
}

static void write_route_name(const struct node *n, struct buf *out)
{
    write_source(n, out);
    if (text_of(n, "name").len)
        buf_printf(out, "   \"%.*s\"", STR_ARG(text_of(n, "name")));
}

static void write_failed(const struct node *f, struct buf *out)
{
    struct str name = text_of(f, "name"), had = text_of(f, "had");

    buf_printf(out, "%.*s%s%.*s: wants %.*s, ", STR_ARG(text_of(f, "field")), name.len ? " " : "",
               STR_ARG(name), STR_ARG(text_of(f, "wanted")));
    if (node_getz(f, "had"))
        buf_printf(out, "has \"%.*s\"", STR_ARG(had));
    else
        buf_add_str(out, STR("has none"));
}

static void write_misses(const struct node *doc, struct buf *out)
{
    const struct node *list = node_getz(doc, "misses");
    struct str hidden = text_of(doc, "missesNotShown");

    if (hidden.len) {
        field(out, "not");
        buf_printf(out, "%.*s routes before these\n", STR_ARG(hidden));
    }
    for (size_t i = 0; list && i < list->count; i++) {
        const struct node *m = node_item(list, i);

        field(out, "not");
        write_route_name(m, out);
        buf_add_str(out, STR("\n                "));
        write_failed(node_getz(m, "failed"), out);
        buf_add_char(out, '\n');
    }
}

static void write_endpoint(const struct node *e, struct buf *out)
{
    buf_printf(out, "                %.*s", STR_ARG(text_of(e, "address")));
    if (text_of(e, "workload").len)
        buf_printf(out, "   %.*s", STR_ARG(text_of(e, "workload")));
    buf_printf(out, "   %.*s", STR_ARG(text_of(e, "connection")));
    if (text_of(e, "identity").len)
        buf_printf(out, "   %.*s", STR_ARG(text_of(e, "identity")));
    if (!node_is_true(node_getz(e, "healthy")))
        buf_add_str(out, STR("   not healthy"));
    buf_add_char(out, '\n');
}

static void write_destination(const struct node *d, struct buf *out)
{
    const struct node *endpoints = node_getz(d, "endpoints");
    struct str percent = text_of(d, "percent");

    field(out, "to");
    if (percent.len)
        buf_printf(out, "%.*s %%   ", STR_ARG(percent));
    buf_add_str(out, text_of(d, "cluster"));
    if (text_of(d, "object").len) {
        buf_add_str(out, STR("   "));
        write_source(d, out);
    }
    buf_add_char(out, '\n');
    if (text_of(d, "note").len)
        buf_printf(out, "                %.*s\n", STR_ARG(text_of(d, "note")));
    if (endpoints && endpoints->count == 0)
        buf_add_str(out, STR("                no endpoint is known: 503 UH\n"));
    for (size_t i = 0; endpoints && i < endpoints->count; i++)
        write_endpoint(node_item(endpoints, i), out);
}

static void write_ms(const char *name, struct str ms, struct buf *out)
{
    if (!ms.len)
        return;
    field(out, name);
    buf_printf(out, "%.*s ms\n", STR_ARG(ms));
}

static void write_fault(const struct node *f, struct buf *out)
{
    if (!f)
        return;
    field(out, "fault");
    if (text_of(f, "delayMs").len)
        buf_printf(out, "%.*s %% wait %.*s ms   ", STR_ARG(text_of(f, "delayPercent")),
                   STR_ARG(text_of(f, "delayMs")));
    if (text_of(f, "abortPercent").len)
        buf_printf(out, "%.*s %% end with %s%.*s", STR_ARG(text_of(f, "abortPercent")),
                   text_of(f, "abortStatus").len ? "" : "grpc-status ",
                   STR_ARG(text_of(f, "abortStatus").len ? text_of(f, "abortStatus")
                                                         : text_of(f, "abortGrpcStatus")));
    buf_add_char(out, '\n');
}

static void write_list(const char *name, const struct node *list, struct buf *out)
{
    for (size_t i = 0; list && i < list->count; i++) {
        field(out, name);
        buf_printf(out, "%.*s\n", STR_ARG(node_item(list, i)->text));
    }
}

static void write_policies(const struct node *p, struct buf *out)
{
    const struct node *retries = p ? node_getz(p, "retries") : NULL;
    const struct node *mirrors = p ? node_getz(p, "mirrors") : NULL;
    const struct node *session = p ? node_getz(p, "session") : NULL;

    if (!p)
        return;
    write_ms("timeout", text_of(p, "timeoutMs"), out);
    if (retries) {
        field(out, "retries");
        buf_printf(out, "%.*s on %.*s\n", STR_ARG(text_of(retries, "attempts")),
                   STR_ARG(text_of(retries, "on")));
        write_ms("each try", text_of(retries, "perTryTimeoutMs"), out);
    }
    if (session) {
        field(out, "session");
        buf_printf(out, "kept by %s %.*s\n", node_getz(session, "header") ? "header" : "cookie",
                   STR_ARG(text_of(session, node_getz(session, "header") ? "header" : "cookie")));
    }
    write_fault(node_getz(p, "fault"), out);
    write_list("request", node_getz(p, "requestHeaders"), out);
    write_list("response", node_getz(p, "responseHeaders"), out);
    for (size_t i = 0; mirrors && i < mirrors->count; i++) {
        field(out, "mirror");
        buf_printf(out, "%.*s %%   %.*s\n", STR_ARG(text_of(node_item(mirrors, i), "percent")),
                   STR_ARG(text_of(node_item(mirrors, i), "cluster")));
    }
    if (node_is_true(node_getz(p, "cors"))) {
        field(out, "cors");
        buf_add_str(out, STR("yes\n"));
    }
}

static void write_ends(const struct node *doc, struct buf *out)
{
    const struct node *m = node_getz(doc, "redirect");

    if (m) {
        field(out, "redirect");
        buf_printf(out, "%.*s to %.*s\n", STR_ARG(text_of(m, "status")),
                   STR_ARG(text_of(m, "location")));
    }
    m = node_getz(doc, "response");
    if (m) {
        field(out, "answer");
        buf_printf(out, "%.*s with %.*s bytes\n", STR_ARG(text_of(m, "status")),
                   STR_ARG(text_of(m, "bodyBytes")));
    }
    m = node_getz(doc, "answer");
    if (m) {
        field(out, "answer");
        if (text_of(m, "status").len)
            buf_printf(out, "%.*s ", STR_ARG(text_of(m, "status")));
        else
            buf_add_str(out, STR("connection closed "));
        if (text_of(m, "flag").len)
            buf_printf(out, "%.*s ", STR_ARG(text_of(m, "flag")));
        buf_printf(out, "- %.*s\n", STR_ARG(text_of(m, "reason")));
    }
}

static void write_head(const struct node *doc, struct buf *out)
{
    const struct node *request = node_getz(doc, "request"), *from = node_getz(doc, "from");

    buf_printf(out, "%.*s %.*s   from %.*s/%.*s", STR_ARG(text_of(request, "method")),
               STR_ARG(text_of(request, "url")), STR_ARG(text_of(from, "namespace")),
               STR_ARG(text_of(from, "name")));
    if (text_of(from, "object").len)
        buf_printf(out, "   (%.*s)\n", STR_ARG(text_of(from, "object")));
    else
        buf_printf(out, "   (nobody has this name: taken as app=%.*s)\n",
                   STR_ARG(text_of(from, "name")));
}

static void write_rewrite(const struct node *m, struct buf *out)
{
    if (!m)
        return;
    field(out, "rewrite");
    buf_printf(out, "%s%.*s%s%s%.*s\n", text_of(m, "authority").len ? "host " : "",
               STR_ARG(text_of(m, "authority")), text_of(m, "authority").len ? "   " : "",
               text_of(m, "path").len ? "path " : "", STR_ARG(text_of(m, "path")));
}

void route_text_write(const struct node *doc, struct buf *out)
{
    const struct node *route = node_getz(doc, "route"), *to = node_getz(doc, "destinations");
    const struct node *notes = node_getz(doc, "notes");

    write_head(doc, out);
    field(out, "host");
    if (text_of(doc, "virtualHost").len)
        buf_printf(out, "%.*s   listener %.*s, table %.*s\n", STR_ARG(text_of(doc, "virtualHost")),
                   STR_ARG(text_of(doc, "listener")), STR_ARG(text_of(doc, "table")));
    else if (node_getz(doc, "tcp"))
        buf_printf(out, "%.*s   as bytes, not looked into\n",
                   STR_ARG(text_of(doc, "service").len ? text_of(doc, "service")
                                                       : text_of(doc, "listener")));
    else
        buf_add_str(out, STR("not known\n"));
    write_misses(doc, out);
    if (route) {
        field(out, "route");
        write_route_name(route, out);
        buf_add_char(out, '\n');
    }
    write_rewrite(node_getz(doc, "rewrite"), out);
    for (size_t i = 0; to && i < to->count; i++)
        write_destination(node_item(to, i), out);
    write_policies(node_getz(doc, "policies"), out);
    write_ends(doc, out);
    write_list("note", notes, out);
}
