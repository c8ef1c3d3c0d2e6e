"""Which site of a vendor shows a row of the catalogue: each has one of its own.

A row that no site is noted for belongs to each, until the next refresh notes it or retires it.
The way back is to drop the column: nothing else knows of it.

Revision ID: 0010
"""

from __future__ import annotations

from typing import Final

from alembic import op

from sql.migrations.frozen import ddl

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES: Final = (
    "cloud_osm_product",
    "cloud_osm_product_type",
    "cloud_osm_product_category",
)
COLUMN: Final = (
    "ADD COLUMN `sites` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''"
    " COMMENT 'sites of the vendor whose last complete refresh showed it, with commas between'"
)


def upgrade() -> None:
    """Add the column to each table that lacks it."""
    for table in TABLES:
        if op.get_context().as_sql:
            ddl.alter(table, [COLUMN])
            continue
        present = ddl.read(op.get_bind(), table)
        if present is None or "sites" not in present.columns:
            ddl.alter(table, [COLUMN])


def downgrade() -> None:
    """Drop the columns, as far as they are there."""
    for table in TABLES:
        present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
        if present is None or "sites" in present.columns:
            ddl.alter(table, ["DROP COLUMN `sites`"])
