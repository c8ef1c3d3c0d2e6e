"""A port that misbehaves at the level of bytes, as no HTTP server library would."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Act = Callable[["Wire", socket.socket], bool]
"""What to do once a request has arrived; True keeps the connection."""


class Wire:
    """Performs one act a request; the last one again and again."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.requests: list[bytes] = []
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Wire:
        self._threads[0].start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopped.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def headers(self, name: str) -> list[str]:
        """The values of a header, over all requests."""
        lines = [line for one in self.requests for line in one.decode("latin-1").splitlines()]
        found = (line.partition(":") for line in lines)
        return [value.strip() for key, _, value in found if key.lower() == name]

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return len(self._open)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self.stopped.is_set():
                connection = self._listener.accept()[0]
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while self._receive(connection):
                act = self.acts[min(len(self.requests), len(self.acts)) - 1]
                if not act(self, connection):
                    return

    def _receive(self, connection: socket.socket) -> bool:
        data, missing = b"", 1
        while missing > 0:
            chunk = connection.recv(65536)
            if not chunk:
                return False
            data += chunk
            head, end, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\nContent-Length: (\d+)", head)
            missing = int(length[1] if length else 0) - len(body) if end else 1
        self.requests.append(data)
        return True


def answer(
    body: bytes = b'{"ok": 1}', status: int = 200, *, close: bool = False, **headers: str
) -> Act:
    """A whole answer with its length; *close* hangs up afterwards without having said so."""

    def act(wire: Wire, connection: socket.socket) -> bool:
        connection.sendall(head(status, Content_Length=str(len(body)), **headers) + body)
        return not close

    return act


def head(status: int = 200, **headers: str) -> bytes:
    fields = {"Content_Type": "application/json"} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Because", *lines, "", ""]).encode()


def send(data: bytes) -> Act:
    """These bytes, then the end."""

    def act(wire: Wire, connection: socket.socket) -> bool:
        connection.sendall(data)
        return False

    return act


def reset_after(data: bytes) -> Act:
    """These bytes, then a reset instead of an end."""

    def act(wire: Wire, connection: socket.socket) -> bool:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return act


def trickle(start: bytes, drops: Iterator[bytes], seconds: float = 0.02) -> Act:
    """*start* at once, then drop by drop until somebody hangs up."""

    def act(wire: Wire, connection: socket.socket) -> bool:
        connection.sendall(start)
        for drop in drops:
            if wire.stopped.wait(seconds):
                break
            connection.sendall(drop)
        return False

    return act


def silence(wire: Wire, connection: socket.socket) -> bool:
    """Nothing at all."""
    wire.stopped.wait(30)
    return False


def tunnel(wire: Wire, connection: socket.socket) -> bool:
    """A way through to the host that was asked for, as a proxy makes one."""
    host, port = wire.requests[-1].split()[1].decode().split(":")
    with socket.create_connection((host, int(port))) as other:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        to = {connection: other, other: connection}
        while True:
            for one in select.select([*to], [], [])[0]:
                if not (data := one.recv(65536)):
                    return False
                to[one].sendall(data)
