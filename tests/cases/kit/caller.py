"""One call from a workload's namespace, in the protocol asked for -> Reply.

    call(place, Target(ip, port), protocol="http", host=..., path=..., ...)

A Reply has what came back or the `error` that came instead: refused, reset, closed, timeout, or
tls: and a reason. Nothing is raised for what the network does."""

import base64
import dataclasses
import http.client
import json
import os
import socket
import ssl
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from . import names

PROTOCOLS = ("http", "https", "http2", "https2", "grpc", "ws", "tcp", "tls", "raw", "dns-tcp", "dns-udp")


@dataclasses.dataclass
class Target:
    ip: str
    port: int


@dataclasses.dataclass
class Reply:
    error: str = None
    status: int = None
    headers: list = dataclasses.field(default_factory=list) # [(name, value), ...], names in lower case
    body: bytes = b""
    protocol: str = None # of the response
    seconds: float = 0
    cert: dict = None    # subject's common name and DNS names of the server
    trailers: list = dataclasses.field(default_factory=list)
    banner: str = None   # TCP: what came before anything was sent

    @property
    def echo(self):
        """What the app saw, or None when no app answered."""
        text = self.body.split(b"\n")[0]
        try:
            seen = json.loads(text)
            return seen if isinstance(seen, dict) and "workload" in seen else None
        except ValueError:
            return None

    def header(self, name):
        values = [v for n, v in self.headers if n == name.lower()]
        return ", ".join(values) if values else None

    def __str__(self):
        if self.error:
            return f"error {self.error} after {self.seconds:.3f} s"
        text = self.body.decode("utf-8", "replace").strip()
        head = " ".join(f"{n}={v!r}" for n, v in self.headers)
        return f"{self.protocol} {self.status} {head} {text[:1500]}"


@dataclasses.dataclass
class Request:
    protocol: str = "http"
    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: list = dataclasses.field(default_factory=list)
    body: str = ""
    tls: ssl.SSLContext = None
    sni: str = None
    before: bytes = b"" # sent in front of everything: a PROXY header
    limit_s: float = 5


def call(place, target, request, kept=None):
    """kept: a dict that keeps an HTTP connection from one call to the next."""
    began = time.monotonic()
    try:
        reply = _again(place, target, request, kept) if kept else None
        reply = reply or _talk(place, target, request, kept)
    except ssl.SSLCertVerificationError as error:
        reply = Reply(error=f"tls: certificate: {error.verify_message}")
    except ssl.SSLEOFError:
        reply = Reply(error="tls: closed")
    except ssl.SSLError as error:
        reply = Reply(error=f"tls: {error.reason or error}")
    except TimeoutError:
        reply = Reply(error="timeout")
    except ConnectionRefusedError:
        reply = Reply(error="refused")
    except (ConnectionResetError, BrokenPipeError):
        reply = Reply(error="reset")
    except (EOFError, http.client.IncompleteRead, http.client.RemoteDisconnected):
        reply = Reply(error="closed")
    except (http.client.HTTPException, h2.exceptions.ProtocolError, ValueError, struct.error) as error:
        reply = Reply(error=f"protocol: {error!r}")
    except OSError as error:
        reply = Reply(error=os.strerror(error.errno) if error.errno else str(error))
    reply.seconds = time.monotonic() - began
    return reply


def _again(place, target, request, kept):
    """On the connection of the last call; None when it is no more."""
    sock, session = kept.pop("sock"), kept.pop("session", None)
    try:
        reply = _SPEAK[request.protocol](sock, request, session)
        _keep(kept, sock, session, reply)
        return reply
    except (OSError, EOFError, http.client.HTTPException, h2.exceptions.ProtocolError):
        return None
    finally:
        sock.close()


def _keep(kept, sock, session, reply):
    if kept is not None and not reply.error and reply.header("connection") != "close":
        kept.update(sock=sock.dup(), session=session)


def ask_dns(place, target, name, tcp):
    """-> (status, [IP, ...])"""
    with place.socket(kind=socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((target.ip, target.port))
        return names.ask(sock, name, names.A, tcp=tcp)


def _talk(place, target, request, kept):
    if request.protocol.startswith("dns-"): # status: DNS's, body: the addresses
        status, ips = ask_dns(place, target, request.host, request.protocol == "dns-tcp")
        return Reply(status=status, body=" ".join(ips).encode(), protocol=request.protocol)
    with place.connect(target.ip, target.port, request.limit_s) as plain:
        if request.before:
            plain.sendall(request.before)
        sock, cert = plain, None
        if request.tls:
            sock = request.tls.wrap_socket(plain, server_hostname=request.sni or None)
            cert = _describe(sock)
        try:
            speak = _SPEAK[request.protocol]
            if request.protocol == "https" and sock.selected_alpn_protocol() == "h2":
                speak = _http2
            session = _session() if speak in (_http2, _grpc) else None
            reply = speak(sock, request, session)
            if sock is plain and speak in (_http1, _http2, _grpc):
                _keep(kept, sock, session, reply)
        finally:
            if sock is not plain:
                sock.close()
        reply.cert = cert
        return reply


def _describe(sock):
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID
    cert = x509.load_der_x509_certificate(sock.getpeercert(True))
    kinds = {"ECDSA": ec.EllipticCurvePublicKey, "RSA": rsa.RSAPublicKey}
    names = [a.value for a in cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        sans = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns = sans.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        dns = []
    return {"name": names[0] if names else None, "dns": dns, "alpn": sock.selected_alpn_protocol(),
            "version": sock.version(),
            "key": next((name for name, kind in kinds.items() if isinstance(cert.public_key(), kind)), None)}


# ---- HTTP/1 ----

def _http1(sock, request, _session):
    head = [f"{request.method} {request.path} HTTP/1.1"]
    names = {n.lower() for n, _ in request.headers}
    if "host" not in names:
        head.append(f"Host: {request.host}")
    head += [f"{n}: {v}" for n, v in request.headers]
    body = request.body.encode()
    if body and "content-length" not in names:
        head.append(f"Content-Length: {len(body)}")
    sock.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
    response = http.client.HTTPResponse(sock, method=request.method)
    response.begin()
    return Reply(status=response.status, headers=[(n.lower(), v) for n, v in response.getheaders()],
                 body=response.read(), protocol="HTTP/1.1" if response.version == 11 else "HTTP/1.0")


# ---- HTTP/2, gRPC ----

def _session():
    conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    conn.initiate_connection()
    return conn


def _http2(sock, request, conn):
    body = request.body.encode()
    head = [(":method", request.method), (":scheme", "https" if request.tls else "http"),
            (":path", request.path), (":authority", request.host)]
    head += [(n.lower(), str(v)) for n, v in request.headers]
    stream = conn.get_next_available_stream_id()
    conn.send_headers(stream, head, end_stream=not body)
    if body:
        conn.send_data(stream, body, end_stream=True)
    sock.sendall(conn.data_to_send())
    reply, deadline = Reply(protocol="HTTP/2"), time.monotonic() + request.limit_s
    while True:
        if time.monotonic() > deadline:
            raise TimeoutError
        data = sock.recv(65536)
        if not data:
            raise EOFError
        for event in conn.receive_data(data):
            if _take(conn, event, reply):
                sock.sendall(conn.data_to_send())
                return reply
        sock.sendall(conn.data_to_send())


def _take(conn, event, reply):
    """True at the end of the reply."""
    if isinstance(event, h2.events.ResponseReceived):
        reply.status = int(dict(event.headers)[":status"])
        reply.headers = [(n, v) for n, v in event.headers if not n.startswith(":")]
    elif isinstance(event, h2.events.DataReceived):
        reply.body += event.data
        conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif isinstance(event, h2.events.TrailersReceived):
        reply.trailers = list(event.headers)
    elif isinstance(event, h2.events.StreamReset):
        reply.error = f"reset: stream, code {int(event.error_code)}"
        return True
    elif isinstance(event, h2.events.StreamEnded):
        return True
    return False


def _grpc(sock, request, session):
    """One message of bytes to /meshtest.Echo/Unary, or to the path given. status: 200 when the call
    ended with grpc-status 0, else what HTTP said; header grpc-status has the code."""
    message = (request.body or "hello").encode()
    asked = dataclasses.replace(request, method="POST", body="", path=request.path if request.path != "/"
                                else "/proto.EchoTestService/Echo",
                                headers=[*request.headers, ("content-type", "application/grpc"), ("te", "trailers")])
    asked.body = (b"\0" + struct.pack(">I", len(message)) + message).decode("latin-1")
    reply = _http2(sock, asked, session)
    reply.headers += reply.trailers
    reply.body = reply.body[5:]
    return reply


# ---- WebSocket ----

def _websocket(sock, request, _session):
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
               ("Sec-WebSocket-Key", key)]
    head = [f"GET {request.path} HTTP/1.1", f"Host: {request.host}",
            *(f"{n}: {v}" for n, v in [*upgrade, *request.headers])]
    sock.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n")
    stream = sock.makefile("rb")
    status = stream.readline()
    if not status:
        raise EOFError
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.lower(), value.strip()))
    reply = Reply(status=int(status.split(b" ")[1]), headers=headers, protocol="HTTP/1.1")
    if reply.status != 101:
        reply.body = stream.read(int(reply.header("content-length") or 0))
        return reply
    reply.body = _frame(stream)
    text = b"hello"
    mask = b"\1\2\3\4"
    sock.sendall(bytes([0x81, 0x80 | len(text)]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(text)))
    back = _frame(stream)
    if back != text:
        raise ValueError(f"the message came back as {back!r}")
    reply.status = 200 # as Istio's client reports it: the upgrade and an echo
    return reply


def _frame(stream):
    head = stream.read(2)
    if len(head) < 2:
        raise EOFError
    length = head[1] & 127
    if length == 126:
        length = struct.unpack(">H", stream.read(2))[0]
    return stream.read(length)


# ---- bytes ----

def _bytes(sock, request, _session):
    """Sends body (a line), reads the app's line and what comes back of ours. With an empty body it
    only listens: for a server that speaks first."""
    data = request.body.encode()
    reply = Reply(protocol="TCP")
    if data:
        sock.sendall(data)
    lines = 2 if data else 1
    while reply.body.count(b"\n") < lines:
        part = sock.recv(65536)
        if not part:
            raise EOFError
        reply.body += part
    if not data:
        reply.banner = reply.body.decode()
    elif not reply.body.endswith(data):
        raise ValueError(f"{data!r} came back as {reply.body!r}")
    reply.status = 200
    return reply


def _raw(sock, request, _session):
    """Sends body as it is and reads until the peer closes or is silent."""
    sock.sendall(request.body.encode("latin-1"))
    sock.settimeout(min(request.limit_s, 1))
    reply = Reply(protocol="raw")
    try:
        while part := sock.recv(65536):
            reply.body += part
            if request.body.startswith("GET ") and b"\r\n\r\n" in reply.body:
                break
    except TimeoutError:
        pass
    if not reply.body:
        raise EOFError
    if reply.body.startswith(b"HTTP/"):
        head, _, reply.body = reply.body.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        reply.protocol, reply.status = lines[0].split(" ")[0], int(lines[0].split(" ")[1])
        reply.headers = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
    return reply


_SPEAK = {"http": _http1, "https": _http1, "http2": _http2, "https2": _http2, "grpc": _grpc,
          "ws": _websocket, "tcp": _bytes, "tls": _bytes, "raw": _raw}
