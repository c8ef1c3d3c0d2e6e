"""Content that hurts (C): strange texts, missing fields, other types, odd times."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from include.errors import ContractError, PartialError
from include.vendors.registry import VENDORS
from tests.faults.kit.first_accounts import faithful, read_again, run_first, verdict_of
from tests.faults.kit.invariants import LOUD, RIGHT
from tests.faults.kit.scene import FULL, NOW, of_accounts
from tests.faults.lines.content import (
    ABSENT,
    LIST,
    MOMENTS,
    NULL,
    OPTIONAL,
    REQUIRED,
    RETYPED,
    STRINGS,
    TIMES,
    TOO_LONG,
    TYPED,
    WRONG,
)
from tests.faults.lines.paging import HOUR, new_closed

EACH_VENDOR = pytest.mark.parametrize("vendor", VENDORS)
MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")  # Huawei strips it before it answers


@pytest.fixture
def run(scene):
    """``run(vendor)``: sync the first account of a vendor; returns the error."""
    return lambda vendor, **settings: run_first(scene, NOW, vendor, **settings)[f"{vendor}-1"]


@pytest.fixture
def record(record_property):
    return lambda verdict: record_property("fault", f"content 0 {verdict}")


def field_fault(scene, vendor, action, field, ticket=None, **spec):
    which = {} if ticket is None else {"ticket": ticket}
    scene.faults("set_field", action, (vendor,), field=field, **{"times": None} | which | spec)


@EACH_VENDOR
def test_hostile_texts_are_stored_byte_by_byte(scene, vendor, run, record):
    told = [MARKUP.sub("", text) if vendor == "huawei" else text for text in STRINGS]
    ticket_id = scene.store.add_ticket(
        vendor, created_at=NOW - HOUR, state="closed", messages=["opening", *STRINGS]
    )
    titled = {
        text: scene.store.add_ticket(vendor, title=text, created_at=NOW - HOUR) for text in STRINGS
    }
    assert run(vendor) is None
    stored = scene.look(
        "select hex(content) from cloud_osm_detail where case_id = :id and vendor = :vendor",
        id=ticket_id,
        vendor=vendor.upper(),
    )
    contents = {bytes.fromhex(content).decode() for (content,) in stored}
    assert set(told) - contents == set()
    names = dict(scene.look("select cloud_id, hex(name) from cloud_osm_list"))
    for text, id_ in titled.items():
        name = bytes.fromhex(names[id_]).decode()
        if vendor == "alibaba" and text:
            assert name == text
        else:  # one line, by our rule for vendors without titles
            assert name.split() == (text.strip().splitlines() or [""])[0].split() or (
                name.split() == text.split()
            )
    assert faithful(scene, vendor)
    record(RIGHT)


@EACH_VENDOR
def test_hostile_words_of_the_vendor_stay_one_line_in_the_log(scene, vendor, run, caplog, record):
    hostile = "x\n2026-01-01 ERROR forged\x1b[31m\u202e\x00"
    id_field, status = {
        "alibaba": ("TicketId", "Status.Value"),
        "huawei": ("incident_id", "status"),
        "tencent": ("TicketId", "StatusName"),
    }[vendor]
    field_fault(scene, vendor, "list", status, value=hostile)
    run(vendor)
    scene.sandbox.faults.clear()
    field_fault(scene, vendor, "list", id_field, value=hostile)
    error = run(vendor)
    assert isinstance(error, ContractError)
    assert id_field in str(error)
    scene.sandbox.faults.clear()
    code = {"code": "Invented.ByUs", "message": hostile}
    scene.faults("error_object", "detail", (vendor,), times=None, **code)
    assert isinstance(run(vendor), PartialError)
    lines = [line.getMessage() for line in caplog.records]
    assert len(lines) > 2
    assert [line for line in lines if not line.isprintable()] == []
    scene.sandbox.faults.clear()
    assert run(vendor) is None
    record(LOUD)


@EACH_VENDOR
def test_a_field_too_long_is_refused_by_name_and_its_ticket_waits(scene, vendor, run, record):
    for action, field, length, column in TOO_LONG[vendor]:
        field_fault(scene, vendor, action, field, value="x" * length)
        error = run(vendor)
        assert isinstance(error, PartialError), (field, error)
        assert any(column in reason for reason in reasons(scene)), (field, reasons(scene))
        record(LOUD)
        scene.sandbox.faults.clear()
    cut = "select count(*) from cloud_osm_list where name like 'xxx%' or vendor_status like 'xxx%'"
    assert scene.look(cut) == [(0,)]
    assert run(vendor) is None
    assert faithful(scene, vendor)


@EACH_VENDOR
def test_a_ticket_without_a_required_field_or_with_another_type_in_it_waits(
    scene, vendor, run, truth, record
):
    """In turn one way of being wrong for each field; FULL tries every one."""
    ways = (ABSENT, NULL, *WRONG)
    for number, (action, field) in enumerate(REQUIRED[vendor][:: 1 if FULL else 2]):
        for way in ways if FULL else (ways[number % len(ways)],):
            refuse(scene, vendor, run, action, field, way)
            record(LOUD)
    for number, field in enumerate(TYPED[vendor][:: 1 if FULL else 3]):
        for way in WRONG if FULL else (WRONG[number % len(WRONG)],):
            if "value" in way and type(way["value"]) is not NESTED.get(field):
                refuse(scene, vendor, run, "detail", field, way)
                record(LOUD)
    assert run(vendor) is None
    assert mine(scene.rows(), vendor) == mine(truth(scene), vendor)


NESTED = {"Status": dict, "ext_info": dict, "Comments": list}


def refuse(scene, vendor, run, action, field, way):
    """A run over such a field is red, and says where the fault is."""
    complete = "select cloud_id from cloud_osm_list where status = 0"
    before = scene.look(complete)
    field_fault(scene, vendor, action, field, **way)
    error = run(vendor)
    scene.sandbox.faults.clear()
    place = (action, field, way)
    assert isinstance(error, ContractError if action == LIST else PartialError), (place, error)
    said = [str(error)] if action == LIST else reasons(scene)
    name = field.rpartition(".")[2]
    assert all(re.search(rf"^{vendor} \w+: .*{name}", text) for text in said), (place, said)
    assert all("(request " in text for text in said), (place, said)
    waiting = set(scene.look("select item_id from sync_quarantine"))
    assert not waiting & {*scene.look(complete)} - {*before}, place


def reasons(scene):
    return [text for (text,) in scene.look("select error_text from sync_quarantine")]


def mine(rows, vendor):
    return of_accounts(rows, [f"{vendor}-1"])


@EACH_VENDOR
def test_a_missing_optional_field_is_null_and_overwrites_nothing(scene, vendor, run, truth, record):
    tickets = {
        place: scene.store.add_ticket(vendor, created_at=NOW - HOUR, state="closed")
        for place in OPTIONAL[vendor]
    }
    for number, (place, ticket_id) in enumerate(tickets.items()):
        way = (ABSENT, NULL)[number % 2]
        only = None if place[0] == LIST else ticket_id
        field_fault(scene, vendor, *place, only, **way)
    assert run(vendor) is None
    scene.sandbox.faults.clear()
    read_again(scene, vendor)
    whole = mine(truth(scene), vendor)
    assert mine(scene.rows(), vendor) == whole
    for action, field in OPTIONAL[vendor][:: 1 if FULL else 3]:
        for way in (ABSENT, NULL) if FULL else (ABSENT,):
            field_fault(scene, vendor, action, field, **way)
            read_again(scene, vendor)
            scene.sandbox.faults.clear()
            assert mine(scene.rows(), vendor) == whole, (action, field, way)
            record(RIGHT)


@EACH_VENDOR
def test_numbers_as_texts_and_texts_as_numbers_mean_the_same(scene, vendor, run, record):
    assert run(vendor) is None
    whole = scene.rows()
    for action, field, kind in RETYPED[vendor]:
        field_fault(scene, vendor, action, field, kind=kind)
        read_again(scene, vendor)
        scene.sandbox.faults.clear()
        assert scene.rows() == whole, (action, field)
        record(RIGHT)


@EACH_VENDOR
def test_what_is_no_moment_is_never_a_time_in_a_table(scene, vendor, run, record):
    ticket_id = new_closed(scene, vendor)
    for value in MOMENTS if FULL else MOMENTS[VENDORS.index(vendor) :: 3]:
        field_fault(scene, vendor, *TIMES[vendor], ticket_id, value=value)
        assert isinstance(run(vendor), PartialError), value
        scene.sandbox.faults.clear()
        assert len(reasons(scene)) == 1
        record(LOUD)
    odd = "select count(*) from cloud_osm_list where create_time < :first or create_time > :last"
    first, last = datetime(2026, 1, 1, tzinfo=UTC), NOW
    moments = {"first": first.timestamp() * 1000, "last": last.timestamp() * 1000}
    assert scene.look(odd, **moments) == [(0,)]
    assert run(vendor) is None
    assert faithful(scene, vendor)


@EACH_VENDOR
def test_a_message_of_a_megabyte_and_two_thousand_messages_are_stored_whole(
    scene, vendor, run, record
):
    large = "长" * 349_525 + "\n"
    tickets = {
        scene.store.add_ticket(
            vendor, created_at=NOW - HOUR, state="closed", messages=messages
        ): messages
        for messages in (["a", large], [f"message {i}" for i in range(2000 if FULL else 200)])
    }
    assert run(vendor) is None
    for ticket_id, messages in tickets.items():
        query = "select content from cloud_osm_detail where case_id = :id"
        stored = {content for (content,) in scene.look(query, id=ticket_id)}
        assert set(messages[1:]) <= stored
    assert faithful(scene, vendor)
    record(RIGHT)


def test_ids_beyond_the_whole_numbers_of_a_float_stay_exact(scene, record_property):
    number = 2**53 + 1
    ticket_id = scene.store.add_ticket(
        "tencent", created_at=NOW - HOUR, state="closed", ticket_id=str(number)
    )
    for action in ("list", "detail"):
        field_fault(scene, "tencent", action, "TicketId", kind="number")
    other = scene.store.ticket(new_closed(scene, "alibaba"))
    other.talks[-1].number = number
    assert verdict_of(scene, run_first(scene, NOW, "alibaba", "tencent"), "alibaba", "tencent") == (
        RIGHT
    )
    assert scene.look("select count(*) from cloud_osm_list where cloud_id = :id", id=ticket_id) == [
        (1,)
    ]
    query = "select count(*) from cloud_osm_detail where message_id = :id and case_id = :case"
    assert scene.look(query, id=str(number), case=other.ticket_id) == [(1,)]
    record_property("fault", f"content 0 {RIGHT}")


def test_an_empty_text_is_kept_apart_from_none_where_the_column_can(scene, run, record):
    ticket_id = scene.store.add_ticket(
        "alibaba", created_at=NOW - HOUR, state="closed", messages=["a", ""]
    )
    assert run("alibaba") is None
    query = "select count(*) from cloud_osm_detail where case_id = :id and content = ''"
    assert scene.look(query, id=ticket_id) == [(1,)]
    for way in (ABSENT, NULL, {"value": ""}):
        ticket_id = scene.store.add_ticket("huawei", created_at=NOW - HOUR, state="closed")
        field_fault(scene, "huawei", "detail", "ext_info.remind_mail", ticket_id, **way)
        assert run("huawei") is None
        scene.sandbox.faults.clear()
        email = "select email from cloud_osm_list where cloud_id = :id"
        assert scene.look(email, id=ticket_id) == [(None,)]
    record(RIGHT)
