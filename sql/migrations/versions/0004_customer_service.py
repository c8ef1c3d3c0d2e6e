"""History of the customer-service tables, and the manifest of their snapshots.

The definitions are frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0004
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from sql.migrations.frozen import ddl

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

metadata = sa.MetaData()

BIN: Final = "utf8mb4_bin"
TEXT: Final = "utf8mb4_unicode_ci"


def _key(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=BIN)


def _text(length: int) -> sa.types.TypeEngine[str]:
    return mysql.VARCHAR(length, charset="utf8mb4", collation=TEXT)


def _long() -> sa.types.TypeEngine[str]:
    return mysql.LONGTEXT(charset="utf8mb4", collation=BIN)


def _moment() -> sa.types.TypeEngine[Any]:
    return mysql.DATETIME(fsp=6)


def _table(name: str, comment: str, *items: Any) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *items,
        comment=comment,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=TEXT,
        mysql_row_format="Dynamic",
    )


cs_snapshot = _table(
    "cs_snapshot",
    "one row a snapshot of the customer-service source: all its tables as of one moment",
    sa.Column("snapshot_id", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, …"),
    sa.Column(
        "state",
        _key(20),
        nullable=False,
        comment="complete; refused: nothing was changed, because too many rows had vanished",
    ),
    sa.Column(
        "snapshot_at",
        _moment(),
        nullable=False,
        comment="the moment, by the source's clock, UTC; grows with each complete snapshot",
    ),
    sa.Column("stored_at", _moment(), nullable=False, comment="by the warehouse's clock, UTC"),
    sa.Column("run_id", _key(32), nullable=False, comment="sync_run.run_id"),
    sa.Column("full_because", _text(255), comment="why all rows were read; NULL: changes only"),
    sa.Column("system_id", _key(20), nullable=False, comment="the source's system identifier"),
    sa.Column("database_name", _key(64), nullable=False, comment="the source's database"),
    sa.Column("timeline", sa.BigInteger, nullable=False, comment="grows with each failover"),
    sa.Column("server_started_at", _moment(), nullable=False, comment="of the source, UTC"),
    sa.Column(
        "horizon",
        mysql.BIGINT(unsigned=True),
        nullable=False,
        comment="row versions of older transactions are all in this snapshot",
    ),
    sa.Column("notes", _text(2000), comment="what a person should know, such as extra columns"),
)

cs_snapshot_table = _table(
    "cs_snapshot_table",
    "one row a table of a snapshot: what was read, what changed, what is present since",
    sa.Column("snapshot_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("table_name", _key(64), primary_key=True, comment="as in the source"),
    sa.Column("rows_read", sa.BigInteger, nullable=False, comment="rows that came over"),
    sa.Column("opened", sa.BigInteger, nullable=False, comment="versions that begin here"),
    sa.Column("closed", sa.BigInteger, nullable=False, comment="versions that end here"),
    sa.Column(
        "vanished", sa.BigInteger, nullable=False, comment="of the closed: rows the source lost"
    ),
    sa.Column("present", sa.BigInteger, nullable=False, comment="rows of the source"),
    sa.Column(
        "unfit", sa.BigInteger, nullable=False, comment="rows read with a value MySQL cannot hold"
    ),
    sa.Column(
        "duplicates",
        sa.BigInteger,
        nullable=False,
        comment="source rows left out because another has the same key",
    ),
    sa.Column(
        "checksum",
        sa.Numeric(38, 0),
        nullable=False,
        comment="sum over the present rows of the first 6 bytes of row_hash",
    ),
    sa.Column(
        "over_limit", sa.SmallInteger, nullable=False, comment="1: more vanished than allowed"
    ),
    sa.Column(
        "relation",
        _key(255),
        nullable=False,
        comment="the source table's oid and column numbers; others: all its rows are read",
    ),
)


def _history(name: str, comment: str, row_key: Any, *columns: Any) -> sa.Table:
    return _table(
        f"cs_{name}_history",
        f"{comment}: one row a version",
        sa.Column(
            "row_key",
            row_key,
            primary_key=True,
            autoincrement=False,
            comment="hash of the key" if isinstance(row_key, mysql.BINARY) else "the key",
        ),
        sa.Column(
            "closed_by",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            server_default="0",
            comment="snapshot that ended this version; 0: present",
        ),
        *(sa.Column(column, type_, comment=note) for column, type_, note in columns),
        sa.Column(
            "unfit",
            _long(),
            comment="JSON: values MySQL cannot hold, as the source writes them; NULL there",
        ),
        sa.Column("row_hash", mysql.BINARY(16), nullable=False, comment="hash of the content"),
        sa.Column("valid_from_at", _moment(), nullable=False, comment="first seen, UTC"),
        sa.Column("valid_to_at", _moment(), comment="no longer so, UTC; NULL: present"),
        sa.Column(
            "snapshot_id", sa.Integer, nullable=False, comment="snapshot that opened this version"
        ),
        sa.CheckConstraint("(closed_by = 0) = (valid_to_at is null)", name=f"cs_{name}_history_ck"),
    )


CONVERSATION: Final[tuple[Any, ...]] = (
    ("id", sa.Integer(), "a sequence of this table; not unique by constraint"),
    ("customer_name", _key(150), "bare JID of the customer; the domain may be missing"),
    ("shop_id", sa.Integer(), "supplier.id"),
    ("product_id", _key(150), "product asked about; * none"),
    ("session_id", _key(50), "key: 32 upper-case hex digits, or a room id"),
    ("seat_id", sa.Integer(), "above 0 seat.id; -1 robot; 0 nobody"),
    (
        "status",
        sa.Integer(),
        "1 lined up, 2 in service, 3 customer spoke last, 4 seat did, 5 released",
    ),
    ("request_count", sa.Integer(), "times the customer entered the queue for this row"),
    (
        "distributed_time",
        _moment(),
        "latest assignment; 1970-01-01 never; not changed by transfer, UTC",
    ),
    ("inqueue_time", _moment(), "latest entry into the queue, UTC"),
    ("last_ack_time", _moment(), "last message by either side, UTC"),
    ("seat_name", _key(150), "bare JID of the seat or robot"),
    ("group_id", sa.Integer(), "seat group; not copied when archived"),
)

_history(
    "supplier",
    "shops",
    sa.BigInteger(),
    ("id", sa.Integer(), "key; the number in shop_<id>"),
    ("name", _key(100), "shop name"),
    ("create_time", _moment(), "row time, set by the writer, UTC"),
    (
        "last_update_time",
        _moment(),
        "row time; many statements change a row without touching it, UTC",
    ),
    ("old_id", sa.Integer(), "id in a predecessor system"),
    ("logo_url", _key(255), "logo"),
    ("welcomes", _key(512), "greeting"),
    ("status", sa.Integer(), "1 online, 0 offline (soft delete)"),
    ("ext_flag", sa.SmallInteger(), "1 queueing on (max_user counts), 0 off"),
    (
        "assign_strategy",
        sa.SmallInteger(),
        "1 round-robin, 2 idle-first, else random (by the code)",
    ),
    ("no_service_welcomes", _long(), "shown when no human can serve"),
)
_history(
    "seat",
    "seats: human customer-service accounts, each at one supplier",
    sa.BigInteger(),
    ("id", sa.Integer(), "key; session_mapping.seat_id"),
    ("qunar_name", _key(40), "login name; compare without regard to case; not unique"),
    ("web_name", _key(40), "name shown to customers"),
    ("nickname", _key(50), "alias"),
    ("face_link", _key(150), "address of the avatar"),
    ("supplier_id", sa.Integer(), "supplier.id; orphans are possible"),
    ("priority", mysql.DOUBLE(), "order inside the supplier, 1..n"),
    ("create_time", _moment(), "row time, set by the writer, UTC"),
    (
        "last_update_time",
        _moment(),
        "row time; many statements change a row without touching it, UTC",
    ),
    ("old_supplier_id", sa.Integer(), "id in a predecessor system"),
    ("old_id", sa.Integer(), "id in a predecessor system"),
    ("service_status", sa.SmallInteger(), "0 standard, 1 do not disturb, 4 always assignable"),
    ("status", sa.SmallInteger(), "1 valid, 0 deleted (soft delete)"),
    ("max_user", sa.SmallInteger(), "most conversations at once; NULL counts as 10"),
    ("bind_wx", sa.SmallInteger(), "1 bound to WeChat: assignable even when offline"),
    ("host", _key(20), "XMPP domain"),
)
_history(
    "busi_supplier_mapping",
    "which supplier works for which business line",
    sa.BigInteger(),
    ("id", sa.Integer(), "key"),
    ("supplier_id", sa.Integer(), "supplier.id"),
    ("busi_id", sa.Integer(), "business line"),
    ("busi_supplier_id", _key(50), "the supplier's id in that line's own system"),
    ("create_time", _moment(), "row time, set by the writer, UTC"),
    (
        "last_update_time",
        _moment(),
        "row time; many statements change a row without touching it, UTC",
    ),
    ("bsuid_and_type", _key(55), "busi_supplier_id and busi_id run together: never a key"),
    ("supplier_operator", _key(50), "account of the operator in charge"),
    ("operator_webname", _key(50), "display name of the operator"),
    ("status", sa.Integer(), "1 valid, 0 deleted (soft delete)"),
)
_history(
    "busi_seat_mapping",
    "which seat works for which business line; deleted and inserted anew on each seat edit",
    sa.BigInteger(),
    ("id", sa.Integer(), "key; new after each edit of the seat"),
    ("busi_id", sa.Integer(), "business line"),
    ("seat_id", sa.Integer(), "seat.id"),
    ("create_time", _moment(), "row time, set by the writer, UTC"),
    (
        "last_update_time",
        _moment(),
        "row time; many statements change a row without touching it, UTC",
    ),
    ("status", sa.Integer(), "1 valid, 0 deleted (soft delete)"),
)
_history(
    "session",
    "routing decisions of the older router: one row a customer, shop and seat",
    sa.BigInteger(),
    ("id", sa.Integer(), "key"),
    ("session_id", _key(255), "epoch ms as text, or a room id; not unique"),
    ("user_name", _key(255), "customer, bare JID"),
    ("seat_name", _key(255), "seat or robot, bare JID"),
    ("shop_name", _key(255), "shop_<supplier.id>"),
    ("product_id", _long(), "product asked about; empty: none"),
    (
        "session_state",
        sa.SmallInteger(),
        "0 unknown, 1 pre-assigned, 2 leaves a message, 3 in queue, 4 assigned,"
        " 5 transferred, 6 disconnected, 7 finished",
    ),
    ("isrobot_seat", sa.SmallInteger(), "1 robot; wrong after a transfer"),
    ("created_time", _moment(), "row time, set by the writer, UTC"),
    ("update_time", _moment(), "row time; start of the writing transaction, UTC"),
)
_history(
    "session_mapping",
    "finished conversations",
    mysql.BINARY(16),
    *CONVERSATION,
)
_history(
    "queue_mapping",
    "live conversations",
    mysql.BINARY(16),
    *CONVERSATION,
)


def upgrade() -> None:
    """Create those that are missing."""
    for table in metadata.tables.values():
        ddl.create(table)
