"""Work on several accounts, side by side: one that fails stops no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

from include.errors import AuthError, ConfigError
from include.models import Account
from include.pipelines.clock import ENDLESS, TimeBudget
from include.pipelines.comparison import Comparison
from include.vendors.client import VendorClient
from include.vendors.registry import catalog_site, open_client
from include.warehouse.bookkeeping.ledger import Counts, stop_runs
from include.warehouse.tickets.accounts import BadAccount
from include.work.place import Onlooker, Workplace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """How the work on one account (or, through it, on the catalogue of its site) ended.

    *counts* and *comparison* are what it gave; of a failure, what it gave before *error*.
    """

    account_id: str
    vendor: str
    counts: Counts | None = None
    comparison: Comparison | None = None
    error: Exception | None = None
    seconds: float = 0.0
    site: str = ""
    """The site of the vendor that serves the account."""


@dataclass(slots=True)
class Watch:
    """Follows the work on one account, for an onlooker and for what a failure leaves."""

    account_id: str
    onlooker: Onlooker
    counts: Counts | None = None

    def note(self, counts: Counts) -> None:
        """Take the counts so far."""
        self.counts = counts
        self.say(
            f"{counts.listed} listed, {counts.written} stored, {counts.messages} messages,"
            f" {counts.calls} calls"
        )

    def say(self, text: str) -> None:
        """Say what is being done."""
        self.onlooker.update(f"{self.account_id}: {text}")


Work = Callable[[Account, VendorClient, Watch], Result]


def work_on_each(
    place: Workplace,
    accounts: Iterable[Account],
    work: Work,
    onlooker: Onlooker,
    budget: TimeBudget = ENDLESS,
) -> list[Result]:
    """The results of *work* on every account, in their order, as far as *budget* goes.

    ``ACCOUNTS_AT_ONCE`` are worked on side by side, in threads. Who is told to end meanwhile waits
    for none of them: their runs are closed, and they write nothing more.
    """

    def work_in_time(account: Account) -> Result | None:
        return None if budget.is_spent else _work_on(place, account, work, onlooker)

    pool = ThreadPoolExecutor(place.settings.accounts_at_once, thread_name_prefix="account")
    try:
        under_way = [pool.submit(work_in_time, account) for account in accounts]
        results = [one.result() for one in under_way]
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        stop_runs(place.warehouse, error)
        raise
    pool.shutdown()
    return [result for result in results if result]


def work_on_one_a_site(
    place: Workplace, accounts: Iterable[Account], work: Work, onlooker: Onlooker
) -> list[Result]:
    """The results of *work* on one account of each site of a vendor, failed tries before it too.

    The next account of a site is tried where keys or rights were refused: the last result of a
    site is what counts.
    """
    last: dict[tuple[str, str], Result] = {}
    results = []
    for account in accounts:
        site = account.vendor, catalog_site(account.vendor, account.region)
        before = last.get(site)
        if before is None or isinstance(before.error, AuthError | ConfigError):
            last[site] = _work_on(place, account, work, onlooker)
            results.append(last[site])
    return results


def last_of_each_site(results: Iterable[Result]) -> list[Result]:
    """The result of each site that counts, failed tries before it left out."""
    return list({(result.vendor, result.site): result for result in results}.values())


def results_of_bad(bad: Iterable[BadAccount]) -> Iterator[Result]:
    """The results of accounts whose rows cannot be used."""
    return (Result(row.account_id, row.vendor, error=row.error) for row in bad)


def _work_on(place: Workplace, account: Account, work: Work, onlooker: Onlooker) -> Result:
    started = time.monotonic()
    watch = Watch(account.account_id, onlooker)
    watch.say("")
    try:
        with closing(open_client(account, place.settings)) as client:
            result = work(account, client, watch)
    except Exception as error:  # noqa: BLE001  # whoever asked presents it, beside the others
        result = Result(account.account_id, account.vendor, counts=watch.counts, error=error)
    onlooker.advance()
    ended = type(result.error).__name__ if result.error else "done"
    log.info("account=%s %s %s", account.account_id, ended, result.counts)
    site = catalog_site(account.vendor, account.region)
    return replace(result, seconds=time.monotonic() - started, site=site)
