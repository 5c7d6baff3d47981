/* Tells when something in a directory (or about one file) changed, once per burst of changes.
 *
 * By inotify on the directory, so that atomic renames and Kubernetes' symlink swaps are seen. Loop
 * thread. */
#ifndef MODES_SHARED_DIRWATCH_H
#define MODES_SHARED_DIRWATCH_H

struct dirwatch;
struct worker;

/* changed(arg) runs 50 ms after the last change of a burst, at latest 500 ms after its first. */
int dirwatch_new(struct worker *w, const char *path, void (*changed)(void *arg), void *arg,
                 struct dirwatch **out);
void dirwatch_free(struct dirwatch *d); /* NULL is allowed */

#endif
