"""The tables of customer service: ``cs_*``, snapshots and the histories of the source's rows."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.customer_service import SOURCE_TABLES, Column, Kind, SourceTable
from include.warehouse.types import BIN, TEXT, Utc, key, metadata, table, text

cs_snapshot = table(
    "cs_snapshot",
    "one row a snapshot of the customer-service source: all its tables as of one moment",
    ("snapshot_id",),
    sa.Column("snapshot_id", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, …"),
    sa.Column(
        "state",
        key(20),
        nullable=False,
        comment="complete; refused: nothing was changed, because too many rows had vanished;"
        " loading: under way, in pieces that no view shows",
    ),
    sa.Column(
        "snapshot_at",
        Utc,
        nullable=False,
        comment="the moment, by the source's clock, UTC; grows with each complete snapshot",
    ),
    sa.Column("stored_at", Utc, nullable=False, comment="by the warehouse's clock, UTC"),
    sa.Column("run_id", key(32), nullable=False, comment="sync_run.run_id"),
    sa.Column("full_because", text(255), comment="why all rows were read; NULL: changes only"),
    sa.Column("system_id", key(20), nullable=False, comment="the source's system identifier"),
    sa.Column("database_name", key(64), nullable=False, comment="the source's database"),
    sa.Column("timeline", sa.BigInteger, nullable=False, comment="grows with each failover"),
    sa.Column("server_started_at", Utc, nullable=False, comment="of the source, UTC"),
    sa.Column(
        "horizon",
        mysql.BIGINT(unsigned=True),
        nullable=False,
        comment="row versions of older transactions are all in this snapshot",
    ),
    sa.Column("notes", text(2000), comment="what a person should know, such as extra columns"),
)

cs_snapshot_table = table(
    "cs_snapshot_table",
    "one row a table of a snapshot: what was read, what changed, what is present since",
    ("snapshot_id", "table_name"),
    sa.Column("snapshot_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("table_name", key(64), primary_key=True, comment="as in the source"),
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
        key(255),
        nullable=False,
        comment="the source table's oid and column numbers; others: all its rows are read",
    ),
)


def _type_of(column: Column) -> sa.types.TypeEngine[Any]:
    """The MySQL type that reads like the source's."""
    if column.kind is Kind.TEXT:
        # Compared byte by byte, because common collations merge what the source tells apart.
        if column.length is None:
            return mysql.LONGTEXT(charset="utf8mb4", collation=BIN)
        return key(column.length)
    if column.kind is Kind.MOMENT:
        return Utc()
    types: dict[Kind, type[sa.types.TypeEngine[Any]]]
    types = {Kind.SMALLINT: sa.SmallInteger, Kind.INTEGER: sa.Integer, Kind.DOUBLE: mysql.DOUBLE}
    return types[column.kind]()


def history_table(table: SourceTable, metadata: sa.MetaData) -> sa.Table:
    """All versions of the rows of a source table; ``closed_by`` 0 marks the present ones.

    It is part of the primary key, so the database itself forbids two present versions of a row.
    """
    return sa.Table(
        table.history,
        metadata,
        sa.Column(
            "row_key",
            sa.BigInteger if table.has_integer_key else mysql.BINARY(16),
            primary_key=True,
            autoincrement=False,
            comment="the key" if table.has_integer_key else "hash of the key",
        ),
        sa.Column(
            "closed_by",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            server_default="0",
            comment="snapshot that ended this version; 0: present",
        ),
        *(
            sa.Column(column.name, _type_of(column), comment=column.comment)
            for column in table.columns
        ),
        sa.Column(
            "unfit",
            mysql.LONGTEXT(charset="utf8mb4", collation=BIN),
            comment="JSON: values MySQL cannot hold, as the source writes them; NULL there",
        ),
        sa.Column("row_hash", mysql.BINARY(16), nullable=False, comment="hash of the content"),
        sa.Column("valid_from_at", Utc, nullable=False, comment="first seen, UTC"),
        sa.Column("valid_to_at", Utc, comment="no longer so, UTC; NULL: present"),
        sa.Column(
            "snapshot_id", sa.Integer, nullable=False, comment="snapshot that opened this version"
        ),
        *(sa.Index(f"ix_{table.history}_{name}", name) for name in table.joined_on),
        sa.CheckConstraint("(closed_by = 0) = (valid_to_at is null)", name=f"{table.history}_ck"),
        info={"key": ("row_key", "closed_by")},
        comment=f"{table.comment}: one row a version",
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=TEXT,
        mysql_row_format="Dynamic",
    )


HISTORIES: Final = {table.name: history_table(table, metadata) for table in SOURCE_TABLES}
