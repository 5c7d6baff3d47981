#include "core/telemetry/access_peer.h"

#include <stdio.h>

#include "core/base/encode.h"
#include "core/base/mem.h"
#include "core/telemetry/telemetry_peer.h"

#define STRUCT_TYPE "type.googleapis.com/google.protobuf.Struct"

const char *access_peer_parse(struct access_op *op, struct str arg, struct arena *a)
{
    struct str rest = arg, key = str_cut(&rest, ':'), form = str_cut(&rest, ':');

    if (!key.len)
        return "needs a key in parentheses, such as upstream_peer";
    if (!form.len || str_is(form, "TYPED"))
        op->form = ACCESS_OP_FORM_JSON;
    else if (str_is(form, "PLAIN"))
        op->form = ACCESS_OP_FORM_TEXT;
    else if (str_is(form, "FIELD"))
        op->form = ACCESS_OP_FORM_FIELD;
    else
        return "knows PLAIN, TYPED and FIELD behind the key";
    if ((op->form == ACCESS_OP_FORM_FIELD) != (rest.len > 0))
        return "takes the name of a field behind FIELD, and only there";
    op->arg = arena_str(a, key);
    op->alt = arena_str(a, rest);
    return NULL;
}

/* Who op's key stands for; NULL: not known. */
static const struct model_telemetry_peer *peer_of(const struct access_op *op,
                                                  const struct access_source *s)
{
    const struct decision *d = s->decision;

    if (str_starts(op->arg, STR("downstream_peer")))
        return d->inbound ? telemetry_peer_find(s->peers, d) : NULL;
    return !d->inbound && d->endpoint && d->endpoint->peer.workload.len ? &d->endpoint->peer : NULL;
}

static bool is_key(struct str key, bool *is_bare)
{
    *is_bare = str_ends(key, STR("_peer_obj"));
    return str_is(key, "downstream_peer") || str_is(key, "upstream_peer") ||
           str_is(key, "downstream_peer_obj") || str_is(key, "upstream_peer_obj");
}

/* What is known of a peer, by Istio's names and in their order. */
#define FIELDS_MAX 7

struct field_value {
    const char *name;
    struct str value;
};

static void fields_of(const struct model_telemetry_peer *p, struct field_value out[FIELDS_MAX])
{
    const struct field_value list[FIELDS_MAX] = {
        { "workload", p->workload },
        { "cluster", p->cluster },
        { "namespace", p->ns },
        { "service", p->canonical_service },
        { "revision", p->canonical_revision },
        { "app", p->app },
        { "version", p->version },
    };

    for (size_t i = 0; i < FIELDS_MAX; i++)
        out[i] = list[i];
}

static bool write_field(const struct field_value list[FIELDS_MAX], struct str name, struct buf *out)
{
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        if (str_is(name, list[i].name))
            return list[i].value.len && buf_add_str(out, list[i].value) == 0;
    }
    return false;
}

static bool write_text(const struct field_value list[FIELDS_MAX], struct buf *out)
{
    const char *comma = "";

    for (size_t i = 0; i < FIELDS_MAX; i++) {
        if (!list[i].value.len)
            continue;
        buf_printf(out, "%s%s=%.*s", comma, list[i].name, STR_ARG(list[i].value));
        comma = ",";
    }
    return comma[0];
}

static void write_struct(const struct field_value list[FIELDS_MAX], struct str principal,
                         struct buf *out)
{
    const char *comma = "{";

    for (size_t i = 0; i < FIELDS_MAX; i++) {
        if (!list[i].value.len)
            continue;
        buf_printf(out, "%s\"%s\":", comma, list[i].name);
        encode_json(out, list[i].value);
        comma = ",";
    }
    if (principal.len) {
        bool has_scheme = str_starts(principal, STR("spiffe://"));
        char text[512];

        snprintf(text, sizeof(text), "%s%.*s", has_scheme ? "" : "spiffe://", STR_ARG(principal));
        buf_printf(out, "%s\"identity\":", comma);
        encode_json(out, str_of(text));
        comma = ",";
    }
    buf_add_str(out, comma[0] == '{' ? STR("{}") : STR("}"));
}

bool access_peer_write(const struct access_op *op, const struct access_source *source,
                       struct buf *out)
{
    const struct model_telemetry_peer *p;
    struct field_value list[FIELDS_MAX];
    bool is_bare;

    if (!is_key(op->arg, &is_bare))
        return false;
    p = peer_of(op, source);
    if (!p)
        return false;
    fields_of(p, list);
    if (op->form == ACCESS_OP_FORM_FIELD)
        return write_field(list, op->alt, out);
    if (op->form == ACCESS_OP_FORM_TEXT)
        return write_text(list, out);
    if (!is_bare)
        buf_add_str(out, STR("{\"@type\":\"" STRUCT_TYPE "\",\"value\":"));
    write_struct(list, p->principal, out);
    if (!is_bare)
        buf_add_char(out, '}');
    return true;
}
