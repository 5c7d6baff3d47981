/* A SQLite VFS in memory that loses power.
 *
 * Each file is what the disk holds, and the writes since the last sync. After a set number of
 * writes, truncations and syncs the power goes: every call fails. cut_vfs_reboot then decides the
 * fate of what was not synced: nothing of it, all, the first part, or any 512-byte pieces of it,
 * some torn inside. It also runs full, read-only, and fails syncs, when told. One thread; no shared
 * memory, so only for exclusive locking. */
#ifndef TESTS_UNIT_SUPPORT_CUT_VFS_H
#define TESTS_UNIT_SUPPORT_CUT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/random.h"

#define CUT_VFS_NAME "cut"

/* Registers the VFS and empties its disk. May be called again. */
void cut_vfs_init(struct random *rng);
void cut_vfs_deinit(void);

void cut_vfs_cut_after(size_t operations); /* SIZE_MAX: never */
bool cut_vfs_is_off(void);
/* Power comes back. All connections must be closed. */
void cut_vfs_reboot(void);

void cut_vfs_set_quota(size_t bytes); /* of all files together; SIZE_MAX: none */
void cut_vfs_fail_sync(bool on);
void cut_vfs_set_read_only(bool on);
/* Flips one bit of a file that exists. */
void cut_vfs_flip(const char *name, size_t at);
bool cut_vfs_contains(const char *text); /* in any file */
size_t cut_vfs_size(const char *name);   /* 0: none such */

#endif
