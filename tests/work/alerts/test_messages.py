"""Events as messages: grouped, short, and harmless wherever they are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.work.alerts.changes import Event, Kind, Topic
from include.work.alerts.messages import MOST, Day, cut, inert, write_digest, write_messages
from include.work.verdicts.turns import Turn
from include.work.verdicts.verdict import Severity, State, Verdict
from include.work.words.speech import Language, speaking
from tests.facts import HOUR, NOW

LINK = "http://airflow/plugin/sync_health"
DOWN = Verdict(
    "tickets/main",
    "tickets",
    "main",
    "huawei",
    "main tickets",
    State.FAILING,
    Severity.WARN,
    NOW,
    reason="UnavailableError: huawei: no answer (request r-1).",
    turn=Turn.OPERATOR,
    who="the operator",
    next_step="Test the way: `curl -v telnet://h:1`.",
    error_class="UnavailableError",
    request_id="r-1",
)


def trouble(verdict, *halts):
    return Event(
        Kind.TROUBLE, verdict.subject, verdict.name, verdict.since_at, Topic(verdict, halts)
    )


def of_account(number, **facts):
    return replace(
        DOWN,
        subject=f"tickets/a{number}",
        account_id=f"a{number}",
        name=f"a{number} tickets",
        request_id=f"r-{number}",
        reason=f"UnavailableError: huawei: no answer (request r-{number}).",
        **facts,
    )


def test_a_message_says_what_since_when_why_who_and_how():
    (message,) = write_messages([trouble(DOWN)], LINK)
    assert message.title == "WARNING: main tickets: failing since 2026-06-01 12:00 UTC"
    assert message.body.splitlines() == [
        "UnavailableError: huawei: no answer (request r-1).",
        "the operator: Test the way: `curl -v telnet://h:1`.",
        f"Sync health: {LINK}",
    ]


def test_what_fails_for_one_reason_is_one_message_with_a_count_and_the_first_names():
    events = [trouble(of_account(n, since_at=NOW - n * HOUR)) for n in range(7)]
    (message,) = write_messages(events, "")
    assert message.title == (
        "WARNING: 7 × failing since 2026-06-01 06:00 UTC: a0 tickets, a1 tickets, a2 tickets,"
        " a3 tickets, a4 tickets and 2 more"
    )
    assert len(message.events) == 7
    assert "All 7: a0 tickets" in message.body


@pytest.mark.parametrize(
    "other",
    [
        {"severity": Severity.ERROR},
        {"state": State.LATE},
        {"turn": Turn.NOBODY},
        {"next_step": "Wait."},
        {"error_class": "RateLimitError"},
    ],
)
def test_what_differs_in_what_to_do_is_another_message(other):
    assert len(write_messages([trouble(DOWN), trouble(of_account(1, **other))], "")) == 2


def test_a_cause_names_what_it_halts():
    (message,) = write_messages([trouble(DOWN, "reports", "SQL checks")], "")
    assert "Because of it 2 have no next run: SQL checks, reports." in message.body


def test_the_worst_comes_first_and_all_recoveries_are_one():
    well = [
        Event(Kind.RECOVERED, f"s/{n}", f"s{n}", NOW, Topic(replace(DOWN, severity=Severity.OK)))
        for n in range(3)
    ]
    late = trouble(of_account(1, severity=Severity.ERROR, state=State.LATE))
    titles = [message.title for message in write_messages([*well, trouble(DOWN), late], "")]
    assert [title.partition(":")[0] for title in titles] == ["ERROR", "WARNING", "OK"]
    assert titles[-1] == "OK: 3 recovered: s0, s1, s2"


def test_a_storm_of_reasons_is_a_few_messages_and_loses_no_name_to_note():
    events = [trouble(of_account(n, next_step=f"Do {'x' * n}.")) for n in range(30)]
    messages = write_messages(events, LINK)
    assert len(messages) == MOST
    assert messages[-1].title.startswith("WARNING: 23 more: ")
    assert sorted(e.subject for m in messages for e in m.events) == sorted(
        event.subject for event in events
    )


HOSTILE = [
    "<script>alert(1)</script>",
    "<!channel> <@U1> <http://evil|here>",
    '<at user_id="all">x</at>',
    "@all @everyone @所有人",
    "[here](http://evil) ![](http://evil)",
    "`code` ```block``` **bold** || spoiler ||",
    "a\r\n.\r\nQUIT\r\n# head\x00\x1b[31m\u202egnp\u2028",
    "密" * 5000,
    "x" * 100_000,
    "{name} %s {0.__class__}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_others_wrote_is_markup_or_endless(text):
    """Markup of mail, Slack, Feishu, DingTalk, WeCom, Markdown; a head that others write."""
    verdict = replace(DOWN, reason=f"ContractError: {text}", name=text, next_step=text, who=text)
    events = [trouble(replace(verdict, subject=f"s/{n}"), text, text) for n in range(9)]
    (message,) = write_messages(events, LINK)
    recovered = Event(Kind.RECOVERED, "s", text, NOW, None)
    (over,) = write_messages([recovered] * 9, LINK)
    digest = write_digest([verdict] * 20, Day(1, 0, 2, 3, 4), is_airflow_asked=True, link=LINK)
    for of in (message, over, digest):
        assert not set(of.title + of.body) & set("<>[]*|\r\x00\x1b\u202e\u2028"), of
        assert "\n" not in of.title
        assert " @" not in of.title + of.body
        assert len(f"{of.title}\n{of.body}".encode()) <= 2048
    if len(text) > 1000:
        assert "more characters)" in message.body


def test_what_was_cut_is_counted_in_characters():
    assert cut("abc", 3) == "abc"
    assert cut("密" * 100, 60) == "密" * 11 + "… (89 more characters)"
    assert inert("a\tb  c", 9) == "a b c"
    assert inert("me@example.com", 99) == "me@example.com"


def test_a_digest_tells_the_troubles_the_fresh_and_the_day():
    fresh = replace(DOWN, state=State.FRESH, severity=Severity.OK, subject="f")
    late = replace(DOWN, state=State.LATE, severity=Severity.ERROR, subject="l")
    message = write_digest(
        [DOWN, fresh, late], Day(97, 2, 1, 1200, 3), is_airflow_asked=False, link=LINK
    )
    assert message.title == "Digest: 2 of 3 need a look"
    lines = message.body.splitlines()
    assert lines[0].startswith("ERROR: main tickets: late since 2026-06-01 12:00 UTC. Unav")
    assert lines[1].startswith("WARNING: main tickets: failing since")
    assert lines[2:5] == [
        "1 fresh.",
        "In the last 24 hours: 97 runs, 2 failed; 1 ticket and 1,200 messages stored,"
        " 3 rows of customer service read.",
        "Airflow was not asked: what it does not start is not in here.",
    ]


def test_all_of_it_is_chinese_where_chinese_is_spoken():
    with speaking(Language.CHINESE):
        (message,) = write_messages([trouble(of_account(n), "reports") for n in range(7)], LINK)
        (over,) = write_messages([Event(Kind.RECOVERED, "s", "main", NOW, None)], "")
    assert message.title.startswith("【警告】7 项失败，自 2026-06-01 12:00 UTC：a0 tickets, ")
    assert message.title.endswith("等，另有 2 项")
    assert "因此有 1 项不会再运行：reports。" in message.body
    assert (over.title, over.body) == (
        "【恢复】main",
        "main：已恢复；自 2026-06-01 12:00 UTC 起有问题。",
    )
