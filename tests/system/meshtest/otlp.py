"""A collector of OpenTelemetry's spans over HTTP, and a reader of what it was sent."""

import concurrent.futures
import http.server
import threading

import grpc

from .protobuf import all_of, one


def attributes(pairs):
    return {one(p, 1).decode(): one(one(p, 2), 1).decode() for p in pairs}


def spans(body):
    """The spans of an ExportTraceServiceRequest as dicts."""
    found = []
    for resource_spans in all_of(body, 1):
        resource = attributes(all_of(one(resource_spans, 1), 1))
        for scope_spans in all_of(resource_spans, 2):
            for span in all_of(scope_spans, 2):
                found.append({"trace": one(span, 1).hex(), "span": one(span, 2).hex(),
                              "parent": one(span, 4, b"").hex(), "name": one(span, 5).decode(), "kind": one(span, 6),
                              "start": int.from_bytes(one(span, 7), "little"), "end": int.from_bytes(one(span, 8), "little"),
                              "attributes": attributes(all_of(span, 9)), "resource": resource})
    return found


class Collector:
    """.port, .spans: all that came, .requests: [(path, headers)]; .status: what it answers."""

    def __init__(self):
        self.spans, self.requests, self.status = [], [], 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                if collector.status == 200: # after its request: who waits for spans may look at that
                    collector.spans.extend(spans(body))
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class GrpcCollector:
    """The same by gRPC: .port, .spans, .metadata of the last call."""

    def __init__(self):
        self.spans, self.metadata = [], {}
        collector = self

        class Handler(grpc.GenericRpcHandler):
            def service(self, details):
                if details.method != "/opentelemetry.proto.collector.trace.v1.TraceService/Export":
                    return None

                def export(body, context):
                    collector.metadata = dict(context.invocation_metadata())
                    collector.spans.extend(spans(body))
                    return b""
                return grpc.unary_unary_rpc_method_handler(export)

        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=(Handler(),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def close(self):
        self.server.stop(None)
