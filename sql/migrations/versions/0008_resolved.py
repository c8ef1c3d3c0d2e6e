"""Whether a closed ticket was closed with a result: reports knew it by vendors' states so far.

The rules are frozen here, as they stood in ``sql/reports/rpt_ticket.sql``; from now on the client
of a vendor says it. A ticket's ``synced_at`` stays: nothing new was heard of it.

Revision ID: 0008
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sql.migrations.frozen import ddl

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMN: Final = (
    "ADD COLUMN `resolved` SMALLINT NULL COMMENT '1: closed with a result; 0: withdrawn, cancelled,"
    " invalid or deleted; NULL: open, or the vendor did not say'"
)
FILL: Final = """
    UPDATE cloud_osm_list
    SET resolved = CASE type
        WHEN 'HUAWEI' THEN vendor_status NOT IN ('4', '12', '13')
        WHEN 'TENCENT' THEN vendor_status NOT IN ('已取消', '已撤销', '已删除', '10', '11')
        ELSE 1
    END
    WHERE resolved IS NULL AND vendor_status IS NOT NULL
        AND (status = 0 OR close_time IS NOT NULL)
    ORDER BY id
    LIMIT 50000
"""
"""So many rows in one transaction: a table of millions is filled while runs wait their turn."""


def upgrade() -> None:
    """Add the column and fill it, as far as that is not done."""
    if op.get_context().as_sql:
        ddl.alter("cloud_osm_list", [COLUMN])
        return
    connection = op.get_bind()
    present = ddl.read(connection, "cloud_osm_list")
    if present is None or "resolved" not in present.columns:
        ddl.alter("cloud_osm_list", [COLUMN])
    while connection.execute(sa.text(FILL)).rowcount:
        pass
