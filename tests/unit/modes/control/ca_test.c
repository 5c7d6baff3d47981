/* The authority on disk: made once, read again, refused when it was tampered with. */
#include "modes/control/ca.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/loop/worker.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_csr.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "tests/tap.h"

struct rig {
    struct worker w;
    char dir[64];
    struct ca *ca;
    const char *why;
};

static int open_ca(struct rig *r)
{
    return ca_open(&r->w, r->dir, "td", &r->ca, &r->why);
}

static bool init(struct rig *r)
{
    *r = (struct rig){ .why = "" };
    snprintf(r->dir, sizeof(r->dir), "/tmp/ca-test-XXXXXX");
    return OK(mkdtemp(r->dir) != NULL) && OK(worker_init(&r->w, 0, 1) == 0) &&
           EQ_INT(open_ca(r), 0);
}

static void deinit(struct rig *r)
{
    char command[96];

    ca_free(r->ca);
    worker_deinit(&r->w);
    snprintf(command, sizeof(command), "rm -rf %s", r->dir);
    EQ_INT(system(command), 0);
}

static void path_of(struct rig *r, const char *name, char out[128])
{
    snprintf(out, 128, "%s/ca/%s", r->dir, name);
}

static void root_stays_the_same(void)
{
    struct rig r;
    uint8_t before[32];

    if (!init(&r))
        return;
    memcpy(before, ca_root_spki_sha256(r.ca), sizeof(before));
    ca_free(r.ca);
    r.ca = NULL;
    if (EQ_INT(open_ca(&r), 0))
        EQ_INT(memcmp(before, ca_root_spki_sha256(r.ca), sizeof(before)), 0);
    deinit(&r);
}

static void keys_are_sealed_and_private(void)
{
    static const char *const names[] = { "seal.key", "root-key.sealed", "ca-key.sealed" };
    struct rig r;

    if (!init(&r))
        return;
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        struct stat st;
        struct buf text;

        path_of(&r, names[i], path);
        if (!EQ_INT(stat(path, &st), 0))
            continue;
        EQ_INT(st.st_mode & 0777, 0600);
        buf_init(&text, 0);
        EQ_INT(pki_file_read(path, &text), 0);
        OK(str_find(buf_str(&text), STR("PRIVATE KEY")) < 0);
        buf_deinit(&text);
    }
    deinit(&r);
}

static void foreign_key_is_refused(void)
{
    struct rig r;
    char path[128];

    if (!init(&r))
        return;
    ca_free(r.ca);
    r.ca = NULL;
    path_of(&r, "seal.key", path);
    EQ_INT(pki_file_write(path, STR("0123456789abcdef0123456789abcdef"), 0600), 0);
    OK(open_ca(&r) != 0);
    OK(r.why[0] != '\0');
    r.ca = NULL;
    deinit(&r);
}

static void lost_intermediate_is_made_anew(void)
{
    struct rig r;
    char path[128];

    if (!init(&r))
        return;
    ca_free(r.ca);
    r.ca = NULL;
    path_of(&r, "ca-key.sealed", path);
    EQ_INT(unlink(path), 0);
    EQ_INT(open_ca(&r), 0);
    deinit(&r);
}

static void signs_for_the_key_in_the_request(void)
{
    struct rig r;
    struct pki_key *key;
    struct pki_csr *csr;
    struct pki_chain chain;
    struct buf request, out;

    if (!init(&r))
        return;
    buf_init(&request, 0);
    buf_init(&out, 0);
    EQ_INT(pki_key_generate(&key), 0);
    EQ_INT(pki_csr_build(key, STR("spiffe://td/ns/x/sa/y"), &request), 0);
    if (EQ_INT(pki_csr_parse(buf_str(&request), &csr), 0)) {
        /* Life is bounded, whatever is asked for; the name is the one decided on. */
        EQ_INT(ca_sign(r.ca, csr, STR("spiffe://td/ns/a/sa/b"), (int64_t)365 * 86400, &out), 0);
        if (EQ_INT(pki_chain_parse_pem(buf_str(&out), 8, &chain), 0)) {
            const struct pki_cert_info *info = pki_cert_get_info(chain.certs[0]);

            EQ_INT(chain.count, 2);
            OK(pki_key_is_of(key, chain.certs[0]));
            OK(info->uri_count == 1 && str_is(info->uris[0], "spiffe://td/ns/a/sa/b"));
            OK(info->not_after_s - info->not_before_s <= 86400 + 120);
            pki_chain_deinit(&chain);
        }
        pki_csr_free(csr);
    }
    pki_key_unref(key);
    buf_deinit(&request);
    buf_deinit(&out);
    deinit(&r);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(root_stays_the_same),
    CASE(keys_are_sealed_and_private),
    CASE(foreign_key_is_refused),
    CASE(lost_intermediate_is_made_anew),
    CASE(signs_for_the_key_in_the_request),
};

TAP_MAIN(cases)
