"""The mesh that cases are run in: control, gateways, and workloads in places of their own.

What there is says tests/cases/fleet.yaml. The runner plays Kubernetes: it gives Services their cluster
address, knows names as cluster DNS would (where), and for a workload without sidecar it picks the pod
as kube-proxy would."""

import datetime
import ipaddress
import os
import ssl
import tempfile

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from meshtest.certs import CA, Leaf
from meshtest.process import Process
from meshtest.util import until

from . import CASES, sandbox
from .caller import Request, Target, call
from .configure import Configuration
from .echo import ANY, PORTS, Echo
from .issuers import Issuers
from .names import NameServer

DOMAIN = "svc.cluster.local"
APPS = "apps" # namespace of workloads and objects where nothing else is said


class Pki:
    """Authorities by name, and their leaves by name, each made when first asked for."""

    def __init__(self, folder):
        self.folder, self._cas, self.leaves = folder, {}, {}

    def ca(self, name):
        if name not in self._cas:
            self._cas[name] = CA("cluster.local", name, folder=self.folder)
        return self._cas[name]

    def leaf(self, ca, name):
        """name: a DNS name, or spiffe://..., which is then its only name."""
        if (ca, name) not in self.leaves:
            names = {"spiffe": name} if "://" in name else {"dns": [name], "name": name}
            self.leaves[ca, name] = self.ca(ca).leaf(**names)
        return self.leaves[ca, name]

    def text(self, kind, ca, name=""):
        """PEM for a Secret: cert CA NAME, key CA NAME, ca CA, crl CA NAME (who is revoked)."""
        if kind == "ca":
            return self.ca(ca).pem.decode()
        if kind == "crl":
            return revocations(self.ca(ca), self.leaf(ca, name))
        return getattr(self.leaf(ca, name), {"cert": "cert", "key": "key"}[kind]).decode()

    def path(self, kind, ca, name=""):
        """The same as a file."""
        if kind == "ca":
            return self.ca(ca).path
        return getattr(self.leaf(ca, name), {"cert": "cert_path", "key": "key_path"}[kind])


def revocations(ca, leaf):
    """A list of authority ca with leaf on it, as PEM."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    serial = x509.load_pem_x509_certificate(leaf.cert).serial_number
    one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - datetime.timedelta(hours=1)).build()
    crl = (x509.CertificateRevocationListBuilder().issuer_name(ca.name).last_update(now - datetime.timedelta(hours=1))
           .next_update(now + datetime.timedelta(days=1)).add_revoked_certificate(one).sign(ca.key, hashes.SHA256()))
    return crl.public_bytes(serialization.Encoding.PEM).decode()


class Workload:
    """One instance. kind: sidecar, naked, gateway."""

    def __init__(self, name, spec, number, switch):
        self.name = name # of the pod: a-v1
        self.app = spec.get("app", name)
        self.version = spec.get("version", "v1")
        self.ns = spec.get("namespace", APPS)
        self.kind = spec.get("kind", "sidecar")
        self.sa = spec.get("serviceAccount", self.app)
        self.labels = {"app": self.app, "version": self.version, **spec.get("labels", {})}
        self.annotations = spec.get("annotations", {})
        self.options = spec.get("options", [])
        self.any_address = [spec["any"]] if "any" in spec else ANY
        self.certs = spec.get("certs") # the authority of its files; else control gives it a certificate
        self.listen = {f"{kind}-{port}": (None, port, kind) for port, kind in spec.get("listen", {}).items()}
        self.place = switch.plug(f"{name}.{self.ns}"[:60], spec.get("number", number))
        self.echo = self.process = None

    def entry(self):
        """What the runner registers for those that do not do so themselves."""
        labels = dict(self.labels)
        return {"apiVersion": "networking.istio.io/v1", "kind": "WorkloadEntry",
                "metadata": {"name": self.name, "namespace": self.ns, "labels": labels},
                "spec": {"address": self.place.ip, "labels": labels, "serviceAccount": self.sa}}


class Fleet:
    def __init__(self, binary, spec_path=f"{CASES}/fleet.yaml"):
        with open(spec_path, encoding="utf-8") as file:
            spec = yaml.safe_load(file)
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="mesh-cases-", dir="/run") # a tmpfs of the sandbox
        self.env = {"HOME": self.folder, "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        os.mkdir(f"{self.folder}/state")
        self.switch = sandbox.Switch()
        self.pki, self.issuers = Pki(self.folder), Issuers()
        self.docs = spec["objects"]
        self.workloads, self.processes = {}, []
        self.names = spec.get("names", {}) # host -> workload or IP, for the name server
        self.area_names = {}
        self._extra, self._wrong = {}, []
        self._number = 1
        NameServer(self.switch.place, self.addresses)
        self._start_control()
        self.config = Configuration(f"{self.folder}/api.sock")
        self._start_workloads(spec["workloads"])

    # ---- starting ----

    def _start(self, place, name, *args, env=None):
        os.makedirs(f"{self.folder}/logs", exist_ok=True)
        process = Process(place.command([self.binary, *args]), f"{self.folder}/logs", env={**self.env, **(env or {})}, name=name)
        self.processes.append(process)
        return process

    def _start_control(self):
        control = self._start(self.switch.place, "control", "control", "--state-dir", f"{self.folder}/control",
                              "--api", "none", "--api-socket", f"{self.folder}/api.sock", "--xds", "none",
                              "--xds-plain", "none", "--xds-socket", f"{self.folder}/xds.sock",
                              env={"SSL_CERT_FILE": self.pki.path("ca", "app")}) # of servers of keys

        def there():
            if control.status() is not None:
                raise SystemExit(f"mesh control ended:\n{control.log()}")
            return os.path.exists(f"{self.folder}/xds.sock") and os.path.exists(f"{self.folder}/api.sock")
        until(there, "mesh control listens", 20)

    def _start_workloads(self, specs):
        started = [self._plug(name, spec) for name, spec in specs.items()]
        self.config.put(self.world())
        for workload in started:
            self._run(workload)
        for workload in started:
            self._wait_ready(workload)
        until(lambda: self._registered(started), "all workloads are registered", 20)

    def _plug(self, name, spec):
        self._number += 1
        workload = Workload(name, spec or {}, self._number, self.switch)
        self.workloads[name] = workload
        return workload

    def _run(self, w):
        w.log = f"{self.folder}/logs/{w.name}.access"
        flags = ["--control", f"unix:{self.folder}/xds.sock", "--name", w.name, "--namespace", w.ns,
                 "--service-account", w.sa, "--ip", w.place.ip, "--state-dir", f"{self.folder}/state/{w.name}",
                 "--workers", "1", "--drain-time", "0s", "--access-log", w.log, "--access-log-format", "json"]
        flags += [part for name, value in w.labels.items() for part in ("--label", f"{name}={value}")]
        flags += [part for name, value in w.annotations.items() for part in ("--annotation", f"{name}={value}")]
        if w.certs:
            flags += ["--cert-dir", self.cert_files(w)]
        if w.kind == "gateway":
            w.process = self._start(w.place, w.name, "gateway", *flags, *w.options)
            return
        w.echo = Echo(w.app, w.version, w.place, self.app_tls(w), self.app_tls(w, self.pki.ca("clients")),
                      self.addresses, {**PORTS, **w.listen}, self.issuers.jwks, w.any_address)
        if w.kind == "sidecar":
            w.place.capture()
            w.process = self._start(w.place, w.name, "proxy", "--capture", "--dns", "127.0.0.1:15053",
                                    "--mark", str(sandbox.MARK), *flags, *w.options)

    def app_tls(self, w, client_ca=None):
        names = [w.app, f"{w.app}.{w.ns}", f"{w.app}.{w.ns}.{DOMAIN}", f"*.{w.ns}.{DOMAIN}", "*.example.com", "external.test", "auth.example.com"]
        ca = self.pki.ca("app")
        leaf = self.pki.leaves.setdefault(("app", w.app), ca.leaf(dns=names, name=w.app))
        return ca.server_context(leaf, alpn=("h2", "http/1.1"), client_ca=client_ca)

    def cert_files(self, w):
        leaf = self.pki.leaf(w.certs, f"spiffe://cluster.local/ns/{w.ns}/sa/{w.sa}")
        folder = f"{self.folder}/certs/{w.name}"
        os.makedirs(folder)
        for name, data in (("cert-chain", leaf.cert), ("key", leaf.key), ("root-cert", self.pki.ca(w.certs).pem)):
            with open(f"{folder}/{name}.pem", "wb") as file:
                file.write(data)
        return folder

    def _wait_ready(self, w):
        if not w.process:
            return

        def ready():
            if w.process.status() is not None:
                raise SystemExit(f"{w.name} ended:\n{w.process.log()}")
            asked = Request(host="health", path="/healthz/ready")
            return call(self.switch.place, Target(w.place.ip, 15021), asked).status == 200
        until(ready, f"{w.name} is ready:\n{w.process.log()}", 30)

    def _registered(self, workloads):
        items = self.config.ask("GET", "/apis/networking.istio.io/v1/workloadentries")["items"]
        names = {(i["metadata"]["namespace"], i["metadata"]["name"]) for i in items}
        return all((w.ns, w.name) in names for w in workloads)

    # ---- objects ----

    def world(self):
        """Objects that are there in every case."""
        docs = [*self.docs, *(w.entry() for w in self.workloads.values() if w.kind != "sidecar")]
        return self.as_kubernetes([*self.namespaces(docs), *docs])

    @staticmethod
    def as_kubernetes(docs):
        """Services get an address, and the ports of the echo app where they say none."""
        used = {d["spec"]["clusterIP"] for d in docs if d["kind"] == "Service" and d["spec"].get("clusterIP")}
        done = []
        for doc in docs:
            if doc["kind"] == "Service" and doc["spec"].get("type") != "ExternalName":
                spec = dict(doc["spec"])
                spec.setdefault("ports", service_ports(spec.get("clusterIP") == "None"))
                if not spec.get("clusterIP"):
                    spec["clusterIP"] = address_of(doc["metadata"], used)
                    used.add(spec["clusterIP"])
                doc = {**doc, "spec": spec}
            done.append(doc)
        return done

    @staticmethod
    def namespaces(docs):
        """Those that are used and not there."""
        there = {d["metadata"]["name"] for d in docs if d["kind"] == "Namespace"}
        used = sorted({d["metadata"]["namespace"] for d in docs if d["metadata"].get("namespace")} - there)
        return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in used]

    def service(self, name, ns=APPS):
        """The Service in force by a name that cluster DNS knows: b, b.apps, b.apps.svc.cluster.local."""
        short, _, rest = name.removesuffix("." + DOMAIN).removesuffix(".svc").partition(".")
        for doc in self.config.docs.values():
            meta = doc["metadata"]
            if doc["kind"] == "Service" and meta["name"] == short and meta["namespace"] == (rest or ns):
                return doc
        return None

    def addresses(self, name):
        """What cluster DNS says: IPs, or None."""
        given = self.area_names.get(name) or self.names.get(name)
        if given is not None:
            return [self.workloads[g].place.ip if g in self.workloads else g
                    for g in (given if isinstance(given, list) else [given])]
        service = self.service(name) if name.endswith(".svc.cluster.local") else None
        if service is None:
            return None
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return self.addresses(spec["externalName"])
        return [p.place.ip for p in self.pods(service)] if spec["clusterIP"] == "None" else [spec["clusterIP"]]

    def pods(self, service):
        selector = (service["spec"].get("selector") or {}).items()
        return [w for w in self.workloads.values() if w.ns == service["metadata"]["namespace"] and selector
                and selector <= w.labels.items()]

    def where(self, source, to, port):
        """The address that a call of a workload goes to, and the number of the port."""
        if to in self.workloads and self.workloads[to].kind == "gateway":
            return Target(self.workloads[to].place.ip, port if isinstance(port, int) else {"http": 80, "https": 443}[port])
        if is_ip(to):
            return Target(to, app_port(port))
        service = self.service(to, source.ns)
        if service is None:
            if to in self.workloads: # not a Service's name: the pod itself
                return Target(self.workloads[to].place.ip, app_port(port))
            raise LookupError(f"no Service or workload {to}; say the address with `at`")
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return self.where(source, spec["externalName"], port)
        entry = next((p for p in spec["ports"] if port in (p.get("name"), p["port"])), None)
        number = entry["port"] if entry else app_port(port)
        if spec.get("clusterIP") == "None" or source.kind == "naked":
            pod = self.pods(service)[0]
            return Target(pod.place.ip, entry.get("targetPort", number) if entry and source.kind == "naked" else number)
        return Target(spec["clusterIP"], number)

    # ---- commands ----

    def case_files(self, files):
        """A folder with the files of a case, name -> text."""
        folder = tempfile.mkdtemp(prefix="files-", dir=self.folder)
        for name, text in files.items():
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        return folder

    # ---- TLS of clients ----

    def client_tls(self, request, given):
        """given: {sni, alpn, ca, cert, verify_name, max_version}. ca: whose certificates it believes,
        none: all. cert: [CA, NAME], or [mesh, WORKLOAD] for what control gave to a workload."""
        ca = given.get("ca", "none")
        cert = given.get("cert")
        if cert and cert[0] == "mesh":
            path = f"{self.folder}/state/{cert[1]}/identity.pem"
            leaf = Leaf(None, None, path, path)
        else:
            leaf = self.pki.leaf(*cert) if cert else None
        context = self.pki.ca("app" if ca == "none" else ca).client_context(leaf, check_name=given.get("verify_name", False))
        if ca == "none":
            context.verify_mode = ssl.CERT_NONE
        alpn = given.get("alpn") or {"https": ["http/1.1"], "https2": ["h2"], "grpc": ["h2"]}.get(request.protocol)
        if alpn:
            context.set_alpn_protocols(alpn)
        if given.get("max_version"):
            context.maximum_version = getattr(ssl.TLSVersion, given["max_version"])
        request.tls, request.sni = context, given.get("sni", request.host.partition(":")[0])

    # ---- areas ----

    def enter_area(self, area):
        """Workloads and names that only this area has; those of the one before go."""
        self.area_names = area.names
        for name in [n for n, spec in self._extra.items() if area.workloads.get(n) != spec]:
            del self._extra[name]
            self._unplug(self.workloads.pop(name))
        new = [n for n in area.workloads if n not in self.workloads]
        self._extra.update({n: area.workloads[n] for n in new})
        if new:
            self._start_workloads({n: area.workloads[n] for n in new})

    def _unplug(self, w):
        if w.process:
            self._wrong += [x for x in [w.process.finish()] if x]
            self.processes.remove(w.process)
        if w.echo:
            w.echo.close()
        self.switch.unplug(w.place)

    def dead(self):
        """A text when a process has ended by itself."""
        for process in self.processes:
            if process.status() is not None:
                return f"{process.name} ended with {process.status()}:\n# " + "\n# ".join(process.log()[-6000:].splitlines())
        return None

    def last_words(self):
        return [f"{p.name}: {line}" for p in self.processes for line in p.err().splitlines()[-5:]]

    # ---- the end ----

    def finish(self):
        """What was wrong with the processes, as a list of texts."""
        wrong = self._wrong + [w for w in [p.finish() for p in reversed(self.processes)] if w]
        for w in self.workloads.values():
            if w.echo:
                w.echo.close()
        return wrong


def is_ip(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def app_port(port):
    """A number, or the service port of that name (the app's own where no service has it)."""
    if isinstance(port, int):
        return port
    service, own, _ = PORTS[port]
    return service or own


def service_ports(headless):
    return [{"name": name, "port": own if headless else number, "targetPort": own, "protocol": "TCP"}
            for name, (number, own, _) in PORTS.items() if number]


def address_of(meta, used):
    """Stable for a name, so that a Service that comes back is where it was."""
    import zlib
    at = zlib.crc32(f"{meta['namespace']}/{meta['name']}".encode())
    while True:
        ip = f"10.96.{at >> 8 & 255}.{at & 255}"
        if ip not in used and not ip.endswith((".0", ".255")):
            return ip
        at += 1
