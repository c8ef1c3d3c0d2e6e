"""What the accounts of one task ask of the warehouse alike, at most once a minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from include.models import Account
from include.pipelines.catalog import Catalog, load_catalog
from include.recent import Recent
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.adoption import BroughtOver, bring_over
from include.warehouse.tickets.strays import VendorReaders, read_readers


@dataclass(frozen=True, slots=True)
class Shared:
    """Answers of the warehouse that are alike for all accounts of a vendor, or of a region."""

    readers: Recent[str, VendorReaders]
    """By vendor."""
    catalogs: Recent[tuple[str, str], Catalog]
    """By vendor and region."""
    _brought_over: Recent[None, BroughtOver]

    @classmethod
    def of(cls, warehouse: Warehouse, now: datetime) -> Self:
        """What *warehouse* answers from *now* on; nothing is asked yet."""
        return cls(
            Recent(lambda vendor: read_readers(warehouse, vendor)),
            Recent(lambda place: load_catalog(warehouse, *place)),
            Recent(lambda _: bring_over(warehouse, now)),
        )

    def bring_over(self) -> None:
        """Bring rows of another program over, unless that was done just now."""
        self._brought_over.of(None)

    def catalog_of(self, account: Account) -> Catalog:
        """The catalogue that an account's tickets speak of."""
        return self.catalogs.of((account.vendor, account.region))
