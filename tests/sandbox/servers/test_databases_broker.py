"""A private Redis server on a real port; where Celery is installed, and with it its driver."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from include.sandbox.servers import databases, redis
from include.sandbox.servers.private import running
from include.sandbox.servers.processes import is_alive

pytestmark = pytest.mark.skipif(
    find_spec("redis") is None or redis.find() is None, reason="no Redis here: make celery"
)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that every user can reach, as the server of root is another user's."""
    path = Path(tempfile.mkdtemp(prefix="osm-broker-"))
    path.chmod(0o755)
    yield path
    databases.stop_broker(path, forget=True)


def server_of(base: Path) -> psutil.Process:
    process = running(base)
    assert process
    return process


def test_a_server_starts_answers_is_used_again_and_leaves_no_process_behind(base):
    url = databases.start_broker(base)
    assert databases.version(url).startswith("Redis ")
    server = server_of(base)
    assert databases.start_broker(base) == url
    assert server_of(base) == server
    assert databases.stop_broker(base)
    assert not is_alive(server)
    assert not databases.stop_broker(base)
    assert databases.start_broker(base) == url


def test_only_loopback_is_served_and_only_with_the_password(base):
    url = databases.start_broker(base)
    server = server_of(base)
    assert {at.laddr.ip for at in server.net_connections() if at.status == "LISTEN"} == {
        "127.0.0.1"
    }
    assert server.uids().real != 0
    secret = str(sa.make_url(url).password)
    other = url.replace(secret, "wrong")
    assert not databases.answers(other)
    with pytest.raises(ConfigError, match=r"redis://:\*\*\*@127\.0\.0\.1:\d+/0 does not answer"):
        databases.version(other)
    assert not any(secret in word for word in server.cmdline())
    assert (base / "data" / "redis.conf").stat().st_mode & 0o077 == 0
