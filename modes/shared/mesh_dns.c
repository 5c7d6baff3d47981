#include "modes/shared/mesh_dns.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/dns/dns_server.h"
#include "core/model/snapshot.h"
#include "modes/shared/runtime.h"

enum { NAME_MAX_BYTES = 512 };

struct mesh_dns {
    struct mesh_dns_options options;
    struct dns_server *server;
};

/* ---- names ---- */

static int labels_of(struct str name)
{
    int count = 0;

    while (name.p) {
        (void)str_cut(&name, '.');
        count++;
    }
    return count;
}

/* H-7: how short a name may be: without the domain, without "svc", without the namespace, if it is
 * the asker's. A name of two parts is of a service and its namespace first, then of a member and
 * its service. */
static const struct model_dns_name *find_short(const struct mesh_dns_options *o, struct str name)
{
    bool has_svc = str_ends(name, STR(".svc"));
    char text[NAME_MAX_BYTES];
    const struct model_dns_name *found = NULL;
    int labels = labels_of(name);

    if (labels > 4)
        return NULL;
    for (int form = 0; form < 3 && !found; form++) {
        int len;

        if (form == 0 ? !has_svc : has_svc)
            continue;
        if (form == 0)
            len = snprintf(text, sizeof(text), "%.*s.%.*s", STR_ARG(name), STR_ARG(o->dns_domain));
        else if (form == 1)
            len = snprintf(text, sizeof(text), "%.*s.svc.%.*s", STR_ARG(name),
                           STR_ARG(o->dns_domain));
        else
            len = snprintf(text, sizeof(text), "%.*s.%.*s.svc.%.*s", STR_ARG(name), STR_ARG(o->ns),
                           STR_ARG(o->dns_domain));
        if (len > 0 && (size_t)len < sizeof(text))
            found = o->find(o->arg, str_make(text, (size_t)len));
    }
    return found;
}

/* The longest wildcard that covers a name. */
static const struct model_dns_name *find_wildcard(const struct mesh_dns_options *o, struct str name)
{
    const struct model_dns_name *found = NULL;
    char text[NAME_MAX_BYTES];

    while (!found && name.len + 2 < sizeof(text)) {
        ptrdiff_t dot = str_chr(name, '.');

        if (dot < 0)
            return NULL;
        text[0] = '*';
        name = str_skip(name, (size_t)dot);
        memcpy(text + 1, name.p, name.len);
        found = o->find(o->arg, str_make(text, name.len + 1));
        name = str_skip(name, 1);
    }
    return found;
}

const struct model_dns_name *mesh_dns_find(const struct mesh_dns_options *o, struct str name)
{
    const struct model_dns_name *found = o->find(o->arg, name);

    if (!found)
        found = find_short(o, name);
    return found ? found : find_wildcard(o, name);
}

static enum dns_server_verdict answer(void *arg, struct str name, struct dns_server_found *out)
{
    const struct mesh_dns *d = arg;
    const struct model_dns_name *found = mesh_dns_find(&d->options, name);

    if (!found)
        return DNS_SERVER_UNKNOWN;
    out->addrs = found->addrs;
    out->count = found->count;
    return DNS_SERVER_KNOWN;
}

/* ---- life ---- */

int mesh_dns_open(struct worker *w, const struct mesh_dns_options *options, struct mesh_dns **out)
{
    struct mesh_dns *d = mem_alloc0(1, sizeof(*d));
    struct dns_server_options server = {
        .at = options->at,
        .use_fds = options->udp_fd >= 0,
        .udp_fd = options->udp_fd,
        .tcp_fd = options->tcp_fd,
    };
    int err;

    d->options = *options;
    err = dns_server_open(w, &server, answer, d, &d->server);
    if (err) {
        mem_free(d);
        return err;
    }
    *out = d;
    return 0;
}

static const struct model_dns_name *find_in_snapshot(void *arg, struct str host)
{
    const struct snapshot *s = runtime_snapshot(arg);

    return s && s->outbound ? pmap_get(&s->outbound->names, host) : NULL;
}

int mesh_dns_open_runtime(struct runtime *rt, const struct mesh_dns_options *options,
                          struct mesh_dns **out)
{
    const struct model_node *node = runtime_get_options(rt)->node;
    struct mesh_dns_options o = *options;

    o.find = find_in_snapshot;
    o.arg = rt;
    o.ns = node->ns;
    o.dns_domain = node->dns_domain.len ? node->dns_domain : STR("cluster.local");
    return mesh_dns_open(runtime_main(rt), &o, out);
}

void mesh_dns_close(struct mesh_dns *d)
{
    if (!d)
        return;
    dns_server_close(d->server);
    mem_free(d);
}

const struct addr *mesh_dns_addr(const struct mesh_dns *d)
{
    return dns_server_addr(d->server);
}
