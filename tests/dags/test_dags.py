"""Every DAG keeps the house's policies, and real runs of them tell the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from include.vendors.registry import VENDORS
from include.work.schedules import BY_HAND, SCHEDULES, WATCH

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
# What a person starts waits behind no other run; of everything else, one run at a time.
AT_ONCE = {"sync_ticket": 16, "sync_tickets": 8, "backfill_tickets": 4}
HAN = re.compile("[\u4e00-\u9fff]")
BOTH = re.compile(r"[^|]*[\u4e00-\u9fff][^|]* \| [A-Z][^|\u4e00-\u9fff]+")
HEAVY = ("sqlalchemy.engine", "pymysql", "pandas", "urllib3", "alembic", "apprise")


def test_every_file_is_a_dag_of_its_name_and_imports(dagbag):
    assert dagbag.import_errors == {}
    assert sorted(dagbag.dags) == NAMES


def codes(text):
    """What stands in a text as code, whatever order its language has it in."""
    return sorted(re.findall("`[^`]+`", text))


@pytest.mark.parametrize("name", NAMES)
def test_policies(dagbag, name):
    dag = dagbag.dags[name]
    assert dag.doc_md
    assert dag.tags
    assert re.search(r"[一-鿿].*。[A-Z].*\.", dag.description), "one sentence in each language"
    assert dag.owner == "data-engineering"
    assert "backfill" not in dag.allowed_run_types
    assert dag.max_active_runs == AT_ONCE.get(name, 1)
    assert dag.catchup is False
    for task in dag.tasks:
        assert task.retry_policy is not None, task.task_id
        assert task.execution_timeout is not None, task.task_id
    if name == WATCH:  # its only task tells by itself how the run was
        assert [task.task_id for task in dag.tasks] == ["tell"]
        return
    assert [task.task_id for task in dag.leaves] == ["watcher"]
    assert dag.get_task("watcher").upstream_task_ids == set(dag.task_ids) - {"watcher"}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_dag_says_the_same_in_chinese_and_in_english(dagbag, name):
    """Paragraph by paragraph, with the same names; a block that is indented serves both."""
    title, *blocks = dagbag.dags[name].doc_md.strip().split("\n\n")
    assert BOTH.fullmatch(title.removeprefix("### ")), title
    rule = blocks.index("---")
    assert all(HAN.search(block) for block in blocks[:rule])
    texts = [block for block in blocks if block not in ("---", "REST:") and block[0] != " "]
    chinese = [text for text in texts if HAN.search(text)]
    english = [text for text in texts if not HAN.search(text)]
    assert [codes(text) for text in chinese] == [codes(text) for text in english]
    assert [text.count("\n|") for text in chinese] == [text.count("\n|") for text in english]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_a_form_has_both_languages_and_a_schema_that_is_one(dagbag, name):
    schemas = import_module("jsonschema").Draft202012Validator
    for key in dagbag.dags[name].params:
        field = dagbag.dags[name].params.get_param(key)
        schemas.check_schema(field.schema)
        assert BOTH.fullmatch(field.schema["title"]), (key, field.schema["title"])
        if told := field.schema.get("description_md"):
            chinese, english = told.split("\n\n")
            assert HAN.search(chinese), (key, told)
            assert not HAN.search(english), (key, told)
            assert not codes(told), "the form draws code over the line above"


@pytest.mark.parametrize("entity", [name for name in SCHEDULES if name != "build"])
def test_lateness_is_measured_by_the_interval_at_which_the_dag_runs(dagbag, entity):
    """The reports follow what changed: their DAG has no interval of its own."""
    schedule = SCHEDULES[entity]
    timetable = dagbag.dags[schedule.dag_id].timetable
    first = import_module("croniter").croniter(
        timetable.expression, datetime(2026, 1, 31, tzinfo=UTC)
    )
    moments = [first.get_next(datetime) for _ in range(200)]
    assert {b - a for a, b in pairwise(moments)} == {schedule.every}


def test_the_dags_that_a_person_starts_have_no_schedule(dagbag):
    for dag_id in BY_HAND:
        assert dagbag.dags[dag_id].schedule is None
    assert {*BY_HAND, WATCH, *(of.dag_id for of in SCHEDULES.values())} == {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_slow_accounts_of_a_vendor_take_no_place_that_others_need(dagbag, name):
    """A vendor's lane belongs to its task; there is no pool that could be missing."""
    for task in dagbag.dags[name].tasks:
        assert task.pool == "default_pool"
        if task.task_id.split(".")[0] in VENDORS and getattr(task, "expand_input", None):
            assert 1 <= task.max_active_tis_per_dag <= 4


def test_dags_serialise(dagbag):
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dagbag.dags.values():
        assert DagSerialization.to_dict(dag)


def test_parsing_imports_nothing_slow_beyond_airflow_itself():
    code = (
        "import airflow.sdk, sys, runpy, pathlib\n"
        "before = set(sys.modules)\n"
        "for path in pathlib.Path('dags').glob('*.py'): runpy.run_path(str(path))\n"
        "print('\\n'.join(set(sys.modules) - before))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = result.stdout.split()
    assert "include.runtime.shape" in loaded
    assert not [name for name in loaded if name.startswith(HEAVY)]
    declared = {f"include.vendors.{name}" for name in (*VENDORS, "client", "registry")}
    known = {name for name in loaded if name.startswith("include.vendors.")}
    assert known == declared


def test_no_task_loads_alembic_which_writes_lines_into_the_log_as_it_is_loaded():
    """A task compares the revision of the warehouse all the same."""
    code = (
        "import sys, airflow.sdk\n"
        "from include.runtime import checks, customer_service, tickets\n"
        "from include.work import accounts, customer_service, runs, tickets\n"
        "from include.pipelines import checks, reports, retention\n"
        "from include.warehouse.schema import revisions\n"
        "print([name for name in sys.modules if name.startswith('alembic')])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
