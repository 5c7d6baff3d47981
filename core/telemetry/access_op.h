/* The operators of access_format.h, one table. */
#ifndef CORE_TELEMETRY_ACCESS_OP_H
#define CORE_TELEMETRY_ACCESS_OP_H

#include "core/base/buf.h"
#include "core/http/http_msg.h"
#include "core/model/decision.h"

struct telemetry_peer;

/* Where values come from. */
struct access_source {
    const struct decision *decision;
    const struct http_msg *request;  /* NULL: what the decision kept of it */
    const struct http_msg *response; /* NULL: none came, or it is gone */
    struct telemetry_peer *peers;    /* the worker's, who a client is; NULL: looked up each time */
};

/* How FILTER_STATE shows an object. */
enum access_op_form {
    ACCESS_OP_FORM_NONE,
    ACCESS_OP_FORM_JSON,
    ACCESS_OP_FORM_TEXT,
    ACCESS_OP_FORM_FIELD
};

/* One piece of a parsed format. */
struct access_op {
    const struct access_op_def *def; /* NULL: a literal, which is arg */
    struct str arg, alt; /* header names in lower case, a time format, ...; alt: "X?Y" */
    uint16_t token, alt_token;
    uint8_t form; /* enum access_op_form; JSON has no max_bytes, and no quotes in a log of JSON */
    size_t max_bytes; /* 0: all */
};

/* A row of the table. */
struct access_op_def {
    const char *name;
    /* Appends the value; false: there is none, and nothing was appended. */
    bool (*write)(const struct access_op *op, const struct access_source *source, struct buf *out);
    enum { ACCESS_OP_NO_ARG, ACCESS_OP_OPTIONAL_ARG, ACCESS_OP_HEADER, ACCESS_OP_STATE } arg;
    bool is_number;
};

/* The row of a name, or NULL. */
const struct access_op_def *access_op_find(struct str name);

#endif
