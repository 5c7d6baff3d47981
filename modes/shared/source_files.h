/* Configuration from files: a directory (or one file) of YAML and JSON, read at start and again
 * when something in it changes.
 *
 * A file is taken whole or not at all: while it has mistakes, what it held before stays in force
 * and the mistakes are logged. The same object in two files: the file later by name counts. Main
 * thread. */
#ifndef MODES_SHARED_SOURCE_FILES_H
#define MODES_SHARED_SOURCE_FILES_H

#include "core/base/diag.h"

struct runtime;
struct source_files;

/* Reads everything and gives it to rt (without commit). Mistakes are in d; ERR_INVALID then, and
 * nothing was created. ERR_NOT_FOUND and libuv's codes: path cannot be read. */
int source_files_new(struct runtime *rt, const char *path, struct diag *d,
                     struct source_files **out);
/* From now on changes are read, given to rt and committed. */
int source_files_watch(struct source_files *s);
void source_files_free(struct source_files *s); /* NULL is allowed */

#endif
