/* A kind that has every type and shape of field once, for the tests of core/text. */
#ifndef TESTS_UNIT_SUPPORT_FIELD_SAMPLE_H
#define TESTS_UNIT_SUPPORT_FIELD_SAMPLE_H

#include "core/text/field.h"

enum field_sample_mode {
    FIELD_SAMPLE_MODE_UNSET,
    FIELD_SAMPLE_MODE_STRICT,
    FIELD_SAMPLE_MODE_PERMISSIVE,
};

struct field_sample_dest {
    struct field_at at;
    struct str host, subset;
    int64_t weight; /* 0..100 */
    struct field_opt port;
};

struct field_sample_match {
    struct str exact, prefix; /* a oneof, one required */
    struct field_sample_match *not_match;
};

struct field_sample_part {
    struct str key;
    struct field_sample_match value;
};

struct field_sample_route {
    struct field_at at;
    struct str name;
    struct field_sample_dest *route;
    size_t route_count;
    struct field_opt timeout;
    struct field_sample_part *headers;
    size_t headers_count;
    struct field_sample_dest *mirror;
};

struct field_sample_spec {
    struct str *hosts;
    size_t hosts_count;
    struct field_sample_route *http;
    size_t http_count;
    enum field_sample_mode mode;
    bool flag;
    int64_t i64, i32, u32, u64, zigzag, fixed32, fixed64, sfixed32, sfixed64;
    double real, narrow;
    struct str raw, text;
    struct field_opt on, retries, level, created;
    struct field_opt_double ratio;
    struct field_int_or_str target;
    struct str cpu;
    const struct node *config, *any_value;
    int64_t *ports;
    size_t ports_count;
    double *reals;
    size_t reals_count;
    bool *flags;
    size_t flags_count;
    enum field_sample_mode *modes;
    size_t modes_count;
    struct str *blobs;
    size_t blobs_count;
    int64_t *waits;
    size_t waits_count;
    const struct node **extras;
    size_t extras_count;
    struct field_pair *labels, *data;
    size_t labels_count, data_count;
    struct field_pair_int *levels;
    size_t levels_count;
    struct field_any *extension;
    struct field_sample_dest fallback;
};

struct field_sample {
    struct str api_version, kind;
    struct field_sample_spec *spec;
    struct str unknown;
};

extern FIELD_DECLARE(field_sample_dest);
extern FIELD_DECLARE(field_sample_match);
extern FIELD_DECLARE(field_sample_route);
extern FIELD_DECLARE(field_sample_spec);
extern FIELD_DECLARE(field_sample);

/* YAML of an object that sets every field. */
extern const char field_sample_yaml[];

#endif
