"""Mistakes that people make, each made for real: `check` names its cause and the next step."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.sandbox.servers import databases
from tests.cli.check.mistakes import (
    in_accounts,
    in_airflow,
    in_network,
    in_settings,
    in_source,
    in_warehouse,
)
from tests.cli.check.mistakes.scene import Scene, judge
from tests.cli.conftest import K1
from tests.cli.invoked import document
from tests.faults.kit.own_server import own_server
from tests.security import certificates

PLACES = (in_settings, in_warehouse, in_accounts, in_network)
MISTAKES = [mistake for place in PLACES for mistake in place.MISTAKES]


@pytest.fixture(scope="module")
def authority():
    """The certificate of an authority, in a folder with those of `certificates`."""
    folder = Path(tempfile.mkdtemp(prefix="osm-mistakes-"))
    folder.chmod(0o755)
    yield certificates.make(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def own(warehouse_server, authority):
    """A server whose global variables may be set, and which speaks TLS."""
    folder = authority.parent
    shutil.copyfile(folder / "good.crt", folder / "shown.crt")
    shutil.copyfile(folder / "good.key", folder / "shown.key")
    words = (
        f"--bind-address=127.0.0.1,{certificates.HOST}",
        *(
            f"--ssl-ca={authority}",
            f"--ssl-cert={folder}/shown.crt",
            f"--ssl-key={folder}/shown.key",
        ),
    )
    with own_server(warehouse_server.url, *words) as server:
        yield server


@pytest.fixture(scope="module")
def own_database(own):
    """A migrated database there."""
    from include.warehouse.schema.migrations import upgrade

    url = databases.create_database(own.url, "osm_own")
    upgrade(sa.create_engine(url, poolclass=sa.NullPool))
    return url


@pytest.fixture
def show_certificate(own, authority):
    """``show_certificate(kind)``: what `own` shows from then on."""

    def show(kind):
        for suffix in ("crt", "key"):
            shutil.copyfile(
                authority.parent / f"{kind}.{suffix}", authority.parent / f"shown.{suffix}"
            )
        maria = "MariaDB" in own.admin("select version()")[0][0]
        try:
            own.admin("flush ssl" if maria else "alter instance reload tls")
        except sa.exc.DBAPIError as error:
            pytest.skip(f"this server shows no such certificate: {error.orig}")

    return show


@pytest.fixture
def scene(environ, accounts, request, monkeypatch):
    with ExitStack() as stack:
        made = Scene(dict(environ), request, monkeypatch, stack)
        made.secrets |= {account.secret_key for account in accounts}
        made.secrets |= {K1.partition(":")[2], "canary-of-another-password"}
        yield made


@pytest.fixture
def tell(osm, scene, record_property):
    """``tell(mistake)``: make it, look how `check` tells it, and note that for the table."""

    def tell(mistake):
        mistake.seed(scene)
        result = osm("check", "--json", **scene.environ)
        try:
            found = list(json.loads(result.stdout))
        except ValueError:  # it ended without a document
            found = []
        shown = [secret for secret in scene.secrets if secret in result.output]
        verdict = "secret shown" if shown else judge(mistake, found, scene.names)
        lines = [
            f"{f['verdict']} {f['what']}: {f['detail']} -> {f['next_step']}"
            for f in found
            if f["verdict"] in ("failed", "warning") or f["what"] == mistake.line
        ]
        text = " | ".join(lines) or result.output[-300:]
        record_property("mistake", f"{mistake.id}\t{verdict}\t{result.exit_code}\t{text}")
        assert not shown, text
        assert verdict == "right", text
        assert result.exit_code == any(f["verdict"] == "failed" for f in found), text

    return tell


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_check_tells_the_mistake_with_its_cause_and_the_next_step(tell, mistake):
    tell(mistake)


@pytest.mark.parametrize("mistake", in_source.MISTAKES, ids=str)
def test_check_tells_the_mistake_with_the_customer_service(source_url, tell, mistake):
    tell(mistake)


@pytest.mark.parametrize("mistake", in_airflow.MISTAKES, ids=str)
def test_check_tells_the_mistake_in_airflow(airflow_at_work, tell, scene, mistake):
    scene.set(AIRFLOW_HOME=os.environ["AIRFLOW_HOME"])
    tell(mistake)


@pytest.mark.parametrize("mistake", in_airflow.WITH_SOURCE, ids=str)
def test_check_tells_the_mistake_between_airflow_and_the_customer_service(
    airflow_at_work, source_url, tell, scene, mistake
):
    scene.set(AIRFLOW_HOME=os.environ["AIRFLOW_HOME"])
    tell(mistake)


def test_where_all_is_well_no_line_tells_a_mistake(airflow_at_work, source_url, osm, scene):
    scene.as_role(*in_source.READ)
    scene.set(AIRFLOW_HOME=os.environ["AIRFLOW_HOME"], ALERT_URLS="json://127.0.0.1/alerts")
    found = document(osm("check", "--json", **scene.environ), 0)
    assert {f["verdict"] for f in found} == {"ok"}


def test_each_mistake_has_a_name_of_its_own():
    every = (*MISTAKES, *in_source.MISTAKES, *in_airflow.MISTAKES, *in_airflow.WITH_SOURCE)
    ids = [mistake.id for mistake in every]
    assert len(ids) == len(set(ids)) >= 41
