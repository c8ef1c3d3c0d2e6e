"""A day on which 26 things fail and recover, with both evaluators, a mail server and a webhook."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from include.errors import AlreadyRunningError
from include.warehouse.bookkeeping.alerts import note_beat
from include.warehouse.bookkeeping.tables import sync_alert, sync_status
from include.warehouse.mysql import Warehouse
from include.work.alerts.channels import Channel
from include.work.alerts.watch import watch
from tests.receivers import mail_server, webhook
from tests.work.watched_world import ACCOUNTS, MINUTE, World

STEP = 5 * MINUTE
LASTS, EACH = 24 * MINUTE, 25 * MINUTE
"""One after the other, so that one recovers while the next begins."""
TICKETS = [(name, "tickets") for name in ACCOUNTS]
CATALOG, SNAPSHOT = ("HUAWEI", "catalog"), ("customer_service", "snapshot")
BUILD, CHECKS = ("reports", "build"), ("checks", "run")


def fails(key, error):
    return lambda world, now: (world.fail(key, error, now), lambda: world.mend(key))[1]


def grows_old(key, age):
    def begin(world, now):
        world.broken[key] = {"stale_at": now - age}
        return lambda: world.mend(key)

    return begin


def all_fail(world, now):
    for key in TICKETS[:4]:
        world.fail(key, "UnavailableError", now, "huawei: no answer")
    return lambda: world.mend(*TICKETS[:4])


def offends(name, level):
    return lambda world, now: (world.offend(name, level, now), world.forget_checks)[1]


def waits(world, now):
    world.quarantine("a5", now)
    return lambda: world.let_out("a5")


def hangs(world, now):
    world.broken[TICKETS[6]] = {"heartbeat_at": now - 15 * MINUTE, "stale_at": now - 16 * MINUTE}
    return lambda: world.mend(TICKETS[6])


def falls_silent(job_type):
    def begin(world, now):
        world.fall_silent(job_type, now)
        return lambda: world.silent.remove(job_type)

    return begin


def dag(dag_id, **values):
    def begin(world, _now):
        world.set_dag(dag_id, **values)
        return lambda: world.set_dag(dag_id, **dict.fromkeys(values, False))

    return begin


def queued(world, now):
    world.start_run("snapshot_customer_service", "queued", now - 6 * MINUTE)
    return world.end_runs


def starved(world, now):
    world.start_run("check_data", "running", now - 6 * MINUTE, "scheduled")
    return world.end_runs


def no_pool(world, _now):
    world.set_pool(0)
    return lambda: world.set_pool(128)


def cannot_be_imported(world, now):
    world.break_file("build_reports.py", now)
    return world.mend_files


def flag(name):
    def begin(world, _now):
        setattr(world, name, True)
        return lambda: setattr(world, name, False)

    return begin


DAY = [
    (fails(TICKETS[0], "AuthError"), "WARNING: a1 tickets: failing"),
    (grows_old(TICKETS[3], 180 * MINUTE), "ERROR: a4 tickets: late"),
    (fails(TICKETS[1], "UnavailableError"), "WARNING: a2 tickets: failing"),
    (fails(CATALOG, "ContractError"), "WARNING: huawei catalogue: failing"),
    (all_fail, "WARNING: 4 × failing"),
    (fails(SNAPSHOT, "ConfigError"), "WARNING: customer-service snapshot: failing"),
    (grows_old(TICKETS[2], 45 * MINUTE), "WARNING: a3 tickets: late"),
    (grows_old(SNAPSHOT, 180 * MINUTE), "WARNING: customer-service snapshot: late"),
    (fails(BUILD, "Exception"), "WARNING: reports: failing"),
    (fails(CHECKS, "CheckError"), "WARNING: SQL checks: failing"),
    (offends("no_orphans", "fail"), "ERROR: check no_orphans: offended"),
    (offends("few_oddities", "warn"), "WARNING: check few_oddities: offended"),
    (waits, "WARNING: a5 tickets: quarantined"),
    (lambda world, _now: world.spoil_key("a6"), "ERROR: a6 tickets: broken"),
    (hangs, "WARNING: a7 tickets: silent"),
    (fails(("a1", "backfill"), "RejectedError"), "WARNING: a1 backfill: failing"),
    (flag("is_metadata_away"), "ERROR: Airflow's database: broken"),
    (falls_silent("SchedulerJob"), "ERROR: the scheduler: broken"),
    (dag("sync_tickets", is_paused=True), "WARNING: sync_tickets: switched off"),
    (no_pool, "ERROR: the pool default_pool: broken"),
    (cannot_be_imported, "ERROR: build_reports: broken"),
    (dag("check_data", is_stale=True), "ERROR: check_data: broken"),
    (falls_silent("DagProcessorJob"), "ERROR: the DAG processor: broken"),
    (queued, "WARNING: snapshot_customer_service: waiting"),
    (starved, "WARNING: check_data: waiting"),
    (flag("is_away"), "ERROR: the warehouse: broken"),
]


@pytest.fixture
def receivers():
    with mail_server() as mail, webhook() as hook:
        yield mail, hook


@pytest.fixture
def world(airflow_at_work, warehouse_url, receivers, tmp_path):
    mail, hook = receivers
    channels = (
        f"mailto://127.0.0.1:{mail.port}?from=osm@example.com&to=ops@example.com&format=text"
        f" json://127.0.0.1:{hook.port}/alerts"
    )
    warehouse = Warehouse.open(warehouse_url)
    began_at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=20)
    made = World(warehouse, channels, tmp_path / "alerts.json", began_at)
    yield made
    warehouse.close()
    made.set_pool(128)
    made.mend_files()
    made.end_runs()


def name_of(title):
    return title.split(": ")[1]


def test_each_trouble_and_each_recovery_is_told_once_within_two_intervals(world, receivers):
    """By each evaluator when it is its turn, 2.5 minutes apart; nothing else is told."""
    now = world.began_at
    told: tuple[list[Any], list[Any]] = ([], [])
    ends: dict[datetime, Any] = {}
    last = len(DAY) - 1
    # Nobody sees the one before the last end while the warehouse is away.
    begins = {world.began_at + STEP + (n + (n == last)) * EACH: n for n in range(len(DAY))}
    spans = []
    while now < world.began_at + (len(DAY) + 1) * EACH + 5 * STEP:
        for end in [moment for moment in ends if moment <= now]:
            ends.pop(end)()
        if now in begins:
            begin, _ = DAY[begins[now]]
            ends[now + LASTS] = begin(world, now)
            spans.append((now, now + LASTS))
        for evaluate in (world.evaluate_outside, world.evaluate_inside):
            if not world.is_away:
                world.live(now)
            evaluate(now)
            for got, lines in zip(receivers, told, strict=True):
                lines += [(now, title) for title in got.take()]
            now += STEP / 2
    for lines in told:
        left = list(lines)
        for (start, end), (_, title) in zip(spans, DAY, strict=True):
            take(left, start, title)
            names = "4 recovered" if "4 ×" in title else name_of(title)
            take(left, end, f"Over: {names}" if "backfill" in title else f"OK: {names}")
        assert left == []
        assert len(lines) == 2 * len(DAY) == 52


def take(lines, since, title):
    """The one line that begins so, told within two intervals; it is taken out."""
    found = [of for of in lines if of[1].startswith(title) and timedelta(0) <= of[0] - since < EACH]
    assert len(found) == 1, f"{title} of {since} in {lines}"
    assert found[0][0] - since <= 2 * STEP, title
    lines.remove(found[0])


def hold(world, *, minutes=0, evaluate=None):
    """Evaluate every five minutes for so long, from where the world stands; what was told."""
    for _ in range(minutes // 5):
        world.live(world.began_at)
        (evaluate or world.evaluate_outside)(world.began_at)
        world.began_at += STEP


def test_a_crash_between_sending_and_noting_tells_it_once_more_and_loses_nothing(
    world, receivers, monkeypatch
):
    world.fail(TICKETS[0], "AuthError", world.began_at)
    world.offend("no_orphans", "fail", world.began_at)
    hold(world, minutes=5)
    with monkeypatch.context() as patch:
        sent: list[str] = []

        def send_and_die(channel, message):
            assert send(channel, message) == ""
            sent.append(message.title)
            raise KeyboardInterrupt

        send = Channel.send
        patch.setattr(Channel, "send", send_and_die)
        with pytest.raises(KeyboardInterrupt):
            hold(world, minutes=5)
    hold(world, minutes=15)
    assert len(sent) == 1
    mail, hook = receivers
    told = Counter(title.partition(" since")[0] for title in mail.titles)
    assert told == {"ERROR: check no_orphans: offended": 2, "WARNING: a1 tickets: failing": 1}
    assert len(hook.titles) == 2


def test_a_channel_that_is_down_for_an_hour_hears_of_all_later_and_the_other_at_once(
    world, receivers
):
    mail, hook = receivers
    hook.is_down = True
    world.fail(TICKETS[0], "AuthError", world.began_at)  # lasts
    world.fail(TICKETS[1], "RejectedError", world.began_at)  # is over before it is up again
    hold(world, minutes=20)
    world.mend(TICKETS[1])
    hold(world, minutes=40)
    assert [name_of(title) for title in mail.take()] == ["a1 tickets", "a2 tickets", "a2 tickets"]
    hook.is_down = False
    hold(world, minutes=20)
    assert hook.take() == [
        f"WARNING: a1 tickets: failing since {world_since(world)}",
        "Was in trouble: a2 tickets",
    ]
    assert mail.take() == []


def world_since(world):
    return f"{world.broken[TICKETS[0]]['failed_at']:%Y-%m-%d %H:%M} UTC"


def test_of_two_evaluators_at_the_same_moment_one_tells(world, receivers):
    world.fail(TICKETS[0], "AuthError", world.began_at)
    hold(world, minutes=5)
    world.live(world.began_at)
    ready = threading.Barrier(4)
    errors: list[Exception] = []

    def evaluate():
        place = replace(world.place(), warehouse=Warehouse.open(url))
        ready.wait()
        try:
            watch(place, world.opened(), [], now=world.began_at)
        except AlreadyRunningError as error:
            errors.append(error)
        finally:
            place.warehouse.close()

    url = world.warehouse.engine.url.render_as_string(hide_password=False)
    threads = [threading.Thread(target=evaluate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for got in receivers:
        assert len(got.take()) == 1


def test_an_evaluator_that_froze_while_it_held_the_lock_is_disconnected(world, receivers):
    """Nobody else would tell anything for as long as the server keeps its connection."""
    long_ago = datetime.now(UTC) - timedelta(minutes=11)
    other = Warehouse.open(world.warehouse.engine.url.render_as_string(hide_password=False))
    with other.lock("alerts", stale=lambda _connection: False):
        other.transact(lambda connection: note_beat(connection, datetime.now(UTC)))
        with pytest.raises(AlreadyRunningError):
            watch(world.place(), [], [], now=world.began_at)
        other.transact(lambda connection: note_beat(connection, long_ago))
        watch(world.place(), [], [], now=world.began_at)
    other.close()


def test_the_dag_alone_never_says_that_airflow_is_well(world, receivers):
    world.set_dag("sync_tickets", is_paused=True)
    hold(world, minutes=10)
    world.set_dag("sync_tickets", is_paused=False)
    hold(world, minutes=60, evaluate=world.evaluate_inside)
    for got in receivers:
        (title,) = got.take()
        assert title.startswith("WARNING: sync_tickets: switched off")
    hold(world, minutes=10)
    for got in receivers:
        assert got.take() == ["OK: sync_tickets: recovered"]


def test_the_view_shows_what_a_stop_halts_while_who_saw_it_is_near(world):
    def states():
        query = sa.select(sync_status.c.subject, sync_status.c.state)
        return dict(map(tuple, world.warehouse.transact(lambda c: c.execute(query).all())))

    world.set_dag("sync_tickets", is_paused=True)
    hold(world, minutes=5)
    hold(world, minutes=10, evaluate=world.evaluate_inside)
    assert states()["tickets/a1"] == "switched_off"
    hold(world, minutes=15, evaluate=world.evaluate_inside)
    assert states()["tickets/a1"] == "fresh"
    assert states()["airflow/sync_tickets"] == "switched_off"


def test_while_the_warehouse_is_away_it_is_told_once_though_each_evaluation_is_a_new_process(
    world, receivers
):
    world.is_away = True
    for _ in range(12):
        world.evaluate_outside(world.began_at)
        world.began_at += STEP
    mail, hook = receivers
    ((title, body),) = hook.messages
    assert title.startswith("ERROR: the warehouse: broken since")
    assert "127.0.0.1:1" in body
    world.is_away = False
    hold(world, minutes=15)
    assert mail.take()[1:] == ["OK: the warehouse: recovered"]
    assert world.file.exists()


def test_where_the_file_cannot_be_written_it_is_told_again_and_never_kept_back(
    world, receivers, caplog
):
    world.file = world.file.parent / "alerts.json" / "nothing" / "alerts.json"
    (world.file.parent.parent).write_text("no folder")
    world.is_away = True
    for _ in range(3):
        world.evaluate_outside(world.began_at)
        world.began_at += STEP
    assert len(receivers[1].take()) == 3
    assert "what is told now is told again next time" in caplog.text


def test_a_digest_is_sent_once_a_day(world, receivers):
    noon = world.began_at
    local = noon.astimezone(world.settings.business_zone)
    at = f"{local:%H:%M}"
    world.digest_at = at
    world.read_settings()
    world.fail(TICKETS[0], "AuthError", noon)
    for _ in range(3):
        world.live(noon)
        world.evaluate_outside(noon)
        noon += STEP
    digest, trouble = receivers[1].messages
    assert digest[0] == "Digest: 1 of 11 needs a look"
    assert "10 fresh." in digest[1]
    assert "In the last 24 hours: 12 runs, 1 failed;" in digest[1]
    assert trouble[0].startswith("WARNING: a1 tickets")


def test_nothing_is_left_behind_where_all_is_well(world):
    hold(world, minutes=10)
    rows = world.warehouse.transact(lambda c: c.execute(sa.select(sync_alert.c.subject)).all())
    assert rows == [("evaluation",)]


def test_alerts_are_chinese_where_that_is_set_and_what_is_kept_is_english(world, receivers):
    world.settings = world.settings.model_copy(update={"alert_language": "zh"})
    world.set_dag("sync_tickets", is_paused=True)
    hold(world, minutes=10)
    ((title, body),) = receivers[1].messages
    assert title.startswith("【警告】sync_tickets：已停用")
    assert "运维人员：" in body
    kept = sa.select(sync_status.c.reason).where(sync_status.c.subject == "airflow/sync_tickets")
    reason = world.warehouse.transact(lambda c: c.scalar(kept))
    assert reason.startswith("sync_tickets is switched off")
