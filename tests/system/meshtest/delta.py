"""A client of delta discovery that nobody wrote for us: grpcio, and protobuf by hand.

    client = Delta(port, node="ztunnel~10.0.0.9~z.kube-system~kube-system.svc.cluster.local")
    client.subscribe(AUTHORIZATION)
    changed, removed = client.next()         # {name: bytes}, [names]; acknowledged by itself"""

import queue
import time

import grpc

from .protobuf import all_of, field, one

PREFIX = "type.googleapis.com/"
ADDRESS = PREFIX + "istio.workload.Address"
AUTHORIZATION = PREFIX + "istio.security.Authorization"
METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"


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
            changed[one(resource, 3).decode()] = one(any_, 2, b"")
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
