"""The runbook as a page: ``docs/runbook.md``, whose anchors the links of the page lead to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from include.errors import RUNBOOK

FILE: Final = Path(__file__).resolve().parents[1] / RUNBOOK
_ANCHORS: Final = re.compile(r'(?:<a id="\w+"></a>\s*)+')
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def read_runbook() -> Markup | None:
    """The runbook as HTML; None where there is none.

    What is HTML in the file is shown as text, but for its anchors.
    """
    try:
        text = FILE.read_text("utf-8")
    except FileNotFoundError:
        return None
    tokens = [token for token in _MARKDOWN.parse(text) if token.type != "html_block"]
    for at, token in enumerate(tokens):
        if token.type == "inline" and _ANCHORS.fullmatch(token.content):
            ids = re.findall(r'id="(\w+)"', token.content)
            made = "".join(f'<a id="{name}"></a>' for name in ids)
            tokens[at] = Token("html_block", "", 0, content=made)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(html)  # noqa: S704 - rendered without the file's own HTML
