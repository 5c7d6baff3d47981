#include "cmd/up_dns.h"

#include "core/base/mem.h"
#include "core/compile/registry.h"
#include "core/model/model.h"
#include "modes/shared/mesh_dns.h"

#define NS STR("default")

struct up_dns {
    struct control *control;
    struct mesh_dns *dns;
    struct model_dns_name found; /* the last answer */
    struct addr *addrs;          /* its own memory */
};

static uint32_t most_addrs(const struct registry_endpoints *set)
{
    uint32_t n = 0;

    for (uint32_t i = 0; set && i < set->count; i++)
        n += set->list[i].workload->addr_count;
    return n;
}

static void add_members(struct up_dns *d, const struct registry_endpoints *set)
{
    d->addrs = mem_resize(d->addrs, most_addrs(set) + 1, sizeof(*d->addrs));
    for (uint32_t i = 0; set && i < set->count; i++) {
        const struct registry_workload *w = set->list[i].workload;

        for (uint32_t j = 0; set->list[i].healthy && j < w->addr_count; j++) {
            if (w->addrs[j].family != ADDR_UNIX)
                d->addrs[d->found.count++] = w->addrs[j];
        }
    }
    d->found.addrs = d->addrs;
}

static const struct model_dns_name *find(void *arg, struct str host)
{
    struct up_dns *d = arg;
    const struct registry *r = control_registry(d->control);
    const struct registry_service *s = registry_find(r, host);

    d->found = (struct model_dns_name){ 0 };
    if (s && s->alias_of.len)
        s = registry_find(r, s->alias_of);
    if (!s || !registry_service_is_exported(s->export_to, s->export_to_count, s->ns, NS))
        return NULL;
    if (s->headless) {
        add_members(d, registry_find_endpoints(r, s->host));
    } else if (s->vip_count) {
        d->found.addrs = s->vips;
        d->found.count = s->vip_count;
    } else {
        return NULL;
    }
    return &d->found;
}

int up_dns_open(struct worker *w, struct control *c, const struct addr *at, struct up_dns **out)
{
    struct up_dns *d = mem_alloc0(1, sizeof(*d));
    struct mesh_dns_options options = { .at = *at,
                                        .udp_fd = -1,
                                        .tcp_fd = -1,
                                        .find = find,
                                        .arg = d,
                                        .ns = NS,
                                        .dns_domain = STR("cluster.local") };
    int err;

    d->control = c;
    err = mesh_dns_open(w, &options, &d->dns);
    if (err) {
        mem_free(d);
        return err;
    }
    *out = d;
    return 0;
}

void up_dns_close(struct up_dns *d)
{
    if (!d)
        return;
    mesh_dns_close(d->dns);
    mem_free(d->addrs);
    mem_free(d);
}

const struct addr *up_dns_addr(const struct up_dns *d)
{
    return mesh_dns_addr(d->dns);
}
