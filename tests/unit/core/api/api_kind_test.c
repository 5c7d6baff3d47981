/* The table of kinds: it is sound, and things are found in it. */
#include "core/api/api_kind.h"

#include <stdio.h>

#include "core/api/api_column.h"
#include "core/base/mem.h"
#include "core/text/field_walk.h"
#include "tests/tap.h"

static void rows_are_sound(void)
{
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        const struct field *spec = field_find(k->root, STR("spec"));
        const struct field *status = field_find(k->root, STR("status"));
        char full[128];

        OK(k->id > 0 && k->id < API_KIND_ID_END);
        EQ_PTR(api_kind_by_id(k->id), k);
        snprintf(full, sizeof(full), "%s%s%s", k->plural, k->group[0] ? "." : "", k->group);
        EQ_PTR(api_kind_by_word(str_of(full)), k);
        EQ_PTR(spec ? spec->msg : NULL, k->spec);
        EQ_PTR(status ? status->msg : NULL, k->status);
        OK(k->columns->count > 0);
        /* The head of every root struct is the same. */
        EQ_UINT(field_find(k->root, STR("apiVersion"))->offset, 8);
        EQ_UINT(field_find(k->root, STR("kind"))->offset, 24);
        EQ_UINT(field_find(k->root, STR("metadata"))->offset, 40);
        for (size_t j = 0; j < i; j++)
            OK(api_kind_at(j)->id != k->id);
    }
    EQ_PTR(api_kind_at(api_kind_count()), NULL);
    EQ_PTR(api_kind_by_id(0), NULL);
}

static bool check_row(const struct field_visit *v, void *arg)
{
    const struct api_kind *k = arg;

    if (!OK(v->field->help && v->field->help[0]))
        NOTE("%s %.*s has no help", k->kind, STR_ARG(v->path));
    if (k->strict && !k->fills && str_starts(v->path, STR("spec")) && v->message != k->root &&
        !OK(v->field->proto > 0))
        NOTE("%s %.*s has no protobuf number", k->kind, STR_ARG(v->path));
    for (const struct field *f = v->message->fields; v->field->proto > 0 && f != v->field; f++)
        if (!OK(f->proto != v->field->proto))
            NOTE("%s %.*s: number %u appears twice", k->kind, STR_ARG(v->path), f->proto);
    return true;
}

static void every_field_is_explained_and_numbered(void)
{
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        field_walk_rows(k->root, STR(""), check_row, (void *)(uintptr_t)k);
    }
}

static void words_find_kinds(void)
{
    static const struct {
        const char *word;
        int id;
    } rows[] = {
        { "vs", API_KIND_VIRTUAL_SERVICE },
        { "VirtualService", API_KIND_VIRTUAL_SERVICE },
        { "virtualservice", API_KIND_VIRTUAL_SERVICE },
        { "virtualservices.networking.istio.io", API_KIND_VIRTUAL_SERVICE },
        { "virtualservices.v1beta1.networking.istio.io", API_KIND_VIRTUAL_SERVICE },
        { "virtualservices.v9.networking.istio.io", 0 },
        { "virtualservices.example.com", 0 },
        { "gateway", API_KIND_GATEWAY }, /* Istio's, as the first in the table */
        { "gtw", API_KIND_K8S_GATEWAY },
        { "gateways.gateway.networking.k8s.io", API_KIND_K8S_GATEWAY },
        { "svc", API_KIND_SERVICE },
        { "SVC", API_KIND_SERVICE },
        { "deploy.apps", API_KIND_DEPLOYMENT },
        { "thing", 0 },
        { "", 0 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct api_kind *k = api_kind_by_word(str_of(rows[i].word));

        if (!EQ_INT(k ? k->id : 0, rows[i].id))
            NOTE("%s", rows[i].word);
    }
    EQ_STR(api_kind_closest(STR("virtualservce")), "VirtualService");
    EQ_PTR(api_kind_closest(STR("xyzzy")), NULL);
}

static void versions_and_messages_find_kinds(void)
{
    const struct api_kind *k =
        api_kind_by_api_version(STR("security.istio.io/v1beta1"), STR("PeerAuthentication"));
    struct arena a;

    arena_init(&a, 0);
    if (OK(k != NULL)) {
        EQ_INT(k->id, API_KIND_PEER_AUTHENTICATION);
        EQ_STR(api_kind_api_version(k, STR_NONE, &a).p, "security.istio.io/v1");
        EQ_STR(api_kind_api_version(k, STR("v1beta1"), &a).p, "security.istio.io/v1beta1");
        EQ_PTR(api_kind_by_proto(STR("istio.security.v1beta1.PeerAuthentication")), k);
        OK(api_kind_has_category(k, STR("istio-io")));
        OK(!api_kind_has_category(k, STR("all")));
        OK(!api_kind_has_version(k, STR("v1alpha3")));
    }
    EQ_PTR(api_kind_by_api_version(STR("security.istio.io/v1alpha3"), STR("PeerAuthentication")),
           NULL);
    EQ_PTR(api_kind_by_api_version(STR(""), STR("Service")), NULL);
    k = api_kind_by_plural(STR(""), STR("v1"), STR("services"));
    if (OK(k != NULL))
        EQ_STR(api_kind_api_version(k, STR_NONE, &a).p, "v1");
    EQ_PTR(api_kind_by_plural(STR("apps"), STR("v1"), STR("services")), NULL);
    EQ_PTR(api_kind_by_proto(STR("a.B")), NULL);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "rows_are_sound", rows_are_sound },
    { "every_field_is_explained_and_numbered", every_field_is_explained_and_numbered },
    { "words_find_kinds", words_find_kinds },
    { "versions_and_messages_find_kinds", versions_and_messages_find_kinds },
};

TAP_MAIN(cases)
