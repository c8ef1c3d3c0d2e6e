"""The data: the same for the same seed, and true after every change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.sandbox.vendors import seed
from include.sandbox.vendors.store import Store, UnknownTicketError


def everything(store: Store) -> list[tuple[str, str, str]]:
    return [
        (repr(store.tenants[vendor]), store.tenants[vendor][index].secret_key, repr(case))
        for vendor in store.tenants
        for index in range(len(store.tenants[vendor]))
        for case in store.tickets(vendor, index)
    ]


def test_one_seed_gives_equal_data():
    assert everything(Store(7, 2, 60)) == everything(Store(7, 2, 60))


def test_another_seed_gives_other_data():
    assert everything(Store(7, 1, 60)) != everything(Store(8, 1, 60))


def test_the_default_sandbox_holds_twelve_thousand_messages():
    truth = Store().truth()
    counts = [account["counts"] for vendor in truth.values() for account in vendor["accounts"]]
    assert sum(count["tickets"] for count in counts) == 2_400
    assert sum(count["stored_messages"] for count in counts) == 12_000
    assert all(0.78 <= count["closed"] / count["tickets"] <= 0.82 for count in counts)


def test_a_small_sandbox_is_possible():
    for tickets in (0, 1, 2, 3, 19, 49, 50):
        truth = Store(1, 1, tickets).truth()
        assert truth["huawei"]["accounts"][0]["counts"]["tickets"] == tickets


def test_tickets_were_created_in_the_first_half_of_2026_in_whole_seconds():
    for vendor, tenants in (store := Store(3, 1, 100)).tenants.items():
        moments = [case.created_at for case in store.tickets(vendor, tenants[0].index)]
        assert moments == sorted(moments)
        assert seed.BEGIN <= moments[0] <= moments[-1] < seed.END
        assert not any(moment.microsecond for moment in moments)


def test_no_two_tickets_share_an_id():
    truth = Store(7, 3, 100).truth()
    ids = [
        ticket_id
        for vendor in truth.values()
        for account in vendor["accounts"]
        for ticket_id in account["messages"]
    ]
    assert len(set(ids)) == len(ids) == 900


@pytest.mark.parametrize("vendor", ["alibaba", "huawei", "tencent"])
def test_data_that_hurts_is_there(vendor):
    cases = Store(7, 1, 60).tickets(vendor, 0)
    talks = [talk for case in cases for talk in case.talks]
    assert any(ord(char) > 0xFFFF for case in cases for char in case.title)
    assert max(len(case.talks) for case in cases) >= 150
    assert any(len(talk.content.encode()) > 100_000 for talk in talks)
    assert any("<p>" in talk.content for talk in talks)
    assert any(case.state == "unknown" for case in cases)
    moments = [case.created_at for case in cases]
    assert max(moments.count(moment) for moment in moments) == 5
    if vendor == "huawei":
        assert any(case.description == "" for case in cases)
        assert any(talk.third_party for talk in talks)
    else:
        assert sum(not case.talks for case in cases) == 2
    if vendor == "alibaba":
        assert any(talk.card for talk in talks)
    if vendor == "tencent":
        same = [
            (case.ticket_id, talk.created_at, talk.from_customer, talk.content)
            for case in cases
            for talk in case.talks
        ]
        assert len(set(same)) < len(same)


def test_truth_counts_the_description_once():
    store = Store(7, 1, 0)
    alone = store.add_ticket("alibaba", messages=0)
    apart = store.add_ticket("alibaba", messages=["other", "text"])
    repeated = store.add_ticket("alibaba", title="T", messages=["T：问题描述", "thanks"])
    support = store.add_ticket("alibaba", title="U", messages=["hello", "U：问题描述"])
    first = store.add_ticket("huawei", messages=2)
    truth = store.truth()
    stored = truth["alibaba"]["accounts"][0]["stored_messages"]
    assert stored == {alone: 1, apart: 3, repeated: 2, support: 3}
    assert truth["huawei"]["accounts"][0]["stored_messages"] == {first: 2}


def test_a_ticket_lives_and_dies():
    store = Store(7, 1, 5)
    ticket_id = store.add_ticket("tencent", messages=1)
    number = store.add_message(ticket_id, "more", from_customer=False)
    store.edit_message(ticket_id, number, "other")
    store.close(ticket_id)
    account = store.truth()["tencent"]["accounts"][0]
    assert ticket_id in account["tickets"]["closed"]
    assert [talk.content for talk in store.ticket(ticket_id).talks][-1] == "other"
    store.reopen(ticket_id)
    assert ticket_id in store.truth()["tencent"]["accounts"][0]["tickets"]["open"]
    store.delete(ticket_id)
    with pytest.raises(UnknownTicketError, match=ticket_id):
        store.add_message(ticket_id)
    assert store.truth()["tencent"]["accounts"][0]["counts"]["tickets"] == 5


def test_the_clock_dates_what_is_new():
    store = Store(7, 1, 0)
    store.set_clock(datetime(2026, 8, 1, 12, tzinfo=UTC))
    store.advance(timedelta(days=2))
    case = store.ticket(store.add_ticket("huawei"))
    assert abs(case.created_at - datetime(2026, 8, 3, 12, tzinfo=UTC)) < timedelta(seconds=5)


def test_a_window_includes_both_ends():
    store = Store(7, 1, 60)
    middle = store.tickets("alibaba", 0)[11].created_at
    assert len(store.tickets("alibaba", 0, middle, middle)) == 5
    assert not store.tickets("alibaba", 0, seed.END, None)


def test_nonsense_is_refused():
    store = Store(7, 1, 1)
    with pytest.raises(UnknownTicketError):
        store.add_ticket("alibaba", 5)
    with pytest.raises(ValueError, match="state 'shut'"):
        store.add_ticket("alibaba", state="shut")
    with pytest.raises(UnknownTicketError):
        store.ticket(store.add_ticket("huawei"), vendor="tencent")
