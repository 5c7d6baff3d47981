/* Our certificate from files, as Istio's OUTPUT_CERTS writes them: cert-chain.pem, key.pem and
 * root-cert.pem in one directory; read again when they change. Main thread. */
#ifndef MODES_SHARED_IDENTITY_FILES_H
#define MODES_SHARED_IDENTITY_FILES_H

struct identity_files;
struct runtime;

/* Reads and gives them to rt. An error was logged, and nothing was created. */
int identity_files_new(struct runtime *rt, const char *dir, struct identity_files **out);
void identity_files_free(struct identity_files *f); /* NULL is allowed */

#endif
