/* Tables as JSON Schema and OpenAPI. */
#ifndef CORE_TEXT_FIELD_SCHEMA_H
#define CORE_TEXT_FIELD_SCHEMA_H

#include "core/text/field.h"

enum field_schema_kind {
    FIELD_SCHEMA_JSON,       /* draft 2020-12, refers to #/$defs/NAME */
    FIELD_SCHEMA_OPENAPI_V2, /* #/definitions/NAME */
    FIELD_SCHEMA_OPENAPI_V3, /* #/components/schemas/NAME */
};

/* Adds the schema of m and of every message below it to the map defs, under their names; those
 * already there are left alone. Nodes are in a. */
void field_schema_add(const struct field_message *m, enum field_schema_kind kind, struct arena *a,
                      struct node *defs);
/* {"$ref": "#/definitions/NAME"} */
struct node *field_schema_ref(const struct field_message *m, enum field_schema_kind kind,
                              struct arena *a);
/* A JSON Schema document of m: $schema, title, $ref and $defs, for editors. */
struct node *field_schema_document(const struct field_message *m, struct arena *a);

#endif
