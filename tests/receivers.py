"""A mail server and a webhook on loopback that keep what they are sent, and may be down."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """What arrived: titles and bodies in order. *answer*: what the next ones get."""

    port: int = 0
    messages: list[tuple[str, str]] = field(default_factory=list)
    raw: list[Any] = field(default_factory=list)
    answer: tuple[int, str] = (200, "ok")
    is_down: bool = False
    gets: int = 0

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.messages]

    def take(self) -> list[str]:
        """The titles that arrived since the last call."""
        titles = self.titles
        self.messages.clear()
        return titles


@contextmanager
def webhook() -> Iterator[Received]:
    """Takes a POST of any JSON, and a GET."""
    got = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.gets += not got.is_down
            self._answer()

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not got.is_down and got.answer[0] == 200:
                got.raw.append((self.path, document))
                got.messages.append((document.get("title", ""), document.get("message", "")))
            self._answer()

        def _answer(self) -> None:
            code, text = (503, "") if got.is_down else got.answer
            self.send_response(code)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler), got):
        yield got


@contextmanager
def mail_server() -> Iterator[Received]:
    """Takes every mail; speaks as much SMTP as that needs."""
    got = Received()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if got.is_down:
                return
            self._say("220 test")
            for line in self.rfile:
                verb = line[:4].strip().upper()
                if verb == b"DATA":
                    self._say("354 go on")
                    self._keep()
                self._say("221 bye" if verb == b"QUIT" else "250 ok")
                if verb == b"QUIT":
                    return

        def _keep(self) -> None:
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line.removeprefix(b"."))
            mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            body = mail.get_body()
            got.raw.append(mail)
            got.messages.append((str(mail["Subject"]), body.get_content() if body else ""))

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler), got):
        yield got


@contextmanager
def _serving(server: Any, got: Received) -> Iterator[None]:
    server.daemon_threads = True
    got.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
