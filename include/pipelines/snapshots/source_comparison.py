"""The customer-service tables counted and summed on both sides."""

from __future__ import annotations

from dataclasses import dataclass

from include.customer_service import SOURCE_TABLES
from include.source.postgres import SourceDatabase
from include.warehouse.customer_service.staging import Staging
from include.warehouse.mysql import Warehouse


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """A table counted and summed on both sides, each from its own columns."""

    table_name: str
    source_rows: int
    warehouse_rows: int
    source_checksum: int
    warehouse_checksum: int

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows."""
        return (self.source_rows, self.source_checksum) == (
            self.warehouse_rows,
            self.warehouse_checksum,
        )


def compare_with_source(source: SourceDatabase, warehouse: Warehouse) -> list[SourceComparison]:
    """Count and sum every table on both sides; a source that moved on since differs."""
    compared = []
    with source.snapshot() as snapshot, warehouse.bulk() as connection:
        for table in SOURCE_TABLES:
            if table.name not in snapshot.found:
                continue
            rows, checksum = snapshot.one(snapshot.found[table.name].reading.total())
            ours = Staging(connection, table).total()
            compared.append(
                SourceComparison(table.name, int(rows), ours[0], int(checksum), ours[1])
            )
    return compared
