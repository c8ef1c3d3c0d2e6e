"""What somebody in between sends, who takes the offer of encryption out of a server's greeting."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def plain_mysql(host: str, heard: list[bytes] | None = None) -> Iterator[int]:
    """The port of a MariaDB without encryption; what a visitor sent is added to *heard*."""

    def greet() -> None:
        with suppress(OSError):
            connection = listener.accept()[0]
            listener.close()  # who comes again finds nobody
            with connection:
                greeting = (
                    b"\x0a5.5.5-10.11.6-MariaDB\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xf7"
                )
                greeting += b"\x2d\2\0\xff\x81\x15" + bytes(10) + b"123456789012\0"
                greeting += b"mysql_native_password\0"
                connection.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
                connection.settimeout(10)
                said = connection.recv(1000)
                if heard is not None:
                    heard.append(said)

    with socket.create_server((host, 0)) as listener:
        port = int(listener.getsockname()[1])
        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield port
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
