#include "core/text/grpc_code.h"

#include "core/http/grpc_status.h"
#include "tests/tap.h"

static void names_and_numbers_agree(void)
{
    for (int i = 0; i < GRPC_CODE_COUNT; i++)
        EQ_INT(grpc_code_of_name(str_of(grpc_code_names[i])), i);
    EQ_INT(grpc_code_of_name(STR("UNAVAILABLE")), GRPC_STATUS_UNAVAILABLE);
    EQ_INT(grpc_code_of_name(STR("UNAUTHENTICATED")), GRPC_STATUS_UNAUTHENTICATED);
}

static void other_words_are_no_status(void)
{
    EQ_INT(grpc_code_of_name(STR("unavailable")), -1);
    EQ_INT(grpc_code_of_name(STR("UNAVAILABL")), -1);
    EQ_INT(grpc_code_of_name(STR_NONE), -1);
}

static const struct tap_case cases[] = {
    { "names_and_numbers_agree", names_and_numbers_agree },
    { "other_words_are_no_status", other_words_are_no_status },
};

TAP_MAIN(cases)
