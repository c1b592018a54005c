"""Mutated settings, state, profile and preset files through everything that reads or changes them.

    python -m tools.attack settings --count 5000 --seed 1

Each mutant must pass these checks: no traceback; exit code 0 or 2; at most two seconds of processor time; no control characters in
the output; listing changes and renames no file; a change either leaves a readable file that contains it, or the original file; the
game starts, and the next start reads the settings that it saved.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import socket
import tempfile
import time
import tomllib
import traceback
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.attack.memory import peak_mb
from voicetrail.cli import main
from voicetrail.settings import SETTINGS, load_settings
from voicetrail.text import UNSAFE

LONGEST_S = 2.0
"""Processor time of one command."""
LARGEST_MB = 200
"""Memory that all mutants together may add."""
PLACES = ("config/settings.toml", "config/profiles/ann.toml", "state/state.toml", "config/presets/mine.toml")
SEEDS = (
    b"",
    b"# mine\nstep = 3   # cells\nmovement = 'glide'\n\n[thresholds]\nleft = 0.5\n\n[keys]\nundo = ['z', 'Ctrl-Z']\n",
    b'threshold = 0.7\r\nmargin = 0.2\r\nthresholds = {up = 0.4, "turn left" = 0.6}\r\n',
    b"\xef\xbb\xbfpreset = 'mine'\nweights = ''\ndevice = 'USB'\n",
    b"mode = 'glide'\nglide_speed = 9\ngain = 'auto'\nrecord = true\n",
    b"margin = 0.3\nrefractory = 0.5\nsmoothing = 'shipped'\n",
)
TOKENS = (
    *(
        b"0x" + b"f" * 5000,
        b"9" * 5000,
        b"9223372036854775808",
        b"-0",
        b"nan",
        b"inf",
        b"1e400",
        b"1979-05-27T07:32:00Z",
        b"true",
    ),
    *(b"[" * 3000, b"[[a]]\n", b"{" * 200, b"a." * 2000 + b"b = 1\n", b"[a.b.c.d.e.f.g.h.i.j]\n", b"x = {a = {a = {a = 1}}}\n"),
    *(
        b'"\\u001b[2J"',
        b'"\\u202e"',
        b"'\x1b]0;x\x07'",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xc2\x9b31m",
        b"\r",
        b"\n",
        b"=",
        b'"""',
        b"#",
    ),
    *(
        b"step = 3\n",
        b"step.left = 1\n",
        b"thresholds.'' = 0.5\n",
        b"thresholds = 0.84\n",
        b"keys = 3\n",
        b"[keys]\nquit = ['nonsense']\n",
    ),
    *(
        b"[keys]\nundo = {a = 1}\n",
        b"preset = '../../etc/passwd'\n",
        b"source = '" + b"x" * 2000 + b"'\n",
        b"weights = 'abc'\n",
    ),
)
SPECIAL = ("fifo", "socket", "folder", "loop", "dangling", "device", "hard link", "huge")


@dataclass
class Outcome:
    """The result of an attack."""

    mutants: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    grown_mb: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.mutants} settings files, {len(self.failures)} failures, the slowest command took {self.slowest_s:.2f} s, "
            f"memory grew by {self.grown_mb:.0f} MB"
        )


def run(count: int = 5000, seed: int = 1) -> Outcome:
    """Attack with ``count`` mutants; the same seed makes the same mutants."""
    rng, outcome = random.Random(seed), Outcome()
    before_mb = peak_mb()
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder, _environment(Path(folder)):
            place = rng.choice(PLACES)
            path = Path(folder, place)
            path.parent.mkdir(parents=True)
            label = f"mutant {number} ({place}, seed {seed})"
            with contextlib.ExitStack() as stack:
                if rng.random() < 0.06:
                    label += f": a {_special(path, rng, stack)}"
                else:
                    path.write_bytes(_mutant(rng))
                for name, attempt in (("list", _list), ("set", _set), ("play", _play)):
                    start = time.process_time()
                    try:
                        attempt(path, place)
                    except Exception:
                        outcome.failures.append(f"{label}: {name}: {traceback.format_exc(limit=-4)}")
                    took = time.process_time() - start
                    outcome.slowest_s = max(outcome.slowest_s, took)
                    if took > LONGEST_S:
                        outcome.failures.append(f"{label}: {name} took {took:.1f} s")
        outcome.mutants += 1
    outcome.grown_mb = peak_mb() - before_mb
    if outcome.grown_mb > LARGEST_MB:
        outcome.failures.append(f"memory grew by {outcome.grown_mb:.0f} MB")
    return outcome


def _mutant(rng: random.Random) -> bytes:
    """A mutant of a valid file: with changed, missing and doubled bytes, and inserted pieces that are hard to parse."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(300))
    data = bytearray(rng.choice(SEEDS))
    if rng.random() < 0.3:
        name = rng.choice([*SETTINGS, "mode", "keys", "fly", "thresholds.left", '"\\u001b"'])
        data += b"\n" + name.encode() + b" = " + rng.choice(TOKENS) + b"\n"
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0 if data:
                data[at % len(data)] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randrange(20)]
            case 2:
                data[at:at] = data[at // 2 : at]
            case 3:
                data[at:at] = rng.choice(TOKENS)
            case _:
                data[at:at] = b"\n" + rng.choice(TOKENS) + b"\n"
    return bytes(data)


def _special(path: Path, rng: random.Random, stack: contextlib.ExitStack) -> str:
    """Replace the file by something that is not a regular file; return its kind."""
    kind = rng.choice(SPECIAL)
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(str(path))
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "dangling":
            path.symlink_to(path.with_name("nowhere.toml"))
        case "device":
            path.symlink_to("/dev/zero")
        case "hard link":
            path.with_name("other.toml").write_text("step = 3\n")
            path.hardlink_to(path.with_name("other.toml"))
        case "huge":
            path.write_bytes(b"# " + b"x" * 5_000_000)
    return kind


def _list(path: Path, place: str) -> None:
    """Check that listing prints every setting and changes nothing."""
    root = path.parents[place.count("/")]
    before = _contents(root)
    profile = ["--profile", "ann"] if "profiles" in place else []
    code, out = _command("settings", *profile)
    assert code == 0, f"code {code}: {out}"
    code, out = _command("settings", "--json", *profile)
    assert code == 0, f"code {code}: {out}"
    assert len(json.loads(out)["settings"]) == len(SETTINGS)
    assert _contents(root) == before, "listing changed a file"


def _set(path: Path, place: str) -> None:
    """Check that a change is in the file, or that the file is unchanged."""
    profile = ["--profile", "ann"] if "profiles" in place else []
    before = _content(path)
    code, out = _command("settings", "set", "step", "7", *profile)
    assert code in (0, 2), f"code {code}: {out}"
    written = (
        path if "settings" in place or "profiles" in place else path.parents[place.count("/")] / "config" / "settings.toml"
    )
    if code == 0:
        assert tomllib.loads(written.read_text("utf-8-sig"))["step"] == 7
    elif written == path:
        assert _content(path) == before, "a refused change changed the file"


def _play(path: Path, place: str) -> None:
    """Check that the game starts with any files, and that the next start reads what it saved."""
    profile = "ann" if "profiles" in place else None
    settings = load_settings(profile=profile, background=True)
    problems: list[str] = []
    settings.writer.on_problem = problems.append
    settings.step("step", 1)
    settings.set("preset", "fast")
    settings.save_preset("other")
    settings.close()
    again = load_settings(profile=profile)
    assert problems or again.values == settings.values, f"{again.values} is not {settings.values}"
    for notice in (*settings.notices, *again.notices, *problems):
        assert "\x1b" not in notice.replace(str(path), "")


def _command(*arguments: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    printed = out.getvalue() + err.getvalue()
    unsafe = {character for character in printed if character != "\n" and unicodedata.category(character) in UNSAFE}
    assert not unsafe, f"printed {unsafe}"
    assert "Traceback" not in printed
    return code, out.getvalue() or err.getvalue()


def _contents(root: Path) -> dict[str, object]:
    return {str(path): _content(path) for path in sorted(root.rglob("*")) if not path.name.endswith(".lock")}


def _content(path: Path) -> object:
    """What is at a path, without blocking (a FIFO would block)."""
    try:
        found = path.lstat()
        return path.read_bytes() if path.is_file() else (found.st_mode, found.st_ino)
    except OSError as error:
        return type(error).__name__


@contextlib.contextmanager
def _environment(folder: Path) -> Iterator[None]:
    own = {"VOICETRAIL_CONFIG_DIR": str(folder / "config"), "VOICETRAIL_STATE_DIR": str(folder / "state")}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
