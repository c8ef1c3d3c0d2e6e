"""What must hold after every fault: the nine invariants, and the verdict right, loud or silent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta

from include.errors import PartialError, SyncError
from include.models import Account
from tests.faults.kit.scene import LIMIT_SECONDS, Ended, Rows, Scene, of_accounts

RIGHT, LOUD, SILENT = "right", "loud", "silent"


def verdict(ended: Ended, rows: Rows, truth: Rows) -> str:
    """How the run of an account ended: its rows beside those of an undisturbed run."""
    if ended.error is not None:
        return LOUD
    return RIGHT if rows == truth else SILENT


@dataclass(frozen=True)
class Before:
    """What was stored before a run."""

    texts: dict[tuple[str, str, str], int]
    """The length of every text: tickets' titles and messages."""
    complete: frozenset[tuple[str, int]]
    """Complete tickets and how many messages of them are stored."""
    runs: frozenset[str]
    """The runs of the ledger."""


def look(scene: Scene) -> Before:
    """What is stored now."""
    lengths = scene.look(
        "select vendor, case_id, message_id, char_length(content) from cloud_osm_detail"
        " union all select type, cloud_id, '', char_length(coalesce(name, '')) from cloud_osm_list"
    )
    complete = scene.look(
        "select l.cloud_id, (select count(*) from cloud_osm_detail as d where d.vendor = l.type"
        " and d.case_id = l.cloud_id) from cloud_osm_list as l where l.status = 0"
    )
    return Before(
        {(str(v), str(case), str(message)): int(length) for v, case, message, length in lengths},
        frozenset((str(ticket), int(count)) for ticket, count in complete),
        frozenset(str(row[0]) for row in scene.look("select run_id from sync_run")),
    )


def check(
    scene: Scene,
    before: Before,
    ended: Mapping[str, Ended],
    truth: Rows,
    *,
    disturbed: Collection[str],
    log: str = "",
) -> None:
    """I1 to I7 and I9 after a run; *before* is what ``look`` said before it."""
    nothing_lost(scene, before)
    nothing_doubled(scene)
    complete_means_complete(scene, before, ended)
    no_ticket_was_passed_over(scene)
    the_ledger_tells(scene, before, ended)
    others = {account.account_id for account in scene.accounts} - set(disturbed)
    assert of_accounts(scene.rows(), others) == of_accounts(truth, others), "I6"
    for account_id in others:
        assert ended[account_id].error is None, f"I6: {account_id}: {ended[account_id].error}"
    slow = {name: one.seconds for name, one in ended.items() if one.seconds > LIMIT_SECONDS}
    assert not slow, f"I7: {slow}"
    nothing_secret(scene, ended, log)


def nothing_lost(scene: Scene, before: Before) -> None:
    """I1: no row that was stored has gone or lost text."""
    after = look(scene).texts
    lost = {key for key, length in before.texts.items() if after.get(key, -1) < length}
    assert not lost, f"I1: {sorted(lost)[:5]}"


def nothing_doubled(scene: Scene) -> None:
    """I2: no two rows with the same natural key, compared byte by byte."""
    doubled = scene.look(
        "select type, cloud_id from cloud_osm_list group by 1, binary cloud_id, 2"
        " having count(*) > 1"
    ) + scene.look(
        "select vendor, case_id, message_id from cloud_osm_detail group by 1, 2, 3"
        " having count(*) > 1"
    )
    assert not doubled, f"I2: {doubled[:5]}"


def complete_means_complete(scene: Scene, before: Before, ended: Mapping[str, Ended]) -> None:
    """I3: status 0 only where the vendor's last answer says closed and every message is stored.

    Only a run that was not green may leave a row as it was, because no answer came.
    """
    complete = look(scene).complete
    for account in scene.accounts:
        said = scene.store.truth()[account.vendor]["accounts"][number(account) - 1]
        closed, stored = set(said["tickets"]["closed"]), said["stored_messages"]
        is_red = ended[account.account_id].error is not None
        for ticket, held in complete:
            if ticket in stored and not (is_red and (ticket, held) in before.complete):
                assert ticket in closed, f"I3: {account.account_id} {ticket} is open"
                assert held >= stored[ticket], f"I3: {ticket}: {held} of {stored[ticket]} messages"


def no_ticket_was_passed_over(scene: Scene) -> None:
    """I4: what was created before the watermark is stored or in quarantine."""
    marks = {
        account: moment.replace(tzinfo=UTC)
        for account, moment in scene.look(
            "select account_id, watermark_at from sync_state where entity = 'tickets'"
            " and watermark_at is not null"
        )
    }
    held = {row[0] for row in scene.look("select cloud_id from cloud_osm_list")}
    held |= {row[0] for row in scene.look("select item_id from sync_quarantine")}
    for account in scene.accounts:
        mark = marks.get(account.account_id)
        for case in scene.store.tickets(account.vendor, number(account) - 1):
            if mark and case.created_at < mark - timedelta(seconds=1):
                assert case.ticket_id in held, f"I4: {case.ticket_id} was passed over"


def the_ledger_tells(scene: Scene, before: Before, ended: Mapping[str, Ended]) -> None:
    """I5: outcome, class and counts of the newest run are what happened."""
    waiting = dict(scene.look("select account_id, count(*) from sync_quarantine group by 1"))
    for account_id, one in ended.items():
        found = scene.look(
            "select outcome, error_class, failed, run_id from sync_run where account_id = :id"
            " and entity = 'tickets' order by started_at desc, run_id limit 1",
            id=account_id,
        )
        if (
            not found or found[0][3] in before.runs
        ):  # nothing could be written: the task is red all the same
            assert one.error is not None, f"I5: {account_id}: green without a word"
            continue
        [(outcome, kind, failed, _)] = found
        error = one.error
        if error is None:
            assert (outcome, kind, failed) == ("done", None, 0), f"I5: {account_id}: {found}"
            assert account_id not in waiting, f"I5: {account_id}: green, yet tickets wait"
        elif isinstance(error, SyncError) and outcome != "running":
            expected = "partial" if isinstance(error, PartialError) else "failed"
            assert (outcome, kind) == (expected, type(error).__name__), f"I5: {account_id}: {found}"


def number(account: Account) -> int:
    """The sandbox's number of an account, from 1."""
    return int(account.account_id.rpartition("-")[2])


def nothing_secret(scene: Scene, ended: Mapping[str, Ended], log: str) -> None:
    """I9: no key and no text of a message in logs, errors, ledger and quarantine."""
    said = [log, *(repr(one.error) + str(one.error) for one in ended.values())]
    for query in (
        "select error_text, parameters, triggered_by from sync_run",
        "select error_text, item_id from sync_quarantine",
    ):
        said += [str(row) for row in scene.look(query)]
    whole = "\n".join(said)
    for account in scene.accounts:
        assert account.secret_key not in whole, f"I9: the key of {account.account_id}"
    spoken = {
        talk.content
        for vendor in {account.vendor for account in scene.accounts}
        for index in range(3)
        for case in scene.store.tickets(vendor, index)
        for talk in case.talks
        if len(talk.content) > 12
    }
    told = [text for text in spoken if text in whole]
    assert not told, f"I9: {told[:3]}"
