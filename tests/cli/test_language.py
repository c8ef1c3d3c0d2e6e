"""The help of the command line speaks the reader's language, and all of it does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from include.__main__ import app
from include.cli.language import is_chinese, parts, read_chinese

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile("[\u4e00-\u9fff]")


def said() -> set[str]:
    """Every text of help that the code has."""
    found = parts(typer.main.get_command(app))
    texts = (getattr(part, name, None) for part in found for name in ("help", "epilog"))
    return {text for text in texts if text}


def test_every_help_has_a_chinese_one_and_nothing_else_does():
    chinese = read_chinese()
    assert chinese.keys() == said()
    for english, text in chinese.items():
        assert HAN.search(text), english
        # Commands, settings and options are the same in both.
        code = re.compile(r"`[^`]+`|--[a-z-]+|\b[A-Z]+_[A-Z_]+\b")
        assert sorted(code.findall(english)) == sorted(code.findall(text)), english


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW"}, True),
        ({"LANG": "", "LC_MESSAGES": "zh"}, True),
        ({}, False),
    ],
)
def test_the_first_variable_that_is_set_decides(environ, expected):
    assert is_chinese(environ) is expected


def test_help_is_chinese_where_lang_is():
    env = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "include", "sync", "--help"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True, text=True)
    assert "把新建、关闭和重开的工单及其留言读入表中" in done.stdout
    assert "退出码：0 完成" in done.stdout
