/* Picks for keys "key0" to "key39" over 10.0.0.1:8080 to 10.0.0.5:8080. What is expected was
 * computed by tests/system/meshtest/hashing.py, which knows nothing of this code. */
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/lb/lb.h"
#include "tests/tap.h"

enum { HOSTS = 5, KEYS = 40 };

static struct random rng;
static struct lb_host hosts[HOSTS];
static struct addr addrs[HOSTS];
static struct model_cluster_config config;

static struct lb *make(enum model_lb policy, const uint32_t *weights)
{
    struct lb_options options = { .config = &config, .random = &rng };

    random_init(&rng, 7);
    config = (struct model_cluster_config){
        .lb = (uint8_t)policy,
        .hash_by = { .key = MODEL_HASH_HEADER, .ring_size = 1024, .table_size = 65537 }
    };
    for (uint32_t i = 0; i < HOSTS; i++) {
        addrs[i] = (struct addr){ .family = ADDR_IPV4,
                                  .ip = { 10, 0, 0, (uint8_t)(i + 1) },
                                  .port = 8080 };
        hosts[i] = (struct lb_host){ .weight = weights ? weights[i] : 1,
                                     .usable = true,
                                     .addr = &addrs[i] };
    }
    return lb_new(&options, HOSTS);
}

static const char *picks(struct lb *lb)
{
    static char out[KEYS + 1];

    for (int i = 0; i < KEYS; i++) {
        struct lb_want want = { .has_hash = true };
        char key[16];

        want.hash = hash_content(key, (size_t)snprintf(key, sizeof(key), "key%d", i));
        out[i] = (char)('0' + lb_pick(lb, hosts, HOSTS, &want));
    }
    return out;
}

static void lb_6_ring_chooses_as_envoy(void)
{
    struct lb *lb = make(MODEL_LB_RING_HASH, NULL);

    EQ_STR(picks(lb), "0331414232342331314220003440321211012332");
    hosts[2].usable = false; /* its keys move, and no others */
    lb_changed(lb);
    EQ_STR(picks(lb), "0330414431340334314000003440311011011333");
    hosts[2].usable = true;
    lb_changed(lb);
    EQ_STR(picks(lb), "0331414232342331314220003440321211012332");
    lb_free(lb);
}

static void maglev_chooses_as_envoy(void)
{
    struct lb *lb = make(MODEL_LB_MAGLEV, NULL);

    EQ_STR(picks(lb), "0001322400210110204321314424410313033441");
    hosts[2].usable = false;
    lb_changed(lb);
    EQ_STR(picks(lb), "0001304400110110404311314404410313033441");
    lb_free(lb);
}

static void weights_are_shares_of_keys(void)
{
    static const uint32_t weights[] = { 1, 2, 3, 4, 5 };
    struct lb *lb = make(MODEL_LB_RING_HASH, weights);

    EQ_STR(picks(lb), "4333414432342334314224043430321211312333");
    lb_free(lb);
    lb = make(MODEL_LB_MAGLEV, weights);
    config.hash_by.table_size = 1009;
    EQ_STR(picks(lb), "4223013244330303223123404340313243113430");
    lb_free(lb);
}

/* RT-3: a host that was tried is where the key belongs all the same. */
static void rt_3_tried_hosts_keep_their_keys(void)
{
    struct lb *lb = make(MODEL_LB_RING_HASH, NULL);

    hosts[0].tried = hosts[3].tried = true;
    EQ_STR(picks(lb), "0331414232342331314220003440321211012332");
    lb_free(lb);
}

static void without_key_any_host_is_taken(void)
{
    struct lb *lb = make(MODEL_LB_RING_HASH, NULL);
    const struct lb_want want = { 0 };
    uint32_t seen = 0;

    for (int i = 0; i < 200; i++)
        seen |= 1U << lb_pick(lb, hosts, HOSTS, &want);
    EQ_UINT(seen, (1U << HOSTS) - 1);
    lb_free(lb);
}

static void one_host_needs_no_ring(void)
{
    struct lb *lb = make(MODEL_LB_MAGLEV, NULL);
    const struct lb_want want = { .hash = 12345, .has_hash = true };

    for (int i = 0; i < HOSTS; i++)
        hosts[i].usable = i == 3;
    EQ_INT(lb_pick(lb, hosts, HOSTS, &want), 3);
    hosts[3].usable = false;
    lb_changed(lb);
    EQ_INT(lb_pick(lb, hosts, HOSTS, &want), -1);
    lb_free(lb);
}

static const struct tap_case cases[] = {
    { "lb_6_ring_chooses_as_envoy", lb_6_ring_chooses_as_envoy },
    { "maglev_chooses_as_envoy", maglev_chooses_as_envoy },
    { "weights_are_shares_of_keys", weights_are_shares_of_keys },
    { "rt_3_tried_hosts_keep_their_keys", rt_3_tried_hosts_keep_their_keys },
    { "without_key_any_host_is_taken", without_key_any_host_is_taken },
    { "one_host_needs_no_ring", one_host_needs_no_ring },
};

TAP_MAIN(cases)
