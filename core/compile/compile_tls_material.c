#include "core/compile/compile_tls_material.h"

#include "core/api/k8s_config_map.h"
#include "core/api/k8s_secret.h"
#include "core/base/error.h"
#include "core/compile/compile_files.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/digest.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

int compile_tls_material_complain(const struct compile_tls_job *j, const char *what,
                                  struct str name, const char *why)
{
    compile_warn(j->c, j->owner, j->at, "MSH1031", "", "%s \"%.*s\": %s", what, STR_ARG(name), why);
    return ERR_INVALID;
}

/* ---- files ---- */

int compile_tls_material_file(struct compile_tls_job *j, struct str path, struct str *out)
{
    struct buf b;
    int err;

    compile_files_note(j->c, path);
    buf_init(&b, FILE_MAX_BYTES);
    err = pki_file_read(arena_strz(j->a, path), &b);
    if (!err)
        *out = arena_str(j->a, buf_str(&b));
    buf_wipe(&b);
    return err ? compile_tls_material_complain(j, "file", path, error_text(err)) : 0;
}

int compile_tls_material_files(struct compile_tls_job *j, struct str chain, struct str key,
                               struct str roots, struct compile_tls_material *m)
{
    int err = 0;

    if (chain.len)
        err = compile_tls_material_file(j, chain, &m->chain);
    if (!err && key.len)
        err = compile_tls_material_file(j, key, &m->key);
    if (!err && roots.len && !str_is(roots, "system"))
        err = compile_tls_material_file(j, roots, &m->roots);
    return err;
}

/* ---- Secrets and ConfigMaps ---- */

struct place {
    struct str ns, name;
    bool is_map;
};

static bool take_prefix(struct str *s, const char *prefix)
{
    if (!str_starts(*s, str_of(prefix)))
        return false;
    *s = str_skip(*s, str_of(prefix).len);
    return true;
}

/* false: the owner may not name it. */
static bool find_place(const struct compile *c, const struct object *owner, struct str name,
                       struct place *out)
{
    bool any_map = take_prefix(&name, "configmap-gateway://");
    bool any_ns = any_map || take_prefix(&name, "kubernetes-gateway://");

    *out = (struct place){ .ns = c->node->ns, .is_map = any_map };
    if (!any_ns && !take_prefix(&name, "kubernetes://"))
        out->is_map = take_prefix(&name, "configmap://");
    if (str_chr(name, '/') >= 0)
        out->ns = str_cut(&name, '/');
    out->name = name;
    return any_ns ? owner->kind->id != API_KIND_GATEWAY : str_eq(out->ns, c->node->ns);
}

static const struct object *find(const struct compile *c, const struct place *p, const char *suffix,
                                 struct arena *a)
{
    return compile_find_object(c, p->is_map ? API_KIND_CONFIG_MAP : API_KIND_SECRET, p->ns,
                               arena_printf(a, "%.*s%s", STR_ARG(p->name), suffix));
}

static struct str in_pairs(const struct field_pair *list, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(list[i].key, key))
            return list[i].value;
    }
    return STR_NONE;
}

/* The first of two keys that the object has. */
static struct str value_of(const struct object *o, const char *key, const char *other)
{
    struct str value;

    if (!o)
        return STR_NONE;
    if (o->kind->id == API_KIND_SECRET) {
        value = k8s_secret_find(o->root, str_of(key));
        return value.p ? value : k8s_secret_find(o->root, str_of(other));
    }
    value = in_pairs(((const struct k8s_config_map *)o->root)->data,
                     ((const struct k8s_config_map *)o->root)->data_count, key);
    return value.p ? value
                   : in_pairs(((const struct k8s_config_map *)o->root)->data,
                              ((const struct k8s_config_map *)o->root)->data_count, other);
}

static int not_found(const struct compile_tls_job *j, struct str name)
{
    compile_warn(j->c, j->owner, j->at, "IST0101", "",
                 "Referenced credentialName not found: \"%.*s\"", STR_ARG(name));
    return ERR_NOT_FOUND;
}

static int not_allowed(const struct compile_tls_job *j, struct str name)
{
    return compile_tls_material_complain(j, "credentialName", name,
                                         "Secrets are those of the gateway's own namespace");
}

/* Istio's names of keys: the generic kind first, then kubernetes.io/tls. */
static void read_pair(const struct object *s, struct compile_tls_material *m)
{
    bool generic = value_of(s, "cert", "cert").p && value_of(s, "key", "key").p;

    m->chain = generic ? value_of(s, "cert", "cert") : value_of(s, "tls.crt", "cert");
    m->key = generic ? value_of(s, "key", "key") : value_of(s, "tls.key", "key");
    m->staple = value_of(s, "tls.ocsp-staple", "tls.ocsp-staple");
}

static void read_roots(const struct object *s, struct compile_tls_material *m)
{
    m->roots = value_of(s, "cacert", "ca.crt");
    m->crls = value_of(s, "crl", "ca.crl");
}

int compile_tls_material_credential(struct compile_tls_job *j, struct str name,
                                    struct compile_tls_material *m)
{
    const struct object *s, *ca;
    struct place p;

    if (!find_place(j->c, j->owner, name, &p))
        return not_allowed(j, name);
    s = find(j->c, &p, "", j->a);
    ca = find(j->c, &p, "-cacert", j->a);
    if (!s && !ca)
        return not_found(j, name);
    if (s) {
        read_pair(s, m);
        read_roots(s, m);
    }
    if (value_of(ca, "cacert", "ca.crt").p)
        read_roots(ca, m);
    return 0;
}

int compile_tls_material_ca(struct compile_tls_job *j, struct str name,
                            struct compile_tls_material *m)
{
    const struct object *o;
    struct place p;

    if (!find_place(j->c, j->owner, name, &p))
        return not_allowed(j, name);
    o = find(j->c, &p, "", j->a);
    if (!o && str_find(name, STR("://")) < 0) {
        p.is_map = true;
        o = find(j->c, &p, "", j->a);
    }
    if (!o)
        return not_found(j, name);
    read_roots(o, m);
    return 0;
}

uint64_t compile_tls_material_digest(const struct compile *c, const struct object *owner,
                                     uint64_t h, struct str name)
{
    const struct object *o;
    struct arena a;
    struct place p;

    if (!name.len || !find_place(c, owner, name, &p))
        return h;
    arena_init(&a, 512);
    o = find(c, &p, "", &a);
    h = digest_u64(h, o ? o->content_hash : 0);
    o = find(c, &p, "-cacert", &a);
    h = digest_u64(h, o ? o->content_hash : 0);
    p.is_map = true;
    o = find(c, &p, "", &a);
    h = digest_u64(h, o ? o->content_hash : 0);
    arena_deinit(&a);
    return h;
}

/* ---- from PEM to settings ---- */

int compile_tls_material_identity(const struct compile_tls_job *j,
                                  const struct compile_tls_material *m, struct tls_identity **out)
{
    const char *why = "";

    if (tls_identity_from_pem(m->chain, m->key, out, &why) != 0)
        return compile_tls_material_complain(j, "certificate of", j->owner->name, why);
    return 0;
}

int compile_tls_material_trust(const struct compile_tls_job *j,
                               const struct compile_tls_material *m, struct pki_trust **out)
{
    struct pki_trust_domain any = { .roots_pem = m->roots, .crls_pem = m->crls };
    int err = pki_trust_new(&any, 1, out);

    return err ? compile_tls_material_complain(j,
                                               m->crls.len ? "CA certificates or revocation list of"
                                                           : "CA certificates of",
                                               j->owner->name, error_text(err))
               : 0;
}

int compile_tls_material_system_trust(const struct compile_tls_job *j, struct pki_trust **out)
{
    if (!j->c->system_trust && pki_trust_new_system(&j->c->system_trust) != 0)
        return compile_tls_material_complain(j, "CA certificates of", STR("the system"),
                                             "cannot be read");
    *out = pki_trust_ref(j->c->system_trust);
    return 0;
}

/* Those that exist; Envoy would refuse a list with others, and the listener with it. */
static struct str *known(const struct str *from, size_t count, bool (*is_known)(struct str name),
                         struct arena *a, size_t *out)
{
    struct str *list = arena_alloc0(a, count, sizeof(*list));

    for (size_t i = 0; i < count; i++) {
        if (is_known(from[i]))
            list[(*out)++] = from[i];
    }
    return list;
}

uint64_t compile_tls_material_defaults(const struct compile *c, struct arena *a,
                                       struct tls_options *o)
{
    const struct mesh_config_tls *d = c->mesh->config.tls_defaults;

    if (!d)
        return 0;
    o->curves =
        known(d->ecdh_curves, d->ecdh_curves_count, tls_config_is_curve, a, &o->curve_count);
    if (!o->cipher_count)
        o->ciphers = known(d->cipher_suites, d->cipher_suites_count, tls_config_is_cipher, a,
                           &o->cipher_count);
    return digest_u64(digest_strs(digest_strs(1, d->ecdh_curves, d->ecdh_curves_count),
                                  d->cipher_suites, d->cipher_suites_count),
                      (uint64_t)d->min_protocol_version);
}

void compile_tls_material_note(struct compile_tls_job *j, const struct compile_tls_material *m)
{
    j->hash = digest_str(digest_str(digest_str(j->hash, m->chain), m->key), m->roots);
    j->hash = digest_str(digest_str(j->hash, m->crls), m->staple);
}
