"""Istio's bookinfo samples, applied unmodified to a mesh of `mesh up` and `mesh run`."""

import json
import math
import os
import sys
import time

import pytest

from conftest import TOP, mesh_binary
from meshtest import http, until
from meshtest.local import LocalMesh

SAMPLES = next((path for path in (os.environ.get("MESH_ISTIO_SAMPLES", ""),
                                  os.path.join(os.path.dirname(TOP), "shared/data/istio-samples")) if os.path.isdir(path)), None)
pytestmark = [pytest.mark.skipif(not SAMPLES, reason="no Istio samples here"), pytest.mark.limit(150)]

SERVICES = [("productpage", "v1"), ("details", "v1"), ("ratings", "v1"), ("reviews", "v1"), ("reviews", "v2"),
            ("reviews", "v3")]

# Asks a URL so many times on one connection; prints [[status, seconds, headers, body], ...] as JSON.
CLIENT = r"""
import http.client, json, sys, time
host, port, path, count, headers = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), json.loads(sys.argv[5])
connection, replies = http.client.HTTPConnection(host, port, timeout=20), []
for _ in range(count):
    began = time.monotonic()
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    body = reply.read().decode()
    replies.append([reply.status, time.monotonic() - began, dict(reply.getheaders()), body])
json.dump(replies, sys.stdout)
"""


@pytest.fixture(scope="module")
def shop():
    local = LocalMesh(mesh_binary())
    try:
        local.up()
        local.needs_namespaces()
        for name, version in SERVICES:
            local.program(f"{name}-{version}", local.binary, "demo-service", name, "--version", version,
                          flags=["-l", f"app={name}", "-l", f"version={version}", "--sa", f"bookinfo-{name}",
                                 "-p", "9080:http"], expect_exit=0)
        local.mesh("apply", "-f", f"{SAMPLES}/bookinfo/networking/bookinfo-gateway.yaml")
        local.mesh("apply", "-f", f"{SAMPLES}/bookinfo/networking/destination-rule-all.yaml")
        until(lambda: all(name in (page(local).header("x-demo-hops") or "") for name in ("details", "reviews")),
              "a whole page", 30)
        yield local
    finally:
        wrong = local.finish()
    assert not wrong, "; ".join(wrong)


@pytest.fixture
def apply(shop):
    applied = []

    def apply_sample(name):
        path = f"{SAMPLES}/bookinfo/networking/{name}.yaml"
        applied.append(path)
        return shop.mesh("apply", "-f", path)

    yield apply_sample
    for path in reversed(applied):
        shop.mesh("delete", "-f", path, status=None)


def page(shop, **headers):
    return http(f"http://127.0.0.1:{shop.http_port}/productpage", headers=headers)


def ask(shop, url, count=1, **headers):
    host, _, rest = url.partition(":")
    port, _, path = rest.partition("/")
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    result = shop.run(sys.executable, "-c", CLIENT, host, port, "/" + path, str(count), json.dumps(names),
                      flags=["--name", "client"], limit_s=120)
    return json.loads(result.out)


def reviews_versions(shop, count=2000, **headers):
    """How many of count answers of reviews came from which version."""
    seen = {}
    for status, _, _, body in ask(shop, "reviews:9080/reviews/0", count, **headers):
        assert status == 200, body
        version = json.loads(body)["podname"].rpartition("-")[2]
        seen[version] = seen.get(version, 0) + 1
    return seen


def assert_split(seen, **percent):
    """Shares differ from what was asked by no more than 3 sigma of 1,000 requests. Twice as many are
    asked, so that chance alone fails one run in tens of thousands."""
    total = sum(seen.values())
    assert set(seen) <= set(percent), seen
    for version, share in percent.items():
        p = share / 100
        bound = 3 * math.sqrt(p * (1 - p) / 1000)
        assert abs(seen.get(version, 0) / total - p) <= bound, f"{seen}, wanted {percent}"


def test_the_gateway_file(shop):
    reply = page(shop)
    assert reply.status == 200
    assert "The Comedy of Errors" in reply.text()
    assert "productpage-v1=spiffe://cluster.local/ns/istio-system/sa/" in reply.header("x-demo-hops")
    assert http(f"http://127.0.0.1:{shop.http_port}/details/0").status == 404


def test_without_rules_all_versions_answer(shop):
    assert set(reviews_versions(shop, 60)) == {"v1", "v2", "v3"}


def test_all_v1(shop, apply):
    apply("virtual-service-all-v1")
    assert reviews_versions(shop, 200) == {"v1": 200}


@pytest.mark.parametrize("sample, percent", [
    ("virtual-service-reviews-90-10", {"v1": 90, "v2": 10}),
    ("virtual-service-reviews-80-20", {"v1": 80, "v2": 20}),
    ("virtual-service-reviews-50-v3", {"v1": 50, "v3": 50}),
    ("virtual-service-reviews-v3", {"v3": 100}),
    ("virtual-service-reviews-v2-v3", {"v2": 50, "v3": 50}),
])
def test_splits(shop, apply, sample, percent):
    apply("virtual-service-all-v1")
    apply(sample)
    assert_split(reviews_versions(shop), **percent)


@pytest.mark.parametrize("sample, jason, others", [
    ("virtual-service-reviews-test-v2", "v2", "v1"),
    ("virtual-service-reviews-jason-v2-v3", "v2", "v3"),
])
def test_end_user_jason(shop, apply, sample, jason, others):
    apply("virtual-service-all-v1")
    apply(sample)
    assert reviews_versions(shop, 50, end_user="jason") == {jason: 50}
    assert reviews_versions(shop, 50, end_user="jasonx") == {others: 50}
    assert reviews_versions(shop, 50) == {others: 50}
    # The same through the page, whose services pass the header on.
    assert f"reviews-{jason}=" in page(shop, cookie="user=jason").header("x-demo-hops")
    assert f"reviews-{others}=" in page(shop).header("x-demo-hops")


def test_delay_fault(shop, apply):
    apply("virtual-service-all-v1")
    apply("virtual-service-reviews-test-v2")
    apply("virtual-service-ratings-test-delay")
    [[status, seconds, _, _]] = ask(shop, "ratings:9080/ratings/0", end_user="jason")
    assert status == 200 and 6.9 < seconds < 9
    [[status, seconds, _, _]] = ask(shop, "ratings:9080/ratings/0")
    assert status == 200 and seconds < 2
    # As Istio's task on faults tells: the page gives up on reviews before the delay is over.
    began = time.monotonic()
    reply = http(f"http://127.0.0.1:{shop.http_port}/productpage", headers={"cookie": "user=jason"}, limit_s=20)
    assert 5.5 < time.monotonic() - began < 9
    assert "Reviews: not available right now" in reply.text()


def test_abort_fault(shop, apply):
    apply("virtual-service-all-v1")
    apply("virtual-service-reviews-test-v2")
    apply("virtual-service-ratings-test-abort")
    [[status, _, _, body]] = ask(shop, "ratings:9080/ratings/0", end_user="jason")
    assert (status, body) == (500, "fault filter abort")
    [[status, _, _, _]] = ask(shop, "ratings:9080/ratings/0")
    assert status == 200
    assert "Ratings are not available right now" in page(shop, cookie="user=jason").text()
    assert "Ratings are not available right now" not in page(shop).text()
