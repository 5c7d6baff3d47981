"""The cluster's name server: answers A and AAAA over UDP and TCP for what `find` knows, and no other
name exists.

    NameServer(place, find)     find(name) -> [IP, ...], or None: no such name"""

import asyncio
import ipaddress
import socket
import struct

from meshtest.loop import call, loop

A, AAAA = 1, 28


def answer(query, find):
    """The response to a query, as bytes."""
    ident, flags = struct.unpack(">HH", query[:4])
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    ips = find(".".join(labels).lower())
    family = {A: 4, AAAA: 6}.get(kind)
    records = b""
    found = [ipaddress.ip_address(ip) for ip in ips or []]
    found = [ip for ip in found if ip.version == family]
    for ip in found:
        records += struct.pack(">HHHIH", 0xc00c, kind, 1, 1, len(ip.packed)) + ip.packed
    status = 0 if ips is not None else 3
    head = struct.pack(">HHHHHH", ident, 0x8400 | flags & 0x0100 | 0x0080 | status, 1, len(found), 0, 0)
    return head + question + records


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, find):
        self.find, self.transport = find, None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        try:
            self.transport.sendto(answer(data, self.find), addr)
        except (IndexError, struct.error):
            pass # not a query


class NameServer:
    def __init__(self, place, find):
        self.find = find
        call(self._listen(place))

    async def _listen(self, place):
        udp = place.socket(kind=socket.SOCK_DGRAM)
        udp.bind((place.ip, 53))
        udp.setblocking(False)
        await loop().create_datagram_endpoint(lambda: _Udp(self.find), sock=udp)
        await asyncio.start_server(self._serve, sock=place.listen(place.ip, 53))

    async def _serve(self, reader, writer):
        try:
            while True:
                size = struct.unpack(">H", await reader.readexactly(2))[0]
                reply = answer(await reader.readexactly(size), self.find)
                writer.write(struct.pack(">H", len(reply)) + reply)
        except (EOFError, OSError, IndexError, struct.error):
            writer.close()


def ask(sock, name, kind, *, tcp):
    """A question on a connected socket -> (status, [IP, ...])."""
    query = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0)
    query += b"".join(bytes([len(p)]) + p.encode() for p in name.rstrip(".").split(".")) + b"\0"
    query += struct.pack(">HH", kind, 1)
    sock.sendall(struct.pack(">H", len(query)) + query if tcp else query)
    if tcp:
        stream = sock.makefile("rb")
        head = stream.read(2)
        if len(head) < 2:
            raise EOFError
        reply = stream.read(struct.unpack(">H", head)[0])
    else:
        reply = sock.recv(65536)
    flags, _, count = struct.unpack(">HHH", reply[2:8])
    at, ips = len(query), []
    for _ in range(count):
        while reply[at] and reply[at] < 0xc0:
            at += 1 + reply[at]
        at += 1 if not reply[at] else 2
        found, _, _, size = struct.unpack(">HHIH", reply[at:at + 10])
        at += 10
        if found in (A, AAAA):
            ips.append(str(ipaddress.ip_address(reply[at:at + size])))
        at += size
    return flags & 15, ips
