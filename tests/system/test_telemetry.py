"""Telemetry objects and MeshConfig, seen from outside: who logs, what is counted."""

import json

from meshtest import until
from meshtest.objects import obj

ROOT = "istio-system"


def telemetry(spec, name="mesh", namespace=ROOT):
    return obj("Telemetry", name, spec, namespace)


def logging(**entry):
    return telemetry({"accessLogging": [{"providers": [{"name": "envoy"}], **entry}]})


def mesh_config(**settings):
    return obj("ConfigMap", "istio", namespace=ROOT, data={"mesh": json.dumps(settings)})


def lines(proxy, path):
    return [line for line in proxy.process.out().splitlines() if f"{path} HTTP/" in line]


def pair_of(rig, echo, *objects, client_args=()):
    return rig.pair(echo.http("app"), objects=objects, client_objects=objects, client_args=client_args)


def test_tl_1_nothing_is_logged_by_default(rig, echo):
    pair = pair_of(rig, echo)
    assert pair.http("/a").status == 200
    until(lambda: pair.server.samples("istio_requests_total", reporter="destination"))
    assert not lines(pair.client, "/a") and not lines(pair.server, "/a")


def test_tl_3_the_built_in_provider_logs_on_both_sides(rig, echo):
    pair = pair_of(rig, echo, logging())
    assert pair.http("/a").status == 200
    until(lambda: lines(pair.client, "/a") and lines(pair.server, "/a"))


def test_al_server_only_the_side_that_is_called_logs(rig, echo):
    pair = pair_of(rig, echo, logging(match={"mode": "SERVER"}))
    assert pair.http("/a").status == 200
    until(lambda: lines(pair.server, "/a"))
    assert not lines(pair.client, "/a")


def test_al_off_disabled_wins_over_the_mesh(rig, echo):
    pair = pair_of(rig, echo, mesh_config(accessLogFile="/dev/stdout"), telemetry({"accessLogging": [{"disabled": True}]}))
    assert pair.http("/a").status == 200
    until(lambda: pair.server.samples("istio_requests_total"))
    assert not lines(pair.client, "/a") and not lines(pair.server, "/a")


def test_al_defprov_default_providers_log(rig, echo):
    pair = pair_of(rig, echo, mesh_config(defaultProviders={"accessLogging": ["envoy"]}))
    assert pair.http("/a").status == 200
    until(lambda: lines(pair.client, "/a") and lines(pair.server, "/a"))


def test_only_what_the_filter_wants_is_logged(rig, echo):
    pair = pair_of(rig, echo, logging(filter={"expression": "response.code >= 400 || request.headers['x-log'] == '1'"}))
    assert pair.http("/good").status == 200
    assert pair.http("/asked", headers={"x-log": "1"}).status == 200
    until(lambda: lines(pair.client, "/asked"))
    assert not lines(pair.client, "/good")


def test_a_change_of_the_mesh_is_followed(rig, echo):
    pair = pair_of(rig, echo)
    pair.client.config.put(mesh_config(accessLogFile="/dev/stdout", accessLogFormat="now %REQ(:PATH)% HTTP/"))
    until(lambda: pair.http("/a").status == 200 and lines(pair.client, "now /a"))


def test_mesh_config_of_its_own_file(rig, echo, tmp_path):
    path = tmp_path / "mesh.yaml"
    path.write_text("accessLogFile: /dev/stdout\naccessLogEncoding: JSON\n")
    pair = pair_of(rig, echo, client_args=("--mesh-config", str(path)))
    assert pair.http("/a").status == 200
    line = json.loads(pair.client.process.wait_line(r"^\{.*\}$").group(0))
    assert line["path"] == "/a" and line["response_code"] == 200


def test_tel_custom_dimension_and_remove(rig, echo):
    pair = pair_of(rig, echo, telemetry({"metrics": [{"overrides": [{"tagOverrides": {
        "custom_dimension": {"value": '"test"'}, "asked_path": {"value": "request.url_path"},
        "request_protocol": {"value": "request.method"}, "source_principal": {"operation": "REMOVE"}}}]}]}))
    assert pair.http("/a?b").status == 200
    for proxy in (pair.client, pair.server):
        until(lambda: proxy.samples("istio_requests_total", custom_dimension="test", asked_path="/a", request_protocol="GET"),
              bool)
        labels = proxy.samples("istio_requests_total")[0][0]
        assert "source_principal" not in labels and labels["response_code"] == "200"
    assert pair.http("/c").status == 200
    until(lambda: pair.client.samples("istio_request_bytes_count", asked_path="/c"))


def test_metrics_can_be_switched_off(rig, echo):
    pair = pair_of(rig, echo, telemetry({"metrics": [{"overrides": [
        {"match": {"metric": "REQUEST_COUNT", "mode": "CLIENT"}, "disabled": True}]}]}))
    assert pair.http("/a").status == 200
    until(lambda: pair.client.samples("istio_request_duration_milliseconds_count") and
          pair.server.samples("istio_requests_total"))
    assert not pair.client.samples("istio_requests_total")


def test_registry_only_of_the_mesh(rig, echo):
    client = rig.outbound(rig.config(mesh_config(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})))
    assert client.http("/", host="127.0.0.1:1").status == 502
    until(lambda: client.samples("istio_requests_total", destination_service_name="BlackHoleCluster", response_code="502"))
