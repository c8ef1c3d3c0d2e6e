"""Versions of source rows: staged as they stream in, compared, opened and closed by set-based SQL.

Everything happens on one connection (``Warehouse.bulk``), in one transaction with the manifest, or
in pieces that no reader sees before the manifest says so (``PUBLISHED``). What is staged lives in
temporary tables, which go with the connection.
Every landed row's hash is computed anew from the landed columns and must equal the source's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.customer_service import Column, Kind, SourceTable
from include.errors import ContractError
from include.warehouse.customer_service import bulk
from include.warehouse.customer_service.bulk import Feed, Writer
from include.warehouse.customer_service.tables import history_table
from include.warehouse.lists import read_lists
from include.warehouse.types import literal

RANGE_KEYS: Final = 64  # as the source counts them (include/source/rendering.py)
LIST_RANGES: Final = 10_000  # a list of so many takes a quarter of a megabyte

PUBLISHED: Final = (
    "(select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc"
    " limit 1) between snapshot_id and case closed_by when 0 then 2147483647 else closed_by - 1 end"
)
"""Of a history: the versions of the newest complete snapshot. A later one may be under way."""


@dataclass(frozen=True, slots=True)
class StagedChange:
    """What staged rows would change. The hash sums are over the first 6 bytes of the hashes."""

    opened: int
    changed: int
    opened_sum: int
    changed_sum: int


class Staging:
    """The rows of one source table, on their way into its history.

    *wrote* is told of each piece how many rows it had: it may commit.
    """

    def __init__(
        self,
        connection: sa.Connection,
        table: SourceTable,
        wrote: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self.table = table
        self.history = history_table(table, sa.MetaData())
        self.rows = self.unfit = self.checksum = 0
        """Of what was loaded: rows, those with unfit values, sum of the hashes' first 6 bytes."""
        self._connection, self._wrote = connection, wrote
        self._columns = [column.name for column in table.columns]
        self._stage = _Temporary(
            connection,
            f"stage_{table.name}",
            [self.history.c[name] for name in ["row_key", *self._columns, "unfit", "row_hash"]],
        )
        # With what the present version of the row has; NULL: there is none.
        old_hash = sa.Column("old_hash", self.history.c.row_hash.type)
        self._news = _Temporary(
            connection, f"news_{table.name}", [self.history.c.row_key, old_hash]
        )
        self._gone = _Temporary(connection, f"gone_{table.name}", [self.history.c.row_key])

    def load(self, feed: Feed) -> None:
        """Stage rows. Raises ContractError when one did not land as it was in the source."""
        self._load_rows(feed, self._stage.make(), {}, ())

    def load_first(
        self,
        feed: Feed,
        snapshot_id: int,
        moment: datetime,
        others: Iterable[Writer] = (),
    ) -> None:
        """Let the rows of a table that has no present ones yet land in its history at once.

        *others* write pieces beside us, and commit each of them.
        """
        fixed: dict[str, int | str] = {
            "snapshot_id": snapshot_id,
            "valid_from_at": literal(moment),
        }
        self._load_rows(feed, self.history.name, fixed, others)
        self._wrote(min(self.rows, bulk.PIECE_ROWS))

    def has_present(self) -> bool:
        """Whether the history holds any present row."""
        query = f"select 1 from {self.history.name} where closed_by = 0 limit 1"
        return self._connection.exec_driver_sql(query).one_or_none() is not None

    def total(self) -> tuple[int, int]:
        """Published rows and their hash sum, the hashes computed anew from the columns."""
        hashed = f"hex({content_hash(self.table)})"
        row = self._one(
            f"select count(*), coalesce(sum({_number(hashed, 1, 12)}), 0)"
            f" from {self.history.name} where {PUBLISHED}"
        )
        return int(row[0]), int(row[1])

    def difference(self) -> StagedChange:
        """Compare the staged rows with the present ones."""
        if not self.rows:
            return StagedChange(0, 0, 0, 0)
        self._connection.exec_driver_sql(
            f"insert into {self._news.make()} select s.row_key, h.row_hash"
            f" from {self._stage.name} s"
            f" left join {self.history.name} h on h.row_key = s.row_key and h.closed_by = 0"
            " where not (h.row_hash <=> s.row_hash)"
        )
        new, old = _number("hex(s.row_hash)", 1, 12), _number("hex(n.old_hash)", 1, 12)
        row = self._one(
            f"select count(*), count(n.old_hash), sum({new}), sum({old})"
            f" from {self._news.name} n join {self._stage.name} s on s.row_key = n.row_key"
        )
        return StagedChange(*(int(value or 0) for value in row))

    def ranges(self) -> dict[int, tuple[int, int]]:
        """Rows and key sum of every range of keys, were the staged rows already opened."""
        number, key_sum = self._range("row_key"), self._key_sum("row_key")
        found: dict[int, tuple[int, int]] = {}
        places = [f"{self.history.name} where closed_by = 0"]
        if self._news.is_there:
            places.append(f"{self._news.name} where old_hash is null")
        for rows in places:
            query = (
                "select count(*) as items,"
                " group_concat(concat_ws(',', place, n, total, '') separator '') as fields"
                f" from (select {number} as place, count(*) as n, sum({key_sum}) as total"
                f" from {rows} group by 1) as found group by place div {LIST_RANGES}"
            )
            texts = iter(self._lists(query, 3))
            for where, count, total in zip(texts, texts, texts, strict=True):
                before = found.get(int(where), (0, 0))
                found[int(where)] = (before[0] + int(count), before[1] + int(total))
        return found

    def mark_unstaged(self) -> None:
        """Mark the present rows that are not staged, all rows of the source being staged."""
        self._connection.exec_driver_sql(
            f"insert into {self._gone.make()} (row_key) select h.row_key from {self.history.name} h"
            f" left join {self._stage.make()} s on s.row_key = h.row_key"
            " where h.closed_by = 0 and s.row_key is null"
        )

    def keys_in(self, ranges: Iterable[int]) -> tuple[list[Any], list[Any]]:
        """``row_key`` of the present rows in some *ranges*, and the columns of their keys.

        A column as PostgreSQL takes an array: a list, or its text.
        """
        spans = " or ".join(
            f"row_key between {low} and {high}" for low, high in self._spans(ranges)
        )
        rows = f"from {self.history.name} where closed_by = 0 and ({spans})"
        if self.table.has_integer_key:
            query = "select count(*) as items, group_concat(row_key, ',' separator '') as fields"
            keys = self._lists(f"{query} {rows}", 1)
            return keys, [f"{{{','.join(keys)}}}"]
        query = f"select row_key, {', '.join(self.table.key)} {rows}"
        found = self._connection.exec_driver_sql(query).all()
        return [row[0] for row in found], [list(column) for column in zip(*found, strict=True)][1:]

    def mark_vanished(self, row_keys: Sequence[Any]) -> None:
        """Mark present rows as gone from the source."""
        if row_keys:
            statement = f"insert into {self._gone.make()} (row_key) values (%s)"
            self._connection.exec_driver_sql(statement, [(key,) for key in row_keys])

    def vanished(self) -> tuple[int, int]:
        """Number and hash sum of the present rows that are marked as gone."""
        if not self._gone.is_there:
            return 0, 0
        row = self._one(
            f"select count(*), coalesce(sum({_number('hex(h.row_hash)', 1, 12)}), 0)"
            f" from {self._gone.name} g"
            f" join {self.history.name} h on h.row_key = g.row_key and h.closed_by = 0"
        )
        return int(row[0]), int(row[1])

    def publish(self, snapshot_id: int, moment: datetime) -> None:
        """Close what vanished or changed, open what is new."""
        history = self.history.name
        values: dict[str, int | str] = {"moment": literal(moment), "number": snapshot_id}
        close = "set h.valid_to_at = :moment, h.closed_by = :number where h.closed_by = 0"
        names = ["row_key", *self._columns, "unfit", "row_hash"]
        self._piecewise(
            self._gone,
            [f"update {self._gone.name} c join {history} h on h.row_key = c.row_key {close}"],
            values,
        )
        self._piecewise(
            self._news,
            [
                f"update {self._news.name} c join {history} h on h.row_key = c.row_key {close}"
                " and c.old_hash is not null",
                f"insert into {history} ({', '.join(names)}, valid_from_at, snapshot_id)"
                f" select {', '.join(f's.{name}' for name in names)}, :moment, :number"
                f" from {self._news.name} c join {self._stage.name} s on s.row_key = c.row_key"
                " where true",
            ],
            values,
        )

    def _piecewise(
        self, changes: _Temporary, statements: Sequence[str], values: Mapping[str, int | str]
    ) -> None:
        """Execute *statements*, which call *changes* ``c``, for some thousand of its rows each."""
        if not changes.is_there:
            return
        beyond, given = "", dict[str, Any](values)
        while True:
            batch = (
                "select max(row_key), count(*) from"
                f" (select row_key from {changes.name} c where true"
                f"{beyond} order by row_key limit {bulk.PIECE_ROWS}) as batch"
            )
            last, rows = self._connection.execute(sa.text(batch), given).one()
            if not rows:
                break
            for statement in statements:
                query = sa.text(f"{statement}{beyond} and c.row_key <= :last")
                self._connection.execute(query, given | {"last": last})
            beyond, given["before"] = " and c.row_key > :before", last
            self._wrote(rows)

    def _load_rows(
        self,
        feed: Feed,
        table: str,
        fixed: Mapping[str, int | str],
        others: Iterable[Writer],
    ) -> None:
        binary = {"row_hash"} if self.table.has_integer_key else {"row_key", "row_hash"}
        target = bulk.Target(
            table,
            [*self._columns, "unfit", "row_key", "row_hash"],
            binary,
            fixed,
            self._is_as_it_was(*(f"unhex(@{name})" for name in ("row_key", "row_hash"))),
        )
        mine = Writer(self._connection, lambda: self._wrote(bulk.PIECE_ROWS))
        self.rows, is_proven = bulk.load(itertools.chain([mine], others), target, feed)
        as_it_was = "true" if is_proven else self._is_as_it_was("row_key", "row_hash")
        landed, wrong, self.unfit, checksum = self._one(
            f"select count(*), count(case when not {as_it_was} then 1 end), count(unfit),"
            f" sum({_number('hex(row_hash)', 1, 12)}) from {table}"
            f"{' where closed_by = 0' if table == self.history.name else ''}"
        )
        self.checksum = int(checksum or 0)
        if landed != self.rows or wrong:
            raise ContractError(
                f"{self.table.name}: {self.rows} rows came, {landed} landed, {wrong} of them not as"
                " they were in the source; nothing was published (is max_allowed_packet below the"
                " longest row?)",
                vendor="warehouse",
            )

    def _is_as_it_was(self, key: str, row_hash: str) -> str:
        """SQL: whether the columns give the hashes of key and content that came with them."""
        condition = f"{row_hash} <=> {content_hash(self.table)}"
        if not self.table.has_integer_key and all(
            column.kind is not Kind.DOUBLE for column in self.table.key_columns
        ):
            condition += f" and (unfit is not null or {key} <=> {key_hash(self.table)})"
        return f"({condition})"

    def _range(self, key: str) -> str:
        if self.table.has_integer_key:
            return f"{key} div {RANGE_KEYS}"
        return _number(f"hex({key})", 1, 3)

    def _spans(self, ranges: Iterable[int]) -> Iterator[tuple[str, str]]:
        """First and last possible key of each range, neighbours joined."""
        numbers = sorted(ranges)
        for _, group in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
            members = [number for _, number in group]
            low, high = members[0], members[-1]
            if self.table.has_integer_key:  # division truncates: range 0 has both signs
                first = low * RANGE_KEYS - (RANGE_KEYS - 1 if low <= 0 else 0)
                yield str(first), str(high * RANGE_KEYS + (RANGE_KEYS - 1 if high >= 0 else 0))
            else:
                yield f"x'{low:03x}{'0' * 29}'", f"x'{high:03x}{'f' * 29}'"

    def _key_sum(self, key: str) -> str:
        return key if self.table.has_integer_key else _number(f"hex({key})", 4, 8)

    def _lists(self, query: str, fields: int) -> list[str]:
        return read_lists(self._connection, sa.text(query), fields, f"keys of {self.history.name}")

    def _one(self, query: str) -> Any:
        return self._connection.exec_driver_sql(query).one()


def take_back(
    connection: sa.Connection, table: SourceTable, snapshot_id: int, between: Callable[[], None]
) -> None:
    """Undo in a history what a snapshot did that was not finished, or was refused."""
    every = f"order by row_key, closed_by limit {bulk.PIECE_ROWS}"
    for statement in (  # the new version first: there is room for one that is present
        f"delete from {table.history} where snapshot_id = :number {every}",
        f"update {table.history} set closed_by = 0, valid_to_at = null"
        f" where closed_by = :number {every}",
    ):
        while connection.execute(sa.text(statement), {"number": snapshot_id}).rowcount:
            between()


class _Temporary:
    """An InnoDB table that only this connection sees, made when rows come; begins with its key."""

    def __init__(
        self, connection: sa.Connection, name: str, columns: Sequence[sa.Column[Any]]
    ) -> None:
        self.name, self.is_there = name, False
        self._connection, self._columns = connection, columns

    def make(self) -> str:
        """The table's name, after it was made."""
        if not self.is_there:
            columns = ", ".join(
                f"{column.name} {column.type.compile(self._connection.dialect)}"
                f"{'' if column.nullable else ' not null'}"
                for column in self._columns
            )
            self._connection.exec_driver_sql(f"drop temporary table if exists {self.name}")
            self._connection.exec_driver_sql(
                f"create temporary table {self.name} ({columns},"
                f" primary key ({self._columns[0].name})) engine = InnoDB character set utf8mb4"
            )
            self.is_there = True
        return self.name


def key_hash(table: SourceTable) -> str:
    """SQL: what ``row_key`` must be where it is a hash, by the columns of the key."""
    return _digest(_line(table.key_columns))


def content_hash(table: SourceTable) -> str:
    """SQL: what ``row_hash`` must be, by the columns of the row."""
    return _digest(_line([*table.columns, Column("unfit", Kind.TEXT, "")]))


def _digest(text: str) -> str:
    return f"left(unhex(sha2({text}, 256)), 16)"


def _line(columns: Iterable[Column]) -> str:
    return "concat_ws(',', " + ", ".join(f"ifnull({_canonical(c)}, '~')" for c in columns) + ")"


def _canonical(column: Column) -> str:
    """A stored value as canonical text (``include/customer_service.py``)."""
    name = column.name
    if column.kind is Kind.TEXT:
        return f"concat(char_length({name}), ':', {name})"
    if column.kind is Kind.MOMENT:
        return f"trim(trailing '.' from trim(trailing '0' from cast({name} as char)))"
    if column.kind is Kind.DOUBLE:
        text = f"replace(substring_index(cast(abs({name}) as char), 'e', 1), '.', '')"
        return (
            f"if({name} = 0, '0', concat(if({name} < 0, '-', ''), trim(both '0' from {text}),"
            f" 'e', floor(log10(abs({name})))))"
        )
    return name


def _number(digits: str, start: int, length: int) -> str:
    """Some hex digits as a number."""
    return f"cast(conv(substr({digits}, {start}, {length}), 16, 10) as unsigned)"
