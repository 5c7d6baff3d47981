/* Decision records as people read them: one line each for `mesh logs`, a story for `mesh why`. The
 * records are the JSON of a proxy's /decisions. */
#ifndef CMD_DECISIONS_H
#define CMD_DECISIONS_H

#include "core/base/buf.h"
#include "core/text/node.h"

/* "14:02:11.482 403 POST details:9080/details/7 from default/productpage ... 1.2 ms" and a newline.
 */
void decisions_write_line(const struct node *record, struct buf *out);
/* What happened, why, and what may help; several lines. */
void decisions_write_story(const struct node *record, struct buf *out);
/* The sentence for a response flag ("UH"), or NULL. */
const char *decisions_flag_text(struct str flag);

#endif
