/* The last decisions of one worker, kept for `mesh why`, `mesh logs` and the admin pages.
 *
 * A record is a compact copy without pointers. The worker writes, any thread reads: each record has
 * a sequence number that is odd while it is being written, and a reader that saw it move takes the
 * record for gone. Neither side ever waits. */
#ifndef CORE_TELEMETRY_TELEMETRY_RING_H
#define CORE_TELEMETRY_TELEMETRY_RING_H

#include <stdatomic.h>

#include "core/base/buf.h"
#include "core/model/decision.h"

#define TELEMETRY_RING_RECORDS    1024
#define TELEMETRY_RING_AREA_BYTES 1152 /* of tries and texts; the last texts are cut */

/* Texts of a record, in the order they are kept. */
enum telemetry_ring_text {
    TELEMETRY_RING_METHOD,
    TELEMETRY_RING_REQUEST_ID,
    TELEMETRY_RING_CLUSTER,
    TELEMETRY_RING_ROUTE,
    TELEMETRY_RING_ROUTE_KIND,
    TELEMETRY_RING_ROUTE_NS,
    TELEMETRY_RING_ROUTE_NAME,
    TELEMETRY_RING_AUTHZ_NS,
    TELEMETRY_RING_AUTHZ_NAME,
    TELEMETRY_RING_DETAILS,
    TELEMETRY_RING_FAILURE,
    TELEMETRY_RING_PEER,
    TELEMETRY_RING_UPSTREAM_PEER,
    TELEMETRY_RING_AUTHORITY,
    TELEMETRY_RING_PATH,
    TELEMETRY_RING_LISTENER,
    TELEMETRY_RING_SNI,
    TELEMETRY_RING_ROUTE_FILE,
    TELEMETRY_RING_USER_AGENT,
    TELEMETRY_RING_TEXT_COUNT,
};

struct telemetry_ring_addr {
    uint8_t family;
    uint16_t port;
    uint8_t ip[16];
};

struct telemetry_ring_try {
    struct telemetry_ring_addr addr;
    uint16_t status;
    uint32_t flags, duration_us;
};

struct telemetry_record {
    uint64_t id, start_wall_us, snapshot_version, bytes_in, bytes_out;
    uint64_t duration_us, first_byte_us; /* first_byte_us: UINT64_MAX: none came */
    uint32_t flags, route_line, authz_line;
    int32_t authz_rule;
    uint16_t status, worker;
    int16_t grpc_status;
    uint8_t version, try_count;
    bool inbound, gateway, is_tcp, is_grpc, mtls_down, mtls_up;
    bool authz_denied, has_authz_policy, shadow_denied;
    struct telemetry_ring_addr peer, local, upstream;
    uint16_t text_len[TELEMETRY_RING_TEXT_COUNT];
    /* The tries, then the texts. Only what is used is copied: a request costs what it has. */
    _Alignas(4) char area[TELEMETRY_RING_AREA_BYTES];
};

struct telemetry_ring; /* opaque */

struct telemetry_ring *telemetry_ring_new(uint16_t worker);
void telemetry_ring_free(struct telemetry_ring *ring);

/* Remembers d. The worker only. */
void telemetry_ring_add(struct telemetry_ring *ring, const struct decision *d);

/* Copies the record that is `back` places behind the newest (0: the newest); false: there is none,
 * or it is being overwritten. Any thread. */
bool telemetry_ring_get(const struct telemetry_ring *ring, uint32_t back,
                        struct telemetry_record *out);

/* Number i, below try_count. */
struct telemetry_ring_try telemetry_ring_try(const struct telemetry_record *r, uint32_t i);
/* Borrowed from r. */
struct str telemetry_ring_text(const struct telemetry_record *r, enum telemetry_ring_text which);

#endif
