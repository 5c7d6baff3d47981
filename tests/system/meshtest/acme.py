"""A real ACME server (Debian's pebble) with a name server that sends every name to 127.0.0.1."""

import json
import os
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading

from .client import http
from .util import free_port, until


class _Names(socketserver.BaseRequestHandler):
    """Answers A questions with 127.0.0.1, all others with nothing."""

    def handle(self):
        data, sock = self.request
        end = 12
        while data[end]:
            end += data[end] + 1
        question, kind = data[12:end + 5], struct.unpack(">H", data[end + 1:end + 3])[0]
        answers = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x7f\x00\x00\x01" if kind == 1 else b""
        head = data[:2] + b"\x85\x80" + struct.pack(">HHHH", 1, 1 if answers else 0, 0, 0)
        sock.sendto(head + question + answers, self.client_address)


class Pebble:
    """.directory is its URL, .ca the CA file to trust it by, .root() the root of what it issues (PEM).
    It looks for HTTP-01 at http_port and for TLS-ALPN-01 at tls_port. reject_pct: nonces it refuses."""

    def __init__(self, folder, ca, *, http_port=None, tls_port=None, reject_pct=0):
        port, manage = free_port(), free_port()
        leaf = ca.leaf(dns=["localhost"], ips=["127.0.0.1"])
        self.http_port, self.tls_port = http_port or free_port(), tls_port or free_port()
        self.ca, self._manage, self._context = ca.path, manage, ca.client_context()
        self.directory = f"https://127.0.0.1:{port}/dir"
        self._names = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Names)
        threading.Thread(target=self._names.serve_forever, daemon=True).start()
        path = os.path.join(folder, "pebble.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"pebble": {
                "listenAddress": f"127.0.0.1:{port}", "managementListenAddress": f"127.0.0.1:{manage}",
                "certificate": leaf.cert_path, "privateKey": leaf.key_path, "httpPort": self.http_port,
                "tlsPort": self.tls_port, "ocspResponderURL": "", "externalAccountBindingRequired": False}}, file)
        self._log = open(os.path.join(folder, "pebble.log"), "wb")
        self._process = subprocess.Popen(
            [shutil.which("pebble"), "-config", path, "-dnsserver", f"127.0.0.1:{self._names.server_address[1]}"],
            stdout=self._log, stderr=self._log,
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": str(reject_pct), "PEBBLE_AUTHZREUSE": "0"})
        until(lambda: http(self.directory, tls=self._context).status == 200, "pebble answers")

    def root(self):
        return http(f"https://127.0.0.1:{self._manage}/roots/0", tls=self._context).body

    def log(self):
        with open(self._log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def orders(self):
        """How many orders were placed."""
        return self.log().count("POST /order-plz")

    def client_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.root().decode())
        return context

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._names.shutdown()
        self._names.server_close()
        self._log.close()
