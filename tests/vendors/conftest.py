"""A vendor's port on loopback that answers what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest


@dataclass(frozen=True)
class Request:
    """What arrived at the port."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Under lower-case names."""
    body: bytes

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


class Port:
    """A real server; set *answer*, look at *requests*."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Any] = lambda request: ({"unexpected": True}, 500)
        """Gives a JSON value or bytes as they are; or a tuple of that, HTTP status, headers."""

    def reply(self, request: Request) -> tuple[Any, int, dict[str, str]]:
        self.requests.append(request)
        answer = self.answer(request)
        body, status, headers, *_ = (*(answer if isinstance(answer, tuple) else (answer, 200)), {})
        return body, status, headers


@pytest.fixture
def port() -> Iterator[Port]:
    """A port on loopback; it lives as long as the test."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer: two would wait for each other

        def do_GET(self) -> None:
            target = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                target.path,
                dict(parse_qsl(target.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            value, status, given = served.reply(request)
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
            for name, text in (headers | given).items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the standard library's name

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served = Port(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()
