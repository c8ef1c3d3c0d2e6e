"""What an address of a database says is obeyed, or refused by name."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.addresses import (
    MYSQL,
    POSTGRESQL,
    describe_address,
    read_mysql,
    read_postgresql,
)
from include.errors import ConfigError
from include.source.postgres import SESSION, SourceDatabase
from include.warehouse.mysql import Warehouse
from tests.source.conftest import execute

__all__ = ["execute"]  # a fixture

HOST = "postgresql://u:p@db.example/osm"
HERE = "postgresql://u:p@127.0.0.1/osm"
MY_HOST = "mysql+pymysql://u:p@db.example/osm"
MY_HERE = "mysql+pymysql://u:p@127.0.0.1/osm"


def postgresql(url: str, ca: str = "") -> dict[str, object]:
    return read_postgresql(url, ca=ca, ours={*SESSION, "statement_timeout"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HOST, {"host": "db.example", "port": 5432, "sslmode": "verify-full"}),
        (f"{HOST}?sslmode=verify-full", {"sslmode": "verify-full", "sslrootcert": "system"}),
        (f"{HOST}?sslrootcert=/a.pem", {"sslrootcert": "/a.pem", "sslmode": "verify-full"}),
        (f"{HOST}?sslcert=/c.pem&sslkey=/k.pem", {"sslcert": "/c.pem", "sslkey": "/k.pem"}),
        (f"{HERE}?sslmode=require", {"sslmode": "require"}),
        (f"{HERE}?options=-csearch_path%3Dprod", {"options": "-csearch_path=prod"}),
        ("postgresql://u@/osm?host=/run/pg&port=5433", {"host": "/run/pg", "port": "5433"}),
        (
            "postgresql://u@/osm?host=a.example,b.example&target_session_attrs=standby",
            {"host": "a.example,b.example", "sslmode": "verify-full"},
        ),
        ("postgresql://u@/osm?host=a.example&host=b.example", {"host": "a.example,b.example"}),
        (f"{HOST}?channel_binding=require", {"channel_binding": "require"}),
        (f"{HOST}?krbsrvname=pg&gssencmode=disable", {"krbsrvname": "pg", "gssencmode": "disable"}),
    ],
)
def test_what_the_source_may_say_reaches_the_driver(url, expected):
    assert expected.items() <= postgresql(url).items()


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (f"{HOST}?sslmode=require", "sslmode=require"),
        (f"{HOST}?sslmode=disable", "sslmode=disable"),
        ("postgresql://u@/osm?host=127.0.0.1,b.example&sslmode=prefer", "sslmode=prefer"),
        (f"{HERE}?options=-c%20statement_timeout%3D0", "options: statement_timeout"),
        (f"{HERE}?options=--row_security%3Don", "options: row_security"),
        (f"{HERE}?options=-cDateStyle%3DSQL", "options: datestyle"),
        (f"{HERE}?connect_timeout=99", "connect_timeout"),
        (f"{HERE}?application_name=x", "application_name"),
        (f"{HERE}?service=prod", "service"),
        (f"{HERE}?passfile=/x", "passfile"),
        (f"{HERE}?serch_path=prod", "serch_path"),
        (f"{HERE}?cursor=dictcursor", "cursor"),
    ],
)
def test_what_the_source_may_not_say_is_refused_by_name(url, named):
    with pytest.raises(ConfigError, match="SOURCE_URL, or its Airflow connection, says") as caught:
        postgresql(url)
    assert f" says {named}, which is not obeyed" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{MY_HERE}?charset=utf8mb4", {"charset": "utf8mb4"}),
        (f"{MY_HERE}?unix_socket=/run/m.sock", {"unix_socket": "/run/m.sock"}),
        (f"{MY_HOST}?unix_socket=/run/m.sock", {"unix_socket": "/run/m.sock"}),
        ("mysql+pymysql://u:密码@127.0.0.1/osm", {"password": "密码".encode()}),
    ],
)
def test_what_the_warehouse_may_say_reaches_the_driver(url, expected):
    bare, arguments = read_mysql(url, ca="")
    assert expected.items() <= arguments.items()
    assert "ssl" not in arguments
    assert not bare.query


@pytest.mark.parametrize("url", [MY_HOST, f"{MY_HOST}?ssl_mode=VERIFY_IDENTITY"])
def test_a_certificate_of_another_host_is_verified_whatever_is_said(url):
    context = read_mysql(url, ca="")[1]["ssl"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    arguments = postgresql(HOST)
    assert arguments["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (f"{MY_HERE}?charset=gbk", "charset"),
        (f"{MY_HOST}?ssl_mode=REQUIRED", "ssl_mode=REQUIRED"),
        (f"{MY_HOST}?ssl_mode=DISABLED", "ssl_mode=DISABLED"),
        (f"{MY_HOST}?ssl_verify_cert=false", "ssl_verify_cert"),
        (f"{MY_HOST}?ssl_disabled=true", "ssl_disabled"),
        (f"{MY_HERE}?local_infile=1", "local_infile"),
        (f"{MY_HERE}?init_command=set+sql_mode=''", "init_command"),
        (f"{MY_HERE}?read_timeout=1", "read_timeout"),
        (f"{MY_HERE}?autocommit=true", "autocommit"),
        (f"{MY_HERE}?sql_mode=ANSI", "sql_mode"),
        (f"{MY_HERE}?cursor=sscursor", "cursor"),
    ],
)
def test_what_the_warehouse_may_not_say_is_refused_by_name(url, named):
    with pytest.raises(ConfigError, match="WAREHOUSE_URL, or its Airflow connection") as caught:
        read_mysql(url, ca="")
    assert f" says {named}, which is not obeyed" in str(caught.value)


@pytest.mark.parametrize("name", ["ssl_ca", "ssl_cert"])
def test_a_file_that_is_none_is_refused_by_name(name):
    with pytest.raises(ConfigError, match="/nowhere/none is no certificate file"):
        read_mysql(f"{MY_HOST}?{name}=/nowhere/none", ca="")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:///x", HERE.rpartition("/")[0]])
def test_what_is_no_address_of_a_database_is_refused(url):
    with pytest.raises(ConfigError, match="SOURCE_URL"):
        postgresql(url)
    with pytest.raises(ConfigError, match="WAREHOUSE_URL"):
        read_mysql(url.replace("postgresql", "mysql"), ca="")


def test_each_part_that_is_obeyed_has_its_line_in_the_documents():
    text = (Path(__file__).parents[1] / "docs/connecting.md").read_text("utf-8")
    for name in (*POSTGRESQL, *MYSQL):
        assert f"`{name}`" in text, name


def test_another_schema_of_the_source_is_read_when_the_address_says_so(source_url, execute):
    execute("create schema prod", "alter table seat set schema prod")
    said = sa.make_url(source_url).update_query_dict({"options": "-csearch_path=prod,public"})
    source = SourceDatabase.open(said.render_as_string(hide_password=False))
    with source.snapshot() as snapshot:
        assert snapshot.one("select 'seat'::regclass::text")[0] in ("seat", "prod.seat")
    with (
        pytest.raises(ConfigError, match="no table seat in the search path"),
        SourceDatabase.open(source_url).snapshot(),
    ):
        pass


def test_an_extra_of_an_airflow_connection_is_part_of_the_address(monkeypatch):
    from include.runtime import connections

    said = {"conn_type": "postgres", "host": "127.0.0.1", "login": "u", "schema": "osm"}
    extra = {"options": "-csearch_path=prod", "sslmode": "require", "port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", json.dumps({**said, "extra": extra}))
    url = connections.url_of("customer_service", "postgresql+psycopg2", 5432)
    arguments = postgresql(url)
    assert (arguments["options"], arguments["sslmode"]) == ("-csearch_path=prod", "require")
    nested = {**said, "extra": {"ssl": {"ca": "/x"}}}
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMER_SERVICE", json.dumps(nested))
    with pytest.raises(ConfigError, match="extra: ssl must be one text"):
        connections.url_of("customer_service", "postgresql+psycopg2", 5432)


@pytest.mark.parametrize("password", ["plain", "été", "密码🙂", "p@ss:/?#% word"])
def test_a_password_of_any_characters_opens_both_databases(
    warehouse_url, source_url, password, execute
):
    url = sa.make_url(warehouse_url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        quoted = password.replace("%", "%%")
        for statement in (
            "drop user if exists strange",
            f"create user strange identified by '{quoted}'",
            f"grant all on {url.database}.* to strange",
        ):
            connection.exec_driver_sql(statement)
    ours = url.set(username="strange", password=password)
    opened = Warehouse.open(ours.render_as_string(hide_password=False))
    assert opened.transact(lambda c: c.scalar(sa.text("select 1"))) == 1
    opened.close()
    execute("drop role if exists strange", f"create role strange login password '{quoted}'")
    theirs = sa.make_url(source_url).set(username="strange", password=password)
    database = SourceDatabase.open(theirs.render_as_string(hide_password=False))
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("strange",)
    execute("drop role strange")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (HOST, "database osm at db.example:5432"),
        ("postgresql://u:p@/osm?host=/run/pg", "database osm at /run/pg:5432"),
        ("postgresql://u:p@/osm?host=a&host=b&port=1,2", "database osm at a,b:1,2"),
        (MY_HOST, "database osm at db.example:3306"),
        ("mysql+pymysql://u:p@db.example:3307/osm", "database osm at db.example:3307"),
        ("mysql+pymysql://u:p@/osm?unix_socket=/run/my.sock", "database osm at /run/my.sock"),
    ],
)
def test_an_address_is_described_by_place_and_database_alone(url, words):
    assert describe_address(url) == words
