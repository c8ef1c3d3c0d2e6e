"""The zone that a build of the reports counted days by.

The definition is frozen here: ``include/warehouse`` goes on, this file does not.

Revision ID: 0018
"""

from __future__ import annotations

from typing import Final

from alembic import op

from sql.migrations.frozen import ddl

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE: Final = "rpt_build"
COLUMN: Final = (
    "`zone` VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
    " COMMENT '时区 | BUSINESS_ZONE; NULL: a build before it was'"
)


def upgrade() -> None:
    """Add what is missing."""
    if not _has_zone():
        ddl.alter(TABLE, [f"ADD COLUMN {COLUMN}"])


def downgrade() -> None:
    """Take it back."""
    if op.get_context().as_sql or _has_zone():
        ddl.alter(TABLE, ["DROP COLUMN `zone`"])


def _has_zone() -> bool:
    """Whether the table has the column; without a connection, as the revision before left it."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), TABLE)
    return present is not None and "zone" in present.columns
