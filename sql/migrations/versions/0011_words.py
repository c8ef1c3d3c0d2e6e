"""What the columns of bookkeeping may say, now that runs end early and backfills go beside them.

Comments alone change, in an instant and whatever the size of a table.

Revision ID: 0011
"""

from __future__ import annotations

from typing import Final

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
        ddl.say(table, column, comment)


def downgrade() -> None:
    """Say it as before."""
    for table, column, comment, _ in WORDS:
        ddl.say(table, column, comment)
