"""The help of the command line in the language of whoever reads it.

What the code says is English; ``help_zh.toml`` has the same in Chinese, text by text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

CHINESE: Final = Path(__file__).with_name("help_zh.toml")
VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set decides, as for other programs."""


def is_chinese(environ: Mapping[str, str]) -> bool:
    """Whether Chinese is asked for: ``LANG=zh_CN.UTF-8``."""
    chosen = next((environ[name] for name in VARIABLES if environ.get(name)), "")
    return chosen.lower().startswith("zh")


def read_chinese() -> dict[str, str]:
    """The Chinese of each text."""
    return {it["en"]: it["zh"] for it in tomllib.loads(CHINESE.read_text("utf-8"))["help"]}


def translate(command: object) -> None:
    """Put the help of a command, and of all below it, into Chinese."""
    texts = read_chinese()
    for part in parts(command):
        for name in ("help", "short_help", "epilog"):
            text = getattr(part, name, None)
            if text:
                setattr(part, name, texts.get(text, text))


def parts(command: object) -> Iterator[object]:
    """A command, its options, and those of all commands below it."""
    yield command
    yield from getattr(command, "params", ())
    for below in getattr(command, "commands", {}).values():  # Typer's classes have no public name
        yield from parts(below)
