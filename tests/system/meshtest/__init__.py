"""Helpers for tests of the whole program. A test looks like this:

    from meshtest import http, until

    def test_routes_by_header(mesh, echo, tmp_path):
        v1, v2 = echo.http("v1"), echo.http("v2")           # upstreams on ports of their own
        (tmp_path / "config.yaml").write_text(f"... port: {v1.port} ...")
        proxy = mesh("proxy", "--config", tmp_path)         # started; ended and examined afterwards
        port = int(proxy.wait_line(r"listening on 127.0.0.1:(\\d+)").group(1))
        reply = http(f"http://127.0.0.1:{port}/x", host="reviews", headers={"end-user": "jason"})
        assert reply.status == 200
        assert reply.json()["server"] == "v2"               # what the upstream saw and who it was
        until(lambda: v2.requests, "v2 has seen the request")

Fixtures (conftest.py)
    mesh(*args, env={}, cwd=None, expect_exit=0)
                  starts the binary under test (MESH_BIN) and returns a Process. HOME and the XDG
                  folders are the test's own (mesh.home). When the test ends the process gets
                  SIGTERM; it must end in time with the status expected and without a sanitizer
                  report, or the test fails. expect_exit=None: any status.
    mesh.run(*args, status=0, input=None, limit_s=30) -> Result(status, out, err)
                  runs the binary to its end and checks its exit status (None: any).
    local_mesh    local_mesh(user=None, objects=None): a mesh on this machine and programs in it, not
                  started yet (meshtest.local); ended and examined like the above
    echo          a factory of upstreams: echo.http(), .http2(), .grpc(), .websocket(), .tcp()
    ca            a fresh CA("cluster.local"): ca.leaf(spiffe="ns/default/sa/client"), ca.leaf(dns=["a.test"])
    kubectl       kubectl(server_url)("get", "pods") -> Result

Functions
    http(url, ...)        one HTTP/1.1 request -> Reply(status, headers, body, json())
    http2(port, ...)      an HTTP/2 client with concurrent streams (meshtest.http2)
    grpc_client(port)     a gRPC client for echo.grpc() (meshtest.rpc)
    websocket_echo(url, messages)   sends, returns what came back
    raw(port, data)       sends bytes, returns all that came until the peer closed
    until(condition, what, limit_s=10)   polls; returns the first true value
    free_port()           a port nobody else in this or a parallel test run is given
    meshtest.authorizer   external authorizers, by HTTP and by gRPC
    run(args, ...)        any command to its end -> Result

Rules: no fixed ports, no sleeping for a guess of time (use until), every wait has a limit. A test
has 60 s; `@pytest.mark.limit(seconds)` sets another limit. The logs of its processes are shown
when it fails."""

import os

# Its handlers around fork() abort now and then beside running servers; our children exec at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from .certs import CA # noqa: E402
from .client import Reply, http, raw # noqa: E402
from .echo import Echo # noqa: E402
from .http2 import Http2Client as http2 # noqa: E402
from .process import Process, Result, run # noqa: E402
from .rpc import GrpcClient as grpc_client # noqa: E402
from .util import free_port, until # noqa: E402
from .websocket import websocket_echo # noqa: E402

__all__ = ["CA", "Echo", "Process", "Reply", "Result", "free_port", "grpc_client", "http", "http2",
           "raw", "run", "until", "websocket_echo"]
