"""The SQL that reads a source table: values that MySQL can hold, and each row's key and hash.

Identifiers come from ``include/customer_service.py``; nothing read from the database is pasted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from include.customer_service import Column, Kind, SourceTable

RANGE_KEYS: Final = 64
"""So many consecutive integer keys make a range; hashed keys have 4,096 ranges."""

ARRAYS: Final = {Kind.SMALLINT: "int2[]", Kind.INTEGER: "int4[]", Kind.TEXT: "text[]"}
"""How the keys of these kinds are given; rows with keys of other kinds are always read in full."""

FIRST: Final = "timestamptz '0001-01-01 00:00:00+00'"
AFTER_LAST: Final = "timestamptz '10000-01-01 00:00:00+00'"


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read of a table: all of it, or the row versions of transactions from *since* on.

    *unique* False: the source does not keep the key unique, so of the rows with equal keys the one
    whose text sorts last is taken. *is_utf8* False: the database holds texts in another encoding,
    or in none, so that characters are counted in what each is converted to.
    """

    table: SourceTable
    wide: frozenset[str] = frozenset()
    """Text columns that may hold more characters than ours."""
    unique: bool = True
    is_utf8: bool = True

    def rows(self, since: int | None = None) -> str:
        """Select the table's columns, ``unfit``, ``row_key`` and ``row_hash`` (32 hex digits)."""
        # Hashed keys in order: the table that takes them is sorted by them.
        return self._hashed(since) + ("" if self.table.has_integer_key else " order by row_key")

    def number(self) -> str:
        """Select how many rows the table has."""
        return f"select count(*) from {self._relation(None)}"

    def ranges(self) -> str:
        """Select range, rows and key sum of every range of keys: equal ones hold equal keys."""
        key_sum = (
            "row_key"
            if self.table.has_integer_key
            else "('x' || substr(row_key, 4, 8))::bit(32)::bigint"
        )
        return (
            f"select {self._range()}, count(*), sum({key_sum})"
            f" from ({self._keys()}) as keys group by 1"
        )

    def missing(self) -> str:
        """Select the places (from 1) of those keys that no row has; a parameter a key column."""
        names = self.table.key
        arrays = ", ".join(f"%s::{ARRAYS[column.kind]}" for column in self.table.key_columns)
        equal = " and ".join(f"candidate.{name} = given.{name}" for name in names)
        given = f"given({', '.join(names)}, place)"
        return (
            f"select place from unnest({arrays}) with ordinality as {given}"
            f" where not exists (select from {self.table.name} as candidate where {equal})"
        )

    def total(self) -> str:
        """Select the number of rows and the sum of the first 6 bytes of their hashes."""
        return (
            "select count(*), coalesce(sum(('x' || substr(row_hash, 1, 12))::bit(48)::bigint), 0)"
            f" from ({self._hashed(None)}) as hashed"
        )

    def duplicates(self) -> str:
        """Select how many rows are left out because another has the same key."""
        keys = ", ".join(self.table.key)
        return (
            f"select count(*) - (select count(*) from (select distinct {keys} from"
            f" {self.table.name}) as distinct_keys) from {self.table.name}"
        )

    def probe(self, column: Column) -> str:
        """Select one number, for which every value of *column* is converted as ``rows`` does."""
        value = f"select {self._value(column)} as {column.name} from {self._relation(None)}"
        text = f"convert_to({self._canonical(column)}, 'UTF8')"
        return f"select count({text}) from ({value} offset 0) as converted"

    def _hashed(self, since: int | None) -> str:
        names = ", ".join(column.name for column in self.table.columns)
        return (
            f"select {names}, unfit, row_key, {_digest(self._row_text())} as row_hash"
            f" from ({self._values(since)}) as converted"
        )

    def _relation(self, since: int | None) -> str:
        if not self.unique:
            keys = ", ".join(self.table.key)
            return (
                f"(select distinct on ({keys}) * from {self.table.name} as candidate"
                f' order by {keys}, candidate::text collate "C" desc) as deduplicated'
            )
        return f"{self.table.name}{'' if since is None else _since(since)}"

    def _values(self, since: int | None) -> str:
        unfit = [(column, self._unfit(column)) for column in self.table.columns]
        pairs = ", ".join(
            f"'{column.name}', case when {condition} then {column.name}::text end"
            for column, condition in unfit
            if condition
        )
        document = "null::text"
        if pairs:
            anything = " or ".join(condition for _, condition in unfit if condition)
            document = (
                f"case when {anything} then json_strip_nulls(json_build_object({pairs}))::text end"
            )
        values = ", ".join(
            f"{self._value(column)} as {column.name}" for column in self.table.columns
        )
        # "offset 0" keeps PostgreSQL from computing each value once for every use of it.
        return (
            f"select {values}, {document} as unfit, {self._key()} as row_key"
            f" from {self._relation(since)} offset 0"
        )

    def _value(self, column: Column) -> str:
        """The value as MySQL can hold it, or NULL."""
        value = column.name
        if column.kind is Kind.MOMENT:
            value = f"{value} at time zone 'UTC'"
        elif column.kind is Kind.DOUBLE:
            value = f"{value} + 0"  # MariaDB loses the sign of -0, so all zeros are the same
        condition = self._unfit(column)
        return f"case when not ({condition}) then {value} end" if condition else value

    def _unfit(self, column: Column) -> str:
        """The condition under which MySQL cannot hold a value; empty: it can hold all."""
        name = column.name
        if column.kind is Kind.MOMENT:
            return f"{name} < {FIRST} or {name} >= {AFTER_LAST}"  # with both infinities
        if column.kind is Kind.DOUBLE:
            return f"{name} in ('NaN', 'Infinity', '-Infinity')"
        if column.kind is Kind.TEXT and name in self.wide:
            return f"{self._characters(name)} > {column.length}"
        return ""

    def _key(self) -> str:
        if self.table.has_integer_key:
            return self.table.key[0]
        return _digest(_line(self._key_text(column) for column in self.table.key_columns))

    def _keys(self) -> str:
        once = "" if self.table.has_integer_key else " offset 0"  # see _values
        return f"select {self._key()} as row_key from {self._relation(None)}{once}"

    def _range(self) -> str:
        if self.table.has_integer_key:
            return f"row_key / {RANGE_KEYS}"
        return "('x' || substr(row_key, 1, 3))::bit(12)::integer"

    def _row_text(self) -> str:
        unfit = Column("unfit", Kind.TEXT, "")
        return _line(self._canonical(column) for column in (*self.table.columns, unfit))

    def _canonical(self, column: Column) -> str:
        """A converted value as canonical text (``include/customer_service.py``)."""
        name = column.name
        if column.kind is Kind.TEXT:
            return f"{self._characters(name)} || ':' || {name}"
        if column.kind is Kind.DOUBLE:
            digits = f"btrim(replace(split_part(abs({name})::text, 'e', 1), '.', ''), '0')"
            sign = f"case when {name} < 0 then '-' else '' end"
            return (
                f"case when {name} = 0 then '0' else"
                f" {sign} || {digits} || 'e' || floor(log(abs({name})))::integer end"
            )
        return f"{name}::text"

    def _key_text(self, column: Column) -> str:
        """A raw key value as text: keys are told apart even where MySQL cannot hold them."""
        return self._canonical(column) if column.kind is Kind.TEXT else f"{column.name}::text"

    def _characters(self, name: str) -> str:
        """How many characters a text has in UTF-8."""
        # PostgreSQL counts bytes where a database has no encoding, and pairs as one in another.
        return (
            f"char_length({name})"
            if self.is_utf8
            else f"length(convert_to({name}, 'UTF8'), 'UTF8')"
        )


def _line(parts: Iterable[str]) -> str:
    return "concat_ws(',', " + ", ".join(f"coalesce({part}, '~')" for part in parts) + ")"


def _digest(text: str) -> str:
    """32 hex digits: the first 16 bytes of the SHA-256 of a text in UTF-8."""
    return f"encode(substr(sha256(convert_to({text}, 'UTF8')), 1, 16), 'hex')"


def _since(horizon: int) -> str:
    """Row versions written by transactions from *horizon* on; very old ones may come too.

    ``age`` counts back from now, so it bears the wrap-around of transaction numbers.
    """
    return f" where age(xmin) <= age('{int(horizon) % 2**32}'::xid)"
