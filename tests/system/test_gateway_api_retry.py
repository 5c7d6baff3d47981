"""Retry budgets: XBackendTrafficPolicy's retryConstraint (GEP-3388), DestinationRule's retryBudget."""

import concurrent.futures

import pytest

from meshtest import free_port
from meshtest.gwapi import backend, http_route, k8s_gateway, listener, made, rule
from meshtest.objects import endpoint, obj, service

HOST = "app.default.svc.cluster.local"


def constraint(percent, least=None, interval="1h"):
    return made("XBackendTrafficPolicy", "p", {
        "targetRefs": [{"group": "", "kind": "Service", "name": "app"}],
        "retryConstraint": {"budget": {"percent": percent, "interval": interval},
                            **({"minRetryRate": {"count": least, "interval": "1h"}} if least else {})}},
        version="gateway.networking.x-k8s.io/v1alpha1")


def budget(**spec):
    return obj("DestinationRule", "app", {"host": HOST, "trafficPolicy": {"retryBudget": spec}})


@pytest.fixture
def tries(rig, echo):
    """tries(policy, requests, attempts) -> how many requests an app got that fails them all."""
    def run(policy, requests, attempts=1):
        app = echo.http("app", status=500)
        gw = rig.gateway(rig.config(
            k8s_gateway(listener(free_port())), policy, service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
            http_route("r", rule(backend("app"), retry={"attempts": attempts, "codes": [500], "backoff": "1ms"}))),
            "--workers", "3")
        for _ in range(requests):
            assert gw.http("/").status == 500
        assert gw.samples("envoy_cluster_upstream_rq_retry_overflow") or len(app.requests) == requests * (attempts + 1)
        return len(app.requests)
    return run


def expected(requests, percent, least):
    """One retry each, where it fits."""
    sent = retried = 0
    for _ in range(requests):
        sent += 1
        if retried < least or retried < sent * percent // 100:
            retried += 1
            sent += 1
    return sent


def test_gep_3388_retries_are_a_share_of_the_requests_of_a_time(tries):
    assert expected(40, 20, 1) == 49
    assert tries(constraint(20, 1), 40) == 49


def test_gep_3388_the_least_rate_is_always_allowed(tries):
    assert tries(constraint(0, 3), 10) == 10 + 3


def test_gep_3388_each_retry_of_one_request_counts(tries):
    assert tries(constraint(0, 3), 4, attempts=5) == 4 + 3


def test_gep_3388_defaults_allow_ten_a_second(tries):
    assert tries(constraint(0, interval="10s"), 1, attempts=20) == 1 + 10


def test_destination_rule_budget_of_the_moment_lets_single_requests_pass(tries):
    """Istio's default, budgetInterval 0s: one after the other they are never more than three at a time."""
    assert tries(budget(percent=0), 10) == 20


@pytest.mark.parametrize("interval,retried", [("0s", 1), ("1h", 2)])
def test_destination_rule_budget_interval(rig, echo, interval, retried):
    """Two requests fail at once: one of them is the least concurrency, the other fits into 10 % of
    those of an hour, but not into 10 % of the two."""
    app = echo.http("app")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(free_port())), service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        budget(percent=10, minRetryConcurrency=1, budgetInterval=interval),
        http_route("r", rule(backend("app"), retry={"attempts": 1, "codes": [500]}))), "--workers", "3")
    for _ in range(40):
        assert gw.http("/").status == 200

    def fail(_):
        return gw.http("/", headers={"x-echo-status": "500", "x-echo-delay": "1"}).status
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fail, range(2))) == [500, 500]
    assert len(app.requests) == 40 + 2 + retried
