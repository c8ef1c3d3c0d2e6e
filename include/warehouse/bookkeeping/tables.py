"""The tables of bookkeeping: ``sync_*``, and ``migration_leftover``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.types import BIN, Utc, key, table, text

OWNER: Final = "cloud_user.id, or the vendor for what belongs to a whole vendor"

sync_state = table(
    "sync_state",
    "how far each account is read, and which run holds it",
    ("account_id", "entity"),
    sa.Column("account_id", key(50), primary_key=True, comment=OWNER),
    sa.Column("entity", key(20), primary_key=True, comment="as in sync_run"),
    sa.Column("watermark_at", Utc, comment="everything created before it is stored, UTC"),
    sa.Column(
        "swept_at", Utc, comment="tickets the vendor did not know were last asked for again, UTC"
    ),
    sa.Column(
        "token",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="grows with every run that takes the account; only the newest may write",
    ),
    sa.Column("heartbeat_at", Utc, comment="last sign of life of the holder, UTC"),
    sa.Column(
        "listed_at",
        Utc,
        comment="open tickets were last listed, and all that had left the list read, UTC",
    ),
    sa.Column("strays_at", Utc, comment="tickets that no account reads were last asked for, UTC"),
)

sync_run = table(
    "sync_run",
    "one row a run of an entity of an account",
    ("run_id",),
    sa.Column("run_id", key(32), primary_key=True, comment="ID (own)"),
    sa.Column("account_id", key(50), nullable=False, comment=OWNER),
    sa.Column("vendor", key(50), nullable=False, comment="ALIBABA, HUAWEI, TENCENT"),
    sa.Column(
        "entity",
        key(20),
        nullable=False,
        comment="tickets, backfill, again (looks and repairs), ticket (by id), catalog, snapshot,"
        " build, …",
    ),
    sa.Column(
        "outcome",
        key(20),
        nullable=False,
        comment="running, done, more (its time was spent: the next goes on), partial, failed,"
        " stopped (killed or superseded)",
    ),
    sa.Column("since_at", Utc, comment="beginning of the creation window, UTC"),
    sa.Column("until_at", Utc, comment="end of the creation window, UTC"),
    sa.Column("calls", sa.Integer, nullable=False, server_default="0", comment="HTTP requests"),
    sa.Column(
        "listed", sa.Integer, nullable=False, server_default="0", comment="distinct rows listed"
    ),
    sa.Column(
        "written",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="tickets or catalogue rows stored",
    ),
    sa.Column(
        "messages", sa.Integer, nullable=False, server_default="0", comment="messages stored"
    ),
    sa.Column(
        "failed",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="tickets put into quarantine",
    ),
    sa.Column("error_class", key(50), comment="class in include/errors.py: who must act"),
    sa.Column("error_text", text(2000), comment="reason, without keys or ticket texts"),
    sa.Column("request_id", key(128), comment="the vendor's request id of the failure"),
    sa.Column("triggered_by", text(255), comment="schedule, or the person who asked"),
    sa.Column("parameters", text(2000), comment="what was asked for, as JSON"),
    sa.Column("started_at", Utc, nullable=False, comment="UTC"),
    sa.Column("ended_at", Utc, comment="UTC"),
    sa.Index("ix_sync_run_account_id_entity_started_at", "account_id", "entity", "started_at"),
    sa.Index("ix_sync_run_started_at", "started_at"),
)

sync_quarantine = table(
    "sync_quarantine",
    "tickets that failed by themselves; every run tries them again",
    ("account_id", "item_id"),
    sa.Column("account_id", key(50), primary_key=True, comment="cloud_user.id"),
    sa.Column("item_id", key(64), primary_key=True, comment="the vendor's ticket id"),
    sa.Column("error_class", key(50), nullable=False, comment="class in include/errors.py"),
    sa.Column("error_text", text(2000), nullable=False, comment="reason, without ticket texts"),
    sa.Column("request_id", key(128), comment="the vendor's request id"),
    sa.Column("first_at", Utc, nullable=False, comment="first failure, UTC"),
    sa.Column("last_at", Utc, nullable=False, comment="latest failure, UTC"),
    sa.Column("attempts", sa.Integer, nullable=False, comment="failures so far"),
)

migration_leftover = table(
    "migration_leftover",
    "values of the user's tables that the migration could not bring over as they were",
    ("id",),
    sa.Column("id", key(32), primary_key=True, comment="ID (own)"),
    sa.Column("table_name", key(64), nullable=False, comment="where the value stood"),
    sa.Column("column_name", key(64), nullable=False, comment="empty: the whole row, as JSON"),
    sa.Column("row_id", key(64), nullable=False, comment="id of the row"),
    sa.Column(
        "value",
        mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
        comment="the value as it was; NULL: it was empty",
    ),
    sa.Column("reason", text(255), nullable=False, comment="why, and what stands there now"),
    sa.Column("found_at", Utc, nullable=False, comment="UTC"),
    sa.Index("ix_migration_leftover_table_name_row_id", "table_name", "row_id"),
)

sync_check = table(
    "sync_check",
    "one row a check of sql/checks: what its last run found",
    ("name",),
    sa.Column("name", key(64), primary_key=True, comment="file in sql/checks: what must hold"),
    sa.Column("level", key(10), nullable=False, comment="fail: red; warn: only told"),
    sa.Column("sentence", text(500), nullable=False, comment="what must hold, in words"),
    sa.Column("offences", sa.BigInteger, nullable=False, comment="rows that offend; 0: it holds"),
    sa.Column(
        "sample",
        mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
        nullable=False,
        comment="JSON: ids and counts of the first offences, never texts",
    ),
    sa.Column("checked_at", Utc, nullable=False, comment="last run, UTC"),
    sa.Column("failing_since_at", Utc, comment="it offends since, UTC; NULL: it holds"),
)

sync_status = table(
    "sync_status",
    "one row a thing that is judged: how it is, why, who acts and how",
    ("subject",),
    sa.Column("subject", key(150), primary_key=True, comment="tickets/<account>, check/<name>, …"),
    sa.Column(
        "entity", key(20), nullable=False, comment="as in sync_run; check, airflow: what stops runs"
    ),
    sa.Column("account_id", key(50), comment="as in sync_run; NULL: of none"),
    sa.Column("vendor", key(50), comment="alibaba, huawei, tencent; NULL: of none"),
    sa.Column("name", text(255), nullable=False, comment="what it is, for people"),
    sa.Column(
        "state",
        key(20),
        nullable=False,
        comment="fresh, running, late, failing, never_ran, switched_off, waiting, silent, broken,"
        " refused, offended, quarantined",
    ),
    sa.Column("severity", key(10), nullable=False, comment="ok, warn, error"),
    sa.Column("since_at", Utc, comment="the trouble began: first failure of those in a row, UTC"),
    sa.Column(
        "times", sa.Integer, nullable=False, server_default="0", comment="runs that failed in a row"
    ),
    sa.Column("reason", text(3000), comment="why, without keys or ticket texts"),
    sa.Column(
        "turn",
        key(20),
        nullable=False,
        comment="who acts: nobody, operator, account_owner, data_owner, developers",
    ),
    sa.Column("who", text(100), comment="the same by name; NULL: nobody has to"),
    sa.Column("next_step", text(2000), comment="what they do next"),
    sa.Column("cause", key(150), comment="subject that explains this one"),
    sa.Column("error_class", key(50), comment="class in include/errors.py"),
    sa.Column("request_id", key(128), comment="the vendor's request id of the failure"),
    sa.Column("evaluated_at", Utc, nullable=False, comment="it was so at that moment, UTC"),
)

sync_alert = table(
    "sync_alert",
    "one row a channel and thing: what was last told there; without a channel, what was last seen",
    ("channel", "subject"),
    sa.Column(
        "channel",
        key(64),
        primary_key=True,
        comment="kind and hash of a URL in ALERT_URLS; empty: what evaluations saw",
    ),
    sa.Column(
        "subject", key(150), primary_key=True, comment="as in sync_status; digest: the daily one"
    ),
    sa.Column("name", text(255), nullable=False, comment="what it is, for people"),
    sa.Column("state", key(20), nullable=False, comment="as in sync_status"),
    sa.Column(
        "severity", key(10), nullable=False, comment="ok (well, or recovery told), warn, error"
    ),
    sa.Column("turn", key(20), nullable=False, comment="as in sync_status"),
    sa.Column("since_at", Utc, comment="the trouble began, UTC"),
    sa.Column("noted_at", Utc, nullable=False, comment="last seen, or told, UTC"),
    sa.Column("changed_at", Utc, comment="state, severity, turn are seen to be so since, UTC"),
    sa.Column("turned_at", Utc, comment="in trouble, or well, since, UTC"),
    sa.Column(
        "times",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="troubles told, less than a day from one to the next",
    ),
    sa.Column("missed_at", Utc, comment="the channel could not be told of it then, UTC"),
)
