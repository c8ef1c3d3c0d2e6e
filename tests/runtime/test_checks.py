"""What the tasks of check_data call an offence."""

from __future__ import annotations

from include.errors import CheckError


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
