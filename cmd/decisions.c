#include "cmd/decisions.h"

#include "core/base/mem.h"

static const struct {
    const char *flag, *text;
} flag_texts[] = {
    { "DC", "the client went away before the answer was complete" },
    { "DI", "a delay was injected (fault)" },
    { "FI", "an error was injected (fault)" },
    { "LR", "this proxy reset the exchange" },
    { "NC", "the route names a cluster that does not exist: a subset without a DestinationRule, or "
            "a host nobody has" },
    { "NR", "no route takes this request" },
    { "OM", "this proxy is overloaded and sheds requests" },
    { "DPE", "the client broke the protocol" },
    { "DR", "the client reset the stream" },
    { "DT", "the time of the request or connection is over" },
    { "DF", "the name of the upstream could not be resolved" },
    { "RL", "a rate limit was reached" },
    { "SI", "nothing moved for too long" },
    { "UAEX", "the external authorizer said no" },
    { "UC", "the upstream closed the connection before it had answered" },
    { "UF", "no connection to the upstream could be made" },
    { "UH", "the service has no healthy endpoint" },
    { "UO", "a limit of the connection pool was reached (DestinationRule connectionPool)" },
    { "UPE", "the upstream broke the protocol" },
    { "UR", "the upstream reset the stream" },
    { "URX", "all retries were used up" },
    { "UT", "the upstream did not answer in time (timeout)" },
};

const char *decisions_flag_text(struct str flag)
{
    for (size_t i = 0; i < COUNT_OF(flag_texts); i++) {
        if (str_is(flag, flag_texts[i].flag))
            return flag_texts[i].text;
    }
    return NULL;
}

/* "spiffe://td/ns/default/sa/productpage" as "default/productpage". */
static void write_identity(struct str id, struct buf *out)
{
    ptrdiff_t ns = str_find(id, STR("/ns/")), sa = str_find(id, STR("/sa/"));

    if (ns < 0 || sa < ns)
        buf_add_str(out, id);
    else
        buf_printf(out, "%.*s/%.*s", (int)(sa - ns - 4), id.p + ns + 4,
                   STR_ARG(str_skip(id, (size_t)sa + 4)));
}

static struct str number(const struct node *r, const char *key)
{
    const struct node *n = node_getz(r, key);

    return n ? n->text : STR_NONE;
}

static void write_duration(const struct node *r, struct buf *out)
{
    int64_t us;

    if (node_to_int(node_getz(r, "durationUs"), &us))
        buf_printf(out, "%lld.%lld ms", (long long)(us / 1000), (long long)(us / 100 % 10));
}

/* Of "2026-11-23T14:02:11.482Z" the time of day. */
static void write_time(const struct node *r, struct buf *out)
{
    struct str time = node_get_str(r, "time");

    if (time.len > 20)
        buf_printf(out, "%.12s", time.p + 11);
}

static void write_head(const struct node *r, struct buf *out)
{
    struct str status = number(r, "status"), peer = node_get_str(r, "peerIdentity");

    if (status.len)
        buf_printf(out, "%.*s  %.*s %.*s%.*s", STR_ARG(status), STR_ARG(node_get_str(r, "method")),
                   STR_ARG(node_get_str(r, "authority")), STR_ARG(node_get_str(r, "path")));
    else
        buf_printf(out, "TCP  %.*s", STR_ARG(node_get_str(r, "upstream")));
    buf_add_str(out, STR("   from "));
    if (peer.len)
        write_identity(peer, out);
    else
        buf_add_str(out, node_get_str(r, "peer").len ? node_get_str(r, "peer") : STR("?"));
}

void decisions_write_line(const struct node *r, struct buf *out)
{
    struct str flags = node_get_str(r, "flags"), upstream = node_get_str(r, "upstream");

    write_time(r, out);
    buf_printf(out, "  %-8.*s  ", STR_ARG(node_get_str(r, "direction")));
    write_head(r, out);
    if (upstream.len && number(r, "status").len)
        buf_printf(out, "   to %.*s", STR_ARG(upstream));
    buf_add_str(out, STR("   "));
    write_duration(r, out);
    if (flags.len)
        buf_printf(out, "   %.*s", STR_ARG(flags));
    buf_add_char(out, '\n');
}

/* ---- the story ---- */

static void write_field(const char *name, struct buf *out)
{
    buf_printf(out, "  %-11s ", name);
}

static void write_peers(const struct node *r, struct buf *out)
{
    struct str peer = node_get_str(r, "peerIdentity");

    if (str_is(node_get_str(r, "direction"), "outbound"))
        return;
    write_field("caller", out);
    if (peer.len)
        buf_printf(out, "%.*s   mTLS, certificate ok\n", STR_ARG(peer));
    else
        buf_printf(out, "%.*s   %s\n", STR_ARG(node_get_str(r, "peer")),
                   node_is_true(node_getz(r, "mtlsDownstream")) ? "mTLS"
                                                                : "plaintext, no identity");
}

static void write_route_of(const struct node *route, struct buf *out)
{
    struct str object = node_get_str(route, "object"), name = node_get_str(route, "name");
    struct str file = node_get_str(route, "file");

    write_field("route", out);
    if (object.len)
        buf_printf(out, "%.*s %.*s/%.*s", STR_ARG(node_get_str(route, "kind")),
                   STR_ARG(node_get_str(route, "namespace")), STR_ARG(object));
    if (name.len)
        buf_printf(out, "%s\"%.*s\"", object.len ? " " : "", STR_ARG(name));
    if (file.len)
        buf_printf(out, "   (%.*s:%.*s)", STR_ARG(file), STR_ARG(number(route, "line")));
    buf_add_char(out, '\n');
}

static void write_route(const struct node *r, struct buf *out)
{
    const struct node *route = node_getz(r, "route");
    struct str cluster = node_get_str(r, "cluster");

    if (route)
        write_route_of(route, out);
    if (cluster.len) {
        write_field("cluster", out);
        buf_printf(out, "%.*s\n", STR_ARG(cluster));
    }
}

static void write_tries(const struct node *r, struct buf *out)
{
    const struct node *tries = node_getz(r, "tries");
    int number_of_try = 1;

    for (const struct node *t = tries ? tries->first : NULL; t; t = t->next, number_of_try++) {
        struct str endpoint = node_get_str(t, "endpoint"), flags = node_get_str(t, "flags");
        struct str status = number(t, "status");

        if (tries->count > 1)
            buf_printf(out, "  try %-7d ", number_of_try);
        else
            write_field("endpoint", out);
        buf_printf(out, "%.*s", STR_ARG(endpoint.len ? endpoint : STR("none")));
        if (status.len)
            buf_printf(out, "   answered %.*s", STR_ARG(status));
        if (flags.len)
            buf_printf(out, "   %.*s", STR_ARG(flags));
        buf_add_str(out, STR("   "));
        write_duration(t, out);
        buf_add_char(out, '\n');
    }
    if (node_get_str(r, "upstreamIdentity").len) {
        write_field("upstream", out);
        buf_printf(out, "%.*s   mTLS, certificate ok\n",
                   STR_ARG(node_get_str(r, "upstreamIdentity")));
    }
}

static void write_policy(const struct node *authz, struct buf *out)
{
    struct str name = node_get_str(authz, "policy"), rule = number(authz, "rule");

    buf_printf(out, "AuthorizationPolicy %.*s/%.*s", STR_ARG(node_get_str(authz, "namespace")),
               STR_ARG(name));
    if (rule.len)
        buf_printf(out, ", rule %.*s", STR_ARG(rule));
    if (number(authz, "line").len)
        buf_printf(out, " (line %.*s)", STR_ARG(number(authz, "line")));
}

static void write_authz(const struct node *r, struct buf *out)
{
    const struct node *authz = node_getz(r, "authz");
    bool denied = str_is(node_get_str(authz, "result"), "denied");

    if (!authz)
        return;
    buf_add_str(out, denied ? STR("  DENIED      ") : STR("  allowed     "));
    if (node_get_str(authz, "policy").len) {
        buf_add_str(out, STR("by "));
        write_policy(authz, out);
    } else if (denied) {
        buf_add_str(out, STR("by default: ALLOW policies select this workload, none of their rules "
                             "matched"));
    } else {
        buf_add_str(out, STR("no policy speaks against it"));
    }
    buf_add_char(out, '\n');
    if (node_is_true(node_getz(authz, "dryRunDenied")))
        buf_add_str(out, STR("  dry run     a policy in dry run would have denied it\n"));
}

static void write_flags(const struct node *r, struct buf *out)
{
    struct str rest = node_get_str(r, "flags"), failure = node_get_str(r, "upstreamFailure");

    while (rest.len) {
        struct str flag = str_cut(&rest, ',');
        const char *text = decisions_flag_text(flag);

        buf_printf(out, "  flag %-6.*s %s\n", STR_ARG(flag), text ? text : "");
    }
    if (failure.len) {
        write_field("failure", out);
        buf_printf(out, "%.*s\n", STR_ARG(failure));
    }
    if (node_get_str(r, "details").len) {
        write_field("details", out);
        buf_printf(out, "%.*s\n", STR_ARG(node_get_str(r, "details")));
    }
}

void decisions_write_story(const struct node *r, struct buf *out)
{
    write_head(r, out);
    buf_add_str(out, STR("   "));
    write_time(r, out);
    if (node_get_str(r, "requestId").len)
        buf_printf(out, "   id %.*s", STR_ARG(node_get_str(r, "requestId")));
    buf_add_str(out, STR("   took "));
    write_duration(r, out);
    buf_printf(out, "\n  %-11s %.*s, %.*s\n", "seen by", STR_ARG(node_get_str(r, "direction")),
               STR_ARG(node_get_str(r, "protocol")));
    write_peers(r, out);
    write_authz(r, out);
    write_route(r, out);
    write_tries(r, out);
    write_flags(r, out);
}
