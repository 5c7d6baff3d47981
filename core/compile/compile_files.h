/* Files that objects name (certificates, keys): which ones, and what each looked like when it was
 * read, so that a change of one rebuilds what was made from it. */
#ifndef CORE_COMPILE_COMPILE_FILES_H
#define CORE_COMPILE_COMPILE_FILES_H

#include "core/compile/compile_state.h"

/* The key in secret_users of hosts whose clusters read files. */
#define COMPILE_FILES_USER "file:"

/* path is about to be read. */
void compile_files_note(struct compile *c, struct str path);
/* Date, size and number of the file, or of its absence. */
uint64_t compile_files_stamp(struct str path);
void compile_files_free(struct compile *c);

#endif
