"""What the pages name is there: files, modules, classes, commands' options, make's targets."""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from voicetrail.program import whole_parser

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "weights").glob("*.md"))]
FOLDERS = ("voicetrail", "tests", "tools", "bench", "weights", "docs", ".ci")
OPTIONS_OF_OTHERS = frozenset(
    "--group --output --raw --rate --channels --latency-msec --nproc-per-node --now --cap-drop --init --pids-limit --read-only "
    "--security-opt --snapshot-update --stop-timeout --tmpfs --user".split()
)
"""Of pip, curl, parec, torchrun, systemctl, docker and pytest."""


@cache
def paths() -> frozenset[str]:
    """Every path of the repository, and each of its ends: ``play/session.py`` stands for ``voicetrail/play/session.py``."""
    found = set[str]()
    for top in FOLDERS:
        for path in (ROOT / top, *(ROOT / top).rglob("*")):
            parts = path.relative_to(ROOT).parts
            found |= {"/".join(parts[start:]) for start in range(len(parts))}
    return frozenset(found | {path.name for path in ROOT.iterdir()})


@cache
def code() -> str:
    return "\n".join(path.read_text("utf-8") for path in (ROOT / "voicetrail").rglob("*.py"))


def spans(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_name_of_the_code_is_there(page: Path) -> None:
    for span in spans(page):
        ends = r"(/|\.py)" if page.stem in ("architecture", "contributing") else r"\.py"
        if re.fullmatch(rf"[\w.-]+(/[\w.-]+)*{ends}", span):
            assert span.rstrip("/") in paths(), span
        elif re.fullmatch(r"(voicetrail\.)?([a-z_]+\.)+[A-Z]\w+", span):
            module, _, name = span.rpartition(".")
            path = module.removeprefix("voicetrail.").replace(".", "/")
            assert f"{path}.py" in paths() or f"{path}/__init__.py" in paths(), span
            assert re.search(rf"^class {name}\b", code(), re.MULTILINE), span
        elif page.name == "architecture.md" and re.fullmatch(r"[A-Z][a-z]+[A-Za-z]*", span):
            assert re.search(rf"^class {span}\b", code(), re.MULTILINE), span


def test_the_architecture_has_every_package_and_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = page.partition("## Packages")[2].partition("\n## ")[0]
    named = {name for row in rows.splitlines() for name in re.findall(r"`(\w+)/`", row.partition(" | ")[0])}
    assert named == {path.parent.name for path in (ROOT / "voicetrail").glob("*/__init__.py")}


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from options(one)


@cache
def known_options() -> frozenset[str]:
    programs = "\n".join(
        path.read_text("utf-8") for top in ("tools", "bench", "voicetrail/training") for path in (ROOT / top).rglob("*.py")
    )
    return frozenset(options(whole_parser())) | frozenset(re.findall(r"\"(--[a-z][a-z0-9-]+)\"", programs))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_is_there(page: Path) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+[a-z0-9]", page.read_text("utf-8")))
    assert named - OPTIONS_OF_OTHERS <= known_options()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_of_make_and_every_module_that_is_run_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^ {4}|`)make ([a-z0-9]+)", text, re.MULTILINE)) <= targets
    for module in re.findall(r"python3? -m ((?:voicetrail|bench|tools)[\w.]*)", text):
        assert importlib.util.find_spec(module) is not None, module
