"""Bring a table from whatever state it is in to the one a migration wants.

MySQL cannot take back DDL: a migration killed half-way leaves some of its statements done. So every
step looks first, then alters what differs, in one ALTER TABLE a table; running it again completes
it. Columns are only ever widened: one that is wider than wanted stays so. Runs inside a migration.
Without a connection (``script()``) it assumes a state that the migration states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

TEXT_BYTES: Final = {"tinytext": 2**8, "text": 2**16, "mediumtext": 2**24, "longtext": 2**32}
INTEGERS: Final = ("tinyint", "smallint", "mediumint", "int", "bigint")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one column is, or has to be. *type* is the bare type, lower case: ``varchar(50)``."""

    type: str
    collation: str | None
    nullable: bool
    default: str | None
    comment: str


@dataclass(frozen=True, slots=True)
class Present:
    """How a table is now. A column of unknown shape (None) is always altered."""

    columns: Mapping[str, Shape | None]
    primary: tuple[str, ...] = ("id",)
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


def create(table: sa.Table) -> None:
    """Create *table* and its indexes, as far as they are missing."""
    present = None if _is_offline() else read(op.get_bind(), table.name)
    if present is None:
        op.execute(CreateTable(table))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if present is None or index.name not in present.indexes:
            op.execute(CreateIndex(index))


def widen(table: sa.Table, *, convert: Collection[str]) -> None:
    """Let *table* hold all we may write, tightening nothing: new columns, utf8mb4, longer texts.

    The columns named in *convert* become text if they are neither text nor BIGINT, so that their
    values can be rewritten in place before ``settle`` gives them their type.
    """
    present = _present(table)
    clauses = []
    for column in table.columns:
        wanted, now = _wanted(column), present.columns.get(column.name)
        if now is None:
            free = wanted.default is None  # of the rows that are there, nothing is known yet
            clauses.append("ADD COLUMN " + _column(column.name, wanted, nullable=free))
        elif column.name in convert:
            if now.type not in ("bigint", "mediumtext", "longtext"):
                text = Shape("mediumtext", wanted.collation, True, None, now.comment)
                clauses.append("MODIFY COLUMN " + _column(column.name, text))
        elif wanted.collation and now.collation:
            kind = wider(now.type, wanted.type)
            if (kind, wanted.collation) != (now.type, now.collation):
                text = Shape(kind, wanted.collation, now.nullable, now.default, wanted.comment)
                clauses.append("MODIFY COLUMN " + _column(column.name, text))
    alter(table.name, [*clauses, *_options(table, present)])


def settle(table: sa.Table, *, assume: Iterable[str]) -> None:
    """Give *table* exactly the wanted columns and keys; what we do not know of stays as it is.

    The server refuses, and nothing is changed, when a row does not fit. *assume* names the columns
    that are there when there is no connection to ask.
    """
    present = Present(dict.fromkeys(assume)) if _is_offline() else _present(table)
    clauses = []
    for column in table.columns:
        wanted = _wanted(column)
        if column.name not in present.columns:
            clauses.append("ADD COLUMN " + _column(column.name, wanted))
            continue
        now = present.columns[column.name]
        if now is not None:
            kind = wider(now.type, wanted.type)
            wanted = Shape(kind, wanted.collation, wanted.nullable, wanted.default, wanted.comment)
        if wanted != now:
            clauses.append("MODIFY COLUMN " + _column(column.name, wanted))
    primary = tuple(column.name for column in table.primary_key)
    if primary != present.primary:
        clauses.append(f"DROP PRIMARY KEY, ADD PRIMARY KEY ({_names(primary)})")
    for name, columns, kind in _keys(table):
        if present.indexes.get(name) != columns:
            if name in present.indexes:
                clauses.append(f"DROP INDEX {_quote(name)}")
            clauses.append(f"ADD {kind} {_quote(name)} ({_names(columns)})")
    alter(table.name, [*clauses, *_options(table, present)])


def error_for(whom: Literal["operator", "data owner"], text: str) -> Exception:
    """The application's error for who must act; handed over, because we import nothing of it."""
    config = op.get_context().config
    make: Callable[[str], Exception] = config.attributes["errors"][whom] if config else RuntimeError
    return make(text)


def alter(table_name: str, clauses: Iterable[str]) -> None:
    """Run one ALTER TABLE with all *clauses*, or nothing when there are none."""
    text = ",\n  ".join(clauses)
    if text:
        run(f"ALTER TABLE {_quote(table_name)}\n  {text}")


def say(table: str, column: str, comment: str) -> None:
    """Comment a column of short words (VARCHAR(20), NOT NULL) anew, unless it says so already."""
    if not _is_offline():
        present = read(op.get_bind(), table)
        shape = present.columns.get(column) if present else None
        if shape is not None and shape.comment == comment:
            return
    alter(
        table,
        [
            f"MODIFY COLUMN `{column}` VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            f" NOT NULL COMMENT '{comment}'"
        ],
    )


def run(statement: str) -> None:
    """Run DDL as it is written: neither ``:`` nor ``%`` in it means a parameter."""
    op.execute(sa.DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


def wider(now: str, wanted: str) -> str:
    """Give the type of the two that holds more; *wanted* when they cannot be compared."""
    if now in INTEGERS and wanted in INTEGERS:
        return max(wanted, now, key=INTEGERS.index)
    bytes_now, bytes_wanted = _text_bytes(now), _text_bytes(wanted)
    return now if bytes_now and bytes_wanted and bytes_now > bytes_wanted else wanted


def read(connection: sa.Connection, table_name: str) -> Present | None:
    """Read the present state of a table of the connection's database; None if there is none."""
    options = _rows(
        connection,
        "SELECT LOWER(engine) AS engine, table_collation AS collation, table_comment AS comment,"
        " LOWER(row_format) AS row_format FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = :name",
        table_name,
    )
    if not options:
        return None
    columns = _rows(
        connection,
        "SELECT column_name AS name, LOWER(column_type) AS type, collation_name AS collation,"
        " is_nullable AS nullable, column_default AS value, column_comment AS comment"
        " FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = :name ORDER BY ordinal_position",
        table_name,
    )
    keys: dict[str, list[str]] = {}
    for row in _rows(
        connection,
        "SELECT index_name AS name, column_name AS part FROM information_schema.statistics"
        " WHERE table_schema = DATABASE() AND table_name = :name ORDER BY index_name, seq_in_index",
        table_name,
    ):
        keys.setdefault(row["name"], []).append(row["part"])
    return Present(
        columns={row["name"]: _shape(row) for row in columns},
        primary=tuple(keys.pop("PRIMARY", ())),
        indexes={name: tuple(parts) for name, parts in keys.items()},
        options={name: str(value or "") for name, value in options[0].items()},
    )


def _is_offline() -> bool:
    return bool(op.get_context().as_sql)


def _present(table: sa.Table) -> Present:
    present = read(op.get_bind(), table.name)
    if present is None:
        raise LookupError(f"table {table.name} is not there")
    return present


def _rows(connection: sa.Connection, query: str, table_name: str) -> list[dict[str, Any]]:
    return [
        dict(row) for row in connection.execute(sa.text(query), {"name": table_name}).mappings()
    ]


def _shape(row: Mapping[str, Any]) -> Shape:
    default = row["value"]
    if default == "NULL":  # MariaDB writes the word, and quotes around texts
        default = None
    return Shape(
        # MariaDB and MySQL 5.7 tables carry display widths: int(11)
        type=re.sub(r"^(\w*int)\(\d+\)", r"\1", row["type"]),
        collation=row["collation"],
        nullable=row["nullable"] == "YES",
        default=None if default is None else str(default).strip("'"),
        comment=row["comment"],
    )


def _wanted(column: sa.Column[Any]) -> Shape:
    type_ = column.type.compile(op.get_context().dialect).lower()
    default = column.server_default
    return Shape(
        type=re.sub(r" character set .*", "", type_).replace("integer", "int"),
        collation=getattr(column.type, "collation", None),
        nullable=bool(column.nullable),
        default=str(default.arg) if isinstance(default, sa.DefaultClause) else None,
        comment=column.comment or "",
    )


def _keys(table: sa.Table) -> list[tuple[str, tuple[str, ...], str]]:
    keys = [
        (str(key.name), tuple(column.name for column in key.columns), "UNIQUE INDEX")
        for key in table.constraints
        if isinstance(key, sa.UniqueConstraint)
    ]
    keys += [
        (str(index.name), tuple(column.name for column in index.columns), "INDEX")
        for index in table.indexes
    ]
    return sorted(keys)


def _options(table: sa.Table, present: Present) -> list[str]:
    wanted = {
        "engine": "innodb",
        "collation": table.kwargs["mysql_collate"],
        "comment": table.comment or "",
        "row_format": "dynamic",
    }
    if present.options == wanted:
        return []
    return [
        f"ENGINE = InnoDB, DEFAULT CHARACTER SET utf8mb4 COLLATE {wanted['collation']},"
        f" COMMENT = {_literal(wanted['comment'])}, ROW_FORMAT = DYNAMIC"
    ]


def _column(name: str, shape: Shape, *, nullable: bool | None = None) -> str:
    parts = [_quote(name), shape.type.upper()]
    if shape.collation:
        charset = shape.collation.split("_", 1)[0]
        parts.append(f"CHARACTER SET {charset} COLLATE {shape.collation}")
    parts.append("NULL" if shape.nullable or nullable else "NOT NULL")
    if shape.default is not None:
        parts.append(f"DEFAULT {_literal(shape.default)}")
    parts.append(f"COMMENT {_literal(shape.comment)}")
    return " ".join(parts)


def _text_bytes(type_: str) -> int:
    length = re.fullmatch(r"(?:var)?char\((\d+)\)", type_)
    return int(length[1]) * 4 if length else TEXT_BYTES.get(type_, 0)


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _quote(name: str) -> str:
    return f"`{name}`"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_quote, names))
