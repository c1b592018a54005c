"""Exports: each is read back by a program that knows its kind, and shows the drawing."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import cairosvg
import numpy as np
import pyte
import pytest
import soundfile
from PIL import Image

from tests.disks import FULL, fill
from tests.replay.makers import Stage, record_spoken, sketch
from tools.attack.replays import make_sources
from voicetrail.errors import ReplayError, UsageError
from voicetrail.game import Clear, Input, Move, SetColor, SetMovement, SetPen, Sketch, Undo
from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS
from voicetrail.replay import drawing
from voicetrail.replay.export import ENDINGS, Options, export
from voicetrail.replay.export.lines import animation, final_lines
from voicetrail.replay.export.look import color_of
from voicetrail.replay.export.moments import FIT_MS, Pace
from voicetrail.replay.file.entries import Marker
from voicetrail.replay.file.reader import read
from voicetrail.replay.file.sound import read_sound
from voicetrail.replay.timeline import Timeline


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """A spoken session with sound, a marker, and something undone."""
    path = tmp_path_factory.mktemp("export") / "a.trail"
    stage = Stage()
    stage.start(path, sound=True)
    from tests.replay.makers import spoken

    for hop, _ in stage.listen(spoken(3, 300)):
        if hop == 120:
            stage.recorder.record(Marker("here\x1b[2J"), stage.session.now_ms)
        if hop in (200, 201):
            stage.session.do(Undo())
    stage.stop()
    return Timeline(read(path))


def cast_lines(path: Path) -> tuple[dict[str, object], list[tuple[float, str, str]]]:
    header, *lines = path.read_text().splitlines()
    return json.loads(header), [tuple(json.loads(line)) for line in lines]


@pytest.mark.parametrize("version", [2, 3])
def test_a_cast_plays_to_the_final_screen(timeline: Timeline, tmp_path: Path, version: int) -> None:
    out = tmp_path / "a.cast"
    export(timeline, out, Options(cast_version=version))
    header, events = cast_lines(out)
    assert header["version"] == version
    if version == 3:
        assert header["term"] == {"cols": 80, "rows": 24, "type": "xterm-256color"}
        assert events[-1][1:] == ("x", "0")
        total = sum(time for time, _, _ in events)
        assert all(time >= 0 for time, _, _ in events)
    else:
        assert (header["width"], header["height"]) == (80, 24)
        times = [time for time, _, _ in events]
        assert times == sorted(times)
        total = times[-1]
    assert total == pytest.approx(timeline.duration_ms / 1000, abs=0.1)
    assert {code for _, code, _ in events} <= {"o", "m", "x"}
    assert [data for _, code, data in events if code == "m"] == ["here\N{REPLACEMENT CHARACTER}[2J"]
    screen = pyte.Screen(80, 24)
    stream = pyte.Stream(screen)
    for _, code, data in events:
        if code == "o":
            stream.feed(data)
    shown = "\n".join(screen.display)
    for row in BOX_GLYPHS.rows(sketch(timeline.final).trail):
        assert row in shown
    assert f"{sketch(timeline.final).tally.strokes} strokes" in screen.display[-1]


def test_cast_supports_speed_and_pause_limit(timeline: Timeline, tmp_path: Path) -> None:
    export(timeline, tmp_path / "a.cast", Options(speed=4.0, plain=True))
    _, events = cast_lines(tmp_path / "a.cast")
    assert sum(time for time, _, _ in events) == pytest.approx(timeline.duration_ms / 4000, abs=0.1)
    assert all(data.isascii() for _, code, data in events if code == "o")
    with pytest.raises(UsageError, match="size"):
        export(timeline, tmp_path / "b.cast", Options(columns=10))
    assert not (tmp_path / "b.cast").exists()


def near(pixel: tuple[int, ...], color: str) -> bool:
    return sum(abs(one - int(color[at : at + 2], 16)) for one, at in zip(pixel, (1, 3, 5), strict=False)) < 60


def test_png_and_svg_show_every_line(timeline: Timeline, tmp_path: Path) -> None:
    export(timeline, tmp_path / "a.png")
    for animate in (False, True):
        export(timeline, tmp_path / f"{animate}.svg", Options(animate=animate))
        root = ElementTree.parse(tmp_path / f"{animate}.svg").getroot()
        assert root.tag.endswith("svg")
        # Where nothing moves, the animated one shows the end too.
        picture = cairosvg.svg2png(url=str(tmp_path / f"{animate}.svg"))
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        left, top = [float(value) for value in root.get("viewBox", "").split()[:2]]
        for line in final_lines(timeline.final):
            x = (line.start[0] + line.end[0] + 1) / 2 * 10 - left
            y = (line.start[1] + line.end[1] + 1) / 2 * 20 - top
            assert near(image.getpixel((int(x), int(y))), "#6fd38b") or near(image.getpixel((int(x), int(y))), "#f2c14e")  # type: ignore[arg-type]
    with Image.open(tmp_path / "a.png") as image:
        colors = {pixel for _, pixel in image.convert("RGB").getcolors(1 << 20) or []}
        assert (0x6F, 0xD3, 0x8B) in colors
        assert (0xF2, 0xC1, 0x4E) in colors


def test_the_animated_svg_draws_in_order(timeline: Timeline, tmp_path: Path) -> None:
    export(timeline, tmp_path / "a.svg", Options(animate=True))
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    begins = [float((one.get("begin") or "").rstrip("s")) for one in root.iter() if one.tag.endswith("}animate")]
    assert len(begins) == len(animation(timeline).lines)
    assert begins == sorted(begins)
    undone = [one for one in root.iter() if one.get("visibility") == "hidden"]
    assert undone


def test_a_gif_shows_the_session(timeline: Timeline, tmp_path: Path) -> None:
    parts: list[float] = []
    export(timeline, tmp_path / "a.gif", progress=parts.append)
    with Image.open(tmp_path / "a.gif") as image:
        assert getattr(image, "n_frames", 1) >= sketch(timeline.final).tally.strokes
        sizes = []
        for frame in range(getattr(image, "n_frames", 1)):
            image.seek(frame)
            pixels = np.asarray(image.convert("RGB")).astype(int)
            green = (pixels[:, :, 1] > 150) & (pixels[:, :, 0] < 150)
            sizes.append(int(green.sum()))
    # Something is drawn, some of it is taken back, and more is drawn.
    assert sizes[0] < 100 < min(max(sizes[:3]), sizes[-1])
    assert min(sizes[3:]) < 100
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_text_and_ansi(timeline: Timeline, tmp_path: Path) -> None:
    export(timeline, tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text().splitlines() == BOX_GLYPHS.rows(sketch(timeline.final).trail)
    export(timeline, tmp_path / "b.txt", Options(plain=True))
    assert (tmp_path / "b.txt").read_text().splitlines() == ASCII_GLYPHS.rows(sketch(timeline.final).trail)
    export(timeline, tmp_path / "a.ans")
    screen = pyte.Screen(80, 24)
    pyte.Stream(screen).feed((tmp_path / "a.ans").read_text().replace("\n", "\r\n"))
    assert [row.rstrip() for row in screen.display if row.strip()] == BOX_GLYPHS.rows(sketch(timeline.final).trail)
    assert any(cell.fg == "green" for row in screen.buffer.values() for cell in row.values())


def test_the_sound(timeline: Timeline, tmp_path: Path) -> None:
    export(timeline, tmp_path / "a.wav")
    samples, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate == 16_000
    assert timeline.replay.sound is not None
    assert np.array_equal(samples, read_sound(timeline.replay.sound))


@pytest.mark.parametrize("ending", [".wav", ".txt"])
def test_a_full_disk_is_said_to_be_full(timeline: Timeline, disk: Path, ending: str) -> None:
    fill(disk, leave_kb=0)
    with pytest.raises(ReplayError, match=FULL):
        export(timeline, disk / f"a{ending}")
    assert [path.name for path in disk.iterdir()] == ["filler"]


def test_a_session_without_sound_says_so(tmp_path: Path) -> None:
    record_spoken(tmp_path / "b.trail", hops=10)
    with pytest.raises(ReplayError, match="record-audio"):
        export(Timeline(read(tmp_path / "b.trail")), tmp_path / "b.wav")
    assert not (tmp_path / "b.wav").exists()


def test_existing_files_are_not_overwritten(timeline: Timeline, tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    out.write_text("precious")
    with pytest.raises(ReplayError, match="--force"):
        export(timeline, out)
    assert out.read_text() == "precious"
    export(timeline, out, force=True)
    assert out.read_text() != "precious"
    with pytest.raises(UsageError, match="end in one of"):
        export(timeline, tmp_path / "a.mp4")
    with pytest.raises(ReplayError, match="cannot write"):
        export(timeline, tmp_path / "no" / "a.txt")


def test_without_pillow_the_command_to_install_it_is_named(
    timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_module("voicetrail.replay.export.raster")  # our own module is there; only Pillow is not
    for name in [name for name in sys.modules if name.split(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    for name in ("a.gif", "a.png"):
        with pytest.raises(ReplayError, match="-m pip install pillow"):
            export(timeline, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_an_empty_session_can_be_exported(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    stage.stop()
    timeline = Timeline(read(tmp_path / "a.trail"))
    for ending in ENDINGS:
        if ending != ".wav":
            for animate in (False, True):
                export(timeline, tmp_path / f"a{ending}", Options(animate=animate), force=True)


def test_lines_of_an_animation_are_the_drawing_at_every_moment(tmp_path: Path) -> None:
    stage = Stage(Sketch(61, 31))
    stage.start(tmp_path / "a.trail")
    script: list[Input] = [
        Move("up"),
        Move("left"),
        Move("down"),
        Undo(),
        Clear(),
        Move("right"),
        Undo(),
        Undo(),
        Move("up"),
        SetMovement("glide"),
    ]
    for number, item in enumerate([*script, Move("left"), Move("down")]):
        stage.do(item, 1000 * number)
    stage.at(20_000)
    stage.stop()
    timeline = Timeline(read(tmp_path / "a.trail"))
    whole = animation(timeline)
    for at_ms in range(0, 20_000, 1000):
        there = [line for line in whole.lines if line.on_ms <= at_ms and (line.off_ms is None or line.off_ms > at_ms)]
        covered = {cell for line in there for cell in cells_of(line.start, line.end)}
        assert covered == set(sketch(timeline.game_at(at_ms)).trail.cells), at_ms


def cells_of(start: tuple[float, float], end: tuple[float, float]) -> set[tuple[int, int]]:
    xs, ys = sorted((int(start[0]), int(end[0]))), sorted((int(start[1]), int(end[1])))
    return {(x, y) for x in range(xs[0], xs[1] + 1) for y in range(ys[0], ys[1] + 1)}


def test_a_long_session_fits_into_half_a_minute() -> None:
    pace = Pace.of(range(0, 3_600_000, 700), speed=None, idle_ms=1000)
    assert pace.shown[-1] == pytest.approx(FIT_MS)
    assert Pace.of([0, 500, 90_000], speed=1.0, idle_ms=1000).shown == (0.0, 500.0, 1500.0)


CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("name", ["long_pause", "suspended_a_minute"])
@pytest.mark.parametrize("ending", [".cast", ".gif", ".svg", ".png", ".txt", ".ans"])
def test_a_pause_of_years_costs_nothing(tmp_path: Path, name: str, ending: str) -> None:
    out, began = tmp_path / f"a{ending}", time.process_time()
    export(Timeline(read(CASES / f"{name}.trail")), out, Options(animate=True))
    assert out.stat().st_size < 100_000
    assert time.process_time() - began < 20
    if ending == ".cast":
        _, events = cast_lines(out)
        assert sum(at for at, _, _ in events) <= 10 * len(events)


def test_an_animation_is_as_long_as_its_format_can_say(tmp_path: Path) -> None:
    """A picture's time in a gif is a field of 16 bits: eleven minutes would begin again at nothing."""
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    for number in range(20):
        stage.do(Move("up" if number % 2 else "right", "key"), 30_000 * number)
    stage.at(600_000)
    stage.stop()
    timeline = Timeline(read(tmp_path / "a.trail"))
    for options in (Options(speed=0.01, idle=1000.0), Options(speed=0.5, idle=1000.0)):
        with pytest.raises(ReplayError, match="choose a higher --speed or a shorter --idle"):
            export(timeline, tmp_path / "a.gif", options)
        assert not (tmp_path / "a.gif").exists()
    export(timeline, tmp_path / "a.gif", Options(speed=1.0, idle=25.0))
    with Image.open(tmp_path / "a.gif") as image:
        total = 0
        for frame in range(getattr(image, "n_frames", 1)):
            image.seek(frame)
            total += image.info["duration"]
    assert total == pytest.approx(19 * 25_000 + 2000, rel=0.02)
    with pytest.raises(ReplayError, match="minutes long"):
        export(timeline, tmp_path / "a.cast", Options(speed=0.001, idle=1e6))


def test_too_much_for_an_animation_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_spoken(tmp_path / "a.trail", hops=200)
    timeline = Timeline(read(tmp_path / "a.trail"))
    monkeypatch.setattr("voicetrail.replay.export.moments.MOMENTS_MAX", 3)
    for ending in (".gif", ".cast", ".svg"):
        with pytest.raises(ReplayError, match="too much happens"):
            export(timeline, tmp_path / f"a{ending}", Options(animate=True))
        assert not (tmp_path / f"a{ending}").exists()
    export(timeline, tmp_path / "a.png")


def test_only_regular_files_are_written_over(timeline: Timeline, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "pipe.txt")
    for name, says in (("pipe.txt", "not a regular file"), ("folder.txt", "a folder"), ("link.txt", "not a regular file")):
        with pytest.raises(ReplayError, match=says):
            export(timeline, tmp_path / name, force=True)
    (tmp_path / "mine.txt").write_text("old")
    (tmp_path / "alias.txt").symlink_to(tmp_path / "mine.txt")
    export(timeline, tmp_path / "alias.txt", force=True)
    assert (tmp_path / "alias.txt").is_symlink()
    assert (tmp_path / "mine.txt").read_text() != "old"


def test_a_failure_leaves_the_old_file(timeline: Timeline, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("precious")
    broken = Timeline(replace(timeline.replay, path=tmp_path / "without sound.trail"))
    with pytest.raises(ReplayError, match="no sound"):
        export(broken, tmp_path / "a.wav", force=True)
    assert (tmp_path / "a.wav").read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("mode", ["trace-2", "maze-3", "snake-4", "echo-5"])
def test_every_mode_is_exported(sessions: Path, tmp_path: Path, mode: str) -> None:
    timeline = Timeline(read(sessions / f"{mode}.trail"))
    game = timeline.final
    for ending in ENDINGS:
        if ending != ".wav":
            export(timeline, tmp_path / f"a{ending}")
    shown = drawing.rows(game)
    assert (tmp_path / "a.txt").read_text().splitlines() == shown
    assert any(set("♦●⌂·│") & set(row) for row in shown)
    _, events = cast_lines(tmp_path / "a.cast")
    screen = pyte.Screen(80, 24)
    stream = pyte.Stream(screen)
    for _, code, data in events:
        if code == "o":
            stream.feed(data)
    text = "\n".join(screen.display)
    assert all(row in text for row in shown)
    assert game.status in screen.display[-1]
    # Each role has its color in the picture, and the moving svg draws as many cells as there are.
    colors = {color_of(game.mark_at(cell)) for cell in game.marked()}
    with Image.open(tmp_path / "a.png") as image:
        found = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in image.convert("RGB").getcolors(1 << 24) or []}  # type: ignore[misc]
    assert colors <= found
    export(timeline, tmp_path / "b.svg", Options(animate=True))
    for name in ("a.svg", "b.svg"):
        picture = Image.open(io.BytesIO(cairosvg.svg2png(url=str(tmp_path / name)))).convert("RGB")
        painted = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in picture.getcolors(1 << 24) or []}  # type: ignore[misc]
        assert colors <= painted


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of each mode."""
    folder = tmp_path_factory.mktemp("modes") / "sessions"
    make_sources(folder, 3)
    return folder


def test_the_ink_of_a_drawing_is_in_every_export(tmp_path: Path) -> None:
    stage = Stage()
    stage.start(tmp_path / "a.trail")
    items: list[Input] = [SetColor("red"), SetPen("heavy"), Move("right", "key"), SetColor("blue"), Move("down", "key")]
    for number, item in enumerate(items):
        stage.do(item, number * 1000)
    stage.at(6000)
    stage.stop()
    timeline = Timeline(read(tmp_path / "a.trail"))
    export(timeline, tmp_path / "a.ans")
    assert {"31m", "34m"} <= {part.split("m")[0] + "m" for part in (tmp_path / "a.ans").read_text().split("\x1b[")[1:]}
    export(timeline, tmp_path / "a.txt")
    assert "━" in (tmp_path / "a.txt").read_text()
    export(timeline, tmp_path / "a.svg")
    assert {"#e0616b", "#6aa3ec"} <= set(re.findall("#[0-9a-f]{6}", (tmp_path / "a.svg").read_text()))
