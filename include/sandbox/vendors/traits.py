"""How the data of one vendor differs from another's: what a vendor's folder declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from include.sandbox.vendors.cases import Case

Count: TypeAlias = Callable[[str], int]
"""1, 2, 3, … for each name."""
CatalogId: TypeAlias = Callable[[str, int], str]
"""The id of the ``group``, ``product`` or ``problem`` of a number."""


def numbered(start: int) -> CatalogId:
    """Ids of a catalogue that are numbers from *start* on."""
    begins: Final = {"group": start, "product": start + 100, "problem": start + 900}
    return lambda kind, number: str(begins[kind] + number)


def sixteen_digits(digest: str) -> str:
    """An owner's id that is a number."""
    return str(10**15 + int(digest[:10], 16))


@dataclass(frozen=True, slots=True)
class Traits:
    """What is a vendor's own in its seeded data; ``TRAITS`` of its folder."""

    ticket_id: Callable[[Count, datetime], str]
    """The id of a ticket created at a moment, in a form that is no other vendor's."""
    catalog_id: CatalogId
    make_odd: Callable[[Case], None]
    """Gives the last message of a ticket what is odd about messages of this vendor alone."""
    owner_id: Callable[[str], str] = sixteen_digits
    """The id of an account's owner, from a digest in hexadecimal."""
    has_titles: bool = True
    """False: lists show the description, which is the first message, too."""
    is_tree: bool = False
    """Whether a product stands in one group only."""
    ticket_sources: tuple[str, ...] = ()
    """The names of sources that tickets show."""
    fixed_sources: Mapping[str, str] = field(default_factory=dict)
    """The sources, id and name, that are known without any ticket."""
    severities: tuple[str, str] | tuple[None, None] = (None, None)
    """What tickets show that are not urgent, and that are; None: nothing of it."""
    shows_ratings: bool = False
    """Whether tickets show how the customer rated them."""
    switches: frozenset[str] = frozenset()
    """Faults that only this vendor's side of the wire looks for by name."""


@cache
def traits_of(vendor: str) -> Traits:
    """What the vendor's folder declares."""
    traits: Traits = import_module(f"include.sandbox.vendors.{vendor}").TRAITS
    return traits
