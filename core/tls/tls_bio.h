/* The socket as BoringSSL sees it: bytes that have come, room for bytes to go.
 *
 *      in:   what was kept while the user paused, then the slice just received: read in place
 *      out:  the worker's cipher scratch: everything sealed in one call is sent by one write below
 *
 * Between calls nothing is held but the kept input. Loop thread. */
#ifndef CORE_TLS_TLS_BIO_H
#define CORE_TLS_TLS_BIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/chunk.h"

struct bio_st; /* BIO of BoringSSL */
struct stream;
struct worker;

struct tls_bio {
    struct worker *worker;
    struct stream *lower; /* borrowed; where output goes */
    struct chunk_queue kept;
    const uint8_t *in;
    size_t in_len;
    uint8_t *out; /* NULL: no output is open */
    size_t out_len, out_cap;
    bool out_is_heap;
    int out_err; /* of the write below, until tls_bio_flush reports it */
};

void tls_bio_init(struct tls_bio *b, struct worker *w, struct stream *lower);
void tls_bio_deinit(struct tls_bio *b);

/* A library BIO that reads and writes b, which must outlive it; owned by the caller (BIO_free, or
 * SSL_set_bio). */
struct bio_st *tls_bio_new(struct tls_bio *b);

/* Bytes may be sealed after this, until tls_bio_flush. busy: the caller's input lies in the cipher
 * scratch, so that output needs other memory. */
void tls_bio_open(struct tls_bio *b, bool busy);
/* Sends what was sealed. 0 or the error of the write. */
int tls_bio_flush(struct tls_bio *b);

/* Appends the rest of the input slice to what is kept: its memory is about to go. */
void tls_bio_keep(struct tls_bio *b);

/* Room for small writes to be sealed together: 16 KiB behind the output, valid while it is open. */
#define TLS_BIO_GATHER_BYTES ((size_t)16 * 1024)
uint8_t *tls_bio_gather(const struct tls_bio *b);

#endif
