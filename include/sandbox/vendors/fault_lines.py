"""Faults of the line: the answer is honest, its way to the client is not."""

from __future__ import annotations

import socket
import struct
import zlib
from dataclasses import replace

from include.sandbox.vendors.wire import Line, Reply, Scene


def early_end(scene: Scene) -> Reply:
    """No announced length, and the connection ends after half of the body."""

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.raw(length=-1, close=True)
        line.send(whole[: len(whole) - len(reply.body) // 2])
        line.end()

    return replace(scene.serve(), deliver=deliver)


def reset(scene: Scene) -> Reply:
    """A reset in the middle of the body; with ``before`` before the first byte."""

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.raw()
        if not scene.given.get("before"):
            line.send(whole[: len(whole) - len(reply.body) // 2])
        line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.end()

    return replace(scene.serve(), deliver=deliver)


def hang(scene: Scene) -> Reply:
    """No answer for ``seconds`` (3600), then the honest one."""

    def deliver(reply: Reply, line: Line) -> None:
        line.wait(scene.given.get("seconds", 3600))
        line.send(reply.raw())

    return replace(scene.serve(), deliver=deliver)


def trickle(scene: Scene) -> Reply:
    """The head, then a byte every ``seconds`` (1)."""

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.raw()
        head = len(whole) - len(reply.body)
        line.send(whole[:head])
        for i in range(head, len(whole)):
            line.wait(scene.given.get("seconds", 1))
            line.send(whole[i : i + 1])

    return replace(scene.serve(), deliver=deliver)


def too_large(scene: Scene) -> Reply:
    """``mib`` (64) of blanks before the JSON; with ``packed`` compressed a thousandfold."""
    size = int(scene.given.get("mib", 64)) << 20
    if scene.given.get("packed"):
        reply = scene.serve()
        packer, blanks = zlib.compressobj(wbits=31), b" " * (64 << 10)
        packed = b"".join(packer.compress(blanks) for _ in range(size // len(blanks)))
        packed += packer.compress(reply.body) + packer.flush()
        return replace(reply, body=packed, headers={**reply.headers, "Content-Encoding": "gzip"})

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.raw(length=size + len(reply.body))
        head = len(whole) - len(reply.body)
        line.send(whole[:head])
        blanks = b" " * (64 << 10)
        for _ in range(size // len(blanks)):
            line.send(blanks)
        line.send(reply.body)

    return replace(scene.serve(), deliver=deliver)


def close_quietly(scene: Scene) -> Reply:
    """A good answer on a connection that is then closed without having said so."""

    def deliver(reply: Reply, line: Line) -> None:
        line.send(reply.raw())
        line.end()

    return replace(scene.serve(), deliver=deliver)
