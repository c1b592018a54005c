from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.readme import PAGES, README, filled
from voicetrail.program import COMMANDS

ROOT = README.parent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_code(page: Path) -> None:
    text = page.read_text("utf-8")
    assert filled(text) == text, "run python -m tools.readme"


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 180


def test_every_promise_of_the_privacy_page_names_tests_that_are_there() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    promises = [line for line in page.splitlines() if line.startswith("| ") and "test |" not in line and "---" not in line]
    assert promises
    for promise in promises:
        named = re.findall(r"`((?:tests|tools)/[^`]*)`", promise)
        assert named, promise
        for path in named:
            assert (ROOT / path).exists(), path


def test_every_page_is_in_the_index_and_in_the_site() -> None:
    index, site = (ROOT / "docs" / "index.md").read_text("utf-8"), (ROOT / "mkdocs.yml").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index, page.name
        assert page.name in site, page.name


@pytest.mark.parametrize("page", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_every_file_that_a_page_links_is_there(page: Path) -> None:
    for path in re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / path).exists(), path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_on_a_page(command: str) -> None:
    pages = [README, *(ROOT / "docs").glob("*.md")]
    assert any(re.search(rf"voicetrail {command}\b", page.read_text("utf-8")) for page in pages)


def python_examples() -> list[str]:
    pages = [README, *sorted((ROOT / "docs").glob("*.md"))]
    return [code for page in pages for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]


def test_every_python_example_is_type_checked(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    assert python_examples()
    for number, code in enumerate(python_examples()):
        (tmp_path / f"example{number}.py").write_text(code, "utf-8")
    # Torch's hints take half a minute to read, and no example needs them.
    config = tmp_path / "mypy.ini"
    config.write_text(
        "[mypy]\nstrict = True\nfollow_imports = silent\n[mypy-torch.*,torchaudio.*]\nfollow_imports = skip\n"
        "[mypy-soundfile]\nignore_missing_imports = True\n"  # it has no type hints
    )
    known = pytestconfig.rootpath / ".mypy_cache" / "examples"
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(known), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout


RUN_EXAMPLES = """
import contextlib, io, json, sys
for code in json.load(sys.stdin):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "example", "exec"), {"__name__": "__main__"})
    assert printed.getvalue(), code
"""


@pytest.mark.e2e
def test_every_python_example_runs(tmp_path: Path) -> None:
    # One process for all: importing torch takes longer than any of them.
    command = [sys.executable, "-c", RUN_EXAMPLES]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    examples = json.dumps(python_examples())
    done = subprocess.run(
        command, cwd=tmp_path, env=env, input=examples, capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.returncode, done.stderr) == (0, "")
