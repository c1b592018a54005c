from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from voicetrail.errors import ReplayError, UsageError
from voicetrail.game import Move, Redo, RoundSetup, SetMovement, SetPen, Sketch, Undo
from voicetrail.play.context import SessionContext
from voicetrail.play.drawings import begin_requested, drawings_note, list_drawings, read_background
from voicetrail.replay.file.reader import read
from voicetrail.replay.timeline import Timeline
from voicetrail.settings import load_settings


class Clock:
    now = 100.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "voicetrail" / "replays"


@pytest.fixture
def session(tmp_path: Path, folder: Path) -> Callable[[], SessionContext]:
    env = {"VOICETRAIL_CONFIG_DIR": str(tmp_path / "config"), "VOICETRAIL_STATE_DIR": str(tmp_path / "state")}
    return lambda: SessionContext(load_settings({}, env=env), clock=Clock())


def drawn(context: SessionContext) -> Sketch:
    assert context.round is not None
    assert isinstance(context.round.rules, Sketch)
    return context.round.rules


def test_a_drawing_continues_where_it_was_left_with_its_undo_history(
    session: Callable[[], SessionContext], folder: Path
) -> None:
    castle = RoundSetup("sketch", "my castle")
    context = session()
    current = begin_requested(context, castle)
    for item in (Move("up"), SetPen("double"), Move("right"), Undo()):
        current.do(item)
    before = current.rules.checksum()
    (line,) = context.close()
    assert line == "the drawing is saved; to continue it, run: voicetrail play sketch 'my castle'"
    context = session()
    current = begin_requested(context, castle)
    assert drawn(context).checksum() == before
    assert not drawn(context).ended
    current.do(Redo())
    assert drawn(context).mark_at(drawn(context).pen.cell).ink.pen == "double"
    current.do(Move("down", "key"))
    after = drawn(context).checksum()
    context.close()
    context = session()
    begin_requested(context, castle)
    assert drawn(context).checksum() == after
    timeline = Timeline(read(folder / "my castle.trail"))
    assert timeline.differences == []
    assert timeline.final.checksum() == after
    assert [file.name for file in folder.iterdir()] == ["my castle.trail"]


def test_an_unfinished_glide_stops_where_it_was(session: Callable[[], SessionContext]) -> None:
    context = session()
    current = begin_requested(context, RoundSetup("sketch", "line"))
    current.do(SetMovement("glide"))
    current.do(Move("right"))
    current.tick()
    context.close()
    left = drawn(context)
    context = session()
    begin_requested(context, RoundSetup("sketch", "line"))
    assert drawn(context).checksum() == left.checksum()
    assert not drawn(context).moving


def test_a_named_drawing_is_saved_even_if_it_is_recorded(session: Callable[[], SessionContext], folder: Path) -> None:
    context = session()
    current = begin_requested(context, RoundSetup("sketch", "house"))
    current.do(Move("up"))
    context.recording.start(current.now_ms)
    current.do(Move("up"))
    context.close()
    assert len(list(folder.glob("*.trail"))) == 2
    context = session()
    begin_requested(context, RoundSetup("sketch", "house"))
    assert drawn(context).tally.strokes == 2


def test_a_damaged_drawing_is_refused_and_not_overwritten(session: Callable[[], SessionContext], folder: Path) -> None:
    context = session()
    begin_requested(context, RoundSetup("sketch", "house")).do(Move("up"))
    context.close()
    path = folder / "house.trail"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(ReplayError, match=r"house\.trail: "):
        begin_requested(session(), RoundSetup("sketch", "house"))
    assert path.read_bytes() == content[: len(content) * 2 // 3]
    for name in ("../x", ".x", "a/b", "a\x1b"):
        with pytest.raises(UsageError):
            begin_requested(session(), RoundSetup("sketch", name))


def test_a_text_file_becomes_a_background(session: Callable[[], SessionContext], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("╭─╮\n╰─╯\n")
    context = session()
    begin_requested(context, RoundSetup("sketch"), read_background(tmp_path / "a.txt"))
    assert len(drawn(context).trail.background) == 6
    for content, why in ((b"\xff\xfe", "not UTF-8"), (b" \n", "nothing to draw over"), (b"x" * 20_000, "longer than 16000")):
        (tmp_path / "b.txt").write_bytes(content)
        with pytest.raises(UsageError, match=why):
            read_background(tmp_path / "b.txt")
    with pytest.raises(UsageError, match="cannot read"):
        read_background(tmp_path / "none.txt")


def test_what_can_be_gone_on_with_is_listed_by_name_and_recordings_are_not(
    session: Callable[[], SessionContext], folder: Path
) -> None:
    assert list_drawings() == []
    for setup in (RoundSetup("sketch"), RoundSetup("sketch", "house"), RoundSetup("sketch", "my castle")):
        context = session()
        begin_requested(context, setup).do(Move("up"))
        context.close()
        # Begun a minute before, so that which is the newest does not depend on how fast the test is.
        for file in folder.iterdir():
            header = json.loads((lines := file.read_text().splitlines(keepends=True))[0])
            earlier = datetime.fromisoformat(header["date"]) - timedelta(minutes=1)
            file.write_text("".join([json.dumps({**header, "date": earlier.isoformat()}) + "\n", *lines[1:]]))
    shutil.copy(folder / "house.trail", folder / "2026-11-26-021500.trail")
    (folder / "broken.trail").write_text("no drawing")
    (folder / ".castle.new.trail").write_text("half written")
    drawings = list_drawings()
    assert [drawing.name for drawing in drawings] == ["my castle", "house", "last-drawing"]
    assert drawings_note(drawings) == "2 drawings"
    assert drawings_note(drawings[2:]) == ""
