"""What the vendors know: accounts, catalogue and tickets, seeded, changeable, with a clock.

One lock guards everything; a wire file reads inside ``with store.lock``.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from include.sandbox.vendors.cases import CLOSED_STATES, OPEN_STATES, Case, Talk, Tenant
from include.sandbox.vendors.catalog import Shelf, shelf
from include.sandbox.vendors.seed import Numbers, cases, tenant
from include.sandbox.vendors.traits import traits_of
from include.vendors.registry import VENDORS

STATES: Final = frozenset({*OPEN_STATES, *CLOSED_STATES, "open", "reopened", "unknown"})


class UnknownTicketError(LookupError):
    """No such ticket (or message, or account) in the sandbox."""


def by_creation(case: Case) -> tuple[datetime, str]:
    """The order of a ticket list, oldest first."""
    return case.created_at, case.ticket_id


class Store:
    """The vendors' data. All verbs are safe to call from any thread.

    Two stores with the same arguments hold equal data; ids of tickets are unique over all vendors,
    unless ``add_ticket`` is told one: then the verbs mean the ticket that had it first.
    """

    def __init__(self, seed: int = 7, accounts: int = 2, tickets: int = 400) -> None:
        self.lock = threading.RLock()
        self.tenants: dict[str, list[Tenant]] = {}
        self.shelves: dict[str, Shelf] = {}
        self._offset = timedelta()
        self._frozen: datetime | None = None
        self._numbers = Numbers()
        self._cases: dict[str, Case] = {}
        self._twins: dict[tuple[str, int, str], Case] = {}
        self._lists: dict[tuple[str, int], list[Case]] = {}
        for vendor in VENDORS:
            self.shelves[vendor] = shelf(vendor)
            self.tenants[vendor] = [tenant(seed, vendor, index) for index in range(accounts)]
            for index in range(accounts):
                made = cases(seed, vendor, index, tickets, self._numbers)
                self._lists[vendor, index] = sorted(made, key=by_creation)
                self._cases |= {case.ticket_id: case for case in made}

    # the clock of the data; signatures are checked by the real one

    def now(self) -> datetime:
        """Real time plus what ``set_clock`` and ``advance`` added, in whole seconds."""
        return self._frozen or (datetime.now(UTC) + self._offset).replace(microsecond=0)

    def set_clock(self, moment: datetime) -> None:
        """Make it *moment* now; the clock goes on from there."""
        with self.lock:
            self._frozen, self._offset = None, moment - datetime.now(UTC)

    def freeze(self, moment: datetime) -> None:
        """Make it *moment* now, until it is set otherwise: the same verbs, the same data."""
        with self.lock:
            self._frozen = moment.replace(microsecond=0)

    def advance(self, by: timedelta) -> None:
        """Put the clock forward (or back)."""
        with self.lock:
            self._offset += by
            self._frozen = self._frozen and self._frozen + by

    # reading

    def tickets(
        self,
        vendor: str,
        account_index: int,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Case]:
        """An account's tickets created from *since* to *until*, both included, oldest first."""
        with self.lock:
            rows = self._lists[vendor, account_index]
            first = 0 if since is None else bisect_left(rows, (since, ""), key=by_creation)
            last = None if until is None else bisect_right(rows, (until, "~"), key=by_creation)
            return rows[first:last]

    def ticket(self, ticket_id: str, vendor: str | None = None) -> Case:
        """A ticket. Raises UnknownTicketError, also when it is another vendor's."""
        with self.lock:
            case = self._cases.get(ticket_id)
            if case is None or vendor not in (None, case.vendor):
                raise UnknownTicketError(f"no ticket {ticket_id}")
            return case

    def visible(self, owner: Tenant, ticket_id: str) -> Case | None:
        """The ticket, if the account may see it."""
        case = self._cases.get(ticket_id)
        if case and (case.vendor, case.tenant) == (owner.vendor, owner.index):
            return case
        return self._twins.get((owner.vendor, owner.index, ticket_id))

    # changing

    def add_ticket(
        self,
        vendor: str,
        account_index: int = 0,
        *,
        title: str | None = None,
        created_at: datetime | None = None,
        state: str = "open",
        messages: int | Sequence[str] = 2,
        ticket_id: str = "",
    ) -> str:
        """A new ticket and its id, a new one unless given; *created_at* is now unless given.

        *messages* are texts, or how many to make; the first is the customer's, then they alternate.
        """
        if state not in STATES:
            raise ValueError(f"state {state!r} is none of {', '.join(sorted(STATES))}")
        texts = [f"留言 {i}" for i in range(messages)] if isinstance(messages, int) else messages
        with self.lock:
            if (vendor, account_index) not in self._lists:
                raise UnknownTicketError(f"no account {account_index} of vendor {vendor!r}")
            moment = (created_at or self.now()).astimezone(UTC).replace(microsecond=0)
            ticket_id = ticket_id or self._numbers.ticket(vendor, moment)
            title = f"新工单 {ticket_id}" if title is None else title
            traits = traits_of(vendor)
            product = next(iter(self.shelves[vendor].products.values()))
            case = Case(
                vendor,
                account_index,
                ticket_id,
                title,
                f"{title}：问题描述" if traits.has_titles else title,
                moment,
                "working" if state == "open" else state,
                product.product_id,
                product.categories[0],
                next(iter(traits.ticket_sources), ""),
                moment,
            )
            if not traits.has_titles:
                texts = [case.description, *texts[1:]]
            for i, text in enumerate(texts):
                self._say(case, text, i % 2 == 0, moment + timedelta(seconds=i))
            case.closed_at = case.updated_at if case.is_closed else None
            if self._cases.setdefault(ticket_id, case) is not case:
                self._twins[vendor, account_index, ticket_id] = case
            insort(self._lists[vendor, account_index], case, key=by_creation)
            return ticket_id

    def add_message(
        self, ticket_id: str, text: str | None = None, from_customer: bool = True
    ) -> int:
        """A new message, now; gives its number."""
        with self.lock:
            case = self.ticket(ticket_id)
            text = f"新留言 {len(case.talks) + 1}" if text is None else text
            return self._say(case, text, from_customer, self.now())

    def edit_message(self, ticket_id: str, number: int, text: str) -> None:
        """Give a message another text; its number and time stay."""
        with self.lock:
            for talk in self.ticket(ticket_id).talks:
                if talk.number == number:
                    talk.content = text
                    return
            raise UnknownTicketError(f"ticket {ticket_id} has no message {number}")

    def close(self, ticket_id: str) -> None:
        """The vendor is done with the ticket."""
        self._turn(ticket_id, "closed")

    def reopen(self, ticket_id: str) -> None:
        """A closed ticket is open again."""
        self._turn(ticket_id, "reopened")

    def set_state(self, ticket_id: str, state: str) -> None:
        """Any other state, by the sandbox's own word."""
        if state not in STATES:
            raise ValueError(f"state {state!r} is none of {', '.join(sorted(STATES))}")
        self._turn(ticket_id, "working" if state == "open" else state)

    def rate(self, ticket_id: str, *ratings: int, judgement: str = "") -> None:
        """The customer rates promptness and result, each 1 to 5."""
        if len(ratings) != 2 or not all(1 <= rating <= 5 for rating in ratings):
            raise ValueError(f"a rating is two numbers of 1 to 5, not {ratings}")
        with self.lock:
            case = self.ticket(ticket_id)
            case.ratings, case.judgement, case.updated_at = ratings, judgement, self.now()

    def delete(self, ticket_id: str) -> None:
        """The vendor no longer knows the ticket."""
        with self.lock:
            case = self.ticket(ticket_id)
            del self._cases[ticket_id]
            self._lists[case.vendor, case.tenant].remove(case)

    def hide(self, ticket_id: str) -> None:
        """Lists leave the ticket out; it can still be read."""
        with self.lock:
            case = self.ticket(ticket_id)
            self._lists[case.vendor, case.tenant].remove(case)

    def show(self, ticket_id: str) -> None:
        """Lists show a hidden ticket again."""
        with self.lock:
            case = self.ticket(ticket_id)
            insort(self._lists[case.vendor, case.tenant], case, key=by_creation)

    def _turn(self, ticket_id: str, state: str) -> None:
        with self.lock:
            case = self.ticket(ticket_id)
            case.state, case.updated_at = state, self.now()
            case.closed_at = case.updated_at if case.is_closed else None

    def _say(self, case: Case, text: str, from_customer: bool, moment: datetime) -> int:
        talk = Talk(self._numbers.message(case.vendor), from_customer, text, moment)
        insort(case.talks, talk, key=lambda one: (one.created_at, one.number))
        case.updated_at = max(case.updated_at, moment)
        return talk.number

    # what a warehouse must hold

    def truth(self) -> dict[str, Any]:
        """What is there now, in the form to compare a warehouse with. Deleted tickets are not.

        ``messages`` counts what the vendor's API answers. ``stored_messages`` counts what a
        faithful synchroniser stores: the same, and one more where the opening description is not
        word for word among the customer's messages.
        ``categories`` are distinct and belong to at least one product; ``product_categories``
        counts pairs. ``sources`` are the names that tickets show and those known without any.
        """
        with self.lock:
            return {vendor: self._truth_of(vendor) for vendor in VENDORS}

    def _truth_of(self, vendor: str) -> dict[str, Any]:
        products = self.shelves[vendor].products
        pairs = [(key, id_) for key, goods in products.items() for id_ in goods.categories]
        accounts = [
            {"access_key": owner.access_key, **_account_truth(self._lists[vendor, owner.index])}
            for owner in self.tenants[vendor]
        ]
        return {
            "accounts": accounts,
            "products": _ids(products),
            "categories": _ids({category for _, category in pairs}),
            "product_categories": len(pairs),
            "sources": self._sources(vendor),
        }

    def _sources(self, vendor: str) -> dict[str, Any]:
        seen = {case.source for case in self._cases.values() if case.vendor == vendor} - {""}
        fixed = traits_of(vendor).fixed_sources
        names = sorted({*seen, *fixed.values()})
        return {"count": len(seen) + len(fixed), "ids": sorted(fixed), "names": names}


def _ids(ids: Iterable[str]) -> dict[str, Any]:
    found = sorted(ids)
    return {"count": len(found), "ids": found}


def _account_truth(rows: list[Case]) -> dict[str, Any]:
    closed = [case.ticket_id for case in rows if case.is_closed]
    still = [case.ticket_id for case in rows if not case.is_closed]
    messages = {case.ticket_id: len(case.talks) for case in rows}
    stored = {case.ticket_id: _stored(case) for case in rows}
    return {
        "tickets": {"open": still, "closed": closed},
        "counts": {
            "tickets": len(rows),
            "open": len(still),
            "closed": len(closed),
            "messages": sum(messages.values()),
            "stored_messages": sum(stored.values()),
        },
        "messages": messages,
        "stored_messages": stored,
    }


def _stored(case: Case) -> int:
    told = not traits_of(case.vendor).has_titles or any(
        talk.from_customer and talk.content == case.description for talk in case.talks
    )
    return len(case.talks) + (not told)
