"""What a view shows, read from its statement: columns, and what each is made from.

Enough of SQL for the views of ours, which are written alike: one SELECT behind the CTEs, a name for
each of its columns. A test compares what is read here with what the servers say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

COMMENT: Final = re.compile(r"--[^\n]*")
TEXT: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'")
WORD: Final = re.compile(r"\w+|[(),]")
FROM: Final = re.compile(r"\b(?:from|join)\s+(\w+)(?:\s+as\s+(\w+))?", re.IGNORECASE)
NAMED: Final = re.compile(r"(?P<expression>.*?)(?:\s+as)?\s+`?(?P<name>\w+)`?", re.DOTALL)
BARE: Final = re.compile(r"(?:(\w+)\.)?(\w+)(?:\s+collate\s+\w+)?")
REFERENCE: Final = re.compile(r"(?:\b(\w+)\.)?\b([a-z_]\w*)\b(?!\s*[.(])")

Columns = Mapping[str, Mapping[str, object]]
"""The columns of each table and view that is known, by name."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A column of a view. *carries*: the one it shows as it is; *made_from*: those it reads.

    Both are given as ``relation.column``, and stay empty where a CTE stands between.
    """

    name: str
    carries: str | None
    made_from: tuple[str, ...]


def read_selection(statement: str, known: Columns) -> list[Selected]:
    """Read the columns of a view in their order."""
    code = TEXT.sub(lambda found: " " * len(found[0]), COMMENT.sub("", statement))
    items, source = _parts(code)
    relations = {alias or name: name for name, alias in FROM.findall(_outermost(source))}

    def resolve(alias: str, column: str) -> str | None:
        names = [relations.get(alias)] if alias else list(relations.values())
        for name in names:
            if name in known and column in known[name]:
                return f"{name}.{column}"
        return None

    selected = []
    for item in items:
        bare = BARE.fullmatch(item)
        named = None if bare else NAMED.fullmatch(item)
        expression, name = (item, bare[2]) if bare else (named["expression"], named["name"])  # type: ignore[index]
        plain = BARE.fullmatch(expression)
        carries = resolve(plain[1] or "", plain[2]) if plain else None
        found = (resolve(*reference) for reference in REFERENCE.findall(expression))
        selected.append(Selected(name, carries, tuple(dict.fromkeys(filter(None, found)))))
    return selected


def read_relations(statement: str, known: Collection[str]) -> list[str]:
    """The tables and views that a statement reads, in the order in which it names them."""
    words = re.findall(r"\w+", TEXT.sub("", COMMENT.sub("", statement)))
    return [name for name in dict.fromkeys(words) if name in known]


def _parts(code: str) -> tuple[list[str], str]:
    """The items of the outermost SELECT, and what stands behind its FROM."""
    begin, end, cuts = 0, len(code), []
    for position, word in _outer_words(code):
        if word == "select":
            if begin:
                break  # of a UNION the first names the columns
            begin, cuts = position + len(word), []
        elif word == "," and begin and end == len(code):
            cuts.append(position)
        elif word == "from" and begin and end == len(code):
            end = position
    edges = [begin, *cuts, end]
    items = [code[a:b].strip(" \n,") for a, b in zip(edges, edges[1:], strict=False)]
    return items, code[end:]


def _outermost(code: str) -> str:
    """*code* without what stands in brackets."""
    kept, depth = [], 0
    for character in code:
        depth += (character == "(") - (character == ")")
        kept.append(character if depth == 0 else " ")
    return "".join(kept)


def _outer_words(code: str) -> Iterator[tuple[int, str]]:
    """The words and commas outside brackets, with their places."""
    depth = 0
    for found in WORD.finditer(code):
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        elif depth == 0:
            yield found.start(), found[0].lower()
