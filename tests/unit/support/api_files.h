/* Files of objects for tests: reading them, finding them. */
#ifndef TESTS_UNIT_SUPPORT_API_FILES_H
#define TESTS_UNIT_SUPPORT_API_FILES_H

#include <stdbool.h>

#include "core/api/object_set.h"

/* The file's content, zero-terminated, from the heap; NULL when it cannot be read. */
char *api_files_read(const char *path, size_t *len);
/* Reads the objects of a file; what d says is printed as notes when it is not empty. Returns
 * object_set_read's result, or ERR_NOT_FOUND. */
int api_files_load(struct object_set *set, const char *path, struct diag *d);
/* Decodes objects of text into set and returns what d has to say as one line each, from the heap.
 */
char *api_files_complain(const char *text, struct object_set *set);
/* Decodes "spec" of an object of that kind and returns what there is to say about it, from the
 * heap. */
char *api_files_complain_spec(const char *api_version, const char *kind, const char *spec);
/* Calls fn for every regular file below folder whose name ends in .yaml; the number of them. */
size_t api_files_each(const char *folder, void (*fn)(const char *path));

#endif
