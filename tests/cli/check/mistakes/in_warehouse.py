"""Mistakes with the database we write: the way to it, its user, its server, its tables."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from include.cli.check import warehouse
from include.warehouse.schema import views
from tests.cli.check.mistakes.scene import Mistake, Scene, Seed, in_turn
from tests.security.certificates import HOST
from tests.security.plain import plain_mysql

ALL: Final = "grant all on `{database}`.* to {user}"


def without(*rights: str) -> Seed:
    """A user that lacks what the statements take away; {database} and {user} are filled in."""
    return lambda scene: scene.as_user(ALL, and_then=rights)


def at(**parts: object) -> Seed:
    return lambda scene: scene.point("WAREHOUSE_URL", **parts)


def grant_all_but(table: str, right: str) -> Seed:
    """A user with all rights on every table but for one."""

    def seed(scene: Scene) -> None:
        url = sa.make_url(scene.environ["WAREHOUSE_URL"])
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            names = (
                sa.inspect(connection).get_table_names() + sa.inspect(connection).get_view_names()
            )
        rights = dict.fromkeys(names, "select, insert, update, delete")
        rights[table] = ", ".join(one for one in rights[table].split(", ") if one != right)
        scene.as_user(
            "grant create temporary tables on `{database}`.* to {user}",
            *(
                f"grant {given} on `{{database}}`.`{name}` to {{user}}"
                for name, given in rights.items()
            ),
        )

    return seed


def fill_up(scene: Scene) -> None:
    """The user may have one connection, and somebody has it."""
    scene.as_user(ALL, and_then=("alter user {user} with max_user_connections 1",))
    engine = sa.create_engine(scene.environ["WAREHOUSE_URL"], poolclass=sa.NullPool)
    scene.stack.enter_context(engine.connect())


def allow_few(scene: Scene) -> None:
    scene.as_user(ALL, and_then=("alter user {user} with max_user_connections 5",))


def show_certificate(kind: str) -> Seed:
    def seed(scene: Scene) -> None:
        scene.on_own_server()
        scene.get("show_certificate")(kind)
        scene.point("WAREHOUSE_URL", host=HOST)
        scene.set(WAREHOUSE_CA=str(scene.get("authority")))

    return seed


def offer_no_encryption(scene: Scene) -> None:
    port = scene.stack.enter_context(plain_mysql(HOST))
    scene.point("WAREHOUSE_URL", host=HOST, port=port)


def globally(**variables: str) -> Seed:
    return lambda scene: scene.on_own_server(**variables)


def let_the_maker_of_a_view_go(scene: Scene) -> None:
    text = views.statements()["v_freshness"]
    gone = text.replace("create or replace", "create or replace definer = 'gone'@'%'", 1)
    gone = gone.replace("CREATE OR REPLACE", "CREATE OR REPLACE DEFINER = 'gone'@'%'", 1)
    scene.sql(gone)
    scene.stack.callback(scene.sql, text)


def lose_a_table(scene: Scene) -> None:
    scene.sql("rename table sync_quarantine to sync_quarantine_away")
    scene.stack.callback(scene.sql, "rename table sync_quarantine_away to sync_quarantine")


MISTAKES: Final = (
    Mistake(
        "warehouse-host-unknown",
        at(host="db.invalid"),
        "warehouse",
        ("db.invalid:{port}", "the name cannot be resolved"),
        ("getent hosts db.invalid", "WAREHOUSE_URL"),
    ),
    Mistake(
        "warehouse-port-wrong",
        lambda scene: scene.point("WAREHOUSE_URL", port=scene.closed_port()),
        "warehouse",
        ("127.0.0.1:{closed}", "refused"),
        ("curl -v telnet://127.0.0.1:{closed}", "WAREHOUSE_URL"),
    ),
    Mistake(
        "warehouse-behind-a-firewall",
        lambda scene: scene.point("WAREHOUSE_URL", port=scene.deaf_port()),
        "warehouse",
        ("127.0.0.1:{deaf}", "no answer within 10 s"),
        ("firewall", "curl -v telnet://127.0.0.1:{deaf}"),
    ),
    Mistake(
        "warehouse-password-wrong",
        at(password="canary-of-another-password"),
        "warehouse",
        ("1045", "{user}", "127.0.0.1:{port}"),
        ("correct WAREHOUSE_URL", "%40"),
    ),
    Mistake(
        "warehouse-database-unknown",
        at(database="osm_nowhere"),
        "warehouse",
        ("1049", "osm_nowhere"),
        ("CREATE DATABASE", "python -m include migrate"),
    ),
    Mistake(
        "warehouse-database-of-others",
        in_turn(without(), at(database="mysql")),
        "warehouse",
        ("1044", "{user}", "mysql"),
        ("GRANT", "sql/grants"),
    ),
    Mistake(
        "warehouse-user-locked",
        without("alter user {user} account lock"),
        "warehouse",
        ("{user}", "locked"),
        ("ACCOUNT UNLOCK",),
    ),
    Mistake(
        "warehouse-user-full",
        fill_up,
        "warehouse",
        ("{user}", "max_user_connections"),
        ("SHOW PROCESSLIST", "MAX_USER_CONNECTIONS"),
    ),
    Mistake(
        "warehouse-self-signed",
        show_certificate("self-signed"),
        "warehouse",
        (f"{HOST}:{{port}}", "self-signed certificate"),
        ("WAREHOUSE_CA",),
    ),
    Mistake(
        "warehouse-certificate-of-another-host",
        show_certificate("wrong-name"),
        "warehouse",
        (f"{HOST}:{{port}}", "not valid for"),
        ("certificate", "WAREHOUSE_URL"),
    ),
    Mistake(
        "warehouse-certificate-expired",
        show_certificate("expired"),
        "warehouse",
        (f"{HOST}:{{port}}", "certificate has expired"),
        ("renew",),
    ),
    Mistake(
        "warehouse-without-encryption",
        offer_no_encryption,
        "warehouse",
        (f"{HOST}:{{port}}", "SSL is required"),
        ("switch TLS on", "ssl_cert"),
    ),
    Mistake(
        "warehouse-too-old",
        lambda scene: scene.patch.setattr(
            warehouse, "OLDEST", {"MySQL": (99, 0), "MariaDB": (99, 0)}
        ),
        "server version",
        ("is older than", "99.0"),
        ("use ", " 99.0 or newer"),
    ),
    Mistake(
        "warehouse-read-only",
        globally(read_only="1"),
        "server read_only",
        ("{host}:{port}", "read_only"),
        ("SET GLOBAL read_only = OFF", "WAREHOUSE_URL"),
    ),
    Mistake(
        "warehouse-packets-small",
        globally(max_allowed_packet="1048576"),
        "server packets",
        ("max_allowed_packet is 1024 KiB",),
        ("SET GLOBAL max_allowed_packet = 16777216",),
        "warning",
    ),
    Mistake(
        "warehouse-clock-off",
        globally(init_connect="'SET timestamp = UNIX_TIMESTAMP() + 600'"),
        "clock",
        ("s behind the database server",),
        ("NTP",),
        "warning",
    ),
    Mistake(
        "warehouse-connections-few",
        allow_few,
        "server connections",
        ("tasks may take 6 together; 5 are allowed",),
        ("ACCOUNTS_AT_ONCE",),
        "warning",
    ),
    Mistake(
        "warehouse-no-select",
        grant_all_but("sync_state", "select"),
        "rights",
        ("no SELECT on sync_state",),
        (
            "GRANT SELECT, INSERT, UPDATE ON `{database}`.`sync_state` TO",
            "sql/grants/mysql_write.sql",
        ),
    ),
    Mistake(
        "warehouse-no-insert",
        grant_all_but("cloud_osm_list", "insert"),
        "rights",
        ("no INSERT on cloud_osm_list",),
        ("GRANT INSERT ON `{database}`.`cloud_osm_list` TO", "sql/grants/mysql_write.sql"),
    ),
    Mistake(
        "warehouse-no-select-on-accounts",
        grant_all_but("cloud_user", "select"),
        "rights",
        ("no SELECT on cloud_user",),
        ("GRANT SELECT ON `{database}`.`cloud_user` TO",),
    ),
    Mistake(
        "warehouse-of-a-reader",
        lambda scene: scene.as_user("grant select on `{database}`.* to {user}"),
        "rights",
        ("no INSERT on", "no UPDATE on", "no DELETE on"),
        ("sql/grants/mysql_write.sql",),
    ),
    Mistake(
        "schema-not-there",
        lambda scene: scene.set(WAREHOUSE_URL=scene.get("database_url")),
        "schema",
        ("the warehouse has no schema of ours",),
        ("python -m include migrate",),
    ),
    Mistake(
        "schema-older",
        lambda scene: scene.sql("update alembic_version set version_num = '0010'"),
        "schema",
        ("the warehouse has schema 0010, which is older than",),
        ("python -m include migrate",),
    ),
    Mistake(
        "schema-newer-than-code",
        lambda scene: scene.sql("update alembic_version set version_num = '9999'"),
        "schema",
        ("the warehouse has schema 9999, which this code does not know",),
        ("update the code",),
    ),
    Mistake(
        "table-gone",
        lose_a_table,
        "tables",
        ("sync_quarantine", "missing"),
        ("restore", "backup"),
    ),
    Mistake(
        "view-of-a-user-who-left",
        let_the_maker_of_a_view_go,
        "views",
        ("v_freshness",),
        ("python -m include migrate",),
    ),
)
