"""Faults of the warehouse (D), on a server of their own: right or loud, and healed by the next run.

D13, a migration that is killed, is tested with the other kills.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.errors import ConfigError
from include.pipelines import reconcile
from include.pipelines.snapshots.snapshot import take_snapshot
from include.pipelines.snapshots.source_comparison import compare_with_source
from include.pipelines.tickets.sync import Options, sync_tickets
from include.sandbox.desk import churn, sample
from include.source.postgres import SourceDatabase
from include.vendors.registry import VENDORS, open_client
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.customer_service import bulk
from include.warehouse.mysql import Warehouse
from include.warehouse.schema.migrations import upgrade
from tests.faults.kit import invariants
from tests.faults.kit import scene as scenes
from tests.faults.kit.invariants import LOUD, RIGHT, SILENT
from tests.faults.kit.own_server import OwnServer, own_server
from tests.faults.kit.scene import BEFORE, NOW, STATE, Ended, Rows, Scene, of_accounts
from tests.faults.lines.database import DATABASE


@dataclass
class Ground:
    """A server, an earlier state on it, and what undisturbed runs store."""

    own: OwnServer
    server: Any
    base: str = field(default="", repr=False)
    truths: dict[str, Rows] = field(default_factory=dict)

    def scene(self, sandbox: Any, url: str) -> Scene:
        """The first account of each vendor."""
        return Scene(sandbox, url, accounts=[sandbox.account(vendor) for vendor in VENDORS])

    def truth(self, scene: Scene) -> Rows:
        """The rows of an undisturbed run over what the vendors hold now."""
        key = scenes.state_of(scene.store)
        if key not in self.truths:
            url = self.server.create_migrated()
            other = self.scene(scene.sandbox, url)
            other.execute(*scenes.copy_statements(self.base))
            assert not [one.error for one in other.run().values() if one.error]
            self.truths[key] = other.rows()
            self.server.take_back(url)
        return self.truths[key]


@pytest.fixture(scope="module")
def ground(warehouse_server: Any) -> Iterator[Ground]:
    with own_server(warehouse_server.url) as own:
        ground = Ground(own, type(warehouse_server)(own.url, "own"))
        ground.base = ground.server.create_migrated()
        with scenes.sandbox() as running:
            scene = ground.scene(running, ground.base)
            for vendor in VENDORS:
                assert scene.refresh(vendor, now=BEFORE).error is None
            assert not [one.error for one in scene.run(now=BEFORE).values() if one.error]
        yield ground


@contextmanager
def a_day_later(ground: Ground, url: str) -> Iterator[Scene]:
    """A copy of the earlier state in the database *url*, for a user without global rights."""
    with scenes.sandbox() as running:
        scenes.live(running.store)
        ground.scene(running, url).execute(*scenes.copy_statements(ground.base))
        yield ground.scene(running, ground.own.as_plain(url))


@pytest.fixture
def scene(ground: Ground) -> Iterator[Scene]:
    url = ground.server.create_migrated()
    with a_day_later(ground, url) as scene:
        yield scene
    ground.server.take_back(url)


def run(scene: Scene, prepare: Any) -> dict[str, Ended]:
    with closing(Warehouse.open(scene.url)) as warehouse:
        if prepare:
            prepare(warehouse.engine)
        return {account.account_id: scene.sync(account, warehouse) for account in scene.accounts}


@pytest.fixture
def judge(ground: Ground, caplog: Any, record_property: Any) -> Any:
    """``judge(scene, fault)``: a run over a fault, its verdict, and a run that heals."""

    def through(scene: Scene, fault: Any, *, loud: bool, passing: bool = False) -> dict[str, Ended]:
        caplog.set_level("INFO")
        before = invariants.look(scene)
        with fault as prepare:
            ended = run(scene, prepare)
        truth = ground.truth(scene)
        invariants.check(scene, before, ended, truth, disturbed=ended, log=caplog.text)
        rows = scene.rows()
        verdicts = {
            invariants.verdict(ended[name], of_accounts(rows, [name]), of_accounts(truth, [name]))
            for name in ended
        }
        verdict = next(kind for kind in (SILENT, LOUD, RIGHT) if kind in verdicts)
        record_property("fault", f"database {passing:d} {verdict}")
        assert verdict == (LOUD if loud else RIGHT), {n: one.error for n, one in ended.items()}
        healed = scene.run()
        assert not [one.error for one in healed.values() if one.error], f"I8: {healed}"
        assert scene.rows() == truth, "I8"
        return ended

    return through


@pytest.mark.parametrize(
    "trouble",
    [pytest.param(line, id=f"{line.id}-{line.name.replace(' ', '-')}") for line in DATABASE],
)
def test_a_fault_of_the_database_ends_right_or_loud_and_the_next_run_heals(
    scene, ground, judge, trouble
):
    fault = trouble.on(scene, ground.own)
    ended = judge(scene, fault, loud=trouble.error is not None, passing=trouble.passing)
    for error in filter(None, (one.error for one in ended.values())):
        assert type(error) is trouble.error
        assert trouble.words in str(error)


def test_d7_a_full_disk_is_loud_and_stores_no_half_of_a_ticket(ground, judge):
    def fill() -> None:
        ground.own.admin(f"create table {name}.filler (block longblob)")
        for size in (1_000_000, 100_000, 10_000):
            try:
                while True:
                    ground.own.admin(f"insert into {name}.filler values (repeat('x', {size}))")
            except sa.exc.OperationalError as error:
                assert "is full" in str(error)  # noqa: PT017 - the loop ends by no other way

    with ground.own.globally(innodb_file_per_table="0"):
        url = ground.server.create()
        ground.server.run(*ground.server.copy, url=url)
        name = sa.make_url(url).database
        with a_day_later(ground, url) as scene:
            for account in scene.accounts:
                texts = ["x" * 300_000] * 2
                scene.store.add_ticket(account.vendor, 0, state="closed", messages=texts)
            fill()

            @contextmanager
            def full() -> Iterator[None]:
                try:
                    yield
                finally:
                    ground.own.enlarge()

            ended = judge(scene, full(), loud=True)
        ground.server.drop(url)
    errors = [one.error for one in ended.values() if one.error]
    assert {type(error) for error in errors} == {ConfigError}
    assert "is full" in str(errors[0])


def test_d10_a_lax_server_with_another_charset_and_zone_stores_the_same_rows(ground, judge):
    lax = {
        "sql_mode": "''",
        "time_zone": "'+08:00'",
        "character_set_server": "latin1",
        "collation_server": "latin1_swedish_ci",
    }
    with ground.own.globally(**lax):
        ground.own.admin("create database lax")
        url = sa.make_url(ground.own.url).set(database="lax").render_as_string(hide_password=False)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        upgrade(engine)
        with a_day_later(ground, url) as scene:
            judge(scene, nullcontext(), loud=False, passing=True)
        ground.server.drop(url)


@pytest.mark.parametrize("in_pieces", [True, False])
def test_d14_a_server_that_takes_small_transactions_gets_a_snapshot_in_pieces(
    ground, source_url, monkeypatch, in_pieces
):
    sample.create(source_url, seed=7, now=NOW, rows={"session": 3000, "session_mapping": 3000})
    if in_pieces:
        monkeypatch.setattr(bulk, "PIECE_ROWS", 300)
        monkeypatch.setattr(bulk, "PIECE_BYTES", 50_000)
    url = ground.server.create_migrated()
    source, asked = SourceDatabase.open(source_url), Request("test")
    # Another database on the same server may write more than that meanwhile: its own sessions do.
    with ground.own.globally(max_binlog_cache_size="524288"), closing(Warehouse.open(url)) as here:
        if in_pieces:
            assert take_snapshot(source, here, request=asked).snapshot_id == 1
            churn.churn(source_url, seed=8, now=NOW, share=0.9)
            for full in (False, True):
                take_snapshot(source, here, request=asked, full=full, accept_vanished=10**6)
            assert all(table.equal for table in compare_with_source(source, here))
        else:
            with pytest.raises(ConfigError, match="max_binlog_cache_size"):
                take_snapshot(source, here, request=asked)
    ground.server.take_back(url)


@pytest.mark.parametrize(
    ("revision", "words"),
    [("0005", "which is older than"), ("9999", "which this code does not know")],
    ids=["older", "newer"],
)
def test_d12_another_schema_is_refused_before_anything_is_written(
    scene, monkeypatch, record_property, revision, words
):
    monkeypatch.setenv("WAREHOUSE_URL", scene.url)
    right, before = scene.look("select version_num from alembic_version"), scene.rows(STATE)
    scene.execute(f"update alembic_version set version_num = '{revision}'")
    for verb in ("sync", "refresh"):
        done = CliRunner().invoke(app, [verb])
        assert done.exit_code == 2
        assert words in " ".join(done.output.split())
    assert scene.rows(STATE) == before
    scene.execute(f"update alembic_version set version_num = '{right[0][0]}'")
    assert not [one.error for one in scene.run().values() if one.error]
    record_property("fault", f"database 0 {LOUD}")


def test_d14_what_a_hand_changed_is_told_by_verify_and_restored_by_reading_again(
    scene, ground, record_property
):
    scene.run()
    truth, account = ground.truth(scene), scene.accounts[1]
    assert scene.rows() == truth
    [(ticket,)] = scene.look(
        "select cloud_id from cloud_osm_list where type = 'HUAWEI' and status = 0"
        " and message_count > 1 order by 1 limit 1"
    )
    scene.execute(
        f"update cloud_osm_list set name = 'by hand' where cloud_id = '{ticket}'",
        f"delete from cloud_osm_detail where case_id = '{ticket}' limit 1",
    )
    settings = scene.sandbox.settings()
    since = NOW.replace(year=NOW.year - 2)
    with (
        closing(Warehouse.open(scene.url)) as warehouse,
        closing(open_client(account, settings)) as client,
    ):
        found = reconcile.verify(
            client, warehouse, since=since, now=NOW, depth=reconcile.Depth(is_deep=True)
        )
        assert {one.item.partition(" ")[0] for one in found.differences} == {ticket}
        assert {"differs", "message missing"} <= set(found.kinds)
        sync_tickets(
            client,
            warehouse,
            account,
            settings=settings,
            now=NOW,
            request=Request("a test"),
            options=Options(since=since),
        )
    assert scene.rows() == truth
    record_property("fault", f"database 0 {LOUD}")
