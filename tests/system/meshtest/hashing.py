"""Envoy's consistent hashing, written from its definition and not from our code: xxHash64, the hash
ring and the Maglev table. hosts are "ip:port" texts; a pick is an index of hosts."""

from bisect import bisect_left
from fractions import Fraction
from math import ceil

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def _rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & MASK


def _round(acc, lane):
    return _rotl((acc + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data, seed=0):
    data = data.encode() if isinstance(data, str) else data
    n, at = len(data), 0
    if n >= 32:
        v = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while at + 32 <= n:
            for i in range(4):
                v[i] = _round(v[i], int.from_bytes(data[at:at + 8], "little"))
                at += 8
        h = (_rotl(v[0], 1) + _rotl(v[1], 7) + _rotl(v[2], 12) + _rotl(v[3], 18)) & MASK
        for x in v:
            h = ((h ^ _round(0, x)) * P1 + P4) & MASK
    else:
        h = (seed + P5) & MASK
    h = (h + n) & MASK
    while at + 8 <= n:
        h = (_rotl(h ^ _round(0, int.from_bytes(data[at:at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= n:
        h = (_rotl(h ^ int.from_bytes(data[at:at + 4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    while at < n:
        h = _rotl(h ^ data[at] * P5 & MASK, 11) * P1 & MASK
        at += 1
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


class Ring:
    """Points are "HOST_N"; a key belongs to the first point at or after its hash."""

    def __init__(self, hosts, size=1024, weights=None):
        weights = weights or [1] * len(hosts)
        shares = [Fraction(w, sum(weights)) for w in weights]
        scale = ceil(min(shares) * size) / min(shares)
        points, target = [], Fraction(0)
        for i, host in enumerate(hosts):
            target += scale * shares[i]
            n = 0
            while len(points) < target:
                points.append((xxh64(f"{host}_{n}"), i))
                n += 1
        self.points = sorted(points)

    def pick(self, key):
        at = bisect_left(self.points, (xxh64(key), 0))
        return self.points[at % len(self.points)][1]


class Maglev:
    def __init__(self, hosts, size=65537, weights=None):
        weights = weights or [1] * len(hosts)
        order = sorted(range(len(hosts)), key=lambda i: hosts[i])
        offset = {i: xxh64(hosts[i]) % size for i in order}
        skip = {i: xxh64(hosts[i], 1) % (size - 1) + 1 for i in order}
        steps, target = dict.fromkeys(order, 0), dict.fromkeys(order, 0)
        table, filled, turn = [None] * size, 0, 1
        while filled < size:
            for i in order:
                if filled == size or turn * weights[i] < target[i]:
                    continue
                target[i] += max(weights)
                while table[(offset[i] + skip[i] * steps[i]) % size] is not None:
                    steps[i] += 1
                table[(offset[i] + skip[i] * steps[i]) % size] = i
                filled += 1
            turn += 1
        self.table = table

    def pick(self, key):
        return self.table[xxh64(key) % len(self.table)]
