"""An opening text is stored once, whatever the vendor shows of it and when."""

from __future__ import annotations

from contextlib import closing

import pytest

from include.models import opening_ids
from include.vendors.registry import VENDORS, open_client
from tests.builders import a_message, a_ticket

TEXT = "it does not start\nplease help"
OPENINGS = sorted(opening_ids("T1"))


def opening(message_id=OPENINGS[1], content=TEXT, **changes):
    return a_message(message_id=message_id, content=content, **changes)


def ids(rows):
    return [name for (name,) in rows("select message_id from cloud_osm_detail order by message_id")]


@pytest.mark.parametrize("made", OPENINGS)
@pytest.mark.parametrize("theirs", [TEXT, f"  {TEXT} \n\n"])
@pytest.mark.parametrize("first", ["made", "shown"])
def test_it_is_once_whether_the_vendor_begins_or_ceases_to_show_it(
    store, rows, made, theirs, first
):
    answers = [[opening(made), a_message(message_id="M2")]]
    answers.insert(first == "made", [opening("M1", theirs), a_message(message_id="M2")])
    for messages in [*answers, *answers]:
        store((a_ticket(), messages))
        if messages is not answers[0] or first == "shown":
            assert ids(rows) == ["M1", "M2"]
            assert rows("select message_count from cloud_osm_list") == [(2,)]


@pytest.mark.parametrize(
    "other",
    [
        opening("M1", from_customer=False),
        opening("M1", TEXT + "!"),
        opening("M1", ticket_id="T2"),
        opening("M1", TEXT.upper()),
    ],
    ids=["of support", "another text", "of another ticket", "in capitals"],
)
def test_another_message_does_not_stand_for_it(store, rows, other):
    store((a_ticket(), [opening()]), (a_ticket("T2"), []))
    store((a_ticket(other.ticket_id), [other]))
    assert sorted(ids(rows)) == sorted(["M1", OPENINGS[1]])


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_real_conversation_keeps_its_number_of_messages(sandbox, store, rows, vendor):
    """The vendor shows its first message, ceases to, and begins again."""
    ticket_id = sandbox.store.add_ticket(vendor, title="T", messages=["T：问题描述", "answer"])
    sandbox.store.close(ticket_id)
    case = sandbox.store.ticket(ticket_id)
    case.description = case.talks[0].content
    with closing(open_client(sandbox.account(vendor), sandbox.settings())) as client:
        held = list[list[str]]()
        for talks in (case.talks[:], case.talks[1:], case.talks[:]):
            case.talks[:] = talks
            store(client.read_ticket(ticket_id), account=client.account)
            held.append(ids(rows))
        assert held[0] == held[1] == held[2]
        assert len(held[0]) == 2
