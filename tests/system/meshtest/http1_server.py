"""The HTTP/1.1 side of echo.http(). Strict in what it takes, so that a malformed request that a
proxy lets through shows as a 400 of ours."""

import asyncio


class Malformed(Exception):
    pass


async def _headers(reader):
    pairs = []
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        name, colon, value = line[:-2].partition(b":")
        if not colon or not name or name != name.strip():
            raise Malformed(f"header line {line!r}")
        pairs.append([name.decode("latin-1").lower(), value.strip().decode("latin-1")])
    return pairs


async def _chunked(reader, body):
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return await _headers(reader)
        while size > 0:
            data = await reader.read(min(size, 65536))
            if not data:
                raise EOFError
            body.add(data)
            size -= len(data)
        if await reader.readexactly(2) != b"\r\n":
            raise Malformed("chunk without its end")


async def _counted(reader, body, length):
    while length > 0:
        data = await reader.read(min(length, 65536))
        if not data:
            raise EOFError
        body.add(data)
        length -= len(data)


def _one(headers, name):
    values = [v for n, v in headers if n == name]
    if len(values) > 1:
        raise Malformed(f"{len(values)} times {name}")
    return values[0] if values else None


async def _read_request(upstream, reader, writer, number, nth):
    from .echo import Body
    line = await reader.readuntil(b"\r\n")
    parts = line[:-2].decode("latin-1").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Malformed(f"request line {line!r}")
    headers, body, trailers = await _headers(reader), Body(), []
    length, coding = _one(headers, "content-length"), _one(headers, "transfer-encoding")
    if length is not None and coding is not None:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if _one(headers, "expect") == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if coding is not None:
        trailers = await _chunked(reader, body)
    elif length is not None:
        await _counted(reader, body, int(length))
    return upstream.seen(method=parts[0], target=parts[1], authority=_one(headers, "host"), version=parts[2],
                         headers=headers, body=body, trailers=trailers, connection=number, nth=nth, writer=writer)


async def _send(answer, seen, writer):
    """Sends the answer. Returns whether the connection may go on."""
    from .echo import abort
    lines = [f"HTTP/1.1 {answer.status} {'OK' if answer.status == 200 else 'Echo'}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    bodiless = seen["method"] == "HEAD" or answer.status in (204, 304)
    if answer.chunked:
        lines.append("transfer-encoding: chunked")
    elif answer.status != 204:
        lines.append(f"content-length: {answer.length}")
    if answer.trailers:
        lines.append("trailer: " + ", ".join(name for name, _ in answer.trailers))
    if answer.close:
        lines.append("connection: close")
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    for part in () if bodiless else answer.parts():
        writer.write(b"%x\r\n%s\r\n" % (len(part), part) if answer.chunked and part else part)
        await writer.drain()
    if answer.reset_after is not None:
        await asyncio.sleep(0.05) # the bytes get out before the reset overtakes them
        abort(writer)
        return False
    if answer.chunked and not bodiless:
        writer.write(b"0\r\n" + b"".join(f"{n}: {v}\r\n".encode("latin-1") for n, v in answer.trailers) + b"\r\n")
    await writer.drain()
    said = next((v for n, v in seen["headers"] if n == "connection"), "").lower()
    return not answer.close and said != "close" and seen["version"] == "HTTP/1.1"


async def serve(upstream, reader, writer, number):
    from .echo import Answer
    nth, go_on = 0, True
    while go_on:
        nth += 1
        try:
            seen = await _read_request(upstream, reader, writer, number, nth)
        except Malformed as error:
            text = f"the echo server got: {error}\n".encode()
            writer.write(b"HTTP/1.1 400 Bad Request\r\nx-echo-malformed: 1\r\nconnection: close\r\n"
                         b"content-length: %d\r\n\r\n%s" % (len(text), text))
            await writer.drain()
            return
        answer = Answer(upstream, seen)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.hints:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n")
        go_on = await _send(answer, seen, writer)
