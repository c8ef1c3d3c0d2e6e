"""Who may see the page, and who may start a run from it."""

from __future__ import annotations

import importlib
import re
from urllib.parse import unquote

import pytest

from tests import airflow_at_work as airflow
from tests.plugins.pages import add, run, without_our_script

START = "/sync-health/start/sync_tickets"
ELSEWHERE = {"origin": "https://elsewhere.example.com", "sec-fetch-site": "cross-site"}
HERE = {"sec-fetch-site": "same-origin"}


def routes():
    """Each route of the page with a method, as its application has them."""
    page = importlib.import_module("sync_health_page")
    found = [
        (method, re.sub("{.*?}", "sync_tickets", route.path))
        for route in page.app.routes
        for method in sorted(route.methods)
    ]
    assert len(found) >= 5
    return found


def test_a_stranger_is_refused_on_every_route(stranger):
    for method, path in routes():
        assert stranger.request(method, f"/sync-health{path}").status_code == 401, path
        stranger.cookies.set("_token", "made.up.token")
        assert stranger.request(method, f"/sync-health{path}").status_code == 403, path
        stranger.cookies.clear()
        answer = stranger.request(
            method, f"/sync-health{path}", headers={"authorization": "Bearer made.up.token"}
        )
        assert answer.status_code == 403, path


def test_a_stranger_is_told_in_words_where_to_log_in(stranger):
    answer = stranger.get("/sync-health/page", headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert "尚未登录" in answer.text
    assert 'href="../" data-airflow' in answer.text


def test_who_may_not_see_the_dag_may_not_see_the_page(visitor):
    for method, path in routes():
        assert visitor(None).request(method, f"/sync-health{path}").status_code == 403, path


def test_a_viewer_sees_everything_but_forms(warehouse, visitor):
    add(warehouse, "good")
    run(warehouse, "good")
    seen = visitor("viewer").get("/sync-health/page").text
    assert "never ran" in seen
    assert "Runbook" in seen
    assert "start/" not in without_our_script(seen)
    assert "start/build_reports" in visitor("user").get("/sync-health/page").text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_viewer_gets_403_where_it_acts(airflow_at_work, visitor, method):
    answer = visitor("viewer").request(method, START, headers=HERE)
    assert answer.status_code == 403
    assert "Your login has no right to this" in answer.text


def started(answer):
    assert answer.status_code == 303
    run_id = answer.headers["location"].partition("started=")[2].partition("&")[0]
    with airflow.session() as session:
        return airflow.asked_of(session, unquote(run_id))


def send(visitor, role="user", path=START, headers=HERE, **fields):
    return visitor(role).post(path, data=fields, headers=headers, follow_redirects=False)


def test_a_form_starts_a_run_of_whoever_sent_it(airflow_at_work, visitor):
    answer = send(visitor, vendors=["huawei"], accounts="main\r\n other \r\n")
    conf, who = started(answer)
    assert who == "someone"
    assert conf == {
        "vendors": ["huawei"],
        "accounts": ["main", "other"],
        "open_messages": False,
        "dry_run": False,
    }
    told = visitor("user").get(f"/sync-health/start/{answer.headers['location']}").text
    assert "The run is started" in told
    assert 'href="../../dags/sync_tickets/runs/manual__' in told
    assert "<form" not in told


def test_a_number_and_an_empty_field_are_what_the_dag_wants(airflow_at_work, visitor):
    snapshots = "/sync-health/start/snapshot_customer_service"
    conf, _ = started(send(visitor, path=snapshots, full="1", accept_vanished="300"))
    assert conf == {"full": True, "accept_vanished": 300}
    conf, _ = started(send(visitor, path=snapshots, accept_vanished=" "))
    assert conf == {"full": False, "accept_vanished": None}


def test_what_airflow_refuses_is_told_and_kept_in_the_form(airflow_at_work, visitor):
    answer = send(visitor, path="/sync-health/start/build_reports", since="<b>soon</b>")
    assert answer.status_code == 400
    assert "Airflow refused it" in answer.text
    assert 'value="&lt;b&gt;soon&lt;/b&gt;"' in answer.text
    answer = send(visitor, accounts="main")
    assert answer.status_code == 400  # no vendor is ticked
    assert "main</textarea>" in answer.text
    assert "checked" not in without_our_script(answer.text)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        ELSEWHERE,
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
        {"origin": "http://testserver.example.com"},
    ],
)
def test_a_form_of_another_site_starts_nothing(airflow_at_work, visitor, headers):
    answer = send(visitor, "admin", headers=headers, vendors="huawei")
    assert answer.status_code == 403
    assert "sent from another site" in answer.text


def test_a_browser_that_says_only_where_the_form_is_from_is_believed(airflow_at_work, visitor):
    assert started(send(visitor, headers={"origin": "http://testserver"}, vendors="huawei"))


@pytest.mark.parametrize(
    ("body", "status"), [(b"x" * 300_000, 413), (b"vendors=%ff", 400), (b"a=1&" * 2_000, 400)]
)
def test_a_form_that_is_none_is_refused(airflow_at_work, visitor, body, status):
    answer = visitor("admin").post(START, content=body, headers=HERE)
    assert answer.status_code == status
    assert "<h2>Not possible</h2>" in answer.text


@pytest.mark.parametrize("dag_id", ["nothing", "example_dag", "..%2f..", "<script>"])
def test_there_is_a_form_of_our_dags_alone(airflow_at_work, visitor, dag_id):
    answer = visitor("admin").get(f"/sync-health/start/{dag_id}")
    assert answer.status_code == 404
    assert "<script>" not in without_our_script(answer.text)


def test_a_form_is_filled_in_by_its_link(airflow_at_work, visitor):
    page = visitor("user").get(
        f"{START}?accounts=main&accounts=b&vendors=huawei&vendors=x&dry_run=1"
    )
    html = without_our_script(page.text)
    assert "main\nb</textarea>" in html
    assert re.findall('value="(.*?)" checked', html) == ["huawei", "1"]


@pytest.mark.parametrize(
    ("language", "legend", "other"), [("zh", "厂商", "Vendors"), ("en", "Vendors", "厂商")]
)
def test_a_form_has_the_words_of_its_language(airflow_at_work, visitor, language, legend, other):
    html = visitor("user").get(f"{START}?lang={language}").text
    assert f"<legend>{legend}</legend>" in html
    assert other not in html


def test_a_run_that_there_is_not_is_not_said_to_be_started(airflow_at_work, visitor):
    html = visitor("user").get(f"{START}?started=<script>alert(1)</script>").text
    assert "The run is started" not in html
    assert "<form" in html


def test_a_dag_that_is_switched_off_says_so_in_its_form(airflow_at_work, visitor):
    airflow.switch_off("sync_ticket")
    html = visitor("user").get("/sync-health/start/sync_ticket?tickets=T1").text
    assert "sync_ticket is switched off" in html
    assert "T1</textarea>" in html
