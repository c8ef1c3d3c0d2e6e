"""What is told, where and when: once for each change of state of a thing. Pure.

Evaluations note what they see; each channel has a note of what it was last told. What is told is
the difference of both, so that nothing is told twice, and what could not be told is told later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from include.settings import Settings
from include.work.verdicts.judgement import AIRFLOW, CHECK
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import SEVERITIES, Severity, State, Verdict, worst

SEEN: Final = ""
"""The channel of the notes on what evaluations saw."""
DIGEST: Final = "digest"
"""The subject of the note on the daily digest of a channel."""
OFTEN: Final = 3
"""Troubles told within a day of each other, from which on an end has to hold for *STEADY*."""
STEADY: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
GONE_AFTER: Final = timedelta(days=30)
WAREHOUSE: Final = "warehouse"
WATCH: Final = "watch"
ITSELF: Final = (WAREHOUSE, WATCH)
"""Subjects of `watch` itself: why it could not evaluate."""
DIGEST_LATE: Final = timedelta(hours=6)
"""A digest that is later than that is left out."""


class Kind(StrEnum):
    """What a message tells."""

    TROUBLE = "trouble"
    """It began, grew, or is somebody else's turn now."""
    RECOVERED = "recovered"
    ENDED = "ended"
    """It is no longer watched, so that nobody can say that it is well."""
    MISSED = "missed"
    """It came and went while the channel could not be told."""


@dataclass(frozen=True, slots=True)
class Note:
    """A row of ``sync_alert``; moments in UTC."""

    channel: str
    subject: str
    name: str
    state: str
    severity: str
    turn: str
    since_at: datetime | None
    noted_at: datetime
    changed_at: datetime | None = None
    turned_at: datetime | None = None
    times: int = 0
    missed_at: datetime | None = None

    @property
    def is_trouble(self) -> bool:
        """Whether it was in trouble when this was noted."""
        return self.severity != Severity.OK


Notes: TypeAlias = Mapping[tuple[str, str], Note]
"""By channel and subject."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A thing with its verdict, as severe as the worst of what it *halts* (names)."""

    verdict: Verdict
    halts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell a channel. *topic* is None where no verdict on it is left."""

    kind: Kind
    subject: str
    name: str
    since_at: datetime | None
    topic: Topic | None


@dataclass(frozen=True, slots=True)
class Picture:
    """What one evaluation knows.

    *covered*: subjects whose cause is told instead. *unseen*: subjects of which it knows only what
    an earlier one saw.
    """

    topics: Mapping[str, Topic]
    covered: frozenset[str]
    unseen: frozenset[str]
    is_airflow_asked: bool
    now: datetime

    def leaves_alone(self, subject: str) -> bool:
        """Whether nothing is known of a subject that has no verdict."""
        return subject in self.covered or (
            not self.is_airflow_asked and subject.startswith(f"{AIRFLOW}/")
        )


def look(
    verdicts: Sequence[Verdict],
    *,
    now: datetime,
    is_airflow_asked: bool,
    unseen: Collection[str] = (),
) -> Picture:
    """What there is to tell of; what has a cause among the verdicts is told with that."""
    known = {verdict.subject for verdict in verdicts}
    covered = {v.subject: v for v in verdicts if v.cause and v.cause in known}
    halts: dict[str, list[Verdict]] = {}
    for of in covered.values():
        halts.setdefault(of.cause, []).append(of)
    topics = {}
    for verdict in verdicts:
        if verdict.subject in covered:
            continue
        halted = halts.get(verdict.subject, [])
        severity = worst(verdict.severity, *(of.severity for of in halted))
        names = tuple(of.name for of in halted)
        topics[verdict.subject] = Topic(replace(verdict, severity=severity), names)
    return Picture(topics, frozenset(covered), frozenset(unseen), is_airflow_asked, now)


def observe(picture: Picture, notes: Notes) -> tuple[list[Note], list[str]]:
    """The notes on what is seen, and the subjects whose note is no longer needed."""
    told = {note.subject for note in notes.values() if note.channel and note.subject != DIGEST}
    seen = {subject for channel, subject in notes if channel == SEEN}
    kept, forgotten = [], []
    for subject in sorted(seen | told | set(picture.topics)):
        topic = picture.topics.get(subject)
        if subject in picture.unseen or (topic is None and picture.leaves_alone(subject)):
            continue
        before = notes.get((SEEN, subject))
        is_trouble = topic is not None and topic.verdict.severity is not Severity.OK
        if is_trouble or subject in told:
            kept.append(_seen(subject, topic, before, picture.now))
        elif before:
            forgotten.append(subject)
    return kept, forgotten


def _seen(subject: str, topic: Topic | None, before: Note | None, now: datetime) -> Note:
    of = topic.verdict if topic else None
    severity = of.severity if of else Severity.OK
    note = Note(
        SEEN,
        subject,
        of.name if of else before.name if before else subject,
        of.state if of else State.FRESH,
        severity,
        of.turn if of else Turn.NOBODY,
        of.since_at if of else None,
        now,
        now,
        now,
    )
    if before and _condition(before) == _condition(note):
        note = replace(note, changed_at=before.changed_at)
    if before and before.is_trouble == note.is_trouble:
        note = replace(note, turned_at=before.turned_at)
    return note


def _condition(note: Note) -> tuple[str, ...]:
    """What changes are told of; of what is well all is the same."""
    return (note.state, note.severity, note.turn) if note.is_trouble else ()


def find_events(picture: Picture, notes: Notes, channel: str, settings: Settings) -> list[Event]:
    """What the channel has to be told now, the most urgent first. *notes*: those of now."""
    is_quiet = _is_quiet(picture.now, settings)
    events = []
    for subject, topic in picture.topics.items():
        seen = notes.get((SEEN, subject))
        if seen and (kind := _find_kind(seen, notes.get((channel, subject)), topic, settings)):
            is_error = topic.verdict.severity is Severity.ERROR
            if not is_quiet or (kind is Kind.TROUBLE and is_error):
                since_at = topic.verdict.since_at
                if kind is not Kind.TROUBLE:
                    since_at = notes[channel, subject].since_at
                events.append(Event(kind, subject, topic.verdict.name, since_at, topic))
    for (of, subject), told in notes.items():
        if of != channel or subject in picture.topics or subject == DIGEST or is_quiet:
            continue
        seen = notes.get((SEEN, subject))
        if not seen or picture.leaves_alone(subject):
            continue
        if kind := _find_kind(seen, told, None, settings):
            events.append(Event(kind, subject, told.name, told.since_at, None))
    return events


def _find_kind(
    seen: Note, told: Note | None, topic: Topic | None, settings: Settings
) -> Kind | None:
    turned, changed = _held(seen, seen.turned_at), _held(seen, seen.changed_at)
    hold = timedelta(minutes=settings.alert_after_minutes)
    if seen.is_trouble:
        if _rank(seen) > SEVERITIES.index(Severity(settings.alert_severity)):
            return None
        if not (told and told.is_trouble):
            return Kind.TROUBLE if turned >= hold else None
        return Kind.TROUBLE if changed >= hold and _is_news(told, seen) else None
    if told is None:
        return None
    if not told.is_trouble:
        return Kind.MISSED if told.missed_at and turned >= hold else None
    if turned < (STEADY if told.times >= OFTEN else hold):
        return None
    return Kind.RECOVERED if _is_well(seen.subject, topic) else Kind.ENDED


def _is_news(told: Note, seen: Note) -> bool:
    """Whether trouble that was told has to be told again: it eased is none, if nobody else acts."""
    if _rank(seen) > _rank(told):
        return seen.turn not in (told.turn, Turn.NOBODY)
    return _condition(seen) != _condition(told)


def _is_well(subject: str, topic: Topic | None) -> bool:
    """Whether what is in no trouble any more is known to be well; a person may have left it out."""
    if topic is None:
        return subject.partition("/")[0] in (AIRFLOW, CHECK, *ITSELF)
    return topic.verdict.state is not State.SWITCHED_OFF


def _held(seen: Note, since: datetime | None) -> timedelta:
    """For how long it was seen to be so, by the last who looked."""
    return seen.noted_at - since if since else timedelta(0)


def _rank(note: Note) -> int:
    return SEVERITIES.index(Severity(note.severity))


def note_told(channel: str, event: Event, before: Note | None, now: datetime) -> Note:
    """What the channel knows once it was told of an event."""
    times = before.times if before else 0
    if event.kind is not Kind.TROUBLE or not event.topic:
        return _well(channel, event, now, times)
    of = event.topic.verdict
    if not (before and before.is_trouble):
        times = times + 1 if before and now - before.noted_at < DAY else 1
    return Note(
        channel,
        event.subject,
        of.name,
        of.state,
        of.severity,
        of.turn,
        of.since_at,
        now,
        times=times,
    )


def note_digest(channel: str, now: datetime) -> Note:
    """That the channel got its daily digest."""
    return Note(channel, DIGEST, DIGEST, State.FRESH, Severity.OK, Turn.NOBODY, None, now)


def _well(channel: str, event: Event, now: datetime, times: int) -> Note:
    return Note(
        channel,
        event.subject,
        event.name,
        State.FRESH,
        Severity.OK,
        Turn.NOBODY,
        None,
        now,
        times=times,
    )


def note_missed(channel: str, event: Event, before: Note | None, now: datetime) -> Note | None:
    """What is owed to a channel that could not be told of a trouble it knows nothing of."""
    if event.kind is not Kind.TROUBLE or (before and (before.is_trouble or before.missed_at)):
        return None
    note = before or _well(channel, event, now, 0)
    return replace(note, name=event.name, since_at=event.since_at, missed_at=now)


def find_outdated(notes: Notes, channels: Collection[str], now: datetime) -> Iterator[Note]:
    """Notes that nobody needs: of what has been well for a day, and of channels that are gone.

    A channel may be another evaluator's: it is gone when nothing was told there for a month.
    """
    newest: dict[str, datetime] = {}
    for note in notes.values():
        newest[note.channel] = max(note.noted_at, newest.get(note.channel, note.noted_at))
    for note in notes.values():
        if note.channel not in (SEEN, *channels):
            if now - newest[note.channel] > GONE_AFTER:
                yield note
            continue
        is_needed = note.is_trouble or note.missed_at or note.subject == DIGEST
        if note.channel != SEEN and not is_needed and now - note.noted_at > DAY:
            yield note


def is_digest_due(now: datetime, told: Note | None, settings: Settings) -> bool:
    """Whether the daily digest has to be sent to a channel that got its last one as noted."""
    if settings.alert_digest_at is None or _is_quiet(now, settings):
        return False
    local = now.astimezone(settings.business_zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    due = midnight + timedelta(minutes=settings.alert_digest_at)
    if due > local:
        due -= DAY
    return local - due < DIGEST_LATE and (told is None or told.noted_at < due)


def _is_quiet(now: datetime, settings: Settings) -> bool:
    if not settings.alert_quiet_hours:
        return False
    local = now.astimezone(settings.business_zone)
    minute = local.hour * 60 + local.minute
    begins, ends = settings.alert_quiet_hours
    if begins < ends:
        return begins <= minute < ends
    return minute >= begins or minute < ends
