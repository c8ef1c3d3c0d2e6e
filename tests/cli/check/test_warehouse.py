"""What `check` tells of the database we write."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from tests.cli.invoked import told


def test_check_names_the_setting_that_leaves_new_tickets_to_another_program(osm, accounts, rows):
    told(osm("sync"), 0)
    suggested = "set LEAVE_NEW_SECONDS to"
    assert suggested not in told(osm("check"), 0)
    now = int(datetime.now(UTC).timestamp() * 1000)
    insert = "insert into cloud_osm_list (id, cloud_id, type, create_time) values"
    old = now - 31 * 24 * 3600 * 1000
    rows(f"{insert} ('row-0', 'T0', 'HUAWEI', {old})")
    assert suggested not in told(osm("check"), 0)
    rows(f"{insert} ('row-1', 'T1', 'HUAWEI', {now}), ('row-2', 'T2', null, {now})")
    output = told(osm("check"), 0)
    assert "warning  another writer: it inserted 2 of the newest tickets" in output
    assert suggested in output
    assert suggested not in told(osm("check", LEAVE_NEW_SECONDS="120"), 0)


@contextmanager
def another_user(server, warehouse_url, name, *statements):
    """A warehouse's URL for a user of its own; in *statements* {user} and {database} are filled."""
    url = sa.make_url(warehouse_url)
    host = "127.0.0.1" if url.host == "127.0.0.1" else "%"
    user = f"{name}_{os.getpid()}@'{host}'"
    try:
        server.run(f"create user {user} identified by 'check-check-check'")
    except sa.exc.DBAPIError as error:
        pytest.skip(f"this server's user may not create users: {error.orig}")
    try:
        server.run(*(one.format(user=user, database=url.database) for one in statements))
        limited = url.set(username=f"{name}_{os.getpid()}", password="check-check-check")
        yield limited.render_as_string(hide_password=False)
    finally:
        server.run(f"drop user {user}")


def test_check_names_the_rights_that_are_missing(osm, accounts, warehouse_server, warehouse_url):
    grant = "grant select, insert, update on `{database}`.* to {user}"
    with another_user(warehouse_server, warehouse_url, "osm_check", grant) as limited:
        output = told(osm("check", WAREHOUSE_URL=limited), 1)
    deleted_from = [
        *("cloud_osm_list", "cloud_osm_detail", "cloud_osm_product", "cloud_osm_product_type"),
        *(
            "cloud_osm_source",
            "sync_alert",
            "sync_quarantine",
            "sync_check",
            "sync_run",
            "sync_status",
            "cs_snapshot",
        ),
        "cs_snapshot_table",
    ]
    lacking = "; ".join(f"no DELETE on {name}" for name in deleted_from)
    assert f"failed   rights: {lacking}; " in output
    assert "check-check-check" not in output


def test_check_names_a_limit_of_connections_that_accounts_side_by_side_would_reach(
    osm, accounts, warehouse_server, warehouse_url
):
    assert "server connections" not in told(osm("check"), 0)
    given = (
        "grant all on `{database}`.* to {user}",
        "alter user {user} with max_user_connections 5",
    )
    with another_user(warehouse_server, warehouse_url, "osm_few", *given) as limited:
        output = told(osm("check", WAREHOUSE_URL=limited), 0)
        fewer = told(osm("check", WAREHOUSE_URL=limited, TENCENT_ENABLED="0"), 0)
    assert "server connections" not in fewer
    assert "warning  server connections: tasks may take 6 together" in output
    assert "5 are allowed" in output
