-- Who shows how everything fares: `status`, and the page "Sync health" of Airflow's API server, when
-- it has a connection `warehouse` of its own. Of tickets it counts the rows; it reads no text of them.
-- Write your names for database `osm`, user `osm_page` and host `%`. Run it as an administrator
-- after `migrate`, and again after each `migrate` that made a table or view: mysql < mysql_page.sql.
-- The user cannot log in until you set a password:
--     ALTER USER `osm_page`@`%` IDENTIFIED BY '…' ACCOUNT UNLOCK;
--     ALTER USER `osm_page`@`%` REQUIRE SSL;  -- unless it connects from the same machine
CREATE USER IF NOT EXISTS `osm_page`@`%` ACCOUNT LOCK;
GRANT SELECT ON `osm`.`alembic_version` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cloud_user` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cs_snapshot` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cs_snapshot_table` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`sync_check` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`sync_quarantine` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`sync_run` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`sync_state` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cloud_osm_product` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cloud_osm_product_category` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cloud_osm_product_type` TO `osm_page`@`%`;
GRANT SELECT ON `osm`.`cloud_osm_source` TO `osm_page`@`%`;
GRANT SELECT (id) ON `osm`.`cloud_osm_detail` TO `osm_page`@`%`;
GRANT SELECT (account_id, custom_id, complete, close_time_max, missing_since) ON `osm`.`cloud_osm_list` TO `osm_page`@`%`;
