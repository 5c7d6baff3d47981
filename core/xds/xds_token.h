/* The text of a join token.
 *
 *     mesh1.<cluster>.<sha256 of the root's public key>.<secret>.<issuer>
 *
 * cluster, root hash and issuer are lower-case hex, the secret is base64url. The hash lets the
 * newcomer check who it talks to before it shows the secret. Any thread. */
#ifndef CORE_XDS_XDS_TOKEN_H
#define CORE_XDS_XDS_TOKEN_H

#include "core/base/str.h"

#define XDS_TOKEN_MAX_BYTES 512

struct xds_token { /* slices of the text */
    struct str cluster, root_sha256, secret, issuer;
};

/* ERR_INVALID: not of that form. */
int xds_token_parse(struct str text, struct xds_token *out);

#endif
