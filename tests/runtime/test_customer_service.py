"""What the task of a snapshot does."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.errors import CheckError, ConfigError

SNAPSHOT = {"full": False, "accept_vanished": None}


def do(url, statement):
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.fixture
def snapshot(look, customer_service):
    """``snapshot(full=True)``: what the task does with such a form."""
    from include.runtime import customer_service as tasks

    def take(**form):
        return tasks.take_snapshot(SNAPSHOT | form, form, SNAPSHOT, "airflow test")

    return take


def test_a_refused_snapshot_is_red_until_the_stated_number_is_accepted(snapshot, customer_service):
    snapshot()
    do(customer_service, "delete from busi_seat_mapping")
    with pytest.raises(CheckError, match=r"accept_vanished \d+") as refused:
        snapshot()
    number = int(str(refused.value).partition("accept_vanished ")[2].partition(")")[0])
    done = snapshot(accept_vanished=number)
    assert done["closed"] == number
    assert done["snapshot_id"] == 3


def test_a_full_comparison_reads_every_row_and_changes_none(snapshot, source_server):
    source_server.settle()
    everything = snapshot()["rows_read"]
    assert snapshot()["rows_read"] < everything
    full = snapshot(full=True)
    assert (full["rows_read"], full["opened"], full["closed"]) == (everything, 0, 0)


def test_the_settings_reach_the_snapshot(snapshot, customer_service, monkeypatch):
    monkeypatch.setenv("SNAPSHOT_VANISH_LIMIT", "1")
    monkeypatch.setenv("SNAPSHOT_FULL_HOURS", "0")
    everything = snapshot()["rows_read"]
    do(customer_service, "delete from busi_seat_mapping where mod(id, 2) = 0")
    assert 0 < snapshot()["closed"] < everything
    assert snapshot()["rows_read"] > everything // 2


def test_an_unknown_field_of_a_form_is_refused_before_anything_is_read(snapshot, look):
    with pytest.raises(ConfigError, match="unknown in the form: accept; known: accept_vanished"):
        snapshot(accept=7)
    assert look("select count(*) from cs_snapshot") == [(0,)]
