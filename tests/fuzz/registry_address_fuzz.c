/* Whatever a control plane sends as istio.workload.Address is taken or refused. */
#include "core/compile/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct registry *r;

    if (!r)
        r = registry_new(&(struct registry_options){ .node_ns = STR("default") });
    (void)registry_put_address(r, STR("x"), str_make(data, size));
    registry_run(r, NULL, NULL);
    registry_remove_address(r, STR("x"));
    registry_run(r, NULL, NULL);
    return 0;
}
