"""Private PostgreSQL servers on real ports, with real processes."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.errors import ConfigError
from include.sandbox.servers import databases, postgres
from include.sandbox.servers.__main__ import app
from include.sandbox.servers.processes import free_port, is_alive

pytestmark = pytest.mark.skipif(
    databases.find_source() is None, reason="no PostgreSQL program on this machine"
)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that every user can reach, as the server of root is another user's."""
    path = Path(tempfile.mkdtemp(prefix="osm-source-"))
    path.chmod(0o755)
    yield path
    databases.stop_source(path, forget=True)


def servers_of(base: Path) -> list[psutil.Process]:
    data = str((base / "data").resolve())
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if data in (process.info["cmdline"] or ())
    ]


def scalar(url: str, query: str) -> object:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return connection.exec_driver_sql(query).scalar()


def test_a_server_starts_answers_and_leaves_no_process_behind(base):
    url = databases.start_source(base)
    assert databases.version(url).startswith("PostgreSQL 1")
    (server,) = servers_of(base)
    family = [server, *server.children(recursive=True)]
    assert databases.stop_source(base)
    assert not any(map(is_alive, family))
    assert not databases.answers(url)
    assert not databases.stop_source(base)


def test_a_running_server_is_used_and_a_stopped_one_keeps_url_and_data(base):
    url = databases.start_source(base)
    assert databases.start_source(base) == url
    own = databases.create_database(url, "kept")
    assert databases.create_database(url, "kept") == own
    databases.stop_source(base)
    assert databases.start_source(base) == url
    assert databases.answers(own)


def test_a_server_stops_although_somebody_is_connected(base):
    engine = sa.create_engine(databases.start_source(base), poolclass=sa.NullPool)
    connection = engine.connect()
    connection.exec_driver_sql("select 1")
    assert databases.stop_source(base)
    assert servers_of(base) == []
    connection.invalidate()
    connection.close()


def test_committed_rows_outlive_a_killed_server(base):
    url = databases.start_source(base)
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("create table t as select generate_series(1, 1000) as n")
    (server,) = servers_of(base)
    family = [server, *server.children()]
    server.kill()
    psutil.wait_procs(family, timeout=20)
    assert databases.start_source(base) == url
    assert scalar(url, "select count(*) from t") == 1000


def test_a_taken_port_is_left_alone_and_the_change_is_told(base):
    url = databases.start_source(base)
    databases.stop_source(base)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", sa.make_url(url).port or 0)):
        other = databases.start_source(base, said.append)
    assert sa.make_url(other).port != sa.make_url(url).port
    assert "is taken" in said[0]


def test_only_loopback_is_served_and_only_with_the_password(base):
    url = databases.start_source(base)
    (server,) = servers_of(base)
    listening = {at.laddr.ip for at in server.net_connections() if at.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    assert not any(at.laddr for at in server.net_connections("unix"))
    assert server.uids().real != 0
    for user, password in (("osm", "wrong"), ("osm", ""), ("postgres", "")):
        assert not databases.answers(
            sa.make_url(url).set(username=user, password=password).render_as_string(False)
        )
    for path in (base / "url", base / "data", base / "data" / "pg_hba.conf"):
        assert path.stat().st_mode & 0o077 == 0
    secret = str(sa.make_url(url).password)
    assert not any(secret in word for word in server.cmdline())
    assert secret not in (base / "server.log").read_text()


def test_a_lost_url_file_costs_a_new_password_and_no_data(base):
    url = databases.start_source(base)
    databases.create_database(url, "kept")
    databases.stop_source(base)
    (base / "url").unlink()
    new = databases.start_source(base)
    assert sa.make_url(new).password != sa.make_url(url).password
    assert scalar(new, "select count(*) from pg_database where datname = 'kept'") == 1


def test_the_server_is_utf_8_and_its_zone_is_not_utc(base):
    url = databases.start_source(base)
    assert scalar(url, "select length('工单😀')") == 3
    assert scalar(url, "show server_encoding") == "UTF8"
    assert scalar(url, "show timezone") == "Asia/Shanghai"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_a_closed_folder_has_its_data_elsewhere_and_takes_them_along(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    base = closed / "source"
    url = databases.start_source(base)
    data = (base / "data").readlink()
    assert data.parent.parts[-2:] == ("var", "tmp")
    assert data.stat().st_mode & 0o077 == 0
    assert databases.start_source(base) == url
    assert databases.stop_source(base, forget=True)
    assert not base.exists()
    assert not data.exists()


def test_a_foreign_process_with_our_number_is_never_ended(base):
    process = psutil.Popen(["sleep", "60"])
    (base / "pid").write_text(str(process.pid))
    assert not databases.stop_source(base)
    assert process.is_running()
    process.kill()
    process.wait()


def test_a_source_url_that_answers_is_used_and_told(base):
    url = databases.start_source(base)
    said: list[str] = []
    databases.install(said.append, {"SOURCE_URL": url})
    assert any(line.startswith("SOURCE_URL answers: PostgreSQL") for line in said)


def test_a_source_url_that_does_not_answer_is_named_without_its_password():
    url = f"postgresql+psycopg2://osm:hidden@127.0.0.1:{free_port()}/desk"
    with pytest.raises(ConfigError, match="does not answer") as caught:
        databases.install(print, {"SOURCE_URL": url})
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_to_install_is_said_when_there_is_no_postgresql(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres, "folders", lambda: [str(tmp_path)])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConfigError, match=r"SOURCE_URL=.* apt-get install postgresql.* Docker"):
        databases.install(print, {})


def test_too_old_a_postgresql_is_not_used(monkeypatch, tmp_path):
    for name, text in (("postgres", "postgres (PostgreSQL) 9.6.24"), ("initdb", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{text}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(postgres, "folders", lambda: [str(tmp_path)])
    assert databases.find_source() is None


def test_the_command_line_starts_tells_and_stops_it(base):
    runner = CliRunner()
    started = runner.invoke(app, ["start", "source", "--base", str(base)])
    assert started.exit_code == 0
    url = started.stdout.strip()
    assert sa.make_url(url).database == databases.SOURCE_DATABASE
    assert scalar(url, "select 1") == 1
    told = runner.invoke(app, ["url", "source", "--base", str(base)])
    assert told.stdout.strip() == url
    stopped = runner.invoke(app, ["stop", "source", "--base", str(base)])
    assert stopped.exit_code == 0
    assert servers_of(base) == []
