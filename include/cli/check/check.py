"""`check`: everything that runs need, tried. One line each, with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta

import typer

from include.cli.check.airflow import check_airflow
from include.cli.check.alerts import check_alerts
from include.cli.check.finding import Finding
from include.cli.check.source import check_source
from include.cli.check.warehouse import check_warehouse
from include.cli.console import Exit, masker, report, report_json, utcnow
from include.errors import ConfigError
from include.secrets import KeyRing
from include.settings import Settings
from include.vendors.registry import (
    describe_strange_variable,
    find_strange_variables,
    load_settings,
)
from include.warehouse.mysql import Warehouse
from include.work.schedules import SCHEDULES


def check(*, as_json: bool) -> None:
    """Try everything, print every finding, and end with 1 when something failed."""
    findings = []
    for finding in _all():
        finding = replace(
            finding,
            detail=masker.hide(finding.detail),
            next_step=masker.hide(finding.next_step),
        )
        findings.append(finding)
        if not as_json:
            step = f" -> {finding.next_step}" if finding.next_step else ""
            report(f"{finding.verdict:8} {finding.what}: {finding.detail}{step}")
    if as_json:
        report_json([asdict(finding) for finding in findings])
    raise typer.Exit(
        Exit.FAILED if any(finding.verdict == "failed" for finding in findings) else Exit.DONE
    )


def _all() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except ConfigError as error:
        yield Finding("settings", "failed", str(error))
        return
    yield Finding("settings", "ok", "the sandbox's" if settings.sandbox else "read")
    yield from _odd(settings)
    for name, meant in find_strange_variables().items():
        told = describe_strange_variable(name, meant)
        yield Finding("settings", "warning", told, "rename it, or take it out of the environment")
    ring = None
    try:
        ring = KeyRing.parse(settings.secret_keys.get_secret_value())
        yield from _keys(ring)
    except ConfigError as error:
        yield Finding("secret keys", "failed", str(error))
    if settings.warehouse_url.get_secret_value():
        try:
            warehouse = Warehouse.open(
                settings.warehouse_url.get_secret_value(), ca=settings.warehouse_ca
            )
        except ConfigError as error:
            yield Finding("warehouse", "failed", str(error))
        else:
            masker.add(warehouse.engine.url.password or "")
            try:
                yield from check_warehouse(warehouse, ring, settings)
            finally:
                warehouse.close()
    else:
        yield Finding(
            "warehouse",
            "failed",
            "not configured: WAREHOUSE_URL is not set",
            "set WAREHOUSE_URL=mysql+pymysql://user:password@host:3306/database",
        )
    yield from check_source(settings)
    yield from check_airflow(settings)
    yield from check_alerts(settings)


def _odd(settings: Settings) -> Iterator[Finding]:
    """Values that are allowed, and that nobody means."""
    if settings.sync_since > utcnow():
        yield Finding(
            "settings",
            "failed",
            f"SYNC_SINCE lies in the future ({settings.sync_since:%Y-%m-%d %H:%M} UTC): no ticket"
            " is read",
            "set SYNC_SINCE to the day from which on tickets are wanted",
        )
    every = SCHEDULES["tickets"].every / timedelta(minutes=1)
    if settings.run_minutes >= every:
        yield Finding(
            "settings",
            "warning",
            f"RUN_MINUTES is {settings.run_minutes:g}, and runs begin every {every:g} minutes: one"
            " with much to read holds up the next",
            f"set RUN_MINUTES below {every:g}",
        )


def _keys(ring: KeyRing) -> Iterator[Finding]:
    if not ring.ids:
        yield Finding(
            "secret keys",
            "warning",
            "SECRET_KEYS is not set: no account's key can be encrypted or read back",
            "make one with `python -m include accounts new-key`",
        )
        return
    others = f"; also opens {', '.join(ring.ids[1:])}" if ring.ids[1:] else ""
    yield Finding("secret keys", "ok", f"encrypts with {ring.ids[0]}{others}")
    for warning in ring.warnings:
        yield Finding("secret keys", "warning", warning)
