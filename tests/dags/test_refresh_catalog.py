"""Runs of refresh_catalog over real tables and vendors."""

from __future__ import annotations

from include.secrets import KeyRing
from include.vendors.registry import VENDORS
from include.warehouse.tickets.accounts import add_account
from tests.builders import DAY, an_account

FORM = {"vendors": list(VENDORS), "accounts": [], "accept_vanished": False}


def test_a_refresh_goes_on_with_the_next_account_where_keys_are_refused(
    airflow_db, dagbag, look, warehouse, ring
):
    bad = an_account("huawei", account_id="a-bad-one")
    add_account(warehouse, KeyRing.parse(ring), bad, now=DAY)
    run = dagbag.dags["refresh_catalog"].test(logical_date=None, run_conf=FORM)
    assert run.state == "success"
    assert look("select type, count(*) > 0 from cloud_osm_product group by type order by type") == [
        (vendor.upper(), 1) for vendor in VENDORS
    ]


def test_a_misspelt_field_makes_the_run_red(airflow_db, dagbag, look):
    run = dagbag.dags["refresh_catalog"].test(logical_date=None, run_conf={**FORM, "all": True})
    assert run.state == "failed"
    assert look("select count(*) from cloud_osm_product") == [(0,)]
