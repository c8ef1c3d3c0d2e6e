"""docs/dictionary.md is what the dictionary says now, and each of its links leads somewhere."""

from __future__ import annotations

import re

from include.warehouse.dictionary import entries, page


def test_the_page_is_up_to_date():
    is_same = page.PAGE.read_text("utf-8") == page.render(entries.read())
    assert is_same, "docs/dictionary.md is old: run `make dictionary`, then commit it"


def test_no_link_is_dead():
    text = page.PAGE.read_text("utf-8")
    headings = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert {link for link in links if link.startswith("#")} == {f"#{name}" for name in headings}
    files = [link for link in links if not link.startswith("#")]
    assert files
    assert [link for link in files if not (page.PAGE.parent / link).exists()] == []


def test_every_column_has_a_line_of_six_cells():
    dictionary = entries.read()
    lines = [
        line for line in page.render(dictionary).splitlines() if re.match(r"\| (🔑)? ?\| `", line)
    ]
    assert len(lines) == sum(1 for entry in dictionary.entries.values() if entry.column)
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {8}
