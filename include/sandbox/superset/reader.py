"""The user that BI tools read the demo as: ``sql/grants/mysql_report.sql`` and a new password."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.errors import ConfigError
from include.sandbox.servers import databases, private
from include.sandbox.servers.private import ROOT, Say

USER: Final = "osm_report"
GRANTS: Final = ROOT / "sql" / "grants" / "mysql_report.sql"
EXAMPLES: Final = (("holidays", "china-holidays.csv"), ("targets", "sla-targets.csv"))


def open_demo(base: Path, say: Say) -> tuple[str, bool]:
    """The warehouse of the demo in *base* as its administrator; whether it ran before.

    Raises ConfigError where there was no demo yet.
    """
    known = private.known_url(base / "warehouse")
    if not known:
        raise ConfigError(
            f"no demo in {base}: run `make demo` first (`make demo ARGS=--once` fills the tables"
            " and ends), or name your warehouse: REPORT_URL=mysql+pymysql://osm_report:…@host/osm"
        )
    ran = databases.answers(known)
    server = databases.start(base / "warehouse", say)
    return databases.create_database(server, databases.DATABASE), ran


def let_in(admin_url: str) -> str:
    """Give the report user its rights and a new password; its URL.

    The schema comes first: an earlier release made the demo without views that there are now.
    """
    _include(admin_url, "migrate")
    at, password = sa.make_url(admin_url), secrets.token_urlsafe(18)
    text = "\n".join(
        line for line in GRANTS.read_text().splitlines() if not line.startswith("--")
    ).replace("`osm`.", f"`{at.database}`.")
    engine = sa.create_engine(admin_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execution_options(no_parameters=True)
        for statement in re.split(r";\n?", text):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            f"alter user `{USER}`@`%` identified by '{password}' account unlock"
        )
    return at.set(username=USER, password=password).render_as_string(hide_password=False)


def load_examples(admin_url: str) -> None:
    """Holidays and targets of ``examples``, without which no ticket has a target to meet."""
    for what, file in EXAMPLES:
        _include(admin_url, "load", what, str(ROOT / "examples" / file))
    _include(admin_url, "build-reports")


def _include(admin_url: str, *arguments: str) -> None:
    """Run the command line on the demo. Raises ConfigError with its own words."""
    done = subprocess.run(
        [sys.executable, "-m", "include", *arguments],
        check=False,
        env=os.environ | {"WAREHOUSE_URL": admin_url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ConfigError(f"{' '.join(arguments)} failed: {done.stderr.strip()[-500:]}")
