"""Both languages have the same to say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

from include.work.stops import Cause
from include.work.verdicts.judgement import judge
from include.work.verdicts.summary import brief, headline
from include.work.verdicts.turns import Turn, advise
from include.work.verdicts.verdict import Severity, State
from include.work.words import alerts, labels, verdicts
from include.work.words.speech import (
    TABLES,
    Language,
    say,
    say_count,
    say_moment,
    say_sentence,
    say_span,
    speaking,
)
from tests.facts import NOW, OTHERS, facts, failed, standing, stop

ROOT = Path(__file__).resolve().parents[3]
HAN = re.compile("[\u4e00-\u9fff]")


def without_words(verdict):
    return replace(verdict, name="", reason="", who="", next_step="")


def parameters(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("words", [verdicts, labels, alerts])
def test_each_word_is_there_in_both_languages_with_equal_parameters(words):
    english, chinese = words.ENGLISH, words.CHINESE
    assert english.keys() == chinese.keys()
    assert {key: parameters(text) for key, text in english.items()} == {
        key: parameters(text) for key, text in chinese.items()
    }
    names = {"why.failed", "name.other", "status.line", "status.why", "status.why_off"}
    same = names | {"page.kind.airflow", "sum.and", "sum.brief", "sum.brief_worst"}
    unspoken = {
        key for key, text in chinese.items() if not HAN.search(re.sub("`[^`]*`|{.*?}", "", text))
    }
    same |= {"alert.title", "alert.step", "alert.more", "digest.trouble"}
    assert unspoken <= same | {"setting.source", "setting.warehouse"}
    assert not [key for key, text in english.items() if HAN.search(text)]


def test_commands_settings_and_places_are_the_same_in_both_languages():
    for key, text in TABLES[Language.ENGLISH].items():
        said = sorted(re.findall("`[^`]*`", " ".join(text.split())))
        chinese = sorted(re.findall("`[^`]*`", " ".join(TABLES[Language.CHINESE][key].split())))
        assert chinese == said, key


def test_no_key_stands_in_two_tables():
    tables = (verdicts.ENGLISH, labels.ENGLISH, alerts.ENGLISH)
    assert len(TABLES[Language.ENGLISH]) == sum(map(len, tables))


def test_all_that_has_a_name_in_code_has_words():
    keys = TABLES[Language.CHINESE].keys()
    assert keys >= {f"state.{of}" for of in State} | {f"severity.{of}" for of in Severity}
    assert keys >= {f"who.{of}" for of in Turn} | {f"why.stop.{of}" for of in Cause}
    assert keys >= {f"step.stop.{of}" for of in Cause}


def test_a_state_is_called_as_the_runbook_calls_it():
    headings = re.findall("^### (.*) · (.*)$", (ROOT / "docs/runbook.md").read_text(), re.M)
    for state in State:
        english = state.words
        with speaking(Language.CHINESE):
            assert (english, state.words) in headings


def test_words_are_english_unless_another_language_is_spoken():
    assert say_count(2, "run") == "2 runs"
    with speaking(Language.CHINESE):
        assert say_count(2, "run") == "2 次运行"
        assert say_span(90_000) == "1 天 1 小时"
        assert say_span(3) == "不到 1 分钟"
        assert say_moment(None) == "一开始"
        with speaking(Language.ENGLISH):
            assert say_span(90_000) == "1 d 1 h"
        assert say("who.operator") == "运维人员"
    assert say("who.operator") == "the operator"


def test_a_sentence_that_ends_in_chinese_is_not_ended_again():
    assert [say_sentence(text) for text in ("拒绝。", "no", "no!")] == ["拒绝。", "no.", "no!"]


def test_a_verdict_is_the_same_but_for_its_words():
    of = facts(
        standing(**failed() | {"error_text": "huawei: a.example.com:443: Connection refused"}),
        *OTHERS,
        stops=(stop(Cause.PAUSED, "build_reports"),),
    )
    english = judge(of)
    with speaking(Language.CHINESE):
        chinese = judge(of)
        assert headline(chinese, is_airflow_asked=True) == "6 项中有 3 项需要处理"
        said = brief(chinese, now=NOW, is_airflow_asked=False)
    assert said.startswith("警告：1 项失败，2 项已停用，3 项正常：")
    assert said.endswith("（未询问 Airflow）")
    assert [*map(without_words, chinese)] == [*map(without_words, english)]
    assert all(HAN.search(v.reason + v.next_step) for v in chinese if v.reason)


def test_an_advice_names_host_and_setting_in_chinese():
    with speaking(Language.CHINESE):
        advice = advise(
            "UnavailableError", "huawei: a.example.com:443: Connection refused", in_vain=True
        )
    assert "curl -v telnet://a.example.com:443" in advice.next_step
    assert "HUAWEI_BASE_URL" in advice.next_step
