"""gRPC echo without generated code: messages are bytes.

Service `meshtest.Echo`: Unary (returns the message), ServerStream (the message, as many times as
metadata `x-echo-count` says), ClientStream (all messages joined by '|'), Bidi (each message back).
Metadata `x-echo-status: 14` ends with this code and details "asked for"; `x-echo-delay: 0.5` waits
first. What came in metadata collects in `.requests`; replies carry `x-echo-server` in the initial
and `x-echo-trailer: end` in the trailing metadata.

    client = grpc_client(port, authority="reviews:9080")
    client.unary(b"hello")                      -> Outcome(messages, code, details, initial, trailing)
    client.server_stream(b"x", count=3).messages == [b"x"] * 3
    client.client_stream([b"a", b"b"]).messages == [b"a|b"]
    client.bidi([b"a", b"b"]).messages == [b"a", b"b"]"""

import collections
import concurrent.futures
import time

import grpc

SERVICE = "meshtest.Echo"
Outcome = collections.namedtuple("Outcome", "messages code details initial trailing")


class GrpcUpstream:
    def __init__(self, name, port, host, credentials):
        self.name = name
        self.requests = []
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=[
            ("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 << 20)])
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {
            "Unary": grpc.unary_unary_rpc_method_handler(self._unary),
            "ServerStream": grpc.unary_stream_rpc_method_handler(self._server_stream),
            "ClientStream": grpc.stream_unary_rpc_method_handler(self._client_stream),
            "Bidi": grpc.stream_stream_rpc_method_handler(self._bidi)}),))
        address = f"{host}:{port}"
        self.port = (self._server.add_secure_port(address, credentials) if credentials
                     else self._server.add_insecure_port(address))
        self._server.start()

    def _begin(self, context):
        asked = dict(context.invocation_metadata())
        self.requests.append({"server": self.name, "metadata": asked})
        context.send_initial_metadata((("x-echo-server", self.name),))
        context.set_trailing_metadata((("x-echo-trailer", "end"),))
        time.sleep(float(asked.get("x-echo-delay", 0)))
        code = int(asked.get("x-echo-status", 0))
        if code:
            context.abort(next(c for c in grpc.StatusCode if c.value[0] == code), "asked for")
        return asked

    def _unary(self, message, context):
        self._begin(context)
        return message

    def _server_stream(self, message, context):
        for _ in range(int(self._begin(context).get("x-echo-count", 1))):
            yield message

    def _client_stream(self, messages, context):
        self._begin(context)
        return b"|".join(messages)

    def _bidi(self, messages, context):
        self._begin(context)
        yield from messages

    def close(self):
        self._server.stop(0).wait(5)


class GrpcClient:
    """limit_s is the deadline of each call, which also travels as grpc-timeout."""

    def __init__(self, port, *, host="127.0.0.1", authority=None, credentials=None, limit_s=10):
        self.limit_s = limit_s
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1),
                   ("grpc.max_receive_message_length", 64 << 20)]
        if authority:
            options.append(("grpc.default_authority", authority))
        target = f"{host}:{port}"
        self._channel = (grpc.secure_channel(target, credentials, options) if credentials
                         else grpc.insecure_channel(target, options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._channel.close()

    def unary(self, message, *, method=f"/{SERVICE}/Unary", **options):
        return self._call(self._channel.unary_stream(method), message, **options)

    def server_stream(self, message, count=1, *, method=f"/{SERVICE}/ServerStream", metadata=(), **options):
        return self._call(self._channel.unary_stream(method), message,
                          metadata=[*metadata, ("x-echo-count", str(count))], **options)

    def client_stream(self, messages, *, method=f"/{SERVICE}/ClientStream", **options):
        return self._call(self._channel.stream_stream(method), iter(messages), **options)

    def bidi(self, messages, *, method=f"/{SERVICE}/Bidi", **options):
        return self._call(self._channel.stream_stream(method), iter(messages), **options)

    def _call(self, method, request, *, metadata=(), limit_s=None):
        """Every kind is called as one whose replies stream: an error is then an Outcome, too."""
        call = method(request, timeout=limit_s or self.limit_s, metadata=list(metadata))
        messages = []
        try:
            for message in call:
                messages.append(message)
        except grpc.RpcError:
            pass
        return Outcome(messages, call.code(), call.details(), dict(call.initial_metadata() or ()),
                       dict(call.trailing_metadata() or ()))
