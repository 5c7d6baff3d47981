"""Traces: headers that are passed on, spans that a collector gets."""

import json

import pytest

from meshtest import until
from meshtest.objects import endpoint, obj, service
from meshtest.otlp import Collector, GrpcCollector
from meshtest.rig import HOST

ROOT = "istio-system"
OTEL = "otel.obs.svc.cluster.local"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


def objects(collector, provider=None, **tracing):
    provider = provider or {"opentelemetry": {"service": OTEL, "port": 4318, "http": {
        "path": "/v1/traces", "headers": [{"name": "x-key", "value": "secret"}, {"name": "x-env", "envName": "MESH_TEST_KEY"}]}}}
    mesh = {"extensionProviders": [{"name": "traces", **provider}]}
    entry = {"randomSamplingPercentage": 100, **tracing}
    return [obj("ConfigMap", "istio", namespace=ROOT, data={"mesh": json.dumps(mesh)}),
            obj("Telemetry", "mesh", {"tracing": [{"providers": [{"name": "traces"}], **entry}]}, ROOT),
            service(OTEL, (4318, "HTTP"), endpoints=[endpoint(collector.port, number=4318)], namespace="obs")]


def pair_of(rig, echo, made):
    return rig.pair(echo.http("app"), objects=made, client_objects=made)


def seen(reply):
    """The headers that the app got."""
    return {k.lower(): v for k, v in reply.json()["headers"].items()} if isinstance(reply.json()["headers"], dict) else \
        {k.lower(): v for k, v in reply.json()["headers"]}


def test_both_sides_report_spans_of_one_trace(rig, echo, collector):
    rig.env["MESH_TEST_KEY"] = "from-env"
    pair = pair_of(rig, echo, objects(collector, customTags={
        "user": {"header": {"name": "x-user", "defaultValue": "nobody"}}, "zone": {"literal": {"value": "a"}}}))
    reply = pair.http("/a?b=c", headers={"x-user": "jason"})
    assert reply.status == 200
    until(lambda: len(collector.spans) >= 2)
    client = next(s for s in collector.spans if s["kind"] == 3)
    server = next(s for s in collector.spans if s["kind"] == 2)
    assert client["trace"] == server["trace"] and client["parent"] == "" and server["parent"] == client["span"]
    assert client["name"] == f"{HOST}:80/*", client
    assert client["start"] <= client["end"] and client["resource"]["service.name"] == "client.default"
    tags = client["attributes"]
    assert tags["http.method"] == "GET" and tags["http.status_code"] == "200" and tags["http.url"].endswith("/a?b=c")
    assert tags["user"] == "jason" and tags["zone"] == "a" and tags["istio.namespace"] == "default"
    assert tags["upstream_cluster"] == f"outbound|80||{HOST}" and tags["component"] == "proxy"
    assert seen(reply)["traceparent"] == f"00-{server['trace']}-{server['span']}-01"
    path, headers = collector.requests[0]
    assert path == "/v1/traces" and headers["x-key"] == "secret" and headers["x-env"] == "from-env"
    assert headers["content-type"] == "application/x-protobuf"


def test_a_client_that_has_decided_is_followed(rig, echo, collector):
    pair = pair_of(rig, echo, objects(collector))
    got = seen(pair.http("/a", headers={"traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "a=b"}))
    assert got["traceparent"].startswith(f"00-{TRACE}-") and got["traceparent"].endswith("-00") and got["tracestate"] == "a=b"
    assert SPAN not in got["traceparent"]
    pair.http("/b", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    until(lambda: len(collector.spans) >= 2)
    assert {s["trace"] for s in collector.spans} == {TRACE}
    assert all(s["attributes"]["http.url"].endswith("/b") for s in collector.spans)
    assert next(s for s in collector.spans if s["kind"] == 3)["parent"] == SPAN


@pytest.mark.parametrize("bad", ["00-0", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE[:-1]}g-{SPAN}-01"])
def test_what_is_no_traceparent_begins_a_trace(rig, echo, collector, bad):
    pair = pair_of(rig, echo, objects(collector))
    got = seen(pair.http("/a", headers={"traceparent": bad}))["traceparent"]
    assert len(got) == 55 and TRACE[:-1] not in got and got != bad


def test_tl_1_without_a_provider_headers_are_left_alone(rig, echo):
    pair = rig.pair(echo.http("app"))
    got = seen(pair.http("/a", headers={"traceparent": "mine"}))
    assert got["traceparent"] == "mine"
    assert "traceparent" not in seen(pair.http("/a"))


def test_sampling_of_none_reports_none(rig, echo, collector):
    pair = pair_of(rig, echo, objects(collector, randomSamplingPercentage=0))
    for _ in range(5):
        assert seen(pair.http("/a"))["traceparent"].endswith("-00")
    pair.http("/last", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    until(lambda: len(collector.spans) >= 2)
    assert len(collector.spans) == 2


def test_span_reporting_and_propagation_can_be_off(rig, echo, collector):
    pair = pair_of(rig, echo, objects(collector, disableSpanReporting=True))
    assert seen(pair.http("/a"))["traceparent"].endswith("-01")
    pair = pair_of(rig, echo, objects(collector, disableContextPropagation=True))
    assert "traceparent" not in seen(pair.http("/a", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"}))
    until(lambda: len(collector.spans) >= 1)
    assert all(s["trace"] == TRACE or s["kind"] == 2 for s in collector.spans)


def test_zipkin_passes_b3_headers_on(rig, echo, collector):
    pair = pair_of(rig, echo, objects(collector, {"zipkin": {"service": OTEL, "port": 4318}}))
    got = seen(pair.http("/a", headers={"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "0"}))
    assert got["x-b3-traceid"] == TRACE and got["x-b3-sampled"] == "0" and got["x-b3-spanid"] != SPAN
    assert len(seen(pair.http("/a"))["x-b3-traceid"]) == 32


def test_a_collector_that_is_away_costs_requests_nothing(rig, echo, collector):
    collector.status = 503
    pair = pair_of(rig, echo, objects(collector))
    assert pair.http("/a").status == 200
    until(lambda: len(collector.requests) >= 1)
    until(lambda: (pair.http("/b"), sum(n for _, n in pair.client.samples("mesh_trace_spans_dropped_total")))[1] >= 1)


def test_tr_otel_meta_spans_go_by_grpc_with_metadata(rig, echo):
    collector = GrpcCollector()
    try:
        pair = pair_of(rig, echo, objects(collector, {"opentelemetry": {"service": OTEL, "port": 4318, "grpc": {
            "initialMetadata": [{"name": "x-key", "value": "secret"}]}}}))
        assert pair.http("/a").status == 200
        until(lambda: len(collector.spans) >= 2)
        assert collector.metadata["x-key"] == "secret" and len({s["trace"] for s in collector.spans}) == 1
    finally:
        collector.close()
