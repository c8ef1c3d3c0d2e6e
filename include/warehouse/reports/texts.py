"""``rpt_text``: titles and messages as reports may show them, kept current by a build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from include.warehouse.reports.statements import read_statement
from include.warehouse.reports.ticket_tables import rpt_text
from include.warehouse.types import Utc

ROWS_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 4_000_000
"""Texts held in memory together; a longer one stands alone."""

Redact = Callable[[str], tuple[str, int]]
"""Gives a text as reports may show it, and how many places in it were masked."""

TEXTS: Final = sa.text(
    "select c.vendor, c.ticket_id, c.message_id,"
    " case c.message_id when '' then k.title else m.content end as content,"
    " case c.message_id when '' then k.synced_at else m.synced_at end as synced_at"
    " from changed_text as c"
    " left join stg_ticket as k"
    " on c.message_id = '' and k.vendor = c.vendor and k.ticket_id = c.ticket_id"
    " left join stg_message as m"
    " on m.vendor = c.vendor and m.ticket_id = c.ticket_id and m.message_id = c.message_id"
    " where c.number between :first and :last"
    " and (k.vendor is not null or m.vendor is not null)"
).columns(synced_at=Utc)


TITLES: Final = sa.text(
    "update rpt_ticket as f inner join changed_text as c on c.message_id = ''"
    " and c.vendor = f.vendor and c.ticket_id = f.ticket_id"
    " left join rpt_text as t on t.message_id = ''"
    " and t.vendor = f.vendor and t.ticket_id = f.ticket_id"
    " set f.title = t.content, f.updated_at = :built_at"
).bindparams(sa.bindparam("built_at", type_=Utc()))


def build(
    connection: sa.Connection,
    redact: Redact,
    version: int,
    built_at: datetime,
    beat: Callable[[], None] = lambda: None,
    changed_from: datetime | None = None,
) -> int:
    """Bring ``rpt_text`` and titles up to what is stored; returns the texts written.

    *version* names what *redact* does: texts that another version masked are masked again. A text
    whose original is gone goes too. Only tickets are looked at that runs may have changed from
    *changed_from* on, if that is given; no text has another version then. *beat* is called before
    each block.
    """
    connection.exec_driver_sql("drop temporary table if exists changed_text")
    connection.exec_driver_sql(
        "create temporary table changed_text (number int auto_increment primary key,"
        " vendor varchar(50) collate utf8mb4_bin, ticket_id varchar(64) collate utf8mb4_bin,"
        " message_id varchar(64) collate utf8mb4_bin, bytes bigint) default character set utf8mb4"
    )
    beat()
    looked_at = {"is_whole": int(changed_from is None), "changed_from_at": changed_from}
    connection.execute(read_statement("changed_text"), {"version": version, **looked_at})
    connection.exec_driver_sql(
        "delete t from rpt_text as t inner join changed_text as c on c.vendor = t.vendor"
        " and c.ticket_id = t.ticket_id and c.message_id = t.message_id"
    )
    written = 0
    for first, last in _blocks(connection):
        beat()
        found = connection.execute(TEXTS, {"first": first, "last": last}).mappings()
        made = {"redaction_version": version, "updated_at": built_at}
        rows = [_row(dict(row), redact) | made for row in found]
        if rows:
            connection.execute(sa.insert(rpt_text), rows)
        written += len(rows)
    connection.execute(TITLES, {"built_at": built_at})
    return written


def _row(row: dict[str, Any], redact: Redact) -> dict[str, Any]:
    content, masked = (None, 0) if row["content"] is None else redact(row["content"])
    return {**row, "content": content, "masked": masked}


def _blocks(connection: sa.Connection) -> Iterator[tuple[int, int]]:
    """First and last numbers of blocks of texts that are small enough to hold."""
    after = 0
    page = sa.text(
        "select number, bytes from changed_text where number > :after order by number limit :rows"
    )
    while sizes := connection.execute(page, {"after": after, "rows": ROWS_AT_ONCE}).all():
        first, total = sizes[0].number, 0
        for number, size in sizes:
            if total and total + size > BYTES_AT_ONCE:
                yield first, after
                first, total = number, 0
            after, total = number, total + size
        yield first, after
