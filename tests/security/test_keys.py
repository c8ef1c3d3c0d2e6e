"""Keys at rest: none in a dump, and readable whatever happens while they are encrypted anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from include.secrets import KeyRing, key_id_of, new_key, seal
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets import accounts
from include.warehouse.tickets.accounts import load_accounts, rotate
from include.warehouse.tickets.tables import cloud_user
from tests.security.conftest import environment, invoke

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = new_key("old"), new_key("new")
BOTH = KeyRing.parse(f"{NEW},{OLD}")
SECRETS = {f"a-{n:03}": f"canary-SECRET-{n:03}-{n * 7919 + 10**9}" for n in range(100)}
MOMENTS = ("before_cursor_execute", "after_cursor_execute", "commit", "checkin")
STEP = 1 if os.environ.get("FULL") else 25


def dump(url: str) -> str:
    """Every value of every table and view, as anybody with a backup has them."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        return "\n".join(
            str(tuple(row))
            for name in names
            for row in connection.exec_driver_sql(f"select * from `{name}`")
        )


@pytest.fixture
def hundred(warehouse_url):
    """A hundred accounts; half of their keys were plain text before."""
    opened = Warehouse.open(warehouse_url)
    ring = KeyRing.parse(OLD)
    rows = [
        {
            "id": account_id,
            "type": "HUAWEI",
            "secret_id": f"access-of-{account_id}",
            "secret_key_secret": secret if n % 2 else seal(ring, "huawei", account_id, secret),
        }
        for n, (account_id, secret) in enumerate(SECRETS.items())
    ]
    opened.transact(lambda connection: connection.execute(sa.insert(cloud_user), rows))
    assert accounts.encrypt_plain(opened, ring).changed == 50
    yield opened
    opened.close()


def rotate_until(url: str, moment: str, rows: int) -> None:
    """In a child: rotate, and be killed at this *moment* of the row after so many."""
    warehouse = Warehouse.open(url)
    changed = 0

    def count(_connection, _cursor, statement, _parameters, _context, _many):
        nonlocal changed
        changed += statement.startswith("UPDATE")

    def die(*_):
        if changed > rows:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(warehouse.engine, "before_cursor_execute", count)
    sa.event.listen(warehouse.engine, moment, die)
    rotate(warehouse, BOTH)


def test_keys_stay_readable_wherever_a_rotation_is_killed(hundred, warehouse_url, record_property):
    """With FULL=1 at every row, else at every 25th: before, in and after its transaction."""
    hundred.engine.dispose()  # a child must not share a connection with us
    kills = done = 0
    while done < len(SECRETS):
        for moment in MOMENTS:
            rows = min(STEP, len(SECRETS) - done) - 1
            child = os.fork()
            if not child:
                try:
                    rotate_until(warehouse_url, moment, rows)
                finally:
                    os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
            kills += 1
            done += rows + (moment == "checkin")
            found, bad = load_accounts(hundred, BOTH)
            assert not bad
            assert {account.account_id: account.secret_key for account in found} == SECRETS
            stored = hundred.transact(
                lambda c: c.scalars(sa.select(cloud_user.c.secret_key_secret)).all()
            )
            assert sum(key_id_of(value) == "new" for value in stored) == done
            hundred.engine.dispose()
    assert rotate(hundred, BOTH).changed == 0
    found, bad = load_accounts(hundred, KeyRing.parse(NEW))
    assert not bad
    assert {account.account_id: account.secret_key for account in found} == SECRETS
    record_property(
        "figure", f"key rotation    killed {kills} times, 100 of 100 keys readable always"
    )


def test_a_dump_of_the_database_holds_none_of_a_hundred_secrets(hundred, warehouse_url):
    text = dump(warehouse_url)
    assert not [secret for secret in SECRETS.values() if secret in text]
    assert text.count("v1:old:") == 100


def test_runs_need_no_key_in_the_database_when_connections_hold_them(warehouse_url, sandbox):
    environ = environment(sandbox, warehouse_url, "")
    for vendor in ("alibaba", "huawei", "tencent"):
        account = sandbox.account(vendor)
        given = ("--vendor", vendor, "--access-key", account.access_key, "--region", account.region)
        invoke(
            environ, "accounts", "add", account.account_id, *given, "--connection", f"of_{vendor}"
        )
        environ[f"AIRFLOW_CONN_OF_{vendor.upper()}"] = f'{{"password": "{account.secret_key}"}}'
    invoke(environ, "refresh")
    invoke(environ, "sync")
    text = dump(warehouse_url)
    assert text.count("'conn:of_") == 3
    assert not [
        v for v in ("alibaba", "huawei", "tencent") if sandbox.account(v).secret_key in text
    ]
    assert text.count("'tickets'") >= 3


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o644, True)])
def test_check_warns_of_a_key_file_that_others_can_read(warehouse_url, tmp_path, mode, is_told):
    file = tmp_path / "keys"
    file.write_text(NEW)
    file.chmod(mode)
    environ = {"WAREHOUSE_URL": warehouse_url, "SECRET_KEYS": f"file:{file}"}
    told = invoke(environ, "check").output
    assert (f"has mode {mode:04o}: run `chmod 600 {file}`" in told) is is_told
    assert NEW.partition(":")[2] not in told


def test_no_key_is_among_the_arguments_of_a_process(warehouse_url, tmp_path):
    file = tmp_path / "keys"
    file.write_text(NEW)
    file.chmod(0o600)
    secret = "canary-SECRET-of-stdin"
    words = ["add", "main", "--vendor", "huawei", "--access-key", "access-of-main"]
    process = subprocess.Popen(
        [sys.executable, "-m", "include", "accounts", *words, "--region", "cn-south-1"],
        cwd=ROOT,
        env=os.environ | {"WAREHOUSE_URL": warehouse_url, "SECRET_KEYS": f"file:{file}"},
        stdin=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(f"{secret}\n")
    process.stdin.flush()  # it waits for the end of its input
    listed = [argument for one in psutil.process_iter() for argument in _arguments(one)]
    process.communicate()
    assert process.returncode == 0
    assert "access-of-main" in listed
    hidden = [secret, NEW.partition(":")[2]]
    password = sa.make_url(warehouse_url).password or ""
    hidden += [password] * (len(password) >= 8)  # a short one may be part of a path
    assert not [argument for argument in listed for value in hidden if value in argument]


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
