"""Texts as reports may show them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.warehouse.reports import texts
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.messages import set_messages_aside
from include.warehouse.tickets.store import store_tickets
from tests.builders import DAY, a_message, a_ticket, an_account

ACCOUNT = an_account()


@pytest.fixture
def build(warehouse):
    """``build(version)``: rows written, every text in capitals."""

    def run(version=1, redact=lambda text: (text.upper(), 1)):
        with warehouse.bulk() as connection:
            written = texts.build(connection, redact, version, DAY)
            connection.commit()
        return written

    return run


@pytest.fixture
def shown(warehouse):
    """``shown()``: message ids and texts."""

    def look():
        query = "select message_id, content, masked, redaction_version from rpt_text order by 1"
        with warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    return look


def keep(warehouse, *messages, now=DAY):
    conversation = (a_ticket(title="title"), messages)
    warehouse.transact(lambda c: store_tickets(c, Look(ACCOUNT, now), [conversation]))


def test_titles_and_messages_are_masked_once(warehouse, build, shown):
    keep(warehouse, a_message(content="one"), a_message(message_id="M2", content="two"))
    assert build() == 3
    assert shown() == [("", "TITLE", 1, 1), ("M1", "ONE", 1, 1), ("M2", "TWO", 1, 1)]
    assert build() == 0


def test_what_changed_is_masked_again_and_what_is_gone_goes(warehouse, build, shown):
    keep(warehouse, a_message(content="one"), a_message(message_id="M2", content="two"))
    build()
    keep(warehouse, a_message(content="other"), now=DAY + timedelta(hours=1))
    warehouse.transact(lambda c: set_messages_aside(c, ACCOUNT, "T1", ["M2"]))
    build()
    assert [row[:2] for row in shown()] == [("", "TITLE"), ("M1", "OTHER")]


def test_another_version_masks_all_again(warehouse, build, shown):
    keep(warehouse, a_message(content="one"))
    build()
    assert build(version=2, redact=lambda text: (text, 0)) == 2
    assert shown() == [("", "title", 0, 2), ("M1", "one", 0, 2)]


def test_a_text_larger_than_a_block_stands_alone(warehouse, build, shown, monkeypatch):
    monkeypatch.setattr(texts, "BYTES_AT_ONCE", 10)
    long = "x" * 100
    keep(warehouse, a_message(content=long), a_message(message_id="M2", content="two"))
    assert build() == 3
    assert [row[1] for row in shown()] == ["TITLE", long.upper(), "TWO"]
