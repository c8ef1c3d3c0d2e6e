"""The sandbox: a port on loopback for each vendor and one to control them, in threads."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from include.models import Account
from include.sandbox.vendors import control, faults
from include.sandbox.vendors.seed import BEGIN
from include.sandbox.vendors.store import Store
from include.sandbox.vendors.wire import (
    Call,
    Gate,
    RefusedError,
    Reply,
    Request,
    Seen,
    UnknownCaseError,
    Wire,
    dump,
)
from include.settings import Settings, url_variables
from include.vendors.registry import DECLARED, VENDORS

HOST: Final = "127.0.0.1"


def _wire(vendor: str) -> Wire:
    api: Any = import_module(f"include.sandbox.vendors.{vendor}.api")
    wire: Wire = api
    return wire


WIRES: Final[Mapping[str, Wire]] = {vendor: _wire(vendor) for vendor in VENDORS}


class Sandbox:
    """A context manager: on entering, all ports listen; on leaving, everything has stopped.

    *port* 0 takes free ports, N takes one for each vendor from N on, in the order of ``VENDORS``,
    and one more for control. *rate* limits calls a second per account and action; 0: no limit.
    """

    def __init__(
        self,
        seed: int = 7,
        accounts: int = 2,
        tickets: int = 400,
        latency_ms: int = 0,
        port: int = 0,
        rate: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store: Store = Store(seed, accounts, tickets)
        self.faults: faults.Faults = faults.Faults()
        self.calls: list[Seen] = []
        self.alerts: list[dict[str, Any]] = []
        self.latency, self._rate, self._port = latency_ms / 1000, rate, port
        self._monotonic = monotonic
        self._gates = {vendor: Gate(self.store.tenants[vendor]) for vendor in VENDORS}
        self._recent: dict[tuple[str, str, str], deque[float]] = {}
        self._signatures: set[str] = set()
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}

    def __enter__(self) -> Self:
        try:
            for i, vendor in enumerate(VENDORS):
                self._listen(vendor, i, _vendor_app(self, vendor))
            self._listen("control", len(VENDORS), lambda request: control.answer(self, request))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers.values():
            server.stop()
        self._servers.clear()

    def _listen(self, name: str, place: int, app: Callable[[Request], Reply]) -> None:
        port = self._port and self._port + place
        try:
            self._servers[name] = server = _Server((HOST, port), app)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise OSError(
                error.errno, f"port {port} ({name}) is in use: choose another --port"
            ) from None
        server.start()

    def url(self, name: str) -> str:
        """The base URL of a vendor, or of ``control``."""
        return f"http://{HOST}:{self._servers[name].server_port}"

    def environment(self) -> dict[str, str]:
        """The variables that point a synchroniser at this sandbox and at its first tickets."""
        urls = {
            name: self.url(vendor)
            for vendor in VENDORS
            for name in url_variables(DECLARED[vendor].settings)
        }
        return urls | {"SYNC_SINCE": BEGIN.isoformat()}

    def settings(self, **changes: Any) -> Settings:
        """Settings that say what ``environment`` does, with a rate that does not slow tests down.

        *changes* are fields of ``Settings``, or a vendor's own with its name before: ``huawei_…``.
        """
        own = []
        for vendor in VENDORS:
            kind, prefix = DECLARED[vendor].settings, f"{vendor}_"
            urls: dict[str, Any] = dict.fromkeys(url_variables(kind).values(), self.url(vendor))
            for name in [name for name in changes if name.startswith(prefix)]:
                urls[name.removeprefix(prefix)] = changes.pop(name)
            own.append(kind(**urls))
        values: dict[str, Any] = {"sandbox": True, "calls_per_second": 500.0, "sync_since": BEGIN}
        return Settings(**values | {"vendors": tuple(own)} | changes)

    def account(self, vendor: str, index: int = 0) -> Account:
        """The account number *index* of a vendor, as ``cloud_user`` would hold it."""
        tenant = self.store.tenants[vendor][index]
        return Account(f"{vendor}-{index + 1}", vendor, tenant.access_key, tenant.secret_key)

    def change_key(self, vendor: str, index: int, secret_key: str) -> None:
        """An account's owner issues another secret: the old one is refused from now on."""
        tenant = replace(self.store.tenants[vendor][index], secret_key=secret_key)
        self.store.tenants[vendor][index] = tenant
        self._gates[vendor].change(tenant)

    def describe(self) -> dict[str, Any]:
        """Addresses and keys: what the command line prints."""
        vendors: dict[str, dict[str, Any]] = {}
        for vendor in VENDORS:
            addresses = url_variables(DECLARED[vendor].settings).values()
            vendors[vendor] = dict.fromkeys(addresses, self.url(vendor))
            vendors[vendor]["accounts"] = [
                {"access_key": tenant.access_key, "secret_key": tenant.secret_key}
                for tenant in self.store.tenants[vendor]
            ]
        return {"vendors": vendors, "control_url": self.url("control")}

    def serve(self, vendor: str, request: Request) -> Reply:
        """Answer a request to a vendor: read, prove, limit, then the faults and the store."""
        wire, gate = WIRES[vendor], self._gates[vendor]
        call = wire.read(request)
        seen = Seen(vendor, call.access_key, call.action, call.page, call.ticket_id, call.signature)
        self.calls.append(seen)
        claimed = gate.tenant(call.access_key)
        call.switches = self.faults.for_call(call, claimed.index if claimed else None, wire)
        skew = float(call.switches.get("clock_skew", {}).get("seconds", 0))
        try:
            tenant = wire.authenticate(call, gate, time.time() + skew)
            if self._is_repeated(call):
                reply = wire.refuse(call, 403, "SignatureRepeated", "the signature was used before")
            elif not self._has_turn(call):
                reply = wire.throttled(call, None, None)
            else:

                def honest() -> Reply:
                    try:
                        with self.store.lock:
                            return wire.answer(call, tenant, self.store)
                    except UnknownCaseError:
                        return wire.refuse(call, *wire.NOT_FOUND)
                    except RefusedError as error:
                        return wire.refuse(call, error.status, error.code, error.message)

                reply = faults.answer(call, wire, self.store, tenant.index, honest)
        except RefusedError as error:
            reply = wire.refuse(call, error.status, error.code, error.message)
        seen.status = reply.status
        if skew:
            reply = replace(reply, skew=skew)
        if self.latency:
            time.sleep(self.latency)
        return reply

    def _is_repeated(self, call: Call) -> bool:
        if "repeat_refused" not in call.switches:
            return False
        with self._lock:
            repeated = call.signature in self._signatures
            self._signatures.add(call.signature)
        return repeated

    def _has_turn(self, call: Call) -> bool:
        """Whether fewer than the allowed calls were answered within the last second."""
        if not self._rate:
            return True
        now, key = self._monotonic(), (call.vendor, call.access_key, call.action)
        with self._lock:
            recent = self._recent.setdefault(key, deque(maxlen=self._rate))
            if len(recent) == self._rate and now - recent[0] < 1:
                return False
            recent.append(now)
        return True


def _vendor_app(sandbox: Sandbox, vendor: str) -> Callable[[Request], Reply]:
    return lambda request: sandbox.serve(vendor, request)


class _Server(ThreadingHTTPServer):
    """One port. ``stop`` also ends connections that are open and answers that wait."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: Callable[[Request], Reply]) -> None:
        self.app, self.stopping = app, threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def _run(self) -> None:
        # Not serve_forever, which would have to wake up often to notice its end at once.
        while not self.stopping.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours; anything else is, and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()

    def stop(self) -> None:
        """Stop listening, end all connections and wait for their threads."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self.server_port)).close()  # wakes the thread up
        self._thread.join()
        self.server_close()
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=5)


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the app, and sends the answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a late acknowledgement would cost 40 ms a call
    server: _Server

    def answer(self) -> None:
        """Serve one request of any method."""
        length = int(self.headers.get("Content-Length") or 0)
        url = urlsplit(self.path)
        headers = {name.lower(): _utf8(value) for name, value in self.headers.items()}
        request = Request(self.command, url.path, url.query, headers, self.rfile.read(length))
        try:
            reply = self.server.app(request)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not look like a hang
            traceback.print_exc()
            reply = Reply(dump({"sandbox_error": f"{type(error).__name__}: {error}"}), 500)
        if reply.deliver is None:
            self.wfile.write(reply.raw())
        else:
            reply.deliver(reply, self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def send(self, data: bytes) -> None:
        """Send bytes now."""
        self.wfile.write(data)

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the server's end."""
        if self.server.stopping.wait(seconds):
            raise ConnectionAbortedError

    def end(self) -> None:
        """End the connection after this answer, without a word."""
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Keep no access log."""


def _utf8(value: str) -> str:
    """A header value as the client meant it; the library reads bytes as Latin-1."""
    return value if value.isascii() else value.encode("latin-1").decode("utf-8", "replace")
