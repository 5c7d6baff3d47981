#include "core/pki/pki_pem.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"

/* As RFC 7468 says. */
#define LINE_CHARS 64

void pki_pem_init(struct pki_pem_reader *r, struct str text)
{
    memset(r, 0, sizeof(*r));
    r->bio = BIO_new_mem_buf(text.p ? text.p : "", text.len > INT_MAX ? INT_MAX : (int)text.len);
    ASSERT(r->bio);
}

static void drop_block(struct pki_pem_reader *r)
{
    OPENSSL_free(r->label); /* OPENSSL_free wipes */
    OPENSSL_free(r->header);
    OPENSSL_free(r->der);
    r->label = r->header = NULL;
    r->der = NULL;
    r->der_len = 0;
}

void pki_pem_deinit(struct pki_pem_reader *r)
{
    drop_block(r);
    BIO_free(r->bio);
    r->bio = NULL;
}

int pki_pem_next(struct pki_pem_reader *r)
{
    uint32_t code;
    long len = 0;

    drop_block(r);
    ERR_clear_error();
    if (PEM_read_bio(r->bio, &r->label, &r->header, &r->der, &len)) {
        r->der_len = (size_t)len;
        return 0;
    }
    code = ERR_peek_last_error();
    ERR_clear_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
               ? ERR_NOT_FOUND
               : ERR_INVALID;
}

bool pki_pem_is(const struct pki_pem_reader *r, const char *label)
{
    return r->label && strcmp(r->label, label) == 0;
}

bool pki_pem_is_encrypted(const struct pki_pem_reader *r)
{
    return (r->header && strstr(r->header, "ENCRYPTED")) || pki_pem_is(r, "ENCRYPTED PRIVATE KEY");
}

int pki_pem_add(struct buf *out, const char *label, const uint8_t *der, size_t len)
{
    struct buf text;
    struct str rest;

    buf_init(&text, 0);
    encode_base64(&text, str_make(der, len));
    buf_printf(out, "-----BEGIN %s-----\n", label);
    for (rest = buf_str(&text); rest.len > 0; rest = str_skip(rest, LINE_CHARS)) {
        buf_add_str(out, str_head(rest, LINE_CHARS));
        buf_add_char(out, '\n');
    }
    buf_printf(out, "-----END %s-----\n", label);
    buf_wipe(&text); /* it may be a key */
    return out->full ? ERR_LIMIT : 0;
}
