/* Protobuf written and read by hand, for tests that must not lean on the tables they test. Texts
 * are in the arena given; no field is longer than 16383 bytes, no number larger. Any thread. */
#ifndef TESTS_UNIT_SUPPORT_PROTO_HAND_H
#define TESTS_UNIT_SUPPORT_PROTO_HAND_H

#include "core/base/arena.h"

/* A field of text, bytes or a message. */
struct str proto_hand_field(struct arena *a, int number, struct str value);
/* A field of a number. */
struct str proto_hand_int(struct arena *a, int number, int value);
struct str proto_hand_cat(struct arena *a, struct str first, struct str second);

/* The first field of this number: its bytes, "" for a number, a NULL pointer when there is none or
 * the message is cut short. */
struct str proto_hand_find(struct str message, unsigned number);

#endif
