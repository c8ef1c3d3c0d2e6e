"""Private MySQL family servers on real ports, with real processes."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from include.sandbox.servers import databases, mysql
from include.sandbox.servers.processes import free_port

pytestmark = pytest.mark.skipif(
    databases.find() is None, reason="no database server program on this machine"
)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that every user can reach, as the server of root is another user's."""
    path = Path(tempfile.mkdtemp(prefix="osm-server-"))
    path.chmod(0o755)
    yield path
    databases.stop(path, forget=True)


def servers_of(base: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(base) in word for word in process.info["cmdline"] or ())
    ]


def test_a_server_starts_answers_and_leaves_no_process_behind(base):
    url = databases.start(base)
    assert databases.version(url)
    assert len(servers_of(base)) == 1
    assert databases.stop(base)
    assert servers_of(base) == []
    assert not databases.answers(url)
    assert not databases.stop(base)


def test_a_running_server_is_used_and_a_stopped_one_keeps_url_and_data(base):
    url = databases.start(base)
    assert databases.start(base) == url
    own = databases.create_database(url, "kept")
    databases.stop(base)
    assert databases.start(base) == url
    assert databases.answers(own)


def test_a_taken_port_is_left_alone_and_the_change_is_told(base):
    url = databases.start(base)
    databases.stop(base)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", sa.make_url(url).port or 0)):
        other = databases.start(base, said.append)
    assert sa.make_url(other).port != sa.make_url(url).port
    assert "is taken" in said[0]


def test_only_loopback_is_served_and_only_with_the_password(base):
    url = databases.start(base)
    (server,) = servers_of(base)
    listening = {at.laddr.ip for at in server.net_connections() if at.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    for user, password in (("osm", "wrong"), ("root", ""), ("", "")):
        assert not databases.answers(
            sa.make_url(url).set(username=user, password=password).render_as_string(False)
        )
    assert (base / "url").stat().st_mode & 0o077 == 0
    assert (base / "init.sql").stat().st_mode & 0o077 == 0


def test_a_server_stores_four_byte_text_and_takes_local_files(base):
    engine = sa.create_engine(
        databases.create_database(databases.start(base), "texts"), poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("create table t (a varchar(9))")
        connection.exec_driver_sql("insert into t values ('工单😀')")
        assert connection.exec_driver_sql("select a from t").scalar_one() == "工单😀"
        assert connection.exec_driver_sql("select @@local_infile").scalar_one() == 1


def test_a_foreign_process_with_our_number_is_never_ended(base):
    process = psutil.Popen(["sleep", "60"])
    (base / "pid").write_text(str(process.pid))
    assert not databases.stop(base)
    assert process.is_running()
    process.kill()
    process.wait()


def test_a_url_that_does_not_answer_is_named_without_its_password():
    url = f"mysql+pymysql://osm:hidden@127.0.0.1:{free_port()}/osm"
    with pytest.raises(ConfigError, match="does not answer") as caught:
        databases.install(print, {"WAREHOUSE_URL": url})
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_to_install_is_said_when_there_is_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(mysql, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConfigError, match=r"WAREHOUSE_URL=.* install a server .* Docker"):
        databases.install(print, {})
