"""What everything was judged to be, for people, alerts and BI.

The definition is frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0019
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0019"
down_revision = "0018"
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


sync_status = sa.Table(
    "sync_status",
    sa.MetaData(),
    _key("subject", 150, "tickets/<account>, check/<name>, …", primary_key=True),
    _key("entity", 20, "as in sync_run; check, airflow: what stops runs", nullable=False),
    _key("account_id", 50, "as in sync_run; NULL: of none"),
    _key("vendor", 50, "alibaba, huawei, tencent; NULL: of none"),
    _text("name", 255, "what it is, for people", nullable=False),
    _key(
        "state",
        20,
        "fresh, running, late, failing, never_ran, switched_off, waiting, silent, broken, refused,"
        " offended, quarantined",
        nullable=False,
    ),
    _key("severity", 10, "ok, warn, error", nullable=False),
    sa.Column(
        "since_at",
        mysql.DATETIME(fsp=6),
        comment="the trouble began: first failure of those in a row, UTC",
    ),
    sa.Column(
        "times", sa.Integer, nullable=False, server_default="0", comment="runs that failed in a row"
    ),
    _text("reason", 3000, "why, without keys or ticket texts"),
    _key(
        "turn",
        20,
        "who acts: nobody, operator, account_owner, data_owner, developers",
        nullable=False,
    ),
    _text("who", 100, "the same by name; NULL: nobody has to"),
    _text("next_step", 2000, "what they do next"),
    _key("cause", 150, "subject that explains this one"),
    _key("error_class", 50, "class in include/errors.py"),
    _key("request_id", 128, "the vendor's request id of the failure"),
    sa.Column(
        "evaluated_at",
        mysql.DATETIME(fsp=6),
        nullable=False,
        comment="it was so at that moment, UTC",
    ),
    comment="one row a thing that is judged: how it is, why, who acts and how",
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate=TEXT,
    mysql_row_format="Dynamic",
)


def upgrade() -> None:
    """Create the table."""
    ddl.create(sync_status)


def downgrade() -> None:
    """Take it back; the next evaluation writes all of it again."""
    ddl.run("DROP TABLE IF EXISTS `sync_status`")
