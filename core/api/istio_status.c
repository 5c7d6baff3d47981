#include "core/api/istio_status.h"

/* clang-format off */
#define T struct istio_status_condition
static const struct field istio_status_condition_fields[] = {
    FIELD_STR(T, type, "type", .help = "What is being said, one word."),
    FIELD_STR(T, status, "status", .help = "True, False or Unknown."),
    FIELD_TIMESTAMP(T, last_probe, "lastProbeTime", .help = "When it was last looked at."),
    FIELD_TIMESTAMP(T, last_transition, "lastTransitionTime", .help = "When the status last changed."),
    FIELD_STR(T, reason, "reason", .help = "Why, one word."),
    FIELD_STR(T, message, "message", .help = "Why, for people."),
    FIELD_INT_OR_STRING(T, observed_generation, "observedGeneration", .help = "The generation this is about."),
};
static FIELD_MESSAGE(istio_status_condition, "istio.meta.v1alpha1.IstioCondition", .help = "One thing that holds or does not.");
#undef T

#define T struct istio_status_message_type
static const struct field istio_status_message_type_fields[] = {
    FIELD_STR(T, name, "name", .help = "Name of the message."),
    FIELD_STR(T, code, "code", .help = "Its code, as IST0101."),
};
static FIELD_MESSAGE(istio_status_message_type, "istio.analysis.v1alpha1.AnalysisMessageBase.Type", .help = "Which message.");
#undef T

static const struct field_enum_name istio_status_level_names[] = {
    { "UNKNOWN", ISTIO_STATUS_UNKNOWN, "Not said." },
    { "ERROR", ISTIO_STATUS_ERROR, "The object does not do what it says." },
    { "WARNING", ISTIO_STATUS_WARNING, "Likely a mistake." },
    { "INFO", ISTIO_STATUS_INFO, "Good to know." },
};
static FIELD_ENUM_TABLE(istio_status_level, "istio.analysis.v1alpha1.AnalysisMessageBase.Level");

#define T struct istio_status_note
static const struct field istio_status_note_fields[] = {
    FIELD_MSG(T, type, "type", istio_status_message_type, .help = "Which message."),
    FIELD_ENUM(T, level, "level", istio_status_level, .help = "How bad it is."),
    FIELD_STR(T, documentation_url, "documentationUrl", .help = "Where it is explained."),
};
static FIELD_MESSAGE(istio_status_note, "istio.analysis.v1alpha1.AnalysisMessageBase", .help = "What validation has to say.");
#undef T

#define STATUS_ROWS                                                                                \
    FIELD_LIST_MSG(T, conditions, "conditions", istio_status_condition, .read_only = true, .merge_key = "type", .help = "What holds now."), \
    FIELD_LIST_MSG(T, notes, "validationMessages", istio_status_note, .read_only = true, .help = "What validation found."), \
    FIELD_INT_OR_STRING(T, observed_generation, "observedGeneration", .read_only = true, .help = "The generation this is about.")

#define T struct istio_status
static const struct field istio_status_fields[] = { STATUS_ROWS };
FIELD_MESSAGE(istio_status, "istio.meta.v1alpha1.IstioStatus", .help = "What the system says about the object.");
#undef T

#define T struct istio_status_address
static const struct field istio_status_address_fields[] = {
    FIELD_STR(T, value, "value", .help = "The address."),
    FIELD_STR(T, host, "host", .help = "The host it stands for."),
};
static FIELD_MESSAGE(istio_status_address, "istio.networking.v1alpha3.ServiceEntryAddress", .help = "An address given to a host.");
#undef T

#define T struct istio_status_addressed
static const struct field istio_status_addressed_fields[] = {
    STATUS_ROWS,
    FIELD_LIST_MSG(T, addresses, "addresses", istio_status_address, .read_only = true, .help = "Virtual addresses that the system gave to the hosts."),
};
FIELD_MESSAGE(istio_status_addressed, "istio.networking.v1alpha3.ServiceEntryStatus", .help = "What the system says about the object.");
#undef T
/* clang-format on */
