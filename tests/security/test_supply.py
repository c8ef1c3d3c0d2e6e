"""What is installed is what was locked, what is written holds no secret, and reasons are given."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest

from tests.security import audit

ROOT = Path(__file__).resolve().parents[2]
CODE = ("include", "dags", "plugins", "sql")
DUAL = {"text-unidecode"}
"""Under the GPL or, as we take it, the Artistic License."""


@pytest.fixture
def wheel(tmp_path):
    """A package of one empty module."""
    file = tmp_path / "wheels" / "tiny_thing-1.0-py3-none-any.whl"
    file.parent.mkdir()
    info = "tiny_thing-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tiny_thing.py", "")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return file


def install(wheel, digest, target):
    """As `make setup` does, from a folder instead of an index."""
    lock = wheel.parent / "lock.txt"
    lock.write_text(f"tiny-thing==1.0 --hash=sha256:{digest}\n")
    options = [
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-index",
        "--no-cache-dir",
    ]
    return subprocess.run(
        [
            sys.executable, "-m", "pip", "install", *options, "--disable-pip-version-check",
            "--find-links", str(wheel.parent), "--target", str(target), "-r", str(lock),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip


def test_a_package_with_another_hash_is_not_installed(wheel, tmp_path):
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    changed = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    refused = install(wheel, changed, tmp_path / "refused")
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (tmp_path / "refused" / "tiny_thing.py").exists()
    assert install(wheel, digest, tmp_path / "taken").returncode == 0
    assert (tmp_path / "taken" / "tiny_thing.py").exists()


@pytest.mark.parametrize("name", audit.LOCKS)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(name):
    blocks = re.split(
        r"\n(?=\S)", re.sub(r"(?m)^[ \t]*#.*\n", "", (ROOT / name).read_text()).strip()
    )
    assert len(blocks) >= len(audit.pinned(name)) > 50
    for block in blocks:
        assert audit.PINNED.match(block), block
        assert "--hash=sha256:" in block, block


def test_the_locks_agree_and_celery_is_in_its_own_alone():
    locks = {name: audit.pinned(name) for name in audit.LOCKS}
    for package in {package for lock in locks.values() for package in lock}:
        assert len({lock[package] for lock in locks.values() if package in lock}) == 1, package
    assert [name for name, lock in locks.items() if "celery" in lock] == ["requirements-celery.txt"]
    for more in ("celery", "observability"):
        assert locks["requirements.txt"].items() <= locks[f"requirements-{more}.txt"].items()


def test_containers_and_clusters_run_the_airflow_that_is_locked():
    version = audit.pinned("requirements.txt")["apache-airflow"]
    image = f"FROM apache/airflow:slim-{version}-python3.11\n"
    assert image in (ROOT / "compose.yaml").read_text()
    assert f"airflowVersion: {version}\n" in (ROOT / "docs" / "scaling.md").read_text()


def test_the_set_up_installs_nothing_without_a_hash():
    makefile = (ROOT / "Makefile").read_text()
    installs = re.findall(r"\bpip install.*", makefile)
    assert len(installs) == 4  # ours, and those of Superset: by uv, else by pip
    assert all("$(PINNED)" in line for line in installs)
    assert re.search(r"^PINNED := .*--require-hashes", makefile, re.M)


def test_every_installed_package_says_its_licence_and_none_is_a_viral_one(record_property):
    installed = {dist.name.lower().replace("_", "-") for dist in metadata.distributions()}
    said = {name: audit.licence(name) for name in audit.pinned() if name in installed}
    assert len(said) > 100
    assert [name for name, text in said.items() if not text] == []
    viral = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|Affero|(?<!Lesser )General Public", re.I)
    assert {name for name, text in said.items() if viral.search(text)} <= DUAL
    record_property("figure", f"licences  {len(said)} packages, 0 without one, 0 viral")


class _Service(BaseHTTPRequestHandler):
    """An advisory service; the path says what it answers."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))["queries"]
        answers = {
            "/none": {"results": [{} for _ in asked]},
            "/some": {"results": [{"vulns": [{"id": "GHSA-1"}]}, *({} for _ in asked[1:])]},
            "/short": {"results": [{}]},
            "/odd": {"message": "try again"},
        }
        body = json.dumps(answers.get(self.path, {})).encode()
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/none", 0, "0 with known weaknesses"),
        ("/some", 1, "GHSA-1"),
        ("/busy", 2, "not audited"),
        ("/short", 2, "not audited"),
        ("/odd", 2, "not audited"),
    ],
)
def test_an_audit_says_what_it_found_or_that_it_found_nothing_out(
    service, capsys, path, code, words
):
    assert audit.main([service + path]) == code
    assert words in capsys.readouterr().out


def test_an_audit_that_reaches_no_service_is_none(capsys):
    assert audit.main(["http://127.0.0.1:1/"]) == 2
    assert capsys.readouterr().out.startswith("not audited")


def reasons() -> dict[str, set[str]]:
    """Which rules the settings of ruff let pass in which files; each line gives its reason."""
    text = (ROOT / "pyproject.toml").read_text()
    ignored = tomllib.loads(text)["tool"]["ruff"]["lint"]["per-file-ignores"]
    found: dict[str, set[str]] = {}
    for pattern, rules in ignored.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f'"{pattern}"')]
        if "#" in line:
            for one in re.split(r"[{},]", pattern) if "{" in pattern else [pattern]:
                head, tail = re.split(r"\{.*\}", pattern) if "{" in pattern else (one, "")
                found[one if "{" not in pattern else f"{head}{one}{tail}"] = set(rules)
    return found


def test_what_bandit_finds_of_medium_or_above_has_a_written_reason(record_property):
    child = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-ll", "-f", "json", "-r", *CODE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(child.stdout)
    assert found["errors"] == []
    excused = reasons()
    bare = []
    for item in found["results"]:
        rule, file = item["test_id"].replace("B", "S"), Path(item["filename"])
        lines = (ROOT / file).read_text().splitlines()
        around = "\n".join(lines[min(item["line_range"]) - 1 : max(item["line_range"]) + 1])
        by_file = any(file.match(name) and rule in rules for name, rules in excused.items())
        by_line = re.search(rf"noqa: {rule} +(- |# )\w", around)
        if not by_file and not by_line:
            bare.append(f"{file}:{item['line_number']} {rule}")
    assert bare == []
    record_property("figure", f"bandit  medium and above without a written reason {len(bare)}")


def test_every_rule_of_security_that_a_line_lets_pass_has_a_reason():
    silent = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for top in CODE
        for file in (ROOT / top).rglob("*.py")
        for line in file.read_text().splitlines()
        if re.search(r"# (?:noqa: S|nosec B)\d+\s*$", line)
    ]
    assert silent == []


SECRETS = re.compile(
    r"\b(?:LTAI[A-Za-z0-9]{12,28}|AKID[A-Za-z0-9]{13,40}|A[KS]IA[A-Z0-9]{16}|gh[pousr]_\w{30,}"
    r"|xox[abprs]-[\w-]{20,}|eyJ[\w-]{20,}\.eyJ[\w-]{20,})\b"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*\S{40}"
    r"|(?i:secret|passw(?:or)?d|token|access_?key|\bsk|\bak)\w*[\"']?\s*[:=]\s*[\"']"
    r"(?=[^\"']*\d)(?=[^\"']*[A-Za-z])([A-Za-z0-9+/=_-]{24,})[\"']"
)
OBVIOUS = re.compile(r"(?i)test|example|sandbox|secret|canary|a-z0-9|0123456789|abcdef|(.)\1{5}|\{")
"""What a made-up key says of itself."""


def secrets_in(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        for found in SECRETS.finditer(line):
            if not OBVIOUS.search(found[1] or found[0]):
                yield line.strip()[:200]


def test_the_scanner_finds_keys_of_all_three_vendors_and_lets_made_up_ones_pass():
    dice = "q8Zr4Wm2Lx9Vt6Kp3Nc7"
    real = [
        f"LTAI5t{dice}",
        f"AKID{dice}{dice[:12]}",
        "AKIA" + dice.upper()[:16],
        f'sk = "{dice}{dice}"',
    ]
    assert len(list(secrets_in(iter(real)))) == len(real)
    assert list(secrets_in(iter(['secret_key="test-secret-key-of-24-chars-1"']))) == []


def test_the_repository_holds_no_secret(record_property):
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("no git repository here")
    if os.environ.get("FULL"):
        command, what = ["git", "log", "-p", "--all", "--no-color", "--unified=0"], "all commits"
    else:
        command, what = ["git", "grep", "-hI", "--untracked", "-e", "."], "the tree"
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, errors="replace", text=True
    ) as child:
        assert child.stdout is not None
        found = list(secrets_in(child.stdout))
    assert child.returncode == 0
    assert found == []
    record_property("figure", f"secrets  {len(found)} in {what}")
