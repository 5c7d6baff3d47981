/* Who the client of an inbound request is, for labels and logs. One per worker. */
#ifndef CORE_TELEMETRY_TELEMETRY_PEER_H
#define CORE_TELEMETRY_TELEMETRY_PEER_H

#include "core/model/decision.h"

#define TELEMETRY_PEER_SLOTS     128 /* power of two */
#define TELEMETRY_PEER_KEY_BYTES 128

/* Answers of the snapshot's maps, remembered: a client asks again and again from one address with
 * one identity, and formatting that address would cost more than all the rest. */
struct telemetry_peer_slot {
    uint64_t version; /* of the snapshot; 0: empty */
    const struct model_telemetry_peer *peer;
    uint8_t key[TELEMETRY_PEER_KEY_BYTES];
    uint32_t key_len;
};

struct telemetry_peer {
    struct telemetry_peer_slot slots[TELEMETRY_PEER_SLOTS];
};

/* By address when the workload there has the certificate's identity, else by identity; without
 * mTLS by address. NULL: not known. Valid as long as the snapshot. cache may be NULL. */
const struct model_telemetry_peer *telemetry_peer_find(struct telemetry_peer *cache,
                                                       const struct decision *d);

#endif
