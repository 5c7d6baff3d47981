#include "core/tls/tls_seal.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/ssl.h>

#include "core/base/error.h"

struct sealer {
    struct ssl_st *ssl;
    uint8_t *gather;
    size_t held; /* bytes in gather, always less than a record */
    int err;
};

static void seal(struct sealer *s, const uint8_t *p, size_t len)
{
    while (len > 0 && !s->err) {
        size_t step = len < TLS_SEAL_RECORD_BYTES ? len : TLS_SEAL_RECORD_BYTES;
        int n = SSL_write(s->ssl, p, (int)step);

        if (n <= 0) {
            s->err = ERR_TLS;
            return;
        }
        p += n;
        len -= (size_t)n;
    }
}

static void seal_gathered(struct sealer *s)
{
    seal(s, s->gather, s->held);
    s->held = 0;
}

/* Seals what fills records, and the end where it lies when nothing follows; gathers the rest. */
static void add_piece(struct sealer *s, const uint8_t *p, size_t len, bool last)
{
    size_t n = TLS_SEAL_RECORD_BYTES - s->held;

    if (s->held > 0) {
        n = n < len ? n : len;
        memcpy(s->gather + s->held, p, n);
        s->held += n;
        p += n;
        len -= n;
        if (s->held == TLS_SEAL_RECORD_BYTES)
            seal_gathered(s);
    }
    n = last && s->held == 0 ? len : len - len % TLS_SEAL_RECORD_BYTES;
    if (n > 0) {
        seal(s, p, n);
        p += n;
        len -= n;
    }
    if (len > 0) {
        memcpy(s->gather + s->held, p, len);
        s->held += len;
    }
}

int tls_seal(struct ssl_st *ssl, struct tls_bio *b, const struct iovec *iov, int count)
{
    struct sealer s = { .ssl = ssl, .gather = tls_bio_gather(b) };

    if (count == 1) { /* nothing to gather with */
        seal(&s, iov[0].iov_base, iov[0].iov_len);
        return s.err;
    }
    for (int i = 0; i < count && !s.err; i++) {
        if (iov[i].iov_len > 0)
            add_piece(&s, iov[i].iov_base, iov[i].iov_len, i == count - 1);
    }
    if (!s.err)
        seal_gathered(&s);
    return s.err;
}
