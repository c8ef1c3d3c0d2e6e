"""Store ``cloud_osm_list.complete``, which was computed at each look.

An index on a column that is not stored is tidied by the server's purge threads, which have to
compute the column themselves. MariaDB has done that wrong (MDEV-30024, MDEV-39261): a row that is
missing in this index would be a ticket that is never read, without a word. A stored column is like
any other. The table is copied once.

Revision ID: 0013
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sql.migrations.frozen import ddl

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMN: Final = (
    "`complete` SMALLINT GENERATED ALWAYS AS (coalesce(status, 1) = 0 and message_count is not null"
    " and close_time_max is not null) {kind} COMMENT '1: closed, and every message stored, as a run"
    " of ours proved'"
)
INDEX: Final = "`ix_cloud_osm_list_complete`"


def upgrade() -> None:
    """Store it."""
    _make("STORED")


def downgrade() -> None:
    """Compute it at each look again."""
    _make("VIRTUAL")


def _make(kind: str) -> None:
    """Make the column anew, with its index, unless it is of this *kind*."""
    if not op.get_context().as_sql:
        query = (
            "SELECT extra FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND table_name = 'cloud_osm_list' AND column_name = 'complete'"
        )
        if str(op.get_bind().scalar(sa.text(query))).startswith(kind):
            return
    ddl.alter(
        "cloud_osm_list",
        [
            f"DROP INDEX {INDEX}",
            "DROP COLUMN `complete`",
            f"ADD COLUMN {COLUMN.format(kind=kind)}",
            f"ADD INDEX {INDEX} (`type`, `complete`, `account_id`, `read_at`)",
        ],
    )
