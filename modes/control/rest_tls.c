#include "modes/control/rest_tls.h"

#include "core/base/log.h"
#include "core/loop/clock.h"
#include "core/loop/worker.h"
#include "core/tls/tls_config.h"
#include "modes/control/ca.h"
#include "modes/control/rest_state.h"

#define RENEW_CHECK_MS ((uint64_t)10 * 60 * 1000)

static struct log_module log_module = LOG_MODULE("api");

static int make(struct rest *r)
{
    static const struct str names[] = { STR_INIT("localhost"), STR_INIT("mesh-control") };
    static const struct str alpn[] = { STR_INIT("h2"), STR_INIT("http/1.1") };
    struct tls_options o = { .rules = { .verify = TLS_VERIFY_NONE },
                             .alpn = alpn,
                             .alpn_count = COUNT_OF(alpn) };
    struct tls_config *made;
    const char *why = "";
    int err = ca_issue_server(control_ca(r->control), names, COUNT_OF(names), &o.identity);

    if (err)
        return err;
    err = tls_config_new_server(&o, &made, &why);
    tls_identity_unref(o.identity);
    if (err) {
        log_error("TLS of the API: %s", why);
        return err;
    }
    tls_config_unref(r->tls);
    r->tls = made;
    return 0;
}

static void on_renew(struct timer *t)
{
    struct rest *r = CONTAINER_OF(t, struct rest, renew);
    const struct pki_cert_info *info = tls_identity_info(tls_config_identity(r->tls));

    if (clock_wall_s() > info->not_before_s + (info->not_after_s - info->not_before_s) / 3 &&
        make(r) != 0)
        log_error("the certificate of the API's port cannot be renewed");
    timer_start(t, RENEW_CHECK_MS);
}

int rest_tls_start(struct rest *r)
{
    int err = make(r);

    timer_init(&r->renew, &r->worker->timers, on_renew);
    if (!err)
        timer_start(&r->renew, RENEW_CHECK_MS);
    return err;
}

void rest_tls_stop(struct rest *r)
{
    timer_cancel(&r->renew);
    tls_config_unref(r->tls);
    r->tls = NULL;
}
