"""What another program wrote is brought over: its ids stay, nothing is doubled, nothing is lost."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from include.models import DERIVED_ID_PREFIX
from include.warehouse.tickets.adoption import bring_over
from include.warehouse.tickets.store import mark_gone
from tests.builders import DAY, a_message, a_ticket, an_account

MS = int(DAY.timestamp()) * 1000
TICKET = "insert into cloud_osm_list (id, cloud_id, type, custom_id, create_time) values ({})"
MESSAGE = (
    "insert into cloud_osm_detail"
    " (id, case_id, message_id, type, replier, replier_name, content, create_time) values ({})"
)
TICKETS = "select id, type, cloud_id, custom_id, account_id, status from cloud_osm_list order by id"
MESSAGES = "select id, vendor, case_id, message_id, type, content from cloud_osm_detail order by id"


@pytest.fixture
def write(warehouse):
    def run(statement):
        with warehouse.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    return run


@pytest.fixture
def bring(warehouse):
    return lambda: bring_over(warehouse, DAY)


@pytest.mark.parametrize(
    ("written", "vendor"),
    [
        ("'0'", "ALIBABA"),
        ("'1'", "HUAWEI"),
        ("'huawei'", "HUAWEI"),
        ("'阿里云'", "ALIBABA"),
        ("''", "HUAWEI"),  # its account says so
        ("null", "HUAWEI"),
    ],
)
def test_a_ticket_gets_our_name_of_its_vendor(write, bring, rows, written, vendor):
    write("insert into cloud_user (id, secret_id, type) values ('u1', 'k', '华为')")
    write(TICKET.format(f"'a1', 'T1', {written}, 'u1', {MS}"))
    assert bring().tickets == 1
    assert rows(TICKETS) == [("a1", vendor, "T1", "u1", None, 1)]
    assert not bring()


def test_a_ticket_whose_vendor_nobody_knows_stays_as_it_is(write, bring, rows):
    write(TICKET.format(f"'a1', 'T1', 'aws', 'u1', {MS}"))
    write(TICKET.format(f"'a2', 'T2', null, 'u1', {MS}"))
    assert not bring()
    assert [row[1] for row in rows(TICKETS)] == ["aws", None]


def test_of_a_ticket_that_we_hold_one_row_stays_with_the_id_of_the_other_program(
    store, write, bring, rows
):
    store((a_ticket(email="a@example.com"), [a_message()]))
    write(TICKET.format("'a1', 'T1', '1', 'employee-7', 5"))
    bring()
    assert rows(TICKETS) == [("a1", "HUAWEI", "T1", "employee-7", "huawei-1", 0)]
    look = "select complete, email, message_count, create_time from cloud_osm_list"
    created = int(a_ticket().created_at.timestamp()) * 1000
    assert rows(look) == [(1, "a@example.com", 1, created)]


def test_of_two_rows_of_the_other_program_the_first_stays_and_the_other_is_kept_aside(
    write, bring, rows
):
    write(TICKET.format(f"'a1', 'T1', 'HUAWEI', 'u1', {MS}"))
    write(TICKET.format(f"'a2', 'T1', '1', 'u2', {MS}"))
    bring()
    assert rows(TICKETS) == [("a1", "HUAWEI", "T1", "u1", None, 1)]
    [(row_id, value)] = rows("select row_id, value from migration_leftover")
    assert (row_id, json.loads(value)["custom_id"]) == ("a2", "u2")


def test_times_in_seconds_become_milliseconds_and_others_stay(write, bring, rows):
    write(TICKET.format(f"'a1', 'T1', 'HUAWEI', 'u1', {MS // 1000}"))
    write(TICKET.format(f"'a2', 'T2', 'HUAWEI', 'u1', {MS}"))
    write(TICKET.format("'a3', 'T3', 'HUAWEI', 'u1', 2026"))  # cut by a server that is not strict
    bring()
    assert rows("select create_time from cloud_osm_list order by id") == [(MS,), (MS,), (2026,)]


def test_a_message_gets_vendor_and_id_and_its_ticket_is_read_again(store, write, bring, rows):
    store((a_ticket(), [a_message()]))
    write(MESSAGE.format(f"'b1', 'T1', null, '0', 'k', 'n', 'text', {MS}"))
    assert bring().messages == 1
    [mine] = [row for row in rows(MESSAGES) if row[0] == "b1"]
    assert (mine[1], mine[2], mine[4:]) == ("HUAWEI", "T1", ("0", "text"))
    assert mine[3].startswith(DERIVED_ID_PREFIX)
    assert rows("select read_again_at from cloud_osm_list") == [(DAY.replace(tzinfo=None),)]


def test_a_message_may_name_its_ticket_by_the_other_programs_id(write, bring, rows):
    write(TICKET.format(f"'a1', 'T1', '1', 'u1', {MS}"))
    write(MESSAGE.format(f"'b1', 'a1', 'M1', 'HUAWEI', 'k', 'n', 'text', {MS}"))
    bring()
    assert rows(MESSAGES) == [("b1", "HUAWEI", "T1", "M1", None, "text")]


def test_of_a_message_that_we_hold_one_row_stays_with_the_id_of_the_other_program(
    store, write, bring, rows
):
    store((a_ticket(), [a_message(content="the whole text")]))
    write(MESSAGE.format(f"'b1', 'T1', 'M1', '0', 'k', 'n', 'the wh', {MS}"))
    bring()
    assert rows(MESSAGES) == [("b1", "HUAWEI", "T1", "M1", "0", "the whole text")]


def test_a_message_of_no_known_ticket_waits(write, bring, rows, store):
    write(MESSAGE.format(f"'b1', 'T1', 'M1', '0', 'k', 'n', 'text', {MS}"))
    assert not bring()
    store((a_ticket(), []))
    assert bring().messages == 1
    assert rows(MESSAGES) == [("b1", "HUAWEI", "T1", "M1", "0", "text")]


def test_a_text_cut_at_fifty_characters_is_the_beginning_of_the_vendors_message(
    store, write, bring, rows
):
    whole = "文" * 80
    moment = int(a_message().created_at.timestamp()) * 1000
    store((a_ticket(), []))
    write(MESSAGE.format(f"'b1', 'T1', null, '0', 'k', 'n', '{whole[:50]}', {moment}"))
    write(MESSAGE.format(f"'b2', 'T1', null, '1', 'k', 'n', '{whole[:50]}', {moment}"))
    bring()
    later = DAY.replace(hour=1)
    assert store((a_ticket(), [a_message(content=whole)]), now=later) == {}
    kept = [(row[0], row[3], row[5]) for row in rows(MESSAGES)]
    assert kept[0] == ("b1", "M1", whole)
    assert kept[1][2] == whole[:50]  # the other direction: another message
    assert len(kept) == 2


@pytest.mark.parametrize("moment", ["null", "2026"], ids=["none", "cut"])
def test_messages_whose_time_was_left_out_or_cut_are_those_of_their_texts_that_no_other_row_is(
    store, write, bring, rows, moment
):
    said = [
        a_message(message_id=f"M{n}", content=text) for n, text in enumerate(["ok", "ok", "no"])
    ]
    at = int(said[0].created_at.timestamp())
    store((a_ticket(), said))
    write(MESSAGE.format(f"'a1', 'T1', null, '0', 'k', 'n', 'ok', {moment}"))
    write(MESSAGE.format(f"'b1', 'T1', null, '0', 'k', 'n', 'ok', {at}"))
    write(MESSAGE.format(f"'c1', 'T1', null, '1', 'k', 'n', 'no', {moment}"))
    bring()
    kept = "select message_id, content, id, create_time from cloud_osm_detail order by id"
    held = {row[2]: row for row in rows(kept)}
    assert len(held) == 4
    assert {held["a1"][0], held["b1"][0]} == {"M0", "M1"}
    assert held["a1"][3] == at * 1000
    assert held["c1"][0].startswith(DERIVED_ID_PREFIX)  # the other direction: another message


def test_a_message_without_a_time_takes_no_row_that_the_other_program_has_already(
    store, write, bring, rows
):
    said = [a_message(message_id=f"M{n}", content="thanks") for n in (1, 2)]
    store((a_ticket(), said[:1]))
    write(MESSAGE.format("'a1', 'T1', 'M1', '0', 'k', 'n', 'thanks', null"))
    write(MESSAGE.format("'b1', 'T1', null, '0', 'k', 'n', 'thanks', null"))
    bring()
    assert [row[0] for row in rows(MESSAGES)] == ["a1", "b1"]
    store((a_ticket(), said), now=DAY.replace(hour=1))
    assert [(row[0], row[3]) for row in rows(MESSAGES)] == [("a1", "M1"), ("b1", "M2")]


def test_a_message_without_an_id_is_found_where_the_vendor_gives_none_either(
    store, write, bring, rows
):
    said = a_message(message_id=f"{DERIVED_ID_PREFIX}ours", content="text")
    store((a_ticket(), [said]))
    at = int(said.created_at.timestamp())
    write(MESSAGE.format(f"'b1', 'T1', null, '0', 'k', 'n', 'text', {at}"))
    bring()
    assert store((a_ticket(), [said]), now=DAY.replace(hour=1)) == {}
    assert rows(MESSAGES) == [("b1", "HUAWEI", "T1", f"{DERIVED_ID_PREFIX}ours", "0", "text")]


@pytest.mark.parametrize(("written", "direction"), [("0", "0"), ("HUAWEI", None)])
def test_a_message_of_a_ticket_that_is_not_brought_over_waits_with_it(
    write, bring, rows, written, direction
):
    write(TICKET.format(f"'a1', 'T1', 'aws', 'u1', {MS}"))
    write(MESSAGE.format(f"'b1', 'a1', 'M1', '{written}', 'k', 'n', 'text', {MS}"))
    assert not bring()
    write("update cloud_osm_list set type = '华为云'")
    assert bring().messages == 1
    assert rows(MESSAGES) == [("b1", "HUAWEI", "T1", "M1", direction, "text")]


def test_messages_may_name_one_ticket_in_both_ways(write, bring, rows):
    write(TICKET.format(f"'a1', 'T1', '1', 'u1', {MS}"))
    write(MESSAGE.format(f"'b1', 'a1', 'M1', 'HUAWEI', 'k', 'n', 'text', {MS}"))
    write(MESSAGE.format(f"'b2', 'T1', 'M2', '0', 'k', 'n', 'text', {MS}"))
    assert bring().messages == 2
    assert [row[:4] for row in rows(MESSAGES)] == [
        ("b1", "HUAWEI", "T1", "M1"),
        ("b2", "HUAWEI", "T1", "M2"),
    ]


def test_catalogue_rows_are_brought_over_and_never_doubled(write, bring, rows):
    row = "insert into cloud_osm_product (id, type, name) values ({})"
    write(row.format("'P1', 'HUAWEI', 'ECS'"))
    write(row.format("'P1', '1', 'elastic'"))
    write(row.format("'P2', '华为云', 'OBS'"))
    write("insert into cloud_osm_product (id, name) values ('P3', 'nobody''s')")
    assert bring().catalog == 2
    found = rows("select id, type, name from cloud_osm_product order by id")
    assert found == [("P1", "HUAWEI", "ECS"), ("P2", "HUAWEI", "OBS"), ("P3", "", "nobody's")]


def test_foreign_rows_are_found_by_an_index_in_one_statement(warehouse, store, bring):
    store(*((a_ticket(f"T{n}"), []) for n in range(200)))
    asked = []

    def note(_c, _cursor, statement, values, _x, _many):
        asked.append((statement, values))

    sa.event.listen(warehouse.engine, "before_cursor_execute", note)
    assert not bring()
    [(statement, values)] = asked
    with warehouse.engine.connect() as connection:
        explained = f"explain format=traditional {statement}"
        plan = connection.exec_driver_sql(explained, values).mappings().all()
    large = [row for row in plan if row["table"] in ("cloud_osm_list", "cloud_osm_detail")]
    assert len(large) == 4
    for row in large:
        assert row["key"], row
        assert int(row["rows"]) < 50, row


def test_a_ticket_that_its_account_does_not_know_is_anybodys(warehouse, write, rows):
    from include.warehouse.tickets.known import read_incomplete

    write(TICKET.format(f"'a1', 'T1', 'HUAWEI', 'huawei-1', {MS}"))
    me, other = an_account(), an_account(account_id="huawei-2")
    assert read_incomplete(warehouse, other, []) == {}
    warehouse.transact(lambda c: mark_gone(c, me, ["T1"], DAY))
    assert read_incomplete(warehouse, other, [])["T1"].reader is None
