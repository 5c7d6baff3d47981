"""Every file of Istio's samples through `mesh validate`: accepted, or refused with the reason."""

import glob
import os

import pytest

from conftest import TOP

SAMPLES = next((path for path in (os.path.join(TOP, "..", "shared/data/istio-samples"),
                                  os.path.join(TOP, "..", "..", "shared/data/istio-samples")) if os.path.isdir(path)),
               None)
pytestmark = pytest.mark.skipif(not SAMPLES, reason="no Istio samples here")

# Not objects at all: what they are said to lack.
REFUSED = {
    "bookinfo/swagger.yaml": "apiVersion: is required",
    "security/spire-trust-domain-federation/spire-base.yaml": "apiVersion: is required",
    "security/spire-trust-domain-federation/spire-east.yaml": "apiVersion: is required",
    "security/spire-trust-domain-federation/spire-west.yaml": "apiVersion: is required",
}


def samples():
    return sorted(os.path.relpath(path, SAMPLES) for path in glob.glob(f"{SAMPLES}/**/*.yaml", recursive=True))


def test_samples_are_accepted_or_refused_with_the_reason(mesh):
    assert len(samples()) > 90
    good = [name for name in samples() if name not in REFUSED]
    result = mesh.run("validate", *[os.path.join(SAMPLES, name) for name in good])
    assert "valid; the others are not part of the mesh" in result.out
    for name, reason in REFUSED.items():
        result = mesh.run("validate", os.path.join(SAMPLES, name), status=65)
        assert reason in result.out + result.err, name


def test_kinds_of_others_are_told_and_left_out(mesh):
    result = mesh.run("validate", os.path.join(SAMPLES, "proxy-coredump/daemonset.yaml"))
    assert "DaemonSet of apps/v1 is not part of the mesh: ignored" in result.out + result.err


@pytest.mark.parametrize("kind,version", [("VirtualServise", "networking.istio.io/v1"), ("Telemetries", "telemetry.istio.io/v1"),
                                          ("Sevice", "v1"), ("Deploymentt", "apps/v1")])
def test_misspelt_kinds_are_refused(mesh, tmp_path, kind, version):
    path = tmp_path / "a.yaml"
    path.write_text(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n")
    result = mesh.run("validate", path, status=65)
    assert f'unknown kind "{kind}"' in result.out + result.err


def test_rules_of_the_crds_name_file_line_and_field(mesh, tmp_path):
    path = tmp_path / "route.yaml"
    path.write_text("""apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a}
spec:
  rules:
  - timeouts:
      request: 1s
      backendRequest: 2s
""")
    result = mesh.run("validate", "-o", "short", path, status=65)
    assert "route.yaml:7" in result.out or "route.yaml:6" in result.out, result.out
    assert "spec.rules[0].timeouts: backendRequest timeout cannot be longer than request timeout" in result.out
