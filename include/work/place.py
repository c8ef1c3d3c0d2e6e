"""What all work needs: settings, the open warehouse, and how keys are found and hidden."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, Self

from include.secrets import KeyRing
from include.settings import Settings
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import References, RegisterSecrets


@dataclass(frozen=True, slots=True)
class Workplace:
    """Settings, warehouse and keys.

    *find_secret* gives the secret of ``conn:<id>``. *hide* registers keys with whatever writes
    logs; None where none is used.
    """

    settings: Settings
    warehouse: Warehouse
    ring: KeyRing = field(repr=False)
    find_secret: References
    hide: RegisterSecrets | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        warehouse: Warehouse,
        find_secret: References,
        hide: RegisterSecrets | None,
    ) -> Self:
        """The workplace with the key ring of *settings*. Raises ConfigError for a bad key."""
        ring = KeyRing.parse(settings.secret_keys.get_secret_value())
        return cls(settings, warehouse, ring, find_secret, hide)


class Onlooker(Protocol):
    """Whoever is told how far long work is."""

    def update(self, text: str) -> None:
        """Say what is being done now."""
        ...

    def advance(self) -> None:
        """One account (or vendor, or check) is finished."""
        ...


class Nobody:
    """An onlooker where none looks on."""

    def update(self, text: str) -> None:
        """Nothing."""

    def advance(self) -> None:
        """Nothing."""


NOBODY = Nobody()
