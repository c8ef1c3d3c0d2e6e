"""Settings, exit codes, one line an error, progress."""

from __future__ import annotations

import io
import re
import threading
import time

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from include.__main__ import app
from include.cli import console
from include.cli.console import EXITS, Exit, Progress, exit_of, masker, silence, verb, worst
from include.errors import (
    AlreadyRunningError,
    AuthError,
    ConfigError,
    PartialError,
    SupersededError,
    UnavailableError,
)
from tests.cli.invoked import CANARY, document, told

FIRST_WORD_SECONDS = console.FIRST_WORD_SECONDS  # before a fixture makes it longer


@pytest.mark.parametrize("name", ["sync", "refresh", "snapshot", "status", "verify"])
def test_without_a_database_one_line_says_what_to_set(name):
    result = CliRunner().invoke(app, [name])
    told(result, 2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: WAREHOUSE_URL is not set: give the database we write")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "code", "problem"),
    [
        ({"WAREHOUSE_URL": f"nonsense {CANARY}"}, 2, "WAREHOUSE_URL is not a URL like"),
        ({"WAREHOUSE_URL": f"postgresql://u:{CANARY}@h/d"}, 2, "must begin with mysql+pymysql"),
        ({"SECRET_KEYS": f"k1:{CANARY}"}, 2, "is not the base64 of 32 bytes"),
        ({"OPEN_MESSAGES": "perhaps"}, 2, "OPEN_MESSAGES must be 1 or 0"),
        (
            {"WAREHOUSE_URL": f"mysql+pymysql://nobody:{CANARY}@127.0.0.1:1/x"},
            1,
            "error: warehouse 2003: 127.0.0.1:1: the connection is refused",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line_without_its_secrets(osm, changes, code, problem):
    result = osm("status", **changes)
    assert problem in told(result, code)
    assert result.output.count("\n") == 1


def test_with_json_an_error_is_a_document_too(osm):
    found = document(osm("status", "--json", SECRET_KEYS="broken"), 2)
    assert found["error"]["class"] == "ConfigError"
    assert "SECRET_KEYS" in found["error"]["message"]


def test_a_database_without_our_schema_is_refused_before_anything_else(osm, database_url):
    for name in ("sync", "refresh", "status", "verify"):
        output = told(osm(name, WAREHOUSE_URL=database_url), 2)
        assert "run `python -m include migrate`" in output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (PartialError("x"), 3),
        (AlreadyRunningError("x"), 5),
        (SupersededError("x"), 5),
        (AuthError("x"), 1),
        (UnavailableError("x"), 1),
        (KeyError("x"), 1),
    ],
)
def test_the_class_of_an_error_decides_the_exit_code(error, code):
    assert exit_of(error) == code


def test_the_worst_of_several_outcomes_decides():
    order = [Exit.FAILED, Exit.USAGE, Exit.DIFFERENT, Exit.PARTIAL, Exit.RUNNING, Exit.DONE]
    for number, code in enumerate(order):
        assert worst(order[number:]) == code
    assert worst([]) == Exit.DONE
    assert {*EXITS.values()} <= {*order, Exit.INTERRUPTED}


def test_an_error_nobody_expected_is_one_line_unless_debug_is_on(capsys, monkeypatch):
    @verb
    def broken():
        masker.add(CANARY)
        raise KeyError(f"lost {CANARY}\n\x1b[31m")

    with pytest.raises(typer.Exit) as end:
        broken()
    assert end.value.exit_code == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: KeyError: 'lost ***")
    assert "--debug" in shown
    assert shown.count("\n") == 1
    assert "\x1b" not in shown
    monkeypatch.setattr("include.cli.console.flags.debug", True)
    with pytest.raises(typer.Exit):
        broken()
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert CANARY not in shown


@pytest.fixture
def hurry(monkeypatch):
    """A silence of a moment is a long one."""
    monkeypatch.setattr(console, "FIRST_WORD_SECONDS", 0.02)
    monkeypatch.setattr(console, "NEXT_WORD_SECONDS", 0.02)
    monkeypatch.setattr(silence, "_limit", 0.02)


def test_the_first_word_comes_within_three_seconds_with_what_loading_takes():
    assert FIRST_WORD_SECONDS <= 1.5


def test_progress_is_a_line_now_and_then_where_no_person_looks(hurry):
    stream = io.StringIO()
    with Progress("sync", 3, stream=stream) as progress:
        progress.advance()
        progress.update("a-2: 7 listed")
        deadline = time.monotonic() + 5
        while "7 listed" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    line = stream.getvalue().splitlines()[-1]
    assert re.fullmatch(r"sync: \d+ s, 1/3 done, a-2: 7 listed", line)


def test_progress_is_a_bar_on_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with Progress("sync", 3, stream=stream) as progress:
        progress.advance()
        progress.update("[a-2] 7 listed")
    assert "1/3" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_a_verb_that_waits_says_so_and_is_silent_where_something_else_speaks(
    hurry, capsys, monkeypatch
):
    said = []

    @verb
    def thinking():
        with silence.left_to_another():
            time.sleep(0.2)
        said.append(capsys.readouterr().err)
        deadline = time.monotonic() + 5
        while not said[-1] and time.monotonic() < deadline:
            time.sleep(0.01)
            said.append(capsys.readouterr().err)

    monkeypatch.setattr("include.cli.console.flags.verb", "thinking")
    thinking()
    assert said[0] == ""
    assert said[-1].startswith("thinking: 0 s, still at work\n")
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_a_verb_that_waits_for_the_server_bears_the_name_that_was_typed(hurry, osm, warehouse_url):
    with sa.create_engine(warehouse_url, poolclass=sa.NullPool).connect() as connection:
        connection.exec_driver_sql("lock tables sync_run write, rpt_build write")
        release = threading.Timer(0.5, connection.exec_driver_sql, ("unlock tables",))
        release.start()
        result = osm("build-reports")
        release.join()
    assert "build-reports: 0 s, " in told(result, 0)
    assert "rows written" in result.stdout
