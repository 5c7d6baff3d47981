/* Orders and renews the certificates that Gateways ask for (core/compile/compile_acme.h), and
 * serves them as Secrets.
 *
 *   commit -> wants -> items ---due---> lock -> acme_order -> file -> Secret -> commit
 *                        ^                                      |
 *                        '----- the folder changed -------------'   (another gateway ordered)
 *
 * Gateways that share the folder order one at a time; all of them answer the challenges. A
 * certificate is renewed when a third of its life is left, at a time of its own in the tenth before
 * that. A failure is waited out: a minute, doubled up to a day, remembered over restarts, and never
 * less than the server asked for. Main thread. */
#ifndef MODES_SHARED_ACME_AGENT_H
#define MODES_SHARED_ACME_AGENT_H

struct acme_agent;
struct runtime;

struct acme_agent_options {
    const char *dir;       /* made if need be */
    const char *ca;        /* PEM file: who certified the ACME server; NULL: the system's roots */
    const char *resolvers; /* DNS servers; NULL: the system's */
};

/* From the next commit on. 0, or libuv's codes for the folder and the file, said in the log. */
int acme_agent_new(struct runtime *rt, const struct acme_agent_options *options,
                   struct acme_agent **out);
void acme_agent_free(struct acme_agent *a); /* NULL is allowed */

#endif
