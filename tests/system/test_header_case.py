"""proxyHeaders.preserveHttp1HeaderCase: how names of headers are spelt on the other side of two proxies."""

import socket
import threading

import pytest

from meshtest import http2, raw, until
from meshtest.rig import HOST


def mesh_config(text):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": text}}


KEEP_CASE = mesh_config("defaultConfig: {proxyHeaders: {preserveHttp1HeaderCase: true}}")


class Telling:
    """An app that keeps the heads it reads, and spells its own in its own way."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heads = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        data = b""
        while piece := sock.recv(65536):
            data += piece
            while b"\r\n\r\n" in data:
                head, _, data = data.partition(b"\r\n\r\n")
                self.heads.append(head)
                sock.sendall(b"HTTP/1.1 200 OK\r\nX-Answer-ID: 1\r\nContent-Length: 2\r\n\r\nok")

    def close(self):
        self.listener.close()


@pytest.fixture
def telling():
    app = Telling()
    yield app
    app.close()


SPELT = b"GET /s HTTP/1.1\r\nHost: app.default.svc.cluster.local\r\nX-CUSTOM-Id: 1\r\nSOAPAction: x\r\nConnection: close\r\n\r\n"


def test_header_case_is_kept_where_it_is_wanted(rig, telling):
    pair = rig.pair(telling, objects=[KEEP_CASE], client_objects=[KEEP_CASE])
    answer = raw(pair.port, SPELT)
    assert b"\r\nX-Answer-ID: 1\r\n" in answer and b"\r\nContent-Length: 2\r\n" in answer
    [head] = telling.heads
    for line in (b"Host: app.default.svc.cluster.local", b"X-CUSTOM-Id: 1", b"SOAPAction: x"):
        assert line in head.split(b"\r\n"), head
    with http2(pair.port) as client: # HTTP/2 knows lower case only, and shares the hop
        assert client.get("/h2", authority=HOST).header("x-answer-id") == "1"
    assert b"\r\nhost: " in telling.heads[1]


def test_header_case_is_lost_where_it_is_not(rig, telling):
    pair = rig.pair(telling)
    assert b"\r\nx-answer-id: 1\r\n" in raw(pair.port, SPELT)
    assert b"\r\nx-custom-id: 1\r\n" in telling.heads[0] + b"\r\n"


def test_header_case_follows_the_configuration(rig, telling):
    pair = rig.pair(telling)
    assert b"\r\nx-answer-id: 1\r\n" in raw(pair.port, SPELT)
    for proxy in (pair.client, pair.server):
        proxy.config.put(KEEP_CASE)
    until(lambda: b"\r\nX-Answer-ID: 1\r\n" in raw(pair.port, SPELT), "names keep their case")
