"""No limit that a server has for others reaches our sessions, on any server."""

from __future__ import annotations

import re

import pytest

from include.warehouse.mysql import Warehouse, dedicated
from include.warehouse.session import BOTH, BULK_WAIT_SECONDS, MARIADB, MYSQL, WAIT_SECONDS

SUSPECT = re.compile(
    r"timeout|limit|max_|_max|time|safe|strict|null|isolation|autocommit|mode|checks|read_only"
    r"|big|select|completion|increment|regex|week|buffer_result|retry|sync|snapshot|collation|charac"
)
"""Names of what may limit time, rows or packets, or change what a statement means."""
HARMLESS = {
    "made for diagnosis or logs": """
        explain_json_format_version log_slow_max_warnings log_slow_min_examined_row_limit
        log_slow_query_time log_slow_rate_limit long_query_time max_error_count
        min_examined_row_limit optimizer_trace_limit optimizer_trace_max_mem_size
        progress_report_time terminology_use_previous timestamp
    """,
    "how a plan is found, not what it gives": """
        max_join_size optimizer_use_condition_selectivity
        analyze_max_length eq_range_index_dive_limit expensive_subquery_limit
        histogram_generation_max_mem_size information_schema_stats_expiry
        internal_tmp_mem_storage_engine join_buffer_space_limit join_cache_level
        max_heap_table_size max_length_for_sort_data max_rowid_filter_size
        max_seeks_for_key optimizer_join_limit_pref_ratio optimizer_max_sel_arg_weight
        optimizer_max_sel_args optimizer_max_subgraph_pairs
        optimizer_selectivity_sampling_limit range_optimizer_max_mem_size
        secondary_engine_cost_threshold select_into_buffer_size select_into_disk_sync
        select_into_disk_sync_delay subquery_to_derived tmp_memory_table_size
        use_secondary_engine
    """,
    "loud where it is too small: an error, which is the operator's turn": """
        connection_memory_limit cte_max_recursion_depth max_allowed_packet
        max_points_in_geometry max_recursive_iterations max_session_mem_used
        max_sp_recursion_depth max_tmp_tables max_user_connections parser_max_mem_size
    """,
    "for statements that we do not use": """
        default_week_format explicit_defaults_for_timestamp lc_time_names
        log_queries_not_using_indexes max_delayed_threads max_insert_delayed_threads
        max_relay_log_size require_row_format restrict_fk_on_non_standard_key
        resultset_metadata sql_if_exists system_versioning_asof updatable_views_with_limit
    """,
    "of what is made without a collation: ours states its own": """
        character_set_collations character_set_database character_set_filesystem
        character_set_server collation_database collation_server default_collation_for_utf8mb4
    """,
    "of interactive programs, or of the server with its replicas": """
        auto_increment_offset auto_increment_increment
        binlog_alter_two_phase binlog_row_value_options
        binlog_transaction_compression deadlock_timeout_long deadlock_timeout_short
        group_replication_consistency insert_id interactive_timeout net_retry_count
        original_commit_timestamp pseudo_replica_mode pseudo_slave_mode rbr_exec_mode
        session_track_gtids slave_transaction_retries sql_slave_skip_counter
        wsrep_osu_method wsrep_retry_autocommit wsrep_sync_wait
    """,
    "older behaviour that no statement of ours meets": """
        big_tables block_encryption_mode innodb_ft_user_stopword_table
        innodb_snapshot_isolation innodb_strict_mode max_sort_length old old_mode
        show_gipk_in_create_table_and_information_schema sql_big_tables
        windowing_use_high_precision
    """,
}


def is_mariadb(connection):
    return "mariadb" in connection.exec_driver_sql("select version()").scalar_one().lower()


def own_variables(connection):
    """The variables of a session, whichever family the server is of."""
    query = (
        "select variable_name from information_schema.system_variables"
        " where variable_scope like 'SESSION%%'"
        if is_mariadb(connection)
        else "select variable_name from performance_schema.variables_metadata"
        " where variable_scope like 'SESSION%%'"
    )
    return {name.lower() for name in connection.exec_driver_sql(query).scalars()}


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    yield opened
    opened.close()


def test_each_variable_that_may_limit_or_change_a_statement_is_set_or_known_to_be_harmless(
    warehouse,
):
    with warehouse.engine.connect() as connection:
        suspect = {name for name in own_variables(connection) if SUSPECT.search(name)}
        isolation = {"tx_isolation", "transaction_isolation", "autocommit"}  # set by the engine
        names = {f"character_set_{of}" for of in ("client", "connection", "results")}  # the driver
        ours = {*BOTH, *(MARIADB if is_mariadb(connection) else MYSQL), *isolation, *names}
        assert suspect - ours - {*" ".join(HARMLESS.values()).split()} == set()


@pytest.mark.parametrize("is_bulk", [False, True])
def test_every_connection_has_them_whatever_the_server_has(warehouse, is_bulk):
    with dedicated(warehouse.engine) if is_bulk else warehouse.engine.connect() as connection:
        wait = BULK_WAIT_SECONDS if is_bulk else WAIT_SECONDS
        expected = BOTH | (MARIADB if is_mariadb(connection) else MYSQL)
        for name, value in expected.items():
            if value == str(WAIT_SECONDS):
                value = str(wait)
            found = connection.exec_driver_sql(f"select @@session.{name}").scalar_one()
            found = {"NO_CHAIN": 0, "ON": 1, "OFF": 0}.get(found, found)
            if name == "sql_mode":
                assert {*found.split(",")} >= {*value.strip("'").split(",")}
            else:
                assert str(found).removesuffix(".0") == value.strip("'"), name
