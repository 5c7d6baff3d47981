"""The commands that change and show objects, with a real control."""

import os

import pytest
import yaml

from test_cli import REVIEWS, RULE, SERVICE, random_edit

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLES = "shared/data/istio-samples/bookinfo/networking"
BOOKINFO = next((path for path in (os.path.join(TOP, "..", SAMPLES), os.path.join(TOP, "..", "..", SAMPLES))
                 if os.path.isdir(path)), None)


@pytest.fixture
def control(mesh):
    process = mesh("control", "--api", "127.0.0.1:0", "--xds", "none", "--xds-plain", "none")
    process.wait_line(r"^ready", limit_s=30)
    return process


def test_apply_get_diff_delete(mesh, control, tmp_path):
    path = tmp_path / "all.yaml"
    path.write_text(SERVICE + "---\n" + RULE + "---\n" + REVIEWS)
    assert mesh.run("apply", "-f", path).out == (
        "service/reviews created\n"
        "destinationrule.networking.istio.io/reviews created\n"
        "virtualservice.networking.istio.io/reviews created\n")
    assert "reviews unchanged\n" in mesh.run("apply", "-f", path).out
    assert yaml.safe_load(mesh.run("get", "vs", "reviews", "-o", "yaml").out)["spec"] == \
        yaml.safe_load(REVIEWS)["spec"]
    mesh.run("diff", "-f", path)
    path.write_text(SERVICE + "---\n" + RULE + "---\n" + REVIEWS.replace("weight: 10", "weight: 30").replace("weight: 90", "weight: 70"))
    out = mesh.run("diff", "-f", path, status=1).out
    assert "-      weight: 90\n+      weight: 70\n" in out
    assert mesh.run("apply", "-f", path).out.endswith("virtualservice.networking.istio.io/reviews configured\n")
    out = mesh.run("describe", "svc", "reviews").out
    assert "VirtualService default/reviews" in out and "subset v1" in out
    assert mesh.run("delete", "-f", path).out.splitlines()[-1] == 'service "reviews" deleted'
    mesh.run("get", "vs", "reviews", status=1)


def test_nothing_is_half_applied(mesh, control, tmp_path):
    before = mesh.run("get", "all", "-A", "-o", "json").out
    for seed in range(0, 200, 10):
        kind, text, _, _ = random_edit(seed)
        (tmp_path / "a.yaml").write_text(SERVICE)
        (tmp_path / "b.yaml").write_text(text)
        result = mesh.run("apply", "-f", tmp_path, status=65)
        assert "nothing applied" in result.err, kind
    assert mesh.run("get", "all", "-A", "-o", "json").out == before


def test_a_watch_sees_what_others_change(mesh, control, tmp_path):
    (tmp_path / "a.yaml").write_text(REVIEWS)
    watch = mesh("get", "vs", "-w", "-o", "name", expect_exit=None)
    (tmp_path / "b.yaml").write_text(REVIEWS.replace("name: reviews", "name: first"))
    mesh.run("apply", "-f", tmp_path / "a.yaml")
    watch.wait_line(r"^virtualservice.networking.istio.io/reviews$")
    mesh.run("apply", "-f", tmp_path / "b.yaml")
    watch.wait_line(r"^virtualservice.networking.istio.io/first$")


def test_tcp_needs_a_token(mesh, control):
    url = "http://127.0.0.1:" + control.wait_line(r"^api 127.0.0.1:(\d+)").group(1)
    mesh.run("get", "ns", "--server", url)  # admin.token of the state folder
    assert "--token" in mesh.run("get", "ns", "--server", url, "--token", "wrong", status=77).err


@pytest.mark.skipif(not BOOKINFO, reason="no samples here")
def test_every_sample_applies(mesh, control):
    for name in sorted(os.listdir(BOOKINFO)):
        result = mesh.run("apply", "-f", os.path.join(BOOKINFO, name), status=None)
        if name == "certmanager-gateway.yaml":
            continue # its namespace is not there
        assert result.status == 0, f"{name}\n{result.err}"


def test_tokens_are_made_listed_and_revoked(mesh, control):
    assert mesh.run("token", "create", "--sa", "reviews", "--ttl", "1h").out.startswith("mesh1.")
    row = mesh.run("token", "list").out.splitlines()[1].split()
    assert row[1:4] == ["default", "reviews", "1"]
    mesh.run("token", "revoke", row[0])
    assert len(mesh.run("token", "list").out.splitlines()) == 1
    mesh.run("token", "revoke", "../status", status=64)
    mesh.run("token", "create", "--ttl", "soon", status=65)
