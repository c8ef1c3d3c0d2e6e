"""The blocks of commands in our documents, and a shell that runs them as a newcomer would."""

from __future__ import annotations

import os
import pty
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from include.sandbox.servers import processes

# Each block is read by one shell, so that what one exports the next one has. The first command that
# fails ends it, and is told with its document and line; what was started beside it goes on.
SHELL = """\
set -eEu -o pipefail
told=$1; shift
trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >> "$told"' ERR
trap 'echo "the shell ended" >> "$told"' EXIT
for block; do . "$block"; done
echo done >> "$told"
wait
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document, or an indented one of its comments, word for word."""

    document: str
    line: int
    """The number of its first line."""
    language: str
    """What stands behind the fence; empty for none."""
    text: str

    @property
    def name(self) -> str:
        """What a table calls it by: its document and first line, without what is told there."""
        first = self.text.strip().partition("\n")[0]
        return f"{self.document}: {first.partition('  ')[0]}"


def find_blocks(document: str, text: str) -> list[Block]:
    """All blocks of a Markdown document."""
    found, fence, lines = list[Block](), None, list[str]()
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.lstrip().startswith("```"):
            lines.append(line)
        elif fence is None:
            fence, lines = (number + 1, line.strip().removeprefix("```")), []
        else:
            found.append(Block(document, *fence, "".join(lines)))
            fence = None
    assert fence is None, f"{document}: a block has no end"
    return found


def find_comments(document: str, text: str) -> list[Block]:
    """All blocks of the comments of a configuration: what is indented there."""
    found, lines = list[Block](), list[str]()
    for number, line in enumerate([*text.splitlines(keepends=True), ""], 1):
        if line.startswith("#   "):
            lines.append(line.removeprefix("#   "))
        elif lines:
            found.append(Block(document, number - len(lines), "", "".join(lines)))
            lines = []
    return found


def put_in_place(blocks: Sequence[Block], stand_ins: Mapping[str, str]) -> list[Block]:
    """The blocks with each placeholder replaced; one that is not there once is an error."""
    for placeholder in stand_ins:
        count = sum(block.text.count(placeholder) for block in blocks)
        assert count == 1, f"the documents say {placeholder!r} {count} times, not once"
    filled = []
    for block in blocks:
        text = block.text
        for placeholder, stand_in in stand_ins.items():
            text = text.replace(placeholder, stand_in)
        filled.append(Block(block.document, block.line, block.language, text))
    return filled


@contextmanager
def run_blocks(
    blocks: Sequence[Block],
    folder: Path,
    environ: Mapping[str, str],
    log: Path,
    *,
    typed: str = "",
    seconds: float = 120,
) -> Iterator[None]:
    """Run *blocks* in *folder*, in no environment but *environ*; what they start runs within.

    *typed* is what a person answers at the terminal to who asks for a secret. Raises
    AssertionError that names the line that failed, with the end of *log*, the new folder of what
    was printed.
    """
    log.mkdir()
    told, printed = log / "told", log / "printed"
    told.touch()
    files = [log / str(number) / Path(block.document).name for number, block in enumerate(blocks)]
    for file, block in zip(files, blocks, strict=True):
        file.parent.mkdir()
        # Empty lines in front: the shell then counts lines as the document does.
        file.write_text("\n" * (block.line - 1) + block.text, "utf-8")
    terminal, its_end = pty.openpty()
    with printed.open("wb") as output:
        shell = psutil.Popen(
            ["setsid", "--ctty", "bash", "-c", SHELL, "bash", told, *files],
            cwd=folder,
            env=dict(environ),
            umask=0o022,
            stdin=its_end,
            stdout=output,
            stderr=output,
        )
    os.close(its_end)
    try:
        _type_when_asked(terminal, typed, told, seconds)
        first = told.read_text().partition("\n")[0] or f"not done after {seconds} s"
        assert first == "done", f"{first}\n{printed.read_text('utf-8')[-4000:]}"
        yield
    finally:
        processes.end(shell)
        shell.poll()  # it was our child
        os.close(terminal)


def _type_when_asked(terminal: int, typed: str, told: Path, seconds: float) -> None:
    """Sit at the terminal until the shell has told how it ended, *seconds* at most."""
    deadline, was_asked = time.monotonic() + seconds, False
    while not told.read_text() and time.monotonic() < deadline:
        # Who asks for a secret lets the terminal show nothing of it.
        is_asked = not termios.tcgetattr(terminal)[3] & termios.ECHO
        if is_asked and not was_asked:
            os.write(terminal, f"{typed}\n".encode())
        was_asked = is_asked
        time.sleep(0.05)
