"""The statements of a build."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.warehouse.reports.basis import ALL_DAYS, read_basis
from include.warehouse.reports.build import Build
from include.warehouse.reports.tables import rpt_build
from include.warehouse.reports.ticket_tables import rpt_ticket
from include.warehouse.tickets.life import Look
from include.warehouse.tickets.store import store_tickets
from tests.builders import DAY, a_ticket, an_account

ACCOUNT = an_account()


@pytest.fixture
def building(warehouse):
    """``building(work)``: one build in one transaction, and the calls of its heartbeat."""

    def run(work):
        beats = []
        with warehouse.bulk() as connection:
            made = Build(connection, read_basis(connection, DAY, 20), lambda: beats.append(1))
            work(made)
            connection.commit()
        return made.written, len(beats)

    return run


def test_tickets_are_built_once_and_forgotten_on_demand(warehouse, building):
    for ticket in (a_ticket("T1"), a_ticket("T2", is_closed=False)):
        warehouse.transact(lambda c, t=ticket: store_tickets(c, Look(ACCOUNT, DAY), [(t, [])]))

    def count():
        return warehouse.transact(lambda c: c.scalar(sa.select(sa.func.count(rpt_ticket.c.vendor))))

    written, beats = building(lambda made: made.build_tickets(DAY.date()))
    assert (written["rpt_ticket"], count()) == (2, 2)
    assert beats
    written, _ = building(lambda made: made.build_tickets(DAY.date()))
    assert written["rpt_ticket"] == 0
    building(Build.forget)
    assert count() == 0


def test_a_build_leaves_a_row_with_what_it_was_made_from(warehouse, building):
    for _ in range(2):
        building(lambda made: made.note("r", ALL_DAYS, "rules"))
    query = sa.select(rpt_build.c.build_id, rpt_build.c.built_at, rpt_build.c.snapshot_id)
    found = warehouse.transact(lambda c: c.execute(query.order_by(rpt_build.c.build_id)).all())
    assert [tuple(row) for row in found] == [(1, DAY, None), (2, DAY, None)]
