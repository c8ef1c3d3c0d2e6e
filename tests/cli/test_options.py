"""What every verb's help and options say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from include.__main__ import app
from tests.cli.invoked import told

ROOT = Path(__file__).resolve().parents[2]
VERBS = (
    "migrate",
    "check",
    "sync",
    "refresh",
    "snapshot",
    "build-reports",
    "report",
    "status",
    "verify",
    "prune",
)
ACCOUNT_VERBS = ("add", "list", "encrypt", "rotate", "new-key")


@pytest.mark.parametrize("path", [(), *((name,) for name in VERBS), ("accounts",)])
def test_every_help_names_the_exit_codes(path):
    output = told(CliRunner().invoke(app, [*path, "--help"]), 0)
    assert "Exit codes: 0 done" in " ".join(output.split())


@pytest.mark.parametrize("name", ACCOUNT_VERBS)
def test_no_verb_takes_a_secret_key_as_an_argument(name):
    output = told(CliRunner().invoke(app, ["accounts", name, "--help"]), 0)
    assert not re.search(r"--[a-z-]*secret", output)


def test_help_imports_nothing_slow():
    code = (
        "import sys; import include.__main__;"
        "print({'sqlalchemy', 'urllib3', 'alembic', 'cryptography', 'pymysql', 'psycopg2'}"
        " & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["sync", "--vendor", "aws"], "aws"),
        (["sync", "--since", "yesterday"], "not a moment like 2026-01-31"),
        (["sync", "--until", "2026-01-01"], "`until` needs `since`"),
        (["sync", "--since", "2026-01-02", "--until", "2026-01-01"], "must lie before `until`"),
        (["sync", "--since", "2999-01-01"], "in the past"),
        (["sync", "--since", "1000-01-01"], "must not lie before 2000-01-01"),
        (["verify", "--since", "1000-01-01"], "must not lie before 2000-01-01"),
        (["verify", "--since", "2999-01-01"], "in the past"),
        (["snapshot", "--accept-vanished", "-1"], "greater than or equal"),
        (["snapshot", "--accept-vanished", "all"], "an integer"),
        (["build-reports", "--since", "2026-13-01"], "not a day like 2026-01-31"),
        (["verify", "--limit", "-1"], "greater than or equal to 0"),
        (["accounts", "add"], "Missing"),
        (["resync"], "No such command"),
    ],
)
def test_wrong_usage_is_said_and_ends_with_2(arguments, problem):
    assert problem in " ".join(told(CliRunner().invoke(app, arguments), 2).split())
