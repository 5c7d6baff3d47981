/* Which mesh this is. */
#ifndef CORE_BASE_VERSION_H
#define CORE_BASE_VERSION_H

/* The release, as "1.2.3". Static memory. Any thread. */
const char *version_string(void);

/* One line for people: release, kind of build and compiler. Static memory. Any thread. */
const char *version_line(void);

#endif
