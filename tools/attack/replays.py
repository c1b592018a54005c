"""Runs mutated replays through the reader, every command and every export.

    python -m tools.attack.replays [COUNT] [SEED]

Each mutant is made at random from a session of one of the modes (or from a file that broke an earlier version), and goes through
`replay --check`, `--text`, `--json`, what if, `--suggest`, the list, and one export. There must be no traceback, an exit code of
0, 1 or 2, at most 2 s of processor time and 200 MB, no raw control character in the output, and no file written except for the
export.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tools.attack.memory import peak_mb
from voicetrail.cli import main
from voicetrail.events import SourceLost, WordHeard, WordRejected
from voicetrail.game import RoundSetup, inputs, make_rules
from voicetrail.replay.file.entries import Marker, RecognizerStarted, SettingChanged
from voicetrail.replay.file.writer import Hop, Sound
from voicetrail.replay.recorder import Recorder
from voicetrail.spotting.detector import DetectorSettings

LONGEST_S = 2.0
"""Most processor time of one command, in s."""
LARGEST_MB = 200
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that must not be sent to a terminal."""
LABELS = ("up", "down", "left", "right", "_unknown_", "_background_noise_")
HOP = 640
ENDINGS = ("cast", "gif", "png", "svg", "txt", "ans", "wav")
_EXTREMES: tuple[object, ...] = (
    *(0, -1, 1, 2**31, 2**53, 2**53 + 1, -(2**53), 10**30, 1e308, -1e308, 0.5, float("nan"), float("inf"), 1e-320),
    *("", "x", "up", "\x1b[2J", "\x1b]0;x\x07", "\u202e", "\x9b31m", "\ud800", "x" * 300, "y" * 100_000, "\x00", "\n"),
    *(
        None,
        True,
        False,
        [],
        {},
        [[]],
        [1, 2, 3],
        {"do": "clear"},
        {"do": "undo"},
        {"mode": "maze"},
        {"mode": "trace", "line": "r" * 9000},
    ),
)


@dataclass
class Outcome:
    """The results of an attack."""

    mutants: int = 0
    failures: list[str] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    """How often each command ended with each exit code."""
    slowest_s: float = 0.0
    largest_mb: float = 0.0

    def __str__(self) -> str:
        codes = ", ".join(f"{name} {count}" for name, count in sorted(self.codes.items()))
        return (
            f"{self.mutants} mutants, {len(self.failures)} failures, slowest {self.slowest_s:.2f} s,"
            f" at most {self.largest_mb:.0f} MB\n{codes}"
        )


def run(count: int, seed: int) -> Outcome:
    """Make ``count`` mutants, and try everything with each."""
    dice = random.Random(seed)
    outcome = Outcome()
    before_mb = peak_mb()
    with tempfile.TemporaryDirectory(prefix="attack-") as name:
        folder = Path(name)
        sources = make_sources(folder / "sources", seed)
        work = folder / "work"
        work.mkdir()
        environment = {key: str(folder / "home") for key in ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        (folder / "home").mkdir()
        with _environment(environment):
            for number in range(count):
                source = dice.choice(sources)
                path = work / "mutant.trail"
                path.write_bytes(mutated(source.read_bytes(), dice))
                sound = source.with_suffix(".flac")
                if sound.exists():
                    path.with_suffix(".flac").write_bytes(_mutated_sound(sound.read_bytes(), dice))
                _try_everything(path, dice, outcome, number)
                left = sorted(one.name for one in work.iterdir())
                if set(left) - {"mutant.trail", "mutant.flac"}:
                    outcome.failures.append(f"mutant {number}: left behind {left}")
                for one in work.iterdir():
                    one.unlink()
                outcome.mutants += 1
        if written := list((folder / "home").rglob("*")):
            outcome.failures.append(f"written elsewhere: {written}")
    # Exclude the memory of the attack itself and its imports.
    outcome.largest_mb = peak_mb() - before_mb
    if outcome.largest_mb > LARGEST_MB:
        outcome.failures.append(f"{outcome.largest_mb:.0f} MB")
    return outcome


def _try_everything(path: Path, dice: random.Random, outcome: Outcome, number: int) -> None:
    ending = dice.choice(ENDINGS)
    out = path.with_name(f"out.{ending}")
    options = {
        "cast": ["--cast-version", dice.choice("23"), *dice.choice(([], ["--speed", "0.01"], ["--idle", "1000"]))],
        "gif": dice.choice(([], ["--speed", "0.01", "--idle", "1000"], ["--speed", "1000"])),
        "svg": dice.choice(([], ["--animate"], ["--animate", "--speed", "0.01"])),
    }.get(ending, [])
    file = str(path)
    for arguments in (
        ["replay", file, "--check"],
        ["replay", file, "--text"],
        ["replay", file, "--json"],
        ["replay", file, "--threshold", "0.5", "--smoothing", "0.2"],
        ["replay", file, "--suggest"],
        ["replays", str(path.parent)],
        ["export", file, str(out), *options],
    ):
        said, began = io.StringIO(), time.process_time()
        name = " ".join(arguments[0:1] + [one for one in arguments[2:] if one.startswith("--")][:1] or [ending])
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = main(arguments)
        except (Exception, SystemExit):
            data = path.read_bytes()
            where = Path(tempfile.gettempdir()) / f"attack-failure-{number}.trail"
            where.write_bytes(data)
            outcome.failures.append(f"mutant {number} ({where}): {arguments}\n{traceback.format_exc()}")
            continue
        took = time.process_time() - began
        outcome.slowest_s = max(outcome.slowest_s, took)
        outcome.codes[f"{name}={code}"] += 1
        if code not in (0, 1, 2):
            outcome.failures.append(f"mutant {number}: {arguments} ended with {code}")
        if took > LONGEST_S:
            outcome.failures.append(f"mutant {number}: {arguments} took {took:.1f} s")
        if found := CONTROL.search(said.getvalue()):
            outcome.failures.append(f"mutant {number}: {arguments} printed {found[0]!r}")
        if arguments[0] == "export" and out.exists() and code:
            outcome.failures.append(f"mutant {number}: a failed export left {out.name}")
    out.unlink(missing_ok=True)


def make_sources(folder: Path, seed: int) -> list[Path]:
    """Make a short session of each mode; that of the sketch has scores and sound."""
    folder.mkdir(parents=True)
    paths = []
    for number, setup in enumerate(
        (
            RoundSetup("sketch", width=61, height=31),
            RoundSetup("sketch", movement="glide", glide_silence=0.0, width=61, height=31),
            RoundSetup("trace", level="square"),
            RoundSetup("maze", level="small", seed=seed),
            RoundSetup("snake", level="small", seed=seed),
            RoundSetup("echo", seed=seed),
        )
    ):
        path = folder / f"{setup.mode}-{number}.trail"
        _record(path, setup, random.Random(seed + number), sound=number == 0)
        paths.append(path)
    return paths


def _record(path: Path, setup: RoundSetup, dice: random.Random, *, sound: bool) -> None:
    game = make_rules(setup)
    recorder = Recorder(game)
    recorder.record(inputs.Move("up", "key"), 10)
    game.apply(inputs.Move("up", "key"), 10)
    recorder.start(100, datetime(2026, 5, 4, 13, 37, 5, tzinfo=UTC), path=path, sound=sound)
    recording = recorder._recording
    assert recording is not None
    settings = DetectorSettings(0.6, {"up": 0.7}, talk_shift=0.3)
    recording.put(RecognizerStarted(HOP, LABELS, HOP, "weights", "0" * 64, "source", settings), 100)
    noise = np.random.default_rng(0).normal(0, 0.05, HOP).astype(np.float32)
    for hop in range(2, 100):
        at_ms = 100 + 40 * hop
        row = [dice.randrange(30) for _ in LABELS]
        row[(hop // 20) % 4] += 900 if hop % 20 < 8 else 0
        recording.writer.put(Hop(at_ms - 100, hop * HOP, HOP, tuple(row)))
        if sound:
            recording.writer.put(Sound(at_ms - 100, hop * HOP, noise, True))
        if hop % 20 == 6:
            word = LABELS[(hop // 20) % 4]
            recording.put(WordHeard(hop * HOP, word, 0.9), at_ms)
            item = game.input_of(word)
            if item is not None:
                recorder.record(item, at_ms)
                game.apply(item, at_ms)
        if hop % 33 == 0:
            recording.put(WordRejected(hop * HOP, "left", 0.5, "threshold", 0.1), at_ms)
            recorder.record(Marker("here"), at_ms)
            recorder.record(SettingChanged("threshold", 0.5), at_ms)
            recording.put(SourceLost(hop * HOP, "gone"), at_ms)
            recorder.record(inputs.Undo(), at_ms)
            game.apply(inputs.Undo(), at_ms)
    recorder.stop(5000)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A file with something wrong, chosen by lot; sometimes with several things."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        data = dice.choice(_MUTATIONS)(data, dice) or b"\n"
    return data


def _flip_bits(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 20)):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _swap_lines(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _repeat_line(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    line = dice.randrange(len(lines))
    return b"\n".join([*lines[:line], *[lines[line]] * dice.randint(2, 200), *lines[line:]])


def _change_number(data: bytes, dice: random.Random) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data))
    if not found:
        return data
    numbers = [b"1e308", b"-1e308", b"NaN", b"Infinity", b"9" * 400, b"-1", b"0", b"1e9", b"604800"]
    absurd = dice.choice([*numbers, b"null", b'"x"', b"[]"])
    number = dice.choice(found)
    return data[: number.start()] + absurd + data[number.end() :]


def _change_value(data: bytes, dice: random.Random) -> bytes:
    """Put something extreme in the place of any value of a line."""
    lines = data.split(b"\n")
    place = 0 if dice.random() < 0.3 else dice.randrange(len(lines))
    try:
        value = json.loads(lines[place])
    except (ValueError, RecursionError):
        return data
    holders = list(_holders(value))
    if holders:
        holder, key = dice.choice(holders)
        holder[key] = dice.choice(_EXTREMES)
    lines[place] = json.dumps(value, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place inside of a value."""
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _holders(inner)


def _recode(data: bytes, dice: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(dice.choice(["utf-16", "utf-32", "utf-8-sig", "utf-7"]), "replace")


def _insert_bytes(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    new = b"\0" * dice.randint(1, 50) if dice.random() < 0.5 else bytes(dice.randrange(256) for _ in range(200))
    return data[:at] + new + data[at:]


def _insert_line(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    line = dice.choice(
        [
            b"[" * 5000 + b"1" + b"]" * 5000,
            b'[604800,"m",""]',
            b'[-86400,"m",""]',
            b'[0,"?",' + b"[]," * 3000 + b"1]",
            b'[0.1,"i",{"do":"set_mode","mode":"glide"}]\n[600000,"i",{"do":"step","direction":"up"}]\n[600000,"m",""]',
            b'[0,"i",{"do":"clear"}]\n[0,"i",{"do":"undo"}]' * 100,
            b'[0,"i",{"do":"set_background","text":"' + "█\\n".encode() * 3000 + b'"}]',
        ]
    )
    at = dice.randrange(len(lines) + 1)
    return b"\n".join([*lines[:at], line, *lines[at:]])


def _insert_controls(data: bytes, dice: random.Random) -> bytes:
    evil = dice.choice([r"\u001b[2J", r"\u009b31m", "‮", r"\ud800", "\\u001b]0;x\\u0007", "\u202e", "\x9b31m"])
    words = list(re.finditer(rb'"[a-z_ ]+"', data))
    if not words:
        return data
    word = dice.choice(words)
    return data[: word.start() + 1] + evil.encode() + data[word.start() + 1 :]


_MUTATIONS = (
    _flip_bits,
    _cut,
    _swap_lines,
    _repeat_line,
    _change_number,
    _change_value,
    _change_value,
    _change_value,
    _recode,
    _insert_bytes,
    _insert_line,
    _insert_controls,
)


def _mutated_sound(data: bytes, dice: random.Random) -> bytes:
    return dice.choice((lambda data, _: data, _flip_bits, _cut, _insert_bytes))(data, dice)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    found = run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 20260504)
    print(found)
    for failure in found.failures[:20]:
        print(failure)
    sys.exit(1 if found.failures else 0)
