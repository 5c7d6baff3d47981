"""Certificates for tests: a CA, intermediates and leaves, all P-256."""

import collections
import datetime
import ipaddress
import os
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# cert and key are PEM bytes (cert followed by its intermediates); *_path are files that hold them.
Leaf = collections.namedtuple("Leaf", "cert key cert_path key_path")


def _now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def _key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class CA:
    """A certificate authority of a trust domain. ca.pem is its certificate (bytes), ca.path a file."""

    def __init__(self, trust_domain="cluster.local", name="test root", folder=None, parent=None):
        self.trust_domain = trust_domain
        self.folder = folder or (parent.folder if parent else tempfile.mkdtemp(prefix="meshtest-ca-"))
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = parent or self
        builder = (self._builder(self.name, signer.name, self.key.public_key(), days=30)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                   .add_extension(self._usage(ca=True), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False))
        self.cert = builder.sign(signer.key, hashes.SHA256())
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM)
        self.key_pem = _key_pem(self.key)
        self.chain = self.pem + parent.chain if parent and parent.parent else (self.pem if parent else b"")
        self.parent = parent
        self.path = self._write("ca", "pem", self.pem)

    def intermediate(self, name="test intermediate"):
        """A CA signed by this one; its leaves carry the intermediate in their cert."""
        return CA(self.trust_domain, name, parent=self)

    def leaf(self, *, spiffe=None, dns=(), ips=(), uris=(), days=1, not_before=None, not_after=None, name="",
             key_type="ec"):
        """A certificate for servers and clients. spiffe: the part after the trust domain
        ("ns/a/sa/b"), or a whole spiffe:// URI. not_before, not_after: naive UTC datetimes.
        key_type: "ec" (P-256) or "rsa" (2048 bits)."""
        key = (rsa.generate_private_key(65537, 2048) if key_type == "rsa"
               else ec.generate_private_key(ec.SECP256R1()))
        names = [x509.DNSName(d) for d in dns] + [x509.UniformResourceIdentifier(u) for u in uris]
        names += [x509.IPAddress(ipaddress.ip_address(i)) for i in ips]
        if spiffe:
            uri = spiffe if "://" in spiffe else f"spiffe://{self.trust_domain}/{spiffe}"
            names.append(x509.UniformResourceIdentifier(uri))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
        builder = (self._builder(subject, self.name, key.public_key(), days, not_before, not_after)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .add_extension(self._usage(ca=False), critical=True)
                   .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH,
                                                         ExtendedKeyUsageOID.CLIENT_AUTH]), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not name)
        cert = builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + self.chain
        key_pem = _key_pem(key)
        return Leaf(cert, key_pem, self._write("cert", "pem", cert), self._write("key", "pem", key_pem))

    def crl(self, *leaves, serials=(), hours=24, ago=5):
        """A revocation list (PEM) with these leaves and serial numbers; hours: until its next update."""
        now = _now()
        serials = [x509.load_pem_x509_certificate(leaf.cert).serial_number for leaf in leaves] + list(serials)
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.name)
                   .last_update(now - datetime.timedelta(minutes=ago)).next_update(now + datetime.timedelta(hours=hours)))
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def server_context(self, leaf, *, alpn=(), client_ca=None):
        """For a TLS server of Python's. client_ca: a CA whose clients alone are let in."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.cert_path, leaf.key_path)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if client_ca:
            context.load_verify_locations(cadata=client_ca.pem.decode())
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client_context(self, leaf=None, *, alpn=(), check_name=False):
        """For a TLS client of Python's that trusts this CA. check_name is off by default, since
        SPIFFE leaves have no DNS name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = check_name
        context.load_verify_locations(cadata=self.pem.decode())
        if leaf:
            context.load_cert_chain(leaf.cert_path, leaf.key_path)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    @staticmethod
    def _usage(ca):
        return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
                             key_encipherment=False, data_encipherment=False, key_agreement=False,
                             encipher_only=False, decipher_only=False)

    @staticmethod
    def _builder(subject, issuer, public_key, days, not_before=None, not_after=None):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
                .serial_number(x509.random_serial_number())
                .not_valid_before(not_before or _now() - datetime.timedelta(minutes=5))
                .not_valid_after(not_after or _now() + datetime.timedelta(days=days)))

    def _write(self, stem, end, data):
        handle, path = tempfile.mkstemp(prefix=stem + "-", suffix="." + end, dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return path
