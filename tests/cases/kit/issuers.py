"""Tokens of the cases: those that an area names, and one key set that all its issuers use.

    tokens: {one: {issuer: X, sub: ann, exp: -120, ...}}    in a case file: claims; exp in seconds from now
    ${token one}  ${payload one}  ${jwks}                   in its cases; a token stays what it was first"""

import json

from meshtest.tokens import Keys


class Issuers:
    def __init__(self):
        self._keys, self._made = Keys(""), {}
        self.jwks = self._keys.jwks

    def token(self, claims):
        key = json.dumps(claims, sort_keys=True)
        if key not in self._made:
            self._made[key] = self._keys.token(**claims)
        return self._made[key]

    def payload(self, claims):
        return self.token(claims).split(".")[1]
