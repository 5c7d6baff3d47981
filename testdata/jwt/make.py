#!/usr/bin/env python3
"""Makes keys.json (public keys of each kind) and tokens.txt (NAME TOKEN a line) beside itself. New
keys each time; what is committed was made once."""

import base64
import json
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HERE = os.path.dirname(os.path.abspath(__file__))
PAYLOAD = {"iss": "https://issuer.test", "sub": "ann", "aud": ["a", "b"], "exp": 4102444800, "iat": 1, "nbf": 100,
           "groups": ["g1", "g2"], "scope": "read write", "nested": {"key": "v", "n": {"deep": 7}}, "a.b": {"c": True}}
SHA = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {"256": ("P-256", ec.SECP256R1(), 32), "384": ("P-384", ec.SECP384R1(), 48), "512": ("P-521", ec.SECP521R1(), 66)}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def token(alg, kid, payload, sign):
    text = b64(json.dumps({"alg": alg, "kid": kid, "typ": "JWT"}).encode()) + "." + b64(json.dumps(payload).encode())
    return text + "." + b64(sign(text.encode()))


def main():
    keys, tokens = [], []
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_numbers()
    keys.append({"kty": "RSA", "kid": "rsa", "n": number(public.n), "e": number(public.e)})
    for size, sha in SHA.items():
        tokens.append(("RS" + size, token("RS" + size, "rsa", PAYLOAD, lambda t, s=sha: key.sign(t, padding.PKCS1v15(), s))))
        tokens.append(("PS" + size, token("PS" + size, "rsa", PAYLOAD, lambda t, s=sha: key.sign(
            t, padding.PSS(padding.MGF1(s), s.digest_size), s))))
    for size, (name, curve, half) in CURVES.items():
        private = ec.generate_private_key(curve)
        point = private.public_key().public_numbers()
        keys.append({"kty": "EC", "kid": "ec" + size, "crv": name, "x": number(point.x, half), "y": number(point.y, half),
                     "alg": "ES" + size, "use": "sig"})

        def sign(text, private=private, sha=SHA[size], half=half):
            r, s = utils.decode_dss_signature(private.sign(text, ec.ECDSA(sha)))
            return r.to_bytes(half, "big") + s.to_bytes(half, "big")
        tokens.append(("ES" + size, token("ES" + size, "ec" + size, PAYLOAD, sign)))
    edward = ed25519.Ed25519PrivateKey.generate()
    keys.append({"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": b64(edward.public_key().public_bytes_raw() if hasattr(
        edward.public_key(), "public_bytes_raw") else raw(edward))})
    tokens.append(("EdDSA", token("EdDSA", "ed", PAYLOAD, edward.sign)))
    keys += [{"kty": "oct", "kid": "secret", "k": "AAAA"}, {"kty": "RSA", "kid": "enc", "use": "enc", "n": "AA", "e": "AQAB"}]
    with open(os.path.join(HERE, "keys.json"), "w", encoding="ascii") as file:
        json.dump({"keys": keys}, file, indent=1)
    with open(os.path.join(HERE, "tokens.txt"), "w", encoding="ascii") as file:
        file.writelines(f"{name} {text}\n" for name, text in tokens)


def raw(private):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


if __name__ == "__main__":
    main()
