"""Fields of MeshConfig that no namespace of a case can show; tests/cases/mesh-config.yaml has the others."""

import json

from meshtest import until
from meshtest.objects import endpoint, obj, routes, service

HOST = "app.default.svc.cluster.local"


def mesh_config(**settings):
    return obj("ConfigMap", "istio", namespace="istio-system", data={"mesh": json.dumps(settings)})


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def test_discovery_selectors_hold_for_files_too(rig, echo):
    app = echo.http("app")
    config = rig.config(
        mesh_config(discoverySelectors=[{"matchLabels": {"mesh": "on"}},
                                        {"matchLabels": {"kubernetes.io/metadata.name": "default"}}]),
        service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("teapot", HOST, {"directResponse": {"status": 418}}, gateways=None, namespace="other"))
    proxy = rig.outbound(config)
    assert proxy.http("/", host=HOST).status == 200
    config.put(namespace("other", mesh="on"))
    until(lambda: proxy.http("/", host=HOST).status == 418, "the namespace belongs to the mesh")
    config.put(namespace("other", mesh="off"))
    until(lambda: proxy.http("/", host=HOST).status == 200, "it belongs no more")
