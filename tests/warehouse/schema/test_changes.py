"""What a script of migrations does to the tables that are there."""

from __future__ import annotations

import sqlalchemy as sa

from include.warehouse.schema.changes import read_changes

SCRIPT = """\
-- Running upgrade 0008 -> 0009

CREATE TABLE made_new (
\tid INTEGER NOT NULL
);

ALTER TABLE `cloud_osm_list`
  ADD COLUMN `one` INT NULL COMMENT 'MODIFY COLUMN `texts`;
  DROP COLUMN nothing',
  MODIFY COLUMN `type` VARCHAR(50) NULL COMMENT 'it''s';

ALTER TABLE cloud_osm_list DROP COLUMN email, DROP INDEX ix_some, DROP PRIMARY KEY;

ALTER TABLE cloud_osm_detail MODIFY vendor VARCHAR(50);

CREATE INDEX ix_new ON cloud_osm_source (name);

ALTER TABLE not_there ADD COLUMN x INT;

UPDATE alembic_version SET version_num='0009';
"""


def test_tables_columns_and_sizes_are_read_from_the_script(warehouse_url):
    engine = sa.create_engine(warehouse_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        changes = {change.table: change for change in read_changes(connection, SCRIPT)}
        assert read_changes(connection, "") == []
    assert {name: change.columns for name, change in changes.items()} == {
        "cloud_osm_detail": {"vendor"},
        "cloud_osm_list": {"type", "email"},
        "cloud_osm_source": set(),
    }
    assert all(change.size >= 16384 for change in changes.values())
