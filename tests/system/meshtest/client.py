"""HTTP/1.1 requests and raw bytes."""

import contextlib
import http.client
import json
import socket
import urllib.parse


class Reply:
    """status, reason, version (10 or 11), headers (list of (lower-case name, value)), body (bytes)."""

    def __init__(self, response):
        self.status, self.reason, self.version = response.status, response.reason, response.version
        self.headers = [(name.lower(), value) for name, value in response.getheaders()]
        self.body = response.read()

    def header(self, name):
        """The value, several joined by ', '; None when absent."""
        values = [v for n, v in self.headers if n == name.lower()]
        return ", ".join(values) if values else None

    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<Reply {self.status} {dict(self.headers)} {self.body[:200]!r}>"


class _Connection(http.client.HTTPConnection):
    """Goes to `address` whatever the URL says, and speaks TLS when given a context."""

    def __init__(self, address, timeout_s, tls, sni):
        super().__init__(address[0], address[1], timeout=timeout_s)
        self._tls, self._sni = tls, sni

    def connect(self):
        super().connect()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._sni)


def connection(url, *, to=None, tls=None, sni=None, limit_s=10):
    """A keep-alive connection for several http(..., on=connection) calls."""
    parts = urllib.parse.urlsplit(url)
    address = to or (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    return _Connection(address, limit_s, tls, sni or parts.hostname)


def http(url, *, method="GET", headers=None, body=None, host=None, to=None, tls=None, sni=None,
         limit_s=10, on=None):
    """One request; redirects are not followed.

    headers: a dict, or a list of pairs when a name comes twice. host: the Host header (the URL's
    otherwise). to: (address, port) to connect to instead of the URL's. tls: an SSLContext, e.g.
    ca.client_context(). body: bytes, str, a file, or an iterable of bytes (sent in chunks). on: a
    connection() to use and keep."""
    parts = urllib.parse.urlsplit(url)
    conn = on or connection(url, to=to, tls=tls, sni=sni, limit_s=limit_s)
    pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
    names = {name.lower() for name, _ in pairs}
    if isinstance(body, str):
        body = body.encode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    conn.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    if "host" not in names:
        conn.putheader("Host", host or parts.netloc)
    chunked = False
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        chunked = not isinstance(body, bytes)
        conn.putheader(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
    for name, value in pairs:
        conn.putheader(name, value)
    conn.endheaders(body, encode_chunked=chunked)
    reply = Reply(conn.getresponse())
    if not on:
        conn.close()
    return reply


def raw(port, data, *, host="127.0.0.1", tls=None, sni=None, limit_s=5, half_close=False):
    """Sends bytes as they are; returns everything that comes until the peer closes, or until
    limit_s passes without a byte. half_close: ends our side after sending."""
    with socket.create_connection((host, port), limit_s) as plain:
        sock = tls.wrap_socket(plain, server_hostname=sni or host) if tls else plain
        sock.settimeout(limit_s)
        got = b""
        try:
            sock.sendall(data)
            if half_close:
                with contextlib.suppress(OSError): # the peer may have refused us already
                    sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                got += part
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        return got
