"""External authorizers: who is asked by AuthorizationPolicies of action CUSTOM.

    HttpAuthorizer(answer)    answer(asked) -> (status, headers, body), or bytes that are sent as they are;
                              asked: method, path, headers {lower-case name: value}, body
    GrpcAuthorizer(answer)    answer(request, context) -> CheckResponse, or bytes in its place
    RawAuthorizer(serve)      serve(sock) does with each connection what it likes

Without an answer they do as the sample of Istio: header `x-ext-authz: allow` allows, connections are
allowed to service account `a`. Each has .port, .asked (a list), .close(). An answer may wait for .gate,
an Event; .gone counts answers nobody took.

    http_provider("web", authorizer, **fields), grpc_provider(...) -> objects: MeshConfig's part
    mesh_config(provider, ...)  its ConfigMap     custom("web", rule, ...)  the policy"""

import concurrent.futures
import http.server
import socket
import threading
import types

import grpc
import yaml

from .envoy_auth import CheckRequest, CheckResponse
from .objects import endpoint, obj, service

ALLOWED, DENIED = "x-ext-authz-check-result", "denied by ext_authz for not found header `x-ext-authz: allow` in the request"
GATE_S = 20


class Authorizer:
    def __init__(self):
        self.asked, self.gone = [], 0
        self.gate = threading.Event()

    def wait(self):
        """Inside an answer: until the test says so."""
        assert self.gate.wait(GATE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.close()


def shut(socks):
    for sock in list(socks):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass # it has ended


def as_the_sample(asked):
    if asked.headers.get("x-ext-authz") == "allow":
        return 200, {ALLOWED: "allowed"}, b""
    return 403, {ALLOWED: "denied"}, DENIED.encode()


class HttpAuthorizer(Authorizer):
    def __init__(self, answer=as_the_sample, *, version="HTTP/1.1"):
        super().__init__()
        self.answer = answer
        self._socks = set()
        authorizer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = version
            disable_nagle_algorithm = True

            def __getattr__(self, name):
                if name.startswith("do_"):
                    return self.answer
                raise AttributeError(name)

            def answer(self):
                authorizer._socks.add(self.connection)
                try:
                    self.talk()
                except OSError:
                    authorizer.gone += 1
                    self.close_connection = True

            def talk(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                names = [n.lower() for n in self.headers.keys()]
                asked = types.SimpleNamespace(method=self.command, path=self.path, body=body, names=names,
                                              headers={n.lower(): v for n, v in self.headers.items()})
                authorizer.asked.append(asked)
                given = authorizer.answer(asked)
                if isinstance(given, bytes):
                    self.wfile.write(given)
                    self.close_connection = True
                    return
                status, headers, text = given
                self.send_response_only(status)
                for name, value in headers.items() if isinstance(headers, dict) else headers:
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256

            def handle_error(self, *_):
                authorizer.gone += 1

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        """Stops listening and ends every connection."""
        self._server.shutdown()
        self._server.server_close()
        shut(self._socks)


def allow(**ok):
    return CheckResponse(status={"code": 0}, ok_response=ok)


def deny(status=0, headers=(), body=""):
    """status 0: none is said."""
    return CheckResponse(status={"code": 7}, denied_response={"status": {"code": status}, "headers": list(headers), "body": body})


def header(key, value, **more):
    """append=True|False, append_action=0..3"""
    if "append" in more:
        more["append"] = {"value": more["append"]}
    return {"header": {"key": key, "value": value}, **more}


def as_the_grpc_sample(request, _context):
    attributes = request.attributes
    if not attributes.request.HasField("http"):
        return allow() if attributes.source.principal.endswith("/sa/a") else deny()
    if attributes.request.http.headers.get("x-ext-authz") == "allow":
        return allow(headers=[header(ALLOWED, "allowed")])
    return deny(403, [header(ALLOWED, "denied")], DENIED)


class GrpcAuthorizer(Authorizer):
    def __init__(self, answer=as_the_grpc_sample):
        super().__init__()
        self.answer = answer
        self.metadata = []
        self._pool = concurrent.futures.ThreadPoolExecutor(32)
        self._server = grpc.server(self._pool, options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            "envoy.service.auth.v3.Authorization", {"Check": grpc.unary_unary_rpc_method_handler(
                self._check, CheckRequest.FromString,
                lambda reply: reply if isinstance(reply, bytes) else reply.SerializeToString())}),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _check(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        self.asked.append(request)
        context.add_callback(lambda: None if context.is_active() else self._ended(context))
        return self.answer(request, context)

    def _ended(self, context):
        if context.code() is None:
            self.gone += 1

    def close(self):
        self._server.stop(0).wait(5)


class RawAuthorizer(Authorizer):
    def __init__(self, serve):
        super().__init__()
        self._serve, self._socks = serve, []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._socks.append(sock)
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock):
        with sock:
            try:
                self._serve(sock)
            except (OSError, EOFError):
                self.gone += 1

    def close(self):
        # shutdown(), since close() leaves a thread in accept() where it is
        shut([self._listener])
        self._listener.close()
        shut(self._socks)


def host_of(name):
    return f"{name}.auth.svc.cluster.local"


def _provider(kind, name, authorizer, protocol, fields, **at):
    entry = service(host_of(name), (80, protocol), endpoints=[endpoint(authorizer.port, **at)])
    return {"name": name, kind: {"service": host_of(name), "port": 80, **fields}}, entry


def http_provider(name, authorizer, **fields):
    """(the entry of extensionProviders, its ServiceEntry)"""
    return _provider("envoyExtAuthzHttp", name, authorizer, "HTTP", fields)


def grpc_provider(name, authorizer, **fields):
    return _provider("envoyExtAuthzGrpc", name, authorizer, "GRPC", fields)


def mesh_config(*entries, **more):
    text = yaml.safe_dump({"extensionProviders": list(entries), **more})
    return obj("ConfigMap", "istio", None, "istio-system", data={"mesh": text})


def providers(*pairs):
    """Their ConfigMap and ServiceEntries."""
    return [mesh_config(*(entry for entry, _ in pairs)), *(at for _, at in pairs)]


def custom(provider, *rules, name=None, **spec):
    return obj("AuthorizationPolicy", name or f"ask-{provider}", {
        "action": "CUSTOM", "provider": {"name": provider}, "rules": list(rules) or [{}], **spec})


def paths(*some):
    return {"to": [{"operation": {"paths": list(some)}}]}
