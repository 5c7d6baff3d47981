#include "modes/shared/identity_files.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_spiffe.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_identity.h"
#include "modes/shared/dirwatch.h"
#include "modes/shared/runtime.h"

static struct log_module log_module = LOG_MODULE("identity");

#define PEM_MAX_BYTES ((size_t)1024 * 1024)

struct identity_files {
    struct runtime *rt;
    char *dir;
    struct dirwatch *watch;
};

static int read_pem(const char *dir, const char *name, struct buf *out)
{
    char *path = mem_printf("%s/%s", dir, name);
    int err;

    buf_init(out, PEM_MAX_BYTES);
    err = pki_file_read(path, out);
    if (err)
        log_error("%s: %s", path, error_text(err));
    mem_free(path);
    return err;
}

static int use_pems(struct identity_files *f, struct str chain, struct str key, struct str roots)
{
    struct pki_trust_domain domain = { .roots_pem = roots };
    struct tls_identity *identity;
    struct pki_trust *trust;
    const char *why;
    int err = tls_identity_from_pem(chain, key, &identity, &why);

    if (err) {
        log_error("%s: certificate: %s", f->dir, why);
        return err;
    }
    domain.trust_domain = tls_identity_spiffe(identity)->trust_domain;
    err = pki_trust_new(&domain, 1, &trust);
    if (err) {
        log_error("%s/root-cert.pem: %s", f->dir, error_text(err));
        tls_identity_unref(identity);
        return err;
    }
    log_info("identity %.*s from %s", STR_ARG(tls_identity_spiffe(identity)->id), f->dir);
    runtime_set_identity(f->rt, identity, trust);
    return 0;
}

static int load(struct identity_files *f)
{
    struct buf chain, key, roots;
    int err = read_pem(f->dir, "cert-chain.pem", &chain);
    int err_key = read_pem(f->dir, "key.pem", &key);
    int err_roots = read_pem(f->dir, "root-cert.pem", &roots);

    if (!err)
        err = err_key ? err_key : err_roots;
    if (!err)
        err = use_pems(f, buf_str(&chain), buf_str(&key), buf_str(&roots));
    buf_deinit(&chain);
    buf_wipe(&key);
    buf_deinit(&roots);
    return err;
}

/* While the files are being replaced they may not fit together: the old identity stays. */
static void on_change(void *arg)
{
    (void)load(arg);
}

int identity_files_new(struct runtime *rt, const char *dir, struct identity_files **out)
{
    struct identity_files *f = mem_alloc0(1, sizeof(*f));
    int err;

    f->rt = rt;
    f->dir = mem_strdup(dir);
    err = load(f);
    if (!err)
        err = dirwatch_new(runtime_main(rt), dir, on_change, f, &f->watch);
    if (err) {
        identity_files_free(f);
        return err;
    }
    *out = f;
    return 0;
}

void identity_files_free(struct identity_files *f)
{
    if (!f)
        return;
    dirwatch_free(f->watch);
    mem_free(f->dir);
    mem_free(f);
}
