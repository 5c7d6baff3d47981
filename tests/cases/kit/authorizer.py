"""The external authorizer of the cases, as Istio's sample: a port of kind `authorizer` speaks HTTP/1 and
gRPC (envoy.service.auth.v3.Authorization/Check).

A request with header `x-ext-authz: allow` may pass, a connection when the client's service account is
`a`; all else is denied with 403. The header x-ext-authz-check-result says `allowed` or `denied`: to the
app, or to the client."""

import h2.config
import h2.connection
import h2.events

from meshtest.protobuf import all_of, field, one

RESULT = "x-ext-authz-check-result"
DENIED = "denied by ext_authz for not found header `x-ext-authz: allow` in the request"
PERMISSION_DENIED = 7


async def serve(s):
    first = await s.reader.readexactly(3)
    if first == b"PRI":
        await serve_grpc(s, first)
        return
    while True:
        head = first + await s.reader.readuntil(b"\r\n\r\n")
        await answer_http(s, head)
        first = b""


# ---- HTTP/1 ----

async def answer_http(s, head):
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    await s.reader.readexactly(int(headers.get("content-length", 0)))
    ok = headers.get("x-ext-authz") == "allow"
    body = "" if ok else DENIED
    s.writer.write(f"HTTP/1.1 {'200 OK' if ok else '403 Forbidden'}\r\n{RESULT}: {'allowed' if ok else 'denied'}\r\n"
                   f"content-length: {len(body)}\r\n\r\n{body}".encode())
    await s.writer.drain()


# ---- gRPC ----

async def serve_grpc(s, data):
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    conn.initiate_connection()
    bodies = {}
    while data:
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                bodies[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
                conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                bodies.pop(event.stream_id, None)
            elif isinstance(event, h2.events.StreamEnded) and event.stream_id in bodies:
                message = check(bodies.pop(event.stream_id)[5:])
                conn.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
                conn.send_data(event.stream_id, b"\0" + len(message).to_bytes(4, "big") + message)
                conn.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
        s.writer.write(conn.data_to_send())
        await s.writer.drain()
        data = await s.reader.read(65536)


def check(request):
    """CheckRequest -> CheckResponse. The numbers are those of their fields."""
    attributes = one(request, 1)
    http = one(one(attributes, 4, b""), 2, None)
    if http is None:
        ok = one(one(attributes, 1, b""), 4, b"").endswith(b"/sa/a") # source.principal
    else:
        ok = (b"x-ext-authz", b"allow") in [(one(entry, 1, b""), one(entry, 2, b"")) for entry in all_of(http, 3)]
    result = field(2, field(1, field(1, RESULT) + field(2, "allowed" if ok else "denied"))) # a HeaderValueOption
    if ok:
        return field(1, b"") + field(3, result)
    return field(1, field(1, PERMISSION_DENIED)) + field(2, field(1, field(1, 403)) + result + field(3, DENIED))
