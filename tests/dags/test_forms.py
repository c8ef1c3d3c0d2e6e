"""What Airflow refuses when a form is posted, before there is a run, and what it shows of a DAG."""

from __future__ import annotations

from typing import Any

import pytest

from include.vendors.registry import VENDORS
from include.work.schedules import SCHEDULES

WITH_VENDORS = (
    "backfill_tickets",
    "check_data",
    "refresh_catalog",
    "sync_ticket",
    "sync_tickets",
)
NEEDED: dict[str, dict[str, Any]] = {
    "backfill_tickets": {"since": "2026-01-01"},
    "sync_ticket": {"tickets": ["T1"]},
}


@pytest.fixture
def api(airflow_at_work, visitor):
    return visitor("admin")


@pytest.fixture
def post(api):
    """``post(dag_id, field=value)``: the answer to a form by REST."""

    def send(dag_id, **conf):
        return api.post(
            f"/api/v2/dags/{dag_id}/dagRuns",
            json={"logical_date": None, "conf": {**NEEDED.get(dag_id, {}), **conf}},
        )

    return send


@pytest.mark.parametrize("dag_id", WITH_VENDORS)
@pytest.mark.parametrize("vendors", [[], None, ["nobody"]])
def test_a_form_without_a_vendor_makes_no_run(post, dag_id, vendors):
    refused = post(dag_id, vendors=vendors)
    assert refused.status_code == 400
    assert "vendors" in refused.text
    assert post(dag_id, vendors=list(VENDORS[:1])).status_code == 200


@pytest.mark.parametrize(
    "moment",
    [
        "not a date",
        "",
        "2026",
        "2026-13-01",
        "2026-02-31",
        "2026-04-31",
        "2026-01-31T25:00",
        "2026-01-31T08:00:00+8",
        "2026-01-31T08:00:00 Asia/Shanghai",
        "1999-12-31",
        "31/01/2026",
        "２０２６-01-31",
        1767225600,
    ],
)
def test_what_is_no_moment_makes_no_run(post, moment):
    for conf in ({"since": moment}, {"since": "2026-01-01", "until": moment}):
        refused = post("backfill_tickets", **conf)
        assert refused.status_code == 400, conf
        assert list(conf)[-1] in refused.text


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-31",
        " 2026-01-31 ",
        "2026-01-31T08:00",
        "2026-01-31 08:00",
        "2026-01-31 08:00:00",
        "2026-01-31T08:00:00+08:00",
        "2026-01-31T08:00:00+0800",
        "2026-01-31T00:00:00Z",
        "2026-01-31T00:00:00.000Z",
    ],
)
def test_what_people_write_for_a_moment_is_taken_and_understood(post, moment):
    from include.runtime.forms import read_moment

    assert post("backfill_tickets", since=moment, until=None).status_code == 200
    read = read_moment(moment)
    assert read
    assert read.date().isoformat() in ("2026-01-30", "2026-01-31")


@pytest.mark.parametrize("day", ["not a date", "", "2026-02-31", "2026-01-31T08:00", 20260131])
def test_what_is_no_day_makes_no_run(post, day):
    assert post("build_reports", since=day).status_code == 400
    assert post("build_reports", since="2026-01-31").status_code == 200


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # of the API, for one field
@pytest.mark.parametrize("dag_id", [schedule.dag_id for schedule in SCHEDULES.values()])
def test_airflow_offers_no_backfill_of_its_own_beside_ours(api, dag_id):
    """The form's radio is off, and the REST API refuses: a day of it would be 97 runs."""
    assert api.get(f"/api/v2/dags/{dag_id}/details").json()["is_backfillable"] is False
    span = {"from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"}
    refused = api.post("/api/v2/backfills", json={"dag_id": dag_id, **span})
    assert refused.status_code in (400, 409, 422)
    assert "backfill" in refused.text


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # of the API, for one field
def test_the_list_of_dags_names_owner_purpose_and_zone(api):
    shown = {dag["dag_id"]: dag for dag in api.get("/api/v2/dags").json()["dags"]}
    for schedule in SCHEDULES.values():
        assert shown[schedule.dag_id]["owners"] == ["data-engineering"]
    assert "(30 4 * * *, Asia/Shanghai)" in shown["check_data"]["description"]
    told = api.get("/api/v2/dags/check_data/details").json()["doc_md"]
    assert "`30 4 * * *`, in hours of **Asia/Shanghai** (`BUSINESS_ZONE`)" in told
