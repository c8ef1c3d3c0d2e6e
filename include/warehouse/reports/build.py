"""Facts and aggregates for reports: which to rebuild, and the statements of ``sql/reports``.

All statements of a build run on one connection in one transaction (``Warehouse.bulk``), whose
commit shows them together. Histories are read as of one snapshot, not as of the statement: another
one may be published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

import sqlalchemy as sa

from include.warehouse.reports import cohorts, seats, tickets
from include.warehouse.reports.basis import (
    ALL_DAYS,
    DAY,
    LONGEST,
    NO_DAY,
    SCOPES,
    Basis,
    Earlier,
    spans,
)
from include.warehouse.reports.customer_service_tables import rpt_session
from include.warehouse.reports.statements import Statements
from include.warehouse.reports.tables import rpt_build

EARLIER_DAYS: Final = 8
"""So far back a customer's conversation before is known (``earlier_at``)."""

PIECE_ROWS: Final = 20_000
"""Conversations a statement: so many are held in memory while their facts are made."""

PORTION_ROWS: Final = 1_000_000
"""Facts a statement, when they are put in order: between two, the run shows that it lives."""

CHANGED: Final = (
    "changed_conversation (row_key binary(16) primary key)",
    "changed_live (row_key binary(16) primary key)",
    "changed_slot (local_slot datetime, supplier_id int, busi_id int,"
    " primary key (local_slot, supplier_id, busi_id))",
    "changed_customer (customer_key binary(16), supplier_id int,"
    " primary key (customer_key, supplier_id))",
    "changed_contact (local_day date, row_key binary(16), earlier_at datetime(6),"
    " primary key (local_day, row_key))",
    "changed_cell (grain varchar(5) collate utf8mb4_bin, scope varchar(10) collate utf8mb4_bin,"
    " local_start datetime, scope_id int, primary key (grain, scope, local_start, scope_id))"
    " default character set utf8mb4",
    "old_fact like rpt_conversation",
    "new_fact like rpt_conversation",
    "made_fact as select * from rpt_conversation limit 0",
)
"""Temporary tables: what changed, what it was and is, and where it counts."""


class Build:
    """One build, on one connection. *beat* is called before each statement."""

    def __init__(
        self, connection: sa.Connection, basis: Basis, beat: Callable[[], None] = lambda: None
    ) -> None:
        self._sql = Statements(connection, basis, beat)
        self._days = 0
        self._last_id, self._young = -1, ALL_DAYS
        self._since: date | None = None
        self._tickets = 0
        self._today = basis.day_of(basis.built_at)

    @property
    def written(self) -> dict[str, int]:
        """The rows that went into each table."""
        return self._sql.written

    def find_changed(self, before: Earlier | None, since: date | None) -> None:
        """Find the conversations that changed after the build *before*, and those of *since* on.

        Those too that entered the queue after its snapshot: nobody knew then whether that moment
        would be watched. Without a build before, all.
        """
        for table in CHANGED:
            self._sql.temporary(table)
        self._since = since
        if before:
            self._last_id, self._young = (
                before.snapshot_id or -1,
                self._sql.basis.young_since(before),
            )
        since_at = (before and before.snapshot_at) or self._sql.basis.begin_of(ALL_DAYS)
        if since:
            since_at = min(since_at, self._sql.basis.begin_of(since))
        since_day = self._sql.basis.day_of(since_at)
        changed = {"last_id": self._last_id, "since_day": since_day, "since_at": since_at}
        self._sql.run("changed_conversation", **changed)
        self._sql.run("changed_live")

    def build_conversations(self) -> set[date]:
        """Rebuild the facts of those that changed; the days they were in, or are in now."""
        self._sql.replace("rpt_supplier_version")
        self._sql.replace("rpt_watch")
        rows = self._sql.count("select count(*) from changed_conversation")
        if not self._sql.values["is_everything"]:
            self._sql.run("changed_customer")
            self._sql.run("old_fact")
            self._sql.execute(
                "delete f from rpt_conversation as f"
                " inner join changed_conversation as c on c.row_key = f.row_key"
            )
        for key, end in _key_ranges(rows):
            self._sql.run_over("made_fact", "rpt_conversation", from_key=key, to_key=end)
        # In the order of days, which is that of most of its keys: in that of hashes, a million rows
        # take MariaDB a quarter longer.
        made = self._sql.execute(
            "select local_day, count(*) as facts from made_fact group by local_day"
        )
        made_on = {row.local_day: int(row.facts) for row in made}
        for first, last in _portions(made_on):
            self._sql.execute(
                "insert into rpt_conversation select * from made_fact"
                " where local_day between :first and :last order by local_day, row_key",
                first=first,
                last=last,
            )
        self.written["rpt_conversation"] = sum(made_on.values())
        if self._sql.values["is_everything"]:
            days = made_on.keys() - {NO_DAY}
        else:
            self._sql.run("changed_customer")
            days = self._sql.dates(
                "select local_day from old_fact union select f.local_day from rpt_conversation as f"
                " inner join changed_conversation as c on c.row_key = f.row_key"
            )
        self._days = len(days)
        return days

    def build_cohorts(self, days: set[date]) -> None:
        """Bring the aggregates of conversations that entered the queue on *days* up to date."""
        # Who came again within a week counts on the later day.
        later = {day + DAY * n for day in days for n in range(EARLIER_DAYS + 1)}
        later &= self._sql.dates("select distinct local_day from rpt_conversation")
        # All conversations of those days are sorted, or those of the customers that changed.
        longest = LONGEST if self._sql.values["is_everything"] else timedelta.max
        for first, end in spans(days | later, "day", longest):
            self._sql.run("changed_contact", **self._sql.basis.bounds(first, end))
        if not self._sql.values["is_everything"]:
            self._sql.execute(
                "insert into old_fact select f.* from changed_contact as c"
                " inner join rpt_conversation as f"
                " on f.local_day = c.local_day and f.row_key = c.row_key"
                " left join changed_conversation as new on new.row_key = c.row_key"
                " where new.row_key is null"
            )
            self._sql.execute(
                "insert ignore into changed_conversation (row_key)"
                " select row_key from changed_contact"
            )
        self._sql.execute(
            "update rpt_conversation as f inner join changed_contact as c"
            " on c.local_day = f.local_day and c.row_key = f.row_key"
            " set f.earlier_at = c.earlier_at"
        )
        if self._sql.values["is_everything"]:
            cohorts.count_all(self._sql, days)
        else:
            cohorts.change(self._sql, self._young, self._since)

    def build_seat_work(self, days: set[date]) -> None:
        """Rebuild what seats did with conversations that began on *days*."""
        spoken = set(days)
        if not self._sql.values["is_everything"]:
            spoken |= self._sql.dates(
                "select cast(last_ack_at + interval :local_minutes minute as date)"
                " from (select * from old_fact union all select * from new_fact) as f"
                " where local_day < :none and seat_id > 0"
                " and last_ack_at >= inqueue_at"
                " and last_ack_at < inqueue_at + interval 7 day",
                none=NO_DAY,
            )
        seats.build(self._sql, spoken)
        self._sql.run("settled_seat_work")

    def build_sessions(self) -> None:
        """Rebuild the days of the older router's table that changed."""
        days = self._sql.dates(
            "select distinct cast(created_time + interval :local_minutes minute as date)"
            " from cs_session_history"
            " where snapshot_id <= :snapshot_id"
            " and created_time >= :desk_since_at"
            " and created_time <= valid_from_at + interval 1 day"
            " and (snapshot_id > :last_id or closed_by > :last_id or created_time >= :since)",
            last_id=self._last_id,
            since=self._sql.basis.begin_of(self._since or NO_DAY),
        )
        days |= {day - DAY for day in days}  # the row after a handing over may be of the next day
        if days:  # at once, because all rows are looked at for any of them
            first, end = min(days), max(days) + DAY
            day = rpt_session.c.local_day
            self._sql.delete("rpt_session", day >= first, day < end)
            self._sql.insert("rpt_session", **self._sql.basis.bounds(first, end))
        self._sql.run("settled_session")

    def build_present(self) -> None:
        """Replace what is about the newest snapshot only."""
        self._sql.replace("rpt_supplier")
        self._sql.replace("rpt_seat")
        self._sql.replace("rpt_line")
        self._sql.delete("rpt_queue_now")
        for scope in SCOPES:
            self._sql.insert("rpt_queue_now", scope=scope)

    def build_tickets(
        self,
        young: date,
        rules: str = "",
        since: date | None = None,
        changed_from: datetime | None = None,
    ) -> None:
        """Rebuild what is told of tickets; see ``tickets.build``."""
        self._tickets = tickets.build(self._sql, self._today, young, rules, since, changed_from)

    def forget(self) -> None:
        """Empty the facts and aggregates, so that all is built anew."""
        self._sql.values["is_everything"] = 1
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
            self._sql.delete(table)

    def note(self, run_id: str, since: date, rules: str) -> None:
        """Write the row of this build."""
        undated = self._sql.count("select count(*) from rpt_conversation where local_day = :none")
        number = self._sql.count("select coalesce(max(build_id), 0) from rpt_build") + 1
        kept = (
            "built_at",
            "service_level_s",
            "snapshot_id",
            "snapshot_at",
            "definition_version",
            "desk_since",
            "zone",
            "writing_from_at",
        )
        self._sql.connection.execute(
            sa.insert(rpt_build).values(
                build_id=number,
                run_id=run_id,
                since_day=since,
                days=self._days,
                tickets=self._tickets,
                undated=undated,
                rules=rules,
                **{name: self._sql.values[name] for name in kept},
            )
        )
        self.written["rpt_build"] = 1


def _portions(rows_of: Mapping[date, int]) -> Iterator[tuple[date, date]]:
    """Spans of days in their order, first and last, that hold ``PORTION_ROWS`` or a little more."""
    first, rows = None, 0
    for day, more in sorted(rows_of.items()):
        first, rows = first or day, rows + more
        if rows >= PORTION_ROWS:
            yield first, day
            first, rows = None, 0
    if first:
        yield first, day


def _key_ranges(rows: int) -> Iterator[tuple[bytes, bytes]]:
    """Ranges of hashes, their ends excluded, that hold about ``PIECE_ROWS`` of *rows* each."""
    pieces = rows // PIECE_ROWS + 1
    edges = [(0x10000 * n // pieces).to_bytes(3) for n in range(pieces + 1)]
    yield from pairwise(edge[1:] if edge[0] == 0 else b"\xff" * 17 for edge in edges)
