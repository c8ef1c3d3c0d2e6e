"""Beside another program: what its statements may leave out, and what we know ourselves.

What earlier revisions narrowed is as wide again as in the user's DDL. Who reads a ticket, when, and
between which looks it closed get columns of their own, filled from the ledger as far as it knows.

Revision ID: 0009
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY: Final = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
MS: Final = "milliseconds since 1970 UTC"

RELAXED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "cloud_osm_list": {
        "status": (
            "INT NULL DEFAULT '1' COMMENT '0: closed at the vendor and every message stored; 1:"
            " anything else. Another program''s 0 asks for a reading: complete says what was"
            " proved'",
            "INT NOT NULL DEFAULT '1' COMMENT '0: closed at the vendor and every message stored;"
            " 1: anything else'",
        ),
        "type": (
            f"VARCHAR(50) {KEY} NULL COMMENT 'ALIBABA, HUAWEI, TENCENT'",
            f"VARCHAR(50) {KEY} NOT NULL COMMENT 'ALIBABA, HUAWEI, TENCENT'",
        ),
        "custom_id": (
            f"VARCHAR(50) {KEY} NULL COMMENT '用户ID: as it was first written; see account_id'",
            f"VARCHAR(50) {KEY} NULL COMMENT 'cloud_user.id of the account that showed it first'",
        ),
        "close_time": (
            "BIGINT NULL COMMENT 'closed: as the vendor says, else the look that first showed it;"
            f" NULL: no look had shown it open, {MS}'",
            f"BIGINT NULL COMMENT 'first seen closed, an upper bound, {MS}'",
        ),
    },
    "cloud_osm_detail": {
        "message_id": (
            f"VARCHAR(64) {KEY} NULL COMMENT '云厂商生成的留言ID'",
            f"VARCHAR(64) {KEY} NOT NULL COMMENT '云厂商生成的留言ID'",
        ),
        "vendor": (
            f"VARCHAR(50) {KEY} NULL COMMENT 'ALIBABA, HUAWEI, TENCENT; NULL: another program''s,"
            " not brought over yet'",
            f"VARCHAR(50) {KEY} NOT NULL COMMENT 'ALIBABA, HUAWEI, TENCENT'",
        ),
    },
    **{
        name: {
            "type": (
                f"VARCHAR(50) {KEY} NOT NULL DEFAULT '' COMMENT 'ALIBABA, HUAWEI, TENCENT; empty:"
                " another program did not say'",
                f"VARCHAR(50) {KEY} NOT NULL COMMENT 'ALIBABA, HUAWEI, TENCENT'",
            )
        }
        for name in ("cloud_osm_product", "cloud_osm_product_type", "cloud_osm_source")
    },
    "sync_state": {
        "swept_at": (
            "DATETIME(6) NULL COMMENT 'tickets the vendor did not know were last asked for again,"
            " UTC'",
            "DATETIME(6) NULL COMMENT 'last whole-history look for open tickets, UTC'",
        )
    },
    "rpt_ticket_backlog": {
        "unanswered": (
            "INT NULL COMMENT 'of open: no message of support yet; NULL: messages of some are not"
            " read'",
            "INT NOT NULL COMMENT 'of open with messages read: no message of support yet'",
        )
    },
}
"""A column of each table: as it is from now on, and as it was."""

ADDED: Final[Mapping[str, Mapping[str, str]]] = {
    "cloud_osm_list": {
        "account_id": f"VARCHAR(50) {KEY} NULL"
        " COMMENT 'cloud_user.id of the account that reads it'",
        "read_at": "DATETIME(6) NULL COMMENT 'moment of the newest reading that is stored, UTC'",
        "read_again_at": "DATETIME(6) NULL COMMENT 'closed: when it is looked at again, UTC; NULL:"
        " not planned'",
        "close_time_min": "BIGINT NULL COMMENT 'closed after: last look that showed it open, else"
        f" its newest message, {MS}'",
        "close_time_max": "BIGINT NULL COMMENT 'closed by: first look that showed it closed,"
        f" {MS}'",
        "change_mark": f"VARCHAR(64) {KEY} NULL COMMENT 'what the vendor''s list shows of its last"
        " change'",
        "complete": "SMALLINT GENERATED ALWAYS AS (coalesce(status, 1) = 0 and message_count is not"
        " null and close_time_max is not null) VIRTUAL COMMENT '1: closed, and every message"
        " stored, as a run of ours proved'",
    },
    "sync_state": {
        "listed_at": "DATETIME(6) NULL COMMENT 'open tickets were last listed, and all that had"
        " left the list read, UTC'",
        "strays_at": "DATETIME(6) NULL COMMENT 'tickets that no account reads were last asked for,"
        " UTC'",
    },
}
INDEXES: Final = {
    "ix_cloud_osm_list_complete": "(`type`, `complete`, `account_id`, `read_at`)",
    "ix_cloud_osm_list_read_again_at": "(`type`, `account_id`, `read_again_at`)",
}

cloud_osm_history = sa.Table(
    "cloud_osm_history",
    sa.MetaData(),
    *(
        sa.Column(
            name,
            mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"),
            primary_key=True,
            comment=comment,
        )
        for name, length, comment in (
            ("type", 50, "ALIBABA, HUAWEI, TENCENT"),
            ("cloud_id", 64, "cloud_osm_list.cloud_id"),
        )
    ),
    sa.Column(
        "seen_at",
        mysql.DATETIME(fsp=6),
        primary_key=True,
        comment="first look that showed it so, UTC",
    ),
    sa.Column(
        "after_at",
        mysql.DATETIME(fsp=6),
        comment="last look before, which showed it as before, UTC; NULL: none",
    ),
    sa.Column("is_closed", sa.SmallInteger, nullable=False, comment="1: closed at the vendor"),
    *(
        sa.Column(
            name,
            mysql.VARCHAR(length, charset="utf8mb4", collation=collation),
            comment=comment,
        )
        for name, length, collation, comment in (
            ("vendor_status", 64, "utf8mb4_unicode_ci", "state as the vendor says it"),
            ("product_id", 64, "utf8mb4_bin", "cloud_osm_product.id"),
            ("product_name", 255, "utf8mb4_unicode_ci", "product as the vendor says it"),
            ("category_id", 64, "utf8mb4_bin", "cloud_osm_product_type.id"),
            ("category_name", 255, "utf8mb4_unicode_ci", "problem category as the vendor says it"),
            ("account_id", 50, "utf8mb4_bin", "cloud_user.id of the account that read it"),
            ("run_id", 32, "utf8mb4_bin", "sync_run.run_id"),
        )
    ),
    sa.Index("ix_cloud_osm_history_seen_at", "seen_at"),
    comment="one row each time a look showed another state, product, category or account of a"
    " ticket",
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_unicode_ci",
    mysql_row_format="Dynamic",
)

SEEN_OPEN: Final = """(
    SELECT max(run.started_at) FROM sync_run AS run
    WHERE run.account_id = cloud_osm_list.custom_id AND run.entity = 'tickets'
        AND run.outcome = 'done'
        AND run.started_at < timestamp('1970-01-01') + interval close_time * 1000 microsecond
        AND run.started_at > timestamp('1970-01-01') + interval create_time * 1000 microsecond
)"""
"""The last run that was done between creation and the first look that showed the ticket closed: it
showed it open. The look that closed it belongs to a later run, which began before it."""

FILL: Final = f"""
    UPDATE cloud_osm_list
    SET account_id = coalesce(account_id, custom_id),
        close_time_max = CASE
            WHEN close_time IS NOT NULL THEN close_time
            WHEN status = 0
            THEN timestampdiff(microsecond, timestamp('1970-01-01'), synced_at) DIV 1000
        END,
        close_time_min = CASE
            WHEN close_time BETWEEN 0 AND 253370764799999
                AND create_time BETWEEN 0 AND 253370764799999
            THEN coalesce(
                greatest(
                    timestampdiff(microsecond, timestamp('1970-01-01'), {SEEN_OPEN}) DIV 1000,
                    coalesce(last_message_time, 0)
                ),
                last_message_time
            )
            ELSE last_message_time
        END,
        close_time = CASE
            WHEN close_time BETWEEN 0 AND 253370764799999
                AND create_time BETWEEN 0 AND 253370764799999 AND {SEEN_OPEN} IS NOT NULL
            THEN close_time
        END
    WHERE synced_at IS NOT NULL AND close_time_max IS NULL
        AND (status = 0 OR close_time IS NOT NULL)
    ORDER BY id
    LIMIT 20000
"""  # noqa: S608  # the text of this file
"""So many rows in one transaction: a table of millions is filled while runs wait their turn."""
OPEN: Final = """
    UPDATE cloud_osm_list SET account_id = custom_id
    WHERE synced_at IS NOT NULL AND account_id IS NULL AND custom_id IS NOT NULL
    ORDER BY id
    LIMIT 50000
"""


def upgrade() -> None:
    """Relax, add and fill, as far as that is not done."""
    for table in dict.fromkeys([*RELAXED, *ADDED]):
        ddl.alter(table, [*_modified(table, RELAXED, 0), *_added(table)])
    ddl.alter("cloud_osm_list", _indexed())
    ddl.create(cloud_osm_history)
    if op.get_context().as_sql:
        return
    for statement in (FILL, OPEN):
        while op.get_bind().execute(sa.text(statement)).rowcount:
            pass


def downgrade() -> None:
    """Back to 0008: the user's columns narrow again, what only 0009 knew goes.

    Rows that another program wrote since, and that no run has brought over, do not fit: the server
    refuses them by name, and nothing is lost. The first look is ``close_time`` again.
    """
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), "cloud_osm_list")
    if present is None or "close_time_max" in present.columns:  # else stopped behind it before
        op.execute("UPDATE cloud_osm_list SET close_time = close_time_max WHERE close_time IS NULL")
    op.execute("UPDATE cloud_osm_list SET status = 1 WHERE status IS NULL")
    op.execute("UPDATE rpt_ticket_backlog SET unanswered = 0 WHERE unanswered IS NULL")
    ddl.run("DROP TABLE IF EXISTS `cloud_osm_history`")
    indexes = INDEXES if present is None else [*filter(present.indexes.__contains__, INDEXES)]
    ddl.alter("cloud_osm_list", [f"DROP INDEX `{name}`" for name in indexes])
    for table in dict.fromkeys([*RELAXED, *ADDED]):
        present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
        dropped = [
            f"DROP COLUMN `{name}`"
            for name in reversed(ADDED.get(table, {}))
            if present is None or name in present.columns
        ]
        ddl.alter(table, [*dropped, *_modified(table, RELAXED, 1)])


def _modified(
    table: str, columns: Mapping[str, Mapping[str, tuple[str, str]]], which: int
) -> list[str]:
    """What changes of the columns that are there; one that somebody made wider stays so wide."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    clauses = []
    for name, forms in columns.get(table, {}).items():
        kind, rest = forms[which].split(" ", 1)
        if present is not None:
            now = present.columns[name]
            comment = rest.split("COMMENT ", 1)[1][1:-1].replace("''", "'")
            if now is None or (now.nullable, now.comment) == ("NOT NULL" not in rest, comment):
                continue
            kind = ddl.wider(now.type, kind.lower()).upper()
        clauses.append(f"MODIFY COLUMN `{name}` {kind} {rest}")
    return clauses


def _added(table: str) -> list[str]:
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    return [
        f"ADD COLUMN `{name}` {form}"
        for name, form in ADDED.get(table, {}).items()
        if present is None or name not in present.columns
    ]


def _indexed() -> list[str]:
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), "cloud_osm_list")
    return [
        f"ADD INDEX `{name}` {columns}"
        for name, columns in INDEXES.items()
        if present is None or name not in present.indexes
    ]
