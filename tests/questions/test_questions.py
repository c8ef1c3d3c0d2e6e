"""The report user gets the right answer to every question, whatever the server's mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

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


def test_each_is_asked_once_and_in_both_languages() -> None:
    assert len({question.asks for question in QUESTIONS}) == len(QUESTIONS)
    assert all(len(question.asks.split(" | ")) == 2 for question in QUESTIONS)
