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

TEXT: Final = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
UPDATED_AT: Final = {
    "updated_at": "DATETIME(6) COMMENT '本行生成时间, UTC | when this row was built, UTC'"
}
ADDED: Final[dict[str, dict[str, str]]] = {
    "rpt_build": {
        "zone": f"VARCHAR(64) {TEXT} COMMENT '时区 | BUSINESS_ZONE; NULL: a build before it was'",
        "rules": "VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        " COMMENT '规则摘要 | digest of what tickets are counted by'",
        "writing_from_at": "DATETIME(6)"
        " COMMENT '写入起点 | runs under way began from here on, UTC'",
    },
    "rpt_ticket": {
        "status_zh": f"VARCHAR(64) {TEXT} COMMENT '状态 | its name in Chinese'",
        "status_en": f"VARCHAR(64) {TEXT} COMMENT '状态（英文） | its name in English'",
        "title": f"LONGTEXT {TEXT} COMMENT '标题，已脱敏 | masked as in rpt_text; NULL: not yet'",
    },
    "rpt_seat_work": UPDATED_AT,
    "rpt_session": UPDATED_AT,
    "rpt_ticket_backlog_day": UPDATED_AT,
    "rpt_text": UPDATED_AT,
}
INDEX: Final = "ix_cloud_osm_list_synced_at"


def upgrade() -> None:
    """Add what is missing."""
    for table, columns in ADDED.items():
        there = _there(table).columns
        lacking = {name: type_ for name, type_ in columns.items() if name not in there}
        ddl.alter(table, [f"ADD COLUMN `{name}` {type_}" for name, type_ in lacking.items()])
    if INDEX not in _there("cloud_osm_list").indexes:
        ddl.alter("cloud_osm_list", [f"ADD INDEX `{INDEX}` (`synced_at`)"])


def downgrade() -> None:
    """Take it back."""
    is_asked = not op.get_context().as_sql
    if not is_asked or INDEX in _there("cloud_osm_list").indexes:
        ddl.alter("cloud_osm_list", [f"DROP INDEX `{INDEX}`"])
    for table, columns in ADDED.items():
        there = _there(table).columns
        dropped = [name for name in columns if not is_asked or name in there]
        ddl.alter(table, [f"DROP COLUMN `{name}`" for name in dropped])


def _there(table: str) -> ddl.Present:
    """The table as it is; without a connection as the revision before left it."""
    present = None if op.get_context().as_sql else ddl.read(op.get_bind(), table)
    return present or ddl.Present({})
