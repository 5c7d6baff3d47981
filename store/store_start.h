/* From files to a running core: open, check, move aside what is damaged, load, take an origin. */
#ifndef STORE_STORE_START_H
#define STORE_STORE_START_H

#include <stddef.h>
#include <stdint.h>

struct store_db;
struct store_db_meta;
struct store_side;

/* Makes the folder (0700), with its parents, if need be. */
int store_start_dir(const char *dir, char *why, size_t why_size);

/* Opens side->file in dir, loads side->core and writes who uses it. meta brings the ids of cluster
 * and node when they are known (live.db follows config.db) and zeros otherwise, and returns them.
 * side->health.notice tells what was moved aside. The database is the caller's, also to close. */
int store_start_side(struct store_side *side, const char *dir, uint64_t now_ms,
                     struct store_db_meta *meta, struct store_db **out, char *why, size_t why_size);

#endif
