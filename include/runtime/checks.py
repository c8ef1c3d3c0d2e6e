"""What the tasks of check_data do: the SQL checks, then the vendors against the tables."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from include import runtime
from include.errors import CheckError
from include.runtime import vendors

if TYPE_CHECKING:
    from include.models import Account
    from include.pipelines.comparison import Comparison
    from include.runtime.vendors import Workplace
    from include.vendors.client import VendorClient

log = logging.getLogger(__name__)

PASSING: Final = frozenset({"incomplete", "reopened", "behind"})
"""Differences that grow between any two runs of sync_tickets, and that its next run mends."""


def check_tables(params: Mapping[str, Any], who: str) -> dict[str, int]:
    """Run the SQL checks; offences by check. Raises CheckError when one of level fail has some."""
    from include.pipelines import checks

    with runtime.warehouse() as opened:
        results = checks.run(opened, now=datetime.now(UTC), request=runtime.request(who, params))
    for result in results:
        if not result.ok:
            say = log.error if result.level == "fail" else log.warning
            say("%s: %d offences: %s", result.name, result.offences, result.sample)
    if error := checks.refusal(results):
        raise error
    return {result.name: result.offences for result in results}


def compare_accounts(account_ids: Sequence[str]) -> dict[str, int]:
    """Compare a group of accounts with their vendors; tickets and differences of each kind.

    Raises CheckError when one differs, or what kept it from being compared, as ``vendors.each``.
    """
    from include.pipelines import reconcile

    counted = Counter[str]()

    def work(at: Workplace, account: Account, client: VendorClient) -> None:
        compared = reconcile.verify(
            client,
            at.warehouse,
            account,
            since=at.settings.sync_since,
            now=datetime.now(UTC),
            open_messages=at.settings.open_messages,
            calls_at_once=at.settings.calls_at_once,
        )
        counted.update(compared.kinds)
        counted["tickets"] += compared.at_vendor["tickets"]
        _judge(compared)

    vendors.each(account_ids, work)
    return dict(counted)


def compare_catalog(vendor: str, params: Mapping[str, Any]) -> dict[str, int]:
    """Compare a vendor's catalogue with the tables; its entries. Raises as above."""
    from include.pipelines import reconcile

    def work(at: Workplace, account: Account, client: VendorClient) -> dict[str, int]:
        compared = reconcile.verify_catalog(client, at.warehouse)
        _judge(compared)
        return dict(compared.at_vendor)

    return vendors.first_of(vendor, params, work)


def _judge(compared: Comparison) -> None:
    """Log every difference that was kept. Raises CheckError unless all of them pass by itself."""
    for found in compared.differences:
        log.warning("%s: %s %s %s", compared.account_id, found.kind, found.item, found.detail)
    kinds = {kind: count for kind, count in compared.kinds.items() if kind not in PASSING}
    if kinds:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        raise CheckError(
            f"{compared.account_id} differs from the vendor: {listed};"
            " `python -m include verify` explains each"
        )
