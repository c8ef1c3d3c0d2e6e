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
