"""What is told: states over time, and the messages of each evaluation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from include.settings import Settings, read_settings
from include.work.alerts import changes
from include.work.alerts.changes import SEEN, Kind
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import Severity, State, Verdict
from tests.facts import DAY, HOUR, MINUTE, NOW

STEP = 5 * MINUTE
CHANNEL = "json 1"
WELL = Verdict("tickets/main", "tickets", "main", "huawei", "main tickets")
LATE = replace(WELL, state=State.LATE, severity=Severity.WARN, turn=Turn.OPERATOR, since_at=NOW)
LATER = replace(LATE, severity=Severity.ERROR)
FAILING = replace(LATE, state=State.FAILING, turn=Turn.NOBODY)
THEIRS = replace(FAILING, turn=Turn.ACCOUNT_OWNER)
LEFT_OUT = replace(WELL, state=State.SWITCHED_OFF)
STOP = Verdict(
    "airflow/sync_tickets",
    "airflow",
    "",
    "",
    "sync_tickets",
    State.SWITCHED_OFF,
    Severity.WARN,
    turn=Turn.OPERATOR,
)
HALTED = replace(LATE, state=State.SWITCHED_OFF, cause=STOP.subject)
VERDICTS = {
    "w": [WELL],
    "l": [LATE],
    "L": [LATER],
    "f": [FAILING],
    "t": [THEIRS],
    "o": [LEFT_OUT],
    "-": [],
    "h": [STOP, HALTED],
    "H": [STOP, replace(HALTED, severity=Severity.ERROR)],
    "s": [STOP, WELL],
}


class Told:
    """Evaluations one after the other, and what one channel is told by each."""

    def __init__(self, **settings):
        given = {f"ALERT_{name.upper()}": value for name, value in settings.items()}
        self.settings = read_settings(Settings, given)
        self.notes = {}
        self.now = NOW

    def evaluate(self, verdicts, *, asked=True, unseen=(), fails=False, channel=CHANNEL):
        picture = changes.look(verdicts, now=self.now, is_airflow_asked=asked, unseen=unseen)
        seen, forgotten = changes.observe(picture, self.notes)
        self.write(seen)
        for subject in forgotten:
            del self.notes[SEEN, subject]
        for note in list(changes.find_outdated(self.notes, [CHANNEL], self.now)):
            del self.notes[note.channel, note.subject]
        events = changes.find_events(picture, self.notes, channel, self.settings)
        write = changes.note_missed if fails else changes.note_told
        for event in events:
            before = self.notes.get((channel, event.subject))
            self.write([of for of in [write(channel, event, before, self.now)] if of])
        return events

    def write(self, notes):
        self.notes |= {(note.channel, note.subject): note for note in notes}

    def play(self, script):
        """A letter an evaluation, five minutes apart; what was told at each."""
        lines = []
        for letter in script:
            events = self.evaluate(VERDICTS[letter])
            lines.append(" ".join(f"{e.kind}:{e.subject.partition('/')[0]}" for e in events))
            self.now += STEP
        return lines


T, R, A = "trouble:tickets", "recovered:tickets", "trouble:airflow"
AR = "recovered:airflow"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("wwww", ["", "", "", ""]),
        ("wllll", ["", "", T, "", ""]),  # once, when it was there twice
        ("wlwlw", [""] * 5),  # damped
        ("llwww", ["", T, "", R, ""]),
        ("llwlll", ["", T, "", "", "", ""]),  # not well for long enough: nothing new
        ("llLLL", ["", T, "", T, ""]),  # grew
        ("LLlll", ["", T, "", "", ""]),  # eased, and nobody else acts
        ("LLlLL", ["", T, "", "", ""]),  # and grew again to what was told
        ("LLllww", ["", T, "", "", "", R]),
        ("ffttt", ["", T, "", T, ""]),  # somebody's turn now
        ("fttl", ["", T, "", ""]),  # in trouble twice, whatever kind
        ("llooo", ["", T, "", "ended:tickets", ""]),
        ("ll---", ["", T, "", "ended:tickets", ""]),
        ("hhhh", ["", A, "", ""]),  # with the cause it is told
        ("hhHHH", ["", A, "", A, ""]),  # and so is that it grew
        ("hhhss", ["", A, "", "", ""]),
        ("hhwww", ["", A, "", AR, ""]),
        ("llhhh", ["", T, "", A, ""]),
        ("llhhww", ["", T, "", A, "", f"{R} {AR}"]),
        ("hhll", ["", A, "", f"{T} {AR}"]),
    ],
)
def test_each_change_of_state_is_told_once(script, told):
    assert Told().play(script) == told


def test_how_long_trouble_is_seen_before_it_is_told_is_a_setting():
    assert Told(after_minutes="0").play("llww") == [T, "", R, ""]
    assert Told(after_minutes="9").play("lllwww") == ["", "", T, "", "", R]


def test_below_the_severity_nothing_is_told_and_no_recovery_of_what_was_not():
    assert Told(severity="error").play("llLLllww") == ["", "", T, "", "", "", "", R]
    assert Told(severity="error").play("hhhH") == ["", "", "", A]
    assert Told(severity="error").play("llww") == [""] * 4


def test_what_comes_and_goes_has_to_stay_away_for_an_hour():
    """After three times in a day; then it may begin anew."""
    told = Told()
    once = ["", T, "", R]
    assert told.play("llww" * 2) == once * 2
    assert told.play("llww") == ["", T, "", ""]
    assert told.play("llww" * 5) == [""] * 20
    assert told.play("w" * 11).index(R) == 10
    told.now += DAY
    assert told.play("llww") == once


@pytest.mark.parametrize("fails_at", [0, 1, 5])
def test_an_evaluation_that_came_late_tells_at_once_what_was_there_before(fails_at):
    told = Told()
    told.evaluate([LATE])
    told.now += HOUR * (fails_at + 1)
    assert [event.kind for event in told.evaluate([LATE])] == [Kind.TROUBLE]


def test_two_evaluators_side_by_side_are_no_two_evaluations():
    told = Told()
    for _ in range(4):
        assert told.evaluate([LATE]) == []
        told.now += MINUTE - timedelta(seconds=1)
    assert told.evaluate([LATE]) == []
    told.now += MINUTE
    assert len(told.evaluate([LATE])) == 1


def test_who_cannot_ask_airflow_takes_nothing_back_and_confirms_nothing():
    """It knows what the other saw a while ago, and after that what the tables tell."""
    told = Told()
    both = [STOP, HALTED]
    told.evaluate(both)
    told.now += STEP
    seen = [of.subject for of in both]
    assert told.evaluate(both, asked=False, unseen=seen) == []
    told.now += STEP
    assert [event.subject for event in told.evaluate(both)] == [STOP.subject]
    told.now += HOUR
    for _ in range(4):
        assert told.evaluate([WELL], asked=False) == []
        told.now += STEP
    told.evaluate([WELL])
    told.now += STEP
    assert [event.kind for event in told.evaluate([WELL])] == [Kind.RECOVERED]


def test_a_channel_that_fails_is_told_later_and_what_is_over_by_then_as_such():
    told = Told()
    told.evaluate([LATE])
    told.now += STEP
    assert len(told.evaluate([LATE], fails=True)) == 1
    told.now += STEP
    assert [event.kind for event in told.evaluate([LATE])] == [Kind.TROUBLE]
    told = Told()
    told.evaluate([LATE])
    told.now += STEP
    for _ in range(3):
        told.evaluate([LATE], fails=True)
        told.now += STEP
    assert told.evaluate([WELL], fails=True) == []
    told.now += STEP
    for _ in range(3):
        (event,) = told.evaluate([WELL], fails=True)
        assert (event.kind, event.since_at) == (Kind.MISSED, NOW)
        told.now += STEP
    assert len(told.evaluate([WELL])) == 1
    told.now += STEP
    assert told.evaluate([WELL]) == []


def test_channels_know_nothing_of_each_other():
    told = Told()
    told.play("ll")
    assert told.evaluate([LATE]) == []
    assert len(told.evaluate([LATE], channel="json 2")) == 1
    assert told.evaluate([LATE], channel="json 2") == []


@pytest.mark.parametrize(
    ("span", "hour", "is_quiet"),
    [
        ("22:00-08:00", 23, True),
        ("22:00-08:00", 7, True),
        ("22:00-08:00", 8, False),
        ("22:00-08:00", 21, False),
        ("12:00-13:30", 12, True),
        ("12:00-13:30", 14, False),
    ],
)
def test_quiet_hours_are_those_of_the_business_zone(span, hour, is_quiet):
    told = Told(quiet_hours=span)
    told.now = NOW.replace(hour=0) + timedelta(hours=hour - 8)
    assert told.play("ll") == ["", "" if is_quiet else T]


def test_in_quiet_hours_errors_are_told_and_the_rest_at_their_end():
    told = Told(quiet_hours="22:00-08:00")
    told.now = NOW.replace(hour=14, minute=30)  # 22:30 in Shanghai
    assert told.play("llLLww") == ["", "", T, "", "", ""]
    told.now = NOW.replace(hour=23, minute=30)
    assert told.play("wwllww") == [""] * 6
    assert told.play("w") == [R]


@pytest.mark.parametrize(
    ("at", "local", "last", "due"),
    [
        ("09:00", "08:59", None, False),
        ("09:00", "09:00", None, True),
        ("09:00", "09:05", "09:01", False),
        ("09:00", "14:59", None, True),
        ("09:00", "15:01", None, False),  # too late to be a morning's
        ("23:30", "00:10", None, True),
        ("never", "09:00", None, False),
    ],
)
def test_a_digest_is_sent_once_a_day_at_its_time(at, local, last, due):
    settings = read_settings(Settings, {"ALERT_DIGEST_AT": at})
    day = NOW.replace(hour=0, minute=0)

    def moment(clock):
        hours, minutes = map(int, clock.split(":"))
        return day + timedelta(hours=hours - 8, minutes=minutes)

    note = changes.note_digest(CHANNEL, moment(last)) if last else None
    assert changes.is_digest_due(moment(local), note, settings) is due


def test_notes_that_nobody_needs_go():
    told = Told()
    told.play("llwww")
    assert {key[1] for key in told.notes if key[0] == CHANNEL} == {"tickets/main"}
    told.now += 2 * DAY
    told.evaluate([WELL])
    told.now += STEP
    told.evaluate([WELL])
    assert told.notes == {}


def test_notes_of_another_evaluators_channel_stay_for_a_month():
    told = Told()
    for _ in range(2):
        told.evaluate([LATE], channel="mailto 2")
        told.now += STEP
    told.now += 29 * DAY
    told.evaluate([LATE])
    assert ("mailto 2", "tickets/main") in told.notes
    told.now += 2 * DAY
    told.evaluate([LATE])
    assert ("mailto 2", "tickets/main") not in told.notes
