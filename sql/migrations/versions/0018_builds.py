"""What a build of the reports follows (zone, rules, runs), and when it made what it told.

The definitions are frozen here: ``include/warehouse`` goes on, this file does not.

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

COLUMNS: Final = {
    "zone": "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
    " COMMENT '时区 | BUSINESS_ZONE; NULL: a build before it was'",
    "rules": "VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    " COMMENT '规则摘要 | digest of what tickets are counted by'",
    "writing_from_at": "DATETIME(6) COMMENT '写入起点 | runs under way began from here on, UTC'",
}
UPDATED: Final = ("rpt_seat_work", "rpt_session", "rpt_ticket_backlog_day", "rpt_text")
UPDATED_AT: Final = (
    "`updated_at` DATETIME(6) COMMENT '本行生成时间, UTC | when this row was built, UTC'"
)
INDEX: Final = "ix_cloud_osm_list_synced_at"


def upgrade() -> None:
    """Add what is missing."""
    there = _there("rpt_build").columns
    added = [f"ADD COLUMN `{name}` {type_}" for name, type_ in COLUMNS.items() if name not in there]
    ddl.alter("rpt_build", added)
    for table in UPDATED:
        if "updated_at" not in _there(table).columns:
            ddl.alter(table, [f"ADD COLUMN {UPDATED_AT}"])
    if INDEX not in _there("cloud_osm_list").indexes:
        ddl.alter("cloud_osm_list", [f"ADD INDEX `{INDEX}` (`synced_at`)"])


def downgrade() -> None:
    """Take it back."""
    is_asked = not op.get_context().as_sql
    if not is_asked or INDEX in _there("cloud_osm_list").indexes:
        ddl.alter("cloud_osm_list", [f"DROP INDEX `{INDEX}`"])
    for table in UPDATED:
        if not is_asked or "updated_at" in _there(table).columns:
            ddl.alter(table, ["DROP COLUMN `updated_at`"])
    there = _there("rpt_build").columns
    dropped = [f"DROP COLUMN `{name}`" for name in COLUMNS if not is_asked or name in there]
    ddl.alter("rpt_build", dropped)


def _there(table: str) -> ddl.Present:
    """The table as it is; without a connection as the revision before left it."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    return present or ddl.Present({})
