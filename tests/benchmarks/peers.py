"""Other tools for the same work, each where the environment names it.

``PEER_DLT``: a Python that has ``dlt[sqlalchemy]``, ``pymysql`` and ``requests``; ``PEER_SINGER``:
one (3.10) that has ``thk-target-mysql``; ``PEER_INGESTR``, ``PEER_SLING``: the programs. They keep
the present rows, without a history.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES, Kind
from tests.benchmarks.ground import BELIEVES_NOBODY

HERE = Path(__file__).parent


def dlt(given: dict[str, Any]) -> dict[str, Any]:
    """Seconds and processor time of a job for dlt."""
    return _do("dlt", given | {"dataset": sa.make_url(given["url"]).database})


def news(name: str, url: str, folder: Path, given: dict[str, Any]) -> float:
    """Seconds in which ``dlt`` or ``singer`` brings *url* up to date; *folder* holds its state."""
    if name == "dlt":
        found = dlt(given | {"job": "news", "url": url, "folder": str(folder)})
    else:
        at = sa.make_url(url).set(drivername="mysql+mysqldb").render_as_string(False)
        found = _do("singer", given | {"url": at, "state": str(folder / "state.json")})
    return float(found["seconds"])


def _do(name: str, given: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [os.environ[f"PEER_{name.upper()}"], HERE / f"peer_{name}.py"],
        input=json.dumps(given),
        text=True,
        capture_output=True,
        env=_bare() | BELIEVES_NOBODY,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def make_plain(source: str) -> None:
    """Take out of a sample what ends the others' copies: odd moments, numbers and long texts."""
    with sa.create_engine(source, poolclass=sa.NullPool).begin() as connection:
        for table in SOURCE_TABLES:
            for column in table.columns:
                other = "default"
                if column.kind is Kind.TEXT:
                    odd, other = f"octet_length({column.name}) > 60000", f"left({column.name}, 99)"
                elif column.kind is Kind.MOMENT:
                    odd = f"{column.name} not between '1971-01-01' and '2037-12-31'"
                elif column.kind is Kind.DOUBLE:
                    odd = f"{column.name} in ('NaN', 'Infinity', '-Infinity')"
                else:
                    continue
                connection.exec_driver_sql(
                    f"update {table.name} set {column.name} = {other} where {odd}"
                )


Copy = Callable[[str], object]


def table_copies(source: str) -> Iterator[tuple[str, Copy]]:
    """Names of tools, and what copies all tables of *source* into the database of a URL."""
    tables = [table.name for table in SOURCE_TABLES]
    theirs = sa.make_url(source).set(drivername="postgresql").render_as_string(False)

    def by_dlt(url: str) -> None:
        dlt({"job": "tables", "source": source, "url": url, "tables": tables})

    def by_ingestr(url: str) -> None:
        at = sa.make_url(url)
        uri = at.set(drivername="mysql+pymysql", query={}).render_as_string(False)
        for table in tables:
            names = ["--source-table", f"public.{table}", "--dest-table", f"{at.database}.{table}"]
            uris = ["--source-uri", theirs, "--dest-uri", uri]
            _run([os.environ["PEER_INGESTR"], "ingest", "--yes", *uris, *names])

    def by_sling(url: str) -> None:
        at = sa.make_url(url)
        plan = {
            "source": "SOURCE",
            "target": "TARGET",
            "defaults": {"mode": "full-refresh", "object": f"{at.database}.{{stream_table}}"},
            "streams": {f"public.{table}": None for table in tables},
        }
        uri = at.set(drivername="mysql", query={}).render_as_string(False)
        command = [os.environ["PEER_SLING"], "run", "--replication", json.dumps(plan)]
        _run(command, SOURCE=theirs + "?sslmode=disable", TARGET=uri)

    copies = {"PEER_DLT": by_dlt, "PEER_INGESTR": by_ingestr, "PEER_SLING": by_sling}
    for setting, copy in copies.items():
        if setting in os.environ:
            yield setting.removeprefix("PEER_").lower(), copy


def _run(command: list[str], **more: str) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_bare() | more, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout.decode()[-2000:])


def _bare() -> dict[str, str]:
    """This environment without our settings, which are no other program's."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "DISABLE_TELEMETRY": "true",
        "SLING_DISABLE_TELEMETRY": "true",
    }
