"""JSON Web Tokens and their keys, made by the cryptography package.

    keys = Keys("https://issuer.test")
    keys.jwks                       the public keys as JSON text
    keys.token(sub="ann", groups=["a"], exp=None)   RS256; exp in an hour unless said
    keys.token(alg="ES256")"""

import base64
import functools
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@functools.lru_cache(maxsize=8)
def rsa_key(which):
    """Making one takes a while: tests share a few."""
    return rsa.generate_private_key(65537, 2048)


class Keys:
    def __init__(self, issuer, which=0):
        self.issuer, self.kid = issuer, f"key-{which}"
        self._rsa, self._ec = rsa_key(which), ec.generate_private_key(ec.SECP256R1())
        public, point = self._rsa.public_key().public_numbers(), self._ec.public_key().public_numbers()
        self.jwks = json.dumps({"keys": [
            {"kty": "RSA", "kid": self.kid, "n": number(public.n), "e": number(public.e)},
            {"kty": "EC", "kid": self.kid + "-ec", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}]})

    def token(self, *, alg="RS256", sub="ann", exp=3600, issuer=None, headers=None, **claims):
        """exp: seconds from now, or None. claims=None are left out."""
        payload = {"iss": issuer or self.issuer, "sub": sub, "iat": int(time.time()), **claims}
        if exp is not None:
            payload["exp"] = int(time.time()) + exp
        payload = {key: value for key, value in payload.items() if value is not None}
        head = {"alg": alg, "kid": self.kid + ("-ec" if alg == "ES256" else ""), "typ": "JWT", **(headers or {})}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(payload).encode())
        return text + "." + b64(self._sign(alg, text.encode()))

    def _sign(self, alg, text):
        if alg == "RS256":
            return self._rsa.sign(text, padding.PKCS1v15(), hashes.SHA256())
        if alg == "PS256":
            return self._rsa.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        if alg == "ES256":
            r, s = utils.decode_dss_signature(self._ec.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return b"none"
