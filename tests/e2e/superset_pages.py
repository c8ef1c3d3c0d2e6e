"""Opens dashboards in a headless Chromium, as a person would: pictures, and what charts were told.

Run by the Python of Superset's environment, which has Playwright, not by that of the tests:
`superset_pages.py <address> <user> <password> <folder> <slug>…`. Writes a PNG a dashboard, language
and width into the folder, and `shown.json`: an object a picture.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    FloatRect,
    Page,
    Response,
    StorageState,
    ViewportSize,
    sync_playwright,
)

LANGUAGES = ("zh", "en")
WIDTHS = {"wide": 1920, "narrow": 1024}
HEIGHT = 4200
"""More than any of them has, so that no chart waits to be scrolled to."""
BUSY = '[data-test="loading-indicator"], .loading'
WRONG = '[data-test="error-container"], .ant-alert-error, .ant-alert-warning'
SECONDS = 120


def main(url: str, user: str, password: str, folder: Path, slugs: list[str]) -> None:
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    shown = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        state = log_in(browser, url, user, password)
        for language in LANGUAGES:
            for width in WIDTHS:
                size = ViewportSize(width=WIDTHS[width], height=HEIGHT)
                page = browser.new_context(viewport=size, storage_state=state).new_page()
                page.set_default_timeout(SECONDS * 1000)
                page.goto(f"{url}/lang/{language}")
                for slug in slugs:
                    path = folder / f"{slug}-{language}-{width}.png"
                    shown.append(look(page, url, slug, path))
                page.context.close()
        browser.close()
    (folder / "shown.json").write_text(json.dumps(shown, ensure_ascii=False), "utf-8")


def log_in(browser: Browser, url: str, user: str, password: str) -> StorageState:
    page = browser.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.goto(f"{url}/login/")
    page.wait_for_load_state("networkidle")  # before, the form forgets what is typed
    page.fill("#username", user)
    page.fill("#password", password)
    page.click('[data-test="login-button"]')
    page.wait_for_url(lambda address: "/login" not in address)
    state = page.context.storage_state()
    page.close()
    return state


def look(page: Page, url: str, slug: str, path: Path) -> dict[str, Any]:
    charts: dict[int, Response] = {}
    names: dict[int, str] = {}
    raised: list[str] = []

    def note(response: Response) -> None:
        if "/api/v1/chart/data" in response.url:
            asked = json.loads(response.request.post_data or "{}")["form_data"]
            if "slice_id" in asked:  # else the values of a filter
                charts[asked["slice_id"]] = response

        elif response.url.endswith(f"/dashboard/{slug}/charts"):
            names.update({chart["id"]: chart["slice_name"] for chart in response.json()["result"]})

    def fail(error: object) -> None:
        raised.append(str(error))

    page.on("response", note)
    page.on("pageerror", fail)
    page.goto(f"{url}/superset/dashboard/{slug}/?standalone=0")
    page.wait_for_selector(".dashboard-component-chart-holder")
    page.wait_for_load_state("networkidle")
    page.wait_for_function(f"!document.querySelector('{BUSY}')")
    page.wait_for_timeout(2000)  # charts grow for a second once their data are there
    holders = page.locator(".dashboard-component-chart-holder")
    height = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.grid-content > *')]"
        ".map(it => it.getBoundingClientRect().bottom))"
    )
    page.screenshot(
        path=path,
        clip=FloatRect(
            x=0,
            y=0,
            width=(page.viewport_size or {"width": 0})["width"],
            height=min(height + 24, HEIGHT),
        ),
    )
    page.remove_listener("response", note)
    page.remove_listener("pageerror", fail)
    return {
        "picture": path.name,
        "slug": slug,
        "holders": holders.count(),
        "wrong": page.locator(WRONG).all_inner_texts(),
        "raised": raised,
        "charts": {
            names[number]: {"status": found.status, "answer": found.text()}
            for number, found in charts.items()
        },
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5:])
