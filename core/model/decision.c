#include "core/model/decision.h"

#include <string.h>

#include "core/base/mem.h"

static const struct {
    uint32_t flag;
    const char *letters;
} flags_table[] = {
    { DECISION_DC, "DC" },   { DECISION_DI, "DI" },     { DECISION_FI, "FI" },
    { DECISION_LR, "LR" },   { DECISION_NC, "NC" },     { DECISION_NR, "NR" },
    { DECISION_OM, "OM" },   { DECISION_DPE, "DPE" },   { DECISION_DR, "DR" },
    { DECISION_DT, "DT" },   { DECISION_DF, "DF" },     { DECISION_RL, "RL" },
    { DECISION_SI, "SI" },   { DECISION_UAEX, "UAEX" }, { DECISION_UC, "UC" },
    { DECISION_UF, "UF" },   { DECISION_UH, "UH" },     { DECISION_UO, "UO" },
    { DECISION_UPE, "UPE" }, { DECISION_UR, "UR" },     { DECISION_URX, "URX" },
    { DECISION_UT, "UT" },
};

const char *decision_flags_text(uint32_t flags, char out[128])
{
    size_t at = 0;

    if (flags == 0)
        return "-";
    for (size_t i = 0; i < COUNT_OF(flags_table); i++) {
        size_t len = strlen(flags_table[i].letters);

        if (!(flags & flags_table[i].flag))
            continue;
        if (at)
            out[at++] = ',';
        memcpy(out + at, flags_table[i].letters, len);
        at += len;
    }
    out[at] = '\0';
    return out;
}
