"""When a Huawei ticket closed, by its log of operations (spec.md, section 4.6)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from include.models import Ticket
from include.vendors import fields
from include.vendors.fields import Record
from include.vendors.huawei.conversation import ZONE

CLOSING: Final = {"3": 3, "4": 4, "13": 13}
"""By a closed status: the operation that led to it; none is documented for 12, invalid."""
TURNS: Final = frozenset({3, 4, 13, 16, 85})
"""Operations that close or reopen a ticket; the last of them says how it stands."""


def find_closing(ticket: Ticket, answer: Record, now: datetime) -> datetime | None:
    """When the newest turn closed *ticket*, which is closed, by an answer of ListCaseOperateLogs.

    None where the log does not say, or goes on beyond the answer. Raises ContractError for a log of
    another shape.
    """
    stated = fields.total(answer, "total_count")
    entries = fields.records(answer, "incident_operate_log_list", optional=stated == 0)
    turns = [entry for entry in entries if fields.integer(entry, "operate_type") in TURNS]
    if not turns or stated > len(entries):
        return None

    def moment(entry: Record) -> datetime:
        return fields.local_time(entry, "timestamp_operate_time", zone=ZONE)

    newest = max(turns, key=moment)
    if newest.get("operate_type") != CLOSING.get(ticket.vendor_status):
        return None
    return fields.closing_time(
        newest, "timestamp_operate_time", zone=ZONE, created_at=ticket.created_at, now=now
    )
