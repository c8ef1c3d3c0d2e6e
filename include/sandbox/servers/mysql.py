"""A private MariaDB or MySQL server: how it is found, set up and run."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Final

from include.sandbox.servers.private import Family, Program, data_of, new_data, output
from include.sandbox.servers.processes import write_private

SEARCH_PATH: Final = os.pathsep.join(
    [
        os.environ.get("PATH", os.defpath),
        *("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"),
        *("/usr/local/mariadb/bin", "/usr/local/mariadb/scripts", "/usr/local/mysql/bin"),
    ]
)
# A million rows without waiting for pages; "loose", because newer MySQL sizes its log by itself.
LOG_SIZE: Final = "--loose-innodb-log-file-size=128M"
# What the server wrote outlives its process, not the machine: the disk is waited for at every
# CREATE TABLE otherwise, several times.
NO_SYNC: Final = ("--innodb-flush-method=nosync", "--loose-debug-no-sync")  # MariaDB knows both


def find() -> Program | None:
    """The MariaDB or MySQL server of this machine, if there is one that can be run."""
    for name in ("mariadbd", "mysqld"):
        server = shutil.which(name, path=SEARCH_PATH)
        if not server:
            continue
        version = output([server, "--no-defaults", "--version"])
        if "MariaDB" not in version:
            return Program(server, "", version)
        for tool in ("mariadb-install-db", "mysql_install_db"):
            installer = shutil.which(tool, path=SEARCH_PATH)
            if installer:
                return Program(server, installer, version)
    return None


def _url(password: str, port: int, in_docker: bool) -> str:
    user = "root" if in_docker else "osm"
    return f"mysql+pymysql://{user}:{password}@127.0.0.1:{port}/?charset=utf8mb4"


def _prepare(base: Path, program: Program, user: str, password: str) -> None:
    """Create the system tables; write what the server does first, at every start."""

    def command(data: Path) -> list[str]:
        common = ["--no-defaults", f"--user={user}", LOG_SIZE, *NO_SYNC, f"--datadir={data}"]
        common.append(f"--tmpdir={_scratch(base, user)}")
        if program.installer:
            return [program.installer, *common, "--skip-test-db", "--skip-name-resolve"]
        return [program.server, *common, "--initialize-insecure"]

    if not (base / "data").exists():
        new_data(base, user, command, as_them=False)
    _scratch(base, user)
    write_private(
        base / "init.sql",
        f"CREATE USER IF NOT EXISTS osm@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        f"ALTER USER osm@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL PRIVILEGES ON *.* TO osm@'127.0.0.1' WITH GRANT OPTION;\n"
        f"ALTER USER root@localhost IDENTIFIED BY '{password}';\n",
    )
    shutil.chown(base / "init.sql", user)


def _scratch(base: Path, user: str) -> Path:
    """Its own: a starting MariaDB deletes the temporary tables of all servers that share one."""
    scratch = base / "scratch"
    scratch.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(scratch, user)
    return scratch


def _command(base: Path, program: Program, user: str, port: int) -> list[str]:
    data = data_of(base)
    return [
        program.server,
        "--no-defaults",
        f"--user={user}",
        LOG_SIZE,
        *NO_SYNC,
        f"--datadir={data}",
        f"--tmpdir={base}/scratch",
        f"--init-file={base}/init.sql",
        "--socket=server.sock",  # in the data folder: a full path could be too long for a socket
        f"--pid-file={data}/server.pid",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--skip-log-bin",
        "--character-set-server=utf8mb4",
        "--local-infile=ON",
        "--max-connections=200",
        "--max-allowed-packet=64M",
        "--innodb-buffer-pool-size=512M",
        "--innodb-flush-log-at-trx-commit=2",  # as NO_SYNC
        "--performance-schema=OFF",
        f"--secure-file-priv={data}",
        "--loose-mysqlx=OFF",  # MySQL alone knows it
    ]


FAMILY: Final = Family(
    setting="WAREHOUSE_URL",
    service="warehouse",
    example="mysql+pymysql://user:password@host:3306/database",
    packages=("default-mysql-server-core", "default-mysql-client-core"),  # no service
    formula="mariadb",
    users=("mysql", "nobody", "root"),  # root: for a checkout in a closed folder such as /root
    stop_signal=signal.SIGTERM,
    find=find,
    url=_url,
    prepare=_prepare,
    command=_command,
    drops_rights=True,
)
