"""What private database servers have in common: found, installed, started, told apart, stopped.

A server listens on 127.0.0.1 alone, keeps everything below its *base* folder and lets in only an
administrator with a random password, whose URL stands in ``base/url`` (mode 600). It goes on
running when we end. Its data outlive the process, not a loss of power.
"""

from __future__ import annotations

import getpass
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import sqlalchemy as sa

from include.errors import ConfigError
from include.sandbox.servers.processes import end, free_port, is_alive, write_private

ROOT: Final = Path(__file__).resolve().parents[3]
START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
VERSION_QUERIES: Final = {
    "mysql": "select version(), @@version_comment",
    "postgresql": "select 'PostgreSQL ' || current_setting('server_version'), ''",
}

Say = Callable[[str], None]


def silent(text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Program:
    """A server program; *installer* makes the first data folder (empty: the server does so)."""

    server: str
    installer: str
    version: str


@dataclass(frozen=True, slots=True)
class Family:
    """How one kind of server is found, installed and run."""

    setting: str
    """The variable that names a server to use instead; empty: there is none."""
    service: str
    """Its service in compose.yaml, where variables begin with this word in upper case."""
    example: str
    packages: tuple[str, ...]
    formula: str
    users: tuple[str, ...]
    """Who it runs as when we are root: the first that exists and can reach its folder."""
    stop_signal: signal.Signals
    find: Callable[[], Program | None]
    url: Callable[[str, int, bool], str]
    """The administrator's URL, from password, port, and whether Docker runs it."""
    prepare: Callable[[Path, Program, str, str], None]
    """Before every start: make ``base/data`` if missing, see to the password of the user."""
    command: Callable[[Path, Program, str, int], list[str]]
    drops_rights: bool = False
    """Whether the program itself changes from root to the user, by an argument."""
    while_installing: tuple[str, str] = ("", "")
    """A file, and its text, that keeps apt-get from setting up a service."""


def start(family: Family, base: Path, say: Say) -> str:
    """Run the server of *base*, unless it runs already, and return its administrator's URL.

    Data and, where it is free, the port stay as they were.
    Raises ConfigError when no server can be had or it does not come up.
    """
    base = base.resolve()
    old = known_url(base)
    program = family.find()
    if old and (program is None or running(base)) and answers(old):
        return old
    base.mkdir(parents=True, exist_ok=True)
    password = (sa.make_url(old).password if old else None) or secrets.token_urlsafe(18)
    wanted = (sa.make_url(old).port if old else None) or 0
    if program is None and not has_docker():
        install(family, say)
        program = family.find()
    for _ in range(3):  # a free port may be gone by the time the server binds it
        port = free_port(wanted)
        if wanted and port != wanted:
            say(f"port {wanted} is taken: the database uses {port}")
        url = family.url(password, port, program is None)
        write_private(base / "url", url)
        if program is None:
            _compose(family, base, port, password, "up", "--detach", "--wait", family.service)
            return url
        if _run(family, base, program, port, password, url):
            return url
        wanted = 0
    raise ConfigError(f"the {family.service} server does not start: {tail(base / 'server.log')}")


def stop(family: Family, base: Path, *, forget: bool = False) -> bool:
    """Stop the server of *base*; with *forget* delete its data. False: none was running."""
    base = base.resolve()
    process = running(base)
    if process is not None:
        with suppress(psutil.Error):
            process.send_signal(family.stop_signal)
            _wait_for_end(process)
        end(process)
    elif (base / "url").exists() and family.find() is None and has_docker():
        _compose(family, base, 0, "unused", "down", *(["--volumes"] if forget else []))
    (base / "pid").unlink(missing_ok=True)
    if forget:
        shutil.rmtree(data_of(base), ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)
    return process is not None


def install(family: Family, say: Say) -> None:
    """See to it that a server can be had. Raises ConfigError that says what is missing."""
    if program := family.find():
        say(f"database server found: {program.version}")
    elif os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        _apt_install(family, say)
    elif has_docker():
        say(f"no {family.service} server on this machine: Docker will run one (compose.yaml)")
    else:
        instead = f"set {family.setting}={family.example}, or " if family.setting else ""
        raise ConfigError(
            f"no {family.service} server: {instead}install a server"
            f" (Debian, Ubuntu: apt-get install {' '.join(family.packages)};"
            f" macOS: brew install {family.formula}), or start Docker"
        )


def version(url: str) -> str:
    """The server's own words on what it is. Raises ConfigError when it does not answer."""
    limits = {"connect_timeout": 10}  # what listens there may be no database at all
    family = sa.make_url(url).get_backend_name()
    if family == "redis":
        return _redis_version(url)
    if family not in VERSION_QUERIES:
        raise ConfigError(f"no URL of MySQL, MariaDB or PostgreSQL: {family}")
    if family == "mysql":
        limits["read_timeout"] = 10
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=limits)
    try:
        with engine.connect() as connection:
            name, comment = connection.execute(sa.text(VERSION_QUERIES[family])).one()
    except sa.exc.DBAPIError as error:
        where = sa.make_url(url).render_as_string(hide_password=True)
        raise ConfigError(f"{where} does not answer: {str(error.orig).strip()}") from None
    return f"{name} ({comment})" if comment and "MariaDB" not in name else str(name)


def _redis_version(url: str) -> str:
    from redis import Redis, RedisError  # it comes with Celery, where that is installed

    try:
        with Redis.from_url(url, socket_timeout=10) as client:
            return f"Redis {client.info('server')['redis_version']}"
    except RedisError as error:
        where = sa.make_url(url).render_as_string(hide_password=True)
        raise ConfigError(f"{where} does not answer: {error}") from None


def answers(url: str) -> bool:
    """Whether the server is there and lets us in."""
    try:
        version(url)
    except ConfigError:
        return False
    return True


def known_url(base: Path) -> str:
    """The URL that a server of *base* has, or last had; empty when there never was one."""
    path = base / "url"
    return path.read_text() if path.exists() else ""


def running(base: Path) -> psutil.Process | None:
    """The running server of *base*; never a foreign process that was given its number."""
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int((base / "pid").read_text()))
        words = {f"{prefix}{data_of(base)}" for prefix in ("", "--datadir=")}
        if is_alive(process) and words & set(process.cmdline()):
            return process
    return None


def data_of(base: Path) -> Path:
    """Where the server of *base* keeps its data: ``base/data``, or what that links to."""
    return (base / "data").resolve()


def has_docker() -> bool:
    """Whether a Docker daemon with Compose answers."""
    with suppress(OSError, subprocess.SubprocessError):
        for command in (["docker", "compose", "version"], ["docker", "info"]):
            subprocess.run(command, check=True, capture_output=True, timeout=20)
        return True
    return False


def new_data(
    base: Path, user: str, command: Callable[[Path], Sequence[str]], *, as_them: bool
) -> None:
    """Make ``base/data`` by a program; the folder gets its name once it is complete.

    Where the server's user cannot reach *base*, the data lie in /var/tmp and the name is a link.
    """
    new = base / "data.new"
    shutil.rmtree(new.resolve(), ignore_errors=True)
    new.unlink(missing_ok=True)
    if can_reach(user, base):
        new.mkdir(mode=0o700)
    else:
        there = "/var/tmp"  # noqa: S108 - mkdtemp makes a folder of its own in it
        new.symlink_to(tempfile.mkdtemp(prefix=f"osm-{base.name}-", dir=there))
    shutil.chown(new, user)
    arguments = command(new.resolve())
    options = as_user(user) if as_them else {}
    with (base / "server.log").open("wb") as log:
        done = subprocess.run(arguments, check=False, stdout=log, stderr=log, cwd="/", **options)
    if done.returncode:
        raise ConfigError(
            f"{arguments[0]} cannot create a database below {base}: {tail(base / 'server.log')}"
        )
    new.rename(base / "data")


def can_reach(user: str, base: Path) -> bool:
    """Whether *user*, who must exist, can look into *base*."""
    done = subprocess.run(["test", "-x", base], check=False, cwd="/", **as_user(user))
    return done.returncode == 0


def as_user(user: str) -> dict[str, Any]:
    """What makes ``subprocess`` run a program as *user* alone; nothing when that is us already."""
    entry = pwd.getpwnam(user)
    if entry.pw_uid == os.geteuid():
        return {}
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def tail(path: Path) -> str:
    """The last errors of a server's log."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    errors = [line for line in lines if "ERROR" in line or "FATAL" in line] or lines
    return " | ".join(errors[-3:]) or "it wrote no log"


def output(command: list[str]) -> str:
    """What a program prints."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def _run(family: Family, base: Path, program: Program, port: int, password: str, url: str) -> bool:
    """Start the server program; False when it ended before it answered."""
    user = _server_user(family, base)
    family.prepare(base, program, user, password)
    command = family.command(base, program, user, port)
    with (base / "server.log").open("wb") as log:
        # The shell ends at once and leaves the server to init: we are not its parent.
        shell = subprocess.run(
            ["sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *command],
            check=True,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            start_new_session=True,
            **({} if family.drops_rights else as_user(user)),
        )
    (base / "pid").write_text(shell.stdout.decode())
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (process := running(base)) is not None:
        if answers(url):
            return True
        time.sleep(0.1)
        if not is_alive(process):
            break
    stop(family, base)
    return False


def _server_user(family: Family, base: Path) -> str:
    """Who the server runs as: for root a user without rights, if one can reach *base*."""
    if os.geteuid() != 0:
        return getpass.getuser()
    known = {entry.pw_name for entry in pwd.getpwall()}
    users = [user for user in family.users if user in known]
    return next((user for user in users if can_reach(user, base)), users[0])


def _wait_for_end(process: psutil.Process) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)


def _compose(family: Family, base: Path, port: int, password: str, *arguments: str) -> None:
    """Run Docker Compose on the project of *base*. Raises ConfigError with Docker's own words."""
    project = "osm-" + "-".join(base.parts[-2:]).lower().replace(".", "")
    done = subprocess.run(
        ["docker", "compose", "-f", ROOT / "compose.yaml", "-p", project, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ
        | {f"{name}_PASSWORD": password for name in ("WAREHOUSE", "SOURCE", "BROKER")}
        | {f"{family.service.upper()}_PORT": str(port)},
    )
    if done.returncode:
        raise ConfigError(f"docker compose {arguments[0]} failed: {done.stderr.strip()[-500:]}")


def _apt_install(family: Family, say: Say) -> None:
    say(f"installing {' '.join(family.packages)} with apt-get")
    path, text = family.while_installing
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *family.packages]):
        done = subprocess.run(
            ["apt-get", "-qq", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            raise ConfigError(f"apt-get {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    if path:
        Path(path).unlink()
    if family.find() is None:
        raise ConfigError(f"{family.packages[0]} is installed but brought no server program")
