-- Who runs everything else: sync, refresh, snapshot, build-reports, check, verify; Airflow's tasks.
-- It reads keys and changes none. Locks, LOAD DATA LOCAL and ending its own connections need no right.
-- Write your names for database `osm`, user `osm_write` and host `%`. Run it as an administrator
-- after `migrate`, and again after each `migrate` that made a table or view: mysql < mysql_write.sql.
-- The user cannot log in until you set a password:
--     ALTER USER `osm_write`@`%` IDENTIFIED BY '…' ACCOUNT UNLOCK;
--     ALTER USER `osm_write`@`%` REQUIRE SSL;  -- unless it connects from the same machine
CREATE USER IF NOT EXISTS `osm_write`@`%` ACCOUNT LOCK;
GRANT CREATE TEMPORARY TABLES ON `osm`.* TO `osm_write`@`%`;
GRANT SELECT ON `osm`.`alembic_version` TO `osm_write`@`%`;
GRANT SELECT ON `osm`.`cloud_user` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cloud_osm_list` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE ON `osm`.`cloud_osm_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cloud_osm_detail` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cloud_osm_product` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cloud_osm_product_type` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cloud_osm_source` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE ON `osm`.`cloud_osm_product_category` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE ON `osm`.`sync_state` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`sync_run` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`sync_quarantine` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_snapshot` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_snapshot_table` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_supplier_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_seat_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_busi_supplier_mapping_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_busi_seat_mapping_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_session_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_session_mapping_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`cs_queue_mapping_history` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`sync_status` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`sync_alert` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`sync_check` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_build` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_holiday` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_watch` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_supplier_version` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_supplier` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_line` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_conversation` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_cohort` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_seat_work` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_queue_now` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_seat` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_session` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_ticket` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_ticket_cohort` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_ticket_state` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_ticket_sla` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_ticket_backlog_day` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_day` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_status` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_sla_target` TO `osm_write`@`%`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `osm`.`rpt_text` TO `osm_write`@`%`;
GRANT SELECT ON `osm`.`stg_message` TO `osm_write`@`%`;
GRANT SELECT ON `osm`.`stg_ticket` TO `osm_write`@`%`;
GRANT SELECT ON `osm`.`stg_ticket_named` TO `osm_write`@`%`;
GRANT INSERT ON `osm`.`migration_leftover` TO `osm_write`@`%`;
