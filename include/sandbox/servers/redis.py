"""A private Redis server, the broker of Celery workers: how it is found, set up and run."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Final

from include.sandbox.servers.private import Family, Program, data_of, new_data, output
from include.sandbox.servers.processes import write_private


def find() -> Program | None:
    """The Redis server of this machine, or its twin Valkey."""
    folders = (os.environ.get("PATH", os.defpath), "/usr/local/bin", "/opt/homebrew/bin")
    for name in ("redis-server", "valkey-server"):
        if server := shutil.which(name, path=os.pathsep.join(folders)):
            return Program(server, "", output([server, "--version"]))
    return None


def _url(password: str, port: int, in_docker: bool) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _prepare(base: Path, program: Program, user: str, password: str) -> None:
    """Make a folder for the server; its password stands in a file, not among its arguments."""
    if not (base / "data").exists():
        new_data(base, user, lambda data: ["test", "-w", str(data)], as_them=True)
    path = data_of(base) / "redis.conf"
    write_private(path, f"requirepass {password}\n")
    shutil.chown(path, user)


def _command(base: Path, program: Program, user: str, port: int) -> list[str]:
    data = data_of(base)
    settings = {
        "dir": str(data),
        "bind": "127.0.0.1",
        "port": str(port),
        "save": "",  # what waits in a queue does not outlive it: the scheduler sends it again
        "set-proc-title": "no",  # by its arguments we know it again
    }
    words = (word for name, value in settings.items() for word in (f"--{name}", value))
    return [program.server, f"{data}/redis.conf", *words]


FAMILY: Final = Family(
    setting="",
    service="broker",
    example="",
    packages=("redis-server",),
    formula="redis",
    users=("redis", "nobody", "root"),  # root: for a checkout in a closed folder such as /root
    stop_signal=signal.SIGTERM,
    find=find,
    url=_url,
    prepare=_prepare,
    command=_command,
    # An empty unit is a masked one: it is not started.
    while_installing=("/etc/systemd/system/redis-server.service", ""),
)
