/* The TLS library's last error in words. Any thread. */
#ifndef CORE_TLS_TLS_ERROR_H
#define CORE_TLS_TLS_ERROR_H

#include <stddef.h>

/* Writes "peer sent alert: unknown ca", "no common TLS version", ... and clears the library's list
 * of errors. Returns ERR_CERT when the peer's certificate (or its lack) is the reason, else
 * ERR_TLS. */
int tls_error_take(char *text, size_t size);

#endif
