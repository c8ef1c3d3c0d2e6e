"""What the tasks of check_data call an offence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from include.errors import CheckError
from include.vendors.registry import VENDORS

FORM: dict[str, Any] = {"vendors": list(VENDORS), "accounts": []}
SYNC: dict[str, Any] = {**FORM, "open_messages": False, "dry_run": False}
IMPORTED = datetime(2021, 3, 4, tzinfo=UTC)


def test_tickets_that_wait_for_the_next_sync_are_no_offence():
    from include.pipelines.comparison import Comparison
    from include.runtime import checks

    compared = Comparison("a", "huawei", "tickets")
    compared.note("incomplete", "1")
    compared.note("reopened", "2")
    compared.note("behind", "2")
    assert checks.find_offence(compared) is None
    compared.note("missing", "3")
    offence = checks.find_offence(compared)
    assert isinstance(offence, CheckError)
    assert "a differs from the vendor: 1 missing;" in str(offence)


def test_a_ticket_imported_with_an_old_creation_is_read_once_a_day_and_is_no_offence(
    look, sandbox, monkeypatch
):
    from include.runtime import checks, tickets

    monkeypatch.setenv("SYNC_SINCE", IMPORTED.isoformat())
    ids = [sandbox.account(vendor).account_id for vendor in VENDORS]
    tickets.sync_accounts(ids, SYNC, "test")
    imported = {
        sandbox.store.add_ticket(vendor, created_at=IMPORTED, state="closed", messages=3)
        for vendor in VENDORS
    }
    held = "select cloud_id, complete, message_count >= 3 from cloud_osm_list where create_time <"
    held += f" {int(IMPORTED.timestamp() * 1000) + 1}"
    tickets.sync_accounts(ids, SYNC, "test")
    assert look(held) == []
    assert checks.compare_accounts(ids, FORM, "test")["missing"] == len(VENDORS)
    assert set(look(held)) == {(ticket, 1, 1) for ticket in imported}
    assert "missing" not in checks.compare_accounts(ids, FORM, "test")
