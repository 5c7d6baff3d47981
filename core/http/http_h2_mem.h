/* nghttp2's memory, by size classes with free lists of the worker: its streams, frames and header
 * blocks come and go with every request in a handful of sizes, and the heap costs more than a tenth
 * of a request. Loop thread. */
#ifndef CORE_HTTP_HTTP_H2_MEM_H
#define CORE_HTTP_HTTP_H2_MEM_H

#include <nghttp2/nghttp2.h>

struct worker;

/* For nghttp2_session_*_new3; belongs to the worker and outlives its sessions. */
nghttp2_mem *http_h2_mem_of(struct worker *w);

#endif
