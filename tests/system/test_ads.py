"""Discovery as Istio's node proxies use it: workloads and policies of layer 4 on the wire."""

import pytest

from meshtest.delta import ADDRESS, AUTHORIZATION, Delta
from meshtest.protobuf import all_of, one

NODE = "ztunnel~10.0.0.9~z.kube-system~kube-system.svc.cluster.local"
WORKLOAD = """
apiVersion: v1
kind: Namespace
metadata: {name: prod}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: web, namespace: prod}
spec: {address: 10.0.1.1, serviceAccount: web, labels: {app: web}}
"""
POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: only-cli, namespace: prod}
spec:
  selector: {matchLabels: {app: web}}
  action: ALLOW
  rules: [{from: [{source: {principals: [cluster.local/ns/prod/sa/cli]}}], to: [{operation: {ports: ["80"]}}]}]
"""
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
"""
STATIC = "istio-system/istio_converted_static_strict"


@pytest.fixture
def plane(mesh):
    control = mesh("control", "--api", "none", "--xds", "none", "--xds-plain", "127.0.0.1:0")
    port = int(control.wait_line(r"^xds-plain 127.0.0.1:(\d+)", limit_s=30).group(1))
    clients = []

    def connect():
        clients.append(Delta(port, NODE))
        return clients[-1]
    yield connect
    for client in clients:
        client.close()


def policies_of(changed):
    """The policies that the workload of an Address response names."""
    (address,) = [value for name, value in changed.items() if name.endswith("/prod/web")]
    return [name.decode() for name in all_of(one(address, 1), 16)]


def test_first_answer_of_each_type_comes_also_when_there_is_nothing(plane):
    client = plane()
    client.subscribe(AUTHORIZATION)
    assert client.next() == ({}, [])
    client.subscribe(ADDRESS)
    client.next()


def test_a_policy_with_a_selector_is_named_by_its_workloads(mesh, plane, tmp_path):
    (tmp_path / "all.yaml").write_text(WORKLOAD + "---" + POLICY)
    mesh.run("apply", "-f", tmp_path / "all.yaml")
    client = plane()
    client.subscribe(AUTHORIZATION)
    changed, _ = client.next()
    policy = changed["prod/only-cli"]
    assert (one(policy, 1), one(policy, 2), one(policy, 3), one(policy, 4, 0)) == (b"only-cli", b"prod", 2, 0)
    to, from_ = all_of(one(policy, 5), 1)
    assert one(one(to, 2), 9) == b"\x50"  # packed
    assert one(one(one(from_, 2), 3), 1) == b"cluster.local/ns/prod/sa/cli"
    client.subscribe(ADDRESS)
    changed, _ = client.until(lambda changed, _: any(name.endswith("/prod/web") for name in changed))
    assert policies_of(changed) == ["prod/only-cli"]
    mesh.run("delete", "authorizationpolicy", "only-cli", "-n", "prod")
    seen = {}

    def both(changed, removed):
        seen.update(changed)
        seen.update(dict.fromkeys(removed))
        return "prod/only-cli" in seen and any(name.endswith("/prod/web") for name in seen)
    client.until(both)
    assert seen["prod/only-cli"] is None
    assert policies_of(seen) == []


def test_strict_reaches_workloads_as_a_policy(mesh, plane, tmp_path):
    (tmp_path / "workload.yaml").write_text(WORKLOAD)
    (tmp_path / "strict.yaml").write_text(STRICT)
    mesh.run("apply", "-f", tmp_path / "workload.yaml")
    client = plane()
    client.subscribe(AUTHORIZATION)
    assert client.next() == ({}, [])
    client.subscribe(ADDRESS)
    client.until(lambda changed, _: any(name.endswith("/prod/web") for name in changed))
    mesh.run("apply", "--wait", "store", "-f", tmp_path / "strict.yaml")
    seen = {}

    def both(changed, _):
        seen.update(changed)
        return STATIC in seen and any(name.endswith("/prod/web") for name in seen)
    client.until(both)
    assert one(seen[STATIC], 4) == 1
    assert policies_of(seen) == [STATIC]


def test_the_root_namespace_is_that_of_the_mesh_config(mesh, plane, tmp_path):
    (tmp_path / "strict.yaml").write_text(
        "{apiVersion: v1, kind: Namespace, metadata: {name: admin}}\n---" + STRICT.replace("istio-system", "admin"))
    (tmp_path / "mesh.yaml").write_text("rootNamespace: admin\n")
    mesh.run("apply", "-f", tmp_path / "strict.yaml")
    client = plane()
    client.subscribe(AUTHORIZATION)
    assert list(client.next()[0]) == [STATIC]
    mesh.run("apply", "--wait", "store", "-f", tmp_path / "mesh.yaml")
    changed, removed = client.until(lambda changed, _: changed)
    assert (list(changed), removed) == ([STATIC.replace("istio-system", "admin")], [STATIC])


def test_what_is_no_part_of_the_mesh_is_not_told(mesh, plane, tmp_path):
    (tmp_path / "workload.yaml").write_text(WORKLOAD)
    mesh.run("apply", "-f", tmp_path / "workload.yaml")
    client = plane()
    client.subscribe(ADDRESS)
    client.until(lambda changed, _: any(name.endswith("/prod/web") for name in changed))
    (tmp_path / "mesh.yaml").write_text("discoverySelectors: [{matchLabels: {mesh: 'on'}}]\n")
    mesh.run("apply", "--wait", "store", "-f", tmp_path / "mesh.yaml")
    client.until(lambda _, removed: any(name.endswith("/prod/web") for name in removed))
    (tmp_path / "ns.yaml").write_text(
        "{apiVersion: v1, kind: Namespace, metadata: {name: prod, labels: {mesh: 'on'}}}")
    mesh.run("apply", "--wait", "store", "-f", tmp_path / "ns.yaml")
    client.until(lambda changed, _: any(name.endswith("/prod/web") for name in changed))
