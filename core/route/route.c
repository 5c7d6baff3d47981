#include "core/route/route.h"

#include <string.h>

/* ---- virtual hosts ---- */

/* Below: name is lower case. */
static const struct model_route_vhost *find_suffix(const struct pmap *suffixes, struct str name)
{
    if (suffixes->count == 0)
        return NULL;
    /* From the left, so that the longest suffix is met first; "*.a" does not match "a" itself. */
    for (size_t i = 1; i < name.len; i++) {
        const struct model_route_vhost *found;

        if (name.p[i] != '.')
            continue;
        found = pmap_get(suffixes, str_skip(name, i));
        if (found)
            return found;
    }
    return NULL;
}

static const struct model_route_vhost *find_name(const struct model_route_names *names,
                                                 struct str name)
{
    const struct model_route_vhost *found = pmap_get(&names->exact, name);

    return found ? found : find_suffix(&names->suffix, name);
}

static struct str lower(struct str s, char out[ROUTE_HOST_MAX])
{
    for (size_t i = 0; i < s.len; i++)
        out[i] = str_lower_char(s.p[i]);
    return str_make(out, s.len);
}

static const struct model_route_vhost *find_with_port(const struct model_route_names *names,
                                                      struct str host, struct str port)
{
    char text[ROUTE_HOST_MAX + 8];

    if (port.len == 0 || port.len > 5)
        return NULL;
    memcpy(text, host.p, host.len);
    text[host.len] = ':';
    memcpy(text + host.len + 1, port.p, port.len);
    return find_name(names, str_make(text, host.len + 1 + port.len));
}

const struct model_vhost *route_find_vhost(const struct model_route_table *table,
                                           struct str authority)
{
    const struct model_route_names *names = &table->names;
    struct route_host_parts parts = route_host_split(authority);
    const struct model_route_vhost *found = NULL;
    char text[ROUTE_HOST_MAX];
    struct str host;

    if (parts.host.len && parts.host.len <= ROUTE_HOST_MAX) {
        host = lower(parts.host, text);
        if (names->has_ports)
            found = find_with_port(names, host, parts.port);
        if (!found && (!names->has_ports || parts.port.len == 0 || str_is(parts.port, "80")))
            found = find_name(names, host);
    }
    if (!found)
        found = names->any;
    return found ? &found->vhost : NULL;
}

/* Where a domain stands, and as what: a bare IPv6 address gets the brackets it has in an authority.
 * NULL: it is "*", or nothing. */
static struct pmap *place_of(struct model_route_names *names, struct str *domain,
                             char text[ROUTE_HOST_MAX + 2])
{
    struct pmap *map = &names->exact;
    ptrdiff_t first;

    if (str_starts(*domain, STR("*."))) {
        map = &names->suffix;
        *domain = str_skip(*domain, 1);
    }
    if (domain->len == 0 || str_is(*domain, "*"))
        return NULL;
    first = str_chr(*domain, ':');
    if (first < 0 || domain->p[0] == '[')
        return map;
    if (str_rchr(*domain, ':') != first && domain->len <= ROUTE_HOST_MAX) {
        text[0] = '[';
        memcpy(text + 1, domain->p, domain->len);
        text[domain->len + 1] = ']';
        *domain = str_make(text, domain->len + 2);
    }
    return map;
}

static bool has_port(struct str domain)
{
    return domain.p[0] == '[' ? domain.p[domain.len - 1] != ']' : str_chr(domain, ':') >= 0;
}

struct model_route_vhost *route_names_get(struct model_route_names *names, struct str domain)
{
    char text[ROUTE_HOST_MAX + 2];
    struct pmap *map = place_of(names, &domain, text);

    return map ? pmap_get(map, domain) : str_is(domain, "*") ? names->any : NULL;
}

void route_names_set(struct model_route_names *names, struct str domain,
                     struct model_route_vhost *vhost)
{
    char text[ROUTE_HOST_MAX + 2];
    struct pmap *map = place_of(names, &domain, text);

    if (!map && str_is(domain, "*"))
        names->any = vhost;
    if (!map)
        return;
    if (!vhost) {
        (void)pmap_remove(map, domain);
        return;
    }
    names->has_ports |= has_port(domain);
    pmap_put(map, domain, vhost);
}

void route_table_index(struct model_route_table *table)
{
    model_route_names_init(&table->names, NULL);
    for (uint32_t i = 0; i < table->vhost_count; i++) {
        const struct model_vhost *vhost = &table->vhosts[i]->vhost;

        for (uint32_t d = 0; d < vhost->domain_count; d++) {
            if (!route_names_get(&table->names, vhost->domains[d]))
                route_names_set(&table->names, vhost->domains[d], table->vhosts[i]);
        }
    }
}

/* ---- routes ---- */

const struct model_route *route_find(const struct model_vhost *vhost, const struct route_query *q)
{
    if (vhost->index)
        return route_index_find(vhost->index, vhost, q);
    for (uint32_t i = 0; i < vhost->route_count; i++) {
        if (route_match_request(&vhost->routes[i].match, q))
            return &vhost->routes[i];
    }
    return NULL;
}

/* A single destination takes all, whatever its weight; so does the first when all weigh nothing. */
static const struct model_weighted_cluster *pick(const struct model_weighted_cluster *list,
                                                 uint32_t count, uint64_t total, uint64_t ticket)
{
    if (count <= 1 || total == 0)
        return count ? list : NULL;
    for (ticket %= total; ticket >= list->weight; list++)
        ticket -= list->weight;
    return list;
}

const struct model_weighted_cluster *route_pick_cluster(const struct model_route *route,
                                                        uint64_t ticket)
{
    return pick(route->clusters, route->cluster_count, route->weight_total, ticket);
}

const struct model_weighted_cluster *route_pick_tcp(const struct model_tcp_route *route,
                                                    uint64_t ticket)
{
    return pick(route->clusters, route->cluster_count, route->weight_total, ticket);
}

/* ---- TCP ---- */

/* 0: no condition; -1: does not match; else 1 + the width of the narrowest net that has it. */
static int net_score(const struct addr_net *nets, uint32_t count, const struct addr *a)
{
    int best = -1;

    if (count == 0)
        return 0;
    for (uint32_t i = 0; a && i < count; i++) {
        if (addr_net_has(&nets[i], a) && nets[i].bits + 1 > best)
            best = nets[i].bits + 1;
    }
    return best;
}

/* As net_score; an exact name is above every wildcard, a longer wildcard above a shorter. */
static int sni_score(const struct str *hosts, uint32_t count, struct str sni)
{
    int best = -1;

    if (count == 0)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        int score = hosts[i].len && hosts[i].p[0] == '*' ? (int)hosts[i].len : ROUTE_HOST_MAX + 1;

        if (score > best && route_host_matches(hosts[i], sni))
            best = score;
    }
    return best;
}

const struct model_tcp_route *route_find_tcp(const struct model_tcp_route *routes, uint32_t count,
                                             const struct addr *src, const struct addr *dst,
                                             struct str sni)
{
    const struct model_tcp_route *best = NULL;
    int best_net = -1, best_sni = -1;
    char text[ROUTE_HOST_MAX];

    sni = sni.len > ROUTE_HOST_MAX ? STR_NONE : lower(sni, text);
    for (uint32_t i = 0; i < count; i++) {
        const struct model_tcp_route *r = &routes[i];
        int net = net_score(r->dst_nets, r->dst_net_count, dst);
        int name = sni_score(r->sni_hosts, r->sni_host_count, sni);

        if (net >= 0 && name >= 0 && net_score(r->src_nets, r->src_net_count, src) >= 0 &&
            (net > best_net || (net == best_net && name > best_sni))) {
            best = r;
            best_net = net;
            best_sni = name;
        }
        if (r->dst_net_count + r->src_net_count + r->sni_host_count == 0)
            break; /* what stands behind a route for everything is never used */
    }
    return best;
}
