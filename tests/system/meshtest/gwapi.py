"""Objects of the Gateway API for tests."""

from .objects import VERSIONS, obj

V1 = "gateway.networking.k8s.io/v1"
SUFFIX = "svc.cluster.local"


def made(kind, name, spec, namespace="default", version=V1, **meta):
    """namespace None: of none; spec None: an object without."""
    return {"apiVersion": version, "kind": kind,
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **meta},
            **({} if spec is None else {"spec": spec})}


def listener(port, protocol="HTTP", hostname=None, name=None, allow="Same", **more):
    """allow: "Same", "All", or labels of namespaces."""
    namespaces = {"from": allow} if isinstance(allow, str) else {"from": "Selector", "selector": {"matchLabels": allow}}
    return {"name": name or f"l{port}", "port": port, "protocol": protocol,
            **({"hostname": hostname} if hostname else {}),
            "allowedRoutes": {"namespaces": namespaces, **more.pop("allowed", {})}, **more}


def k8s_gateway(*listeners, name="gw", namespace="default", class_name="mesh", **more):
    return made("Gateway", name, {"gatewayClassName": class_name, "listeners": list(listeners), **more}, namespace)


def parent(name="gw", namespace=None, section=None, port=None):
    return {"name": name, **({"namespace": namespace} if namespace else {}),
            **({"sectionName": section} if section else {}), **({"port": port} if port else {})}


def service_parent(name, namespace=None, port=None):
    return {"group": "", "kind": "Service", **parent(name, namespace, port=port)}


def http_route(name, *rules, hosts=(), parents=None, namespace="default", kind="HTTPRoute", **meta):
    return made(kind, name, {"parentRefs": parents or [parent()], **({"hostnames": list(hosts)} if hosts else {}),
                             "rules": list(rules)}, namespace, **meta)


def rule(*backends, path=None, prefix=None, matches=None, filters=None, **more):
    """backends: see backend(); path: exact; prefix: PathPrefix."""
    if path or prefix:
        matches = [{"path": {"type": "Exact" if path else "PathPrefix", "value": path or prefix}}]
    return {**({"matches": matches} if matches else {}), **({"filters": filters} if filters else {}),
            **({"backendRefs": list(backends)} if backends else {}), **more}


def backend(name, port=80, **more):
    return {"name": name, "port": port, **more}


def grant(namespace, from_kind, from_namespace, to_kind, name=None):
    return made("ReferenceGrant", f"{from_kind}-{to_kind}".lower(), {
        "from": [{"group": "gateway.networking.k8s.io", "kind": from_kind, "namespace": from_namespace}],
        "to": [{"group": "", "kind": to_kind, **({"name": name} if name else {})}]},
        namespace, "gateway.networking.k8s.io/v1beta1")


def config_map(name, namespace="default", **data):
    """The key ca_crt is ca.crt."""
    assert VERSIONS["ConfigMap"]
    return obj("ConfigMap", name, None, namespace,
               data={k.replace("_", "."): v.decode() if isinstance(v, bytes) else v for k, v in data.items()})


def tls_policy(service, hostname, *cas, section=None, **validation):
    """A BackendTLSPolicy; cas: names of ConfigMaps; none: those of the machine."""
    refs = [{"group": "", "kind": "ConfigMap", "name": ca} for ca in cas]
    return made("BackendTLSPolicy", f"{service}-tls", {
        "targetRefs": [{"group": "", "kind": "Service", "name": service, **({"sectionName": section} if section else {})}],
        "validation": {"hostname": hostname, **({"caCertificateRefs": refs} if refs else {"wellKnownCACertificates": "System"}),
                       **validation}})
