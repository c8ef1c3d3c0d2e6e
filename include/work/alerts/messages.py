"""Events as messages: grouped, short, and harmless in every channel's markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from include.work.alerts.changes import Event, Kind, Topic
from include.work.verdicts.summary import headline
from include.work.verdicts.verdict import SEVERITIES, Severity, State, Verdict, is_left_out, urgency
from include.work.words.speech import say, say_count, say_moment

MOST: Final = 8
"""Messages that one evaluation sends to a channel; the last tells the rest."""
NAMES: Final = 5
"""Names of a group that are told."""
TITLE_BYTES, REASON_BYTES, STEP_BYTES, NAME_BYTES, LINE_BYTES = 200, 600, 400, 60, 150
"""In UTF-8. All together stays below the 2,048 that WeCom takes, the strictest of them."""
DIGEST_LINES: Final = 8
INERT: Final = str.maketrans("<>[]`*|", "‹›［］'∗¦")
"""What markup is made of (tags, mentions, links), and what looks like it and is none."""
_MENTION: Final = re.compile(r"(?<![\w.+-])@(?=\w)")
_OWN: Final = re.compile(r"[\d.:-]+")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a channel is sent. *severity* OK: nobody has to act."""

    title: str
    body: str
    severity: Severity
    kind: Kind | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """What the runs of the last day did."""

    runs: int
    failed: int
    tickets: int
    messages: int
    rows: int


def write_messages(events: Sequence[Event], link: str) -> list[Notice]:
    """One for each group, the worst first: what has one reason and one next step is told once."""
    groups: dict[tuple[str, ...], list[Event]] = {}
    for event in sorted(events, key=_urgency):
        groups.setdefault(_group(event), []).append(event)
    written = [_write(group, link) for group in groups.values()]
    return written if len(written) <= MOST else [*written[: MOST - 1], _sum_up(written[MOST - 1 :])]


def _urgency(event: Event) -> tuple[int, tuple[int, bool, int, str, str] | None, str]:
    kind = list(Kind).index(event.kind)
    order = urgency(event.topic.verdict) if event.topic and kind == 0 else (0, False, 0, "", "")
    return kind, order, event.subject


def _group(event: Event) -> tuple[str, ...]:
    if event.kind is not Kind.TROUBLE or not event.topic:
        return (event.kind,)
    of = event.topic.verdict
    reason = of.reason
    for own in filter(None, (of.request_id, of.name, of.account_id)):
        reason = reason.replace(own, "")
    return (
        event.kind,
        of.severity,
        of.state,
        of.turn,
        of.who,
        of.error_class,
        of.next_step,
        _OWN.sub("#", reason),
    )


def _write(group: Sequence[Event], link: str) -> Notice:
    first = group[0]
    if first.kind is Kind.TROUBLE and first.topic:
        return _write_trouble(group, first.topic, link)
    suffix = "_many" if len(group) > 1 else ""
    names = _names(event.name for event in group)
    title = say(f"alert.{first.kind}{suffix}", names=names, count=len(group))
    body = [_line(event) for event in group[:DIGEST_LINES]]
    if more := len(group) - len(body):
        body[-1] += say("alert.others", count=more)
    return _message(title, body, link, Severity.OK, first.kind, group)


def _write_trouble(group: Sequence[Event], topic: Topic, link: str) -> Notice:
    of = topic.verdict
    since = min((event.since_at for event in group if event.since_at), default=None)
    title = say(
        "alert.title_many" if len(group) > 1 else "alert.title",
        severity=say(f"alert.{of.severity}"),
        name=inert(of.name, NAME_BYTES),
        names=_names(event.name for event in group),
        state=say(f"state.{of.state}"),
        since=say("alert.since", since=say_moment(since)) if since else "",
        count=len(group),
    )
    body = [inert(of.reason, REASON_BYTES), _step(of)]
    if len(group) > 1:
        names = _names((event.name for event in group), 2 * NAMES)
        body.append(say("alert.all", count=len(group), names=names))
    halted = sorted({name for event in group if event.topic for name in event.topic.halts})
    if halted:
        body.append(say("alert.halts", count=len(halted), names=_names(halted)))
    return _message(title, body, link, of.severity, Kind.TROUBLE, group)


def _step(of: Verdict) -> str:
    step = cut(_MENTION.sub("＠", _plain(of.next_step).translate(_OURS)), STEP_BYTES)
    return say("alert.step", who=inert(of.who, NAME_BYTES), step=step) if of.who else step


_OURS: Final = {code: char for code, char in INERT.items() if chr(code) != "`"}
"""In a next step commands stand in backticks, which are ours."""


def _line(event: Event) -> str:
    key, since = f"alert.{event.kind}_line", event.since_at
    if event.kind is Kind.RECOVERED and since:
        key = "alert.recovered_since"
    return say(key, name=inert(event.name, NAME_BYTES), since=say_moment(since))


def _sum_up(written: Sequence[Notice]) -> Notice:
    """The messages beyond the last one that is sent, in a line each."""
    events = tuple(event for message in written for event in message.events)
    severity = min((message.severity for message in written), key=SEVERITIES.index)
    title = say(
        "alert.more",
        severity=say(f"alert.{severity}"),
        count=len(events),
        names=_names(of.name for of in events),
    )
    lines = [cut(message.title, LINE_BYTES) for message in written[:DIGEST_LINES]]
    if more := len(written) - len(lines):
        lines[-1] += say("alert.others", count=more)
    return _message(title, lines, "", severity, None, events)


def write_digest(
    verdicts: Sequence[Verdict], day: Day, *, is_airflow_asked: bool, link: str
) -> Notice:
    """How all of it is, once a day: what is in trouble or fresh, what the last day brought."""
    title = say("digest.title", headline=headline(verdicts, is_airflow_asked=is_airflow_asked))
    troubled = [of for of in verdicts if of.severity is not Severity.OK]
    body = []
    for of in sorted(troubled, key=urgency)[:DIGEST_LINES]:
        line = say(
            "digest.trouble",
            severity=say(f"alert.{of.severity}"),
            name=inert(of.name, NAME_BYTES),
            state=say(f"state.{of.state}"),
            since=say("alert.since", since=say_moment(of.since_at)) if of.since_at else "",
            reason=inert(of.reason, LINE_BYTES),
        )
        body.append(cut(line, LINE_BYTES))
    if more := len(troubled) - len(body):
        body[-1] += say("alert.others", count=more)
    fresh = sum(of.state is State.FRESH and not is_left_out(of) for of in verdicts)
    body.append(say("digest.fresh", count=fresh))
    body.append(
        say(
            "digest.day",
            runs=say_count(day.runs, "run"),
            failed=day.failed,
            tickets=say_count(day.tickets, "ticket"),
            messages=say_count(day.messages, "message"),
            rows=say_count(day.rows, "row"),
        )
    )
    if not is_airflow_asked:
        body.append(say("digest.blind"))
    return _message(title, body, link, Severity.OK, None, ())


def write_test() -> Notice:
    """What `watch --test` sends."""
    return Notice(say("alert.test"), say("alert.test_body"), Severity.OK)


def _message(
    title: str,
    body: Iterable[str],
    link: str,
    severity: Severity,
    kind: Kind | None,
    events: Sequence[Event],
) -> Notice:
    lines = [line for line in body if line]
    if link:
        lines.append(say("alert.link", url=link))
    return Notice(cut(title, TITLE_BYTES), "\n".join(lines), severity, kind, tuple(events))


def _names(names: Iterable[str], most: int = NAMES) -> str:
    told = [inert(name, NAME_BYTES) for name in names]
    more = say("alert.others", count=len(told) - most) if len(told) > most else ""
    return ", ".join(told[:most]) + more


def inert(text: str, longest: int) -> str:
    """Text that others wrote, so that no channel takes it for markup or a mention, and not long.

    Of *longest* bytes at most, with how much was cut.
    """
    return cut(_MENTION.sub("＠", _plain(text).translate(INERT)), longest)


def _plain(text: str) -> str:
    """The text in one line, without characters that cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def cut(text: str, longest: int) -> str:
    """The text, or as much of it as goes into so many bytes of UTF-8, and how much is missing."""
    if len(text.encode()) <= longest:
        return text
    room = longest - len(say("alert.cut", count=f"{len(text):,}").encode())
    kept = text.encode()[: max(room, 0)].decode(errors="ignore").rstrip()
    return kept + say("alert.cut", count=f"{len(text) - len(kept):,}")
