"""What every client must do, against a sandbox that verifies signatures."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    MovingListError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    UncountedListError,
)
from include.models import SyncWindow, opening_ids
from include.sandbox.vendors.server import Sandbox
from include.sandbox.vendors.traits import traits_of
from include.settings import Settings
from include.vendors.registry import VENDORS, open_client, utcnow

HISTORY = SyncWindow(datetime(2025, 12, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
TEXTS = [
    "第一条 🙂 𠮷 👨‍👩‍👧",
    "if a < b && {{ x }} %s \\ ' \" &amp; &lt;p&gt;",
    "tabs\tand\nlines\r\nand e\u0301 \u202eright to left\u202c",
    " blanks at both ends ",
    "null",
    "x" * 100_000,
]


@pytest.fixture(params=VENDORS)
def vendor(request):
    return request.param


@pytest.fixture(scope="module")
def shared():
    """A sandbox that no test changes."""
    with Sandbox(seed=7, accounts=2, tickets=30) as sandbox:
        yield sandbox


@pytest.fixture
def large():
    """A sandbox with lists of several pages."""
    with Sandbox(seed=7, accounts=1, tickets=130) as sandbox:
        yield sandbox


@pytest.fixture
def opened(clock):
    """Opens clients and closes them. Nothing waits: sleeping only moves the test's clock."""
    clients = []

    def open_one(sandbox, name, *, index=0, settings=None, now=utcnow, **changed):
        account = dataclasses.replace(sandbox.account(name, index), **changed)
        settings = settings or sandbox.settings()
        clients.append(open_client(account, settings, now=now, sleep=clock.sleep))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()


def truth(sandbox, vendor, index=0):
    return sandbox.store.truth()[vendor]["accounts"][index]


def listed(client, window=HISTORY, **how):
    """Every reference, doubles included."""
    return [
        ref
        for part in window.split(client.max_window)
        for page in client.list_tickets(part, **how)
        for ref in page
    ]


def flat(pages):
    return [item for page in pages for item in page]


def client_refs(client):
    """Every reference of one long window, so that there are several pages."""
    return flat(client.list_tickets(HISTORY))


def assert_no_retry_storm(client, sandbox):
    """One call an action: Huawei also asks who it is."""
    actions = [seen.action for seen in sandbox.calls]
    assert client.calls == len(actions) == len(set(actions)) <= 2


@pytest.mark.parametrize("index", [0, 1])
def test_every_ticket_is_found_once_with_its_state(shared, opened, vendor, index):
    refs = listed(opened(shared, vendor, index=index))
    tickets = truth(shared, vendor, index)["tickets"]
    assert len(refs) == len(tickets["open"]) + len(tickets["closed"]) > 20
    assert {ref.ticket_id for ref in refs if ref.is_closed} == set(tickets["closed"])
    assert {ref.ticket_id for ref in refs if not ref.is_closed} == set(tickets["open"])


@pytest.mark.parametrize("only_open", [False, True])
def test_a_list_tells_the_state_in_the_words_of_the_ticket(shared, opened, vendor, only_open):
    client = opened(shared, vendor)
    refs = {ref.ticket_id: ref.vendor_status for ref in listed(client, only_open=only_open)}
    assert len(refs) > 3
    assert refs == {id_: client.read_ticket(id_)[0].vendor_status for id_ in refs}
    assert all(refs.values())


@pytest.mark.parametrize("rich", [False, True])
def test_a_time_of_closing_is_the_vendors_own_or_none(sandbox, opened, vendor, rich):
    if rich:
        sandbox.faults.add("tencent_rich", vendor="tencent")
    client, tickets = opened(sandbox, vendor), truth(sandbox, vendor)["tickets"]
    for ticket_id in tickets["closed"] + tickets["open"]:
        closed_at = client.read_ticket(ticket_id)[0].closed_at
        assert closed_at in (None, sandbox.store.ticket(ticket_id).closed_at)


def test_a_glance_costs_one_call_and_shows_the_messages_of_a_reading(shared, opened, vendor):
    client = opened(shared, vendor)
    for ticket_id in truth(shared, vendor)["tickets"]["closed"]:
        ticket, messages = client.read_ticket(ticket_id)
        before = client.calls
        shown = client.glance(ticket_id)
        assert client.calls == before + 1
        whole = client.glance(ticket_id, with_ticket=True)
        assert {m.message_id for m in whole.messages} >= {m.message_id for m in shown.messages}
        told = dataclasses.replace(ticket, closed_at=None, product_name=whole.ticket.product_name)
        assert whole.ticket == told
        openings = opening_ids(ticket_id)
        by_id = {m.message_id: m for m in messages if m.message_id not in openings}
        first = {m.message_id: m for m in shown.messages if m.message_id not in openings}
        assert first.items() <= by_id.items()
        assert shown.is_whole is (len(by_id) < 20) if vendor == "tencent" else shown.is_whole
        if shown.is_whole:
            assert first == by_id
            assert whole.messages == messages  # an opening text too


def test_what_a_vendor_tells_besides_is_told_as_it_is_and_else_none(shared, opened, vendor):
    client = opened(shared, vendor)
    traits, told = traits_of(vendor), set()
    for ticket_id in itertools.chain(*truth(shared, vendor)["tickets"].values()):
        ticket, case = client.read_ticket(ticket_id)[0], shared.store.ticket(ticket_id)
        rating = sum(case.ratings) / 2 if case.ratings else None
        assert (ticket.severity, ticket.satisfaction) == (traits.severities[case.urgent], rating)
        told |= {(ticket.severity, rating is not None)}
    assert {severity for severity, _ in told} == set(traits.severities)
    assert {is_rated for _, is_rated in told} == {False, traits.shows_ratings}


def test_a_rating_that_comes_after_the_closing_shows_in_a_glance(sandbox, opened):
    client = opened(sandbox, "huawei")
    ticket_id = sandbox.store.add_ticket("huawei", state="closed")
    assert client.read_ticket(ticket_id)[0].satisfaction is None
    sandbox.store.rate(ticket_id, 5, 4, judgement="不错")
    ticket = client.glance(ticket_id).ticket
    assert (ticket.satisfaction, ticket.satisfaction_text) == (Decimal("4.5"), "不错")


def test_a_mark_that_a_list_shows_differs_when_the_ticket_closes_again(sandbox, opened, vendor):
    sandbox.faults.add("tencent_rich", vendor="tencent")
    ticket_id, client = sandbox.store.add_ticket(vendor, state="closed"), opened(sandbox, vendor)
    marks = []
    for _ in range(2):
        marks += [ref.change_mark for ref in listed(client) if ref.ticket_id == ticket_id]
        sandbox.store.advance(timedelta(hours=1))
        sandbox.store.reopen(ticket_id)
        sandbox.store.close(ticket_id)
    assert marks == [None, None] or len(set(marks)) == 2


def test_tickets_on_the_border_of_two_windows_are_in_the_second(sandbox, opened, vendor):
    border = datetime(2026, 3, 3, 12, 30, 15, tzinfo=UTC)
    on_it = {sandbox.store.add_ticket(vendor, created_at=border) for _ in range(5)}
    client, day = opened(sandbox, vendor), timedelta(days=1)
    before = listed(client, SyncWindow(border - day, border - timedelta(seconds=1)))
    after = listed(client, SyncWindow(border, border + day))
    assert on_it.isdisjoint(ref.ticket_id for ref in before)
    assert sorted(ref.ticket_id for ref in after if ref.ticket_id in on_it) == sorted(on_it)


def test_an_empty_window_holds_nothing(sandbox, opened, vendor):
    moment = datetime(2026, 3, 3, 12, 30, 15, tzinfo=UTC)
    sandbox.store.add_ticket(vendor, created_at=moment)
    assert listed(opened(sandbox, vendor), SyncWindow(moment, moment)) == []


def test_tickets_that_appear_while_paging_hide_none(large, opened, vendor):
    known = truth(large, vendor)["tickets"]
    large.faults.add("insert_while_paging", vendor=vendor, page=1, rows=3)
    found = client_refs(opened(large, vendor))
    assert {ref.ticket_id for ref in found} >= {*known["open"], *known["closed"]}


@pytest.mark.parametrize("page", [1, 2])
def test_a_ticket_that_leaves_while_paging_hides_none(large, opened, vendor, page):
    large.faults.add("vanish_while_paging", vendor=vendor, page=page)
    found = client_refs(opened(large, vendor))
    left = truth(large, vendor)["tickets"]
    assert len(left["open"]) + len(left["closed"]) == 129
    assert {ref.ticket_id for ref in found} >= {*left["open"], *left["closed"]}


def test_only_open_shows_what_is_open_and_nothing_else(sandbox, opened, vendor):
    tickets = truth(sandbox, vendor)["tickets"]
    sandbox.store.close(tickets["open"][0])
    sandbox.store.reopen(tickets["closed"][0])
    tickets = truth(sandbox, vendor)["tickets"]
    # A status that nobody has listed cannot be asked for; it is found as "not closed" otherwise.
    known = {id_ for id_ in tickets["open"] if sandbox.store.ticket(id_).state != "unknown"}
    refs = listed(opened(sandbox, vendor), only_open=True)
    assert {ref.ticket_id for ref in refs} >= known
    assert {ref.ticket_id for ref in refs} <= set(tickets["open"])
    assert not any(ref.is_closed for ref in refs)


def test_a_status_nobody_has_listed_is_open_and_logged_once(sandbox, opened, vendor, caplog):
    ids = [sandbox.store.add_ticket(vendor, state="unknown") for _ in range(3)]
    client = opened(sandbox, vendor)
    with caplog.at_level(logging.WARNING):
        refs = {ref.ticket_id: ref for ref in listed(client)}
        ticket, messages = client.read_ticket(ids[0])
    assert not any(refs[id_].is_closed for id_ in ids)
    assert not ticket.is_closed
    assert ticket.vendor_status
    assert messages is None
    assert len([one for one in caplog.records if "unknown status" in one.getMessage()]) == 1


def test_a_ticket_is_read_with_what_the_vendor_says(sandbox, opened, vendor):
    moment = datetime(2026, 3, 3, 12, 30, 15, tzinfo=UTC)
    ticket_id = sandbox.store.add_ticket(vendor, title="标题 🙂", created_at=moment)
    client = opened(sandbox, vendor)
    ticket, messages = client.read_ticket(ticket_id)
    assert messages is None
    assert (ticket.vendor, ticket.ticket_id, ticket.title) == (vendor, ticket_id, "标题 🙂")
    assert ticket.account_id == client.account.account_id
    assert ticket.created_at == moment
    assert ticket.created_at.tzinfo is UTC
    assert not ticket.is_closed


def test_a_closed_ticket_is_read_with_every_message(shared, opened, vendor):
    client, known = opened(shared, vendor), truth(shared, vendor)
    for ticket_id in known["tickets"]["closed"]:
        ticket, messages = client.read_ticket(ticket_id)
        assert ticket.is_closed
        assert len({one.message_id for one in messages}) == len(messages)
        assert len(messages) == known["stored_messages"][ticket_id]
        assert {one.ticket_id for one in messages} <= {ticket_id}


@pytest.mark.parametrize("closed", [False, True])
def test_messages_come_in_order_and_untouched(sandbox, opened, vendor, closed):
    ticket_id = sandbox.store.add_ticket(vendor, title="标题 🙂", messages=TEXTS)
    if closed:
        sandbox.store.close(ticket_id)
    case = sandbox.store.ticket(ticket_id)
    ticket, messages = opened(sandbox, vendor).read_ticket(ticket_id, open_messages=not closed)
    expected = [(talk.from_customer, talk.content, talk.created_at) for talk in case.talks]
    if case.description not in TEXTS and traits_of(vendor).has_titles:
        expected.insert(0, (True, case.description, case.created_at))
    assert [(one.from_customer, one.content, one.created_at) for one in messages] == expected
    assert ticket.is_closed is closed


def test_reading_twice_gives_the_same(sandbox, opened, vendor):
    ticket_id = sandbox.store.add_ticket(vendor, messages=["same", "other", "same", "other"])
    client = opened(sandbox, vendor)
    first = client.read_ticket(ticket_id, open_messages=True)
    assert client.read_ticket(ticket_id, open_messages=True) == first
    assert len({one.message_id for one in first[1]}) == len(first[1])


def test_a_message_written_before_the_ticket_closed_is_there(sandbox, opened, vendor):
    """The state is read first: closed means that nothing is missing."""
    ticket_id = sandbox.store.add_ticket(vendor)
    sandbox.faults.add("speak_while_reading", vendor=vendor, ticket=ticket_id, close=True)
    client = opened(sandbox, vendor)
    ticket, messages = client.read_ticket(ticket_id)
    assert (ticket.is_closed, messages) == (False, None)
    ticket, messages = client.read_ticket(ticket_id)
    assert ticket.is_closed
    assert any("新留言" in one.content for one in messages)


def test_a_ticket_that_has_gone_is_not_found(sandbox, opened, vendor):
    ticket_id = sandbox.store.add_ticket(vendor)
    sandbox.store.delete(ticket_id)
    client = opened(sandbox, vendor)
    with pytest.raises(NotFoundError) as caught:
        client.read_ticket(ticket_id)
    assert caught.value.vendor == vendor
    assert caught.value.action
    assert caught.value.request_id in str(caught.value) != ""


def test_another_accounts_ticket_is_not_found(shared, opened, vendor):
    theirs = truth(shared, vendor, 1)["tickets"]["closed"][0]
    with pytest.raises(NotFoundError):
        opened(shared, vendor).read_ticket(theirs)


def test_the_catalogue_is_complete(shared, opened, vendor):
    client, known = opened(shared, vendor), shared.store.truth()[vendor]
    products = flat(client.list_products())
    pairs = [(one.product_id, one.category_id) for one in flat(client.list_categories())]
    assert sorted(one.product_id for one in products) == known["products"]["ids"]
    assert len(set(pairs)) == len(pairs) == known["product_categories"]
    assert {category for _, category in pairs} == set(known["categories"]["ids"])
    assert {product for product, _ in pairs} <= set(known["products"]["ids"])
    assert all(one.name for one in products)


def test_sources_are_listed_as_far_as_they_are_known_beforehand(shared, opened, vendor):
    client, known = opened(shared, vendor), shared.store.truth()[vendor]["sources"]
    sources = flat(client.list_sources())
    assert sorted(one.source_id for one in sources) == known["ids"]
    assert {one.name for one in sources} <= set(known["names"])


def test_a_wrong_secret_is_the_owners_business_at_once(sandbox, opened, vendor):
    client = opened(sandbox, vendor, secret_key="wrong-but-long-enough")
    with pytest.raises(AuthError) as caught:
        listed(client)
    assert "wrong-but-long-enough" not in str(caught.value)
    assert_no_retry_storm(client, sandbox)


def test_an_unknown_key_is_the_owners_business_at_once(sandbox, opened, vendor):
    client = opened(sandbox, vendor, access_key="NOBODYKNOWSTHIS00001")
    with pytest.raises(AuthError):
        listed(client)
    assert_no_retry_storm(client, sandbox)


@pytest.mark.parametrize(("seconds", "side"), [(7200, "behind"), (-7200, "ahead of")])
def test_a_wrong_clock_is_named_at_once(sandbox, opened, vendor, seconds, side):
    sandbox.faults.add("clock_skew", vendor=vendor, seconds=seconds)
    client = opened(sandbox, vendor)
    with pytest.raises(AuthError, match=f"clock is (7199|7200|7201) s {side} the vendor's"):
        listed(client)
    assert_no_retry_storm(client, sandbox)


def test_every_attempt_is_signed_anew(large, opened, vendor):
    """Two of the vendors know no nonce, only seconds: here each signature has one of its own."""
    large.faults.add("repeat_refused", vendor=vendor)
    large.faults.add("throttle", vendor=vendor, times=2)
    large.faults.add("server_error", vendor=vendor, attempt=4)
    seconds = itertools.count()
    client = opened(large, vendor, now=lambda: utcnow() + timedelta(seconds=next(seconds)))
    assert len({ref.ticket_id for ref in client_refs(client)}) == 130
    flat(client.list_products())
    signatures = [seen.signature for seen in large.calls]
    # A call that a test before gave up may come in late: it is another client's.
    assert len(set(signatures)) == len(signatures) >= client.calls > 4


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "throttle"},
        {"name": "throttle", "hint": 7, "times": 4},
        {"name": "throttle", "status": 429, "hint": 7},
        {"name": "server_error", "status": 500},
        {"name": "server_error", "status": 502, "body": "html", "times": 4},
        {"name": "server_error", "status": 504, "body": "empty"},
        {"name": "html_200"},
        {"name": "empty_body"},
        {"name": "not_an_object"},
        {"name": "cut_json"},
        {"name": "early_end"},
        {"name": "reset"},
        {"name": "reset", "before": True},
        {"name": "close_quietly"},
        {"name": "wrong_charset", "bom": True},
        {"name": "wrong_charset", "declared": True},
        {"name": "short_page"},
    ],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
def test_a_fault_that_passes_leaves_no_trace(sandbox, opened, clock, vendor, fault):
    sandbox.faults.add(**fault, vendor=vendor)
    begun, tickets = clock.now(), truth(sandbox, vendor)["tickets"]
    found = {ref.ticket_id for ref in client_refs(opened(sandbox, vendor))}
    assert found == {*tickets["open"], *tickets["closed"]}
    assert sandbox.faults.list()[0]["hits"] == fault.get("times", 1)
    if "hint" in fault:
        assert clock.now() - begun >= timedelta(seconds=7 * fault.get("times", 1))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"name": "throttle"}, RateLimitError),
        ({"name": "server_error"}, UnavailableError),
        ({"name": "cut_json"}, ContractError),
        ({"name": "html_200"}, ContractError),
        ({"name": "redirect"}, ContractError),
        ({"name": "null_list"}, ContractError),
        ({"name": "null_list", "total": 5}, ContractError),
        ({"name": "missing_list"}, ContractError),
        ({"name": "wrong_total", "drop": True}, UncountedListError),
        ({"name": "wrong_total", "total": -1}, UncountedListError),
        ({"name": "wrong_total", "total": None}, UncountedListError),
        ({"name": "wrong_total", "total": 10_000}, UnavailableError),
        ({"name": "error_object", "code": "Never.Heard.Of"}, RejectedError),
        ({"name": "wrong_charset"}, ContractError),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_fault_that_stays_is_never_an_empty_list(sandbox, opened, vendor, fault, error):
    sandbox.faults.add(**fault, vendor=vendor, times=None)
    with pytest.raises(error):
        client_refs(opened(sandbox, vendor))


@pytest.mark.parametrize("total", [10**12, -1, None, "many"])
def test_an_absurd_total_keeps_out_no_ticket_and_is_told_after_them(large, opened, vendor, total):
    large.faults.add("wrong_total", vendor=vendor, total=total, times=None)
    tickets, seen = truth(large, vendor)["tickets"], set[str]()
    client = opened(large, vendor)
    with pytest.raises((UncountedListError, MovingListError)):
        seen.update(ref.ticket_id for page in client.list_tickets(HISTORY) for ref in page)
    assert seen == {*tickets["open"], *tickets["closed"]}
    assert client.calls < 40


def test_two_tickets_whose_ids_differ_by_a_blank_are_two_and_the_unclear_one_is_named(
    sandbox, opened, vendor
):
    ticket_id = sandbox.store.add_ticket(vendor, state="closed")
    sandbox.store.add_ticket(vendor, state="closed", ticket_id=f"{ticket_id} ")
    client = opened(sandbox, vendor)
    assert {ref.ticket_id for ref in listed(client)} >= {ticket_id, f"{ticket_id} "}
    assert client.read_ticket(ticket_id)[0].ticket_id == ticket_id
    with pytest.raises(ContractError, match=f"'{ticket_id} '") as caught:
        client.read_ticket(f"{ticket_id} ")
    assert not isinstance(caught.value, NotFoundError)


def test_half_a_character_costs_that_character_and_is_logged(sandbox, opened, vendor, caplog):
    halves = "a\ud83d b\ude00 👍"
    ticket_id = sandbox.store.add_ticket(vendor, title="T \ud83d", messages=["T \ud83d", halves])
    sandbox.store.close(ticket_id)
    with caplog.at_level(logging.WARNING):
        ticket, messages = opened(sandbox, vendor).read_ticket(ticket_id)
    assert ticket.title == "T \ufffd"
    assert messages[-1].content == "a\ufffd b\ufffd 👍"
    assert "half characters in an answer, read as U+FFFD" in caplog.text


def test_an_outage_that_answers_is_passed_on_as_it_is(sandbox, opened, vendor):
    """Whether nothing may be true is the pipeline's business, which knows what is stored."""
    sandbox.faults.add("empty_list", vendor=vendor, times=None)
    assert client_refs(opened(sandbox, vendor)) == []


def test_a_poisoned_detail_condemns_one_ticket(sandbox, opened, vendor):
    first, second = truth(sandbox, vendor)["tickets"]["closed"][:2]
    sandbox.faults.add("poison_detail", vendor=vendor, ticket=first, times=None)
    client = opened(sandbox, vendor)
    with pytest.raises(ContractError, match="is missing"):
        client.read_ticket(first)
    assert client.read_ticket(second)[0].ticket_id == second


def test_the_calls_are_counted(sandbox, opened, vendor):
    client = opened(sandbox, vendor)
    assert client.calls == 0
    listed(client)
    assert client.calls == len(sandbox.calls) > 0


def test_no_key_shows(sandbox, opened, vendor):
    client = opened(sandbox, vendor)
    sandbox.faults.add(
        "error_object", vendor=vendor, code="X", message=client.account.secret_key, times=None
    )
    with pytest.raises(RejectedError) as caught:
        client_refs(client)
    for text in (repr(client.account), str(caught.value), repr(caught.value)):
        assert client.account.secret_key not in text
        assert client.account.access_key not in text


@pytest.mark.parametrize("key", ["access_key", "secret_key"])
@pytest.mark.parametrize("value", ["", " ", "two words", "line\nbreak", "全角", "nul\x00"])
def test_a_key_that_cannot_be_one_is_refused_before_any_call(shared, opened, vendor, key, value):
    before = len(shared.calls)
    with pytest.raises(ConfigError, match=f"account {vendor}-1: its {key}") as caught:
        opened(shared, vendor, **{key: value})
    assert not value.strip() or value not in str(caught.value)
    assert len(shared.calls) == before


def test_blanks_around_a_key_are_left_out_and_reported(shared, opened, vendor, caplog):
    account = shared.account(vendor)
    client = opened(
        shared,
        vendor,
        access_key=f" {account.access_key}\n",
        secret_key=f"\t{account.secret_key} ",
        region=" ",
    )
    assert len(listed(client)) == 30
    reported = [one.getMessage() for one in caplog.records if "blanks" in one.getMessage()]
    assert len(reported) == 2
    assert account.secret_key not in caplog.text


def test_a_vendor_nobody_knows_is_refused(shared, opened):
    with pytest.raises(ConfigError, match="unknown vendor 'aws', known are alibaba, huawei"):
        opened(shared, "alibaba", vendor="aws")


def test_tencent_is_off_until_somebody_wants_it(shared, opened):
    with pytest.raises(ConfigError, match="TENCENT_ENABLED=1"):
        opened(shared, "tencent", settings=Settings())
