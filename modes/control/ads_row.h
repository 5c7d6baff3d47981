/* Rows of the store as proxies are given them: which are, under what name, and decoded with what
 * the store and key fetching know beside their text. Main thread. */
#ifndef MODES_CONTROL_ADS_ROW_H
#define MODES_CONTROL_ADS_ROW_H

#include "core/api/object.h"
#include "core/base/arena.h"

struct jwks;
struct store;
struct store_object;

/* Whether proxies compile from the row's kind; the rest is turned into addresses, or for people. */
bool ads_row_is_served(const struct store_object *row);
/* "virtualservices.networking.istio.io/prod/reviews"; in a. */
struct str ads_row_name(const struct store_object *row, struct arena *a);
/* One reference; NULL: it cannot be read, which was logged. jwks NULL: no keys are filled in. */
struct object *ads_row_decode(const struct store_object *row, const struct store *store,
                              struct jwks *jwks);

#endif
