"""What every verb shares: exit codes, one line an error, progress, JSON, the open session."""

from __future__ import annotations

import functools
import json
import logging
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, TextIO

import typer

from include import stopping
from include.errors import (
    AlreadyRunningError,
    ConfigError,
    PartialError,
    SupersededError,
    SyncError,
    section_of,
)
from include.vendors.registry import load_settings, warn_of_strange_variables

if TYPE_CHECKING:
    from include.work.place import Workplace

P = ParamSpec("P")


class Exit(IntEnum):
    """What the process ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    DIFFERENT = 4
    RUNNING = 5
    TROUBLED = 6
    INTERRUPTED = stopping.EXIT_CODE


EXITS: Final[dict[type[BaseException], Exit]] = {
    ConfigError: Exit.USAGE,
    PartialError: Exit.PARTIAL,
    AlreadyRunningError: Exit.RUNNING,
    SupersededError: Exit.RUNNING,
    KeyboardInterrupt: Exit.INTERRUPTED,
}
"""The exit code of an error; every other class is a failure."""
WORST_FIRST: Final = (
    Exit.FAILED,
    Exit.USAGE,
    Exit.DIFFERENT,
    Exit.PARTIAL,
    Exit.RUNNING,
    Exit.DONE,
)
EPILOG: Final = (
    "Exit codes: 0 done · 1 failed · 2 usage or configuration · 3 partial, some tickets wait in"
    " quarantine · 4 differences · 5 already running · 6 `status` or `watch` found what is at or"
    " over its --fail-on · 130 interrupted. When several accounts end"
    " differently, the first of 1, 2, 4, 3, 5 that occurred."
)


def exit_of(error: BaseException) -> Exit:
    """The exit code of an error, by its nearest class in ``EXITS``."""
    return next((EXITS[base] for base in type(error).__mro__ if base in EXITS), Exit.FAILED)


def worst(codes: Iterable[Exit]) -> Exit:
    """The exit code of several outcomes together."""
    found = set(codes) | {Exit.DONE}
    return next(code for code in WORST_FIRST if code in found)


SHORTEST: Final = 8


class Masker:
    """Blots out the secrets it was told in everything this process prints."""

    def __init__(self) -> None:
        self._by_start = defaultdict[str, set[str]](set)

    def add(self, secret: str) -> None:
        """Register a secret. Short ones are syllables of ordinary words, and stay."""
        if len(secret) >= SHORTEST:
            self._by_start[secret[:SHORTEST]].add(secret)

    def add_all(self, secrets: Iterable[str]) -> None:
        """Register several secrets."""
        for secret in secrets:
            self.add(secret)

    def hide(self, text: str) -> str:
        """One line of *text* without secrets and control characters."""
        # Not secret by secret: there are two for each of thousands of accounts.
        starts = (text[i : i + SHORTEST] for i in range(len(text) - SHORTEST + 1))
        found = {secret for start in starts for secret in self._by_start.get(start, ())}
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, "***")
        return "".join(char if char.isprintable() else " " for char in text)


masker = Masker()


@dataclass(slots=True)
class Flags:
    """What stands before the verb."""

    debug: bool = False
    verb: str = ""
    """The verb itself, as it was typed."""


flags = Flags()


class _LogHandler(logging.Handler):
    """Warnings go to stderr, one line each, without secrets."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"{record.levelname.lower()}: {record.getMessage()}")


FIRST_WORD_SECONDS: Final = 1.5
"""When long work says its first word, whatever keeps it: a server that thinks, too. With what it
takes to load the program that is within three seconds."""
NEXT_WORD_SECONDS: Final = 10.0


class Silence:
    """How long nothing was said; a verb says that it is at work wherever nothing else does."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._limit = FIRST_WORD_SECONDS
        self._speakers = 0
        self._counting = threading.Lock()

    def end(self) -> None:
        """Something was said, or shown all the time."""
        self._since = time.monotonic()

    def speak(self, text: str, stream: TextIO | None = None) -> None:
        """Say *text* because the silence is too long."""
        self.end()
        self._limit = NEXT_WORD_SECONDS
        typer.echo(masker.hide(text), file=stream or sys.stderr)

    @property
    def seconds_left(self) -> float:
        """Until it is too long."""
        return max(0.01, self._since + self._limit - time.monotonic())

    @contextmanager
    def left_to_another(self) -> Iterator[None]:
        """While progress is shown, or a person is asked."""
        with self._counting:
            self._speakers += 1
        try:
            yield
        finally:
            with self._counting:
                self._speakers -= 1

    @contextmanager
    def watched(self, verb: str) -> Iterator[None]:
        """Meanwhile a line on stderr wherever it is too long, and left to nobody."""
        started = time.monotonic()
        self._since, self._limit = started, FIRST_WORD_SECONDS
        over = threading.Event()

        def tick() -> None:
            while not over.wait(self.seconds_left):
                if self._speakers:
                    over.wait(FIRST_WORD_SECONDS)
                else:
                    self.speak(f"{verb}: {int(time.monotonic() - started)} s, still at work")

        threading.Thread(target=tick, daemon=True).start()
        try:
            yield
        finally:
            over.set()


silence = Silence()


def say(text: str) -> None:
    """A line for the person at the terminal, on stderr; above the bar while there is one."""
    silence.end()
    sys.stderr.write(masker.hide(text) + "\n")
    sys.stderr.flush()


def report(text: str) -> None:
    """A line of the result, on stdout."""
    silence.end()
    typer.echo(masker.hide(text))


def is_asked() -> bool:
    """Whether somebody at a terminal can answer."""
    return sys.stdin.isatty()


def ask_whether(question: str) -> bool:
    """Ask a person, who may think for as long as it takes."""
    with silence.left_to_another():
        answer = typer.confirm(question, err=True)
        silence.end()
    return answer


def ask_secret(what: str) -> str:
    """Let a person type a secret that is not shown."""
    with silence.left_to_another():
        secret = str(typer.prompt(what, hide_input=True))
        silence.end()
    return secret


def report_json(document: Any) -> None:
    """The result as one JSON document, on stdout. Moments are ISO 8601 in UTC."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def describe(error: BaseException) -> dict[str, str]:
    """An error as a JSON document has it."""
    return {"class": type(error).__name__.lstrip("_"), "message": masker.hide(reason(error))}


def reason(error: BaseException) -> str:
    """An error in one line; one that we did not raise on purpose says how to see more."""
    if isinstance(error, SyncError):
        return str(error)
    return f"{type(error).__name__}: {error} (this is a bug; --debug before the verb shows where)"


def verb(function: Callable[P, None]) -> Callable[P, None]:
    """End a verb with the exit code of its error, said in one line."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        handler = _LogHandler()
        logging.getLogger().addHandler(handler)
        try:
            with silence.watched(flags.verb):
                function(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            say("stopped; what was stored stays, the next run goes on from there")
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as error:  # noqa: BLE001  # the outermost place: nothing is swallowed
            if kwargs.get("as_json"):
                report_json({"error": describe(error)})
            show_error(error)
            raise typer.Exit(exit_of(error)) from None
        finally:
            logging.getLogger().removeHandler(handler)

    return run


def advise_on(error: BaseException) -> str:
    """Who acts on an error, and how, in the words of `status`."""
    from include.work.verdicts.turns import advise

    name = type(error).__name__.lstrip("_")
    return str(advise(name, str(error), maintainer=load_settings().maintainer))


def show_error(error: BaseException, where: str = "", whose_turn: str = "") -> None:
    """Say one error on stderr; with ``--debug`` where it came from."""
    more = f" ({section_of(error)})" if isinstance(error, SyncError) else ""
    say(f"error: {where}{reason(error)}{whose_turn}{more}")
    if flags.debug:
        for line in traceback.format_exception(error):
            for part in line.rstrip().splitlines():
                say(part)


@contextmanager
def session() -> Iterator[Workplace]:
    """The workplace of a verb, from the environment, while the warehouse is open.

    Raises ConfigError.
    """
    import sqlalchemy as sa

    from include.addresses import describe_address
    from include.secrets import reference_from_environment
    from include.warehouse.mysql import Warehouse
    from include.warehouse.server_errors import translate_error
    from include.work.place import Workplace

    settings = load_settings()
    warn_of_strange_variables()
    if not settings.warehouse_url.get_secret_value():
        raise ConfigError(
            "WAREHOUSE_URL is not set: give the database we write, like"
            " mysql+pymysql://user:password@host:3306/database"
        )
    warehouse = Warehouse.open(
        settings.warehouse_url.get_secret_value(),
        ca=settings.warehouse_ca,
        accounts_at_once=settings.accounts_at_once,
    )
    masker.add(warehouse.engine.url.password or "")
    if flags.debug:
        say(f"the warehouse is {describe_address(settings.warehouse_url.get_secret_value())}")
    try:
        yield Workplace.of(settings, warehouse, reference_from_environment, masker.add_all)
    except sa.exc.DBAPIError as error:
        raise translate_error(error) from error
    finally:
        warehouse.close()


def utcnow() -> datetime:
    """Now."""
    return datetime.now(UTC)


class Progress:
    """How far a long verb is, on stderr: a bar on a terminal, else a line soon and now and then.

    Several threads may tell it.
    """

    def __init__(self, verb: str, total: int, *, stream: TextIO | None = None) -> None:
        self._verb, self._total = verb, total
        self._stream = stream or sys.stderr
        self._done, self._text = 0, ""
        self._counting = threading.Lock()
        self._started = time.monotonic()
        self._over = threading.Event()
        self._speaks = silence.left_to_another()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        self._speaks.__enter__()
        if self._stream.isatty():
            self._show_bar()
        else:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        if self._bar is not None:
            self._bar.stop()
            silence.end()
        self._speaks.__exit__(None, None, None)

    def update(self, text: str) -> None:
        """Say what is being done now. Cheap: may be called as often as one likes."""
        self._text = masker.hide(text)
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, text=self._text)

    def advance(self) -> None:
        """One of the total is finished."""
        with self._counting:
            self._done += 1
        self.update("")

    def _tick(self) -> None:
        while not self._over.wait(silence.seconds_left):
            seconds = int(time.monotonic() - self._started)
            line = f"{self._verb}: {seconds} s, {self._done}/{self._total} done, {self._text}"
            silence.speak(line, self._stream)

    def _show_bar(self) -> None:
        from rich import progress
        from rich.console import Console

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=24),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TextColumn("{task.fields[text]}", markup=False),
            console=Console(file=self._stream),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._verb, total=self._total, text="")
