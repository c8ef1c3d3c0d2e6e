"""What reading gives back, and when it gives up: a fake vendor, no database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.errors import AuthError, ContractError, NotFoundError, RateLimitError, UnavailableError
from include.models import MESSAGE_WEIGHT
from include.pipelines.tickets import reading as reading_module
from include.pipelines.tickets.reading import Failed, Gone, Read, TicketReader
from tests.builders import DAY, a_ticket
from tests.fakes import FakeClient
from tests.faults.kit.own_server import until


def now():
    return DAY


@pytest.fixture
def reading(client):
    return TicketReader(client, 1, False, lambda ticket, part: None, lambda: None, now)


def outcomes(reading, ids, **how):
    return {
        outcome.ticket.ticket_id if isinstance(outcome, Read) else outcome.ticket_id: outcome
        for outcome in reading.read(ids, **how)
    }


def test_every_id_has_an_outcome(reading, client):
    client.add("T1")
    client.add("T2", is_closed=False)
    client.errors["T3"] = ContractError("drifted")
    found = outcomes(reading, ["T3", "T2", "T1"])
    assert found == {
        "T1": Read(replace(client.tickets["T1"], read_at=DAY), client.messages["T1"], 2),
        "T2": Read(replace(client.tickets["T2"], read_at=DAY), None),
        "T3": Failed("T3", client.errors["T3"]),
    }


def test_an_unknown_ticket_is_a_failure_when_it_was_just_listed_else_a_fact(reading, client):
    client.errors["T1"] = NotFoundError("no such ticket")
    assert outcomes(reading, ["T1"]) == {"T1": Failed("T1", client.errors["T1"])}
    assert outcomes(reading, ["T1"], was_listed=False) == {"T1": Gone("T1")}


def test_a_ticket_whose_messages_are_refused_is_read_all_the_same(reading, client):
    refusal = AuthError("no right to messages")
    refusal.ticket = a_ticket("T1")
    client.errors["T1"] = refusal
    assert outcomes(reading, ["T1"]) == {"T1": Read(refusal.ticket, None, messages_refused=refusal)}


def test_a_conversation_too_heavy_to_wait_is_stored_by_who_read_it(client, monkeypatch):
    parts = []
    monkeypatch.setattr(reading_module, "HELD_WEIGHT", 2 * MESSAGE_WEIGHT + 100)
    reading = TicketReader(client, 1, False, lambda *part: parts.append(part), lambda: None, now)
    client.add("T1", messages=3)
    client.add("T2", messages=2)
    found = outcomes(reading, ["T1", "T2"])
    ticket = replace(client.tickets["T1"], read_at=DAY)
    assert found["T1"] == Read(ticket, [], 3)
    assert parts == [(ticket, client.messages["T1"])]
    assert len(found["T2"].messages) == found["T2"].shown == 2


class Moving(FakeClient):
    """Hands over its first part twice, and begins the last one with a message of it."""

    def read_ticket(self, ticket_id, *, open_messages=False, store_part=None):
        ticket, messages = super().read_ticket(ticket_id, open_messages=open_messages)
        assert messages is not None
        store_part(ticket, messages[:3])
        store_part(ticket, messages[:3])
        return ticket, messages[2:]


def test_a_message_that_comes_in_several_parts_is_counted_once(reading):
    client = Moving()
    client.add("T1", messages=5)
    (read,) = replace(reading, client=client).read(["T1"])
    assert (read.shown, len(read.messages)) == (5, 3)


@pytest.mark.parametrize("error", [AuthError("wrong key"), UnavailableError("away")])
def test_the_third_failure_in_a_row_ends_the_reading(reading, client, error):
    ids = [f"T{number}" for number in range(6)]
    client.errors = dict.fromkeys(ids, error)
    seen = []
    with pytest.raises(type(error)):
        seen.extend(reading.read(ids))
    assert len(seen) == 2


def test_a_broken_ticket_is_no_sign_that_the_vendor_is_away(reading, client):
    for ticket_id in ("T1", "T2", "T3", "T4"):
        client.errors[ticket_id] = ContractError("drifted")
    assert len(outcomes(reading, ["T1", "T2", "T3", "T4"])) == 4


def test_a_rate_limit_ends_the_reading_at_once(reading, client):
    client.errors["T1"] = RateLimitError("too many calls")
    with pytest.raises(RateLimitError):
        outcomes(reading, ["T1", "T2"])


def test_nothing_is_read_before_somebody_asks(reading, client):
    client.add("T1")
    unasked = reading.read(["T1"])
    assert client.reads == []
    unasked.close()


@pytest.mark.parametrize(("messages", "ahead"), [(1, reading_module.AHEAD), (900, 4)])
def test_the_heavier_conversations_are_the_fewer_are_asked_for_ahead(client, messages, ahead):
    """Whoever takes them may store them slowly, and they all wait in memory until then."""
    for number in range(ahead + 50):
        client.add(f"T{number}", messages=messages)
    reading = TicketReader(client, 2, False, lambda *part: None, lambda: None, now)
    for taken, _ in enumerate(reading.read(client.tickets), 1):
        until(lambda n=taken: n != 20 or len(client.reads) == n + ahead - 1)
        assert len(client.reads) < taken + ahead
