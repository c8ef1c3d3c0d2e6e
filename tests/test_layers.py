"""Who may import whom: the dependency rule of the architecture, checked over the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.vendors.registry import VENDORS

ROOT = Path(__file__).resolve().parents[1]

WORDS = {"include.models", "include.errors"}
LEAVES = {
    *WORDS,
    "include.values",
    "include.settings",
    "include.addresses",
    "include.hosts",
    "include.secrets",
    "include.recent",
    "include.redaction",
    "include.customer_service",
    "include.stopping",
}
REGISTRY = "include.vendors.registry"
"""A layer of its own: whoever enumerates vendors may know their list, but not what they do."""
STOPS = "include.runtime.stops"
METADATA = "include.runtime.metadata"
"""Layers of their own: `check` may ask Airflow, where there is one, and know nothing else of it."""
BELOW_PIPELINES = {"include.vendors", REGISTRY, "include.source", "include.warehouse", *LEAVES}
ALLOWED = {
    "include.models": set[str](),
    "include.errors": set[str](),
    "include.hosts": set[str](),
    "include.recent": set[str](),
    "include.redaction": set[str](),
    "include.customer_service": set[str](),
    "include.stopping": set[str](),
    "include.values": set[str](),
    "include.settings": {"include.values", *WORDS},
    "include.addresses": {"include.settings", *WORDS},
    "include.secrets": WORDS,
    "include.vendors": LEAVES,
    REGISTRY: {"include.vendors", *LEAVES},
    "include.source": LEAVES,
    "include.warehouse": {REGISTRY, *LEAVES},
    "include.pipelines": BELOW_PIPELINES,
    "include.work": {"include.pipelines", *BELOW_PIPELINES},
    "include.sandbox": {"include.vendors", REGISTRY, *LEAVES},
    "include.runtime": {"airflow", "include.work", "include.pipelines", *BELOW_PIPELINES},
    STOPS: {"airflow", "include.work", *WORDS},
    METADATA: {"airflow", "include.runtime", "include.addresses", *WORDS},
    "include.cli": {STOPS, METADATA, "include.work", "include.pipelines", *BELOW_PIPELINES},
    "include.__main__": {"include.cli", "include.pipelines", *BELOW_PIPELINES},
    "dags": {"airflow", "include.runtime", REGISTRY, *WORDS},
    "plugins": {"airflow", STOPS, "include.runtime", "include.work", REGISTRY, *WORDS},
}
FILES = [path for top in ("include", "dags", "plugins") for path in (ROOT / top).rglob("*.py")]


def layer_of(module: str) -> str:
    """The part of ours that a module belongs to, ``airflow``, or nothing."""
    if module in (REGISTRY, STOPS, METADATA):
        return module
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "include" and len(parts) > 1 else parts[0]


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that a file imports, inside functions too, but not for type checking alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "include":
                yield from (f"include.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)
        yield from imports(node)


def offences(layer: str, source: str) -> list[str]:
    ours = {*ALLOWED, "airflow", "tests"}
    used = {layer_of(name) for name in imports(ast.parse(source))} & ours
    return [f"{layer} must not import {other}" for other in sorted(used - ALLOWED[layer] - {layer})]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layer_imports_only_what_stands_below_it(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    if module == "include.__init__":
        assert list(imports(ast.parse(path.read_text()))) == []
    else:
        assert offences(layer_of(module), path.read_text()) == []


@pytest.mark.parametrize(
    ("layer", "source", "offence"),
    [
        ("include.vendors", "from include import pipelines", "include.pipelines"),
        ("include.vendors", "def f():\n from include.warehouse import mysql", "include.warehouse"),
        ("include.pipelines", "import airflow.sdk", "airflow"),
        ("include.vendors", "from include.vendors.registry import VENDORS", REGISTRY),
        ("include.cli", "from include.runtime.connections import warehouse", "include.runtime"),
        ("dags", "from include.runtime.stops import find_stops", STOPS),
        ("dags", "from include.vendors.http import ApiSession", "include.vendors"),
    ],
)
def test_the_rule_sees_an_offence(layer, source, offence):
    assert offences(layer, source) == [f"{layer} must not import {offence}"]


@pytest.mark.parametrize("room", ["include.vendors", "include.sandbox.vendors"])
def test_no_vendor_knows_another(room):
    for vendor in VENDORS:
        files = list((ROOT / room.replace(".", "/") / vendor).rglob("*.py"))
        assert files
        others = tuple(f"{room}.{other}" for other in VENDORS if other != vendor)
        for path in files:
            used = imports(ast.parse(path.read_text()))
            assert not [name for name in used if name.startswith(others)], path


def test_no_vendor_is_known_outside_its_folder():
    """Not in code: words in a text or a comment do no harm."""
    for path in FILES:
        if path.parent.name not in VENDORS:
            tree = ast.parse(path.read_text())
            words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            assert not words & {*VENDORS, *map(str.upper, VENDORS)}, path
