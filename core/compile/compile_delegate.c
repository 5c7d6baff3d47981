#include "core/compile/compile_delegate.h"

/* ---- is the leaf's condition within the root's? ---- */

static bool value_conflicts(const struct string_match *root, const struct string_match *leaf)
{
    if (!root || !leaf)
        return false;
    if (root->regex.p || leaf->regex.p)
        return true;
    if (root->exact.p)
        return !leaf->exact.p || !str_eq(root->exact, leaf->exact);
    if (root->prefix.p)
        return !str_starts(leaf->exact.p ? leaf->exact : leaf->prefix, root->prefix);
    return true;
}

static const struct string_match *find_entry(const struct string_match_entry *list, size_t count,
                                             struct str key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i].key, key))
            return &list[i].value;
    }
    return NULL;
}

static bool entries_conflict(const struct string_match_entry *root, size_t root_count,
                             const struct string_match_entry *leaf, size_t leaf_count)
{
    for (size_t i = 0; i < leaf_count; i++) {
        if (value_conflicts(find_entry(root, root_count, leaf[i].key), &leaf[i].value))
            return true;
    }
    return false;
}

static bool has_all(const struct str *outer, size_t outer_count, const struct str *inner,
                    size_t inner_count)
{
    for (size_t i = 0; i < inner_count; i++) {
        bool found = false;

        for (size_t j = 0; j < outer_count; j++)
            found |= str_eq(outer[j], inner[i]);
        if (!found)
            return false;
    }
    return true;
}

static bool conflicts(const struct virtual_service_http_match *root,
                      const struct virtual_service_http_match *leaf)
{
    if (value_conflicts(root->uri, leaf->uri) || value_conflicts(root->scheme, leaf->scheme) ||
        value_conflicts(root->method, leaf->method) ||
        value_conflicts(root->authority, leaf->authority))
        return true;
    if (root->port && leaf->port && root->port != leaf->port)
        return true;
    if (root->ignore_uri_case != leaf->ignore_uri_case)
        return true;
    if (root->source_namespace.len && leaf->source_namespace.len &&
        !str_eq(root->source_namespace, leaf->source_namespace))
        return true;
    if (root->gateways_count &&
        !has_all(root->gateways, root->gateways_count, leaf->gateways, leaf->gateways_count))
        return true;
    return entries_conflict(root->headers, root->headers_count, leaf->headers,
                            leaf->headers_count) ||
           entries_conflict(root->without_headers, root->without_headers_count,
                            leaf->without_headers, leaf->without_headers_count) ||
           entries_conflict(root->query_params, root->query_params_count, leaf->query_params,
                            leaf->query_params_count);
}

/* ---- merging ---- */

static struct string_match_entry *join(const struct string_match_entry *root, size_t root_count,
                                       const struct string_match_entry *leaf, size_t leaf_count,
                                       struct arena *a, size_t *count)
{
    struct string_match_entry *out = arena_alloc0(a, root_count + leaf_count, sizeof(*out));
    size_t n = 0;

    for (size_t i = 0; i < leaf_count; i++)
        out[n++] = leaf[i];
    for (size_t i = 0; i < root_count; i++) {
        if (!find_entry(leaf, leaf_count, root[i].key))
            out[n++] = root[i];
    }
    *count = n;
    return out;
}

static struct field_pair *join_labels(const struct virtual_service_http_match *root,
                                      const struct virtual_service_http_match *leaf,
                                      struct arena *a, size_t *count)
{
    struct field_pair *out =
        arena_alloc0(a, root->source_labels_count + leaf->source_labels_count, sizeof(*out));
    size_t n = 0;

    for (size_t i = 0; i < root->source_labels_count; i++)
        out[n++] = root->source_labels[i];
    for (size_t i = 0; i < leaf->source_labels_count; i++)
        out[n++] = leaf->source_labels[i];
    *count = n;
    return out;
}

static struct str join_name(struct str root, struct str leaf, struct arena *a)
{
    if (!root.len || !leaf.len)
        return root.len ? root : leaf;
    return arena_printf(a, "%.*s-%.*s", STR_ARG(root), STR_ARG(leaf));
}

static void merge_match(const struct virtual_service_http_match *root,
                        const struct virtual_service_http_match *leaf, struct arena *a,
                        struct virtual_service_http_match *out)
{
    *out = *leaf;
    out->name = join_name(root->name, leaf->name, a);
    if (!out->uri) {
        out->uri = root->uri;
        out->ignore_uri_case = root->ignore_uri_case;
    }
    out->scheme = leaf->scheme ? leaf->scheme : root->scheme;
    out->method = leaf->method ? leaf->method : root->method;
    out->authority = leaf->authority ? leaf->authority : root->authority;
    out->port = leaf->port ? leaf->port : root->port;
    out->headers = join(root->headers, root->headers_count, leaf->headers, leaf->headers_count, a,
                        &out->headers_count);
    out->without_headers =
        join(root->without_headers, root->without_headers_count, leaf->without_headers,
             leaf->without_headers_count, a, &out->without_headers_count);
    out->query_params = join(root->query_params, root->query_params_count, leaf->query_params,
                             leaf->query_params_count, a, &out->query_params_count);
    out->source_labels = join_labels(root, leaf, a, &out->source_labels_count);
    if (!leaf->source_namespace.len)
        out->source_namespace = root->source_namespace;
    if (!leaf->gateways_count) {
        out->gateways = root->gateways;
        out->gateways_count = root->gateways_count;
    }
}

/* Every match of the leaf with each of the root's that it fits; false: one fits none. */
static bool merge_matches(const struct virtual_service_http *root,
                          const struct virtual_service_http *leaf, struct arena *a,
                          struct virtual_service_http *out)
{
    if (!root->match_count)
        return true;
    if (!leaf->match_count) {
        out->match = root->match;
        out->match_count = root->match_count;
        return true;
    }
    out->match = arena_alloc0(a, root->match_count * leaf->match_count, sizeof(*out->match));
    out->match_count = 0;
    for (size_t i = 0; i < leaf->match_count; i++) {
        size_t before = out->match_count;

        for (size_t j = 0; j < root->match_count; j++) {
            if (!conflicts(&root->match[j], &leaf->match[i]))
                merge_match(&root->match[j], &leaf->match[i], a, &out->match[out->match_count++]);
        }
        if (out->match_count == before)
            return false;
    }
    return true;
}

const struct virtual_service_http *compile_delegate_merge(const struct virtual_service_http *root,
                                                          const struct virtual_service_http *leaf,
                                                          struct arena *a)
{
    struct virtual_service_http *out = arena_alloc0(a, 1, sizeof(*out));

    *out = *leaf;
    if (!merge_matches(root, leaf, a, out))
        return NULL;
    out->name = join_name(root->name, leaf->name, a);
    out->rewrite = leaf->rewrite ? leaf->rewrite : root->rewrite;
    out->direct_response = leaf->direct_response ? leaf->direct_response : root->direct_response;
    out->timeout = leaf->timeout.set ? leaf->timeout : root->timeout;
    out->retries = leaf->retries ? leaf->retries : root->retries;
    out->fault = leaf->fault ? leaf->fault : root->fault;
    out->cors = leaf->cors ? leaf->cors : root->cors;
    out->headers = leaf->headers ? leaf->headers : root->headers;
    if (!leaf->mirror) {
        out->mirror = root->mirror;
        out->mirror_percent = root->mirror_percent;
        out->mirror_percentage = root->mirror_percentage;
    }
    if (!leaf->mirrors_count) {
        out->mirrors = root->mirrors;
        out->mirrors_count = root->mirrors_count;
    }
    return out;
}
