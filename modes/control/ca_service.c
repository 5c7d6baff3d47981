#include "modes/control/ca_service.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/pki/pki_csr.h"
#include "core/text/proto.h"
#include "core/xds/xds_msg.h"
#include "modes/control/ads_caller.h"
#include "modes/control/ca.h"
#include "modes/control/ca_policy.h"
#include "modes/control/token.h"

static struct log_module log_module = LOG_MODULE("ca");

enum { CHAIN_MAX = 8 };

/* A request whose token is being used up. */
struct request {
    struct grpc_server_call *call; /* NULL: the caller has left */
    struct ca *ca;
    struct pki_csr *csr;
    char *identity;
    int64_t life_s;
};

static void refuse(struct grpc_server_call *call, enum grpc_status status, const char *why)
{
    log_warn("no certificate: %s", why);
    grpc_server_set_data(call, NULL);
    grpc_server_finish(call, status, str_of(why));
}

static void request_free(struct request *r)
{
    pki_csr_free(r->csr);
    mem_free(r->identity);
    mem_free(r);
}

/* One element a certificate; the roots together are the last. */
static void answer(struct grpc_server_call *call, struct str chain, struct str roots)
{
    static const struct str end = STR_INIT("-----END CERTIFICATE-----\n");
    struct str parts[CHAIN_MAX];
    struct xds_msg_cert m = { .chain = parts };
    struct buf out;
    ptrdiff_t at;

    while (m.chain_count < CHAIN_MAX - 1 && (at = str_find(chain, end)) >= 0) {
        parts[m.chain_count++] = str_head(chain, (size_t)at + end.len);
        chain = str_skip(chain, (size_t)at + end.len);
    }
    parts[m.chain_count++] = roots;
    buf_init(&out, 0);
    if (proto_encode(&xds_msg_cert_message, &m, &out) == 0)
        (void)grpc_server_send(call, buf_str(&out));
    buf_deinit(&out);
    grpc_server_finish(call, GRPC_STATUS_OK, STR_NONE);
}

static void sign(struct request *r)
{
    struct buf chain;
    int err;

    buf_init(&chain, 0);
    err = ca_sign(r->ca, r->csr, str_of(r->identity), r->life_s, &chain);
    grpc_server_set_data(r->call, NULL);
    if (err)
        refuse(r->call, GRPC_STATUS_INTERNAL, "the certificate cannot be signed");
    else
        answer(r->call, buf_str(&chain), ca_root_pem(r->ca));
    buf_deinit(&chain);
    request_free(r);
}

static void on_token_used(void *arg, int code)
{
    struct request *r = arg;

    if (r->call && code == 0) {
        sign(r);
        return;
    }
    if (r->call)
        refuse(r->call, code == ERR_DENIED ? GRPC_STATUS_UNAUTHENTICATED : GRPC_STATUS_UNAVAILABLE,
               "the token could not be used");
    request_free(r);
}

/* ---- the caller ---- */

static struct str bearer(const struct grpc_server_call *call)
{
    struct str v = http_headers_get_name(&grpc_server_head(call)->headers, STR("authorization"));

    return str_istarts(v, STR("bearer ")) ? str_trim(str_skip(v, 7)) : STR_NONE;
}

/* Fills in what the caller can prove; *token_id is set when a token is to be used up. */
static int prove(const struct ca_service_port *port, struct grpc_server_call *call, struct arena *a,
                 struct ca_policy_caller *out, struct str *token_id, const char **why)
{
    struct ads_caller caller;
    struct token_info token;
    int err = ads_caller_read(port->ads.trust, call, &caller, why);

    *out = (struct ca_policy_caller){ 0 };
    if (err)
        return err;
    if (caller.is_local) {
        out->proof = CA_POLICY_LOCAL;
    } else if (caller.identity.len) {
        out->proof = CA_POLICY_CERTIFICATE;
        out->identity = caller.identity;
    } else if (bearer(call).len) {
        err = token_check(port->store, bearer(call), clock_wall_ms(), a, &token, why);
        if (err)
            return err;
        out->proof = CA_POLICY_TOKEN;
        out->ns = token.ns;
        out->sa = token.sa;
        *token_id = token.id;
    }
    return 0;
}

/* ---- the method ---- */

static void on_start(void *arg, struct grpc_server_call *call)
{
    (void)arg;
    (void)call;
}

/* The identity asked for: for somebody else (a tunnel for its pods), or the one in the request. */
static struct str wanted_of(const struct xds_msg_csr *m, const struct pki_csr *csr)
{
    struct str other = node_get_str(m->metadata, "ImpersonatedIdentity");

    return other.len ? other : pki_csr_get_uri(csr);
}

static void decide(const struct ca_service_port *port, struct grpc_server_call *call,
                   struct request *r, const struct xds_msg_csr *m, struct arena *a)
{
    struct ca_policy_caller caller;
    struct str identity, token_id = STR_NONE;
    const char *why = "";
    int err = prove(port, call, a, &caller, &token_id, &why);

    if (!err)
        err = ca_policy_decide(&caller, str_of(ca_trust_domain(port->ca)), wanted_of(m, r->csr), a,
                               &identity, &why);
    if (err) {
        request_free(r);
        refuse(call,
               caller.proof == CA_POLICY_NOTHING ? GRPC_STATUS_UNAUTHENTICATED
                                                 : GRPC_STATUS_PERMISSION_DENIED,
               why);
        return;
    }
    r->identity = str_dup(identity);
    r->life_s = m->validity_s;
    if (token_id.len)
        token_use(port->store, token_id, on_token_used, r);
    else
        sign(r);
}

static void on_message(void *arg, struct grpc_server_call *call, struct str message)
{
    const struct ca_service_port *port = arg;
    struct request *r;
    struct xds_msg_csr m;
    struct arena a;

    if (grpc_server_data(call)) /* a second message of a unary call */
        return;
    arena_init(&a, 2048);
    r = mem_alloc0(1, sizeof(*r));
    r->call = call;
    r->ca = port->ca;
    grpc_server_set_data(call, r);
    if (proto_decode(&xds_msg_csr_message, message.p, message.len, &a, PROTO_BORROW, &m) != 0 ||
        pki_csr_parse(m.csr, &r->csr) != 0) {
        request_free(r);
        refuse(call, GRPC_STATUS_INVALID_ARGUMENT, "that is no certificate request");
    } else {
        decide(port, call, r, &m, &a);
    }
    arena_deinit(&a);
}

static void on_half_close(void *arg, struct grpc_server_call *call)
{
    (void)arg;
    if (!grpc_server_data(call))
        refuse(call, GRPC_STATUS_INVALID_ARGUMENT, "no request came");
}

static void on_cancel(void *arg, struct grpc_server_call *call)
{
    struct request *r = grpc_server_data(call);

    (void)arg;
    if (r)
        r->call = NULL; /* the token's write still runs and frees it */
}

const struct grpc_server_method ca_service_method = {
    .path = XDS_MSG_CERTIFICATE_PATH,
    .on_start = on_start,
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_cancel = on_cancel,
};
