/* Small files with keys and certificates. Block on the disk. Any thread. */
#ifndef CORE_PKI_PKI_FILE_H
#define CORE_PKI_PKI_FILE_H

#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/str.h"

/* Appends the content; ERR_LIMIT when out's limit is passed, else libuv's codes. */
int pki_file_read(const char *path, struct buf *out);
/* Replaces the file at once: readers see the old or the new content, also after a crash. */
int pki_file_write(const char *path, struct str content, mode_t mode);

#endif
