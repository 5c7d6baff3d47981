"""WebSocket echo server and client, by the `websockets` package."""

import asyncio

import websockets

from .loop import call


class WebSocketUpstream:
    def __init__(self, name):
        self.name = name
        self.port = 0
        self.requests = []
        self._server = None

    def start(self, port, host):
        async def serve(socket):
            self.requests.append({"server": self.name, "target": socket.path,
                                  "headers": [[n.lower(), v] for n, v in socket.request_headers.raw_items()]})
            async for message in socket:
                await socket.send(message)

        async def listen():
            self._server = await websockets.serve(serve, host, port, max_size=1 << 26,
                                                  extra_headers=[("x-echo-server", self.name)])
            return self._server.sockets[0].getsockname()[1]

        self.port = call(listen())

    def close(self):
        async def end():
            self._server.close()
            await asyncio.wait_for(self._server.wait_closed(), 3)
        call(end())


def websocket_echo(url, messages, *, headers=None, tls=None, to=None, limit_s=10):
    """Connects, sends each message (str or bytes) and waits for its echo. Returns the echoes.
    to: (address, port) to connect to instead of the URL's."""
    async def talk():
        where = {"host": to[0], "port": to[1]} if to else {}
        async with websockets.connect(url, extra_headers=headers, ssl=tls, max_size=1 << 26, **where) as socket:
            got = []
            for message in messages:
                await socket.send(message)
                got.append(await socket.recv())
            return got
    return call(asyncio.wait_for(talk(), limit_s), limit_s + 5)
