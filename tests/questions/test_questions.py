"""The report user gets the right answer to every question, whatever the server's mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from include.warehouse.dictionary import entries
from include.warehouse.dictionary.entries import Relation
from include.warehouse.mysql import Warehouse
from tests.questions import small
from tests.questions.asked import Question, ask, read_questions
from tests.security.conftest import Users, users  # noqa: F401  # a fixture

QUESTIONS = read_questions()


@pytest.fixture(scope="module")
def reader(users: Users) -> Iterator[sa.Connection]:  # noqa: F811
    """The report user, in a strict mode of grouping."""
    opened = Warehouse.open(users.url("write"))
    admin = Warehouse.open(users.admin_url)
    small.build(admin)
    for warehouse in (opened, admin):
        warehouse.close()
    engine = sa.create_engine(users.url("report"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "set session sql_mode = concat(@@sql_mode, ',ONLY_FULL_GROUP_BY')"
        )
        yield connection


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.asks.split(" | ")[1])
def test_a_question_has_its_answer(reader: sa.Connection, question: Question) -> None:
    assert ask(reader, question) == question.answer


RELATIONS = entries.read().relations
VIEWS = [it for it in RELATIONS.values() if it.name.startswith(("v_", "dim_"))]
NOT_BUILT = {
    # As of the moment of looking, or of the newest snapshot: a few rows, to be read whole.
    *("v_dictionary", "v_freshness", "v_history_limit", "v_queue_now", "v_seat_load"),
    *("v_supplier_load", "v_line_load", "v_line_load_participating", "v_seat_class"),
    "v_sync_status",
    # Made from others when it is read.
    *("v_hour_profile", "v_hour_trend", "v_seat_line"),
}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_key_of_a_view_tells_its_rows_apart(reader: sa.Connection, view: Relation) -> None:
    if not view.key:  # one row
        assert reader.execute(sa.text(f"select count(*) from {view.name}")).scalar_one() == 1
        return
    key = ", ".join(view.key)
    again = f"select count(*) from {view.name} group by {key} having count(*) > 1"
    assert reader.execute(sa.text(again)).all() == []
    nowhere = " or ".join(f"{column} is null" for column in view.key)
    found = reader.execute(sa.text(f"select count(*) from {view.name} where {nowhere}"))
    assert found.scalar_one() == 0


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_can_be_extracted_by_what_changed_and_limited_to_whom_it_is_about(
    view: Relation,
) -> None:
    if view.name.startswith("dim_") or view.name in NOT_BUILT:
        return
    assert "updated_at" in view.columns
    assert {"account_id", "supplier_id", "scope_id", "busi_id"} & set(view.columns)


def test_each_is_asked_once_and_in_both_languages() -> None:
    assert len({question.asks for question in QUESTIONS}) == len(QUESTIONS)
    assert all(len(question.asks.split(" | ")) == 2 for question in QUESTIONS)
