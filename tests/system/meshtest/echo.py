"""Upstreams. Each listens on 127.0.0.1 and a port of its own (`.port`) and has a name, by which a
reply says who gave it.

HTTP upstreams answer with a JSON object of what they saw:

    server, method, target, authority, version, headers ([[name, value], ...], names lower-case),
    body (text, when at most 64 KiB), body_bytes, body_sha256, trailers, connection (a number),
    nth (1 for the first request of its connection), tls (null, or {alpn, sni, version, sans})

and the same objects collect in `.requests`. They do what request headers ask for:

    x-echo-status: 503          answers with this status
    x-echo-delay: 0.2           waits, seconds, before the answer
    x-echo-size: 1000000        sends so many bytes 'x' instead of the JSON object
    x-echo-chunked: 1           HTTP/1.1: chunked even when the length is known
    x-echo-header: name=value   adds a response header
    x-echo-trailer: name=value  adds a trailer (HTTP/1.1: chunked)
    x-echo-hints: 1             sends a 103 first
    x-echo-close: 1             HTTP/1.1: Connection: close
    x-echo-reset: 100           resets the connection (stream) after so many body bytes

status=, delay=, headers= given to the factory are the same for every request. tls= is an SSLContext
(ca.server_context(...)). `.accepted` counts connections, `.open` those open now."""

import asyncio
import hashlib
import json
import socket
import struct

from . import http1_server, http2_server, rpc, websocket
from .loop import call

TEXT_LIMIT = 65536


class Upstream:
    def __init__(self, name):
        self.name = name
        self.port = 0
        self.requests = []
        self.accepted = self.open = 0
        self._server = None
        self._writers = set()

    async def _listen(self, serve, port, tls, host):
        async def on_connection(reader, writer):
            self.accepted += 1
            self.open += 1
            self._writers.add(writer)
            number = self.accepted
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await serve(reader, writer, number)
            except (OSError, EOFError, asyncio.CancelledError, ValueError):
                pass
            finally:
                self.open -= 1
                self._writers.discard(writer)
                writer.close()
        self._server = await asyncio.start_server(on_connection, host, port, ssl=tls, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self):
        """Stops listening and cuts every connection, as a crash would."""
        async def end():
            if self._server:
                self._server.close()
            for writer in list(self._writers):
                abort(writer)
        call(end())


def abort(writer):
    """Ends a connection with a reset, not an orderly close."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Body:
    """What was received of a request body: counted and hashed, kept when small."""

    def __init__(self):
        self.bytes = 0
        self.hash = hashlib.sha256()
        self.text = b""

    def add(self, data):
        self.bytes += len(data)
        self.hash.update(data)
        if self.bytes <= TEXT_LIMIT:
            self.text += data


class Answer:
    """How to answer one request: made from what the request asks for and the upstream's settings."""

    def __init__(self, upstream, seen):
        asked = {name: value for name, value in seen["headers"] if name.startswith("x-echo-")}
        self.status = int(asked.get("x-echo-status", upstream.status))
        self.delay_s = float(asked.get("x-echo-delay", upstream.delay_s))
        self.reset_after = int(asked["x-echo-reset"]) if "x-echo-reset" in asked else None
        self.hints = "x-echo-hints" in asked
        self.close = "x-echo-close" in asked
        self.trailers = [v.split("=", 1) for n, v in seen["headers"] if n == "x-echo-trailer"]
        self.chunked = "x-echo-chunked" in asked or bool(self.trailers)
        self.headers = [["x-echo-server", upstream.name], *map(list, upstream.headers)]
        self.headers += [v.split("=", 1) for n, v in seen["headers"] if n == "x-echo-header"]
        self.size = int(asked["x-echo-size"]) if "x-echo-size" in asked else None
        self.json = (json.dumps(seen) + "\n").encode()
        if self.size is None:
            self.headers.append(["content-type", "application/json"])
        self.length = len(self.json) if self.size is None else self.size

    def parts(self):
        """The body in pieces, cut where a reset is asked for."""
        left = self.length if self.reset_after is None else min(self.length, self.reset_after)
        if self.size is None:
            yield self.json[:left]
            return
        block = b"x" * 65536
        while left > 0:
            yield block[:left]
            left -= min(left, len(block))


class HttpUpstream(Upstream):
    def __init__(self, name, status, delay_s, headers):
        super().__init__(name)
        self.status, self.delay_s = status, delay_s
        self.headers = list((headers or {}).items())

    def seen(self, *, method, target, authority, version, headers, body, trailers, connection, nth, writer):
        """The JSON object for a request, which is also added to .requests."""
        seen = {"server": self.name, "method": method, "target": target, "authority": authority,
                "version": version, "headers": headers, "body_bytes": body.bytes,
                "body": body.text.decode("utf-8", "replace") if body.bytes <= TEXT_LIMIT else None,
                "body_sha256": body.hash.hexdigest(), "trailers": trailers,
                "connection": connection, "nth": nth, "tls": tls_seen(writer)}
        self.requests.append(seen)
        return seen


def tls_seen(writer):
    tls = writer.get_extra_info("ssl_object")
    if tls is None:
        return None
    cert = tls.getpeercert() or {}
    return {"alpn": tls.selected_alpn_protocol(), "sni": getattr(tls, "asked_name", None),
            "version": tls.version(), "sans": [list(s) for s in cert.get("subjectAltName", ())]}


def note_sni(context):
    """Makes the context remember the name that a client asked for."""
    if context is not None:
        def remember(tls, name, _context):
            tls.asked_name = name
        context.sni_callback = remember
    return context


class Echo:
    """The factory behind the fixture `echo`; closes what it made when the test ends."""

    def __init__(self):
        self._made = []

    def _start(self, upstream, serve, port, tls, host):
        call(upstream._listen(serve, port, note_sni(tls), host))
        self._made.append(upstream)
        return upstream

    def http(self, name="echo", *, status=200, delay=0, headers=None, tls=None, port=0, host="127.0.0.1"):
        """HTTP/1.1."""
        upstream = HttpUpstream(name, status, delay, headers)
        return self._start(upstream, lambda r, w, n: http1_server.serve(upstream, r, w, n), port, tls, host)

    def http2(self, name="echo2", *, status=200, delay=0, headers=None, tls=None, port=0, host="127.0.0.1"):
        """HTTP/2 with prior knowledge, or by ALPN "h2" in the context given."""
        upstream = HttpUpstream(name, status, delay, headers)
        return self._start(upstream, lambda r, w, n: http2_server.serve(upstream, r, w, n), port, tls, host)

    def tcp(self, name="tcp", *, greet=b"", tls=None, port=0, host="127.0.0.1"):
        """Sends `greet` at once, then back whatever comes; closes when the client has closed."""
        upstream = Upstream(name)

        async def serve(reader, writer, _number):
            writer.write(greet)
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

        return self._start(upstream, serve, port, tls, host)

    def websocket(self, name="ws", *, port=0, host="127.0.0.1"):
        """Sends every message back; .requests has the handshakes' paths and headers."""
        upstream = websocket.WebSocketUpstream(name)
        upstream.start(port, host)
        self._made.append(upstream)
        return upstream

    def grpc(self, name="grpc", *, port=0, host="127.0.0.1", credentials=None):
        """See meshtest.rpc."""
        upstream = rpc.GrpcUpstream(name, port, host, credentials)
        self._made.append(upstream)
        return upstream

    def close(self):
        for upstream in self._made:
            upstream.close()
        self._made = []
