from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.side_by_side import RECORDED, Side, draw, marked


def side(*words: tuple[float, str]) -> Side:
    return Side("one", {"up": [0.1, 0.9]}, [0.8, 0.8], list(words))


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ([(1.5, "up")], ["right"]),
        ([(1.5, "down")], ["missed", "false"]),
        ([(2.4, "up")], ["missed", "false"]),
        ([(1.3, "up"), (1.6, "up")], ["right", "false"]),
        ([], ["missed"]),
    ],
)
def test_words_are_counted_as_in_an_evaluation(given: list[tuple[float, str]], kinds: list[str]) -> None:
    assert [kind for _, _, kind in marked(side(*given), [["up", 1.0, 1.4]])] == kinds


def test_what_was_recorded_is_drawn(tmp_path: Path) -> None:
    draw(tmp_path / "out.svg")
    texts = [element.text for element in ElementTree.parse(tmp_path / "out.svg").iter() if element.tag.endswith("text")]
    kept = json.loads(RECORDED.read_text("utf-8"))
    names = [each["name"] for each in kept["sides"]]
    assert [text for text in texts if text in names] == names
    assert texts.count("up") == sum(word == "up" for word, _, _ in kept["spoken"])
    given = [word for each in kept["sides"] for _, word in each["words"]]
    assert sum(text in "↑↓←→" for text in texts if text) == len(given)
