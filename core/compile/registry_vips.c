#include "core/compile/registry_vips.h"

#include "core/base/hash.h"
#include "core/base/mem.h"

enum { LOWS = 0x10000 };

void registry_vips_deinit(struct registry_vips *v)
{
    mem_free(v->taken);
    v->taken = NULL;
}

bool registry_vips_hold(struct registry_vips *v, uint16_t low)
{
    uint64_t bit = (uint64_t)1 << (low % 64);

    if (low == 0 || low == LOWS - 1)
        return false;
    if (!v->taken)
        v->taken = mem_alloc0(LOWS / 64, sizeof(*v->taken));
    if (v->taken[low / 64] & bit)
        return false;
    v->taken[low / 64] |= bit;
    return true;
}

void registry_vips_release(struct registry_vips *v, uint16_t low)
{
    if (low)
        v->taken[low / 64] &= ~((uint64_t)1 << (low % 64));
}

uint16_t registry_vips_allocate(struct registry_vips *v, struct str name)
{
    uint64_t at = hash_content(name.p, name.len);

    for (uint32_t i = 0; i < LOWS; i++) {
        uint16_t low = (uint16_t)(at + i);

        if (registry_vips_hold(v, low))
            return low;
    }
    return 0;
}

void registry_vips_addrs(uint16_t low, struct addr out[REGISTRY_VIPS_COUNT])
{
    const uint8_t high = (uint8_t)(low >> 8), last = (uint8_t)low;

    out[0] = (struct addr){ .family = ADDR_IPV4, .ip = { 240, 240, high, last } };
    out[1] = (struct addr){ .family = ADDR_IPV6,
                            .ip = { 0x20, 0x01, 0, 2, [12] = 240, 240, high, last } };
}

uint16_t registry_vips_low(const struct addr *a)
{
    size_t at = a->family == ADDR_IPV4 ? 2 : 14;
    uint16_t low = (uint16_t)(a->ip[at] << 8 | a->ip[at + 1]);
    struct addr own[REGISTRY_VIPS_COUNT];

    registry_vips_addrs(low, own);
    return addr_eq_ip(a, &own[0]) || addr_eq_ip(a, &own[1]) ? low : 0;
}
