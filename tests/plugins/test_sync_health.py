"""The page's place in Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_in_the_menu(visitor, monkeypatch):
    plugins = visitor("admin").get("/api/v2/plugins").json()["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "sync_health"]
    assert ours["external_views"][0]["href"] == "sync-health/page"
    errors = visitor("admin").get("/api/v2/plugins/importErrors").json()
    assert errors["total_entries"] == 0


def test_the_plugin_costs_other_processes_nothing():
    code = (
        "import sys, airflow.sdk, airflow.plugins_manager\n"
        "before = set(sys.modules)\n"
        "sys.path.insert(0, 'plugins')\n"
        "import sync_health\n"
        "print('\\n'.join(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["sync_health"]
