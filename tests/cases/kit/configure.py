"""Objects in control, by its REST API. put() makes what is there equal to a list of objects and
waits until every proxy has acknowledged it."""

import http.client
import json
import socket

# kind -> (apiVersion, plural); what a case file may write short.
KINDS = {
    "Namespace": ("v1", "namespaces"),
    "Service": ("v1", "services"),
    "Endpoints": ("v1", "endpoints"),
    "ServiceAccount": ("v1", "serviceaccounts"),
    "Secret": ("v1", "secrets"),
    "ConfigMap": ("v1", "configmaps"),
    "Pod": ("v1", "pods"),
    "EndpointSlice": ("discovery.k8s.io/v1", "endpointslices"),
    "Ingress": ("networking.k8s.io/v1", "ingresses"),
    "IngressClass": ("networking.k8s.io/v1", "ingressclasses"),
    "VirtualService": ("networking.istio.io/v1", "virtualservices"),
    "DestinationRule": ("networking.istio.io/v1", "destinationrules"),
    "Gateway": ("networking.istio.io/v1", "gateways"),
    "ServiceEntry": ("networking.istio.io/v1", "serviceentries"),
    "WorkloadEntry": ("networking.istio.io/v1", "workloadentries"),
    "WorkloadGroup": ("networking.istio.io/v1", "workloadgroups"),
    "Sidecar": ("networking.istio.io/v1", "sidecars"),
    "ProxyConfig": ("networking.istio.io/v1beta1", "proxyconfigs"),
    "EnvoyFilter": ("networking.istio.io/v1alpha3", "envoyfilters"),
    "PeerAuthentication": ("security.istio.io/v1", "peerauthentications"),
    "RequestAuthentication": ("security.istio.io/v1", "requestauthentications"),
    "AuthorizationPolicy": ("security.istio.io/v1", "authorizationpolicies"),
    "Telemetry": ("telemetry.istio.io/v1", "telemetries"),
    "WasmPlugin": ("extensions.istio.io/v1alpha1", "wasmplugins"),
    "GatewayClass": ("gateway.networking.k8s.io/v1", "gatewayclasses"),
    "k8s.Gateway": ("gateway.networking.k8s.io/v1", "gateways"),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "httproutes"),
    "GRPCRoute": ("gateway.networking.k8s.io/v1", "grpcroutes"),
    "TLSRoute": ("gateway.networking.k8s.io/v1", "tlsroutes"),
    "TCPRoute": ("gateway.networking.k8s.io/v1alpha2", "tcproutes"),
    "ReferenceGrant": ("gateway.networking.k8s.io/v1beta1", "referencegrants"),
    "ListenerSet": ("gateway.networking.k8s.io/v1", "listenersets"),
    "BackendTLSPolicy": ("gateway.networking.k8s.io/v1", "backendtlspolicies"),
}
CLUSTER_SCOPED = {"Namespace", "GatewayClass", "IngressClass"}


class Refused(Exception):
    """Control does not take an object, or a proxy does not."""


def key_of(doc):
    group = doc["apiVersion"].rpartition("/")[0]
    return group, doc["kind"], doc["metadata"].get("namespace", ""), doc["metadata"]["name"]


def path_of(doc):
    version, meta = doc["apiVersion"], doc["metadata"]
    plural = next((p for k, (v, p) in KINDS.items() if k.split(".")[-1] == doc["kind"]
                   and v.rpartition("/")[0] == version.rpartition("/")[0]), doc["kind"].lower() + "s")
    place = f"/namespaces/{meta['namespace']}" if meta.get("namespace") else ""
    return f"{'/apis/' if '/' in version else '/api/'}{version}{place}/{plural}/{meta['name']}"


class _Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Configuration:
    def __init__(self, socket_path):
        self._conn = _Unix(socket_path)
        self.docs = {} # key -> document in force

    def ask(self, method, path, body=None, statuses=(200, 201)):
        self._conn.request(method, path, body=None if body is None else json.dumps(body),
                           headers={"content-type": "application/json"} if body is not None else {})
        response = self._conn.getresponse()
        text = response.read().decode("utf-8", "replace")
        if response.status not in statuses:
            raise Refused(f"{method} {path}: {response.status} {message_of(text)}")
        return json.loads(text) if text.startswith("{") else text

    def put(self, docs):
        """docs: all there is to be. Raises Refused."""
        wanted = {key_of(d): d for d in docs}
        gone = [d for k, d in self.docs.items() if k not in wanted]
        gone.sort(key=lambda d: d["kind"] == "Namespace") # emptied first
        changed = [d for k, d in wanted.items() if self.docs.get(k) != d]
        changed.sort(key=lambda d: d["kind"] != "Namespace")
        for at, doc in enumerate(gone):
            last = at == len(gone) - 1 and not changed
            self.ask("DELETE", path_of(doc) + ("?wait=proxies" if last else ""), statuses=(200, 202, 404))
            del self.docs[key_of(doc)]
        if changed:
            answer = self.ask("POST", "/mesh/v1/apply?wait=proxies&timeout=10s",
                              {"apiVersion": "v1", "kind": "List", "items": changed})
            self.docs.update({key_of(d): d for d in changed})
            waited = answer.get("proxies") or answer.get("wait") or {}
            if waited.get("rejected"):
                raise Refused(f"a proxy refuses: {json.dumps(waited['rejected'])}")


def message_of(text):
    try:
        status = json.loads(text)
    except ValueError:
        return text[:2000]
    causes = (status.get("details") or {}).get("causes") or []
    lines = [f"{c.get('field', '')}: {c.get('message', '')}" for c in causes]
    return status.get("message", text[:2000]) + "".join(f"\n    {line}" for line in lines)
