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
SOURCES = sorted(path for folder in ("voicetrail", "bench", "tools", "tests") for path in (ROOT / folder).rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class StruckWord:
    word: str
    instead: str
    where: frozenset[str]
    only: tuple[str, ...]
    """Struck here and nowhere else; empty: everywhere."""
    but: tuple[str, ...]
    """Not struck here."""

    def struck_in(self, path: Path) -> bool:
        name = path.relative_to(ROOT).as_posix()

        def lies_in(places: tuple[str, ...]) -> bool:
            return any(name == place or name.startswith(f"{place}/") for place in places)

        return not lies_in(self.but) and (not self.only or lies_in(self.only))


def struck_words() -> list[StruckWord]:
    lines = (Path(__file__).with_name("glossary.txt")).read_text("utf-8").splitlines()
    words = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            word, instead, where, rule = (part.strip() for part in line.split("|"))
            only, _, but = rule.removeprefix("only ").partition("but ")
            words.append(StruckWord(word, instead, frozenset(where.split(", ")), tuple(only.split()), tuple(but.split())))
    return words


@cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8").lower() + path.stem


@cache
def words_in(path: Path, titles: bool) -> frozenset[str]:
    """The words that names, or the titles of tests, are made of: ``make_ears`` and ``MakeEars`` hold ``ears``."""
    chosen = (name for name in _names(path) if name.startswith("test_") == titles)
    return frozenset(part.lower() for name in chosen for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


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
    found = [
        path
        for path in SOURCES
        for kind in ("names", "titles")
        if kind in struck.where
        and struck.struck_in(path)
        and struck.word in text_of(path)  # reading names takes time, and most words are in few files
        and struck.word in words_in(path, kind == "titles")
    ]
    if "pages" in struck.where:
        word = re.compile(rf"\b{struck.word}\b", re.IGNORECASE)
        found += [path for path in PAGES if word.search(path.read_text("utf-8"))]
    assert not found, f"say {struck.instead} in place of {struck.word!r}"


def test_the_list_is_in_order_and_names_places_that_are_there() -> None:
    words = [struck.word for struck in struck_words()]
    assert words == sorted(set(words))
    for struck in struck_words():
        assert struck.where <= {"names", "titles", "pages"}, struck.word
        for place in (*struck.only, *struck.but):
            assert (ROOT / place).exists(), place
