"""What the state of a snapshot may say, now that a large one goes in pieces.

A comment alone changes, in an instant and whatever the size of the table.

Revision ID: 0012
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sql.migrations.frozen import ddl

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UNFINISHED: Final = "select count(*) from cs_snapshot where state = 'loading'"
BEFORE: Final = "complete; refused: nothing was changed, because too many rows had vanished"


def upgrade() -> None:
    """Name the state between."""
    ddl.say("cs_snapshot", "state", BEFORE + "; loading: under way, in pieces that no view shows")


def downgrade() -> None:
    """Say it as before. Raises ConfigError while a snapshot is unfinished."""
    if not op.get_context().as_sql and op.get_bind().scalar(sa.text(UNFINISHED)):
        raise ddl.error_for(
            "operator",
            "a snapshot is under way, or was not finished: run `python -m include snapshot` to its"
            " end first",
        )
    ddl.say("cs_snapshot", "state", BEFORE)
