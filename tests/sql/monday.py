"""A Monday of the customer service by hand: every outcome, in a few conversations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.histories import Past

NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)  # 13:00 in Shanghai, a Monday


def a_monday(past: Past) -> None:
    """Four suppliers in two, one, no and three lines; every outcome; three snapshots."""
    past.snapshot(1, "2026-03-02 00:00")
    past.snapshot(2, "2026-03-02 12:00")
    past.snapshot(3, "2026-03-02 13:00")
    for supplier, ext_flag in ((1, 1), (2, 0), (3, 0), (4, 0)):
        past.version("supplier", supplier, ext_flag=ext_flag, status=1, name=f"shop {supplier}")
    for number, supplier, line, status in (
        (11, 1, 5, 1),
        (12, 1, 3, 1),
        (13, 1, 5, 1),  # the pair of 11 again
        (21, 2, 3, 1),
        (41, 4, 1, 0),
        (42, 4, 2, 1),
        (43, 4, 3, 1),
        (44, 4, 9, 1),
    ):
        past.version(
            "busi_supplier_mapping", number, supplier_id=supplier, busi_id=line, status=status
        )
    seats: dict[int, dict[str, Any]] = {
        11: {"supplier_id": 1, "service_status": 0, "max_user": 1},
        12: {"supplier_id": 1, "service_status": 4, "max_user": 0},
        13: {"supplier_id": 1, "service_status": 0, "bind_wx": 1, "max_user": None},
        21: {"supplier_id": 2, "service_status": 1, "bind_wx": 1, "max_user": 5},
        31: {"supplier_id": 3, "service_status": 2, "max_user": 5},
        41: {"supplier_id": None, "service_status": 0, "max_user": 5},
        42: {"supplier_id": 4, "service_status": 4, "max_user": 5, "status": 0},
        43: {"supplier_id": 4, "service_status": 4, "max_user": 5, "status": None},
    }
    for seat, values in seats.items():
        past.version(
            "seat",
            seat,
            **{"status": 1, "qunar_name": f"s{seat}", "web_name": f"客服{seat}", **values},
        )
    for number, seat, line, status in (
        (1, 11, 5, 1),
        (2, 11, 3, 1),
        (3, 11, 5, 1),
        (4, 12, 3, 1),
        (5, 21, 3, 0),
    ):
        past.version("busi_seat_mapping", number, seat_id=seat, busi_id=line, status=status)
    say = past.conversation
    say("a1", "2026-03-02 10:00", wait=0.500001, shop=1, seat=11, minutes=1)
    say("a2", "2026-03-02 10:05", wait=10, shop=1, seat=11, minutes=2, status=3)
    say("a3", "2026-03-02 10:10", wait=30, shop=2, seat=21, minutes=3, request_count=2)
    say("a4", "2026-03-02 10:20", wait=400, shop=2, seat=21, minutes=24 * 60 + 1)
    say("a5", "2026-03-02 10:30", wait=1, shop=3, seat=31, minutes=4, customer="")
    say("r1", "2026-03-02 10:40", wait=0.1, shop=1, seat=-1, status=3)
    say("u1", "2026-03-02 10:45", shop=4, seat_name="room")
    say("q1", "2026-03-02 10:50", wait=-3000, shop=4, seat=43)
    say("l1", "2026-03-02 10:55", shop=2, live=True, opened=2, closed=3, status=1)
    say("w1", "2026-03-02 12:55", shop=1, live=True, opened=3, status=1, customer="A1@h/phone")
    say("w2", "2026-03-02 12:20", wait=-9000, shop=2, seat=21, live=True, opened=3, status=3)
    # Handed over by a robot between two snapshots:
    say("s1", "2026-03-02 11:59", wait=0.1, shop=1, seat=-1, live=True, opened=2, closed=3)
    say("s1", "2026-03-02 12:30", wait=2, shop=1, seat=11, live=True, opened=3, status=3)
    # Live and archived: a move that was caught in the middle.
    say("a1", "2026-03-02 10:00", wait=0.5, shop=1, seat=11, live=True, opened=1, status=4)
    # A wait that was no longer there, but archived.
    say("a5", "2026-03-02 10:30", shop=3, live=True, opened=1, closed=2, status=1)
