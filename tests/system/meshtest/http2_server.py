"""The HTTP/2 side of echo.http2()."""

import asyncio

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions


class _Session:
    def __init__(self, upstream, reader, writer, number):
        self.upstream, self.reader, self.writer, self.number = upstream, reader, writer, number
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.streams = {} # id -> [headers, body, trailers]
        self.window = asyncio.Event()
        self.nth = 0
        self.tasks = set()

    async def flush(self):
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    async def run(self):
        self.h2.initiate_connection()
        await self.flush()
        try:
            while data := await self.reader.read(65536):
                for event in self.h2.receive_data(data):
                    self.on_event(event)
                await self.flush()
        except h2.exceptions.ProtocolError:
            await self.flush()
        finally:
            for task in self.tasks:
                task.cancel()

    def on_event(self, event):
        from .echo import Body
        if isinstance(event, h2.events.RequestReceived):
            self.streams[event.stream_id] = [[list(h) for h in event.headers], Body(), []]
        elif isinstance(event, h2.events.DataReceived):
            if event.stream_id in self.streams:
                self.streams[event.stream_id][1].add(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.streams[event.stream_id][2] = [list(h) for h in event.headers]
        elif isinstance(event, h2.events.StreamEnded) and event.stream_id in self.streams:
            task = asyncio.ensure_future(self.answer(event.stream_id, *self.streams.pop(event.stream_id)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif isinstance(event, h2.events.StreamReset):
            self.streams.pop(event.stream_id, None)
        self.window.set() # whatever came may have opened one

    async def answer(self, stream, headers, body, trailers):
        from .echo import Answer
        pseudo = {n: v for n, v in headers if n.startswith(":")}
        self.nth += 1
        seen = self.upstream.seen(
            method=pseudo.get(":method"), target=pseudo.get(":path"), authority=pseudo.get(":authority"),
            version="HTTP/2", headers=[h for h in headers if not h[0].startswith(":")], body=body,
            trailers=trailers, connection=self.number, nth=self.nth, writer=self.writer)
        answer = Answer(self.upstream, seen)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        try:
            await self.send(stream, answer, bodiless=seen["method"] == "HEAD" or answer.status in (204, 304))
        except (h2.exceptions.ProtocolError, OSError):
            pass # the client has reset the stream or is gone

    async def send(self, stream, answer, bodiless):
        if answer.hints:
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</style.css>; rel=preload")])
        head = [(":status", str(answer.status)), *map(tuple, answer.headers)]
        if not answer.chunked and answer.status != 204:
            head.append(("content-length", str(answer.length)))
        self.h2.send_headers(stream, head, end_stream=bodiless)
        await self.flush()
        if bodiless:
            return
        for part in answer.parts():
            await self.send_data(stream, part)
        if answer.reset_after is not None:
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif answer.trailers:
            self.h2.send_headers(stream, list(map(tuple, answer.trailers)), end_stream=True)
        else:
            self.h2.end_stream(stream)
        await self.flush()

    async def send_data(self, stream, data):
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.window.clear()
                await self.window.wait()
                continue
            self.h2.send_data(stream, data[:room])
            data = data[room:]
            await self.flush()


async def serve(upstream, reader, writer, number):
    await _Session(upstream, reader, writer, number).run()
