"""Blocks are found word for word, and the shell that runs them notices what fails."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.command_blocks import Block, find_blocks, find_comments, put_in_place, run_blocks
from tests.conftest import ROOT

ENVIRON = {"PATH": os.environ["PATH"]}
DOCUMENT = """\
text

```sh
export NAME=value   # told
echo "$NAME"
```
- a list
  ```yaml
  a: 1
  ```
"""

pytestmark = pytest.mark.skipif(not shutil.which("setsid"), reason="no setsid on this machine")


def blocks_of(*texts):
    return [Block("a.md", 10 * number, "sh", text) for number, text in enumerate(texts, 1)]


def test_a_block_is_what_stands_between_fences_word_for_word():
    assert find_blocks("a.md", DOCUMENT) == [
        Block("a.md", 4, "sh", 'export NAME=value   # told\necho "$NAME"\n'),
        Block("a.md", 9, "yaml", "  a: 1\n"),
    ]
    assert [block.name for block in find_blocks("a.md", DOCUMENT)] == [
        "a.md: export NAME=value",
        "a.md: a: 1",
    ]
    with pytest.raises(AssertionError, match=r"a.md: a block has no end"):
        find_blocks("a.md", "```sh\nmake demo\n")


def test_a_block_of_comments_is_what_is_indented_there():
    text = "# Do this:\n#   cd x\n#   make\n# and\n#\n#   that\n[core]\n"
    assert find_comments("a.cfg", text) == [
        Block("a.cfg", 2, "", "cd x\nmake\n"),
        Block("a.cfg", 6, "", "that\n"),
    ]


def test_a_placeholder_is_replaced_where_it_stands_and_must_stand_once():
    given = blocks_of("export A='u:p@host'\n", "echo host\n")
    assert put_in_place(given, {"u:p@host": "there"})[0].text == "export A='there'\n"
    for placeholder, times in (("host", 2), ("none", 0)):
        with pytest.raises(AssertionError, match=f"say '{placeholder}' {times} times, not once"):
            put_in_place(given, {placeholder: "x"})


def test_one_shell_runs_all_blocks_with_what_earlier_ones_exported_and_types_a_secret(tmp_path):
    asks = 'read -rs given < /dev/tty && echo "$A $given ${HOME-none}"\n'
    given = blocks_of("export A=1\ncd /\n", asks, "pwd\n")
    with run_blocks(given, tmp_path, ENVIRON, tmp_path / "log", typed="s3cret", seconds=10):
        assert (tmp_path / "log" / "printed").read_text() == "1 s3cret none\n/\n"


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["true\nfalse\necho on > went-on\n"], "a.md:11: false"),
        (["true\n", "false | true\necho on > went-on\n"], "a.md:20: "),
        (["A=$(false)\necho on > went-on\n"], "a.md:10: false"),
        (["true\nexit 0\n", "echo on > went-on\n"], "the shell ended"),
        (["echo $UNSET\necho on > went-on\n"], "the shell ended"),
    ],
)
def test_a_command_that_fails_ends_all_and_is_named_with_its_line(tmp_path, texts, told):
    with (
        pytest.raises(AssertionError, match=f"^{told}"),
        run_blocks(blocks_of(*texts), tmp_path, ENVIRON, tmp_path / "log"),
    ):
        pass
    assert not (tmp_path / "went-on").exists()


@pytest.mark.parametrize("last", ["true\n", "false\n"])
def test_what_a_block_started_beside_the_shell_ends_with_it(tmp_path, last):
    given = blocks_of("sleep 600 & echo $! > pid\n", last)
    try:
        with run_blocks(given, tmp_path, ENVIRON, tmp_path / "log"):
            assert psutil.pid_exists(int((tmp_path / "pid").read_text()))
    except AssertionError:
        assert last == "false\n"
    # Its parent was the shell: whoever inherits it takes a moment to notice its end.
    process, deadline = int((tmp_path / "pid").read_text()), time.monotonic() + 10
    while psutil.pid_exists(process) and psutil.Process(process).status() != "zombie":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_mistake_in_a_command_of_the_readme_is_found(tmp_path):
    text = (ROOT / "README.md").read_text("utf-8")
    before, _, after = text.partition("new-key --output")
    wrong = find_blocks("README.md", f"{before}new-key --ouptut{after}")
    place = rf"README\.md:{before.count(chr(10)) + 1}: python -m include accounts new-key"
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    with (
        pytest.raises(AssertionError, match=rf"^{place}[^$]*No such option: --ouptut"),
        run_blocks([one for one in wrong if "ouptut" in one.text], ROOT, environ, tmp_path / "log"),
    ):
        pass
