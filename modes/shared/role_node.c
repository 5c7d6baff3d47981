#include "modes/shared/role_node.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <unistd.h>

#include "core/api/mesh_file.h"
#include "core/base/error.h"
#include "core/pki/pki_spiffe.h"
#include "modes/shared/role.h"

static struct str text_or(struct arena *a, const char *text, const char *fallback)
{
    return arena_str(a, str_of(text ? text : fallback));
}

static int set_labels(struct model_node *node, const struct role_options *o, struct arena *a)
{
    node->labels = arena_alloc0(a, o->label_count + 1, sizeof(*node->labels));
    for (size_t i = 0; i < o->label_count; i++) {
        struct str value = arena_str(a, str_of(o->labels[i]));
        struct str name = str_cut(&value, '=');

        if (!value.p || !name.len) {
            fprintf(stderr, "mesh: label \"%s\" is not of the form name=value\n", o->labels[i]);
            return ERR_INVALID;
        }
        node->labels[node->label_count++] = (struct model_label){ name, value };
    }
    return 0;
}

/* Of annotations one says something of the node: proxy.istio.io/config, a ProxyConfig as YAML. */
static int set_annotations(struct model_node *node, const struct role_options *o, struct arena *a)
{
    struct mesh_config config;
    struct diag diag;
    int err = 0;

    for (size_t i = 0; i < o->annotation_count && !err; i++) {
        struct str value = arena_str(a, str_of(o->annotations[i]));
        struct str name = str_cut(&value, '=');

        if (!value.p || !name.len) {
            fprintf(stderr, "mesh: annotation \"%s\" is not of the form name=value\n",
                    o->annotations[i]);
            return ERR_INVALID;
        }
        if (!str_is(name, "proxy.istio.io/config"))
            continue;
        node->proxy_config = value;
        diag_init(&diag);
        err = mesh_file_read_config(STR_NONE, value, a, &diag, &config);
        for (const struct diag_item *at = diag.first; err && at; at = at->next)
            fprintf(stderr, "mesh: annotation proxy.istio.io/config: %.*s%s%.*s\n",
                    STR_ARG(at->path), at->path.len ? ": " : "", STR_ARG(at->message));
        diag_deinit(&diag);
    }
    return err;
}

static struct str label(const struct model_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->label_count; i++) {
        if (str_is(node->labels[i].name, name))
            return node->labels[i].value;
    }
    return STR_NONE;
}

static struct str first_of(struct str a, struct str b, struct str c)
{
    return a.len ? a : b.len ? b : c;
}

/* Without any network but loopback, 127.0.0.1 is who we are. */
static void find_addrs(struct model_node *node, struct arena *a)
{
    struct ifaddrs *list, *it;
    struct addr addr;

    node->addrs = arena_alloc0(a, 17, sizeof(*node->addrs));
    if (getifaddrs(&list) == 0) {
        for (it = list; it && node->addr_count < 16; it = it->ifa_next) {
            socklen_t len;

            if (!it->ifa_addr)
                continue;
            len = it->ifa_addr->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
                  : it->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                        : 0;
            if (!len || addr_from_sockaddr(it->ifa_addr, len, &addr) != 0 ||
                addr_is_loopback(&addr) || (addr.family == ADDR_IPV6 && addr.scope))
                continue;
            addr.port = 0;
            node->addrs[node->addr_count++] = addr;
        }
        freeifaddrs(list);
    }
    if (node->addr_count == 0 && addr_parse_ip(STR("127.0.0.1"), &addr) == 0)
        node->addrs[node->addr_count++] = addr;
}

static int set_addrs(struct model_node *node, const struct role_options *o, struct arena *a)
{
    if (o->addr_count == 0) {
        find_addrs(node, a);
        return 0;
    }
    node->addrs = arena_alloc0(a, o->addr_count, sizeof(*node->addrs));
    for (size_t i = 0; i < o->addr_count; i++) {
        if (addr_parse_ip(str_of(o->addrs[i]), &node->addrs[i]) != 0) {
            fprintf(stderr, "mesh: \"%s\" is not an IP address\n", o->addrs[i]);
            return ERR_INVALID;
        }
        node->addr_count++;
    }
    return 0;
}

int role_node_init(struct model_node *node, const struct role_options *o, struct arena *a)
{
    char host[256] = "localhost", ip[ADDR_TEXT_MAX];
    int err;

    (void)gethostname(host, sizeof(host) - 1);
    *node = (struct model_node){ .is_gateway = o->is_gateway };
    node->name = text_or(a, o->name, host);
    node->ns = text_or(a, o->ns, o->is_gateway ? "istio-system" : "default");
    node->service_account = text_or(a, o->service_account, "default");
    node->trust_domain = text_or(a, o->trust_domain, "cluster.local");
    node->cluster_id = text_or(a, o->cluster_id, "Kubernetes");
    node->network = text_or(a, o->network, "");
    node->dns_domain = text_or(a, o->dns_domain, "cluster.local");
    if (!pki_spiffe_is_trust_domain(node->trust_domain)) {
        fprintf(stderr, "mesh: \"%.*s\" is not a trust domain\n", STR_ARG(node->trust_domain));
        return ERR_INVALID;
    }
    err = set_labels(node, o, a);
    if (!err)
        err = set_annotations(node, o, a);
    if (!err)
        err = set_addrs(node, o, a);
    if (err)
        return err;
    node->workload_name = o->workload ? arena_str(a, str_of(o->workload)) : node->name;
    node->app = label(node, "app");
    node->version = label(node, "version");
    node->canonical_service = first_of(
        label(node, "service.istio.io/canonical-name"),
        first_of(label(node, "app.kubernetes.io/name"), node->app, STR_NONE), node->workload_name);
    node->canonical_revision = first_of(
        label(node, "service.istio.io/canonical-revision"),
        first_of(label(node, "app.kubernetes.io/version"), node->version, STR_NONE), STR("latest"));
    node->id =
        arena_printf(a, "%s~%s~%.*s.%.*s~%.*s.svc.%.*s", o->is_gateway ? "router" : "sidecar",
                     addr_format_ip(&node->addrs[0], ip), STR_ARG(node->name), STR_ARG(node->ns),
                     STR_ARG(node->ns), STR_ARG(node->dns_domain));
    return 0;
}
