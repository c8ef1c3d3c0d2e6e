"""Where the lines of the page lead, what they look like, and in which language."""

from __future__ import annotations

import importlib
import re
from html import unescape

import pytest

from include.errors import AuthError, CheckError
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.customer_service import manifest
from tests.builders import a_snapshot, a_table_of_a_snapshot
from tests.plugins.pages import add, lines, run, without_our_script

TASK = "airflow scheduled__2026-01-01T00:00:00+00:00 sync_tickets/huawei.tickets/2"


def links_of(html, title):
    line = next(of for of in html.split('<li class="line')[1:] if f">{title}</bdi></h3>" in of)
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', line.partition("</li>")[0])
    return {text: unescape(href) for href, text in found}


def fail(warehouse, owner, who=TASK, error=None, entity="tickets"):
    error = error or AuthError("no such key", vendor="huawei", request_id="r-7")
    held = ledger.hold(warehouse, owner, entity, vendor="HUAWEI", request=Request(who))
    with pytest.raises(type(error)), held:
        raise error


def test_a_line_in_trouble_leads_to_log_form_and_runbook(warehouse, visitor):
    add(warehouse, "main")
    fail(warehouse, "main")
    html = visitor("user").get("/sync-health/page").text
    links = links_of(html, "main")
    log = (
        "../dags/sync_tickets/runs/scheduled__2026-01-01T00%3A00%3A00%2B00%3A00"
        "/tasks/huawei.tickets/mapped/2"
    )
    assert links == {
        "failed": log,
        "Log of the run": log,
        "Start a run …": "start/sync_tickets?accounts=main",
        "Runbook": "runbook#autherror",
    }
    told = lines(html)["main"]
    assert "since 20" in told
    assert "request id r-7" in told
    fail(warehouse, "main")
    assert "2 failures in a row" in lines(visitor("user").get("/sync-health/page").text)["main"]


def test_a_run_of_a_command_leads_to_the_runs_of_its_dag(warehouse, page):
    add(warehouse, "main")
    fail(warehouse, "main", "sync by somebody on the command line")
    assert links_of(page(), "main")["Runs in Airflow"] == "../dags/sync_tickets/runs"


def test_a_failed_backfill_leads_to_its_own_log_and_form(warehouse, visitor):
    add(warehouse, "main")
    fail(warehouse, "main", TASK.replace("sync_tickets", "backfill_tickets"), entity="backfill")
    links = links_of(visitor("user").get("/sync-health/page").text, "Main backfill")
    assert links["Log of the run"].startswith("../dags/backfill_tickets/runs/")
    assert links["Start a run …"] == "start/backfill_tickets?accounts=main"


def test_a_refused_snapshot_leads_to_the_form_with_the_number_to_accept(warehouse, visitor):
    snapshots = [
        (a_snapshot(1), [a_table_of_a_snapshot()]),
        (a_snapshot(2, state="refused"), [a_table_of_a_snapshot(vanished=300, over_limit=True)]),
    ]
    for made, rows in snapshots:
        warehouse.transact(lambda c, made=made, rows=rows: manifest.write(c, made, rows))
    fail(warehouse, "customer_service", error=CheckError("lost"), entity="snapshot")
    links = links_of(visitor("user").get("/sync-health/page").text, "Customer-service snapshot")
    form = "start/snapshot_customer_service?accept_vanished=300"
    assert (links["Start a run …"], links["Runbook"]) == (form, "runbook#checkerror")


def test_the_runbook_is_shown_with_its_sections_and_without_html_of_its_own(warehouse, visitor):
    html = without_our_script(visitor("viewer").get("/sync-health/runbook").text)
    for anchor in ("late", "never_ran", "autherror", "exception", "syncerror"):
        assert html.count(f'<a id="{anchor}"></a>') == 1
    assert "<table>" in html
    assert "&lt;a id" not in html


def test_a_runbook_that_is_not_deployed_is_told(visitor, monkeypatch, tmp_path):
    module = importlib.import_module("sync_health_runbook")
    monkeypatch.setattr(module, "FILE", tmp_path / "none.md")
    answer = visitor("viewer").get("/sync-health/runbook")
    assert answer.status_code == 404
    assert "RUNBOOK_URL" in answer.text


def test_html_in_a_runbook_is_text(visitor, monkeypatch, tmp_path):
    module = importlib.import_module("sync_health_runbook")
    (tmp_path / "runbook.md").write_text("<script>alert(1)</script>\n\n[x](javascript:alert)\n")
    monkeypatch.setattr(module, "FILE", tmp_path / "runbook.md")
    html = without_our_script(visitor("viewer").get("/sync-health/runbook").text)
    assert "<script" not in html
    assert 'href="javascript' not in html


def test_the_runbook_may_be_elsewhere(warehouse, page, monkeypatch):
    monkeypatch.setenv("RUNBOOK_URL", "https://wiki.example.com/runbook")
    add(warehouse, "main")
    fail(warehouse, "main")
    assert links_of(page(), "main")["Runbook"] == "https://wiki.example.com/runbook#autherror"


@pytest.mark.parametrize(
    ("asked", "query", "lang"),
    [
        ("", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("en-GB,en;q=0.9,zh-CN;q=0.8", "", "en"),
        ("fr, zh-TW;q=0.5", "", "zh-CN"),
        ("en;q=0.1,zh;q=0.2", "", "zh-CN"),
        ("zh;q=0", "", "en"),
        ("zh-CN", "?lang=en", "en"),
        ("en", "?lang=zh", "zh-CN"),
        ("zh", "?lang=<b>", "zh-CN"),
        (";;q=x,,", "", "en"),
    ],
)
def test_the_language_is_the_browsers_unless_the_link_says_another(
    warehouse, visitor, asked, query, lang
):
    answer = visitor("viewer").get(f"/sync-health/page{query}", headers={"accept-language": asked})
    assert f'<html lang="{lang}"' in answer.text
    assert ("同步状况" in answer.text) == (lang == "zh-CN")


def test_all_links_keep_the_language_that_one_of_them_chose(warehouse, visitor):
    add(warehouse, "main")
    fail(warehouse, "main")
    html = visitor("user").get("/sync-health/page?lang=zh").text
    links = links_of(html, "main")
    assert links["启动一次运行……"] == "start/sync_tickets?accounts=main&lang=zh"
    assert 'href="page?lang=zh&amp;show=bad"' in html
    assert 'href="?lang=en"' in html
    assert "账户负责人" in html


def test_a_line_has_a_chart_of_its_last_days_that_says_the_same_in_words(warehouse, page):
    add(warehouse, "main")
    run(warehouse, "main")
    fail(warehouse, "main")
    html = page()
    said = "Last 7 days, a bar for 6 h: 2 runs, 1 failed"
    assert f'role="img" aria-label="{said}"' in html
    assert f"<title>{said}</title>" in html
    assert '<path class="bad" d="M135 0h4v16h-4z"/>' in html
    assert html.count('<path class="none"') == 1


def test_the_remedy_is_whole(warehouse, page):
    add(warehouse, "main")
    long = "the key is not known " * 80
    fail(warehouse, "main", error=AuthError(long.strip(), vendor="huawei"))
    assert long.strip() in page()
