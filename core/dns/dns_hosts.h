/* The hosts file: names that need no server. Read again when it changed, looked at no more than
 * once in 5 s. Not thread safe. */
#ifndef CORE_DNS_DNS_HOSTS_H
#define CORE_DNS_DNS_HOSTS_H

#include "core/base/str.h"
#include "core/net/addr.h"

struct dns_hosts;

/* A file that is not there is an empty one. path is copied. */
struct dns_hosts *dns_hosts_new(const char *path);
void dns_hosts_free(struct dns_hosts *h);

/* The addresses of a name (lower case, without a trailing dot), both families mixed, in the file's
 * order; localhost and names below it are known without a file. Returns how many; *out is borrowed
 * until the next call. */
size_t dns_hosts_find(struct dns_hosts *h, struct str name, uint64_t now_ms,
                      const struct addr **out);

#endif
