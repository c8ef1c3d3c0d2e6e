"""`verify`: the tables beside the vendors."""

from __future__ import annotations

from tests.cli.invoked import document, told


def test_verify_finds_no_difference_after_a_sync_and_names_one_after_a_hand_edit(
    osm, accounts, rows
):
    told(osm("refresh"), 0)
    told(osm("sync"), 0)
    assert "no differences" in told(osm("verify", "--deep"), 0)
    ((ticket, message),) = rows(
        "select case_id, message_id from cloud_osm_detail join cloud_osm_list"
        " on cloud_id = case_id and vendor = cloud_osm_list.type"
        " where status = 0 and vendor = 'HUAWEI' limit 1"
    )
    rows(f"delete from cloud_osm_detail where case_id = '{ticket}' and message_id = '{message}'")
    result = osm("verify")
    assert "huawei-1: 1 wrongly complete" in told(result, 1)
    assert "fail: every_complete_ticket_has_its_messages (1)" in result.stdout
    found = document(osm("verify", "--vendor", "huawei", "--deep", "--json"), 4)
    (tickets, catalogue) = found["results"]
    assert tickets["comparison"]["kinds"] == {"wrongly complete": 1, "message missing": 1}
    assert catalogue["outcome"] == "done"


def test_verify_names_the_tickets_that_no_account_reads_with_the_next_step(osm, accounts, rows):
    told(osm("refresh"), 0)
    told(osm("sync"), 0)
    rows(
        "insert into cloud_osm_list (id, cloud_id, status, type, custom_id)"
        " values ('row-1', 'T1', 1, 'HUAWEI', 'an-employee')"
    )
    output = told(osm("verify"), 4)
    assert "1 without reader: no account that is switched on reads the ticket" in output
    assert "    huawei T1: custom_id an-employee -> `sync`: each account of the vendor" in output
    assert "no differences" not in output
    assert "no differences" in told(osm("verify", "--vendor", "alibaba"), 0)
    told(osm("sync"), 0)  # which asks every account: none knows it
    output = told(osm("verify", "--account", "huawei-1", "--repair"), 4)
    assert "an-employee -> no account that was asked knows it: `accounts add` or" in output
    assert "no differences" not in output
    (stray,) = document(osm("verify", "--vendor", "huawei", "--json"), 4)["without_reader"]
    assert (stray["vendor"], stray["ticket_id"], stray["custom_id"]) == (
        "huawei",
        "T1",
        "an-employee",
    )
    assert stray["was_asked_for"] is True
    assert "`accounts enable` the one that does" in stray["next_step"]
