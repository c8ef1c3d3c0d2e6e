"""The page in a real browser, through Airflow's own login, in both languages.

With ``PICTURES`` naming a folder the screenshots stay there, for somebody to look at.
"""

from __future__ import annotations

import json
import os
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import sqlalchemy as sa
from playwright.sync_api import sync_playwright

from include.errors import AuthError, SyncError, UnavailableError
from include.secrets import KeyRing, new_key
from include.warehouse.bookkeeping import ledger
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.bookkeeping.tables import sync_run
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from tests import airflow_at_work as airflow
from tests.builders import DAY, an_account
from tests.plugins import hostile
from tests.plugins.browser import CHROMIUM, USERS, api_server, log_in, watch
from tests.plugins.conftest import connection_of

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not CHROMIUM, reason="NO CHROMIUM HERE: the page was seen by no browser"),
]
ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
SAID = {
    "zh": {
        "log": "运行日志",
        "start": "启动一次运行……",
        "go": "启动运行",
        "look": "在 Airflow 中查看",
        "book": "运行手册",
    },
    "en": {
        "log": "Log of the run",
        "start": "Start a run …",
        "go": "Start the run",
        "look": "Look at it in Airflow",
        "book": "Runbook",
    },
}
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 400, "height": 800}
LOGGED = "the key is not known at this site"
BAD = "huawei-bad"
UNREACHABLE = (
    "huawei ListCases: osm.example.com:443 through the proxy proxy.example.com:3128: Connection"
    " refused; nobody answered for 30 s, three times, each time after a new resolution of the name"
)
HEADLINE = {"zh": "7 项中有 3 项需要处理", "en": "3 of 7 need a look"}
KEYS = new_key("k1")
ORIGIN = {"x": 0, "y": 0}


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def place(airflow_db, warehouse_server, patch):
    """The warehouse that Airflow knows as its connection."""
    patch.setenv("SECRET_KEYS", KEYS)
    patch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", os.environ["AIRFLOW_HOME"] + "/logs")
    url = warehouse_server.create_migrated()
    patch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection_of(url)))
    with closing(Warehouse.open(url)) as opened:
        yield opened
    warehouse_server.take_back(url)


def store_run(warehouse, owner, entity, who, error=None, behind=0):
    """A run of now, which has read up to so many hours ago."""
    mark = datetime.now(UTC) - timedelta(hours=behind)
    held = ledger.hold(warehouse, owner, entity, vendor="HUAWEI", request=Request(who))
    with suppress(SyncError), held as run:
        run.write(lambda connection: None, watermark_at=mark)
        if error:
            raise error


def store_history(warehouse, *owners):
    """A week of runs every two hours; the middle of it failed."""
    now = datetime.now(UTC)
    rows = [
        {
            "run_id": f"{owner[0]}{back:031}",
            "account_id": owner,
            "entity": "tickets",
            "vendor": "HUAWEI",
            "outcome": "failed" if 30 < back < 40 else "done",
            "error_class": "UnavailableError" if 30 < back < 40 else None,
            "started_at": now - timedelta(hours=2 * back),
            "ended_at": now - timedelta(hours=2 * back),
        }
        for owner in owners
        for back in range(1, 80)
    ]
    warehouse.transact(lambda connection: connection.execute(sa.insert(sync_run), rows))


@pytest.fixture(scope="module")
def address(place, tmp_path_factory):
    """Airflow's, with a week of runs, an account that fails in a task whose log says why, and more
    that is wrong."""
    with api_server(tmp_path_factory.mktemp("api")) as wait:
        airflow.start_work()
        airflow.stay_alive(60)
        ring = KeyRing.parse(KEYS)
        for name, called in (("good", "Main shop"), (BAD, None), ("slow", "旗舰店"), ("new", None)):
            account = an_account("huawei", account_id=name, access_key=f"access-of-{name}")
            add_account(place, ring, account, name=called, now=DAY)
        run_id = airflow.trigger("sync_tickets", 5, "failed")
        trace = airflow.log_of(run_id, "huawei.tickets", 1, LOGGED)
        store_run(place, "good", "tickets", "command line")
        store_run(
            place, BAD, "tickets", f"airflow {trace} by admin", AuthError(LOGGED, vendor="huawei")
        )
        store_run(
            place, "slow", "tickets", "command line", UnavailableError(UNREACHABLE), behind=30
        )
        store_run(place, "HUAWEI", "catalog", "command line", behind=3)
        store_run(place, "reports", "build", "command line")
        store_run(place, "checks", "run", "command line")
        store_history(place, "good", "slow")
        yield wait()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def sessions(address, browser):
    """Who is logged in, by name: the state that a new window begins with."""
    found = {}
    for user in USERS:
        page = log_in(browser, address, user)
        found[user] = page.context.storage_state()
        page.context.close()
    return found


@pytest.fixture
def window(address, browser, sessions):
    """``window(language)``: one that is logged in, and what it does that it must not."""
    opened, watched = [], []

    def open_window(language, user="admin", size=WIDE, **options):
        context = browser.new_context(
            locale=LANGUAGES[language], viewport=size, storage_state=sessions[user], **options
        )
        context.set_default_timeout(20_000)
        opened.append(context)
        page = context.new_page()
        watched.append(watch(page, address))
        return page

    yield open_window
    for context in opened:
        context.close()
    assert [wrong for wrong in watched if wrong] == []


def of_account(place, account_id):
    return place.locator(f'[data-key="tickets/{account_id}"]')


def is_wider_than_its_window(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_red_line_one_click_leads_to_its_log_and_one_to_the_filled_form(
    window, address, language, pictures
):
    said, page = SAID[language], window(language)
    if language == "zh":
        page.add_init_script("localStorage.setItem('theme', 'dark')")
    page.goto(f"{address}/plugin/sync_health")
    inside = page.frame_locator("iframe")
    of_account(inside, BAD).wait_for()
    page.screenshot(path=pictures / f"framed-{language}.png")
    of_account(inside, BAD).get_by_text(said["log"], exact=True).click()
    page.wait_for_url("**/dags/sync_tickets/runs/*/tasks/huawei.tickets/mapped/1")
    page.get_by_text(LOGGED).first.wait_for()
    page.screenshot(path=pictures / f"log-{language}.png")
    page.goto(f"{address}/plugin/sync_health")
    of_account(inside, BAD).get_by_text(said["start"]).click()
    accounts = inside.locator('textarea[name="accounts"]')
    accounts.wait_for()
    assert accounts.input_value() == BAD
    page.screenshot(path=pictures / f"form-{language}.png")
    inside.get_by_role("button", name=said["go"]).click()
    inside.get_by_text(said["look"]).click()
    page.wait_for_url("**/dags/sync_tickets/runs/manual__*")
    started = page.url.rpartition("/")[2]
    with airflow.session() as session:
        conf, who = airflow.asked_of(session, unquote(started))
    assert (conf["accounts"], conf["dry_run"], who) == ([BAD], False, "admin")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_any_window_in_the_theme_that_airflow_has(
    window, address, language, theme, pictures
):
    for name, size in {"wide": WIDE, "narrow": NARROW}.items():
        page = window(language, size=size, color_scheme="light" if theme == "dark" else "dark")
        page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page.goto(f"{address}/sync-health/page")
        page.locator("summary").last.click()
        page.screenshot(path=pictures / f"page-{language}-{theme}-{name}.png", full_page=True)
        assert not is_wider_than_its_window(page)
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme
        assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
        assert page.locator("h2").first.inner_text() == HEADLINE[language]
        of_account(page, BAD).get_by_text(SAID[language]["book"]).click()
        page.locator("#autherror").wait_for(state="attached")
        page.screenshot(path=pictures / f"runbook-{language}-{theme}-{name}.png")
        assert not is_wider_than_its_window(page)
        page.goto(f"{address}/sync-health/start/sync_tickets?accounts={BAD}")
        page.screenshot(path=pictures / f"start-{language}-{theme}-{name}.png")
        assert not is_wider_than_its_window(page)
        other = "en" if language == "zh" else "zh"
        page.locator(f'a[lang="{other}"]').click()
        assert page.locator("button").last.inner_text() == SAID[other]["go"]
        assert page.locator('textarea[name="accounts"]').input_value() == BAD


def test_it_renews_itself_and_keeps_what_is_open_and_where_one_reads(window, address, place):
    page = window("en", size=NARROW)
    page.clock.install()
    page.goto(f"{address}/sync-health/page")
    page.locator("summary").last.click()
    line = page.locator("[data-key]").nth(4)
    line.evaluate("line => line.scrollIntoView()")
    at = line.bounding_box()["y"]
    store_run(place, "new", "tickets", "command line", AuthError("new", vendor="huawei"))
    page.clock.fast_forward(61_000)
    of_account(page, "new").get_by_text("AuthError: huawei: new").wait_for()
    assert page.locator("details").last.get_attribute("open") is not None
    key = line.get_attribute("data-key")
    assert abs(page.locator(f'[data-key="{key}"]').bounding_box()["y"] - at) < 3
    page.context.clear_cookies()
    page.clock.fast_forward(61_000)
    page.locator("#stale").wait_for()


def test_all_but_the_renewal_works_without_script(window, address):
    page = window("zh", java_script_enabled=False)
    page.goto(f"{address}/sync-health/page?lang=en")
    assert page.locator("h2").first.inner_text() == HEADLINE["en"]
    page.locator("summary").last.click()
    assert page.get_by_text("cloud_user").is_visible()
    page.fill('input[name="q"]', BAD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/page?q=huawei-bad*lang=en*")
    assert page.locator(".line").count() == 1
    page.get_by_text(SAID["en"]["start"]).click()
    assert page.locator('textarea[name="accounts"]').input_value() == BAD


def test_a_viewer_sees_no_way_to_act_and_is_refused_where_it_acts(window, address):
    page = window("zh", user="viewer")
    page.goto(f"{address}/sync-health/page")
    assert of_account(page, BAD).get_by_text(SAID["zh"]["log"], exact=True).is_visible()
    assert page.get_by_text(SAID["zh"]["start"]).count() == 0
    answer = page.goto(f"{address}/sync-health/start/sync_tickets?accounts={BAD}")
    assert answer.status == 403
    assert page.locator("h2").inner_text() == "没有权限"
    sent = page.request.post(f"{address}/sync-health/start/sync_tickets", form={"accounts": BAD})
    assert sent.status == 403
    assert "Not allowed" in sent.text()


def test_forty_hostile_texts_run_nothing(window, address, place, pictures):
    hostile.fill(place)
    everywhere = "".join(hostile.TEXTS)
    for language in LANGUAGES:
        for size in (WIDE, NARROW):
            page = window(language, size=size)
            for path in (
                "page",
                "page?page=2&show=bad",
                f"page?q={quote(everywhere[:900])}&lang={quote(hostile.TEXTS[0])}&page=9e9&show=x",
                f"start/sync_tickets?accounts={quote(everywhere)}&vendors=x&started={quote('<b>')}",
                f"start/{quote(hostile.TEXTS[0], safe='')}",
            ):
                page.goto(f"{address}/sync-health/{path}")
                for fold in page.locator("summary").all():
                    fold.click()
                page.evaluate(
                    "document.querySelectorAll('a, input, details').forEach(it => it.focus())"
                )
                assert page.evaluate("typeof ran") == "undefined"
                assert page.evaluate("document.scripts.length") == 1
                assert not is_wider_than_its_window(page), path
                if path == "page":
                    shown = page.locator("body").inner_text()
                    size_name = "wide" if size == WIDE else "narrow"
                    picture = pictures / f"hostile-{language}-{size_name}.png"
                    page.screenshot(path=picture, clip={**ORIGIN, **size, "height": 3000})
            assert hostile.TEXTS[0] in shown
