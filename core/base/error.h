/* Error codes.
 *
 * A function that can fail returns 0 or a negative int. libuv's codes (negative errno values and
 * -4095..-3000) pass through unchanged; ours start below them, so that one int carries both. */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

enum error {
    ERR_INVALID = -20001,   /* input that breaks its own rules */
    ERR_LIMIT = -20002,     /* a configured or built-in bound was reached */
    ERR_NOT_FOUND = -20003, /* no such thing */
    ERR_EXISTS = -20004,    /* already there */
    ERR_CONFLICT = -20005,  /* changed meanwhile; read again and retry */
    ERR_PROTO = -20006,     /* the peer broke its protocol */
    ERR_CLOSED = -20007,    /* the peer ended the connection, or we did */
    ERR_TIMEOUT = -20008,
    ERR_DENIED = -20009, /* a policy or a permission says no */
    ERR_UNSUPPORTED = -20010,
    ERR_CORRUPT = -20011, /* stored data does not check out */
    ERR_AGAIN = -20012,   /* not now: more input, or a later try, is needed */
    ERR_TLS = -20013,     /* the TLS handshake or record layer failed */
    ERR_CERT = -20014,    /* a certificate was refused */
    ERR_INTERNAL = -20015,
    ERR_OVERLOAD = -20016, /* shed to protect what already runs */
};

/* A short constant phrase for any code, ours or libuv's; never NULL. Any thread. */
const char *error_text(int code);

/* Ends the process with a message when cond is false. For our own mistakes only. */
#define ASSERT(cond)                                                                               \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0))                                                          \
            error_assert_failed(#cond, __FILE__, __LINE__);                                        \
    } while (0)

void error_assert_failed(const char *cond, const char *file, int line) __attribute__((noreturn));

#endif
