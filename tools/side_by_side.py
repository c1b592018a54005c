"""The picture of two recognizers that hear the same sound: recorded once from recordings, drawn from what was recorded.

``python -m tools.side_by_side --data DATA OURS THEIRS`` lets both hear the first seconds of a stream of the judging half (which no
network was trained on, and no threshold chosen on), through the game's own loop, and keeps scores and words in ``RECORDED``.
``python -m tools.pictures`` draws that. The seconds are not picked: they are the stream's first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).resolve().parent / "side_by_side.json"
SECONDS = 24.0
CONDITION = "10 dB"
STREAM_SEED = 23
"""The evaluation's."""
ABOUT = "The same sound, heard twice: words in household noise 10 dB below them, by speakers new to both networks"
LEGEND = "lines: scores · dashed: threshold · arrow: detection · red cross: missed word · red arrow: false detection"
POINTS_A_SECOND = 25
"""Of the sound's outline: as many as there are hops."""

WIDTH, LEFT, RIGHT = 1180, 24, 24
SOUND, HEAD, ROW, GAP = 64, 46, 132, 26
TOP = 74
COLORS = {"up": "#5ad1ff", "down": "#ffc95c", "left": "#b79cff", "right": "#5be8ac"}
BACKGROUND, PANEL, FOREGROUND, FAINT, FALSE = "#0b1020", "#111831", "#dbe3f7", "#6c7693", "#ff8088"
ARROWS = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
FONT = "font-family='Fira Code, DejaVu Sans Mono, monospace'"


@dataclass(frozen=True, slots=True)
class Side:
    """What one recognizer made of the sound, as it is saved in the file."""

    name: str
    scores: dict[str, list[float]]
    """Smoothed scores by word, one a hop."""
    thresholds: list[float]
    """What a word had to reach, one a hop: running speech moves it."""
    words: list[tuple[float, str]]
    """When a word was detected, in s, and which."""


def draw(target: Path, recorded: Path = RECORDED) -> None:
    """Write the picture."""
    record = json.loads(recorded.read_text("utf-8"))
    sides = [Side(**{**side, "words": [tuple(word) for word in side["words"]]}) for side in record["sides"]]
    target.write_text(_svg(record, sides), "utf-8")


def _svg(record: dict[str, Any], sides: Sequence[Side]) -> str:
    seconds = float(record["seconds"])
    height = TOP + SOUND + 30 + len(sides) * (HEAD + ROW + GAP) + 14

    def across(time: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * time / seconds

    parts = [
        f"<svg viewBox='0 0 {WIDTH} {height}' xmlns='http://www.w3.org/2000/svg' {FONT}>",
        f"<title>{ABOUT}</title>",
        f"<rect width='{WIDTH}' height='{height}' rx='10' fill='{BACKGROUND}'/>",
        _text(LEFT, 30, ABOUT, FOREGROUND, 16),
        *_sound(record, across),
    ]
    top = TOP + SOUND + 30
    for side in sides:
        parts += _row(side, record["spoken"], top, across)
        top += HEAD + ROW + GAP
    parts.append(_text(LEFT, height - 14, LEGEND, FAINT, 13))
    return "\n".join([*parts, "</svg>\n"])


def _text(x: float, y: float, said: str, fill: str, size: int, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' fill='{fill}' font-size='{size}' {more}>{escape(said)}</text>"


def _sound(record: dict[str, Any], across: Callable[[float], float]) -> Iterator[str]:
    """The outline of the sound, with the directions that are said in it."""
    middle, outline = TOP + SOUND / 2, record["outline"]
    for word, begin, end in record["spoken"]:
        x, width = across(begin), across(end) - across(begin)
        yield f"<rect x='{x:.1f}' y='{TOP}' width='{width:.1f}' height='{SOUND}' rx='3' fill='{COLORS[word]}' opacity='0.28'/>"
        yield _text(x + width / 2, TOP - 8, word, COLORS[word], 15, "text-anchor='middle'")
    tips = [(across((index + 0.5) / POINTS_A_SECOND), value * SOUND / 2) for index, value in enumerate(outline)]
    points = [f"{x:.1f},{middle - y:.1f}" for x, y in tips] + [f"{x:.1f},{middle + y:.1f}" for x, y in reversed(tips)]
    yield f"<polygon points='{' '.join(points)}' fill='{FAINT}'/>"


def _row(side: Side, spoken: Sequence[Sequence[Any]], top: float, across: Callable[[float], float]) -> Iterator[str]:
    """One recognizer: its scores over time, and below the name what it gave out."""
    base, hops = top + HEAD + ROW, len(side.thresholds)

    def line(values: Sequence[float]) -> str:
        times = (across((index + 1) / POINTS_A_SECOND) for index in range(hops))
        return " ".join(f"{x:.1f},{base - ROW * value:.1f}" for x, value in zip(times, values, strict=True))

    yield _text(LEFT, top + 14, side.name, FOREGROUND, 15)
    yield f"<rect x='{LEFT}' y='{base - ROW}' width='{WIDTH - LEFT - RIGHT}' height='{ROW}' rx='4' fill='{PANEL}'/>"
    yield f"<polyline points='{line(side.thresholds)}' fill='none' stroke='{FAINT}' stroke-dasharray='3 4'/>"
    for word, values in side.scores.items():
        yield f"<polyline points='{line(values)}' fill='none' stroke='{COLORS[word]}' stroke-width='1.8'/>"
    for word, time, right in marked(side, spoken):
        color = COLORS[word] if right == "right" else FALSE
        said = "✗" if right == "missed" else ARROWS[word]
        yield _text(across(time), top + HEAD - 8, said, color, 22, "text-anchor='middle'")


def marked(side: Side, spoken: Sequence[Sequence[Any]]) -> list[tuple[str, float, str]]:
    """The words detected and the words missed, with their times: ``right``, ``missed`` or ``false``.

    A word counts as in an evaluation (``training.evaluate.measure``): begun before it was detected, and ended at most 0.75 s before.
    """
    from voicetrail.training.evaluate.measure import ANSWER_MAX_S

    free, out = [tuple(each) for each in spoken], list[tuple[str, float, str]]()
    for time, word in side.words:
        found = next((each for each in free if each[0] == word and each[1] < time <= each[2] + ANSWER_MAX_S), None)
        if found is not None:
            free.remove(found)
        out.append((word, time, "false" if found is None else "right"))
    out += [(word, (begin + end) / 2, "missed") for word, begin, end in free]
    return sorted(out, key=lambda each: each[1])


def record(arguments: argparse.Namespace) -> None:
    """Let both hear the stream, and keep what they made of it."""
    from voicetrail.events import SAMPLE_RATE
    from voicetrail.spotting.recognizer import load_recognizer
    from voicetrail.training.data.corpus import find_folders, load_corpus
    from voicetrail.training.evaluate.conditions import conditions
    from voicetrail.training.evaluate.measure import ANSWER_MAX_S

    corpus = load_corpus(
        find_folders(arguments.data, negatives=arguments.negatives, synthetic=arguments.synthetic),
        "validation",
        arguments.cache,
    )
    stream = next(make() for name, make in conditions(corpus, "judging", 180.0, STREAM_SEED) if name == CONDITION)
    # A word that could still be detected after the end is left out, and its sound with it.
    within = [word for word in stream.spoken if word.end / SAMPLE_RATE + ANSWER_MAX_S <= SECONDS]
    end = min(int(SECONDS * SAMPLE_RATE), stream.spoken[len(within)].begin - SAMPLE_RATE // 10)
    sound = stream.sound[:end]
    step = SAMPLE_RATE // POINTS_A_SECOND
    outline = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1)
    sides = [_heard(name, load_recognizer(path), sound) for name, path in zip(arguments.name, arguments.weights, strict=True)]
    made = {
        "seconds": end / SAMPLE_RATE,
        "outline": [round(float(value / outline.max()), 2) for value in outline],
        "spoken": [[word.word, round(word.begin / SAMPLE_RATE, 2), round(word.end / SAMPLE_RATE, 2)] for word in within],
        "sides": sides,
    }
    RECORDED.write_text(json.dumps(made, ensure_ascii=False) + "\n", "utf-8")


def _heard(name: str, recognizer: Any, sound: Any) -> dict[str, Any]:
    """What one recognizer made of the sound, as ``Side`` holds it."""
    from voicetrail.audio.blocks import BlockSource
    from voicetrail.events import SAMPLE_RATE, Scores, WordHeard
    from voicetrail.listening import Listener
    from voicetrail.spotting.detector import Detector
    from voicetrail.spotting.talk import raise_threshold

    settings, columns = recognizer.detector, {word: recognizer.labels.index(word) for word in COLORS}
    scores: dict[str, list[float]] = {word: [] for word in COLORS}
    thresholds, words = list[float](), list[tuple[float, str]]()
    for event in Listener(BlockSource([sound]), recognizer, Detector(recognizer.labels, settings)).events():
        if isinstance(event, Scores):
            thresholds.append(round(raise_threshold(settings.threshold_of("up"), event.talk_shift), 3))
            for word, column in columns.items():
                scores[word].append(round(event.smoothed[column], 2))
        elif isinstance(event, WordHeard):
            words.append((round(event.time / SAMPLE_RATE, 2), event.word))
    return {"name": name, "scores": scores, "thresholds": thresholds, "words": words}


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="python -m tools.side_by_side", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--negatives", type=Path, action="append", default=[])
    parser.add_argument("--synthetic", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--name", action="append", default=[], help="of each, in order")
    parser.add_argument("weights", type=Path, nargs="+")
    record(parser.parse_args())


if __name__ == "__main__":
    main()
