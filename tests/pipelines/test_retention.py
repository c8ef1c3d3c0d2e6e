"""What is older than its setting goes, and nothing that anything else needs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.errors import AlreadyRunningError
from include.pipelines import retention
from include.settings import Settings
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping import retention as rows_of
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.bookkeeping.tables import sync_state
from tests.grown import grow

KEEP_ALL = Settings(ledger_days=0, snapshot_detail_days=0)
HISTORY = Settings(ledger_days=0, snapshot_detail_days=0, history_days=90)
RUNS = "select run_id from sync_run where entity <> 'prune' order by started_at"
COUNTED = (
    "sync_run",
    "rpt_build",
    "cs_snapshot",
    "cs_snapshot_table",
    "cs_seat_history",
    "cs_session_mapping_history",
)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(rows_of, "BATCH_ROWS", 3)


@pytest.fixture
def grown(warehouse):
    warehouse.transact(grow)
    return warehouse


@pytest.fixture
def prune(grown):
    def run(settings=Settings(), **options):  # noqa: B008  # frozen
        return retention.prune(grown, settings=settings, request=Request("a test"), **options)

    return run


@pytest.fixture
def count(rows):
    return lambda: {name: rows(f"select count(*) from {name}")[0][0] for name in COUNTED}


def test_a_dry_run_counts_what_the_run_then_deletes(prune, count, rows):
    before = count()
    ahead = prune(dry_run=True)
    assert count() == before
    assert prune() == ahead
    after = count()
    assert {name: before[name] - after[name] for name in ahead if name != "sync_run"} == {
        name: rows for name, rows in ahead.items() if name != "sync_run"
    }
    [(outcome, gone, text)] = rows(
        "select outcome, error_text, error_class from sync_run where entity = 'prune'"
    )
    assert (outcome, text) == ("done", None)
    assert f"{ahead['sync_run']} of sync_run" in gone
    assert prune() == {}  # nothing is left to go, and the run itself is young


def test_of_the_ledger_all_stays_that_tells_how_far_an_account_is_read(prune, rows, grown):
    ahead = sa.update(sync_state).values(watermark_at=sa.text("utc_timestamp() + interval 1 day"))
    grown.transact(lambda connection: connection.execute(ahead))
    proven = ledger.watermark(grown, "a-1", "tickets")
    assert proven is not None
    prune()
    assert ledger.watermark(grown, "a-1", "tickets") == proven
    left = [name for (name,) in rows(RUNS)]
    assert left[:2] == ["failed once", "done 450"]  # the newest of its kind, and the proof
    assert "keys now" in left
    assert {"done 500", "backfill", "keys long ago", "partial 440"}.isdisjoint(left)
    assert "partial 400" in left or "partial 380" in left
    assert rows("select build_id from rpt_build order by 1") == [(4,), (5,)]


def test_details_of_old_snapshots_go_but_not_when_the_queue_was_watched(prune, rows):
    prune()
    assert rows("select snapshot_id from cs_snapshot_table where table_name = 'seat'") == [
        (4,),
        (5,),
        (6,),
    ]
    watched = "select count(*) from cs_snapshot_table where table_name = 'queue_mapping'"
    assert rows(watched) == [(6,)]
    assert rows("select count(*) from cs_snapshot") == [(6,)]


def test_the_newest_snapshot_stays_however_old_it_is(prune, rows):
    settings = Settings(snapshot_detail_days=1, ledger_days=1)
    prune(settings)
    assert rows("select distinct snapshot_id from cs_snapshot_table where table_name = 'seat'") == [
        (5,),
        (6,),
    ]


def test_zero_keeps_everything_and_history_stays_unless_a_number_is_set(prune, count):
    before = count()
    assert prune(KEEP_ALL) == {}
    assert count() == before | {"sync_run": before["sync_run"] + 1}
    assert not [name for name in prune() if name.endswith("_history")]


def test_with_a_number_versions_that_ended_before_go_and_the_limit_says_so(prune, rows):
    assert rows(
        "select known_from_at = (select min(snapshot_at) from cs_snapshot) from v_history_limit"
    ) == [(1,)]
    assert prune(HISTORY, dry_run=True) == prune(HISTORY)
    assert rows("select distinct closed_by from cs_seat_history order by 1") == [(0,), (5,)]
    assert rows("select count(*) from cs_seat_history") == [(14,)]
    assert rows("select count(*) from cs_session_mapping_history where closed_by = 0") == [(2,)]
    assert rows("select count(*) from cs_session_mapping_history") == [(2,)]
    [(limit,)] = rows("select known_from_at from v_history_limit")
    as_of = (
        "select count(*) from cs_seat_history where valid_from_at <= {t}"
        " and (valid_to_at is null or valid_to_at > {t})"
        " and {t} >= (select known_from_at from v_history_limit)"
    )
    assert rows(as_of.format(t=f"'{limit}'")) == [(7,)]
    assert rows(as_of.format(t=f"'{limit}' - interval 1 second")) == [(0,)]
    prune(HISTORY.model_copy(update={"history_days": 300}))
    assert rows("select known_from_at from v_history_limit") == [(limit,)]  # never earlier again


def test_what_the_reports_have_still_to_count_waits(prune, rows, grown):
    late = sa.text("update rpt_build set snapshot_id = 2")
    grown.transact(lambda connection: connection.execute(late))
    prune(HISTORY)
    assert rows("select distinct closed_by from cs_seat_history order by 1") == [(0,), (3,), (5,)]


def test_two_at_once_do_not_mix(prune, grown):
    with (
        ledger.hold(grown, "retention", "prune", vendor="RETENTION", request=Request("x")),
        pytest.raises(AlreadyRunningError, match="another run holds"),
    ):
        prune()
