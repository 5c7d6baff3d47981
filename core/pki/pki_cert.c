#include "core/pki/pki_cert.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/arena.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_pem.h"

#define RSA_BITS_MAX 8192

struct pki_cert {
    atomic_uint refs;
    CRYPTO_BUFFER *der;
    X509 *x509;
    EVP_PKEY *key;
    struct arena arena; /* of info */
    struct pki_cert_info info;
};

/* ---- reading the fields ---- */

static int two_digits(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Days since 1970 of a date in the proleptic Gregorian calendar, counted in years that begin in
 * March so that the leap day is their last. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

/* YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, the only forms that RFC 5280 allows. The library's own function
 * goes by way of struct tm and printf, which shows in handshakes. */
int pki_cert_time_of(const struct asn1_string_st *t, int64_t *out)
{
    const char *p = (const char *)ASN1_STRING_get0_data(t);
    int len = ASN1_STRING_length(t), century = 0, month, day;
    int64_t year, hour, minute, second;

    if ((len != 13 && len != 15) || p[len - 1] != 'Z')
        return ERR_INVALID;
    for (int i = 0; i < len - 1; i++) {
        if (p[i] < '0' || p[i] > '9')
            return ERR_INVALID;
    }
    if (len == 15) {
        century = two_digits(p);
        p += 2;
    }
    year = two_digits(p);
    year += len == 15 ? century * 100 : year < 50 ? 2000 : 1900;
    month = two_digits(p + 2);
    day = two_digits(p + 4);
    hour = two_digits(p + 6);
    minute = two_digits(p + 8);
    second = two_digits(p + 10);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59)
        return ERR_INVALID;
    *out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return 0;
}

static struct str read_name(struct arena *a, X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *p = NULL;
    struct str out = STR_NONE;
    size_t len;

    ASSERT(bio);
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0 && BIO_mem_contents(bio, &p, &len))
        out = arena_str(a, str_make(p, len));
    BIO_free(bio);
    return out;
}

static struct str read_serial(struct arena *a, const ASN1_INTEGER *serial)
{
    struct str bytes = str_make(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    struct buf hex;
    struct str out;

    while (bytes.len > 1 && bytes.p[0] == 0)
        bytes = str_skip(bytes, 1);
    buf_init(&hex, 0);
    encode_hex(&hex, bytes);
    out = arena_str(a, buf_str(&hex));
    buf_deinit(&hex);
    return out;
}

static int read_ip(struct arena *a, struct str bytes, struct str *out)
{
    char text[INET6_ADDRSTRLEN];
    int family = bytes.len == 4 ? AF_INET : AF_INET6;

    if (bytes.len != 4 && bytes.len != 16)
        return ERR_INVALID;
    if (!inet_ntop(family, bytes.p, text, sizeof(text)))
        return ERR_INVALID;
    *out = arena_str(a, str_of(text));
    return 0;
}

struct name_lists {
    struct str *uris, *dns, *ips;
};

static int read_general_name(struct pki_cert *c, const GENERAL_NAME *name, struct name_lists *to)
{
    struct pki_cert_info *info = &c->info;
    struct str bytes;

    switch (name->type) {
    case GEN_URI:
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_IPADD:
        bytes = str_make(ASN1_STRING_get0_data(name->d.ip), (size_t)ASN1_STRING_length(name->d.ip));
        break;
    default:
        return 0;
    }
    if (name->type == GEN_IPADD)
        return read_ip(&c->arena, bytes, &to->ips[info->ip_count++]);
    /* Whoever compares names as C strings would see only what is before the zero. */
    if (bytes.len == 0 || memchr(bytes.p, 0, bytes.len))
        return ERR_INVALID;
    if (name->type == GEN_URI)
        to->uris[info->uri_count++] = arena_str(&c->arena, bytes);
    else if (name->type == GEN_DNS)
        to->dns[info->dns_count++] = arena_str(&c->arena, bytes);
    return 0;
}

static int read_alt_names(struct pki_cert *c)
{
    int critical, err = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, &critical, NULL);
    struct name_lists to;
    size_t count;

    if (!names)
        return critical == -1 ? 0 : ERR_INVALID; /* -1: there is none; else it is broken or twice */
    count = sk_GENERAL_NAME_num(names);
    if (count > PKI_CERT_NAMES_MAX) {
        err = ERR_LIMIT;
        goto out;
    }
    to.uris = arena_alloc0(&c->arena, count, sizeof(struct str));
    to.dns = arena_alloc0(&c->arena, count, sizeof(struct str));
    to.ips = arena_alloc0(&c->arena, count, sizeof(struct str));
    for (size_t i = 0; i < count && !err; i++)
        err = read_general_name(c, sk_GENERAL_NAME_value(names, i), &to);
    c->info.uris = to.uris;
    c->info.dns_names = to.dns;
    c->info.ips = to.ips;
out:
    GENERAL_NAMES_free(names);
    return err;
}

int pki_cert_spki_of(struct x509_st *x509, uint8_t out[32])
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);

    if (len <= 0)
        return ERR_INVALID;
    SHA256(spki, (size_t)len, out);
    OPENSSL_free(spki);
    return 0;
}

static int read_key(struct pki_cert *c)
{
    int err = pki_cert_spki_of(c->x509, c->info.spki_sha256);

    if (err)
        return err;
    c->key = X509_get_pubkey(c->x509); /* NULL for a type that BoringSSL does not know */
    if (c->key && EVP_PKEY_id(c->key) == EVP_PKEY_RSA && EVP_PKEY_bits(c->key) > RSA_BITS_MAX)
        return ERR_LIMIT;
    c->info.key = pki_key_describe_public(c->key);
    return 0;
}

static int read_info(struct pki_cert *c)
{
    struct pki_cert_info *info = &c->info;
    uint32_t flags = X509_get_extension_flags(c->x509), usage;
    int err;

    if (flags & EXFLAG_INVALID)
        return ERR_INVALID;
    err = pki_cert_time_of(X509_get0_notBefore(c->x509), &info->not_before_s);
    if (!err)
        err = pki_cert_time_of(X509_get0_notAfter(c->x509), &info->not_after_s);
    if (!err)
        err = read_alt_names(c);
    if (!err)
        err = read_key(c);
    if (err)
        return err;
    info->subject = read_name(&c->arena, X509_get_subject_name(c->x509));
    info->issuer = read_name(&c->arena, X509_get_issuer_name(c->x509));
    info->serial = read_serial(&c->arena, X509_get0_serialNumber(c->x509));
    SHA256(CRYPTO_BUFFER_data(c->der), CRYPTO_BUFFER_len(c->der), info->sha256);
    info->is_ca = X509_check_ca(c->x509) != 0;
    usage = flags & EXFLAG_XKUSAGE ? X509_get_extended_key_usage(c->x509) : 0;
    info->has_server_auth = (usage & XKU_SSL_SERVER) != 0;
    info->has_client_auth = (usage & XKU_SSL_CLIENT) != 0;
    return 0;
}

/* ---- life ---- */

int pki_cert_parse_buffer(struct crypto_buffer_st *der, struct pki_cert **out)
{
    struct pki_cert *c;
    int err;

    if (CRYPTO_BUFFER_len(der) > PKI_CERT_MAX_BYTES)
        return ERR_LIMIT;
    c = mem_alloc0(1, sizeof(*c));
    atomic_init(&c->refs, 1);
    arena_init(&c->arena, 512);
    CRYPTO_BUFFER_up_ref(der);
    c->der = der;
    c->x509 = X509_parse_from_buffer(der);
    err = c->x509 ? read_info(c) : ERR_INVALID;
    ERR_clear_error();
    if (err) {
        pki_cert_unref(c);
        return err;
    }
    *out = c;
    return 0;
}

int pki_cert_parse_der(struct str der, struct pki_cert **out)
{
    CRYPTO_BUFFER *buffer = CRYPTO_BUFFER_new((const uint8_t *)der.p, der.len, NULL);
    int err;

    ASSERT(buffer);
    err = pki_cert_parse_buffer(buffer, out);
    CRYPTO_BUFFER_free(buffer);
    return err;
}

struct pki_cert *pki_cert_ref(struct pki_cert *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void pki_cert_unref(struct pki_cert *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    EVP_PKEY_free(c->key);
    X509_free(c->x509);
    CRYPTO_BUFFER_free(c->der);
    arena_deinit(&c->arena);
    mem_free(c);
}

/* ---- asking and writing ---- */

const struct pki_cert_info *pki_cert_get_info(const struct pki_cert *c)
{
    return &c->info;
}

struct str pki_cert_der(const struct pki_cert *c)
{
    return str_make(CRYPTO_BUFFER_data(c->der), CRYPTO_BUFFER_len(c->der));
}

struct crypto_buffer_st *pki_cert_buffer(const struct pki_cert *c)
{
    return c->der;
}

struct x509_st *pki_cert_x509(const struct pki_cert *c)
{
    return c->x509;
}

struct evp_pkey_st *pki_cert_public_key(const struct pki_cert *c)
{
    return c->key;
}

int pki_cert_to_pem(const struct pki_cert *c, struct buf *out)
{
    return pki_pem_add(out, "CERTIFICATE", CRYPTO_BUFFER_data(c->der), CRYPTO_BUFFER_len(c->der));
}

int pki_cert_time_text(int64_t unix_s, struct buf *out)
{
    time_t t = (time_t)unix_s;
    struct tm tm;

    if (!gmtime_r(&t, &tm))
        return ERR_INVALID;
    return buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void describe_names(struct buf *out, const char *kind, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "name: %s:%.*s\n", kind, STR_ARG(names[i]));
}

int pki_cert_describe(const struct pki_cert *c, struct buf *out)
{
    const struct pki_cert_info *info = &c->info;

    buf_printf(out, "subject: %.*s\nissuer: %.*s\nserial: %.*s\nvalid: ", STR_ARG(info->subject),
               STR_ARG(info->issuer), STR_ARG(info->serial));
    pki_cert_time_text(info->not_before_s, out);
    buf_printf(out, " to ");
    pki_cert_time_text(info->not_after_s, out);
    buf_printf(out, "\n");
    describe_names(out, "URI", info->uris, info->uri_count);
    describe_names(out, "DNS", info->dns_names, info->dns_count);
    describe_names(out, "IP", info->ips, info->ip_count);
    buf_printf(out, "key: %s\n", info->key);
    buf_printf(out, "usage:%s%s%s\n", info->is_ca ? " CA" : "",
               info->has_server_auth ? " server" : "", info->has_client_auth ? " client" : "");
    buf_printf(out, "sha256: ");
    encode_hex(out, str_make(info->sha256, sizeof(info->sha256)));
    buf_printf(out, "\nspki-sha256: ");
    encode_hex(out, str_make(info->spki_sha256, sizeof(info->spki_sha256)));
    return buf_printf(out, "\n");
}
