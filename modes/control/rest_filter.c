#include "modes/control/rest_filter.h"

#include "core/api/object.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_object.h"

/* Proxies announce these. */
bool rest_filter_has_live(const struct api_kind *k)
{
    return k->id == API_KIND_WORKLOAD_ENTRY;
}

bool rest_filter_read(struct rest_call *call, struct rest_filter *out)
{
    struct str labels = rest_call_param(call, "labelSelector");
    struct str fields = rest_call_param(call, "fieldSelector"), why = STR_NONE;

    *out = (struct rest_filter){ .name = call->name };
    if (api_selector_parse_labels(labels, &call->arena, &out->labels, &why) != 0 ||
        api_selector_parse_fields(fields, &call->arena, &out->fields, &why) != 0) {
        rest_call_fail(call, 400, "BadRequest", "unable to parse the selector: %.*s", STR_ARG(why));
        return false;
    }
    return true;
}

bool rest_filter_fits(const struct rest_filter *f, const struct node *n, struct arena *scratch)
{
    struct object_options stored = { .stored = true };
    struct object *o;
    bool fits;

    if (f->name.len && !str_eq(f->name, node_get_str(node_getz(n, "metadata"), "name")))
        return false;
    if (f->labels.count) {
        size_t count;
        const struct field_pair *pairs = rest_object_labels(n, scratch, &count);

        if (!api_selector_has_labels(&f->labels, pairs, count))
            return false;
    }
    if (f->fields.count == 0)
        return true;
    if (object_decode(&o, n, NULL, &stored) != 0)
        return false;
    fits = api_selector_has_fields(&f->fields, o);
    object_unref(o);
    return fits;
}

static int compare(const struct store_object *x, const struct store_object *y)
{
    int order = str_cmp(x->ns, y->ns);

    return order ? order : str_cmp(x->name, y->name);
}

const struct store_object *rest_filter_next(const struct store *s, const struct api_kind *k,
                                            struct str ns, struct str after_ns,
                                            struct str after_name)
{
    const struct store_object *written = store_next(s, k->id, ns, after_ns, after_name), *live;

    if (!rest_filter_has_live(k))
        return written;
    live = store_next(s, k->id | STORE_KIND_LIVE, ns, after_ns, after_name);
    if (!written || !live)
        return written ? written : live;
    return compare(live, written) < 0 ? live : written;
}

const struct store_object *rest_filter_find(const struct store *s, const struct api_kind *k,
                                            struct str ns, struct str name)
{
    const struct store_object *o = store_find(s, k->id, ns, name);

    if (!o && rest_filter_has_live(k))
        o = store_find(s, k->id | STORE_KIND_LIVE, ns, name);
    return o;
}

struct str rest_filter_token(const struct store *s, const struct api_kind *k, struct arena *a)
{
    const char *config = store_token(s, STORE_CLASS_CONFIG);

    if (!rest_filter_has_live(k))
        return arena_str(a, str_of(config));
    return arena_printf(a, "%s~%s", config, store_token(s, STORE_CLASS_LIVE));
}
