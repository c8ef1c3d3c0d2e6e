"""Faults of the vendors' wire, of paging, of contents and of accounts: a line each.

A line is run as it happens: a warehouse that knows yesterday, the fault for the first account of
each vendor (of the wire's, which is one code for all, for one vendor in turn, unless FULL), a run
over all accounts; then the invariants, a run without the fault, and equality with
a warehouse that never saw it.
"""

from __future__ import annotations

import gc
from contextlib import nullcontext

import pytest

from include.vendors.registry import VENDORS
from tests.faults.kit import invariants
from tests.faults.kit.scene import FULL, of_accounts
from tests.faults.lines.accounts import ACCOUNTS
from tests.faults.lines.content import CONTENT
from tests.faults.lines.paging import PAGING
from tests.faults.lines.wire import WIRE

SECTIONS = {"paging": PAGING, "content": CONTENT, "wire": WIRE, "accounts": ACCOUNTS}
LINES = [
    pytest.param(section, line, id=f"{line.id}-{line.name.replace(' ', '-')}")
    for section, lines in SECTIONS.items()
    for line in lines
]


@pytest.mark.parametrize(("section", "fault"), LINES)
def test_a_fault_ends_right_or_loud_and_the_next_run_heals(
    section, fault, scene, truth, caplog, record_property
):
    caplog.set_level("INFO")
    before = invariants.look(scene)
    vendors, runs = fault.at, VENDORS
    if section == "wire" and not FULL and not fault.is_joint:
        vendors = runs = (fault.at[WIRE.index(fault) % len(fault.at)],)
    scene.narrow(*runs)
    accounts = {a.account_id: a for a in scene.accounts}
    hit = {f"{vendor}-1" for vendor in vendors}
    if fault.id == "C9":
        gc.collect()  # what is due would be taken apart at the depth of the answer, and fail there
    with fault.on(scene) or nullcontext():
        ended = scene.run(**fault.settings or {})
    scene.sandbox.faults.clear()
    rows = truth(scene)
    invariants.check(scene, before, ended, rows, disturbed=hit, log=caplog.text)
    found = scene.rows()
    verdicts = {
        name: invariants.verdict(ended[name], of_accounts(found, [name]), of_accounts(rows, [name]))
        for name in hit
    }
    record_property("fault", f"{section} {fault.passing:d} {max(verdicts.values())}")
    assert verdicts == dict.fromkeys(hit, fault.verdict), {n: ended[n].error for n in hit}
    if fault.error is not None:
        kinds = {name: type(ended[name].error) for name in hit}
        assert kinds == dict.fromkeys(hit, fault.error), {n: ended[n].error for n in hit}
    fault.also(scene, ended)
    healed = scene.run([accounts[name] for name in sorted(hit)])
    assert not [one.error for one in healed.values() if one.error], f"I8: {healed}"
    assert scene.rows() == rows, "I8"
