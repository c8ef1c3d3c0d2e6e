"""The runbook tells of everything that can be wrong, and its links and commands are real."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest
from typer.testing import CliRunner

from include import errors
from include.__main__ import app
from include.errors import SyncError, section_of
from include.work.verdicts.verdict import State

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / errors.RUNBOOK).read_text("utf-8")
SECTIONS = dict(
    re.findall(r'<a id="(\w+)"></a>\n### [^\n]+\n(.*?)(?=\n<a id=|\n## |\Z)', TEXT, re.S)
)
CLASSES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SyncError) and kind is not SyncError
    if kind is not errors.VendorError
]
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    "name", [*(state.value for state in State), *(k.__name__ for k in CLASSES)]
)
def test_each_state_and_class_of_error_has_a_section_in_both_languages(name):
    chinese, _, english = SECTIONS[name.lower()].strip().partition("\n\n")
    assert chinese.startswith("**中文** ")
    assert HAN.search(chinese)
    assert english.startswith("**English** ")
    assert not HAN.search(english)


def test_an_error_leads_to_its_section_in_a_log_and_no_other_class_does():
    class _OwnError(errors.AuthError):
        """One that a module keeps for itself."""

    for error in (errors.AuthError("no"), _OwnError("no", vendor="huawei")):
        assert section_of(error) == "docs/runbook.md#autherror"
        assert "What to do: docs/runbook.md#autherror" in "".join(traceback.format_exception(error))
    assert 'id="exception"' in TEXT


def test_every_link_leads_to_a_section():
    for anchor in re.findall(r"\]\(#(\w+)\)", TEXT):
        assert f'id="{anchor}"' in TEXT


def test_every_command_is_one_that_there_is():
    said = set(re.findall(r"`python\s-m\sinclude\s([a-z][^`]*)`", TEXT))
    verbs = {" ".join(re.findall(r"^(?:accounts )?[a-z-]+", " ".join(of.split()))) for of in said}
    assert len(verbs) > 6
    for verb in verbs:
        result = CliRunner().invoke(app, [*verb.split(), "--help"])
        assert result.exit_code == 0, verb
