/* Objects of a file or folder kept applied: `mesh apply -f PATH` is run at first and after every
 * change, so that what it says and does is what a person would get; with --prune, so that what goes
 * from PATH goes from the mesh. Main thread. */
#ifndef CMD_UP_FILES_H
#define CMD_UP_FILES_H

struct up_files; /* opaque */
struct worker;

/* A path that cannot be watched is applied once, and logged. */
struct up_files *up_files_new(struct worker *w, const char *path);
void up_files_free(struct up_files *f); /* NULL is allowed */

#endif
