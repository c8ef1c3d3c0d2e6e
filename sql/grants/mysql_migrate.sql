-- Who runs `migrate` and `accounts add, enable, disable, rename, remove, encrypt, rotate`: owns the tables of one database.
-- First of the four files: the rights of the others are on tables that `migrate` makes.
--
-- Write your names for database `osm`, user `osm_migrate` and host `%`; in a database's name _
-- stands for any character, so write \_ for it in this file. Then, for MySQL 8+ or MariaDB 10.11+,
-- as an administrator: mysql < mysql_migrate.sql. It may be run again at any time.
-- The user cannot log in until you set a password:
--     ALTER USER `osm_migrate`@`%` IDENTIFIED BY '…' ACCOUNT UNLOCK;
--     ALTER USER `osm_migrate`@`%` REQUIRE SSL;  -- unless it connects from the same machine
-- The views run with the rights of who ran `migrate` last: keep that user as long as the views.
-- With PROCESS, and SELECT on performance_schema, `migrate` can also name who has a table in use.
CREATE USER IF NOT EXISTS `osm_migrate`@`%` ACCOUNT LOCK;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW,
    SHOW VIEW, CREATE TEMPORARY TABLES, LOCK TABLES ON `osm`.* TO `osm_migrate`@`%`;
