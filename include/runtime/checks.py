"""The tasks of check_data: the SQL checks, then the vendors against the tables."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from include.errors import CheckError
from include.runtime import connections, forms
from include.runtime.tickets import choose_of_vendor, last_ones, raise_first

if TYPE_CHECKING:
    from include.pipelines.comparison import Comparison
    from include.work.runs import Result

log = logging.getLogger(__name__)

PASSING: Final = frozenset({"incomplete", "reopened", "behind"})
"""Differences that grow between any two runs of sync_tickets, and that its next run mends."""


def check_tables(params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Run the SQL checks; offences by check. Raises CheckError when one of level fail has some."""
    from include.pipelines import checks

    with connections.warehouse() as opened:
        results = checks.run(opened, now=datetime.now(UTC), request=forms.request(who, params))
    for result in results:
        if not result.ok:
            say = log.error if result.level == "fail" else log.warning
            say("%s: %d offences: %s", result.name, result.offences, result.sample)
    if error := checks.find_failure(results):
        raise error
    return {result.name: result.offences for result in results}


def prune_tables(params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Delete what is older than the settings say; rows by table. Raises AlreadyRunningError."""
    from include.pipelines import retention

    with connections.workplace(uses_keys=False) as place:
        return retention.prune(
            place.warehouse, settings=place.settings, request=forms.request(who, params)
        )


def compare_accounts(
    account_ids: Sequence[str], params: Mapping[str, Any], who: str
) -> dict[str, int]:
    """Compare a group of accounts with their vendors, and read again what differs.

    Tickets and differences of each kind. Raises CheckError when one differs still, or what kept it
    from being compared or read, as ``raise_first``.
    """
    from include.work import tickets
    from include.work.accounts import Choice, choose_accounts
    from include.work.runs import results_of_bad

    with connections.workplace() as place:
        chosen = choose_accounts(place, Choice(account_ids=tuple(account_ids)))
        results = [
            *results_of_bad(chosen.bad),
            *tickets.compare_accounts(
                place, chosen.accounts, repair_request=forms.request(who, params)
            ),
        ]
    raise_first([_judged(result) for result in results])
    counted = Counter[str]()
    for result in results:
        if result.comparison:
            counted.update(result.comparison.kinds)
            counted["tickets"] += result.comparison.at_vendor["tickets"]
    return dict(counted)


def compare_catalog(vendor: str, params: Mapping[str, Any]) -> dict[str, int]:
    """Compare the catalogue of each site of a vendor with the tables; entries. Raises as above."""
    from include.work import tickets

    with connections.workplace() as place:
        results = tickets.compare_catalogs(place, choose_of_vendor(place, vendor, params))
    last = last_ones(results)
    raise_first([_judged(result) for result in last])
    counted = Counter[str]()
    for result in last:
        if result.comparison:
            counted.update(result.comparison.at_vendor)
    return dict(counted)


def _judged(result: Result) -> Result:
    """The result as a task sees it: differences that do not pass by themselves are an error."""
    if result.error or not result.comparison:
        return result
    return replace(result, error=find_offence(result.comparison))


def find_offence(compared: Comparison) -> CheckError | None:
    """Log the differences that were kept; the error, unless each is mended or passes by itself."""
    for found in compared.differences:
        log.warning("%s: %s %s %s", compared.account_id, found.kind, found.item, found.detail)
    for kind, count in sorted(compared.repaired.items()):
        log.warning("%s: mended: %d %s", compared.account_id, count, kind)
    left = compared.kinds - compared.repaired
    kinds = {kind: count for kind, count in left.items() if kind not in PASSING}
    if not kinds:
        return None
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return CheckError(
        f"{compared.account_id} differs from the vendor: {listed};"
        " `python -m include verify` explains each"
    )
