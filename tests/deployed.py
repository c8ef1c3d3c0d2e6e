"""What a server gets of this checkout: README, "In production"."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEPLOYED = ("dags", "plugins", "include", "sql", "docs")


def copy(folder: Path, *names: str) -> None:
    """Copy these parts of the checkout, files and folders, without what is not deployed."""
    folder.mkdir(exist_ok=True)
    for name in names:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", *["sandbox"] * (name == "include"))
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
