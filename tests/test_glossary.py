"""No name in the code and no page uses a word that the glossary strikes out (tests/glossary.txt)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("voicetrail", "bench", "tools") for path in (ROOT / folder).rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class StruckWord:
    word: str
    instead: str
    in_pages: bool
    not_clean: tuple[str, ...]

    def allowed_in(self, path: Path) -> bool:
        name = path.relative_to(ROOT).as_posix()
        return any(name == place or name.startswith(f"{place}/") for place in self.not_clean)


def struck_words() -> list[StruckWord]:
    lines = (Path(__file__).with_name("glossary.txt")).read_text("utf-8").splitlines()
    rows = [[part.strip() for part in line.split("|")] for line in lines if line.strip() and not line.startswith("#")]
    return [StruckWord(word, instead, "pages" in where, tuple(places.split())) for word, instead, where, places in rows]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The words that names are made of: ``make_ears`` and ``MakeEars`` hold ``ears``."""
    return frozenset(part.lower() for name in _names(path) for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


def _names(path: Path) -> Iterator[str]:
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@pytest.mark.parametrize("struck", struck_words(), ids=lambda struck: struck.word)
def test_a_word_that_is_struck_out_is_used_nowhere(struck: StruckWord) -> None:
    found = [path for path in SOURCES if struck.word in names_in(path) and not struck.allowed_in(path)]
    if struck.in_pages:
        word = re.compile(rf"\b{struck.word}\b", re.IGNORECASE)
        found += [path for path in PAGES if word.search(path.read_text("utf-8")) and not struck.allowed_in(path)]
    assert not found, f"say {struck.instead} in place of {struck.word!r}"


def test_the_list_is_in_order_and_names_places_that_are_there() -> None:
    words = [struck.word for struck in struck_words()]
    assert words == sorted(set(words))
    for struck in struck_words():
        for place in struck.not_clean:
            assert place == "bench" or place.startswith(("voicetrail/", "tools/", "README", "docs/")), place
