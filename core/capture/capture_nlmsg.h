/* Building netlink messages, one batch in one buffer. Internal to core/capture. */
#ifndef CORE_CAPTURE_CAPTURE_NLMSG_H
#define CORE_CAPTURE_CAPTURE_NLMSG_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_NLMSG_BYTES 16384

struct capture_nlmsg {
    union {
        char bytes[CAPTURE_NLMSG_BYTES];
        struct nlmsghdr align;
    };
    size_t len;
    size_t current; /* offset of the message being built */
    uint32_t seq;
};

void capture_nlmsg_init(struct capture_nlmsg *m);
/* Starts a message; body is the fixed part behind the header. */
void capture_nlmsg_begin(struct capture_nlmsg *m, uint16_t type, uint16_t flags, const void *body,
                         size_t len);
void capture_nlmsg_attr(struct capture_nlmsg *m, uint16_t type, const void *p, size_t len);
void capture_nlmsg_attr_str(struct capture_nlmsg *m, uint16_t type, const char *text);
void capture_nlmsg_attr_u32(struct capture_nlmsg *m, uint16_t type,
                            uint32_t value); /* host order */
void capture_nlmsg_attr_be32(struct capture_nlmsg *m, uint16_t type, uint32_t value);
/* A nested attribute: what is added until end stands inside. */
size_t capture_nlmsg_nest(struct capture_nlmsg *m, uint16_t type);
void capture_nlmsg_nest_end(struct capture_nlmsg *m, size_t nest);

/* Sends the batch on a socket of this protocol and reads the acknowledgements of every message that
 * asked for one. The first error, or 0. */
int capture_nlmsg_talk(struct capture_nlmsg *m, int protocol);

#endif
