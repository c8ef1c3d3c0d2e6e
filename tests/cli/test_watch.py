"""`watch`: one evaluation outside Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest

from tests import airflow_at_work as airflow
from tests.cli.invoked import told
from tests.receivers import mail_server, webhook

AWAY = "mysql+pymysql://u:canarySECRETcanarySECRET@127.0.0.1:1/x"
TOKEN = "canarySECRETcanarySECRET"


@pytest.fixture
def hook():
    with webhook() as got:
        yield got


@pytest.fixture
def evaluate(osm, hook, tmp_path):
    """``evaluate()``: the verb, with a channel whose path is secret."""
    urls = tmp_path / "urls"
    urls.write_text(f"json://127.0.0.1:{hook.port}/{TOKEN}\n")
    urls.chmod(0o600)

    def run(*arguments, **changes):
        said = {"ALERT_URLS": f"file:{urls}", "ALERT_FILE": str(tmp_path / "alerts.json")}
        return osm("watch", *arguments, **{**said, "ALERT_DIGEST_AT": "never", **changes})

    return run


@pytest.fixture
def age(rows):
    """``age()``: five minutes pass for what was seen."""

    def pass_five_minutes():
        for name in ("noted_at", "changed_at", "turned_at"):
            rows(f"update sync_alert set {name} = {name} - interval 5 minute")

    return pass_five_minutes


def age_file(file):
    """Five minutes pass for the notes of a file."""
    notes = json.loads(file.read_text())
    for note in notes:
        for name in ("noted_at", "changed_at", "turned_at"):
            if note[name]:
                moment = datetime.fromisoformat(note[name]) - timedelta(minutes=5)
                note[name] = moment.isoformat()
    file.write_text(json.dumps(notes))


def test_what_is_seen_twice_is_told_once_with_the_code_of_status(
    evaluate, osm, accounts, rows, age, hook
):
    for verb in ("sync", "refresh", "build-reports"):
        told(osm(verb), 0)
    assert told(evaluate(), 0).startswith("ok: ")
    rows("update sync_state set watermark_at = watermark_at - interval 3 hour")
    rows("update sync_run set ended_at = ended_at - interval 3 hour")
    output = told(evaluate(), 6)
    assert output.startswith("error: ")
    assert hook.titles == []
    age()
    output = told(evaluate(), 6)
    assert "told channel 1 (JSON): ERROR: " in output
    assert told(evaluate("--fail-on", "never"), 0).count("told") == 0
    assert len(hook.take()) == output.count("told")
    told(evaluate(), told(osm("status"), 6) and 6)
    assert rows("select count(*) from sync_status where state = 'late'")[0][0] > 0


def test_a_channel_that_fails_is_said_without_its_secret_and_ends_with_1(
    evaluate, accounts, rows, age, hook
):
    rows("update cloud_user set secret_key_secret = 'v1:k9:AAAA' where id = 'alibaba-1'")
    told(evaluate(), 6)
    age()
    hook.is_down = True
    result = evaluate()
    told(result, 1)
    assert "error: channel 1 (JSON) could not be told: Failed to send JSON POST" in result.stderr
    assert "it is tried again by the next evaluation" in result.stderr
    hook.is_down = False
    told(evaluate(), 6)
    assert hook.titles[0] == "ERROR: alibaba-1 tickets: broken"


def test_a_test_message_goes_to_each_channel_and_each_failure_is_said(evaluate, hook):
    url = f"json://127.0.0.1:{hook.port}/a"
    with mail_server() as mail:
        two = f"{url} mailto://127.0.0.1:{mail.port}?from=a@example.com&to=b@example.com"
        output = told(evaluate("--test", ALERT_URLS=two, WAREHOUSE_URL=""), 0)
        assert "channel 1 (JSON) took the test message\nchannel 2 (E-Mail) took" in output
        assert mail.titles == hook.titles == ["Test: alerts of this synchronizer arrive here"]
    result = evaluate("--test", ALERT_URLS=f"{url} json://127.0.0.1:1/{TOKEN}")
    told(result, 1)
    assert "channel 1 (JSON) took the test message" in result.stdout
    assert "error: channel 2 (JSON) failed: A Connection error" in result.stderr
    assert "ALERT_URLS is not set" in told(evaluate("--test", ALERT_URLS=""), 2)


def test_who_names_no_channel_still_has_the_verdicts_kept(evaluate, accounts, rows):
    assert "nobody is told: ALERT_URLS is not set" in told(evaluate(ALERT_URLS=""), 0)
    assert rows("select count(*) from sync_status")[0][0] > 0


def test_a_warehouse_that_is_away_is_told_once_by_processes_that_know_nothing_of_each_other(
    evaluate, accounts, hook, tmp_path
):
    file = tmp_path / "alerts.json"
    for _ in range(4):
        output = told(evaluate(WAREHOUSE_URL=AWAY), 1)
        age_file(file)
    assert "127.0.0.1:1" in output
    ((title, body),) = hook.messages
    assert title.startswith("ERROR: the warehouse: broken since ")
    assert "Nothing can be evaluated, and no run can store anything: " in body
    assert TOKEN not in title + body + file.read_text()
    for _ in range(2):
        told(evaluate(), 0)
        age_file(file)
    assert hook.titles[1:] == ["OK: the warehouse: recovered"]


def test_the_ping_is_for_complete_evaluations(evaluate, accounts, rows, age, hook):
    ping = {"ALERT_PING_URL": f"http://127.0.0.1:{hook.port}/{TOKEN}"}
    told(evaluate(**ping), 0)
    assert hook.gets == 1
    told(evaluate(WAREHOUSE_URL=AWAY, **ping), 1)
    rows("update cloud_user set secret_key_secret = 'v1:k9:AAAA' where id = 'alibaba-1'")
    told(evaluate(**ping), 6)  # what is judged may be in trouble
    assert hook.gets == 2
    age()
    told(evaluate(ALERT_URLS=f"json://127.0.0.1:1/{TOKEN}", **ping), 1)
    assert hook.gets == 2
    told(evaluate("--test", **ping), 0)
    assert hook.gets == 2
    hook.is_down = True
    result = evaluate(ALERT_URLS="", **ping)
    told(result, 6)
    assert "warning: ALERT_PING_URL answers 503" in result.stderr
    result = evaluate(ALERT_URLS="", ALERT_PING_URL=f"http://127.0.0.1:1/{TOKEN}")
    told(result, 6)
    assert "warning: ALERT_PING_URL does not answer: ConnectionError" in result.stderr


def test_with_airflows_environment_it_tells_what_starts_no_run_and_links_to_the_page(
    evaluate, accounts, age, hook, airflow_at_work, monkeypatch, tmp_path
):
    home = {"AIRFLOW_HOME": os.environ["AIRFLOW_HOME"]}
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.example")
    airflow.fall_silent("SchedulerJob", 10)
    told(evaluate(**home), 6)
    age()
    told(evaluate(**home), 6)
    ((title, body),) = hook.messages
    assert title.startswith("ERROR: the scheduler: broken since ")
    assert body.endswith("Sync health: http://airflow.example/plugin/sync_health")
    assert "Because of it " in body
    airflow.look_elsewhere(monkeypatch, tmp_path)
    told(evaluate(**home), 6)
    age()
    told(evaluate(**home), 6)
    assert hook.titles[1:] == ["ERROR: Airflow's database: broken"]


def test_help_says_how_it_is_meant_and_comes_at_once(tmp_path):
    begun = time.monotonic()
    shown = subprocess.run(
        [sys.executable, "-m", "include", "watch", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert time.monotonic() - begun < 10
    for word in ("--test", "--fail-on", "cron", "ALERT_URLS"):
        assert word in shown


def test_apprise_is_loaded_by_what_sends_and_by_nothing_else(osm, accounts):
    code = (
        "import sys\n"
        "from include.__main__ import app\n"
        "from include.cli.check.check import check\n"
        "import include.cli.status, include.cli.watch, include.work.verdicts.evaluation\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'apprise'])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout == "[]\n"


def test_check_names_the_channels_by_number_and_kind_alone(osm, accounts, tmp_path):
    output = osm("check").output
    assert "off      alerts: nobody is told of trouble: ALERT_URLS is not set -> set" in output
    output = told(osm("check", ALERT_URLS=f"json://me:{TOKEN}@hook.example.com/{TOKEN}"), 0)
    assert "ok       alerts: channel 1 (JSON) -> try each: `python -m include watch" in output
    assert "warning  alerts: channel 1 (JSON) is not encrypted: write jsons://" in output
    output = told(osm("check", ALERT_URLS=f"bogus://{TOKEN}"), 1)
    assert "failed   alerts: ALERT_URLS: channel 1 (bogus://) is not as Apprise has it" in output


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("ALERT_SEVERITY", "all", "must be one of warn, error"),
        ("ALERT_QUIET_HOURS", "22-8", "must be a span like 22:00-08:00"),
        ("ALERT_QUIET_HOURS", "22:00-24:30", "must be a time of day like 09:00"),
        ("ALERT_DIGEST_AT", "noon", "must be a time of day like 09:00"),
        ("ALERT_PING_URL", TOKEN, "must be a URL with http"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(evaluate, name, value, why):
    assert f"{name} {why}" in told(evaluate(**{name: value}), 2)
