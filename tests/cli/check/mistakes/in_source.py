"""Mistakes with the customer-service database: the way to it, its role, its tables."""

from __future__ import annotations

import time
from typing import Final

import sqlalchemy as sa

from include.source import postgres
from include.source.replica import FRESH
from tests.cli.check.mistakes.in_warehouse import globally, without
from tests.cli.check.mistakes.scene import Mistake, Scene, Seed, forwarding, in_turn, say
from tests.conftest import DESK_TABLES
from tests.faults.kit.replica import replicated
from tests.security.certificates import HOST

WHAT: Final = "customer-service database"
TABLES: Final = (
    *("seat", "supplier", "busi_supplier_mapping", "busi_seat_mapping", "session"),
    *("session_mapping", "queue_mapping"),
)
SYSTEM: Final = "execute on function pg_control_system(), pg_control_checkpoint()"
READ: Final = (*(f"select on {table}" for table in TABLES), SYSTEM)


def at(**parts: object) -> Seed:
    return in_turn(Scene.with_source, lambda scene: scene.point("SOURCE_URL", **parts))


def there(*statements: str) -> Seed:
    """A role that may read, and then something is done there; {role} is filled in."""

    def seed(scene: Scene) -> None:
        role = scene.as_role(*READ)
        url = scene.get("source_url")
        filled = (one.format(role=role) for one in statements)
        scene.get("source_server").run(*filled, url=url)

    return seed


def read_without(table: str) -> Seed:
    return lambda scene: scene.as_role(*(one for one in READ if not one.endswith(f" {table}")))


def refuse_encryption(scene: Scene) -> None:
    """A server without TLS, on another machine."""
    url = sa.make_url(scene.with_source())
    port = scene.stack.enter_context(forwarding(str(url.host), int(url.port or 5432)))
    scene.point("SOURCE_URL", host=HOST, port=port)


def fall_behind(scene: Scene) -> None:
    pair = scene.stack.enter_context(replicated())
    scene.with_source(url=pair.replica)
    pair.execute(DESK_TABLES.read_text())
    pair.set_up("select pg_wal_replay_pause()")
    pair.write("create table later (id int)")
    time.sleep(FRESH.total_seconds())
    scene.set(SOURCE_LAG_MINUTES="0")


def write_without_encoding(scene: Scene) -> None:
    server = scene.get("source_server")
    url = server.create_encoded("SQL_ASCII")
    scene.stack.callback(server.drop, url)
    scene.with_source(url=url)


def hide_identity(scene: Scene) -> None:
    scene.as_role(*READ[:-1])
    hidden = SYSTEM.replace("execute on", "revoke execute on")
    scene.get("source_server").run(f"{hidden} from public", url=scene.get("source_url"))


MISTAKES: Final = (
    Mistake(
        "source-url-of-mysql",
        say(SOURCE_URL="mysql://osm:x@desk.invalid/desk"),
        WHAT,
        ("SOURCE_URL must begin with postgresql://",),
        ("postgresql://user:password@host",),
    ),
    Mistake(
        "source-url-unknown-key",
        lambda scene: scene.set(SOURCE_URL=scene.get("source_url") + "?schema=prod"),
        WHAT,
        ("SOURCE_URL", "says schema, which is not obeyed"),
        ("known are host, port", "options"),
    ),
    Mistake(
        "source-host-unknown",
        at(host="desk.invalid"),
        WHAT,
        ("desk.invalid:{port}", "the name cannot be resolved"),
        ("getent hosts desk.invalid", "SOURCE_URL"),
    ),
    Mistake(
        "source-port-wrong",
        in_turn(
            Scene.with_source,
            lambda scene: scene.point("SOURCE_URL", port=scene.closed_port()),
        ),
        WHAT,
        ("127.0.0.1:{closed}", "refused"),
        ("curl -v telnet://127.0.0.1:{closed}", "SOURCE_URL"),
    ),
    Mistake(
        "source-behind-a-firewall",
        in_turn(Scene.with_source, lambda scene: scene.point("SOURCE_URL", port=scene.deaf_port())),
        WHAT,
        ("127.0.0.1:{deaf}", "no answer within 10 s"),
        ("firewall", "curl -v telnet://127.0.0.1:{deaf}"),
    ),
    Mistake(
        "source-password-wrong",
        at(password="canary-of-another-password"),
        WHAT,
        ("127.0.0.1:{port}", "password authentication failed", "{user}"),
        ("correct SOURCE_URL", "%40"),
    ),
    Mistake(
        "source-database-unknown",
        at(database="nowhere"),
        WHAT,
        ('database "nowhere" does not exist', "127.0.0.1:{port}"),
        ("correct SOURCE_URL",),
    ),
    Mistake(
        "source-without-encryption",
        refuse_encryption,
        WHAT,
        (f"{HOST}:{{port}}", "does not support SSL"),
        ("ssl = on",),
    ),
    Mistake(
        "source-role-full",
        lambda scene: scene.as_role(*READ, more="connection limit 0"),
        WHAT,
        ("too many connections for role", "127.0.0.1:{port}"),
        ("CONNECTION LIMIT",),
    ),
    Mistake(
        "source-role-may-not-log-in",
        there("alter role {role} nologin"),
        WHAT,
        ("is not permitted to log in",),
        ("ALTER ROLE", "LOGIN"),
    ),
    Mistake(
        "source-right-missing",
        read_without("supplier"),
        WHAT,
        ("GRANT SELECT ON supplier TO {user} is missing",),
        ("GRANT SELECT ON supplier TO {user}", "sql/grants/postgres.sql"),
    ),
    Mistake(
        "source-table-missing",
        there("drop table session_mapping"),
        WHAT,
        ("there is no table session_mapping", "{database}"),
        ("SOURCE_URL", "restore the table"),
    ),
    Mistake(
        "source-search-path",
        there(
            "create schema prod",
            "grant usage on schema prod to {role}",
            *(f"alter table {table} set schema prod" for table in TABLES),
        ),
        WHAT,
        ("there is no table", "it is in the schema prod"),
        ("?options=-csearch_path%3Dprod", "SOURCE_URL"),
    ),
    Mistake(
        "source-column-renamed",
        there("alter table seat rename column host to domain"),
        WHAT,
        ("column seat.host is missing",),
        ("restore it, or adapt include/customer_service.py",),
    ),
    Mistake(
        "source-row-security",
        there("alter table seat enable row level security"),
        WHAT,
        ("row-level security of seat hides rows",),
        ("BYPASSRLS", "CREATE POLICY"),
    ),
    Mistake(
        "source-role-may-write",
        lambda scene: scene.as_role(*READ, "update on seat"),
        "source rights",
        ("the role may write seat",),
        ("sql/grants",),
        "warning",
    ),
    Mistake(
        "source-identity-hidden",
        hide_identity,
        "source identity",
        ("does not tell it", "reads all rows"),
        ("GRANT EXECUTE ON FUNCTION pg_control_system()",),
        "warning",
    ),
    Mistake(
        "source-without-an-encoding",
        write_without_encoding,
        "source encoding",
        ("SQL_ASCII",),
        ("python -m include snapshot --full",),
        "warning",
    ),
    Mistake(
        "source-too-old",
        in_turn(
            Scene.with_source,
            lambda scene: scene.patch.setattr(postgres, "OLDEST_VERSION", 990000),
        ),
        WHAT,
        ("the source at 127.0.0.1:{port} is PostgreSQL",),
        ("99 or newer",),
    ),
    Mistake(
        "source-replica-too-old",
        fall_behind,
        WHAT,
        ("its replay is paused", "more than SOURCE_LAG_MINUTES"),
        ("pg_wal_replay_resume()",),
    ),
    Mistake(
        "warehouse-port-of-another-service",
        lambda scene: scene.point(
            "WAREHOUSE_URL", port=sa.make_url(scene.get("source_server").url).port
        ),
        "warehouse",
        ("127.0.0.1:{port}", "no MySQL"),
        ("WAREHOUSE_URL",),
    ),
    Mistake(
        "warehouse-local-infile-off",
        in_turn(globally(local_infile="0"), Scene.with_source),
        "server local_infile",
        ("off: snapshots send rows as inserts",),
        ("SET GLOBAL local_infile = ON",),
        "warning",
    ),
    Mistake(
        "warehouse-no-temporary-tables",
        in_turn(
            Scene.with_source,
            without("revoke create temporary tables on `{database}`.* from {user}"),
        ),
        "rights",
        ("no CREATE TEMPORARY TABLES",),
        ("GRANT CREATE TEMPORARY TABLES ON `{database}`.* TO", "sql/grants/mysql_write.sql"),
    ),
)
