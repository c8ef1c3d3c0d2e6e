"""A private PostgreSQL server, the customer-service source: how it is found, set up and run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from include.sandbox.servers.private import (
    Family,
    Program,
    as_user,
    data_of,
    new_data,
    output,
)
from include.sandbox.servers.processes import write_private

OLDEST: Final = 13


def find() -> Program | None:
    """The PostgreSQL server of this machine, if there is one that can be run."""
    for folder in folders():
        server, installer = (shutil.which(name, path=folder) for name in ("postgres", "initdb"))
        if server and installer:
            version = output([server, "--version"])
            if _number(version) >= OLDEST:
                return Program(server, installer, version)
    return None


def folders() -> list[str]:
    """Where programs may be: PATH, then what packages do not put there, newest first."""
    apart = [
        *Path("/usr/lib/postgresql").glob("*/bin"),  # Debian, Ubuntu
        *Path("/usr").glob("pgsql-*/bin"),  # Red Hat
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin"),
        *Path("/usr/local/opt").glob("postgresql@*/bin"),
    ]
    apart.sort(key=lambda path: _number(path.parent.name), reverse=True)
    return [
        *os.environ.get("PATH", os.defpath).split(os.pathsep),
        *map(str, apart),
        *("/opt/homebrew/bin", "/usr/local/bin", "/usr/local/pgsql/bin"),
    ]


def _number(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found.group()) if found else 0


def _url(password: str, port: int, in_docker: bool) -> str:
    return f"postgresql+psycopg2://osm:{password}@127.0.0.1:{port}/postgres"


def _prepare(base: Path, program: Program, user: str, password: str) -> None:
    """Create the system tables; let in the administrator alone, by the password of today."""
    if not (base / "data").exists():
        new_data(
            base,
            user,
            lambda data: [
                *(program.installer, f"--pgdata={data}", "--username=osm", "--auth=reject"),
                *("--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            as_them=True,
        )
    data = data_of(base)
    write_private(data / "pg_hba.conf", "host all all 127.0.0.1/32 scram-sha-256\n")
    shutil.chown(data / "pg_hba.conf", user)
    # A server without network, for one statement: no password in a file or among the arguments.
    subprocess.run(
        [
            *(program.server, "--single", "-D", data, "-c", "password_encryption=scram-sha-256"),
            *("-c", "fsync=off", "postgres"),
        ],
        input=f"ALTER ROLE osm PASSWORD '{password}'\n".encode(),
        check=False,  # if it fails, so does the server, which leaves a log
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **as_user(user),
    )


def _command(base: Path, program: Program, user: str, port: int) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "100",
        "fsync": "off",  # outlives the process, not the machine
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "2GB",
        "shared_buffers": "128MB",
        "timezone": "Asia/Shanghai",  # as on the real one; who reads must not depend on it
        "log_timezone": "UTC",
    }
    return [
        *(program.server, "-D", str(data_of(base))),
        *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
    ]


FAMILY: Final = Family(
    setting="SOURCE_URL",
    service="source",
    example="postgresql+psycopg2://user:password@host:5432/database",
    packages=("postgresql",),
    formula="postgresql@17",
    users=("postgres", "nobody"),  # never root: PostgreSQL refuses it
    stop_signal=signal.SIGINT,  # SIGTERM would wait for every client to leave
    find=find,
    url=_url,
    prepare=_prepare,
    command=_command,
    while_installing=(
        "/etc/postgresql-common/createcluster.d/osm-installs.conf",
        "create_main_cluster = false\n",
    ),
)
