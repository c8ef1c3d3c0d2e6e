"""What a pipeline may ask of a vendor, and what a vendor's folder declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from include.models import (
    HOME_SITE,
    Account,
    Category,
    Glance,
    Message,
    Product,
    Source,
    StatusName,
    SyncWindow,
    Ticket,
    TicketRef,
)
from include.settings import Settings, VendorSettings

if TYPE_CHECKING:
    from include.vendors.sessions import Sessions

StorePart = Callable[[Ticket, list[Message]], None]
"""Takes a part of a conversation, and the ticket as it was just read; may raise what ends it."""


class VendorClient(Protocol):
    """Reads one account; every ``list_*`` yields pages, and a page is a plain list.

    All methods raise subclasses of ``VendorError``. ``calls`` counts the HTTP requests sent so far.
    """

    account: Account

    @property
    def max_window(self) -> timedelta:
        """The longest span of creation time worth asking for at once."""
        ...

    @property
    def calls(self) -> int:
        """HTTP requests sent so far, repeated attempts included."""
        ...

    @property
    def clock_skew(self) -> float | None:
        """Seconds that our clock is ahead of the vendor's, by its newest answer; None: untold."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...

    def list_tickets(
        self, window: SyncWindow, *, only_open: bool = False
    ) -> Iterator[list[TicketRef]]:
        """At least every ticket created in *window*; with *only_open*, those that are open now.

        A vendor whose bounds are vague may also show a ticket just beside the window.
        """
        ...

    def read_ticket(
        self,
        ticket_id: str,
        *,
        open_messages: bool = False,
        store_part: StorePart | None = None,
    ) -> tuple[Ticket, list[Message] | None]:
        """Read the state first, then the messages, oldest first.

        Messages are None for an open ticket unless *open_messages*. A conversation of many pages
        goes to *store_part* part by part, in this thread, and only its last part is returned:
        whoever holds all parts then holds all messages. A part may come twice, and no part proves
        the ticket's state. Raises NotFoundError for a ticket the vendor does not know.
        """
        ...

    def glance(self, ticket_id: str, *, with_ticket: bool = False) -> Glance:
        """Look at a ticket that was read closed before, by the one call that shows its messages.

        A vendor that tells the ticket in a call of its own makes that too, if *with_ticket*, and
        shows the opening text that it tells. What a reading would ask for beside it (a product's
        name, the time of closing) is None.
        """
        ...

    def list_products(self) -> Iterator[list[Product]]:
        """Every product."""
        ...

    def list_categories(self) -> Iterator[list[Category]]:
        """Every pair of a category and a product it belongs to."""
        ...

    def list_sources(self) -> Iterator[list[Source]]:
        """Every ticket source that is known beforehand; others appear with the tickets."""
        ...


class ClientClass(Protocol):
    """How a client is made; nothing is sent yet. Raises ConfigError for a region that is none."""

    def __call__(self, sessions: Sessions, settings: Settings) -> VendorClient:
        """A client of the account of *sessions*, which it opens and closes."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the folder of a vendor declares; the folder bears the vendor's *name*."""

    name: str
    aliases: frozenset[str]
    """What people and the user's tables call it besides its name, in lower case."""
    settings: type[VendorSettings]
    client_class: Callable[[], ClientClass]
    """Imports the client, which is heavy, and gives its class."""
    statuses: Mapping[str, StatusName]
    """What people call the states (``Ticket.vendor_status``) that are known."""
    catalog_site: Callable[[str], str] = lambda region: HOME_SITE
    """``catalog_site(region)``: the site that serves a region, a word without commas. Sites may
    have catalogues of their own; two regions of one site share it, and the list of tickets."""
    permission: str = ""
    """What the owner of an account grants to the user of a key, in the vendor's words."""
    is_official: bool = True
    """False where the vendor does not document its ticket API: reading it is experimental, and
    outside the sandbox off unless somebody switches it on."""
