"""Faults of paging, and of a vendor that moves while it is read (P)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, Final

from include.errors import PartialError, UnavailableError
from include.vendors.registry import VENDORS
from tests.faults.kit.scene import BEFORE, FULL, NOW, Ended, Scene
from tests.faults.kit.table import Fault, Kind, On, each_another, switched

Outcome = Mapping[str, Ended]
HOUR: Final = timedelta(hours=1)
OPEN: Final = dict.fromkeys(VENDORS, 1)
NEW: Final = {"alibaba": 3, "huawei": 8, "tencent": 3}
"""Which call for a list begins the open tickets, and the span of new ones, in pages of two."""
FORBIDDEN: Final = {
    "alibaba": "NoPermission",
    "huawei": "OSM.01010011",
    "tencent": "UnauthorizedOperation",
}
SAME_ID: Final = "202607020777"


def paged(
    *rules: tuple[str, Mapping[str, int], dict[str, Any]],
) -> Callable[[Scene], AbstractContextManager[None]]:
    """Lists come in pages of two rows; each rule hits, from the call that it names on."""

    @contextmanager
    def on(scene: Scene) -> Iterator[None]:
        scene.faults("small_pages", "list", size=2, times=None)
        for name, attempts, spec in rules:
            for vendor, attempt in attempts.items():
                scene.faults(name, "list", (vendor,), attempt=attempt, **spec)
        yield
        assert all(rule["hits"] for rule in scene.sandbox.faults.list())

    return on


@contextmanager
def leaving(scene: Scene) -> Iterator[None]:
    """The first new ticket leaves the list while that is read, and comes back later."""
    listed = ids(scene)
    with paged(("vanish_while_paging", NEW, {"hide": True}))(scene):
        yield
    hidden = listed - ids(scene)
    assert len(hidden) == len(VENDORS)
    for ticket_id in hidden:
        scene.store.show(ticket_id)


def ids(scene: Scene) -> set[str]:
    """The tickets of the first accounts."""
    return {case.ticket_id for vendor in VENDORS for case in scene.store.tickets(vendor, 0)}


def new_closed(scene: Scene, vendor: str) -> str:
    """A ticket of the first account that was closed before any run has seen it."""
    cases = scene.store.tickets(vendor, 0, NOW - 5 * HOUR, NOW)
    return next(case.ticket_id for case in cases if case.is_closed)


def one_detail(name: str, **spec: Any) -> On:
    """One new ticket of each vendor cannot be read."""

    def on(scene: Scene) -> None:
        for vendor in VENDORS:
            given = {"code": FORBIDDEN[vendor]} if name == "error_object" else {}
            which = {"ticket": new_closed(scene, vendor), "times": None}
            scene.faults(name, "detail", (vendor,), **spec | given | which)

    return on


def one_waits(scene: Scene, ended: Outcome) -> None:
    """That ticket alone is put aside; the other new ones are stored."""
    waiting = dict(scene.look("select account_id, item_id from sync_quarantine"))
    assert waiting == {f"{vendor}-1": new_closed(scene, vendor) for vendor in VENDORS}
    for vendor in VENDORS:
        new = {case.ticket_id for case in scene.store.tickets(vendor, 0, NOW - 5 * HOUR, NOW)}
        query = "select cloud_id from cloud_osm_list where type = :vendor"
        held = {row[0] for row in scene.look(query, vendor=vendor.upper())}
        assert new - held == {waiting[f"{vendor}-1"]}


def many_new(numbers: Mapping[str, int], name: str, **spec: Any) -> On:
    """So many new tickets that one page of the vendor's own size does not hold them; and a fault.

    It begins with the list of the new ones: an empty list may not state tickets.
    """

    def on(scene: Scene) -> None:
        for vendor, number in numbers.items():
            for i in range(number):
                moment = NOW - HOUR - timedelta(seconds=i)
                scene.store.add_ticket(
                    vendor, created_at=moment, state="closed" if i % 2 else "open", messages=1
                )
            attempt = {"huawei": 9}.get(vendor, 3)
            scene.faults(name, "list", (vendor,), attempt=attempt, times=None, **spec)

    return on


def talking(vendors: Collection[str], length: int, **spec: Any) -> On:
    """A long closed conversation goes on while it is read."""

    def on(scene: Scene) -> None:
        for vendor in vendors:
            moment = NOW - HOUR
            ticket_id = scene.store.add_ticket(
                vendor, created_at=moment, state="closed", messages=length
            )
            scene.faults("speak_while_reading", "detail", (vendor,), ticket=ticket_id, **spec)

    return on


def at_the_border(scene: Scene) -> None:
    """Five tickets in the very second at which one span ends and the next begins."""
    for vendor in VENDORS:
        for _ in range(5):
            scene.store.add_ticket(vendor, created_at=BEFORE, state="closed")


def all_five(scene: Scene, ended: Outcome) -> None:
    query = "select count(*) from cloud_osm_list where create_time = :at and custom_id like '%-1'"
    assert scene.look(query, at=int(BEFORE.timestamp() * 1000)) == [(15,)]


def same_id(*accounts: tuple[str, int]) -> On:
    """These accounts show a ticket of the same id, created at the same time."""

    def on(scene: Scene) -> None:
        for vendor, index in accounts:
            texts = ["a", "b", *["c"] * (vendor == "huawei")]  # no description of its own there
            scene.store.add_ticket(
                vendor,
                index,
                created_at=NOW - HOUR,
                state="closed",
                messages=texts,
                ticket_id=SAME_ID,
            )

    return on


def rows_of_the_id(*owners: str) -> Callable[[Scene, Outcome], None]:
    def also(scene: Scene, ended: Outcome) -> None:
        query = "select custom_id from cloud_osm_list where cloud_id = :id order by 1"
        assert scene.look(query, id=SAME_ID) == [(owner,) for owner in owners]

    return also


def unknown_states(scene: Scene) -> None:
    """A ticket in a state that no document lists."""
    for vendor in VENDORS:
        scene.store.set_state(new_closed(scene, vendor), "unknown")


def count_as_open(scene: Scene, ended: Outcome) -> None:
    query = (
        "select vendor_status from cloud_osm_list"
        " where status = 1 and custom_id like '%-1' and vendor_status in ('99', '29')"
        " group by type, vendor_status order by type"
    )
    assert [status for (status,) in scene.look(query)] == ["99", "29", "99"]


def equal_messages(scene: Scene) -> None:
    """Two messages without ids that nothing tells apart."""
    ticket_id = scene.store.add_ticket(
        "tencent", created_at=NOW - HOUR, state="closed", messages=["first", "again", "again"]
    )
    first, second = scene.store.ticket(ticket_id).talks[1:]
    second.created_at, second.from_customer = first.created_at, first.from_customer


def both_stored(scene: Scene, ended: Outcome) -> None:
    assert scene.look(
        "select count(*) from cloud_osm_detail where content = 'again' and vendor = 'TENCENT'"
    ) == [(2,)]


WRONG_TOTALS: Final[tuple[Kind, ...]] = (
    ("wrong_total", {"total": -1}),
    ("wrong_total", {"drop": True}),
    ("wrong_total", {"total": "500"}),
    ("wrong_total", {"total": 5.0}),
    ("wrong_total", {"total": True}),
)
MANY: Final = {"alibaba": 55, "huawei": 105, "tencent": 25} if FULL else {"tencent": 25}
INSERTED: Final = ("insert_while_paging", {"rows": 3})

PAGING: Final = (
    Fault("P1", "new open tickets shift the others", paged((INSERTED[0], OPEN, INSERTED[1]))),
    Fault("P1", "new tickets shift the others", paged((INSERTED[0], NEW, INSERTED[1]))),
    Fault("P2", "a ticket leaves while the others are listed", leaving, passing=True),
    Fault(
        "P2",
        "the list never stands still",
        paged(("insert_while_paging", NEW, {"rows": 1, "times": None})),
        PartialError,
    ),
    *(
        Fault(
            "P3",
            f"the total is too small {total}",
            many_new(MANY, "wrong_total", total=total),
            at=tuple(MANY),
        )
        for total in ((0, 1, 5) if FULL else (1,))
    ),
    Fault(
        "P3",
        "the total is too large",
        each_another("list", ("wrong_total", {"total": 10_000})),
        PartialError,
    ),
    *(
        Fault(
            "P3",
            f"the total is no number {turn + 1}",
            each_another("list", *WRONG_TOTALS, turn=turn),
            PartialError,
        )
        for turn in (range(5) if FULL else (0,))
    ),
    Fault(
        "P4",
        "a short page in the middle",
        paged(("short_page", {v: n + 1 for v, n in NEW.items()}, {"drop": 1})),
        passing=True,
    ),
    Fault(
        "P4",
        "every page is short",
        paged(("short_page", NEW, {"drop": 1, "times": None})),
        PartialError,
    ),
    Fault("P5", "pages smaller than asked for", paged()),
    Fault(
        "P5",
        "many tickets in pages of one",
        many_new(MANY, "small_pages", size=1),
        at=tuple(MANY),
    ),
    Fault("P6", "another order every time", switched(("any_order", {"action": "list"}))),
    Fault(
        "P7",
        "an outage that answers zero",
        each_another("list", ("empty_list", {})),
        UnavailableError,
    ),
    Fault("P7", "no open tickets, once", each_another("list", ("empty_list", {}), times=1)),
    Fault("P7", "no new tickets, once", paged(("empty_list", NEW, {})), PartialError),
    Fault("P9", "listed but not found", one_detail("not_found"), PartialError, also=one_waits),
    Fault("P9", "listed but forbidden", one_detail("error_object"), PartialError, also=one_waits),
    Fault("P9", "listed but null", one_detail("poison_detail"), PartialError, also=one_waits),
    Fault(
        "P12",
        "messages come while they are paged",
        talking(("tencent",), 45, messages=5, attempt=2),
        passing=True,
        at=("tencent",),
    ),
    Fault(
        "P12",
        "messages come before they are read",
        talking(("alibaba", "tencent"), 20, messages=5),
        passing=True,
        at=("alibaba", "tencent"),
    ),
    Fault("P15", "an unknown status", unknown_states, also=count_as_open),
    Fault(
        "P17",
        "five tickets at the border of two spans",
        at_the_border,
        also=all_five,
        settings={"overlap_hours": 0},
    ),
    Fault(
        "P18",
        "one id at three vendors",
        same_id(*((vendor, 0) for vendor in VENDORS)),
        also=rows_of_the_id("alibaba-1", "huawei-1", "tencent-1"),
    ),
    Fault(
        "P18",
        "one ticket in two accounts",
        same_id(("huawei", 0), ("huawei", 1)),
        also=rows_of_the_id("huawei-1"),
    ),
    Fault("P20", "equal messages without ids", equal_messages, also=both_stored, at=("tencent",)),
)
