#include "core/capture/capture_nlmsg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/error.h"

void capture_nlmsg_init(struct capture_nlmsg *m)
{
    memset(m, 0, sizeof(*m));
    m->seq = 1;
}

static void put(struct capture_nlmsg *m, const void *p, size_t len)
{
    size_t padded = NLMSG_ALIGN(len);

    ASSERT(m->len + padded <= sizeof(m->bytes));
    if (len)
        memcpy(m->bytes + m->len, p, len);
    memset(m->bytes + m->len + len, 0, padded - len);
    m->len += padded;
}

/* Messages begin at multiples of 4, where the header may be read and written. */
static struct nlmsghdr *header(struct capture_nlmsg *m)
{
    return (struct nlmsghdr *)(void *)(m->bytes + m->current);
}

static void grow(struct capture_nlmsg *m)
{
    header(m)->nlmsg_len = (uint32_t)(m->len - m->current);
}

void capture_nlmsg_begin(struct capture_nlmsg *m, uint16_t type, uint16_t flags, const void *body,
                         size_t len)
{
    struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = m->seq++ };

    m->current = m->len;
    put(m, &h, sizeof(h));
    put(m, body, len);
    grow(m);
}

void capture_nlmsg_attr(struct capture_nlmsg *m, uint16_t type, const void *p, size_t len)
{
    struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + len), .nla_type = type };

    put(m, &a, sizeof(a));
    put(m, p, len);
    grow(m);
}

void capture_nlmsg_attr_str(struct capture_nlmsg *m, uint16_t type, const char *text)
{
    capture_nlmsg_attr(m, type, text, strlen(text) + 1);
}

void capture_nlmsg_attr_u32(struct capture_nlmsg *m, uint16_t type, uint32_t value)
{
    capture_nlmsg_attr(m, type, &value, sizeof(value));
}

void capture_nlmsg_attr_be32(struct capture_nlmsg *m, uint16_t type, uint32_t value)
{
    capture_nlmsg_attr_u32(m, type, htonl(value));
}

size_t capture_nlmsg_nest(struct capture_nlmsg *m, uint16_t type)
{
    size_t nest = m->len;

    capture_nlmsg_attr(m, type | NLA_F_NESTED, NULL, 0);
    return nest;
}

void capture_nlmsg_nest_end(struct capture_nlmsg *m, size_t nest)
{
    struct nlattr *a = (struct nlattr *)(void *)(m->bytes + nest);

    a->nla_len = (uint16_t)(m->len - nest);
}

/* ---- talking ---- */

static uint32_t acks_wanted(const struct capture_nlmsg *m)
{
    uint32_t count = 0;
    size_t at = 0;

    while (at < m->len) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)(m->bytes + at);

        if (h->nlmsg_flags & NLM_F_ACK)
            count++;
        at += NLMSG_ALIGN(h->nlmsg_len);
    }
    return count;
}

static int read_acks(int fd, uint32_t wanted)
{
    union {
        char bytes[8192];
        struct nlmsghdr align;
    } in;
    int first = 0;

    while (wanted > 0) {
        ssize_t n = recv(fd, in.bytes, sizeof(in.bytes), 0);
        size_t left = n > 0 ? (size_t)n : 0;
        struct nlmsghdr *h = &in.align;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EPIPE;
        while (left >= sizeof(*h) && h->nlmsg_len >= sizeof(*h) && h->nlmsg_len <= left) {
            size_t step = NLMSG_ALIGN(h->nlmsg_len);

            if (h->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *e = NLMSG_DATA(h);

                if (e->error && !first)
                    first = e->error;
                if (e->error) /* the kernel drops the rest of a failed batch without a word */
                    return first;
                wanted--;
            }
            if (step > left)
                break;
            left -= step;
            h = (struct nlmsghdr *)(void *)((char *)h + step);
        }
    }
    return first;
}

int capture_nlmsg_talk(struct capture_nlmsg *m, int protocol)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), err;

    if (fd < 0)
        return -errno;
    if (sendto(fd, m->bytes, m->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        err = -errno;
    else
        err = read_acks(fd, acks_wanted(m));
    close(fd);
    return err;
}
