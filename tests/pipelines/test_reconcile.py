"""The vendor against the tables: every way in which they can differ is named, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from include.errors import AuthError, ContractError, MovingListError
from include.pipelines import catalog, reconcile
from include.settings import Settings
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.tables import metadata
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.store import store_part
from tests.builders import DAY, a_category, a_message, a_product
from tests.contents import contents
from tests.fakes import FakeClient

CANARY = "canary text of a customer"


@pytest.fixture(scope="module")
def module_url(warehouse_server):
    url = warehouse_server.create_migrated()
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def warehouse_url(module_url, warehouse_server):
    """One database for this file: every test begins with empty tables."""
    written = [name for name in metadata.tables if name.startswith(("cloud_osm_", "sync_"))]
    warehouse_server.run(*(f"delete from {name}" for name in written), url=module_url)
    return module_url


@pytest.fixture
def verify(warehouse, client):
    """``verify(…)``: compare the fake vendor's account, from long ago to its watermark."""

    def run(*, deep=False, open_messages=False, **options):
        client.calls, client.reads = 0, []
        return reconcile.verify(
            client,
            warehouse,
            depth=reconcile.Depth(deep, open_messages),
            **{"since": DAY - timedelta(days=100), "now": DAY, **options},
        )

    return run


@pytest.fixture
def change(warehouse):
    def run(statement, **values):
        result = warehouse.transact(lambda c: c.execute(sa.text(statement), values).rowcount)
        assert result > 0

    return run


def found(comparison):
    assert CANARY not in repr(comparison)
    return [(d.kind, d.item, d.detail) for d in comparison.differences]


def a_synced_vendor(sync, client):
    client.add("C1", messages=3)
    client.add("C2", messages=1)
    client.add("O1", is_closed=False)
    sync()


@pytest.mark.parametrize("deep", [False, True])
def test_tables_that_were_just_synced_equal_the_vendor(sync, client, verify, deep):
    a_synced_vendor(sync, client)
    result = verify(deep=deep)
    assert result.is_equal
    assert result.differences == []
    assert (result.at_vendor["tickets"], result.at_vendor["closed"]) == (3, 2)
    assert (result.stored["tickets"], result.stored["closed"]) == (3, 2)
    assert result.stored["messages"] == 4
    assert result.at_vendor["messages"] == (4 if deep else 0)


def test_the_default_reads_no_ticket_and_deep_reads_each_once(sync, client, verify):
    a_synced_vendor(sync, client)
    result = verify()
    assert client.reads == []
    assert result.calls == client.calls
    verify(deep=True)
    assert sorted(client.reads) == ["C1", "C2", "O1"]


def test_a_ticket_we_do_not_have_is_missing(sync, client, verify):
    a_synced_vendor(sync, client)
    client.add("C9")
    assert found(verify()) == [("missing", "C9", "")]


def test_what_was_created_after_the_watermark_is_not_compared(sync, client, verify):
    a_synced_vendor(sync, client)
    client.add("C9", created_at=DAY + timedelta(minutes=1))
    result = verify(now=DAY + timedelta(hours=1))
    assert result.is_equal
    assert result.until == DAY


@pytest.mark.parametrize(
    "edit",
    [
        "watermark_at = '9999-01-01', heartbeat_at = null",
        "watermark_at = '9999-01-01', heartbeat_at = '9999-01-01'",
        "watermark_at = utc_timestamp(6), heartbeat_at = utc_timestamp(6)",  # its clock is ahead
    ],
)
def test_a_watermark_ahead_of_our_clock_costs_no_call_more(sync, client, verify, change, edit):
    a_synced_vendor(sync, client)
    calls = verify().calls
    change(f"update sync_state set {edit}")
    assert verify().calls == calls <= 4


def test_an_account_that_was_never_read_misses_everything(client, verify):
    client.add("C1")
    client.add("O1", is_closed=False)
    assert [kind for kind, _, _ in found(verify())] == ["missing", "missing"]


def test_a_status_that_is_not_what_the_row_itself_says_is_a_difference_both_ways(
    sync, client, verify, change
):
    a_synced_vendor(sync, client)
    change("update cloud_osm_list set status = 1 - status where cloud_id in ('C1', 'O1')")
    assert found(verify()) == [
        ("incomplete", "C1", ""),
        ("reopened", "O1", ""),
        ("wrongly complete", "O1", "no run has read its messages"),
    ]


@pytest.mark.parametrize("deep", [False, True])
def test_what_closed_or_was_reopened_since_it_was_read_is_behind_and_no_difference(
    sync, client, verify, deep
):
    a_synced_vendor(sync, client)
    client.change("O1", is_closed=True, vendor_status="9")
    client.change("C1", is_closed=False, vendor_status="1")
    result = verify(deep=deep)
    assert found(result) == [
        ("behind", "C1", "open at the vendor"),
        ("behind", "O1", "closed at the vendor"),
    ]
    assert result.is_equal
    assert not result.damaged


@pytest.mark.parametrize("deep", [False, True])
def test_a_ticket_of_which_only_a_part_is_stored_is_behind_and_no_difference(
    sync, client, verify, warehouse, deep
):
    a_synced_vendor(sync, client)
    client.change("O1", is_closed=True)
    look = Look(client.account, DAY + timedelta(hours=1))
    for ticket in client.tickets.values():
        part = client.messages[ticket.ticket_id][:1]
        warehouse.transact(lambda c, t=ticket, part=part: store_part(c, look, t, part))
    result = verify(deep=deep)
    assert {kind for kind, _, _ in found(result)} == {"behind"}
    assert sorted(item for _, item, _ in found(result)) == ["C1", "C2", "O1"]
    assert not result.damaged
    sync(now=DAY + timedelta(hours=2))
    assert verify(deep=deep).differences == []


class BusyClient(FakeClient):
    """Something happens behind each reading, as often as *then* says."""

    then = ()

    def read_ticket(self, ticket_id, **options):
        answer = super().read_ticket(ticket_id, **options)
        if self.then:
            act, *self.then = self.then
            act()
        return answer


@pytest.fixture
def busy(client):
    return BusyClient(client.account, client.tickets, client.messages)


def test_a_suspicion_that_a_run_settles_meanwhile_is_not_told(sync, client, busy, warehouse):
    a_synced_vendor(sync, client)
    client.add("C9", created_at=DAY - timedelta(days=2))
    busy.then = [lambda: sync(since=DAY - timedelta(days=9))]
    told = reconcile.verify(busy, warehouse, since=DAY - timedelta(days=9), now=DAY)
    assert told.kinds == {}


def test_a_ticket_that_changes_under_every_look_is_behind(sync, client, busy, warehouse, change):
    a_synced_vendor(sync, client)
    change("update cloud_osm_list set status = 1 where cloud_id = 'C1'")
    edit = "update cloud_osm_list set message_count = message_count + 1 where cloud_id = 'C1'"
    busy.then = [lambda: change(edit)] * reconcile.LOOKS
    told = reconcile.verify(busy, warehouse, since=DAY - timedelta(days=9), now=DAY)
    assert found(told) == [("behind", "C1", "it keeps changing")]


def test_messages_newer_than_our_last_reading_are_behind_and_older_ones_missing(
    sync, client, verify
):
    a_synced_vendor(sync, client)
    client.messages["C1"].append(a_message("C1", "M8", created_at=DAY + timedelta(minutes=1)))
    assert found(verify(deep=True)) == [("behind", "C1", "1 new messages")]
    client.messages["C1"].append(a_message("C1", "M9"))
    assert [kind for kind, _, _ in found(verify(deep=True))] == [
        "behind",
        "message missing",
        "wrongly complete",
    ]


def test_a_quarantined_ticket_says_so(sync, client, verify):
    client.add("C1")
    client.errors["C1"] = ContractError("broken", vendor="huawei", action="read")
    with pytest.raises(Exception, match="quarantine"):
        sync()
    assert found(verify()) == [("missing", "C1", "in quarantine, see `status`")]


def test_a_complete_ticket_that_lost_a_message_is_wrongly_complete_and_alone_is_read(
    sync, client, verify, change
):
    a_synced_vendor(sync, client)
    change("delete from cloud_osm_detail where case_id = 'C1' and message_id = 'M1'")
    result = verify()
    assert found(result) == [("wrongly complete", "C1", "2 messages stored, 3 when it was read")]
    assert client.reads == ["C1"]


def test_a_row_that_another_system_marked_complete_is_wrongly_complete(
    sync, client, verify, change
):
    a_synced_vendor(sync, client)
    change("update cloud_osm_list set message_count = null where cloud_id = 'C2'")
    assert found(verify()) == [("wrongly complete", "C2", "no run has read its messages")]


def test_deep_names_messages_missing_altered_and_extra_without_their_texts(
    sync, client, verify, change
):
    a_synced_vendor(sync, client)
    client.messages["C1"][0] = replace(client.messages["C1"][0], content=CANARY)
    client.messages["C1"].append(a_message("C1", "M9", content=CANARY))
    del client.messages["C2"][0]
    assert verify().is_equal
    length = len("text of C1/M0")
    assert sorted(found(verify(deep=True))) == [
        (
            "message differs",
            "C1",
            f"message M0: content ({length} characters stored, {len(CANARY)} at the vendor)",
        ),
        ("message extra", "C2", "message M0"),
        ("message missing", "C1", "message M9"),
        ("wrongly complete", "C1", "1 of 4 messages missing"),
    ]


@pytest.mark.parametrize(
    ("column", "value", "name"),
    [
        ("name", CANARY, "title"),
        ("vendor_status", "99", "vendor_status"),
        ("create_time", 1_600_000_000_000, "created_at"),
        ("product_name", "x", "product_name"),
        ("product_business_id", "x", "category_id"),
        ("osm_id", "x", "source_id"),
    ],
)
def test_deep_names_a_fact_that_somebody_edited(sync, client, verify, change, column, value, name):
    client.add("C1", product_name="ECS", category_id="7", source_id="1", source_name="web")
    sync()
    change(f"update cloud_osm_list set {column} = :value where cloud_id = 'C1'", value=value)
    ((kind, ticket, detail),) = found(verify(deep=True))
    assert (kind, ticket) == ("differs", "C1")
    assert detail.startswith(name)


@pytest.mark.parametrize(
    ("column", "value", "name"),
    [("type", "1", "from_customer"), ("create_time", 5, "created_at"), ("content", "", "content")],
)
def test_deep_names_a_message_that_somebody_edited(
    sync, client, verify, change, column, value, name
):
    a_synced_vendor(sync, client)
    change(f"update cloud_osm_detail set {column} = :value where case_id = 'C2'", value=value)
    ((kind, ticket, detail),) = found(verify(deep=True))
    assert (kind, ticket) == ("message differs", "C2")
    assert detail.startswith(f"message M0: {name}")


def test_what_the_vendor_does_not_say_is_no_difference(sync, client, verify):
    client.add("C1", product_name="ECS", email="a@example.com")
    sync()
    client.change("C1", product_name=None, email=None)
    client.messages["C1"][0] = replace(client.messages["C1"][0], content="")
    assert verify(deep=True).is_equal


@pytest.mark.parametrize(
    ("before", "kind"), [(None, "behind"), (Decimal(2), "differs"), (Decimal(4), None)]
)
def test_what_a_vendor_says_for_the_first_time_is_behind_and_no_difference(
    sync, client, verify, before, kind
):
    client.add("C1", satisfaction=before)
    sync()
    client.change("C1", satisfaction=Decimal("4.00"))
    result = verify(deep=True)
    assert [one for one, _, _ in found(result)] == ([kind] if kind else [])
    assert result.is_equal == (kind != "differs")


def test_the_severity_of_an_open_ticket_moves_without_a_run_reading_it(sync, client, verify):
    client.add("O1", is_closed=False, severity="一般")
    sync()
    client.change("O1", severity="紧急")
    assert found(verify(deep=True)) == []


def test_a_fact_below_a_millisecond_is_no_difference(sync, client, verify):
    client.add("C1", created_at=datetime(2026, 1, 3, 1, 2, 3, 456_789, tzinfo=UTC))
    sync()
    assert verify(deep=True).is_equal


def test_messages_of_open_tickets_are_compared_only_where_they_are_kept(sync, client, verify):
    client.add("O1", is_closed=False, messages=2)
    sync(settings=Settings(open_messages=True))
    client.messages["O1"].append(a_message("O1", "M9"))
    assert verify(deep=True).is_equal
    assert found(verify(deep=True, open_messages=True)) == [("message missing", "O1", "message M9")]


def test_a_ticket_the_vendor_does_not_know_is_told_until_its_row_says_so(
    sync, client, verify, change
):
    a_synced_vendor(sync, client)
    del client.tickets["C2"]
    assert found(verify()) == [("unknown", "C2", "")]
    assert client.reads == ["C2"]
    change("update cloud_osm_list set missing_since = 1 where cloud_id = 'C2'")
    result = verify()
    assert (result.is_equal, result.gone) == (True, 1)


def test_a_ticket_already_known_to_be_gone_costs_no_call(sync, client, verify):
    client.add("O1", is_closed=False)
    sync()
    del client.tickets["O1"]
    sync(now=DAY + timedelta(days=2))
    result = verify()
    assert (result.is_equal, result.gone) == (True, 1)
    assert client.reads == []


def test_a_ticket_that_is_not_listed_but_can_be_read_is_extra(sync, client, verify, change):
    a_synced_vendor(sync, client)
    client.change("C2", created_at=DAY - timedelta(days=500))
    assert found(verify()) == [("extra", "C2", "it is not listed, and can still be read")]


def test_tickets_of_other_accounts_are_left_alone(sync, client, verify):
    a_synced_vendor(sync, client)
    other = FakeClient(account=replace(client.account, account_id="huawei-2"))
    other.add("X1")
    sync(vendor=other)
    result = verify()
    assert (result.is_equal, result.gone, client.reads) == (True, 0, [])


def test_tickets_of_other_times_are_left_alone(sync, client, verify):
    a_synced_vendor(sync, client)
    client.add("C9", created_at=DAY + timedelta(minutes=1))
    sync(now=DAY + timedelta(hours=1), since=DAY)  # a backfill leaves the watermark
    result = verify(since=DAY - timedelta(days=2))
    assert (result.is_equal, result.at_vendor["tickets"], client.reads) == (True, 0, [])


def test_a_ticket_that_another_account_showed_first_is_not_missing(sync, client, verify):
    other = FakeClient(account=replace(client.account, account_id="huawei-2"))
    other.add("C1")
    sync(vendor=other)
    client.add("C1")
    sync()
    assert verify().is_equal


def test_one_unreadable_ticket_does_not_hide_the_others(sync, client, verify):
    a_synced_vendor(sync, client)
    client.errors["C1"] = ContractError("field x is missing", vendor="huawei", action="read")
    del client.messages["C2"][0]
    assert [(kind, item) for kind, item, _ in found(verify(deep=True))] == [
        ("unreadable", "C1"),
        ("message extra", "C2"),
    ]


@pytest.mark.parametrize(
    "error",
    [MovingListError("moving", vendor="huawei"), AuthError("no", vendor="huawei")],
)
def test_a_list_that_cannot_be_read_to_its_end_is_no_comparison(sync, client, verify, error):
    a_synced_vendor(sync, client)
    client.errors["list"] = error
    with pytest.raises(type(error)):
        verify()


def test_all_differences_are_counted_and_the_first_of_each_kind_kept(client, verify):
    for number in range(250):
        client.add(f"T{number:03}")
    result = verify(limit=3)
    assert result.kinds == {"missing": 250}
    assert [d.item for d in result.differences] == ["T000", "T001", "T002"]


def test_progress_is_told_while_reading(sync, client, verify):
    a_synced_vendor(sync, client)
    told = []
    verify(progress=lambda comparison: told.append(comparison.calls))
    assert len(told) >= 4
    assert told == sorted(told)


def test_nothing_is_written(sync, client, verify, rows):
    a_synced_vendor(sync, client)
    client.change("C1", is_closed=False)
    client.messages["C2"].append(a_message("C2", "M9"))
    del client.tickets["O1"]
    tables = ("cloud_osm_list", "cloud_osm_detail", "sync_state", "sync_run")
    before = contents(rows, *tables)
    assert not verify(deep=True).is_equal
    assert contents(rows, *tables) == before


def test_the_catalogue_is_compared_by_keys(warehouse, client):
    client.products = [a_product("P1"), a_product("P2")]
    client.categories = [a_category("C1", "P1"), a_category("C1", "P2")]
    catalog.refresh(client, warehouse, now=DAY, request=Request("test"))
    result = reconcile.verify_catalog(client, warehouse)
    assert result.is_equal
    assert result.at_vendor == {"products": 2, "categories": 1, "pairs": 2, "sources": 0}
    client.products.append(a_product("P3"))
    client.categories = [a_category("C1", "P1"), a_category("C2", "P1")]
    assert sorted(found(reconcile.verify_catalog(client, warehouse))) == [
        ("extra", "pairs P2/C1", "run `refresh`"),
        ("missing", "categories C2", "run `refresh`"),
        ("missing", "pairs P1/C2", "run `refresh`"),
        ("missing", "products P3", "run `refresh`"),
    ]


def test_an_opening_text_that_the_vendor_ceased_to_show_is_no_difference(sync, client, verify):
    """The client then makes a message of it, and we hold the vendor's own."""
    client.add("C1", messages=2)
    sync()
    shown = client.messages["C1"]
    client.messages["C1"] = [replace(shown[0], message_id="description"), shown[1]]
    assert verify(deep=True).is_equal
    client.messages["C1"][0] = replace(shown[0], message_id="description", content="another")
    assert [kind for kind, _, _ in found(verify(deep=True))] == [
        "message missing",
        "wrongly complete",
        "message extra",
    ]
