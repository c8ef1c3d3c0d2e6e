"""The files of sql/grants: each user can do its work, and nothing else."""

from __future__ import annotations

import re

import psycopg2  # type: ignore[import-untyped]
import pymysql
import pytest
import sqlalchemy as sa

from include.cli.check.rights import DELETED_FROM, WRITTEN
from include.customer_service import SOURCE_TABLES
from include.sandbox.desk import sample
from include.sandbox.vendors.server import Sandbox
from include.secrets import new_key
from include.source.postgres import SourceDatabase
from include.warehouse.customer_service.tables import HISTORIES
from include.warehouse.schema import views
from tests.builders import DAY
from tests.plugins.direct import open_page
from tests.security.conftest import GRANTS, PASSWORD, ROLES, environment, invoke, rows, statements

REFUSALS = {1044, 1095, 1142, 1143, 1227, 1290, 1370, 1410, 1419, 1045, 3879}
"""What the servers call a right that is missing."""
KEYS = new_key("k1")
READ = {name for name in views.statements() if not name.startswith(views.STAGING)}
"""The views that are there to be read by people."""
M, MW, MWP, ALL, NONE = "migrate", "migrate write", "migrate write page", " ".join(ROLES), ""

# A statement, and who may. None of those that are allowed leaves anything behind.
STATEMENTS = (
    ("select secret_key_secret from cloud_user", MWP),
    ("insert into cloud_user select * from cloud_user where 1 = 0", M),
    ("update cloud_user set secret_key_secret = ''", M),
    ("delete from cloud_user", M),
    ("select name from cloud_osm_list", MW),
    (
        "select account_id, custom_id, complete, close_time_max, missing_since from cloud_osm_list",
        MWP,
    ),
    (
        "insert into cloud_osm_list (id, cloud_id)"
        " select id, cloud_id from cloud_osm_list where 1 = 0",
        MW,
    ),
    ("update cloud_osm_list set status = 1", MW),
    ("delete from cloud_osm_list", MW),
    ("delete from cloud_osm_product", MW),
    ("delete from cloud_osm_history", M),
    ("select content from cloud_osm_detail", MW),
    ("select count(*) from cloud_osm_detail", MWP),
    ("delete from cloud_osm_detail", MW),
    ("select * from sync_run", MWP),
    ("update sync_run set outcome = 'done'", MW),
    ("delete from sync_run", MW),
    ("update sync_state set token = 0", MW),
    ("select * from cs_seat_history", "migrate write report"),
    ("delete from cs_seat_history", MW),
    ("delete from cs_snapshot_table", MW),
    ("delete from cs_snapshot", MW),
    ("load data local infile '/dev/null' into table cs_seat_history", MW),
    ("select * from cs_snapshot", ALL),
    ("delete from rpt_ticket", MW),
    ("select * from rpt_ticket", MW),
    ("select * from v_ticket", "migrate report"),
    ("select * from stg_ticket", MW),
    ("select * from stg_message", MW),
    ("delete from stg_ticket", M),
    ("select * from v_queue_now", "migrate report"),
    ("select * from cs_session", "migrate report"),
    ("delete from dim_line", M),
    ("select * from migration_leftover", M),
    (
        "insert into migration_leftover (id, table_name, column_name, row_id, reason, found_at)"
        " select '', '', '', '', '', now() from dual where 1 = 0",
        MW,
    ),
    ("select version_num from alembic_version", ALL),
    ("update alembic_version set version_num = 'x'", M),
    ("create temporary table passing (x int)", MW),
    ("create table if not exists probe (x int)", M),
    ("drop table if exists probe", M),
    ("alter table sync_check comment = ''", M),
    ("truncate table sync_check", M),
    ("create or replace view v_probe as select 1 as x", M),
    ("drop view if exists v_probe", M),
    ("create trigger probe before insert on sync_run for each row set new.calls = 0", NONE),
    ("create procedure probe() select 1", NONE),
    ("create event probe on schedule every 1 day do select 1", NONE),
    ("create database osm_probe", NONE),
    ("create user osm_probe", NONE),
    ("grant select on cloud_user to current_user", NONE),
    ("set global max_connections = 7", NONE),
    ("load data infile '/etc/hostname' into table cloud_user", NONE),
    ("select 1 into outfile '/tmp/osm_probe'", NONE),
    ("select * from mysql.user", NONE),
    ("kill {admin}", NONE),
    ("kill {own}", ALL),
    ("select get_lock('osm_probe', 0), release_lock('osm_probe')", ALL),
)

SOURCE_STATEMENTS = (
    *((f"select * from {table.name}", True) for table in SOURCE_TABLES),
    ("select system_identifier from pg_control_system()", True),
    ("select timeline_id from pg_control_checkpoint()", True),
    ("lock table seat in access share mode", True),
    ("lock table seat in share mode", False),
    ("select * from secrets", False),
    ("insert into supplier (id) values (0)", False),
    ("update seat set status = 0", False),
    ("delete from session", False),
    ("truncate queue_mapping", False),
    ("create table probe (x int)", False),
    ("alter table seat add x int", False),
    ("create role probe", False),
    ("select pg_read_file('/etc/hostname')", False),
    ("copy seat to program 'true'", False),
    ("select rolpassword from pg_authid", False),
)


def attempt(connection, statement):
    """Whether the server lets us; any other failure is an error of the test."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.MySQLError as error:
        if error.args[0] not in REFUSALS:
            raise
        return False
    finally:
        connection.rollback()
    return True


def log_in(url):
    url = sa.make_url(url)
    return pymysql.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        database=url.database,
        local_infile=True,
    )


def test_each_user_can_do_exactly_what_its_file_allows(users, record_property):
    found: dict[str, list[str]] = {}
    with log_in(users.admin_url) as admin:
        for role in ROLES:
            with log_in(users.url(role)) as connection:
                other = log_in(users.url(role))
                ids = {"admin": admin.thread_id(), "own": other.thread_id()}
                for statement, _ in STATEMENTS:
                    if attempt(connection, statement.format(**ids)):
                        found.setdefault(statement, []).append(role)
                other._force_close()  # it was killed
    wrong = {
        statement: f"{' '.join(found.get(statement, []))} instead of {expected}"
        for statement, expected in STATEMENTS
        if " ".join(found.get(statement, [])) != expected
    }
    assert not wrong
    count = f"{len(STATEMENTS)} statements x {len(ROLES)} users"
    record_property("figure", f"grants          {count}: exactly the allowed set")


def test_every_file_locks_its_user_until_a_password_is_set(users):
    for role in ROLES:
        file = f"mysql_{role}.sql"
        assert "ACCOUNT LOCK" in statements(file, {})[0]
        assert not re.search("identified", "".join(statements(file, {})), re.IGNORECASE)
        assert not re.search(r"grant option|on \*\.\*", (GRANTS / file).read_text(), re.IGNORECASE)


def test_the_files_name_every_table_and_view_there_is(users):
    write = (GRANTS / "mysql_write.sql").read_text()
    for table in WRITTEN:
        right = "SELECT, INSERT, UPDATE" + (", DELETE" if table in DELETED_FROM else "")
        assert f"GRANT {right} ON `osm`.`{table.name}` TO" in write
    for name in views.statements().keys() - READ:
        assert f"GRANT SELECT ON `osm`.`{name}` TO" in write
    granted = re.findall(
        r"^GRANT (SELECT.*) ON `osm`.`(\w+)`", (GRANTS / "mysql_report.sql").read_text(), re.M
    )
    tables = ("alembic_version", "cs_snapshot", *(table.name for table in HISTORIES.values()))
    expected = [("SELECT, SHOW VIEW", view) for view in READ]
    assert sorted(granted) == sorted([*expected, *(("SELECT", table) for table in tables)])


def test_a_tool_that_reflects_finds_every_view_with_its_columns(users):
    """As SQLAlchemy does it, and with it Superset and pandas."""
    engine = sa.create_engine(users.url("report"), poolclass=sa.NullPool)
    admin = sa.create_engine(users.admin_url, poolclass=sa.NullPool)
    found, whole = sa.inspect(engine), sa.inspect(admin)
    assert set(found.get_view_names()) == READ
    for view in READ:
        names = [column["name"] for column in found.get_columns(view)]
        assert names == [column["name"] for column in whole.get_columns(view)]
        table = sa.Table(view, sa.MetaData(), autoload_with=engine)
        with engine.connect() as connection:
            connection.execute(sa.select(table).limit(1)).all()


@pytest.fixture
def sandbox():
    with Sandbox(seed=7, accounts=1, tickets=6) as running:
        yield running


def test_the_work_of_each_user_is_done_with_its_rights(users, sandbox, source_url, tmp_path):
    sample.create(source_url, seed=7, now=DAY, scale=0.0, queue=True)
    source = {"SOURCE_URL": source_url}

    def run(role, *arguments, **options):
        environ = environment(sandbox, users.url(role), KEYS) | source
        return invoke(environ, *arguments, **options).output

    account = sandbox.account("huawei")
    for vendor in ("alibaba", "huawei", "tencent"):
        account = sandbox.account(vendor)
        given = ("--vendor", vendor, "--access-key", account.access_key, "--region", account.region)
        run("migrate", "accounts", "add", account.account_id, *given, stdin=account.secret_key)
    run("migrate", "accounts", "encrypt", "--yes")
    for verb in ("refresh", "sync", "snapshot", "build-reports", "check"):
        told = run("write", verb)
    assert f"may read and write the {len(WRITTEN)} tables" in told
    run("write", "snapshot", "--full")
    run("write", "verify", "--deep")
    assert "Snapshot 2" in run("page", "status")
    for view in READ:
        rows(users.url("report"), f"select * from {view} limit 1")
    run("report", "report", "v_ticket", "--output", str(tmp_path / "report.csv"))
    assert len((tmp_path / "report.csv").read_bytes().splitlines()) == 1 + 3 * 6
    told = run("write", "accounts", "add", account.account_id, *given, stdin="x" * 20, code=2)
    assert "lacks a right" in told


def test_the_page_is_served_with_the_rights_of_its_user(users, airflow_db, monkeypatch):
    from tests.dags.conftest import as_connection

    plugins = str(GRANTS.parents[1] / "plugins")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", as_connection(users.url("page"), "mysql"))
    assert open_page(monkeypatch, plugins).status_code == 200
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", as_connection(users.url("report"), "mysql"))
    assert open_page(monkeypatch, plugins).status_code == 503


@pytest.fixture
def reader(source_server, source_url):
    """The URL of the role of postgres.sql, in a database that has one table more."""
    name, database = f"osm_reader_{source_server.prefix[-8:]}", sa.make_url(source_url).database
    given = statements(
        "postgres.sql", {"osm_reader": name, "DATABASE customer_service": f"DATABASE {database}"}
    )
    joined = ";\n".join(given)
    source_server.run("create table secrets (x int)", joined, joined, url=source_url)
    source_server.run(f"alter role {name} login password '{PASSWORD}'")
    url = sa.make_url(source_url).set(username=name, password=PASSWORD)
    yield url.render_as_string(hide_password=False)
    source_server.run(f"drop owned by {name}", url=source_url)
    source_server.run(f"drop owned by {name}", f"drop role {name}")


def test_the_role_that_reads_the_source_can_do_exactly_that(reader, record_property):
    url = sa.make_url(reader)
    connection = psycopg2.connect(
        host=url.host, port=url.port, user=url.username, password=url.password, dbname=url.database
    )
    found = {}
    for writable in (False, True):  # a session may switch to writing: the rights hold all the same
        for statement, _ in SOURCE_STATEMENTS:
            connection.set_session(readonly=not writable)
            try:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                found[statement, writable] = "allowed"
            except psycopg2.Error as error:
                found[statement, writable] = error.pgcode
            connection.rollback()
    connection.close()
    for statement, expected in SOURCE_STATEMENTS:
        no_right, read_only = "42501", "25006"
        assert found[statement, True] == ("allowed" if expected else no_right), statement
        assert found[statement, False] in (("allowed",) if expected else (no_right, read_only))
    with SourceDatabase.open(reader).snapshot() as snapshot:
        assert len(snapshot.found) == len(SOURCE_TABLES)
        assert snapshot.position.system_id
    count = f"{len(SOURCE_STATEMENTS)} statements x 1 role"
    record_property("figure", f"grants source   {count}: exactly the allowed set")


def test_the_role_writes_nothing_and_waits_no_longer_than_an_hour_by_its_own_defaults(reader):
    with sa.create_engine(reader, poolclass=sa.NullPool).connect() as connection:
        for name, value in (
            ("default_transaction_read_only", "on"),
            ("statement_timeout", "1h"),
            ("idle_in_transaction_session_timeout", "15min"),
        ):
            assert connection.exec_driver_sql(f"show {name}").scalar() == value
