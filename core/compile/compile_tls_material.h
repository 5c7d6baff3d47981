/* PEM texts of one TLS end: from files, Secrets and ConfigMaps to identities and trust.
 *
 *   "NAME", "kubernetes://NAME"        Secret of the workload's namespace (GWB-3)
 *   "kubernetes://NS/NAME"             the same; NS must be the workload's
 *   "configmap://NAME"                 ConfigMap of that namespace, for CA certificates
 *   "kubernetes-gateway://NS/NAME"     Secret of any namespace; not for Istio's Gateways, whose
 *                                      writers name what they like
 *   "configmap-gateway://NS/NAME"      likewise a ConfigMap
 *
 * Internal to core/compile. */
#ifndef CORE_COMPILE_COMPILE_TLS_MATERIAL_H
#define CORE_COMPILE_COMPILE_TLS_MATERIAL_H

#include "core/compile/compile_state.h"

struct pki_trust;
struct tls_identity;
struct tls_options;

/* What is not given is empty. */
struct compile_tls_material {
    struct str chain, key; /* certificate and key */
    struct str roots, crls;
    struct str staple; /* an OCSP response, DER */
};

/* On whose behalf, and where to say what is wrong. */
struct compile_tls_job {
    struct compile *c;
    const struct object *owner;
    struct field_at at;
    struct arena *a;
    uint64_t hash; /* of what was read, by compile_tls_material_note */
};

/* Reports `WHAT "NAME": WHY` at the owner; ERR_INVALID. */
int compile_tls_material_complain(const struct compile_tls_job *j, const char *what,
                                  struct str name, const char *why);

/* Appends nothing: sets *out (in j's arena) to the file's content. The file is watched from then
 * on: compile_files_changed. Errors were reported, as by all that return int here. */
int compile_tls_material_file(struct compile_tls_job *j, struct str path, struct str *out);
/* Those of chain, key and roots that are not empty; roots "system" is left to the caller. */
int compile_tls_material_files(struct compile_tls_job *j, struct str chain, struct str key,
                               struct str roots, struct compile_tls_material *m);
/* A credential by name. The CA may be in a Secret of its own, NAME-cacert, which then counts. */
int compile_tls_material_credential(struct compile_tls_job *j, struct str name,
                                    struct compile_tls_material *m);
/* CA certificates and revocation lists only, from a Secret or a ConfigMap. */
int compile_tls_material_ca(struct compile_tls_job *j, struct str name,
                            struct compile_tls_material *m);
/* Adds to a digest what a credential's name leads to; another value when that changed. */
uint64_t compile_tls_material_digest(const struct compile *c, const struct object *owner,
                                     uint64_t h, struct str name);

/* One reference for the caller. */
int compile_tls_material_identity(const struct compile_tls_job *j,
                                  const struct compile_tls_material *m, struct tls_identity **out);
int compile_tls_material_trust(const struct compile_tls_job *j,
                               const struct compile_tls_material *m, struct pki_trust **out);
int compile_tls_material_system_trust(const struct compile_tls_job *j, struct pki_trust **out);
/* MeshConfig.tlsDefaults: curves, and cipher suites where o has none. Returns another value when
 * they are others. */
uint64_t compile_tls_material_defaults(const struct compile *c, struct arena *a,
                                       struct tls_options *o);
void compile_tls_material_note(struct compile_tls_job *j, const struct compile_tls_material *m);

#endif
