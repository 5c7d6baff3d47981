/* `mesh route`'s document as lines for people. */
#ifndef CMD_ROUTE_TEXT_H
#define CMD_ROUTE_TEXT_H

#include "core/base/buf.h"
#include "core/text/node.h"

/* doc: as cmd_route builds it around route_trace's. */
void route_text_write(const struct node *doc, struct buf *out);

#endif
