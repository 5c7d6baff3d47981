#include "modes/shared/acme_serve.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/flow/flow_challenge.h"
#include "core/loop/clock.h"
#include "core/pki/pki_acme.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_hash.h"
#include "core/pki/pki_key.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"
#include "modes/shared/acme_store.h"

static struct log_module log_module = LOG_MODULE("acme");

#define FILE_MAX_BYTES ((size_t)256 * 1024)

void acme_serve_init(struct acme_serve *s, struct flow_challenge *table)
{
    s->table = table;
}

/* ---- TLS-ALPN-01 ---- */

static int make_config(struct str name, struct str key_authorization, struct tls_config **out)
{
    static const struct str alpn[] = { STR_INIT("acme-tls/1") };
    struct tls_options o = { .alpn = alpn, .alpn_count = 1 };
    uint8_t digest[PKI_SHA256_BYTES];
    struct pki_chain chain = { 0 };
    struct pki_key *key;
    const char *why;
    int err = pki_key_generate(&key);

    if (err)
        return err;
    pki_hash_sha256(key_authorization.p, key_authorization.len, digest);
    err = pki_acme_challenge(key, name, digest, clock_wall_s(), &chain);
    if (!err)
        err = tls_identity_new(&chain, key, &o.identity, &why);
    if (!err)
        err = tls_config_new_server(&o, out, &why);
    tls_identity_unref(o.identity);
    pki_chain_deinit(&chain);
    pki_key_unref(key);
    return err;
}

static void serve(struct acme_serve *s, bool by_tls, struct str name, struct str token,
                  struct str key_authorization)
{
    struct tls_config *tls;
    int err;

    if (!by_tls) {
        flow_challenge_add_token(s->table, token, key_authorization);
        return;
    }
    err = make_config(name, key_authorization, &tls);
    if (err) {
        log_error("challenge for %.*s: %s", STR_ARG(name), error_text(err));
        return;
    }
    flow_challenge_add_tls(s->table, name, tls);
    tls_config_unref(tls);
}

/* ---- the folder ---- */

void acme_serve_add(struct acme_serve *s, const struct acme_challenge *c, struct acme_store *store)
{
    bool by_tls = c->type == ACME_TLS_ALPN_01;
    struct buf text;
    int err;

    serve(s, by_tls, c->name, c->token, c->key_authorization);
    buf_init(&text, FILE_MAX_BYTES);
    (void)acme_store_read_challenges(store, &text); /* of this order's other names, if any */
    buf_printf(&text, "%s %.*s %.*s %.*s\n", by_tls ? "tls-alpn-01" : "http-01", STR_ARG(c->name),
               STR_ARG(c->token), STR_ARG(c->key_authorization));
    err = acme_store_write_challenges(store, buf_str(&text));
    if (err)
        log_warn("other gateways cannot be told of a challenge: %s", error_text(err));
    buf_deinit(&text);
}

void acme_serve_read(struct acme_serve *s, struct acme_store *store)
{
    struct buf text;

    flow_challenge_clear(s->table);
    buf_init(&text, FILE_MAX_BYTES);
    if (acme_store_read_challenges(store, &text) == 0) {
        for (struct str rest = buf_str(&text); rest.p;) {
            struct str line = str_cut(&rest, '\n');
            struct str type = str_cut(&line, ' '), name = str_cut(&line, ' ');
            struct str token = str_cut(&line, ' ');

            if (token.len && line.len)
                serve(s, str_is(type, "tls-alpn-01"), name, token, line);
        }
    }
    buf_deinit(&text);
}

void acme_serve_clear(struct acme_serve *s, struct acme_store *store)
{
    flow_challenge_clear(s->table);
    (void)acme_store_write_challenges(store, STR_NONE);
}
