/* Cursors in the log of changes; what callers use is in store.h. For the store's driver. */
#ifndef STORE_STORE_WATCH_H
#define STORE_STORE_WATCH_H

struct store_side;

/* Runs ready of every watch that waits and has something to look at. */
void store_watch_wake(struct store_side *side);
/* Cuts all watches off; they stay their owners'. */
void store_watch_detach(struct store_side *side);

#endif
