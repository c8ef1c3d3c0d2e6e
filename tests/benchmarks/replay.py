"""A server that gives recorded answers after a while, as cheaply as Python can; a child process.

Arguments: a file with triples of action, body and answer as JSON, milliseconds. Prints its port. It
checks no signature: the sandbox does, but needs more processor time than the clients it serves.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

ACTION = b"x-tc-action: "
LENGTH = b"content-length: "


class Replay(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: dict[tuple[str, str], bytes], seconds: float) -> None:
        self._answers, self._seconds, self._came = answers, seconds, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        fields = head.lower().split(b"\r\n")
        length = next(int(line[len(LENGTH) :]) for line in fields if line.startswith(LENGTH))
        if len(body) < length:
            return
        self._came = b""
        place = head.lower().index(ACTION) + len(ACTION)
        action = head[place:].split(b"\r\n", 1)[0].decode()
        answer = self._answers[action, body.decode()]
        header = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n"
        header += "Content-Type: application/json\r\n\r\n"
        loop = asyncio.get_running_loop()
        loop.call_later(self._seconds, self._transport.write, header.encode() + answer)


async def serve(path: str, milliseconds: str) -> None:
    recorded = json.loads(Path(path).read_text())
    answers = {(action, body): answer.encode() for action, body, answer in recorded}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Replay(answers, float(milliseconds) / 1000), "127.0.0.1", 0
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:3]))
