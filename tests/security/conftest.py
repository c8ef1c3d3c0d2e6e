"""The users of sql/grants on a real server, each with a password, and a way to be each of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from include.sandbox.vendors.server import Sandbox
from tests.conftest import Server

GRANTS = Path(__file__).resolve().parents[2] / "sql" / "grants"
ROLES = ("migrate", "write", "page", "report")
PASSWORD = "a-Passw0rd-of-a-test"
numbers = itertools.count(1)


def statements(name: str, names: Mapping[str, str]) -> list[str]:
    """The statements of a file of sql/grants, with *names* in the place of the written ones."""
    text = (GRANTS / name).read_text("utf-8")
    for written, wanted in names.items():
        assert written in text, f"{name} does not say {written}"
        text = text.replace(written, wanted)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";\n") if part.strip()]


@dataclass
class Users:
    """A database that ``migrate`` may fill; users by role."""

    server: Server
    admin_url: str
    suffix: str

    def allow(self, role: str) -> None:
        """Run the role's file, twice, and do what its head says."""
        name = f"osm_{role}_{self.suffix}"
        database = sa.make_url(self.admin_url).database or ""
        names = {f"`osm_{role}`": f"`{name}`", "`osm`": f"`{database}`"}
        given = statements(f"mysql_{role}.sql", names)
        given = [
            text.replace(f"`{database}`.*", f"`{database}`.*".replace("_", r"\_")) for text in given
        ]
        self.server.run(*given, *given)
        self.server.run(f"alter user `{name}`@`%` identified by '{PASSWORD}' account unlock")

    def url(self, role: str) -> str:
        """Where this user connects to."""
        name = f"osm_{role}_{self.suffix}"
        url = sa.make_url(self.admin_url).set(username=name, password=PASSWORD)
        return url.render_as_string(hide_password=False)

    def drop(self) -> None:
        """Leave the server as it was."""
        self.server.run(*(f"drop user if exists `osm_{role}_{self.suffix}`@`%`" for role in ROLES))
        self.server.drop(self.admin_url)


@pytest.fixture(scope="module")
def users(warehouse_server: Server) -> Iterator[Users]:
    """The four users; the tables and views were made by ``migrate`` itself."""
    from include.warehouse.mysql import Warehouse
    from include.warehouse.schema.migrations import upgrade

    made = Users(
        warehouse_server,
        warehouse_server.create(),
        f"{next(numbers)}{warehouse_server.prefix[-8:]}",
    )
    try:
        made.allow("migrate")
        opened = Warehouse.open(made.url("migrate"))
        upgrade(opened.engine)
        opened.close()
        for role in ROLES:
            made.allow(role)
        yield made
    finally:
        made.drop()


def environment(sandbox: Sandbox, warehouse_url: str, keys: str) -> dict[str, str]:
    """What the command line needs to read everything of the sandbox."""
    return {
        "WAREHOUSE_URL": warehouse_url,
        "SECRET_KEYS": keys,
        "CALLS_PER_SECOND": "900",
        **sandbox.environment(),
    }


def invoke(environ: Mapping[str, str], *arguments: str, code: int = 0, stdin: str = "") -> Result:
    """One call of the command line, in this process."""
    from include.__main__ import app

    result = CliRunner().invoke(app, [*arguments], input=stdin, env={"AIRFLOW_HOME": "", **environ})
    assert result.exit_code == code, f"{arguments}: {result.output}"
    return result


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What a user is shown."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]
