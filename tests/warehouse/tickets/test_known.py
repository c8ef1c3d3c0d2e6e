"""What is known of tickets before they are read again."""

from __future__ import annotations

from include.warehouse.tickets import known as module
from include.warehouse.tickets.known import Known, find_holders, read_incomplete, read_known
from include.warehouse.tickets.store import mark_gone
from tests.builders import DAY, a_message, a_ticket, an_account

ACCOUNT = an_account()


def test_a_ticket_is_complete_incomplete_or_gone(warehouse, store):
    store((a_ticket("T1"), [a_message("T1")]), (a_ticket("T2", is_closed=False), None))
    store((a_ticket("T3", is_closed=False), None))
    warehouse.transact(lambda c: mark_gone(c, ACCOUNT, ["T3"], DAY))
    assert read_known(warehouse, ACCOUNT, ["T1", "T2", "T3", "T4"]) == {
        "T1": Known(True, True, False, "huawei-1", "3"),
        "T2": Known(False, True, False, "huawei-1", "3"),
        "T3": Known(False, True, True, "huawei-1", "3", gone_at=DAY),
    }
    assert read_incomplete(warehouse, ACCOUNT, []).keys() == {"T2", "T3"}


def test_a_row_that_no_run_has_read_is_told(warehouse, rows):
    statement = "insert into cloud_osm_list (id, cloud_id, type, status) values ('x','T1','HUAWEI'"
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(f"{statement}, 0)")
    told = Known(False, False, False, None, is_asked_for=True)
    assert read_known(warehouse, ACCOUNT, ["T1"]) == {"T1": told}


def test_tickets_of_another_vendor_or_account_are_not_meant(warehouse, store):
    other = an_account(account_id="huawei-2")
    open_ticket = {"is_closed": False, "account_id": "huawei-2"}
    store((a_ticket("T1", **open_ticket), None), account=other)
    assert read_incomplete(warehouse, ACCOUNT, []) == {}
    assert read_incomplete(warehouse, ACCOUNT, ["huawei-2"]).keys() == {"T1"}
    assert read_known(warehouse, an_account("tencent"), ["T1"]) == {}
    assert read_known(warehouse, ACCOUNT, ["T1"])["T1"].reader == "huawei-2"


def test_many_ids_are_asked_for_in_parts(warehouse, store, monkeypatch):
    monkeypatch.setattr(module, "IDS_AT_ONCE", 2)
    names = [f"T{number}" for number in range(5)]
    store(*((a_ticket(name), []) for name in names))
    assert read_known(warehouse, ACCOUNT, names).keys() == set(names)


def test_a_ticket_asked_for_by_both_its_ids_is_found_by_both(warehouse, store):
    statement = "insert into cloud_osm_list (id, cloud_id, type) values ('own', 'T1', 'HUAWEI')"
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    held = [("huawei", "T1", None)]
    assert find_holders(warehouse, ["T1", "own", "T9"]) == {"T1": held, "own": held}
