"""Where a mistake is made: real servers and vendors, all well, and the environment of `check`."""

from __future__ import annotations

import itertools
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import sqlalchemy as sa

from include.cli.console import SHORTEST, masker
from tests.faults.kit.own_server import OwnServer

PASSWORD: Final = "canary-of-a-password"
numbers = itertools.count(1)


@dataclass
class Scene:
    """All that is well, until a mistake changes it. What is made here goes when *stack* closes."""

    environ: dict[str, str]
    request: pytest.FixtureRequest
    patch: pytest.MonkeyPatch
    stack: ExitStack
    names: dict[str, str] = field(default_factory=dict)
    """What fills the braces in the words of a mistake."""
    secrets: set[str] = field(default_factory=set)
    """What no line may show."""

    def __post_init__(self) -> None:
        # As in a process of its own: it has been told no secret yet.
        self.patch.setattr(masker, "_by_start", defaultdict(set))
        self.learn(self.environ["WAREHOUSE_URL"])

    def get(self, fixture: str) -> Any:
        """A fixture of pytest, made for those who need it."""
        return self.request.getfixturevalue(fixture)

    def set(self, **variables: str) -> None:
        """Say something in the environment; *names* are filled in."""
        filled = {name: value.format_map(self.names) for name, value in variables.items()}
        self.environ.update(filled)

    def learn(self, url: str) -> None:
        """Take host, port, database and user from a URL as names, its password as a secret."""
        parsed = sa.make_url(url)
        self.names |= {
            "host": str(parsed.host),
            "port": str(parsed.port),
            "database": str(parsed.database),
            "user": str(parsed.username),
        }
        if len(str(parsed.password or "")) >= SHORTEST:
            self.secrets.add(str(parsed.password))

    def point(self, variable: str, **parts: Any) -> None:
        """Change parts of the URL in *variable*."""
        url = sa.make_url(self.environ[variable]).set(**parts)
        self.environ[variable] = url.render_as_string(hide_password=False)
        self.learn(self.environ[variable])

    def sql(self, *statements: str, url: str = "") -> None:
        """Execute in the warehouse, as its administrator."""
        engine = sa.create_engine(url or self.get("warehouse_url"), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execution_options(no_parameters=True)
            for statement in statements:
                connection.exec_driver_sql(statement)

    def with_source(self, *, url: str = "") -> str:
        """Name a customer service with its tables in SOURCE_URL."""
        self.environ["SOURCE_URL"] = url or self.get("source_url")
        self.learn(self.environ["SOURCE_URL"])
        return self.environ["SOURCE_URL"]

    def as_user(self, *grants: str, and_then: tuple[str, ...] = ()) -> None:
        """Write the warehouse as a new user with these rights on its database."""
        server, url = self.get("warehouse_server"), sa.make_url(self.environ["WAREHOUSE_URL"])
        host = "127.0.0.1" if url.host == "127.0.0.1" else "%"
        name = f"{url.database}_u"[-30:]
        user = f"{name}@'{host}'"
        server.run(f"create user {user} identified by '{PASSWORD}'")
        self.stack.callback(server.run, f"drop user {user}")
        told = (one.format(database=url.database, user=user) for one in (*grants, *and_then))
        server.run(*told)
        self.point("WAREHOUSE_URL", username=name, password=PASSWORD)

    def as_role(self, *grants: str, **options: str) -> str:
        """Read the customer service as a new role with these rights; its name."""
        server, url = self.get("source_server"), self.with_source()
        name = f"role_{sa.make_url(url).database}"[-60:]
        server.run(f"create role {name} login password '{PASSWORD}' {options.get('more', '')}")
        self.stack.callback(server.run, f"drop role {name}")
        self.stack.callback(server.run, f"drop owned by {name}", url=url)
        server.run(*(f"grant {grant} to {name}" for grant in grants), url=url)
        self.point("SOURCE_URL", username=name, password=PASSWORD)
        return name

    def on_own_server(self, **variables: str) -> OwnServer:
        """Write, as a user without global rights, a server whose global variables are such."""
        own: OwnServer = self.get("own")
        self.environ["WAREHOUSE_URL"] = own.as_plain(self.get("own_database"))
        self.learn(self.environ["WAREHOUSE_URL"])
        if variables:
            self.stack.enter_context(own.globally(**variables))
        return own

    def closed_port(self) -> int:
        """A port of this machine at which nobody listens, also as the name ``closed``."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        self.names["closed"] = str(port)
        return port

    def deaf_port(self) -> int:
        """A port whose firewall drops who comes, also as the name ``deaf``."""
        listener = self.stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(listener.getsockname()[1])
        for _ in range(2):  # the queue of those who wait for an answer is full then
            waiting = self.stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        self.names["deaf"] = str(port)
        return port


Seed = Callable[[Scene], object]


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make, and the line by which `check` must tell it."""

    id: str
    seed: Seed
    """Makes it."""
    line: str
    """What the line is about."""
    cause: tuple[str, ...]
    """Words of the line that say what is wrong, and where."""
    step: tuple[str, ...]
    """Words of the line that say what to do."""
    verdict: str = "failed"

    def __str__(self) -> str:
        return self.id


def say(**variables: str) -> Seed:
    """A mistake in the environment."""
    return lambda scene: scene.set(**variables)


def in_turn(*seeds: Seed) -> Seed:
    """A mistake that takes several steps."""
    return lambda scene: [seed(scene) for seed in seeds]


def judge(mistake: Mistake, found: list[Mapping[str, str]], names: Mapping[str, str]) -> str:
    """How well `check` told it: right, no step, no cause, or silent."""
    told = [f for f in found if f["verdict"] in ("failed", "warning")]
    lines = [
        f"{f['detail']} -> {f['next_step']}"
        for f in found
        if f["what"] == mistake.line.format_map(names) and f["verdict"] == mistake.verdict
    ]
    with_cause = [x for x in lines if all(word.format_map(names) in x for word in mistake.cause)]
    if any(all(word.format_map(names) in x for word in mistake.step) for x in with_cause):
        return "right"
    if with_cause:
        return "no step"
    return "no cause" if told or lines else "silent"


@contextmanager
def forwarding(host: str, port: int) -> Iterator[int]:
    """A port at 127.0.0.2, which our code does not take for this machine, that leads elsewhere."""

    def pump(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                here = listener.accept()[0]
                there = socket.create_connection((host, port))
                opened.extend((here, there))
                for pair in ((here, there), (there, here)):
                    threads.append(threading.Thread(target=pump, args=pair))
                    threads[-1].start()

    opened: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.2", 0))
    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        for one in (listener, *opened):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for one in (listener, *opened):
            one.close()
