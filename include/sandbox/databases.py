"""Private database servers: found on this machine, run on loopback below one folder, stopped again.

A server listens on 127.0.0.1 alone, keeps everything below its *base* folder and lets in only an
administrator with a random password, whose URL stands in ``base/url`` (mode 600).
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import psutil
import sqlalchemy as sa
import typer

from include.errors import ConfigError
from include.sandbox.processes import end, free_port, is_alive, write_private
from include.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
BASE: Final = ROOT / ".local" / "warehouse"
DATABASE: Final = "osm"
START_SECONDS: Final = 60
SEARCH_PATH: Final = os.pathsep.join(
    [
        os.environ.get("PATH", os.defpath),
        *("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"),
        *("/usr/local/mariadb/bin", "/usr/local/mariadb/scripts", "/usr/local/mysql/bin"),
    ]
)
APT_PACKAGES: Final = ("default-mysql-server-core", "default-mysql-client-core")  # no service

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Binaries:
    """A server program; ``installer`` makes the first data folder (empty: it does so itself)."""

    server: str
    installer: str
    version: str


def find() -> Binaries | None:
    """The MariaDB or MySQL server of this machine, if there is one that can be run."""
    for name in ("mariadbd", "mysqld"):
        server = shutil.which(name, path=SEARCH_PATH)
        if not server:
            continue
        version = _output([server, "--no-defaults", "--version"])
        if "MariaDB" not in version:
            return Binaries(server, "", version)
        for tool in ("mariadb-install-db", "mysql_install_db"):
            installer = shutil.which(tool, path=SEARCH_PATH)
            if installer:
                return Binaries(server, installer, version)
    return None


def has_docker() -> bool:
    """Whether a Docker daemon with Compose answers."""
    with suppress(OSError, subprocess.SubprocessError):
        for command in (["docker", "compose", "version"], ["docker", "info"]):
            subprocess.run(command, check=True, capture_output=True, timeout=20)
        return True
    return False


def install(say: Say, environ: Mapping[str, str] = os.environ) -> None:
    """See to it that a database can be had. Raises ConfigError that says what is missing."""
    if url := Settings.load(environ).warehouse_url:
        say(f"WAREHOUSE_URL answers: {version(url)}")
    elif binaries := find():
        say(f"database server found: {binaries.version}")
    elif os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        _apt_install(say)
    elif has_docker():
        say("no database server on this machine: Docker will run one (compose.yaml)")
    else:
        raise ConfigError(
            "no database: set WAREHOUSE_URL=mysql+pymysql://user:password@host:3306/database, or"
            f" install a server (Debian, Ubuntu: apt-get install {' '.join(APT_PACKAGES)};"
            " macOS: brew install mariadb), or start Docker"
        )


def start(base: Path, say: Say = lambda text: None) -> str:
    """Run the server of *base*, unless it runs already, and return its administrator's URL.

    It goes on running when we end. Data and, where it is free, the port stay as they were.
    Raises ConfigError when no server can be had or it does not come up.
    """
    base = base.resolve()
    old = _known_url(base)
    binaries = find()
    if old and (binaries is None or _process(base)) and answers(old):
        return old
    base.mkdir(parents=True, exist_ok=True)
    password = (sa.make_url(old).password if old else None) or secrets.token_urlsafe(18)
    wanted = (sa.make_url(old).port if old else None) or 0
    if binaries is None and not has_docker():
        install(say, {})
        binaries = find()
    for _ in range(3):  # a free port may be gone by the time the server binds it
        port = free_port(wanted)
        if wanted and port != wanted:
            say(f"port {wanted} is taken: the database uses {port}")
        user = "osm" if binaries else "root"
        url = f"mysql+pymysql://{user}:{password}@127.0.0.1:{port}/?charset=utf8mb4"
        write_private(base / "url", url)
        if binaries is None:
            _compose(base, port, password, "up", "--detach", "--wait")
            return url
        if _run(base, binaries, port, password, url):
            return url
        wanted = 0
    raise ConfigError(f"the database server does not start: {_tail(base / 'server.log')}")


def stop(base: Path, *, forget: bool = False) -> bool:
    """Stop the server of *base*; with *forget* delete its data. False: none was running."""
    base = base.resolve()
    process = _process(base)
    if process is not None:
        end(process)
    elif (base / "url").exists() and find() is None and has_docker():
        _compose(base, 0, "unused", "down", *(["--volumes"] if forget else []))
    (base / "pid").unlink(missing_ok=True)
    if forget:
        shutil.rmtree(base, ignore_errors=True)
    return process is not None


def version(url: str) -> str:
    """The server's own words on what it is. Raises ConfigError when it does not answer."""
    limits = {"connect_timeout": 10, "read_timeout": 10}  # what listens there may not be MySQL
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=limits)
    try:
        with engine.connect() as connection:
            name, comment = connection.execute(sa.text("select version(), @@version_comment")).one()
    except sa.exc.DBAPIError as error:
        where = sa.make_url(url).render_as_string(hide_password=True)
        raise ConfigError(f"{where} does not answer: {error.orig}") from None
    return str(name) if "MariaDB" in name else f"{name} ({comment})"


def answers(url: str) -> bool:
    """Whether the server is there and lets us in."""
    try:
        version(url)
    except ConfigError:
        return False
    return True


def create_database(url: str, name: str) -> str:
    """Create *name* on the server of *url* unless it is there, and return its URL."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        quoted = engine.dialect.identifier_preparer.quote(name)
        connection.exec_driver_sql(f"create database if not exists {quoted} charset utf8mb4")
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(base: Path, binaries: Binaries, port: int, password: str, url: str) -> bool:
    """Start the server program; False when it ended before it answered."""
    user = _server_user(base)
    common = [
        "--no-defaults",
        f"--user={user}",
        "--innodb-log-file-size=32M",  # the default costs seconds and 100 MB
    ]
    if not (base / "data").exists():
        _make_data(base, binaries, user, common)
    write_private(
        base / "init.sql",
        f"CREATE USER IF NOT EXISTS osm@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        f"ALTER USER osm@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL PRIVILEGES ON *.* TO osm@'127.0.0.1' WITH GRANT OPTION;\n"
        f"ALTER USER root@localhost IDENTIFIED BY '{password}';\n",
    )
    shutil.chown(base / "init.sql", user)
    command = [
        binaries.server,
        *common,
        f"--datadir={base}/data",
        f"--init-file={base}/init.sql",
        "--socket=server.sock",  # in the data folder: a full path could be too long for a socket
        f"--pid-file={base}/data/server.pid",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--skip-log-bin",
        "--character-set-server=utf8mb4",
        "--local-infile=ON",
        "--max-connections=200",
        "--max-allowed-packet=64M",
        "--innodb-buffer-pool-size=128M",
        "--innodb-flush-log-at-trx-commit=2",  # outlives the process, not the machine
        "--performance-schema=OFF",
        f"--secure-file-priv={base}/data",
        "--loose-mysqlx=OFF",  # MySQL alone knows it
    ]
    with (base / "server.log").open("wb") as log:
        # The shell ends at once and leaves the server to init: we are not its parent.
        shell = subprocess.run(
            ["sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *command],
            check=True,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    (base / "pid").write_text(shell.stdout.decode())
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (process := _process(base)) is not None:
        if answers(url):
            return True
        time.sleep(0.1)
        if not is_alive(process):
            break
    stop(base)
    return False


def _make_data(base: Path, binaries: Binaries, user: str, common: list[str]) -> None:
    """Create the system tables; the folder gets its name once it is complete."""
    new = base / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    shutil.chown(new, user)
    command = [binaries.server, *common, f"--datadir={new}", "--initialize-insecure"]
    if binaries.installer:
        command = [
            *(binaries.installer, *common, f"--datadir={new}"),
            *("--skip-test-db", "--skip-name-resolve"),
        ]
    with (base / "server.log").open("wb") as log:
        done = subprocess.run(command, check=False, stdout=log, stderr=log, cwd="/")
    if done.returncode:
        raise ConfigError(
            f"{command[0]} cannot create a database below {base}: {_tail(base / 'server.log')}"
        )
    new.rename(base / "data")


def _server_user(base: Path) -> str:
    """Who the server runs as: for root a user without rights, if one can reach *base*."""
    if os.geteuid() != 0:
        return getpass.getuser()
    for user in ("mysql", "nobody"):
        with suppress(PermissionError, subprocess.CalledProcessError, KeyError):
            subprocess.run(["test", "-x", base], check=True, user=user, cwd="/")
            return user
    return "root"  # a checkout in a closed folder such as /root


def _process(base: Path) -> psutil.Process | None:
    """The running server of *base*; never a foreign process that was given its number."""
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int((base / "pid").read_text()))
        if is_alive(process) and f"--datadir={base}/data" in process.cmdline():
            return process
    return None


def _known_url(base: Path) -> str:
    path = base / "url"
    return path.read_text() if path.exists() else ""


def _compose(base: Path, port: int, password: str, *arguments: str) -> None:
    """Run Docker Compose on the project of *base*. Raises ConfigError with Docker's own words."""
    project = "osm-" + "-".join(base.parts[-2:]).lower().replace(".", "")
    done = subprocess.run(
        ["docker", "compose", "-f", ROOT / "compose.yaml", "-p", project, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"WAREHOUSE_PORT": str(port), "WAREHOUSE_PASSWORD": password},
    )
    if done.returncode:
        raise ConfigError(f"docker compose {arguments[0]} failed: {done.stderr.strip()[-500:]}")


def _apt_install(say: Say) -> None:
    say(f"installing {' '.join(APT_PACKAGES)} with apt-get")
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *APT_PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-qq", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            raise ConfigError(f"apt-get {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    if find() is None:
        raise ConfigError(f"{APT_PACKAGES[0]} is installed but brought no server program")


def _output(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def _tail(path: Path) -> str:
    """The last errors of a server's log."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    errors = [line for line in lines if "ERROR" in line] or lines
    return " | ".join(errors[-3:]) or "it wrote no log"


app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Base = Annotated[Path, typer.Option(help="Folder of the private server.")]


def _say(text: str) -> None:
    typer.echo(text, err=True)


@app.command("install")
def install_command() -> None:
    """See to it that a database can be had: WAREHOUSE_URL, a server program, apt or Docker."""
    install(_say)


@app.command("start")
def start_command(base: Base = BASE) -> None:
    """Run the private server, unless it runs, and print the URL of its database."""
    typer.echo(create_database(start(base, _say), DATABASE))


@app.command("stop")
def stop_command(base: Base = BASE) -> None:
    """Stop the private server."""
    _say("stopped" if stop(base) else "was not running")


@app.command("url")
def url_command(base: Base = BASE) -> None:
    """Print the database's URL: WAREHOUSE_URL, or the private server's when it runs."""
    url = Settings.load().warehouse_url
    if not url:
        url = _known_url(base.resolve())
        if not url or not answers(url):
            raise ConfigError("no private server runs: python -m include.sandbox.databases start")
        url = create_database(url, DATABASE)
    typer.echo(url)


if __name__ == "__main__":
    try:
        app()
    except ConfigError as error:
        _say(f"error: {error}")
        sys.exit(2)
