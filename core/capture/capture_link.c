#include "core/capture/capture_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "core/capture/capture_nlmsg.h"

#define TABLE "mesh"
#define CHAIN "output"

int capture_link_up(void)
{
    struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
    struct capture_nlmsg m;
    unsigned int lo = if_nametoindex("lo");

    if (lo == 0)
        return -errno;
    body.ifi_index = (int)lo;
    body.ifi_flags = body.ifi_change = IFF_UP;
    capture_nlmsg_init(&m);
    capture_nlmsg_begin(&m, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &body, sizeof(body));
    return capture_nlmsg_talk(&m, NETLINK_ROUTE);
}

int capture_link_address(const uint8_t ip[4])
{
    struct ifaddrmsg body = { .ifa_family = AF_INET,
                              .ifa_prefixlen = 32,
                              .ifa_scope = RT_SCOPE_HOST };
    struct capture_nlmsg m;

    body.ifa_index = if_nametoindex("lo");
    capture_nlmsg_init(&m);
    capture_nlmsg_begin(&m, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, &body,
                        sizeof(body));
    capture_nlmsg_attr(&m, IFA_LOCAL, ip, 4);
    capture_nlmsg_attr(&m, IFA_ADDRESS, ip, 4);
    return capture_nlmsg_talk(&m, NETLINK_ROUTE);
}

int capture_link_any_ip(int family)
{
    struct rtmsg body = {
        .rtm_family = family == 6 ? AF_INET6 : AF_INET,
        .rtm_table = RT_TABLE_LOCAL,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = RT_SCOPE_HOST,
        .rtm_type = RTN_LOCAL,
    };
    struct capture_nlmsg m;

    capture_nlmsg_init(&m);
    capture_nlmsg_begin(&m, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, &body,
                        sizeof(body));
    capture_nlmsg_attr_u32(&m, RTA_OIF, if_nametoindex("lo"));
    return capture_nlmsg_talk(&m, NETLINK_ROUTE);
}

/* ---- nf_tables: a rule is a list of expressions over registers ---- */

static struct nfgenmsg family_body(uint8_t family)
{
    return (struct nfgenmsg){ .nfgen_family = family, .version = NFNETLINK_V0 };
}

static void batch_mark(struct capture_nlmsg *m, uint16_t type)
{
    struct nfgenmsg body = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

    capture_nlmsg_begin(m, type, NLM_F_REQUEST, &body, sizeof(body));
}

static void nft_begin(struct capture_nlmsg *m, uint16_t type, uint16_t flags, uint8_t family)
{
    struct nfgenmsg body = family_body(family);

    capture_nlmsg_begin(m, (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | type),
                        (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags), &body, sizeof(body));
}

struct expr {
    size_t item, data;
};

static struct expr expr_begin(struct capture_nlmsg *m, const char *name)
{
    struct expr e;

    e.item = capture_nlmsg_nest(m, NFTA_LIST_ELEM);
    capture_nlmsg_attr_str(m, NFTA_EXPR_NAME, name);
    e.data = capture_nlmsg_nest(m, NFTA_EXPR_DATA);
    return e;
}

static void expr_end(struct capture_nlmsg *m, struct expr e)
{
    capture_nlmsg_nest_end(m, e.data);
    capture_nlmsg_nest_end(m, e.item);
}

static void expr_meta(struct capture_nlmsg *m, uint32_t key)
{
    struct expr e = expr_begin(m, "meta");

    capture_nlmsg_attr_be32(m, NFTA_META_DREG, NFT_REG_1);
    capture_nlmsg_attr_be32(m, NFTA_META_KEY, key);
    expr_end(m, e);
}

static void expr_payload(struct capture_nlmsg *m, uint32_t base, uint32_t offset, uint32_t len)
{
    struct expr e = expr_begin(m, "payload");

    capture_nlmsg_attr_be32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
    capture_nlmsg_attr_be32(m, NFTA_PAYLOAD_BASE, base);
    capture_nlmsg_attr_be32(m, NFTA_PAYLOAD_OFFSET, offset);
    capture_nlmsg_attr_be32(m, NFTA_PAYLOAD_LEN, len);
    expr_end(m, e);
}

static void expr_data(struct capture_nlmsg *m, uint16_t type, const void *p, size_t len)
{
    size_t data = capture_nlmsg_nest(m, type);

    capture_nlmsg_attr(m, NFTA_DATA_VALUE, p, len);
    capture_nlmsg_nest_end(m, data);
}

static void expr_equals(struct capture_nlmsg *m, const void *p, size_t len)
{
    struct expr e = expr_begin(m, "cmp");

    capture_nlmsg_attr_be32(m, NFTA_CMP_SREG, NFT_REG_1);
    capture_nlmsg_attr_be32(m, NFTA_CMP_OP, NFT_CMP_EQ);
    expr_data(m, NFTA_CMP_DATA, p, len);
    expr_end(m, e);
}

/* Keeps the bits of the register that are set in mask (at most 16 bytes). */
static void expr_mask(struct capture_nlmsg *m, const uint8_t *mask, size_t len)
{
    static const uint8_t zeros[16];
    struct expr e = expr_begin(m, "bitwise");

    capture_nlmsg_attr_be32(m, NFTA_BITWISE_SREG, NFT_REG_1);
    capture_nlmsg_attr_be32(m, NFTA_BITWISE_DREG, NFT_REG_1);
    capture_nlmsg_attr_be32(m, NFTA_BITWISE_LEN, (uint32_t)len);
    expr_data(m, NFTA_BITWISE_MASK, mask, len);
    expr_data(m, NFTA_BITWISE_XOR, zeros, len);
    expr_end(m, e);
}

static void expr_return(struct capture_nlmsg *m)
{
    struct expr e = expr_begin(m, "immediate");
    size_t data, verdict;

    capture_nlmsg_attr_be32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    data = capture_nlmsg_nest(m, NFTA_IMMEDIATE_DATA);
    verdict = capture_nlmsg_nest(m, NFTA_DATA_VERDICT);
    capture_nlmsg_attr_be32(m, NFTA_VERDICT_CODE, (uint32_t)NFT_RETURN);
    capture_nlmsg_nest_end(m, verdict);
    capture_nlmsg_nest_end(m, data);
    expr_end(m, e);
}

static void expr_redirect(struct capture_nlmsg *m, uint16_t port)
{
    uint16_t wire = htons(port);
    struct expr e = expr_begin(m, "immediate");
    size_t data;

    capture_nlmsg_attr_be32(m, NFTA_IMMEDIATE_DREG, NFT_REG_1);
    data = capture_nlmsg_nest(m, NFTA_IMMEDIATE_DATA);
    capture_nlmsg_attr(m, NFTA_DATA_VALUE, &wire, sizeof(wire));
    capture_nlmsg_nest_end(m, data);
    expr_end(m, e);
    e = expr_begin(m, "redir");
    capture_nlmsg_attr_be32(m, NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1);
    capture_nlmsg_attr_be32(m, NFTA_REDIR_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
    expr_end(m, e);
}

struct rule {
    size_t expressions;
};

static struct rule rule_begin(struct capture_nlmsg *m, uint8_t family)
{
    struct rule r;

    nft_begin(m, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family);
    capture_nlmsg_attr_str(m, NFTA_RULE_TABLE, TABLE);
    capture_nlmsg_attr_str(m, NFTA_RULE_CHAIN, CHAIN);
    r.expressions = capture_nlmsg_nest(m, NFTA_RULE_EXPRESSIONS);
    return r;
}

static void rule_end(struct capture_nlmsg *m, struct rule r)
{
    capture_nlmsg_nest_end(m, r.expressions);
}

static void rule_skip_mark(struct capture_nlmsg *m, uint8_t family, uint32_t mark)
{
    struct rule r = rule_begin(m, family);

    expr_meta(m, NFT_META_MARK);
    expr_equals(m, &mark, sizeof(mark));
    expr_return(m);
    rule_end(m, r);
}

static void rule_dns(struct capture_nlmsg *m, uint8_t family, uint8_t protocol, uint16_t port)
{
    struct rule r = rule_begin(m, family);
    uint16_t dns = htons(53);

    expr_meta(m, NFT_META_L4PROTO);
    expr_equals(m, &protocol, sizeof(protocol));
    expr_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2); /* destination port */
    expr_equals(m, &dns, sizeof(dns));
    expr_redirect(m, port);
    rule_end(m, r);
}

/* Loopback is the app's own, except 127.64.0.0/10 and above: there other workloads of this machine
 * have their addresses. ::1 is the whole address. */
static void rule_skip_loopback(struct capture_nlmsg *m, uint8_t family)
{
    static const uint8_t mask[] = { 255, 0xc0 }, v4[] = { 127, 0 }, v6[16] = { [15] = 1 };
    struct rule r = rule_begin(m, family);

    if (family == NFPROTO_IPV4) {
        expr_payload(m, NFT_PAYLOAD_NETWORK_HEADER, 16, sizeof(v4));
        expr_mask(m, mask, sizeof(mask));
        expr_equals(m, v4, sizeof(v4));
    } else {
        expr_payload(m, NFT_PAYLOAD_NETWORK_HEADER, 24, 16);
        expr_equals(m, v6, sizeof(v6));
    }
    expr_return(m);
    rule_end(m, r);
}

static void rule_tcp(struct capture_nlmsg *m, uint8_t family, uint16_t port)
{
    static const uint8_t tcp = IPPROTO_TCP;
    struct rule r = rule_begin(m, family);

    expr_meta(m, NFT_META_L4PROTO);
    expr_equals(m, &tcp, sizeof(tcp));
    expr_redirect(m, port);
    rule_end(m, r);
}

static void table_and_chain(struct capture_nlmsg *m, uint8_t family)
{
    size_t hook;

    nft_begin(m, NFT_MSG_NEWTABLE, NLM_F_CREATE, family);
    capture_nlmsg_attr_str(m, NFTA_TABLE_NAME, TABLE);
    nft_begin(m, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family);
    capture_nlmsg_attr_str(m, NFTA_CHAIN_TABLE, TABLE);
    capture_nlmsg_attr_str(m, NFTA_CHAIN_NAME, CHAIN);
    hook = capture_nlmsg_nest(m, NFTA_CHAIN_HOOK);
    capture_nlmsg_attr_be32(m, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
    capture_nlmsg_attr_be32(m, NFTA_HOOK_PRIORITY, (uint32_t)-100);
    capture_nlmsg_nest_end(m, hook);
    capture_nlmsg_attr_str(m, NFTA_CHAIN_TYPE, "nat");
}

static int redirect_family(const struct capture_rules *rules, uint8_t family)
{
    struct capture_nlmsg m;

    capture_nlmsg_init(&m);
    batch_mark(&m, NFNL_MSG_BATCH_BEGIN);
    table_and_chain(&m, family);
    if (rules->skip_mark)
        rule_skip_mark(&m, family, rules->skip_mark);
    if (rules->dns_port) {
        rule_dns(&m, family, IPPROTO_UDP, rules->dns_port);
        rule_dns(&m, family, IPPROTO_TCP, rules->dns_port);
    }
    rule_skip_loopback(&m, family);
    rule_tcp(&m, family, rules->tcp_port);
    batch_mark(&m, NFNL_MSG_BATCH_END);
    return capture_nlmsg_talk(&m, NETLINK_NETFILTER);
}

int capture_link_redirect(const struct capture_rules *rules)
{
    int err = redirect_family(rules, NFPROTO_IPV4);

    return err ? err : redirect_family(rules, NFPROTO_IPV6);
}

int capture_link_clear(void)
{
    static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
    int first = 0;

    for (size_t i = 0; i < 2; i++) {
        struct capture_nlmsg m;
        int err;

        capture_nlmsg_init(&m);
        batch_mark(&m, NFNL_MSG_BATCH_BEGIN);
        nft_begin(&m, NFT_MSG_DELTABLE, 0, families[i]);
        capture_nlmsg_attr_str(&m, NFTA_TABLE_NAME, TABLE);
        batch_mark(&m, NFNL_MSG_BATCH_END);
        err = capture_nlmsg_talk(&m, NETLINK_NETFILTER);
        if (err && err != -ENOENT && !first)
            first = err;
    }
    return first;
}
