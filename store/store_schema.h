/* The tables of config.db and live.db, and the steps that bring an older file up to date.
 *
 * A step works on the local file only and never makes a dot: what is replicated are records, whose
 * form does not follow the tables. user_version counts the steps that were taken. */
#ifndef STORE_STORE_SCHEMA_H
#define STORE_STORE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#define STORE_SCHEMA_APPLICATION_ID 0x6D657368 /* "mesh" */

struct store_schema_step {
    const char *what;
    const char *sql;
};

/* All steps for a fresh file, in order. */
const struct store_schema_step *store_schema_steps(bool is_live, size_t *count);

#endif
