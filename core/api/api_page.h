/* The reference page of a kind, in Markdown, from its tables: every field, what it takes, whether
 * anything acts on it. */
#ifndef CORE_API_API_PAGE_H
#define CORE_API_API_PAGE_H

#include "core/api/api_kind.h"
#include "core/base/buf.h"

/* "networking.istio.io-virtualservice.md"; in a. */
struct str api_page_name(const struct api_kind *k, struct arena *a);
/* Appends the page. 0 or ERR_LIMIT (the buffer's). */
int api_page_write(const struct api_kind *k, struct buf *out);
/* The page that lists the others. */
int api_page_write_index(struct buf *out);

#endif
