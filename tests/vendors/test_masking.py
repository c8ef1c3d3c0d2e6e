"""A client that masks: texts of tickets come masked, all else as the client gives it."""

from __future__ import annotations

import pytest

from include.errors import AuthError
from include.models import Product, SyncWindow
from include.settings import Settings
from include.vendors.masking import MaskingClient
from include.vendors.registry import open_client
from tests.builders import DAY, a_message, a_ticket, an_account
from tests.fakes import FakeClient

TEXT, MASKED = "打 13800138000", "打 [mobile]"
HISTORY = SyncWindow(DAY.replace(year=2000), DAY.replace(year=2100))


class Talking(FakeClient):
    """A client whose conversation comes in parts."""

    def read_ticket(self, ticket_id, *, open_messages=False, store_part=None):
        ticket, part = a_ticket(ticket_id, title=TEXT), [a_message(ticket_id, content=TEXT)]
        if store_part:
            store_part(ticket, part)
        return ticket, part if open_messages else None


@pytest.mark.parametrize("wanted", [True, False])
def test_title_and_messages_come_masked_and_none_stays_none(wanted):
    ticket, messages = MaskingClient(Talking()).read_ticket("T1", open_messages=wanted)
    assert ticket == a_ticket("T1", title=MASKED)
    assert messages == ([a_message("T1", content=MASKED)] if wanted else None)


def test_what_a_customer_wrote_to_a_rating_comes_masked():
    client = FakeClient()
    client.add("T1", satisfaction_text=TEXT)
    shown = MaskingClient(client).glance("T1").ticket
    assert shown == a_ticket("T1", satisfaction_text=MASKED)


def test_parts_of_a_conversation_come_masked_too():
    kept = []
    MaskingClient(Talking()).read_ticket(
        "T1", store_part=lambda ticket, part: kept.append((ticket, part))
    )
    assert kept == [(a_ticket("T1", title=MASKED), [a_message("T1", content=MASKED)])]


def test_a_ticket_whose_messages_are_refused_is_masked():
    class Refused(FakeClient):
        def read_ticket(self, ticket_id, **options):
            error = AuthError("no right")
            error.ticket = a_ticket(title=TEXT)
            raise error

    with pytest.raises(AuthError) as caught:
        MaskingClient(Refused()).read_ticket("T1")
    assert caught.value.ticket == a_ticket(title=MASKED)


def test_all_else_is_the_clients():
    client = FakeClient(products=[Product("P", "name")], calls=7, clock_skew=1.5)
    client.add("T1")
    masking = MaskingClient(client)
    assert (masking.account, masking.calls) == (client.account, 7)
    assert (masking.clock_skew, masking.max_window) == (1.5, client.max_window)
    assert list(masking.list_tickets(HISTORY)) == list(client.list_tickets(HISTORY))
    assert list(masking.list_products()) == list(client.list_products()) != []
    assert list(masking.list_categories()) == list(client.list_categories())
    assert list(masking.list_sources()) == list(client.list_sources())


@pytest.mark.parametrize("mode", ["write", "views", "keep"])
def test_only_where_texts_are_masked_when_written_a_client_masks(mode):
    client = open_client(an_account("huawei"), Settings(redact_texts=mode))
    assert isinstance(client, MaskingClient) == (mode == "write")
    client.close()
