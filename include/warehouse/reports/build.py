"""Facts and aggregates for reports: which to rebuild, and the statements of ``sql/reports``.

All statements of a build run on one connection in one transaction (``Warehouse.bulk``), whose
commit shows them together. Histories are read as of one snapshot, not as of the statement: another
one may be published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any, Final

import sqlalchemy as sa

from include.warehouse.reports import percentiles
from include.warehouse.reports.basis import (
    DAY,
    DAYS,
    DEFINITION_VERSION,
    HOUR,
    LOCAL,
    LONGEST,
    SETTLED,
    Basis,
    begin_of,
    bounds,
    span_start,
    spans,
)
from include.warehouse.reports.statements import read_statement
from include.warehouse.reports.tables import (
    rpt_build,
    rpt_session,
    rpt_ticket_backlog_day,
)
from include.warehouse.types import metadata

ALL_DAYS: Final = date(1000, 1, 1)
NO_DAY: Final = date(9999, 12, 31)
LATER_DAYS: Final = 8
"""A conversation touches the numbers of so many days: repeats within a week, last messages."""

SCOPES: Final = ("all", "supplier", "line")
TICKET_SCOPES: Final = ("all", "vendor", "product", "category", "account")

PIECE_ROWS: Final = 20_000
"""Conversations a statement: so many are held in memory while their facts are made."""
CHANGED_DAYS: Final = "select distinct cast(local_slot as date) from changed_slot"

FACTS: Final = ("", "")
FINER: Final = {
    ("15min", "line"): FACTS,
    ("15min", "all"): ("15min", "line"),
    ("30min", "line"): ("15min", "line"),
    ("30min", "all"): ("15min", "all"),
    # A quarter of an hour of one supplier rarely holds two conversations: v_conversation serves.
    ("hour", "supplier"): FACTS,
    ("hour", "line"): ("30min", "line"),
    ("hour", "all"): ("30min", "all"),
    **{("day", scope): ("hour", scope) for scope in SCOPES},
    **{(grain, scope): ("day", scope) for grain in ("week", "month") for scope in SCOPES},
}
"""Grains and scopes in the order in which they are built, each with those that it adds up."""

CHANGED: Final = (
    "changed_conversation (row_key binary(16) primary key)",
    "changed_live (row_key binary(16) primary key)",
    "changed_slot (local_slot datetime, supplier_id int, busi_id int,"
    " primary key (local_slot, supplier_id, busi_id))",
    "changed_customer (customer_key binary(16), supplier_id int,"
    " primary key (customer_key, supplier_id))",
    "changed_contact (local_day date, row_key binary(16), earlier_at datetime(6),"
    " primary key (local_day, row_key))",
    *(
        f"{name} (grain varchar(5) collate utf8mb4_bin, scope varchar(10) collate utf8mb4_bin,"
        " local_start datetime, scope_id int, primary key (grain, scope, local_start, scope_id))"
        " default character set utf8mb4"
        for name in ("changed_cell", "counted_cell")
    ),
)
"""Temporary tables: what changed, and where it counts."""

SEAT_TABLES: Final = (
    "seat_day (local_day date, seat_id int, supplier_id int, busi_id int, conversations int,"
    " primary key (local_day, seat_id, supplier_id, busi_id))",
    "acknowledging_day (local_day date, seat_id int, supplier_id int, busi_id int,"
    " primary key (local_day, seat_id, supplier_id, busi_id))",
    "valid_seat (local_start datetime, supplier_id int, busi_id int, seats int,"
    " primary key (local_start, supplier_id))",
    "span_begin (local_start datetime primary key)",
)

TICKET_TABLES: Final = (
    "changed_ticket (vendor varchar(50) collate utf8mb4_bin,"
    " ticket_id varchar(64) collate utf8mb4_bin, row_hash binary(16),"
    " primary key (vendor, ticket_id))",
    "former_state (vendor varchar(50) collate utf8mb4_bin,"
    " ticket_id varchar(64) collate utf8mb4_bin, is_closed smallint,"
    " account_id varchar(50) collate utf8mb4_bin, product_id varchar(64) collate utf8mb4_bin,"
    " category_id varchar(64) collate utf8mb4_bin, from_at datetime(6), until_at datetime(6))",
)

SESSION: Final = (
    # The sorts of a month fit into it. All go with the connection.
    "set session sort_buffer_size = 33554432",
    # MariaDB holds in memory what both allow; by default that is 16 MiB.
    "set session tmp_table_size = 134217728",
    "set session max_heap_table_size = 134217728",
)


class Build:
    """One build, on one connection. *beat* is called before each statement."""

    def __init__(
        self, connection: sa.Connection, basis: Basis, beat: Callable[[], None] = lambda: None
    ) -> None:
        self.written: dict[str, int] = {}
        self._connection, self._beat = connection, beat
        self._days = 0
        self._since = ALL_DAYS
        self._tickets = 0
        self._today = (basis.built_at + LOCAL).date()
        self._values = {
            "built_at": basis.built_at,
            "service_level_s": basis.service_level_s,
            "snapshot_id": basis.snapshot_id,
            "snapshot_at": basis.snapshot_at,
            "has_queue": int(basis.has_queue),
            "definition_version": DEFINITION_VERSION,
            "local_hours": LOCAL // HOUR,
            "settled_hours": SETTLED // HOUR,
            "is_everything": 0,
        }
        for statement in SESSION:
            connection.exec_driver_sql(statement)

    def find_changed(self, last_id: int, since: date) -> None:
        """Find conversations that no snapshot up to *last_id* showed as they are, or of *since*."""
        for table in CHANGED:
            self._temporary(table)
        self._since = since
        changed = {"last_id": last_id, "since_day": since, "since_at": begin_of(since)}
        self._run("changed_conversation", **changed)
        self._run("changed_live")

    def build_conversations(self) -> set[date]:
        """Rebuild the facts of those that changed; the days they were in, or are in now."""
        self._replace("rpt_supplier_version")
        self._replace("rpt_watch")
        rows = self._count("select count(*) from changed_conversation")
        if not self._values["is_everything"]:
            self._note_changed()
            self._execute(
                "delete f from rpt_conversation as f"
                " inner join changed_conversation as c on c.row_key = f.row_key"
            )
        for first, end in _key_ranges(rows):
            self._insert("rpt_conversation", from_key=first, to_key=end)
        if self._values["is_everything"]:
            days = self._dates("select distinct local_day from rpt_conversation")
        else:
            self._note_changed()
            days = self._dates(CHANGED_DAYS)
        self._days = len(days)
        return days

    def build_cohorts(self, days: set[date]) -> None:
        """Rebuild the aggregates of conversations that entered the queue on *days*."""
        # Who came again within a week counts on the later day.
        later = {day + DAY * n for day in days for n in range(LATER_DAYS)}
        later &= self._dates("select distinct local_day from rpt_conversation")
        for first, end in spans(days | later, "day"):
            self._run("changed_contact", **bounds(first, end))
        self._execute(
            "update rpt_conversation as f inner join changed_contact as c"
            " on c.local_day = f.local_day and c.row_key = f.row_key"
            " set f.earlier_at = c.earlier_at"
        )
        if not self._values["is_everything"]:
            self._execute(
                "insert ignore into changed_slot (local_slot, supplier_id, busi_id)"
                " select f.local_slot, f.supplier_id, f.busi_id from changed_contact as c"
                " inner join rpt_conversation as f"
                " on f.local_day = c.local_day and f.row_key = c.row_key"
            )
            days = self._dates(CHANGED_DAYS) | {self._since}
            for (grain, scope), added in FINER.items():
                young = span_start(self._since, grain)
                self._run("changed_cell", grain=grain, scope=scope, young_day=young)
                if added == FACTS:
                    self._run("counted_cell", grain=grain, scope=scope)
            self._execute(
                "delete t from rpt_cohort as t inner join changed_cell as c on c.grain = t.grain"
                " and c.scope = t.scope and c.local_start = t.local_start"
                " and c.scope_id = t.scope_id"
            )
        percentiles.rank(self._connection, days, self._changed_cells(), self._beat)
        for (grain, scope), (finer, finer_scope) in FINER.items():
            for first, end in spans(days, grain):
                where = {"grain": grain, "scope": scope, **bounds(first, end)}
                self._insert("rpt_cohort", finer=finer, finer_scope=finer_scope, **where)

    def build_seat_work(self, days: set[date]) -> None:
        """Rebuild what seats did with conversations that began on *days*."""
        spoken = days | self._dates(
            "select distinct cast(f.last_ack_at + interval :local_hours hour as date)"
            " from rpt_conversation as f"
            " inner join changed_conversation as c on c.row_key = f.row_key"
            " where f.local_day < :none and f.seat_id > 0"
            " and f.last_ack_at >= f.inqueue_at"
            " and f.last_ack_at < f.inqueue_at + interval :days day",
            none=NO_DAY,
            days=LATER_DAYS - 1,
        )
        self._stage_seats(spoken)
        for grain in DAYS:
            for scope in SCOPES:
                self._aggregate("rpt_seat_work", grain, scope, spoken)

    def build_sessions(self, last_id: int, since: date) -> None:
        """Rebuild the days of the older router's table that changed."""
        days = self._dates(
            "select distinct cast(created_time + interval :local_hours hour as date)"
            " from cs_session_history"
            " where snapshot_id <= :snapshot_id"
            " and created_time >= '1000-01-08' and created_time < '9999-12-01'"
            " and (snapshot_id > :last_id or closed_by > :last_id or created_time >= :since)",
            last_id=last_id,
            since=since - DAY if since > ALL_DAYS else since,
        )
        days |= {day - DAY for day in days}  # the row after a handing over may be of the next day
        for first, end in spans(days, "day"):
            day = rpt_session.c.local_day
            self._delete("rpt_session", day >= first, day < end)
            self._insert("rpt_session", **bounds(first, end))

    def build_present(self) -> None:
        """Replace what is about the newest snapshot only."""
        self._replace("rpt_seat")
        self._delete("rpt_queue_now")
        for scope in SCOPES:
            self._insert("rpt_queue_now", scope=scope)

    def build_tickets(self, since: date, rules: str = "") -> None:
        """Rebuild what is told of tickets that changed, and of those created from *since* on.

        *rules* is a word for what they are counted by (``calendar.digest_rules``): with another
        one all have changed.
        """
        for table in TICKET_TABLES:
            self._temporary(f"{table} default character set utf8mb4")
        self._run("changed_ticket", since=since, rules=rules)
        self._run("former_state")
        days = self._ticket_days()
        for table in ("rpt_ticket_state", "rpt_ticket", "rpt_ticket_sla"):
            self._execute(
                f"delete f from {table} as f inner join changed_ticket as c"
                " on c.vendor = f.vendor and c.ticket_id = f.ticket_id"
            )
            written = self._insert(table)
            if table == "rpt_ticket":
                self._tickets = written
        days |= self._ticket_days()
        days |= self._dates(
            "select distinct local_day from rpt_ticket where local_day >= :since", since=since
        )
        for grain in DAYS:
            for scope in TICKET_SCOPES:
                self._aggregate("rpt_ticket_cohort", grain, scope, days)
        self._build_backlog()

    def _build_backlog(self) -> None:
        """Rebuild the backlog of the days from which on another number was open, and of the last.

        The last day of a build ended with it.
        """
        day = rpt_ticket_backlog_day.c.local_day
        told = self._connection.scalar(sa.select(sa.func.max(day)))
        changed = self._connection.scalar(read_statement("changed_backlog"), self._values)
        first = min((d for d in (told, changed) if d is not None), default=None)
        if first is None:
            return
        self._delete("rpt_ticket_backlog_day", day >= first)
        self._temporary("day_step (days int, step int, primary key (days, step))")
        longest = range(LONGEST.days + 1)
        steps = [{"days": days, "step": step} for days in longest for step in range(days + 1)]
        self._connection.execute(sa.text("insert into day_step values (:days, :step)"), steps)
        today = self._today
        while first <= today:
            end = min(first + LONGEST, today + DAY)
            self._insert("rpt_ticket_backlog_day", **bounds(first, end))
            first = end

    def forget(self) -> None:
        """Empty the facts and aggregates, so that all is built anew."""
        self._values["is_everything"] = 1
        for table in (
            "rpt_conversation",
            "rpt_cohort",
            "rpt_seat_work",
            "rpt_session",
            "rpt_ticket",
            "rpt_ticket_state",
            "rpt_ticket_sla",
            "rpt_ticket_cohort",
            "rpt_ticket_backlog_day",
        ):
            self._delete(table)

    def note(self, run_id: str, since: date) -> None:
        """Write the row of this build."""
        undated = self._count("select count(*) from rpt_conversation where local_day = :none")
        number = self._count("select coalesce(max(build_id), 0) from rpt_build") + 1
        kept = ("built_at", "service_level_s", "snapshot_id", "snapshot_at", "definition_version")
        self._connection.execute(
            sa.insert(rpt_build).values(
                build_id=number,
                run_id=run_id,
                since_day=since,
                days=self._days,
                tickets=self._tickets,
                undated=undated,
                **{name: self._values[name] for name in kept},
            )
        )
        self.written["rpt_build"] = 1

    def _stage_seats(self, days: set[date]) -> None:
        """Read once what all grains and scopes of ``rpt_seat_work`` on *days* add up."""
        for table in SEAT_TABLES:
            self._temporary(table)
        whole = [span for grain in DAYS for span in spans(days, grain)]
        needed = {first + DAY * n for first, end in whole for n in range((end - first).days)}
        for first, end in spans(needed, "day"):
            for table in ("seat_day", "acknowledging_day"):
                self._run(table, **bounds(first, end))
        begins = [{"begin": begin} for begin in {span_start(d, g) for d in days for g in DAYS}]
        if begins:
            insert = sa.text("insert into span_begin (local_start) values (:begin)")
            self._connection.execute(insert, begins)
        self._run("valid_seat")

    def _aggregate(self, table: str, grain: str, scope: str, days: set[date]) -> None:
        for first, end in spans(days, grain):
            where = {"grain": grain, "scope": scope, **bounds(first, end)}
            column = metadata.tables[table].c
            self._delete(
                table,
                column.grain == grain,
                column.scope == scope,
                column.local_start >= first,
                column.local_start < end,
            )
            self._insert(table, **where)

    def _note_changed(self) -> None:
        """Note where the changed conversations are counted, and whose they are."""
        self._run("changed_slot")
        self._run("changed_customer")

    def _changed_cells(self) -> dict[tuple[str, str], set[percentiles.Cell]] | None:
        """The changed rows of ``rpt_cohort`` by grain and scope; None: everything is built."""
        if self._values["is_everything"]:
            return None
        self._beat()
        query = (
            "select grain, scope, to_seconds(local_start) div 900 as quarter, scope_id"
            " from changed_cell"
        )
        cells: dict[tuple[str, str], set[percentiles.Cell]] = {span: set() for span in FINER}
        for grain, scope, quarter, scope_id in self._connection.execute(sa.text(query)):
            cells[grain, scope].add((quarter, scope_id))
        return cells

    def _ticket_days(self) -> set[date]:
        return self._dates(
            "select distinct f.local_day from changed_ticket as c"
            " inner join rpt_ticket as f on f.vendor = c.vendor and f.ticket_id = c.ticket_id"
        )

    def _dates(self, query: str, **values: Any) -> set[date]:
        self._beat()
        found = self._connection.execute(sa.text(query), {**self._values, **values}).scalars()
        return set(found) - {NO_DAY, None}

    def _count(self, query: str) -> int:
        self._beat()
        return int(self._connection.execute(sa.text(query), {"none": NO_DAY}).scalar_one())

    def _replace(self, table: str) -> None:
        self._delete(table)
        self._insert(table)

    def _insert(self, table: str, **values: Any) -> int:
        rows = self._run(table, **values)
        self.written[table] = self.written.get(table, 0) + rows
        return rows

    def _run(self, name: str, **values: Any) -> int:
        self._beat()
        return self._connection.execute(read_statement(name), {**self._values, **values}).rowcount

    def _delete(self, table: str, *where: sa.ColumnElement[bool]) -> None:
        self._beat()
        self._connection.execute(sa.delete(metadata.tables[table]).where(*where))

    def _execute(self, statement: str, **values: Any) -> None:
        self._beat()
        self._connection.execute(sa.text(statement), {**self._values, **values})

    def _temporary(self, definition: str) -> None:
        name = definition.split()[0]
        self._connection.exec_driver_sql(f"drop temporary table if exists {name}")
        self._connection.exec_driver_sql(f"create temporary table {definition}")


def _key_ranges(rows: int) -> Iterator[tuple[bytes, bytes]]:
    """Ranges of hashes, their ends excluded, that hold about ``PIECE_ROWS`` of *rows* each."""
    pieces = rows // PIECE_ROWS + 1
    edges = [(0x10000 * n // pieces).to_bytes(3) for n in range(pieces + 1)]
    yield from pairwise(edge[1:] if edge[0] == 0 else b"\xff" * 17 for edge in edges)
