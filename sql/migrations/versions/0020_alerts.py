"""What was told of trouble, where and when, so that nothing is told twice.

The definition is frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0020
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIN: Final = "utf8mb4_bin"
TEXT: Final = "utf8mb4_unicode_ci"


def _key(name: str, length: int, comment: str, **more: Any) -> sa.Column[str]:
    return sa.Column(
        name, mysql.VARCHAR(length, charset="utf8mb4", collation=BIN), comment=comment, **more
    )


def _text(name: str, length: int, comment: str, **more: Any) -> sa.Column[str]:
    return sa.Column(
        name, mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT), comment=comment, **more
    )


def _moment(name: str, comment: str, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, mysql.DATETIME(fsp=6), comment=comment, **more)


sync_alert = sa.Table(
    "sync_alert",
    sa.MetaData(),
    _key(
        "channel",
        64,
        "kind and hash of a URL in ALERT_URLS; empty: what evaluations saw",
        primary_key=True,
    ),
    _key("subject", 150, "as in sync_status; digest: the daily one", primary_key=True),
    _text("name", 255, "what it is, for people", nullable=False),
    _key("state", 20, "as in sync_status", nullable=False),
    _key("severity", 10, "ok (well, or recovery told), warn, error", nullable=False),
    _key("turn", 20, "as in sync_status", nullable=False),
    _moment("since_at", "the trouble began, UTC"),
    _moment("noted_at", "last seen, or told, UTC", nullable=False),
    _moment("changed_at", "state, severity, turn are seen to be so since, UTC"),
    _moment("turned_at", "in trouble, or well, since, UTC"),
    sa.Column(
        "times",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="troubles told, less than a day from one to the next",
    ),
    _moment("missed_at", "the channel could not be told of it then, UTC"),
    comment="one row a channel and thing: what was last told there; without a channel, what was"
    " last seen",
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate=TEXT,
    mysql_row_format="Dynamic",
)


def upgrade() -> None:
    """Create the table."""
    ddl.create(sync_alert)


def downgrade() -> None:
    """Take it back; trouble that lasts is told once more by the release that makes it again."""
    ddl.run("DROP TABLE IF EXISTS `sync_alert`")
