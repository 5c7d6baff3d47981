#include "core/tls/tls_error.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/base/error.h"
#include "core/base/mem.h"

/* Reasons that people meet; the others speak for themselves. */
static const struct {
    int reason;
    int code;
    const char *text;
} reasons[] = {
    { SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, ERR_CERT, "peer sent no certificate" },
    { SSL_R_CERTIFICATE_VERIFY_FAILED, ERR_CERT, "certificate refused" },
    { SSL_R_HTTP_REQUEST, ERR_TLS, "peer spoke plain HTTP" },
    { SSL_R_HTTPS_PROXY_REQUEST, ERR_TLS, "peer spoke plain HTTP" },
    { SSL_R_WRONG_VERSION_NUMBER, ERR_TLS, "peer does not speak TLS" },
    { SSL_R_UNSUPPORTED_PROTOCOL, ERR_TLS, "no common TLS version" },
    { SSL_R_NO_SHARED_CIPHER, ERR_TLS, "no common cipher suite" },
    { SSL_R_NO_SHARED_GROUP, ERR_TLS, "no common key exchange group" },
    { SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS, ERR_TLS, "no common signature algorithm" },
    { SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, ERR_TLS, "record does not decrypt" },
};

static int describe(uint32_t error, char *text, size_t size)
{
    int reason = ERR_GET_REASON(error);

    if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) {
        snprintf(text, size, "%s", error ? ERR_reason_error_string(error) : "TLS failed");
        return ERR_TLS;
    }
    if (reason >= SSL_AD_REASON_OFFSET) {
        snprintf(text, size, "peer sent alert: %s",
                 SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
        return ERR_TLS;
    }
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].reason == reason) {
            snprintf(text, size, "%s", reasons[i].text);
            return reasons[i].code;
        }
    }
    snprintf(text, size, "%s", ERR_reason_error_string(error));
    return ERR_TLS;
}

int tls_error_take(char *text, size_t size)
{
    uint32_t first = ERR_peek_error(), error = first;

    /* The TLS layer's own word, where it has one, says more than the crypto's below it. */
    while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL)
        error = ERR_get_error();
    ERR_clear_error();
    return describe(error ? error : first, text, size);
}
