"""Who may do something, who did it, and where nothing may be done at all."""

from __future__ import annotations

import getpass
import importlib
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.errors import CheckError, ConfigError
from include.sandbox.desk import sample
from include.secrets import new_key
from include.vendors.registry import load_settings, open_client
from include.warehouse.tables import metadata
from tests.builders import DAY, an_account
from tests.contents import contents
from tests.dags.conftest import as_connection
from tests.security.conftest import invoke, rows

ROOT = Path(__file__).resolve().parents[2]
DAG = "snapshot_customer_service"
TRIGGER = f"/api/v2/dags/{DAG}/dagRuns"
FORM = {"full": False, "accept_vanished": None}
LEDGER = "select triggered_by, parameters from sync_run order by started_at, run_id"
ME = getpass.getuser()


@pytest.fixture(scope="module")
def airflow_app(airflow_db):
    """What ``airflow api-server`` serves, with our DAGs in its database."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of sixty-four bytes or more " * 2)
        with create_session() as session:
            session.merge(DagBundleModel(name="dags-folder"))
        bag = DagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")
        sync_bag_to_db(bag, "dags-folder", None)
        from airflow.api_fastapi.app import create_app

        yield create_app(apps="core")


@pytest.fixture
def visitor(airflow_app):
    """``visitor("ann", "user")``: a browser, logged in unless nobody is named."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    def log_in(name="", role=None):
        client = TestClient(airflow_app, raise_server_exceptions=False)
        if name:
            user = SimpleAuthManagerUser(username=name, role=role)
            token = get_auth_manager().generate_jwt(user)
            client.headers["Authorization"] = f"Bearer {token}"
        return client

    return log_in


@pytest.fixture
def desk_url(warehouse_url, source_url, monkeypatch):
    """A customer service and a warehouse, as Airflow's connections."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", as_connection(warehouse_url, "mysql"))
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", as_connection(source_url, "postgres"))
    sample.create(source_url, seed=7, now=DAY, scale=0.0, queue=False)
    return source_url


def trigger(client, **form):
    return client.post(TRIGGER, json={"logical_date": None, "conf": FORM | form})


def take(run_id):
    """What the task of a run does, for whoever triggered the run."""
    from airflow.models import DagRun
    from airflow.utils.session import create_session

    from include.runtime import customer_service, forms

    with create_session() as session:
        run = session.scalars(sa.select(DagRun).where(DagRun.run_id == run_id)).one()
        return customer_service.take_snapshot(run.conf or {}, run.conf, FORM, forms.who(run))


def test_no_stranger_sees_or_does_anything_of_ours(visitor):
    page = importlib.import_module("sync_health_page")
    routes = [(route.path, method) for route in page.app.routes for method in route.methods]
    assert len(routes) == len(page.app.routes) > 0
    for path, method in routes:
        assert visitor().request(method, f"/sync-health{path}").status_code in (401, 403)
    assert trigger(visitor()).status_code == 401
    broken = visitor()
    broken.headers["Authorization"] = "Bearer made.up.token"
    assert trigger(broken).status_code in (401, 403)


def test_who_may_only_look_triggers_nothing(visitor, desk_url, warehouse_url):
    viewer = visitor("eve", "viewer")
    assert viewer.get("/sync-health/page").status_code == 200
    assert trigger(viewer).status_code == 403
    assert viewer.patch(f"/api/v2/dags/{DAG}", json={"is_paused": False}).status_code == 403
    assert viewer.get(TRIGGER).status_code == 200  # looking is what a viewer is for
    assert rows(warehouse_url, LEDGER) == []


def test_no_page_changes_anything_by_being_looked_at(visitor, desk_url, warehouse_url):
    from airflow.models import DagRun
    from airflow.utils.session import create_session

    def state():
        with create_session() as session:
            runs = session.scalar(sa.select(sa.func.count()).select_from(DagRun))
        return runs, contents(partial(rows, warehouse_url), *metadata.tables)

    admin, before = visitor("root", "admin"), state()
    for path in ("/sync-health/page", "/sync-health/style.css", TRIGGER):
        admin.get(path)
        admin.get(f"{path}?trigger=1&accept_vanished=7")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert admin.request(method, "/sync-health/page").status_code == 405
    assert state() == before


def test_a_browser_that_is_sent_here_by_another_site_triggers_nothing(visitor):
    """The session's cookie is not sent along, and a form cannot send what the trigger reads."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    client = visitor()
    user = SimpleAuthManagerUser(username="root", role="admin")
    client.cookies.set("_token", get_auth_manager().generate_jwt(user))
    told = client.post(TRIGGER, data={"logical_date": "", "conf": "{}"})
    assert told.status_code in (401, 403, 415, 422)


def test_the_ledger_says_who_triggered_what(visitor, desk_url, warehouse_url):
    for name, role, full in (("ann", "user", True), ("bob", "op", False)):
        answer = trigger(visitor(name, role), full=full)
        assert answer.status_code == 200, answer.text
        take(answer.json()["dag_run_id"])
    told = rows(warehouse_url, LEDGER)
    assert [who.split(" by ")[1] for who, _ in told] == ["ann", "bob"]
    assert [json.loads(asked) for _, asked in told] == [FORM | {"full": True}, FORM]


def test_the_ledger_says_who_accepted_that_rows_vanished(visitor, desk_url, warehouse_url):
    op = visitor("carol", "op")
    take(trigger(op).json()["dag_run_id"])
    with sa.create_engine(desk_url, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("delete from busi_seat_mapping")
    with pytest.raises(CheckError) as refused:
        take(trigger(op).json()["dag_run_id"])
    number = int(str(refused.value).partition("accept_vanished ")[2].partition(")")[0])
    take(trigger(visitor("dave", "op"), accept_vanished=number).json()["dag_run_id"])
    who, asked = rows(warehouse_url, LEDGER)[-1]
    assert who.endswith(" by dave")
    assert json.loads(asked)["accept_vanished"] == number


def test_the_ledger_says_who_touched_which_key(warehouse_url):
    old, new = new_key("old"), new_key("new")
    environ = {"WAREHOUSE_URL": warehouse_url, "SECRET_KEYS": old}
    add = ("accounts", "add", "main", "--vendor", "huawei", "--access-key", "access-of-main")
    invoke(environ, *add, stdin="a-secret-of-main")
    invoke(environ, *add, "--connection", "of_main")
    invoke(environ, "accounts", "encrypt", "--yes")
    invoke(environ, *add, stdin="another-secret-of-main")
    invoke(environ | {"SECRET_KEYS": f"{new},{old}"}, "accounts", "rotate")
    told = rows(
        warehouse_url,
        "select account_id, entity, vendor, triggered_by, written, parameters, outcome,"
        " ended_at is not null from sync_run order by started_at",
    )
    assert [(row[0], row[2], row[3].split(" by ")[0], row[4]) for row in told] == [
        ("main", "HUAWEI", "accounts add", 1),
        ("main", "HUAWEI", "accounts update", 1),
        ("all", "", "accounts encrypt", 0),
        ("main", "HUAWEI", "accounts update", 1),
        ("all", "", "accounts rotate", 1),
    ]
    for row in told:
        assert (row[1], row[6], row[7]) == ("keys", "done", 1)
        assert f" by {ME} on the command line" in row[3]
    assert json.loads(told[1][5]) == {"connection": "of_main"}
    assert json.loads(told[4][5]) == {"key": ["new"]}
    assert "secret" not in str(told)
    shown = invoke(environ | {"SECRET_KEYS": new}, "status").output
    assert "accounts rotate" not in shown  # it is no run: nothing waits for it


@pytest.mark.parametrize("vendor", ["alibaba", "huawei", "tencent"])
def test_the_sandbox_is_not_read_outside_the_sandbox(sandbox, vendor):
    """Neither by a setting, nor by an account's region."""
    environ = sandbox.environment() | {"SANDBOX": "0"}
    with pytest.raises(ConfigError, match="on loopback, which only the sandbox is"):
        load_settings(environ)
    settings = load_settings({"TENCENT_ENABLED": "1"})
    for region in ("127.0.0.1", "localhost", "x@127.0.0.1", "127.0.0.1:80/#"):
        with pytest.raises(ConfigError, match="region"):
            open_client(an_account(vendor, region=region), settings)
    assert sandbox.calls == []


def test_the_sandbox_does_not_start_beside_production():
    done = subprocess.run(
        [sys.executable, "-m", "include.sandbox"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "SANDBOX": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "SANDBOX=0 keeps it from starting" in done.stderr
    assert "Traceback" not in done.stderr
