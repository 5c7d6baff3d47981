/* Turns a transaction into rows of a batch: conditions, versions, clocks, winners and losers.
 *
 * What is seen is memory with the batch on top of it, so that transactions that share a commit
 * behave as if each had its own. A transaction that fails leaves the batch as it was. */
#ifndef STORE_STORE_PLAN_H
#define STORE_STORE_PLAN_H

#include <stdint.h>

struct random;
struct store_batch;
struct store_core;
struct store_txn;

/* Sets t's code, text and results; raises b's vector, clock and digest and c's clock. */
void store_plan(struct store_core *c, struct store_batch *b, struct store_txn *t, uint64_t now_ms,
                struct random *rng);

#endif
