"""An HTTP/2 client for tests, with several streams at once on one connection.

    with http2(port, tls=None) as client:
        reply = client.get("/x", authority="reviews", headers={"a": "b"})
        ids = [client.send("GET", f"/{i}") for i in range(100)]
        replies = [client.reply(i) for i in ids]

A reply has status, headers, body, trailers, interim (1xx heads) and reset (error code or None)."""

import json
import socket
import time

import h2.config
import h2.connection
import h2.events


class Http2Reply:
    def __init__(self):
        self.status = None
        self.headers, self.trailers, self.interim = [], [], []
        self.body = b""
        self.reset = None
        self.ended = False

    def header(self, name):
        values = [v for n, v in self.headers if n == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<Http2Reply {self.status} reset={self.reset} {dict(self.headers)} {self.body[:200]!r}>"


class Http2Client:
    def __init__(self, port, *, host="127.0.0.1", tls=None, sni=None, limit_s=10, window_bytes=1 << 20):
        self.limit_s = limit_s
        self.sock = socket.create_connection((host, port), limit_s)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=sni or host)
        self.scheme = "https" if tls else "http"
        self.replies = {}
        self.goaway = None # the last stream id that the peer will handle, once it has said so
        self.settings = {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False)) # it knows no plain CONNECT
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(window_bytes)
        self._flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def get(self, path="/", **options):
        return self.reply(self.send("GET", path, **options))

    def post(self, path, body, **options):
        return self.reply(self.send("POST", path, body=body, **options))

    def send(self, method, path, *, authority="localhost", headers=(), body=None, trailers=None, end=True):
        """Sends a request; returns its stream id for reply(). end=False leaves the request open:
        data(id, ...) continues it."""
        stream = self.h2.get_next_available_stream_id()
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        head = [(":method", method), (":scheme", self.scheme), (":path", path), (":authority", authority)]
        if method == "CONNECT" and not any(n == ":protocol" for n, _ in pairs):
            head = [(":method", method), (":authority", authority)]
        self.replies[stream] = Http2Reply()
        last = body is None and not trailers and end
        self.h2.send_headers(stream, head + pairs, end_stream=last)
        self._flush()
        if not last and (body is not None or trailers):
            self.data(stream, body or b"", end=end and not trailers)
        if trailers:
            self.h2.send_headers(stream, list(dict(trailers).items()), end_stream=True)
            self._flush()
        return stream

    def data(self, stream, data, end=False):
        """Sends body bytes, waiting for window where there is none."""
        deadline = time.monotonic() + self.limit_s
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room > 0:
                self.h2.send_data(stream, data[:room])
                data = data[room:]
                self._flush()
            elif self.replies[stream].ended:
                return # answered before all was sent
            else:
                self._read(deadline, f"window for stream {stream}")
        if end:
            self.h2.end_stream(stream)
            self._flush()

    def reset(self, stream, code=8):
        self.h2.reset_stream(stream, code)
        self._flush()

    def reply(self, stream, limit_s=None):
        """Waits for the end of a reply (or its reset)."""
        deadline = time.monotonic() + (limit_s or self.limit_s)
        while not self.replies[stream].ended:
            self._read(deadline, f"the reply of stream {stream}")
        return self.replies[stream]

    def wait(self, condition, what, limit_s=None):
        """Reads what comes until condition() holds."""
        deadline = time.monotonic() + (limit_s or self.limit_s)
        while not condition():
            self._read(deadline, what)

    def _flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def _read(self, deadline, what):
        left = deadline - time.monotonic()
        assert left > 0, f"not within the limit: {what}"
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise AssertionError(f"not within the limit: {what}") from None
        if not data:
            raise EOFError(f"the peer closed while we waited for {what}")
        for event in self.h2.receive_data(data):
            self._on_event(event)
        self._flush()

    def _on_event(self, event):
        reply = self.replies.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.last_stream_id
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({int(k): v.new_value for k, v in event.changed_settings.items()})
        elif isinstance(event, h2.events.InformationalResponseReceived):
            reply.interim.append([tuple(h) for h in event.headers])
        elif isinstance(event, h2.events.ResponseReceived):
            reply.headers = [tuple(h) for h in event.headers if not h[0].startswith(":")]
            reply.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            reply.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            reply.trailers = [tuple(h) for h in event.headers]
        elif isinstance(event, h2.events.StreamReset) and reply:
            reply.reset, reply.ended = int(event.error_code), True
        elif isinstance(event, h2.events.StreamEnded) and reply:
            reply.ended = True
