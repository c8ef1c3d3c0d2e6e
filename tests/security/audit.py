"""Known weaknesses and licences of what the lock installs: ``python -m tests.security.audit``.

Asks an advisory service (OSV) about every pinned version. Ends with 0 when none has a known
weakness, 1 when one has, and 2, saying *not audited*, when the service could not be asked: silence
is no good news. ``--licences`` lists what each installed package says of its licence instead.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import requests

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final = (
    "requirements.txt",
    "requirements-celery.txt",
    "requirements-observability.txt",
    "requirements-dev.txt",
)
SERVICE: Final = "https://api.osv.dev/v1/querybatch"
PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pinned(*names: str) -> dict[str, str]:
    """Every package of the locks, and its version."""
    return {
        found[1].lower(): found[2]
        for name in names or LOCKS
        for found in PINNED.finditer((ROOT / name).read_text("utf-8"))
    }


def weaknesses(service: str, packages: dict[str, str]) -> dict[str, list[str]]:
    """The advisories about each package that has some. Raises OSError or ValueError: not known."""
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in packages.items()
    ]
    answer = requests.post(service, json={"queries": queries}, timeout=60)
    answer.raise_for_status()
    results: Any = answer.json()["results"]
    if len(results) != len(queries):
        raise ValueError(f"{len(results)} answers to {len(queries)} questions")
    return {
        f"{name} {packages[name]}": [str(item["id"]) for item in result["vulns"]]
        for name, result in zip(packages, results, strict=True)
        if result.get("vulns")
    }


def licence(name: str) -> str:
    """What an installed package says of its licence; empty: nothing."""
    said = metadata.metadata(name)
    classifiers = said.get_all("Classifier") or []
    names = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License ::")]
    plain, expression = (
        str((said.get_all(key) or [""])[0]) for key in ("License", "License-Expression")
    )
    return expression or ", ".join(names) or plain.strip().partition("\n")[0]


def main(arguments: list[str]) -> int:
    """Print what was found; returns how to end."""
    packages = pinned()
    if "--licences" in arguments:
        installed = {dist.name.lower() for dist in metadata.distributions()}
        for name in sorted(packages.keys() & installed):
            print(f"{name} {packages[name]}: {licence(name)}")  # noqa: T201 - what it is for
        return 0
    service = arguments[0] if arguments else SERVICE
    try:
        found = weaknesses(service, packages)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"not audited: {service} gave no answer: {type(error).__name__}")  # noqa: T201
        return 2
    for name, ids in found.items():
        print(f"{name}: {', '.join(ids)}")  # noqa: T201
    print(f"{len(packages)} packages asked about, {len(found)} with known weaknesses")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
