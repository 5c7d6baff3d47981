#include "modes/shared/mesh_dns.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "core/dns/dns_server.h"
#include "core/model/snapshot.h"
#include "modes/shared/runtime.h"

struct mesh_dns {
    struct runtime *rt;
    struct dns_server *server;
};

static const struct model_dns_name *find(const struct snapshot *s, struct str host)
{
    return s && s->outbound ? pmap_get(&s->outbound->names, host) : NULL;
}

/* H-7: how short a name may be. Dots tell which form it is. */
static const struct model_dns_name *find_forms(struct mesh_dns *d, struct str name)
{
    const struct snapshot *s = runtime_snapshot(d->rt);
    const struct model_node *node = runtime_get_options(d->rt)->node;
    const struct model_dns_name *found = find(s, name);
    struct str parts[3] = { { 0 } }, rest = name;
    char text[512];
    int count = 0, len;

    if (found)
        return found;
    while (rest.p && count < 3)
        parts[count++] = str_cut(&rest, '.');
    if (rest.p || (count == 3 && !str_is(parts[2], "svc")))
        return NULL;
    len = snprintf(text, sizeof(text), "%.*s.%.*s.svc.%.*s", STR_ARG(parts[0]),
                   STR_ARG(count > 1 ? parts[1] : node->ns), STR_ARG(node->dns_domain));
    if (len < 0 || (size_t)len >= sizeof(text))
        return NULL;
    return find(s, str_make(text, (size_t)len));
}

static enum dns_server_verdict answer(void *arg, struct str name, struct dns_server_found *out)
{
    const struct model_dns_name *found = find_forms(arg, name);

    if (!found)
        return DNS_SERVER_UNKNOWN;
    out->addrs = found->addrs;
    out->count = found->count;
    return DNS_SERVER_KNOWN;
}

int mesh_dns_open(struct runtime *rt, const struct mesh_dns_options *options, struct mesh_dns **out)
{
    struct mesh_dns *d = mem_alloc0(1, sizeof(*d));
    struct dns_server_options server = {
        .at = options->at,
        .use_fds = options->udp_fd >= 0,
        .udp_fd = options->udp_fd,
        .tcp_fd = options->tcp_fd,
    };
    int err;

    d->rt = rt;
    err = dns_server_open(runtime_main(rt), &server, answer, d, &d->server);
    if (err) {
        mem_free(d);
        return err;
    }
    *out = d;
    return 0;
}

void mesh_dns_close(struct mesh_dns *d)
{
    if (!d)
        return;
    dns_server_close(d->server);
    mem_free(d);
}
