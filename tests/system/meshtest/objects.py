"""Configuration for tests: objects as Python dicts, and a folder that a proxy reads them from."""

import base64
import os

import yaml

VERSIONS = {
    "VirtualService": "networking.istio.io/v1", "DestinationRule": "networking.istio.io/v1",
    "Gateway": "networking.istio.io/v1", "ServiceEntry": "networking.istio.io/v1",
    "PeerAuthentication": "security.istio.io/v1", "AuthorizationPolicy": "security.istio.io/v1",
    "RequestAuthentication": "security.istio.io/v1", "Telemetry": "telemetry.istio.io/v1",
    "Secret": "v1", "ConfigMap": "v1",
}


def obj(kind, name, spec=None, namespace="default", **top):
    """Any object. top: members beside spec, such as a Secret's data."""
    made = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": {"name": name, "namespace": namespace}, **top}
    if spec is not None:
        made["spec"] = spec
    return made


def service(host, *ports, endpoints, namespace="default", location="MESH_INTERNAL"):
    """A ServiceEntry. ports: (number, protocol); its port names are p80, p90, ...
    endpoints: see endpoint()."""
    return obj("ServiceEntry", host.replace("*", "any"), {
        "hosts": [host], "location": location, "resolution": "STATIC", "endpoints": list(endpoints),
        "ports": [{"number": n, "name": f"p{n}", "protocol": p} for n, p in ports]}, namespace)


def endpoint(port, *, number=80, hop="plain", account="server", address="127.0.0.1", **labels):
    """hop: "plain", "mtls" (as with Istio's sidecars) or "mesh" (the multiplexed one)."""
    if hop != "plain":
        labels = {**labels, "security.istio.io/tlsMode": "istio"}
    if hop == "mesh":
        labels["mesh.dev/hop"] = "mesh"
    made = {"address": address, "ports": {f"p{number}": port}, "labels": labels}
    if hop != "plain":
        made["serviceAccount"] = account
    return made


def to(host, port=80, subset=None, weight=None, **more):
    """One route destination of a VirtualService."""
    destination = {"host": host, "port": {"number": port}, **({"subset": subset} if subset else {})}
    return {"destination": destination, **({} if weight is None else {"weight": weight}), **more}


def routes(name, host, *rules, gateways=("gw",), kind="http", namespace="default"):
    """A VirtualService; gateways=None: that of the mesh."""
    hosts = [host] if isinstance(host, str) else list(host)
    spec = {"hosts": hosts, kind: list(rules)}
    if gateways:
        spec["gateways"] = list(gateways)
    return obj("VirtualService", name, spec, namespace)


def gateway(*servers, name="gw", namespace="default"):
    """servers: (port, protocol, hosts, tls or None)."""
    return obj("Gateway", name, {"selector": {"app": "gw"}, "servers": [
        {"port": {"number": port, "name": f"s{at}-{port}", "protocol": protocol}, "hosts": list(hosts),
         **({"tls": tls} if tls else {})} for at, (port, protocol, hosts, tls) in enumerate(servers)]}, namespace)


def secret(name, leaf=None, ca=None, namespace="default", **data):
    """A Secret of type kubernetes.io/tls; ca: PEM for ca.crt; data: more keys, or others, as bytes
    (the key ca_crl is ca.crl)."""
    if leaf:
        data = {"tls.crt": leaf.cert, "tls.key": leaf.key, **data}
    if ca:
        data["ca.crt"] = ca
    data = {k.replace("_", "."): base64.b64encode(v).decode() for k, v in data.items()}
    return obj("Secret", name, None, namespace, type="kubernetes.io/tls" if leaf else "Opaque", data=data)


class Config:
    """A folder of files, one for each object. A file is replaced whole, as editors and tools do."""

    def __init__(self, folder, *objects):
        self.path = str(folder)
        os.makedirs(self.path, exist_ok=True)
        self.put(*objects)

    def put(self, *objects):
        for o in objects:
            self.write(self.file_of(o), yaml.safe_dump(o, sort_keys=False))

    def remove(self, o):
        os.unlink(os.path.join(self.path, self.file_of(o)))

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    @staticmethod
    def file_of(o):
        meta = o["metadata"]
        return f"{o['kind'].lower()}-{meta.get('namespace', '')}-{meta['name']}.yaml"
