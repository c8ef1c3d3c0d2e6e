"""What the columns of bookkeeping may say, now that runs end early and backfills go beside them.

Comments alone change, in an instant and whatever the size of a table.

Revision ID: 0011
"""

from __future__ import annotations

from typing import Final

from alembic import op

from sql.migrations.frozen import ddl

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WORDS: Final = (
    (
        "sync_run",
        "outcome",
        "running, done, partial, failed, stopped (killed or superseded)",
        "running, done, more (its time was spent: the next goes on), partial, failed,"
        " stopped (killed or superseded)",
    ),
    (
        "sync_run",
        "entity",
        "tickets or catalog",
        "tickets, backfill, again (looks and repairs), ticket (by id), catalog, snapshot, build, …",
    ),
    ("sync_state", "entity", "tickets or catalog", "as in sync_run"),
)
"""Table, column, comment before and after."""


def upgrade() -> None:
    """Say it anew, as far as it is not said."""
    for table, column, _, comment in WORDS:
        _say(table, column, comment)


def downgrade() -> None:
    """Say it as before."""
    for table, column, comment, _ in WORDS:
        _say(table, column, comment)


def _say(table: str, column: str, comment: str) -> None:
    if not op.get_context().as_sql:
        present = ddl.read(op.get_bind(), table)
        shape = present.columns.get(column) if present else None
        if shape is not None and shape.comment == comment:
            return
    ddl.alter(
        table,
        [
            f"MODIFY COLUMN `{column}` VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            f" NOT NULL COMMENT '{comment}'"
        ],
    )
