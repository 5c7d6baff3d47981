"""The helpers themselves: echo servers reached directly, processes, certificates. When one of
these fails, look here before looking at mesh."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time

import grpc
import pytest

from meshtest import Process, free_port, grpc_client, http, http2, raw, run, until, websocket_echo
from meshtest.client import connection


def test_http_echo_tells_what_it_saw(echo):
    v1 = echo.http("v1", headers={"x-from": "v1"})
    reply = http(f"http://127.0.0.1:{v1.port}/a?b=c", method="POST", host="reviews", headers={"A": "b"}, body="hi")
    seen = reply.json()
    assert (reply.status, reply.header("x-from")) == (200, "v1")
    assert (seen["method"], seen["target"], seen["authority"], seen["body"]) == ("POST", "/a?b=c", "reviews", "hi")
    assert ["a", "b"] in seen["headers"]
    assert v1.requests == [seen]


def test_http_echo_does_as_asked(echo):
    url = f"http://127.0.0.1:{echo.http().port}/"
    assert http(url, headers={"x-echo-status": "503"}).status == 503
    assert len(http(url, headers={"x-echo-size": "300000"}).body) == 300000
    assert http(url, headers={"x-echo-size": "100000", "x-echo-chunked": "1"}).body == b"x" * 100000
    start = time.monotonic()
    http(url, headers={"x-echo-delay": "0.2"})
    assert time.monotonic() - start >= 0.2
    with pytest.raises(OSError):
        http(url, headers={"x-echo-size": "100000", "x-echo-reset": "10"})


def test_http_echo_keeps_alive_and_sends_trailers(echo):
    v1 = echo.http()
    conn = connection(f"http://127.0.0.1:{v1.port}")
    nth = [http(f"http://127.0.0.1:{v1.port}/", on=conn).json()["nth"] for _ in range(3)]
    assert (nth, v1.accepted) == ([1, 2, 3], 1)
    got = raw(v1.port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-echo-trailer: t=1\r\n\r\n")
    assert got.endswith(b"0\r\nt: 1\r\n\r\n")


def test_http_echo_refuses_what_a_proxy_must_not_forward(echo):
    v1 = echo.http()
    both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert b"x-echo-malformed" in raw(v1.port, both)


def test_http2_echo(echo):
    v2 = echo.http2("v2")
    with http2(v2.port) as client:
        reply = client.post("/p", b"y" * 200000, authority="reviews", headers={"x-echo-trailer": "t=1"})
        assert (reply.json()["body_bytes"], reply.json()["version"], reply.trailers) == (200000, "HTTP/2", [("t", "1")])
        ids = [client.send("GET", f"/{i}", headers={"x-echo-size": "200000"}) for i in range(20)]
        assert [len(client.reply(i).body) for i in ids] == [200000] * 20
        assert client.get(headers={"x-echo-reset": "5"}).reset == 2
        assert client.get(headers={"x-echo-hints": "1"}).interim
    assert v2.accepted == 1


def test_grpc_echo(echo):
    server = echo.grpc()
    with grpc_client(server.port, authority="reviews:9080") as client:
        reply = client.unary(b"hello", metadata=[("a", "b")])
        assert (reply.messages, reply.code) == ([b"hello"], grpc.StatusCode.OK)
        assert (reply.initial["x-echo-server"], reply.trailing["x-echo-trailer"]) == ("grpc", "end")
        assert server.requests[0]["metadata"]["a"] == "b"
        assert client.server_stream(b"x", 3).messages == [b"x"] * 3
        assert client.client_stream([b"a", b"b"]).messages == [b"a|b"]
        assert client.bidi([b"a", b"b"]).messages == [b"a", b"b"]
        assert client.unary(b"", metadata=[("x-echo-status", "14")]).code == grpc.StatusCode.UNAVAILABLE
        assert client.unary(b"", metadata=[("x-echo-delay", "2")], limit_s=0.2).code == grpc.StatusCode.DEADLINE_EXCEEDED


def test_websocket_and_tcp_echo(echo):
    ws, tcp = echo.websocket(), echo.tcp(greet=b"220 hello\r\n")
    assert websocket_echo(f"ws://127.0.0.1:{ws.port}/chat", ["a", b"\x00\x01", "x" * 70000]) == ["a", b"\x00\x01", "x" * 70000]
    assert ws.requests[0]["target"] == "/chat"
    assert raw(tcp.port, b"abc", half_close=True) == b"220 hello\r\nabc"


def test_mutual_tls(echo, ca):
    server = ca.intermediate().leaf(dns=["a.test"])
    client = ca.leaf(spiffe="ns/default/sa/client")
    v1 = echo.http(tls=ca.server_context(server, client_ca=ca))
    url = f"https://a.test:{v1.port}/"
    seen = http(url, to=("127.0.0.1", v1.port), tls=ca.client_context(client, check_name=True)).json()
    assert ["URI", "spiffe://cluster.local/ns/default/sa/client"] in seen["tls"]["sans"]
    assert seen["tls"]["sni"] == "a.test"
    with pytest.raises((ssl.SSLError, OSError)):
        http(url, to=("127.0.0.1", v1.port), tls=ca.client_context())


def test_ports_are_not_given_twice():
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", ports[0]))


def test_until_says_what_did_not_happen():
    with pytest.raises(AssertionError, match="pigs fly"):
        until(lambda: False, "pigs fly", limit_s=0.1)


def test_process_reports_its_end(tmp_path):
    good = Process(["/bin/sh", "-c", "echo up; exec sleep 60"], tmp_path, expect_exit=-signal.SIGTERM, name="good")
    good.wait_line("up")
    assert good.finish() is None
    bad = Process(["/bin/sh", "-c", "exit 3"], tmp_path, name="bad")
    assert bad.wait() == 3
    assert "exited with 3" in bad.finish()
    report = "echo '==1==ERROR: AddressSanitizer: heap-use-after-free' >&2"
    asan = Process(["/bin/sh", "-c", report], tmp_path, name="asan")
    asan.wait()
    assert "sanitizer" in asan.finish()
    with pytest.raises(RuntimeError, match="before /never/"):
        Process(["/bin/sh", "-c", "echo other"], tmp_path, name="early").wait_line("never")


def test_process_takes_its_children_with_it(tmp_path):
    parent = Process(["/bin/sh", "-c", "sleep 300 & echo child $!; wait"], tmp_path, expect_exit=None, name="parent")
    child = int(parent.wait_line(r"child (\d+)").group(1))
    parent.finish()
    until(lambda: not alive(child), "the child is gone")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_process_dies_with_the_test_run(tmp_path):
    here = os.path.dirname(os.path.abspath(__file__))
    code = (f"import sys; sys.path.insert(0, {here!r}); from meshtest import Process\n"
            f"p = Process(['sleep', '300'], {str(tmp_path)!r}); print(p.pid, flush=True); sys.stdin.read()")
    run_ = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    pid = int(run_.stdout.readline())
    assert alive(pid)
    run_.kill()
    run_.communicate()
    until(lambda: not alive(pid), "the process is gone")


def test_run_checks_the_status():
    assert run(["/bin/sh", "-c", "cat; exit 4"], input="hi", status=4).out == "hi"
    with pytest.raises(AssertionError, match="exit status 1"):
        run(["false"])
    with pytest.raises(AssertionError, match="not done within"):
        run(["sleep", "60"], limit_s=0.2)
