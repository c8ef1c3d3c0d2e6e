"""Processes, ports and files of our own: started apart, stopped whole, nobody else's touched."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

STOP_SECONDS: Final = 20


def start(
    command: Sequence[str | Path],
    environ: Mapping[str, str],
    log: Path,
    *,
    record: Path,
    piped: bool = False,
) -> psutil.Popen:
    """Start a program in a session of its own, which Ctrl-C does not reach; it writes to *log*.

    With *piped* its standard output is ours to read. *record* remembers it for ``end_recorded``.
    """
    with log.open("ab") as file:
        process = psutil.Popen(
            command,
            env=dict(environ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else file,
            stderr=file,
            start_new_session=True,
        )
    with record.open("a") as lines:
        lines.write(f"{process.pid} {process.create_time()}\n")
    return process


def end_recorded(record: Path) -> int:
    """End what an earlier run recorded in this file and, killed itself, left behind: how many."""
    count = 0
    lines = record.read_text().splitlines() if record.exists() else []
    for line in reversed(lines):  # newest first: who came later may need who was there
        number, created = line.split()
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(number))
            if process.create_time() == float(created):  # else the number is another's by now
                end(process)
                count += 1
    record.unlink(missing_ok=True)
    return count


def end(*processes: psutil.Process, seconds: float = STOP_SECONDS) -> None:
    """Ask processes and all of their groups to end; kill what is left after *seconds*."""
    family: set[psutil.Process] = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            group = os.getpgid(process.pid)
            family |= {process, *process.children(recursive=True), *_members(group)}
            if group == os.getpgrp():  # it shares ours: a signal would reach us as well
                process.terminate()
            else:
                os.killpg(group, signal.SIGTERM)
    _wait(family, seconds)
    for member in filter(is_alive, family):
        with suppress(psutil.NoSuchProcess):
            member.kill()
    _wait(family, seconds)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs: its number was not given to another, and it is more than a zombie."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def free_port(wanted: int = 0) -> int:
    """*wanted* when nothing listens there, else some free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_private(path: Path, text: str) -> None:
    """Write *text* to a file that only its owner can read, from its first moment on."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def _members(group: int) -> list[psutil.Process]:
    """The processes of a group, unless it is the one that we are in ourselves."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if group != os.getpgrp() and os.getpgid(process.pid) == group:
                found.append(process)
    return found


def _wait(processes: Iterable[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
