"""A Chinese page says, section by section, what the English one says; no link of either is dead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import pytest

from tests.conftest import ROOT

PAGES = ("README", "docs/connecting", "docs/operating")
"""Each is ``<page>.md``, and ``<page>.zh-CN.md``; other pages hold both languages, or one."""
HAN = re.compile("[\u4e00-\u9fff]")
WORDS = re.compile("[A-Za-z']+ [a-z']+ [a-z']+")
CODE = re.compile("`[^`]+`")
LINK = re.compile(r"\]\(([^)]+)\)")
PART = re.compile(r"\n\n+|\n(?=- |\d+\. )")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it, up to the next."""

    heading: str
    level: int
    blocks: list[str]
    """Blocks of code, word for word."""
    rows: list[str]
    """Of tables, in order."""
    parts: list[str]
    """Paragraphs and entries of lists, without blocks and tables."""


def sections(text: str) -> list[Section]:
    """A Markdown document by its headings; what looks like one within a block is none."""
    found, fenced = [[""]], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            found.append([line])
        else:
            found[-1].append(line)
    return [_section(heading, "\n".join(lines)) for heading, *lines in found if heading or lines]


def _section(heading: str, text: str) -> Section:
    block = re.compile("^```.*?^```$", re.S | re.M)
    prose = block.sub("", text)
    row = re.compile(r"^\|.*\|$", re.M)
    parts = [part.strip() for part in PART.split(row.sub("", prose))]
    return Section(
        heading,
        len(heading) - len(heading.lstrip("#")),
        block.findall(text),
        row.findall(prose),
        [part for part in parts if part],
    )


def codes(text: str) -> Counter[str]:
    """What stands in a text as code, in whatever order its language has it; lines may be broken."""
    return Counter(" ".join(code.split()) for code in CODE.findall(text))


def missing(page: str, english: str, chinese: str) -> Iterator[str]:
    """What to change so that the Chinese document says what the English one does."""
    pairs = [*zip_longest(sections(english), sections(chinese))]
    for ours, theirs in pairs:
        if ours is None or theirs is None or ours.level != theirs.level:
            yield (
                f"{page}.md has the section {ours and ours.heading!r} where {page}.zh-CN.md"
                f" has {theirs and theirs.heading!r}: each has the same sections in the same order"
            )
            return
    for ours, theirs in pairs:
        for what in _differences(ours, theirs):
            yield f"{page}.zh-CN.md, {theirs.heading!r} ({page}.md, {ours.heading!r}): {what}"


def _differences(ours: Section, theirs: Section) -> Iterator[str]:
    if ours.blocks != theirs.blocks:
        lacking = [block for block in ours.blocks if block not in theirs.blocks]
        yield f"copy the blocks of code word for word and in order; it lacks {lacking}"
    for name, mine, his in (
        ("rows of tables", ours.rows, theirs.rows),
        ("paragraphs and entries of lists", ours.parts, theirs.parts),
    ):
        if len(mine) != len(his):
            yield f"it has {len(his)} {name}, not {len(mine)}"
            continue
        for one, other in zip(mine, his, strict=True):
            lacks, besides = codes(one) - codes(other), codes(other) - codes(one)
            if lacks or besides:
                yield f"{other[:60]!r} lacks {[*lacks]} and has {[*besides]} besides"
    for text in (theirs.heading, *theirs.rows, *theirs.parts):
        prose = LINK.sub("]", CODE.sub("", text))
        if not text.startswith("|") and not HAN.search(prose):
            yield f"{text[:60]!r} is not Chinese"
        elif english := WORDS.search(prose):
            yield f"{english[0]!r} is still English"


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_no_page_is_forgotten():
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*.zh-CN.md")}
    found |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.zh-CN.md")}
    assert found == {f"{page}.zh-CN.md" for page in PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_the_chinese_page_says_all_that_the_english_one_does(page):
    english, chinese = read(f"{page}.md"), read(f"{page}.zh-CN.md")
    told = [*missing(page, english, chinese)]
    assert not told, "who changes one changes the other:\n" + "\n".join(told)
    assert len(sections(english)) > 4


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("ours", "theirs"), [(".md", ".zh-CN.md"), (".zh-CN.md", ".md")])
def test_every_link_leads_somewhere_in_the_same_language_but_one_to_the_other(page, ours, theirs):
    path = ROOT / f"{page}{ours}"
    switch, *links = LINK.findall(path.read_text("utf-8"))
    assert switch == f"{path.name.removesuffix(ours)}{theirs}"
    for target in links:
        assert "#" not in target, f"{target}: nothing checks anchors"
        if not target.startswith("https://"):
            at = path.parent / target
            assert at.exists(), target
            twin = at.with_name(f"{at.name.removesuffix(theirs)}{ours}")
            assert not twin.exists(), f"{target}: {twin.name} is in this language"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("make demo", "make demos", r"'## 命令' .*'## Commands'.*word for word.*make demos"),
        ("## Commands", "### Commands", r"'### Commands' where page.zh-CN.md has '## 命令'"),
        ("| `a` | one", "| `c` | one", r"'\| `a` \| .*' lacks \['`c`'\] and has \['`a`'\]"),
        ("| `a` | one", "| `c` | one |\n| `a` | one", r"'## 命令' .*has 2 rows of tables, not 3"),
        ("Needs `make`", "Needs `make`, `gcc`", r"'## 命令' .*'需要 `make`.*' lacks \['`gcc`'\]"),
        ("- Nothing is cut", "- New.\n- Nothing is cut", r"has 3 paragraphs .*lists, not 4"),
    ],
)
def test_what_only_the_english_one_says_is_told_with_its_section(before, after, told):
    english = (
        "# Name\n\n## Commands\n\n```sh\nmake demo\n```\n\nNeeds `make`:\n\n"
        "| `a` | one |\n| `b` | two |\n\n- Nothing is cut.\n- Nothing is lost.\n"
    )
    chinese = (
        "# 名称\n\n## 命令\n\n```sh\nmake demo\n```\n\n需要 `make`：\n\n"
        "| `a` | 一 |\n| `b` | 二 |\n\n- 不截断。\n- 不丢失。\n"
    )
    assert [*missing("page", english, chinese)] == []
    found = missing("page", english.replace(before, after), chinese)
    assert re.search(told, "\n".join(found))


def test_what_was_not_translated_is_told():
    text = "# A\n\nWhat it is for.\n\n| `a` | what it does |\n"
    told = "\n".join(missing("page", text, text.replace("# A", "# 甲")))
    assert "'What it is for.' is not Chinese" in told
    assert "'what it does' is still English" in told
