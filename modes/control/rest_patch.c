#include "modes/control/rest_patch.h"

#include "core/api/api_kind.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_patch.h"
#include "core/text/node_strategic.h"
#include "modes/control/rest_call.h"

static const char *const types[] = {
    [REST_PATCH_JSON] = "application/json-patch+json",
    [REST_PATCH_MERGE] = "application/merge-patch+json",
    [REST_PATCH_STRATEGIC] = "application/strategic-merge-patch+json",
    [REST_PATCH_APPLY] = "application/apply-patch+yaml",
};

bool rest_patch_read_type(struct rest_call *call, enum rest_patch_type *out)
{
    struct str rest = call->content_type, type = str_trim(str_cut(&rest, ';'));

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (!str_ieq(type, str_of(types[i])))
            continue;
        if (i == REST_PATCH_STRATEGIC && call->kind->strict)
            break; /* as Kubernetes: not for kinds that are not its own */
        *out = (enum rest_patch_type)i;
        return true;
    }
    rest_call_fail(call, 415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types "
                   "include: %s, %s, %s%s%s",
                   types[REST_PATCH_JSON], types[REST_PATCH_MERGE], types[REST_PATCH_APPLY],
                   call->kind->strict ? "" : ", ",
                   call->kind->strict ? "" : types[REST_PATCH_STRATEGIC]);
    return false;
}

bool rest_patch_run(struct rest_call *call, enum rest_patch_type type, const struct node *n,
                    const struct node *patch, struct node **out)
{
    struct arena *a = &call->arena;
    struct str why = STR_NONE;
    int err;

    if (type == REST_PATCH_JSON)
        err = node_patch_json(a, n, patch, out, &why);
    else if (type == REST_PATCH_MERGE)
        err = node_patch_merge(a, n, patch, out, &why);
    else
        err = node_strategic(a, n, patch, call->kind->root, out, &why);
    if (err == 0 && (*out)->kind == NODE_MAP)
        return true;
    if (err == ERR_LIMIT)
        rest_call_fail(call, 413, "RequestEntityTooLarge", "%.*s", STR_ARG(why));
    else if (err == ERR_NOT_FOUND || err == ERR_CONFLICT)
        rest_call_fail_field(call, "patch", why);
    else
        rest_call_fail(call, 400, "BadRequest", "the patch cannot be used: %.*s",
                       STR_ARG(why.len ? why : STR("its result is no object")));
    return false;
}
