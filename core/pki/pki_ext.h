/* X.509 extensions as we write them. Results are the caller's (X509_EXTENSION_free) or NULL when
 * the library refuses. Any thread. */
#ifndef CORE_PKI_PKI_EXT_H
#define CORE_PKI_PKI_EXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

struct X509_extension_st; /* X509_EXTENSION, */
struct x509_st;           /* X509 of BoringSSL */

/* subjectAltName with one URI, which may be empty, and DNS names. */
struct X509_extension_st *pki_ext_alt_names(struct str uri, const struct str *dns, size_t dns_count,
                                            bool critical);
/* path_len below 0: no limit. */
struct X509_extension_st *pki_ext_basic_constraints(bool ca, int path_len);
/* bits as in the standard: bit 0 is digitalSignature, 5 keyCertSign, 6 cRLSign. */
struct X509_extension_st *pki_ext_key_usage(unsigned bits);
struct X509_extension_st *pki_ext_tls_usage(void); /* serverAuth, clientAuth */
struct X509_extension_st *pki_ext_subject_key_id(const struct x509_st *subject);
/* NULL also when issuer has no key id. */
struct X509_extension_st *pki_ext_authority_key_id(struct x509_st *issuer);
/* Only URIs with this host. */
struct X509_extension_st *pki_ext_uri_constraint(struct str host);

#endif
