"""A client of delta discovery that nobody wrote for us: grpcio, and protobuf by hand.

    client = Delta(port, node="ztunnel~10.0.0.9~z.kube-system~kube-system.svc.cluster.local")
    client.subscribe(AUTHORIZATION)
    changed, removed = client.next()         # {name: bytes}, [names]; acknowledged by itself"""

import queue
import time

import grpc

PREFIX = "type.googleapis.com/"
ADDRESS = PREFIX + "istio.workload.Address"
AUTHORIZATION = PREFIX + "istio.security.Authorization"
METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """A field of text, bytes or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    """[(number, bytes or int), ...] of one message."""
    out, at = [], 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            out.append((tag >> 3, number()))
        else:
            assert tag & 7 == 2, tag
            length = number()
            out.append((tag >> 3, data[at:at + length]))
            at += length
    return out


def all_of(data, number):
    return [value for n, value in fields(data) if n == number]


def one(data, number, default=b""):
    found = all_of(data, number)
    return found[-1] if found else default


class Delta:
    def __init__(self, port, node):
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)])
        self._out, self._node = queue.Queue(), field(1, node)
        call = self._channel.stream_stream(METHOD, request_serializer=None, response_deserializer=None)
        self._in = call(iter(self._out.get, None), timeout=30)

    def subscribe(self, type_url, *names):
        self._out.put(field(1, self._node) + field(2, type_url) + b"".join(field(3, n) for n in names))

    def next(self):
        """The next response, which is acknowledged: ({name: content}, [removed names])."""
        response = next(self._in)
        self._out.put(field(2, one(response, 4)) + field(6, one(response, 5)))
        changed = {}
        for resource in all_of(response, 2):
            any_ = one(resource, 2)
            assert one(any_, 1) == one(response, 4) or not one(response, 4).startswith(PREFIX.encode())
            changed[one(resource, 3).decode()] = one(any_, 2)
        return changed, [name.decode() for name in all_of(response, 6)]

    def until(self, done, limit_s=20):
        """Reads responses until done(changed, removed) says so; returns that one."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            changed, removed = self.next()
            if done(changed, removed):
                return changed, removed
        raise AssertionError("the response awaited did not come")

    def close(self):
        self._in.cancel()
        self._out.put(None)
        self._channel.close()
