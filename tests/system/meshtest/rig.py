"""Proxies started from files: a gateway, sidecars, and pairs of them with a mesh between.

    rig.gateway(config, ca=None)            a gateway (labels app=gw) reading a Config
    rig.outbound(config, certs)             a client's sidecar: .http("/x", host="app") goes out by it
    rig.inbound(config, certs, app_port, protocol)   the sidecar of an app on that port
    rig.pair(app, protocol, hop)            both, with everything around them
    rig.tcp_pair(app, hop)                  the same for raw bytes

Each has .port, .process, .admin(path), .http(path, host=..., ...)."""

import os

from .client import http
from .objects import Config, endpoint, gateway, obj, routes, service, to
from .util import free_port

HOST = "app.default.svc.cluster.local"
OFF = ("--metrics", "none", "--metrics-too", "none")


class Proxy:
    """A started proxy; .port is that of its (first) listener, .ports those of all, by name."""

    def __init__(self, process, config):
        self.process, self.config = process, config
        process.wait_line(r"^ready$", limit_s=20)
        self.ports, self.admin_port, self.health_port, self.dns_port = {}, None, None, None
        for line in process.out().splitlines():
            words = line.split()
            if words[0] == "listener" and not words[2].startswith("unix:"):
                self.ports[words[1]] = int(words[2].rpartition(":")[2])
            elif words[0] == "admin":
                self.admin_port = int(words[1].rpartition(":")[2])
            elif words[0] == "health":
                self.health_port = int(words[1].rpartition(":")[2])
            elif words[0] == "dns":
                self.dns_port = int(words[1].rpartition(":")[2])
        self.port = next(iter(self.ports.values()), None)

    def http(self, path="/", *, port=None, scheme="http", **options):
        return http(f"{scheme}://127.0.0.1:{port or self.port}{path}", **options)

    def admin(self, path, method="GET"):
        return http(f"http://127.0.0.1:{self.admin_port}{path}", method=method)

    def metrics(self):
        """[(name, {label: value}, number), ...]"""
        return [parse_sample(line) for line in self.admin("/stats/prometheus").text().splitlines()
                if line and not line.startswith("#")]

    def samples(self, name, **labels):
        """The samples of a name that have these labels."""
        return [(got, number) for sample, got, number in self.metrics()
                if sample == name and all(got.get(k) == v for k, v in labels.items())]

    def memory_kb(self):
        return self.process.memory_kb("Rss")


def parse_sample(line):
    head, _, number = line.rpartition(" ")
    name, _, rest = head.partition("{")
    labels = {}
    for part in rest.rstrip("}").split('",'):
        key, _, value = part.partition('="')
        if key:
            labels[key] = value.rstrip('"')
    return name, labels, float(number)


def cert_dir(folder, ca, leaf, *, roots=None):
    """A folder as --cert-dir wants it; called again it replaces the files one by one."""
    os.makedirs(folder, exist_ok=True)
    root = b"".join(c.pem for c in roots or [ca])
    for name, data in (("root-cert.pem", root), ("key.pem", leaf.key), ("cert-chain.pem", leaf.cert)):
        path = os.path.join(folder, name)
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.rename(path + ".new", path)
    return str(folder)


class Pair:
    """A client's sidecar and an app's sidecar, with mutual TLS between them."""

    def __init__(self, client, server, app, protocol):
        self.client, self.server, self.app, self.protocol = client, server, app, protocol
        self.port = client.port

    def http(self, path="/", *, host=HOST, **options):
        return self.client.http(path, host=host, **options)

    def memory_kb(self):
        return self.client.memory_kb() + self.server.memory_kb()


class Rig:
    def __init__(self, mesh, ca, folder):
        self.mesh, self.ca, self.folder = mesh, ca, str(folder)
        self.env = {} # of the proxies started from now on
        self._made = 0

    def keep_no_freed_memory(self):
        """The address sanitizer puts freed memory aside, 256 MiB of it: little from now on, so that
        a test can tell what a proxy holds."""
        options = os.environ.get("ASAN_OPTIONS", "")
        self.env["ASAN_OPTIONS"] = f"{options}:quarantine_size_mb=4:thread_local_quarantine_size_kb=64".lstrip(":")

    def path(self, name):
        self._made += 1
        return os.path.join(self.folder, f"{name}-{self._made}")

    def config(self, *objects):
        return Config(self.path("config"), *objects)

    def certs(self, account="server", namespace="default", **leaf):
        """A --cert-dir of this service account."""
        options = {"spiffe": f"ns/{namespace}/sa/{account}", **leaf}
        return cert_dir(self.path("certs"), self.ca, self.ca.leaf(**options))

    def gateway(self, config, *args, certs=None):
        extra = ["--cert-dir", certs] if certs else []
        return Proxy(self.mesh("gateway", "--config", config.path, "-n", "default", "-l", "app=gw", "--name", "gw",
                               "--bind", "127.0.0.1", "--admin", "127.0.0.1:0", "--health", "none", *OFF,
                               "--ip", "127.0.0.1", *extra, *args, env=self.env), config)

    def sidecar(self, config, *args, name, certs=None, account=None, health="none"):
        extra = ["--cert-dir", certs] if certs else []
        return Proxy(self.mesh("proxy", "--config", config.path, "-n", "default", "--name", name, "-l", f"app={name}",
                               "-l", "version=v1", "--service-account", account or name, "--admin", "127.0.0.1:0",
                               "--health", health, *OFF, "--ip", "127.0.0.1", *extra, *args, env=self.env), config)

    def outbound(self, config, *args, certs=None, **options):
        options.setdefault("name", "client")
        return self.sidecar(config, "--outbound", "127.0.0.1:0", *args, certs=certs, **options)

    def inbound(self, config, app_port, protocol, *args, certs=None, **options):
        options.setdefault("name", "server")
        return self.sidecar(config, "--inbound", f"127.0.0.1:0={app_port}:{protocol}", *args, certs=certs, **options)

    def pair(self, app, protocol="http", hop="mesh", *, objects=(), client_objects=(), client_args=(),
             server_args=(), declared=None, mode="STRICT"):
        """app: an upstream; protocol: of the app's port; declared: the service port's in the
        client's configuration; objects: more for the server; client_objects: for the client."""
        strict = obj("PeerAuthentication", "default", {"mtls": {"mode": mode}})
        server = self.inbound(self.config(strict, *objects), app.port, protocol, *server_args,
                              certs=self.certs("server"))
        entry = service(HOST, (80, declared or protocol.upper()), endpoints=[endpoint(server.port, hop=hop)])
        client = self.outbound(self.config(entry, *client_objects), *client_args, certs=self.certs("client"))
        return Pair(client, server, app, protocol)

    def tcp_pair(self, app, hop="mesh", *, protocol="tcp", objects=(), client_objects=(), client_args=(), server_args=(),
                 mode="STRICT"):
        """Raw bytes through two proxies: a gateway of TCP takes the client's place, since explicit
        sidecar listeners speak HTTP. Its .port is where to connect."""
        strict = obj("PeerAuthentication", "default", {"mtls": {"mode": mode}})
        server = self.inbound(self.config(strict, *objects), app.port, protocol, *server_args,
                              certs=self.certs("server"))
        client = self.tcp_front(endpoint(server.port, hop=hop), *client_args, objects=client_objects)
        return Pair(client, server, app, protocol)

    def tcp_front(self, to_endpoint, *args, objects=()):
        """A gateway that carries TCP connections to an endpoint."""
        port = free_port()
        return self.gateway(self.config(
            gateway((port, "TCP", ["*"], None)), service(HOST, (80, "TCP"), endpoints=[to_endpoint]),
            routes("tcp", "*", {"match": [{"port": port}], "route": [to(HOST)]}, kind="tcp"), *objects),
            *args, certs=self.certs("client"))
