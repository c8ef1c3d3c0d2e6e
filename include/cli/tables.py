"""Tables on stdout: framed on a terminal, whole lines where a program reads them."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from include.cli.console import masker

WIDE = 400  # nobody folds the lines of a pipe


def show(head: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
    """Print rows under their heads; numbers stand right. Texts are shown as they are, unstyled."""
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = WIDE
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for number, name in enumerate(head):
        is_number = bool(rows) and all(isinstance(row[number], int | None) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(masker.hide("" if cell is None else str(cell))) for cell in row))
    console.print(table)
