-- Who takes the snapshots of customer service: a role that reads its seven tables, and no more.
-- Write your names for role osm_reader and database customer_service. Then, connected to that
-- database as the owner of the tables, or an administrator: psql -d customer_service -f postgres.sql
-- It may be run again at any time; without the table queue_mapping leave its line out.
-- The role cannot log in until you set a password:
--     ALTER ROLE osm_reader LOGIN PASSWORD '…';
-- and let only encrypted connections in (pg_hba.conf):
--     hostssl customer_service osm_reader <address of the workers> scram-sha-256
-- Where a table has row-level security, let the role see every row, or snapshots are refused:
--     CREATE POLICY osm_snapshot ON seat FOR SELECT TO osm_reader USING (true);
-- (or, as an administrator: ALTER ROLE osm_reader BYPASSRLS).
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'osm_reader') THEN
        CREATE ROLE osm_reader NOLOGIN;
    END IF;
END $$;
ALTER ROLE osm_reader NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5;
ALTER ROLE osm_reader SET default_transaction_read_only = on;
ALTER ROLE osm_reader SET statement_timeout = '1h';
ALTER ROLE osm_reader SET idle_in_transaction_session_timeout = '15min';
GRANT CONNECT ON DATABASE customer_service TO osm_reader;
GRANT USAGE ON SCHEMA public TO osm_reader;
GRANT SELECT ON supplier, seat, busi_supplier_mapping, busi_seat_mapping, session,
    session_mapping TO osm_reader;
GRANT SELECT ON queue_mapping TO osm_reader;
-- An administrator's alone to give. Without it every snapshot reads all rows.
GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO osm_reader;
