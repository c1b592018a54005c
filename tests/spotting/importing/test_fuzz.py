"""Damaged models: each gives a model or one clear line, opens nothing outside its folder, and takes bounded memory."""

from __future__ import annotations

import json
import random
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.spotting.importing.makers import small_document, write_model
from voicetrail.errors import VoicetrailError
from voicetrail.spotting.importing import plan_labels, read_model

MEMORY = 24 * 1024 * 1024
"""Bytes that reading any of them may take: far more than the model has, far less than some of them claim."""

STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2, 3, 1e308, float("nan"), 1 << 62, -(1 << 62), 0.5),
    *("", "x", "../../etc/passwd", "/etc/passwd", "\x1b[2J", "a\0b", "\ud800", "same", "relu", "softmax", "Dense", "Model"),
    *([], {}, [[]], [None], {"x": 1}, [1, 2], [1 << 40, 1 << 40], {"dtype": "uint8", "scale": 1e300, "min": 0}),
)

opened: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and watching:
        opened.append(str(arguments[0]))


watching = hooked = False


@pytest.fixture
def watched() -> Iterator[list[str]]:
    """What is opened meanwhile.

    A hook is called for all that the process does, for as long as it lives: only a process that runs this file has it.
    """
    global watching, hooked
    if not hooked:
        sys.addaudithook(note)
        hooked = True
    opened.clear()
    watching = True
    yield opened
    watching = False


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and its key there."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


def damage(document: dict[str, Any], dice: random.Random) -> str:
    """Change a model in some places, and give its text, which may be damaged as well."""
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        holder, key = dice.choice(list(places(document)))
        choice = dice.random()
        if choice < 0.5:
            holder[key] = dice.choice(STRANGE)
        elif choice < 0.65 and isinstance(holder, dict):
            del holder[key]
        elif choice < 0.8 and isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        elif isinstance(holder[key], int) and not isinstance(holder[key], bool):
            holder[key] = dice.choice((holder[key] + 1, holder[key] - 1, holder[key] * 1000, -holder[key]))
        else:
            other, place = dice.choice(list(places(document)))
            holder[key] = json.loads(json.dumps(other[place]))
    text = json.dumps(document)
    if dice.random() < 0.1:
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(("", "\0", "{", '"', "9" * 50, "[" * 3000)) + text[at + dice.randrange(20) :]
    return text


def damage_shard(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if dice.random() < 0.5:
        for _ in range(dice.randrange(1, 30)):
            content[dice.randrange(len(content))] = dice.randrange(256)
    else:
        content = content[: dice.randrange(len(content))] + bytes(dice.randrange(3))
    path.write_bytes(content)


def refusal(folder: Path) -> str | None:
    """What importing says is wrong; ``None`` if nothing is."""
    try:
        model = read_model(folder)
        plan_labels(model.labels)
    except VoicetrailError as error:
        return str(error)
    return None


@pytest.mark.parametrize("rounds", [100, pytest.param(500, marks=pytest.mark.e2e)])
def test_damaged_models_give_one_line_or_a_model(tmp_path: Path, watched: list[str], rounds: int) -> None:
    folder = tmp_path / "m"
    (tmp_path / "outside.bin").write_bytes(bytes(9000))
    read_model(write_model(folder))  # what is imported on the way is imported now
    read, refused = 0, 0
    tracemalloc.start()
    for seed in range(rounds):
        dice = random.Random(seed)
        write_model(folder)
        if dice.random() < 0.8:
            (folder / "model.json").write_text(damage(small_document(), dice), "utf-8", errors="surrogatepass")
        else:
            damage_shard(folder / dice.choice(("one.bin", "two.bin", "metadata.json", "model.json")), dice)
        opened.clear()
        tracemalloc.reset_peak()
        said = refusal(folder)
        if said is None:
            read += 1
        else:
            refused += 1
            assert said, seed
            assert said.isprintable(), (seed, said)
        outside = [path for path in opened if not path.startswith(str(folder)) and not path.isdigit()]
        assert not outside, (seed, outside)
        assert tracemalloc.get_traced_memory()[1] < MEMORY, seed
    tracemalloc.stop()
    # Some changes touch nothing that matters; most do.
    assert read > rounds // 25
    assert refused > rounds // 2
