"""One evaluation: judge, keep the verdicts, and tell each channel what changed.

Evaluations side by side, inside Airflow and outside, share their notes in the warehouse under a
lock. A message is noted once it was taken: who dies in between tells it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from include.settings import Settings
from include.warehouse.bookkeeping import alerts as rows
from include.work.alerts import changes, messages
from include.work.alerts.changes import SEEN, Note, Picture
from include.work.alerts.channels import Channel
from include.work.alerts.messages import Notice
from include.work.place import Workplace
from include.work.stops import Stop
from include.work.verdicts.evaluation import Evaluation, evaluate, recall, store_verdicts
from include.work.verdicts.judgement import judge
from include.work.verdicts.verdict import Facts, Verdict, urgency
from include.work.words.speech import Language, speaking

PAGE: Final = "/plugin/sync_health"
"""Where Airflow shows all of it, below its own address."""
LIFELESS: Final = timedelta(minutes=10)
"""Who holds the lock, and has sent nothing for so long, is disconnected."""
RACE_SECONDS: Final = 2.0
"""Who took the lock just now has noted it by then."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was told where (names of channels and titles), and why a channel failed, by its name."""

    told: list[tuple[str, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Notebook:
    """The notes of one telling.

    *save* keeps and deletes rows in one transaction; None where they cannot be kept.
    """

    def __init__(
        self,
        notes: Mapping[tuple[str, str], Note],
        save: Callable[[Sequence[Note], Sequence[tuple[str, str]]], None] | None,
    ) -> None:
        self.notes = dict(notes)
        self.keeps = save is not None
        self._save = save

    def write(self, kept: Sequence[Note], gone: Sequence[tuple[str, str]] = ()) -> None:
        """Keep and delete, here and in the rows."""
        if not kept and not gone:
            return
        if self._save:
            self._save(kept, gone)
        self.notes |= {(note.channel, note.subject): note for note in kept}
        for key in gone:
            self.notes.pop(key, None)


def watch(
    place: Workplace,
    channels: Sequence[Channel],
    stops: Sequence[Stop] | None,
    *,
    now: datetime,
    has_source: bool = False,
    also: Sequence[Verdict] = (),
    link: str = "",
) -> tuple[Evaluation, Outcome]:
    """Judge everything as of *now*, store it, and tell *channels* what changed.

    *stops*, *has_source*: as for ``evaluate``. *also*: what only this evaluator knows; it is told
    and not stored. *link*: the page that shows all of it. Raises AlreadyRunningError where another
    evaluation is under way, and errors of the warehouse.
    """
    warehouse = place.warehouse
    with warehouse.lock("alerts", stale=_is_lifeless):
        warehouse.transact(lambda connection: rows.note_beat(connection, _utcnow()))
        found = evaluate(place, stops, now=now, has_source=has_source)
        store_verdicts(warehouse, found.verdicts, now=now, is_airflow_asked=found.is_airflow_asked)
        unseen = frozenset[str]()
        if not found.is_airflow_asked:
            known = recall(warehouse, now=now)
            unseen = frozenset(verdict.subject for verdict in known)
            own = [verdict for verdict in found.verdicts if verdict.subject not in unseen]
            found = replace(found, verdicts=[*known, *own])
        found = replace(found, verdicts=sorted([*also, *found.verdicts], key=urgency))
        outcome = Outcome()
        book = _open(place)
        with speaking(Language(place.settings.alert_language)):
            told = _put_into_words(found, place.settings, stops, now, has_source)
            picture = changes.look(
                told.verdicts, now=now, is_airflow_asked=told.is_airflow_asked, unseen=unseen
            )
            tell(outcome, picture, book, channels, place.settings, link)
            _send_digests(told, outcome, place, book, channels, now, link)
    return found, outcome


def _put_into_words(
    found: Evaluation,
    settings: Settings,
    stops: Sequence[Stop] | None,
    now: datetime,
    has_source: bool,
) -> Evaluation:
    """The same verdicts in the language that is spoken. What is kept, and recalled, is English."""
    if settings.alert_language == Language.ENGLISH:
        return found
    facts = Facts(found.health, found.accounts, stops, settings, now, has_source)
    spoken = {verdict.subject: verdict for verdict in judge(facts)}
    return replace(
        found,
        verdicts=[
            of
            if of.subject not in spoken or spoken[of.subject].cause != of.cause
            else spoken[of.subject]
            for of in found.verdicts
        ],
    )


def tell(
    outcome: Outcome,
    picture: Picture,
    book: Notebook,
    channels: Sequence[Channel],
    settings: Settings,
    link: str,
) -> None:
    """Note what is seen, and tell each channel what it does not know yet."""
    seen, forgotten = changes.observe(picture, book.notes)
    book.write(seen, [(SEEN, subject) for subject in forgotten])
    keys = [channel.key for channel in channels]
    outdated = list(changes.find_outdated(book.notes, keys, picture.now))
    book.write([], [(note.channel, note.subject) for note in outdated])
    for channel in channels:
        events = changes.find_events(picture, book.notes, channel.key, settings)
        for message in messages.write_messages(events, link):
            _tell_one(outcome, channel, message, book, picture.now)


def _tell_one(
    outcome: Outcome, channel: Channel, message: Notice, book: Notebook, now: datetime
) -> None:
    """Send a message and note it. A channel that failed is left alone until the next evaluation."""
    known = [book.notes.get((channel.key, event.subject)) for event in message.events]
    pairs = list(zip(message.events, known, strict=True))
    if _send(outcome, channel, message):
        book.write([changes.note_told(channel.key, event, of, now) for event, of in pairs])
        return
    missed = (changes.note_missed(channel.key, event, of, now) for event, of in pairs)
    book.write([note for note in missed if note])


def _send(outcome: Outcome, channel: Channel, message: Notice) -> bool:
    if channel.name in outcome.failed:
        return False
    if problem := channel.send(message):
        outcome.failed[channel.name] = problem
        return False
    outcome.told.append((channel.name, message.title))
    return True


def _send_digests(
    found: Evaluation,
    outcome: Outcome,
    place: Workplace,
    book: Notebook,
    channels: Sequence[Channel],
    now: datetime,
    link: str,
) -> None:
    due = [
        channel
        for channel in channels
        if changes.is_digest_due(now, book.notes.get((channel.key, changes.DIGEST)), place.settings)
    ]
    if not due:
        return
    counted = place.warehouse.transact(lambda connection: rows.count_day(connection, now))
    digest = messages.write_digest(
        found.verdicts,
        messages.Day(**counted),
        is_airflow_asked=found.is_airflow_asked,
        link=link,
    )
    for channel in due:
        if _send(outcome, channel, digest):
            book.write([changes.note_digest(channel.key, now)])


def _open(place: Workplace) -> Notebook:
    warehouse = place.warehouse

    def save(kept: Sequence[Note], gone: Sequence[tuple[str, str]]) -> None:
        def write(connection: sa.Connection) -> None:
            rows.store(connection, [asdict(note) for note in kept])
            rows.forget(connection, gone)
            rows.note_beat(connection, _utcnow())

        warehouse.transact(write)

    notes = [Note(**row) for row in warehouse.transact(rows.read)]
    return Notebook({(note.channel, note.subject): note for note in notes}, save)


def _is_lifeless(connection: sa.Connection) -> bool:
    """Whether who holds the lock died without the server's knowledge."""
    for wait in (RACE_SECONDS, 0):
        beat = rows.read_beat(connection)
        if beat is None or _utcnow() - beat <= LIFELESS:
            return False
        time.sleep(wait)
    return True


def _utcnow() -> datetime:
    return datetime.now(UTC)
