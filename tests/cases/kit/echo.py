"""The app of every workload: listens on Istio's echo ports and says what it saw.

HTTP (1.0, 1.1, h2c or by ALPN, WebSocket) and gRPC are answered with a JSON object: workload, version,
port (that it came to), method, path, host, protocol, headers ([[name, value], ...] as received), body,
peer (IP), tls (null or alpn, sni, sans), proxy (the PROXY protocol's version, or null). Over TCP the
first line is such an object, and then comes back what was sent; a port whose kind is `greet` sends the
line before it hears anything; one of kind `any` takes all of these and TLS, one of kind `mutual` wants a client's certificate of the
authority `clients`, `authorizer` decides for others (kit/authorizer.py), `connect` and `connect-tls` are forward proxies, `connect2`
and `connect2-tls` those of HTTP/2, `keys` and `keys-tls` serve
the keys of token issuers. What was seen collects in Workload.seen.

Request headers x-echo-status, x-echo-delay, x-echo-header (name=value) ask for another answer."""

import asyncio
import base64
import hashlib
import json
import re
import socket
import struct

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from meshtest.echo import note_sni, tls_seen
from meshtest.loop import call

from . import authorizer

# name -> (service port, port of the app, kind). Istio's echo deployment has the same.
PORTS = {
    "http": (80, 18080, "http"),
    "auto-http": (81, 18081, "http"),
    "http-instance": (82, 18082, "http"),
    "http-localhost": (84, 18084, "http"),
    "http2": (85, 18085, "http"),
    "tcp-for-http": (86, 18086, "http"),
    "tcp-proxy": (87, 18087, "proxied"),
    "grpc": (7070, 17070, "http"),
    "auto-grpc": (7071, 17071, "http"),
    "tcp": (9090, 19090, "tcp"),
    "auto-tcp": (9092, 19091, "tcp"),
    "tcp-server": (9091, 16060, "greet"),
    "auto-tcp-server": (9093, 16061, "greet"),
    "https": (443, 18443, "tls"),
    "auto-https": (9443, 19443, "tls"),
    "tcp-wl-only": (None, 19092, "tcp"),
    "http-wl-only": (None, 18083, "http"),
}
BOUND_TO = {"http-instance": "pod", "http-localhost": "127.0.0.1"} # others: any address
ANY = ("0.0.0.0", "::")
SEEN_MAX = 5000


class Echo:
    """The ports of one workload in its place; tls and mutual are its server contexts."""

    def __init__(self, name, version, place, tls, mutual, find, ports=None, jwks="", any_address=ANY):
        self.name, self.version, self.place = name, version, place
        self.seen, self.find, self.jwks = [], find, jwks # find: names for a forward proxy
        self._servers, self._writers, self._tasks = [], set(), []
        self._tls, self._mutual = note_sni(tls), note_sni(mutual)
        self._any = any_address
        call(self._listen(ports or PORTS))

    async def _listen(self, ports):
        for name, (_, port, kind) in ports.items():
            bound = BOUND_TO.get(name)
            ips = {"pod": [self.place.ip], "127.0.0.1": ["127.0.0.1"], None: self._any}[bound]
            for ip in ips:
                listener = self.place.listen(ip, port)
                if kind in ("any", "tls", "mutual", "connect-tls", "connect2-tls", "keys-tls"):
                    self._tasks.append(asyncio.ensure_future(self._accept(listener, port, kind)))
                else:
                    self._servers.append(await asyncio.start_server(self._serving(port, kind), sock=listener,
                                                                    limit=1 << 20))

    async def _accept(self, listener, port, kind):
        """TLS or not: the first byte tells."""
        with listener:
            while True:
                sock, _ = await asyncio.get_running_loop().sock_accept(listener)
                self._tasks.append(asyncio.ensure_future(self._look(sock, port, kind)))

    async def _look(self, sock, port, kind):
        loop = asyncio.get_running_loop()
        readable = loop.create_future()
        loop.add_reader(sock, lambda: readable.done() or readable.set_result(None))
        try:
            await readable
        finally:
            loop.remove_reader(sock)
        try:
            first = sock.recv(1, socket.MSG_PEEK)
            reader = asyncio.StreamReader(limit=1 << 20)
            context = (self._mutual if kind == "mutual" else self._tls) if first == b"\x16" else None
            plain = {"any": "either", "connect-tls": "connect", "connect2-tls": "connect2", "keys-tls": "keys"}.get(kind, "http" if context else "wrong")
            serving = self._serving(port, plain)
            protocol = asyncio.StreamReaderProtocol(reader, serving)
            await loop.connect_accepted_socket(lambda: protocol, sock, ssl=context)
        except OSError:
            sock.close()

    def _serving(self, port, kind):
        async def serve(reader, writer):
            self._writers.add(writer)
            try:
                await KINDS[kind](Session(self, port, reader, writer))
            except (OSError, EOFError, ValueError, asyncio.CancelledError, h2.exceptions.ProtocolError):
                pass
            finally:
                self._writers.discard(writer)
                writer.close()
        return serve

    def close(self):
        async def end():
            for server in self._servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            for writer in list(self._writers):
                writer.transport.abort()
        call(end())


class Session:
    """One connection."""

    def __init__(self, echo, port, reader, writer):
        self.echo, self.port, self.reader, self.writer = echo, port, reader, writer
        self.peer = writer.get_extra_info("peername")[0]
        self.proxy = None

    def note(self, **what):
        seen = {"workload": self.echo.name, "version": self.echo.version, "port": self.port, "peer": self.peer,
                "tls": tls_seen(self.writer), "proxy": self.proxy, **what}
        self.echo.seen.append(seen)
        del self.echo.seen[:-SEEN_MAX]
        return seen

    def line(self, **what):
        return (json.dumps(self.note(**what)) + "\n").encode()


class Answer:
    def __init__(self, seen):
        asked = {n.lower(): v for n, v in seen["headers"]}
        self.status = int(asked.get("x-echo-status", 200))
        self.delay_s = float(asked.get("x-echo-delay", 0))
        self.headers = [("content-type", "application/json"), ("x-echo-workload", seen["workload"])]
        self.headers += [tuple(v.split("=", 1)) for n, v in seen["headers"] if n.lower() == "x-echo-header"]
        self.body = (json.dumps(seen) + "\n").encode()


# ---- HTTP/1 ----

async def serve_http(s, first=b""):
    """HTTP/1 or HTTP/2, by the first bytes."""
    first = first or await s.reader.readexactly(3)
    if first == b"PRI":
        await Http2(s).run(first)
    else:
        while first is not None:
            first = b"" if await http1_request(s, first) else None


async def http1_request(s, first):
    """One request. Returns whether the connection may go on."""
    head = first + await s.reader.readuntil(b"\r\n\r\n")
    lines = head[:-4].decode("latin-1").split("\r\n")
    method, path, version = lines[0].split(" ")
    headers = [[name, value.strip()] for name, _, value in (line.partition(":") for line in lines[1:])]
    lower = {name.lower(): value for name, value in headers}
    body = await http1_body(s, lower)
    seen = s.note(method=method, path=path, host=lower.get("host"), protocol=version, headers=headers,
                  body=body.decode("utf-8", "replace"))
    if lower.get("upgrade", "").lower() == "websocket":
        await websocket(s, lower, seen)
        return False
    answer = Answer(seen)
    await asyncio.sleep(answer.delay_s)
    lines = [f"{version} {answer.status} {'OK' if answer.status == 200 else 'Echo'}",
             *(f"{n}: {v}" for n, v in answer.headers), f"content-length: {len(answer.body)}"]
    s.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if method == "HEAD" else answer.body))
    await s.writer.drain()
    return version == "HTTP/1.1" and lower.get("connection", "").lower() != "close"


async def http1_body(s, headers):
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await s.reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await s.reader.readexactly(size + 2))[:-2]
        while await s.reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body
    return await s.reader.readexactly(int(headers.get("content-length", 0)))


# ---- WebSocket: every message comes back ----

async def websocket(s, headers, seen):
    key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    s.writer.write(f"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                   f"sec-websocket-accept: {accept}\r\n\r\n".encode())
    s.writer.write(frame(json.dumps(seen).encode()))
    while True:
        kind, data = await read_frame(s.reader)
        s.writer.write(frame(data, kind))
        if kind == 8:
            return


def frame(data, kind=1):
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
    return bytes([0x80 | kind]) + size + data


async def read_frame(reader):
    kind, size = await reader.readexactly(2)
    length, mask = size & 127, b""
    if length == 126:
        length = struct.unpack(">H", await reader.readexactly(2))[0]
    if size & 128:
        mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return kind & 15, bytes(c ^ mask[i % 4] for i, c in enumerate(data)) if mask else data


# ---- HTTP/2 and gRPC ----

class Http2:
    def __init__(self, s):
        self.s = s
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.requests = {} # stream -> [headers, body]
        self.tasks = set()

    async def flush(self):
        self.s.writer.write(self.h2.data_to_send())
        await self.s.writer.drain()

    async def run(self, first):
        self.h2.initiate_connection()
        try:
            data = first
            while data:
                for event in self.h2.receive_data(data):
                    self.on_event(event)
                await self.flush()
                data = await self.s.reader.read(65536)
        finally:
            for task in self.tasks:
                task.cancel()

    def on_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = [event.headers, b""]
        elif isinstance(event, h2.events.DataReceived):
            if event.stream_id in self.requests:
                self.requests[event.stream_id][1] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.requests.pop(event.stream_id, None)
        elif isinstance(event, h2.events.StreamEnded) and event.stream_id in self.requests:
            task = asyncio.ensure_future(self.answer(event.stream_id, *self.requests.pop(event.stream_id)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def answer(self, stream, head, body):
        pseudo = {n: v for n, v in head if n.startswith(":")}
        headers = [[n, v] for n, v in head if not n.startswith(":")]
        is_grpc = dict(headers).get("content-type", "").startswith("application/grpc")
        seen = self.s.note(method=pseudo[":method"], path=pseudo[":path"], host=pseudo.get(":authority"),
                           protocol="HTTP/2.0", headers=headers,
                           body=(body[5:] if is_grpc else body).decode("utf-8", "replace"))
        answer = Answer(seen)
        await asyncio.sleep(answer.delay_s)
        reply = [(":status", str(answer.status)), *answer.headers]
        data = answer.body
        if is_grpc:
            reply[1] = ("content-type", "application/grpc")
            data = b"\0" + struct.pack(">I", len(data)) + data
        try:
            self.h2.send_headers(stream, reply)
            for at in range(0, len(data), 16000):
                self.h2.send_data(stream, data[at:at + 16000])
            if is_grpc:
                self.h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)
            else:
                self.h2.end_stream(stream)
            await self.flush()
        except (h2.exceptions.ProtocolError, OSError):
            pass # the client has gone


# ---- bytes ----

async def serve_wrong(s):
    """No TLS where TLS is spoken: what Go's server says then."""
    await s.reader.read(65536)
    s.writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


async def serve_keys(s):
    """The key set of all issuers, whatever is asked for; /?delay=30ms takes its time."""
    head = await s.reader.readuntil(b"\r\n\r\n")
    asked = re.match(rb"GET \S*[?&]delay=([0-9]+)ms", head)
    await asyncio.sleep(int(asked.group(1)) / 1000 if asked else 0)
    s.writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
                   f"content-length: {len(s.echo.jwks)}\r\n\r\n{s.echo.jwks}".encode())
    await s.writer.drain()


async def serve_connect(s):
    """A forward proxy: CONNECT HOST:PORT over HTTP/1, and then bytes both ways."""
    head = (await s.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split("\r\n")[0].split(" ")
    host, _, port = target.rpartition(":")
    if method != "CONNECT":
        raise ValueError(head)
    loop = asyncio.get_running_loop()
    sock = s.echo.place.socket()
    sock.setblocking(False)
    await loop.sock_connect(sock, (s.echo.find(host)[0], int(port)))
    reader, writer = await asyncio.open_connection(sock=sock)
    s.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def copy(source, sink):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()
    await asyncio.gather(copy(s.reader, writer), copy(reader, s.writer))


async def serve_connect2(s):
    """The same over HTTP/2. Unchecked: the library wants a path with CONNECT, too."""
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8",
                                                                validate_inbound_headers=False))
    conn.initiate_connection()
    ups, tasks = {}, []

    async def back(stream, reader):
        while data := await reader.read(16000):
            conn.send_data(stream, data)
            s.writer.write(conn.data_to_send())
        conn.end_stream(stream)
        s.writer.write(conn.data_to_send())
    try:
        while data := await s.reader.read(65536):
            for event in conn.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    asked = dict(event.headers)
                    host, _, port = asked.get(":authority", "").rpartition(":")
                    if asked[":method"] != "CONNECT":
                        raise ValueError(asked)
                    sock = s.echo.place.socket()
                    sock.setblocking(False)
                    await asyncio.get_running_loop().sock_connect(sock, (s.echo.find(host)[0], int(port)))
                    reader, ups[event.stream_id] = await asyncio.open_connection(sock=sock)
                    conn.send_headers(event.stream_id, [(":status", "200")])
                    tasks.append(asyncio.ensure_future(back(event.stream_id, reader)))
                elif isinstance(event, h2.events.DataReceived):
                    ups[event.stream_id].write(event.data)
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)) and event.stream_id in ups:
                    ups[event.stream_id].close()
            s.writer.write(conn.data_to_send())
    finally:
        for task in tasks:
            task.cancel()
        for up in ups.values():
            up.close()


async def serve_either(s):
    first = await s.reader.read(3)
    if len(first) == 3 and first in (b"GET", b"POS", b"PRI", b"HEA", b"OPT"):
        await serve_http(s, first)
    else:
        await serve_tcp(s, first)


async def serve_tcp(s, first=b""):
    data = first + await s.reader.read(65536)
    s.writer.write(s.line(protocol="TCP", body=data.decode("utf-8", "replace")))
    while data:
        s.writer.write(data)
        await s.writer.drain()
        data = await s.reader.read(65536)


async def serve_greet(s):
    s.writer.write(s.line(protocol="TCP", body=""))
    while data := await s.reader.read(65536):
        s.writer.write(data)
        await s.writer.drain()


async def serve_proxied(s):
    """HTTP behind a PROXY protocol header, which must be there."""
    start = await s.reader.readexactly(12)
    if start == b"\r\n\r\n\0\r\nQUIT\n":
        s.proxy = 2
        rest = await s.reader.readexactly(4)
        await s.reader.readexactly(struct.unpack(">H", rest[2:])[0])
    elif start.startswith(b"PROXY "):
        s.proxy = 1
        await s.reader.readuntil(b"\r\n")
    else:
        raise ValueError("no PROXY header")
    await serve_http(s)


KINDS = {"http": serve_http, "tcp": serve_tcp, "greet": serve_greet, "proxied": serve_proxied,
         "either": serve_either, "wrong": serve_wrong, "connect": serve_connect, "connect2": serve_connect2,
         "keys": serve_keys, "authorizer": authorizer.serve}
