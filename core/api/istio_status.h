/* What the system says about an Istio object: conditions and messages of validation. */
#ifndef CORE_API_ISTIO_STATUS_H
#define CORE_API_ISTIO_STATUS_H

#include "core/text/field.h"

struct istio_status_condition {
    struct str type, status, reason, message;
    struct field_opt last_probe, last_transition;
    struct field_int_or_str observed_generation;
};

struct istio_status_message_type {
    struct str name, code;
};

enum istio_status_level {
    ISTIO_STATUS_UNKNOWN = 0,
    ISTIO_STATUS_ERROR = 3,
    ISTIO_STATUS_WARNING = 8,
    ISTIO_STATUS_INFO = 12,
};

struct istio_status_note {
    struct istio_status_message_type *type;
    int level; /* enum istio_status_level */
    struct str documentation_url;
};

struct istio_status_address { /* of ServiceEntry */
    struct str value, host;
};

struct istio_status {
    struct istio_status_condition *conditions;
    size_t conditions_count;
    struct istio_status_note *notes;
    size_t notes_count;
    struct field_int_or_str observed_generation;
};

/* ServiceEntry's: also the addresses that were given to its hosts. */
struct istio_status_addressed {
    struct istio_status_condition *conditions;
    size_t conditions_count;
    struct istio_status_note *notes;
    size_t notes_count;
    struct field_int_or_str observed_generation;
    struct istio_status_address *addresses;
    size_t addresses_count;
};

extern FIELD_DECLARE(istio_status);
extern FIELD_DECLARE(istio_status_addressed);

#endif
