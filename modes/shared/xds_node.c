#include "modes/shared/xds_node.h"

#include "core/base/version.h"
#include "core/model/model_cluster.h"

static struct node *labels_of(const struct model_node *node, struct arena *a)
{
    struct node *map = node_new(a, NODE_MAP);

    for (uint32_t i = 0; i < node->label_count; i++)
        node_set(map, node->labels[i].name, node_new_str(a, node->labels[i].value));
    return map;
}

/* "10.0.0.1,fd00::1" */
static struct str ips_of(const struct model_node *node, struct arena *a)
{
    struct str all = STR("");

    for (uint32_t i = 0; i < node->addr_count; i++) {
        char ip[ADDR_TEXT_MAX];

        all = arena_printf(a, "%.*s%s%s", STR_ARG(all), i ? "," : "",
                           addr_format_ip(&node->addrs[i], ip));
    }
    return all;
}

static struct node *metadata_of(const struct model_node *node, struct arena *a)
{
    struct node *m = node_new(a, NODE_MAP);

    node_set_str(a, m, "NAME", node->name);
    node_set_str(a, m, "NAMESPACE", node->ns);
    node_set_str(a, m, "SERVICE_ACCOUNT", node->service_account);
    node_set_str(a, m, "CLUSTER_ID", node->cluster_id);
    if (node->network.len)
        node_set_str(a, m, "NETWORK", node->network);
    node_set_str(a, m, "INSTANCE_IPS", ips_of(node, a));
    node_set_str(a, m, "ISTIO_VERSION", str_of(version_string()));
    node_set(m, STR("LABELS"), labels_of(node, a));
    return m;
}

void xds_node_init(struct xds_msg_node *out, const struct model_node *node,
                   const struct addr *admin, struct arena *a)
{
    struct node *metadata = metadata_of(node, a);
    char text[ADDR_TEXT_MAX];

    if (admin && admin->family != ADDR_NONE)
        node_set_str(a, metadata, "MESH_ADMIN", arena_str(a, str_of(addr_format(admin, text))));
    *out = (struct xds_msg_node){ .id = node->id,
                                  .cluster = node->canonical_service,
                                  .metadata = metadata,
                                  .user_agent_name = STR("mesh") };
}

void xds_node_init_workload(struct xds_msg_node *out, const struct model_node *node,
                            const struct xds_node_port *ports, size_t count, struct str health,
                            struct arena *a)
{
    struct node *m = metadata_of(node, a), *list = node_new(a, NODE_LIST);

    for (size_t i = 0; i < count; i++) {
        struct node *p = node_new(a, NODE_MAP);
        char text[ADDR_TEXT_MAX];

        node_set(p, STR("port"), node_new_int(a, ports[i].port));
        node_set(p, STR("service"), node_new_int(a, ports[i].service));
        node_set_str(a, p, "protocol", str_of(ports[i].protocol));
        node_set_str(a, p, "address", arena_str(a, str_of(addr_format(&ports[i].address, text))));
        node_add(list, p);
    }
    node_set(m, STR("MESH_PORTS"), list);
    if (health.p)
        node_set_str(a, m, "MESH_HEALTH", health.len ? arena_str(a, health) : STR("ok"));
    *out = (struct xds_msg_node){ .id = node->id, .metadata = m };
}

const char *xds_node_protocol(uint8_t protocol)
{
    static const char *const names[] = {
        [MODEL_PROTOCOL_AUTO] = "auto",   [MODEL_PROTOCOL_HTTP] = "http",
        [MODEL_PROTOCOL_HTTP2] = "http2", [MODEL_PROTOCOL_GRPC] = "grpc",
        [MODEL_PROTOCOL_TCP] = "tcp",     [MODEL_PROTOCOL_TLS] = "tls",
        [MODEL_PROTOCOL_HTTPS] = "https",
    };

    return protocol < sizeof(names) / sizeof(names[0]) ? names[protocol] : "auto";
}
