-- Who reads reports: BI tools, and `report`. No keys; texts of tickets as they are masked for reports
-- (v_message, v_ticket.title); of the customer service also the histories, for questions as of a
-- moment that is past. Without SHOW VIEW tools that reflect find no view.
-- Write your names for database `osm`, user `osm_report` and host `%`. Run it as an administrator
-- after `migrate`, and again after each `migrate` that made a table or view: mysql < mysql_report.sql.
-- The user cannot log in until you set a password:
--     ALTER USER `osm_report`@`%` IDENTIFIED BY '…' ACCOUNT UNLOCK;
--     ALTER USER `osm_report`@`%` REQUIRE SSL;  -- unless it connects from the same machine
CREATE USER IF NOT EXISTS `osm_report`@`%` ACCOUNT LOCK;
GRANT SELECT ON `osm`.`alembic_version` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_busi_seat_mapping_history` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_busi_supplier_mapping_history` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_queue_mapping_history` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_seat_history` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_session_history` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_session_mapping_history` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_snapshot` TO `osm_report`@`%`;
GRANT SELECT ON `osm`.`cs_supplier_history` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_busi_seat_mapping` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_busi_supplier_mapping` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_queue_mapping` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_seat` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_session` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_session_mapping` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`cs_supplier` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_account` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_category` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_day` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_line` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_product` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_seat` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_source` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`dim_supplier` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_contact` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_conversation` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_conversation_undated` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_dictionary` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_freshness` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_handling` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_history_limit` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_hour_profile` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_hour_trend` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_line_load` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_line_load_participating` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_lost_wait` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_message` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_queue_now` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_seat_class` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_seat_line` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_seat_load` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_seat_work` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_service_level` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_session_robot` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_supplier_load` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_sync_status` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_ticket` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_ticket_backlog` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_ticket_cohort` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_ticket_sla` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_ticket_state` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_volume` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_volume_hour` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_volume_quarter` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_wait` TO `osm_report`@`%`;
GRANT SELECT, SHOW VIEW ON `osm`.`v_wait_distribution` TO `osm_report`@`%`;
