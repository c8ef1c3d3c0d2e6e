"""How a process ends when it is told to: what was begun is taken back, and it is gone in seconds.

SIGTERM and Ctrl-C raise KeyboardInterrupt in the main thread, so that transactions roll back and
the ledger says "stopped". Once is not enough: Python loses an exception that is raised inside a
finalizer, one that is raised while a lock is taken may leave that lock locked for who cleans up,
and none is raised while a library waits for an answer.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

GRACE_SECONDS: Final = 8.0
"""What is not over by then is cut off: the server rolls back, the next run closes the ledger."""
AGAIN_SECONDS: Final = 2.0
PEEK_SECONDS: Final = 0.1
EXIT_CODE: Final = 130
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_cancels: set[Callable[[], object]] = set()
_peace = threading.Event()


@contextmanager
def when_told() -> Iterator[None]:
    """Raise KeyboardInterrupt in here when this process is told to end.

    Does nothing in a thread: signals are the main thread's.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _Watch().watching():
        yield


@contextmanager
def cancelling(cancel: Callable[[], object]) -> Iterator[None]:
    """Call *cancel*, in another thread, when this process is told to end in here.

    For a library whose waits no signal interrupts.
    """
    _cancels.add(cancel)
    try:
        yield
    finally:
        _cancels.discard(cancel)


@contextmanager
def in_peace() -> Iterator[None]:
    """Who was told to end does its last work in here, and is not told again."""
    _peace.set()
    try:
        yield
    finally:
        _peace.clear()


class _Watch:
    def __init__(self) -> None:
        self.is_due = True  # the next signal raises
        self.is_over = threading.Event()
        self.main = threading.get_ident()
        self.read, self.write = os.pipe()
        self.before_hook = sys.unraisablehook

    @contextmanager
    def watching(self) -> Iterator[None]:
        os.set_blocking(self.write, False)
        # Written to by Python's own handler, in C: at once, whatever the main thread is doing.
        before_fd = signal.set_wakeup_fd(self.write, warn_on_full_buffer=False)
        before = {number: signal.signal(number, self.interrupt) for number in SIGNALS}
        sys.unraisablehook = self.lost
        thread = threading.Thread(target=self.wait, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            os.write(self.write, b"\0")
            thread.join()
            signal.set_wakeup_fd(before_fd)
            sys.unraisablehook = self.before_hook
            os.close(self.read)
            os.close(self.write)
            for number, handler in before.items():
                signal.signal(number, handler)

    def interrupt(self, *_: object) -> None:
        """The handler: one signal is enough, others do not disturb what follows."""
        if self.is_due and not self.is_over.is_set():
            self.is_due = False
            raise KeyboardInterrupt

    def lost(self, unraisable: Any) -> None:
        """Python drops an exception: when it is ours, it has to be raised again."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            self.is_due = True
        else:
            self.before_hook(unraisable)

    def wait(self) -> None:
        """The thread beside: cancel what waits, interrupt until that helps, then cut off."""
        while not set(os.read(self.read, 1)) & {0, *SIGNALS}:
            pass
        for cancel in tuple(_cancels):
            threading.Thread(target=cancel, daemon=True).start()
        told = again = time.monotonic()
        while not self.is_over.wait(PEEK_SECONDS):
            now = time.monotonic()
            if now - told > GRACE_SECONDS:
                os._exit(EXIT_CODE)
            if now - again > AGAIN_SECONDS and not _peace.is_set():
                self.is_due, again = True, now
            if self.is_due:
                signal.pthread_kill(self.main, signal.SIGTERM)
