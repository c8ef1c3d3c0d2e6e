"""What an old revision does cannot be changed by editing the application."""

from __future__ import annotations

import ast

from tests.test_layers import ROOT, imports


def imported(folder: str) -> dict[str, set[str]]:
    """The modules that each file below a folder imports."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return {
        str(path.relative_to(ROOT)): set(imports(ast.parse(path.read_text()))) for path in files
    }


def test_no_migration_imports_the_application() -> None:
    found = imported("sql/migrations")
    assert len(found) > 10
    ours = {
        file: name
        for file, names in found.items()
        for name in names
        if name.split(".")[0] in ("include", "dags", "plugins")
    }
    assert ours == {}


def test_the_application_imports_nothing_of_the_migrations() -> None:
    theirs = {
        file: name
        for file, names in imported("include").items()
        for name in names
        if name.split(".")[0] == "sql"
    }
    assert theirs == {}
