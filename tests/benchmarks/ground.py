"""Servers and databases to measure on: those that are named, or private ones for the occasion."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import sqlalchemy as sa

from include.sandbox.demo.airflow import Metadata
from include.sandbox.servers import databases
from include.warehouse.schema.migrations import upgrade

BELIEVES_NOBODY = {"SSL_CERT_FILE": os.devnull}
"""The driver reads all authorities of the machine for each connection to a server on it."""
ROWS = {"session": 1_000_000, "session_mapping": 200_000, "seat": 10_000}


@dataclass
class Ground:
    """Two servers on which databases of our own come and go."""

    warehouse: str = field(repr=False)
    source: str = field(repr=False)
    prefix: str = f"osm_bench_{os.getpid()}"
    made: list[tuple[str, str]] = field(default_factory=list)

    def new_source(self) -> str:
        """A new empty database of the source; its URL."""
        return self._new(self.source, "source")

    def new_metadata(self, where: Metadata) -> str:
        """A new empty database beside the source for Airflow's own state; SQLite: nothing."""
        return self._new(self.source, "airflow") if where is Metadata.POSTGRESQL else ""

    def new_warehouse(self, name: str) -> str:
        """A new database of the warehouse with our tables; its URL."""
        url = self.new_schema(name)
        upgrade(sa.create_engine(url, poolclass=sa.NullPool))
        return url

    def new_schema(self, name: str) -> str:
        """A new empty database of the warehouse; its URL."""
        return self._new(self.warehouse, name)

    def drop(self, url: str) -> None:
        """Drop a database of ours."""
        name = sa.make_url(url).database or ""
        server, forced = next(
            (server, " with (force)" if server == self.source else "")
            for server, made in self.made
            if made == name
        )
        self.made.remove((server, name))
        engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"drop database {name}{forced}")

    def describe(self) -> str:
        """Machine and versions, for the head of a report."""
        memory = psutil.virtual_memory().total / 2**30
        return (
            f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB,"
            f" load {os.getloadavg()[0]:.1f}; Python {platform.python_version()};"
            f" {databases.version(self.source)}; {databases.version(self.warehouse)}"
        )

    def _new(self, server: str, name: str) -> str:
        name = f"{self.prefix}_{name}"
        self.made.append((server, name))
        return databases.create_database(server, name)


@contextmanager
def ground() -> Iterator[Ground]:
    """WAREHOUSE_URL and SOURCE_URL, or private servers; whatever we made is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="osm-bench-") as folder:
        base = Path(folder)
        base.chmod(0o755)  # the servers run as another user
        try:
            there = Ground(
                _server("WAREHOUSE_URL", "") or databases.start(base / "warehouse"),
                _server("SOURCE_URL", "postgres") or databases.start_source(base / "source"),
            )
            try:
                yield there
            finally:
                for server, name in list(there.made):
                    with suppress(sa.exc.SQLAlchemyError):
                        there.drop(sa.make_url(server).set(database=name).render_as_string(False))
        finally:
            databases.stop(base / "warehouse", forget=True)
            databases.stop_source(base / "source", forget=True)


def _server(setting: str, database: str) -> str:
    """The server that a setting names; its own database stays alone."""
    if not (url := os.environ.get(setting, "")):
        return ""
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)
