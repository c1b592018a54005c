"""The player in the terminal, and the list of kept sessions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from textual.widgets import Input, OptionList, Static

from tests.clocks import Clock
from tests.replay.makers import record_spoken, sketch
from tests.ui.stage import make_context, make_settings
from voicetrail.events import WordHeard
from voicetrail.game.glyphs import BOX_GLYPHS
from voicetrail.play.listening.replay_spectrum import ReplaySpectrum
from voicetrail.replay.file.entries import Entry, Marker
from voicetrail.replay.file.format import write_entry
from voicetrail.replay.file.reader import Replay, read
from voicetrail.replay.timeline import Timeline
from voicetrail.ui.app import TrailApp
from voicetrail.ui.screens.replay import ReplayScreen
from voicetrail.ui.widgets.keybar import KeyBar


def recorded(tmp_path: Path, marker_ms: int | None = None) -> Replay:
    path = tmp_path / "a.trail"
    record_spoken(path, seed=3, hops=600)
    if marker_ms is not None:
        header, *rest = path.read_text().splitlines()
        # The line's time is since the one before, and the next one goes on from there.
        line = write_entry(Entry(marker_ms, Marker("here")), 0)[0]
        back = f'[{-marker_ms / 1000},"v",["x",1]]'
        path.write_text("\n".join([header, line, back, *rest]) + "\n")
    return read(path)


def drawn(screen: ReplayScreen) -> list[str]:
    """The canvas, cut to what is drawn."""
    rows = [row for row in screen.board.canvas.text_rows if row.strip()]
    indent = min(len(row) - len(row.lstrip()) for row in rows)
    return [row[indent:].rstrip() for row in rows]


async def test_it_plays_in_real_time_to_the_same_drawing(tmp_path: Path) -> None:
    recording, clock = recorded(tmp_path), Clock()
    screen = ReplayScreen(recording, clock)
    app = TrailApp(lambda: screen)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert screen.position.text_rows[0].startswith(" playing 0:00")
        for _ in range(100):
            clock.now += 0.25
            screen._let_play()
        await pilot.pause()
        assert screen.player.at_end
        assert "paused  0:24" in screen.position.text_rows[0]
        timeline = Timeline(recording)
        assert drawn(screen) == BOX_GLYPHS.rows(sketch(timeline.final).trail)
        tally = sketch(timeline.final).tally
        assert tally.words > 5
        assert screen.message.text_rows[0].endswith(f"{tally.strokes} strokes, length {tally.length}")
        last = timeline.detected[-1].item
        assert f" {last.word} " in screen.board.words.text_rows[0]  # type: ignore[union-attr]


@pytest.mark.parametrize("width", [60, 80, 100])
async def test_the_footer_ends_with_help_and_leave_in_full(tmp_path: Path, width: int) -> None:
    screen = ReplayScreen(recorded(tmp_path), Clock())
    async with TrailApp(lambda: screen).run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        (row,) = screen.query_one(KeyBar).text_rows
        assert len(row) <= width
        assert row.endswith("? Help  q Leave")


async def test_every_key(tmp_path: Path) -> None:
    recording, clock = recorded(tmp_path, marker_ms=9000), Clock()
    screen = ReplayScreen(recording, clock)
    app = TrailApp(lambda: screen)
    player = screen.player
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("space")
        assert player.playing is False
        await pilot.press("right", "right")
        assert player.position_ms == 10_000
        await pilot.press("left")
        assert player.position_ms == 5000
        await pilot.press(".")
        after = player.position_ms
        assert after == min(stop for stop in screen.timeline.stops if stop > 5000)
        await pilot.press(".", "comma")
        assert player.position_ms == after
        speeds = []
        for key in ("-", "-", "-", "+", "1", "2", "3", "4", "5", "+"):
            await pilot.press(key)
            speeds.append(player.speed)
        assert speeds == [0.5, 0.25, 0.25, 0.5, 1, 2, 4, 8, 16, 16]
        await pilot.press("end")
        assert player.at_end
        assert drawn(screen) == BOX_GLYPHS.rows(sketch(screen.timeline.final).trail)
        await pilot.press("home")
        assert player.position_ms == 0
        assert drawn(screen) == ["●"]
        await pilot.press("m")
        assert player.position_ms == 9000
        assert "┃" in screen.position.text_rows[0] or "●" in screen.position.text_rows[0]
        await pilot.press("end", "space")
        assert (player.playing, player.position_ms) == (True, 0)
        await pilot.press("q")
    assert app.return_code == 0


async def test_a_click_on_the_bar_goes_there(tmp_path: Path) -> None:
    screen = ReplayScreen(recorded(tmp_path), Clock())
    app = TrailApp(lambda: screen)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.click("#position", offset=(50, 0))
        assert 8000 < screen.player.position_ms < 16_000


async def test_bars_and_ticks_are_those_of_the_current_time(tmp_path: Path) -> None:
    screen = ReplayScreen(recorded(tmp_path), Clock())
    app = TrailApp(lambda: screen)
    async with app.run_test(size=(130, 40)) as pilot:
        await pilot.press("space")
        heard = next(entry for entry in screen.timeline.detected if hasattr(entry.item, "captured"))
        screen.player.seek(heard.at_ms)
        screen._show(None)
        await pilot.pause()
        word = getattr(heard.item, "word", "")
        bars = {row.split()[0]: row for row in screen.board.bars.text_rows if row.strip()}
        assert bars[word].count("█") + bars[word].count("▓") > 10
        assert all(row.count("█") < 5 for name, row in bars.items() if name not in (word, "background"))
        assert ".75" in bars[word]


async def test_the_list_plays_renames_and_deletes(tmp_path: Path) -> None:
    from voicetrail.ui.screens.replays import ReplaysScreen

    context = make_context(make_settings(tmp_path / "settings"))
    for name in ("a", "b"):
        record_spoken(tmp_path / f"{name}.trail", hops=100, sound=True)
    (tmp_path / "broken.trail").write_text("no\x1b[31m")
    screen = ReplaysScreen(context, tmp_path)
    app = TrailApp(lambda: ReplayScreen(read(tmp_path / "a.trail"), Clock()))
    async with app.run_test(size=(110, 30)) as pilot:
        app.push_screen(screen)
        await pilot.pause()
        assert context.words_held
        options = screen.query_one(OptionList)
        assert options.option_count == 3
        note = screen.query_one("#note", Static)
        await pilot.press("end")
        assert "not a voicetrail replay" in str(note.render())
        await pilot.press("enter")
        assert app.screen is screen
        await pilot.press("home", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ReplayScreen)
        await pilot.press("q")
        assert app.screen is screen
        await pilot.press("r")
        field = screen.query_one(Input)
        field.value = "../evil"
        await pilot.press("enter")
        assert "a name may contain" in str(note.render())
        field.value = "qdy best"
        await pilot.press("enter")
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names.count("qdy best.trail") == names.count("qdy best.flac") == 1
        await pilot.press("d", "n")
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        await pilot.press("d", "y")
        await pilot.pause()
        assert len(list(tmp_path.iterdir())) == len(names) - 2
        await pilot.press("escape")
        await pilot.pause()
        assert not context.words_held


class Loudness:
    """A recognizer whose picture shows how loud each part of the window is."""

    window_samples = 16_000

    def spectrogram(self, window: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        loud = np.sqrt(np.square(window).reshape(50, -1).mean(1)) * 10
        return np.tile(loud.astype(np.float32), (40, 1))


async def test_the_spectrogram_of_the_recorded_sound_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spectrum = "voicetrail.play.listening.replay_spectrum.load_spectrum"
    monkeypatch.setattr(spectrum, lambda timeline: ReplaySpectrum(timeline, Loudness()))
    record_spoken(tmp_path / "a.trail", seed=3, hops=300, sound=True)
    clock = Clock()
    screen = ReplayScreen(read(tmp_path / "a.trail"), clock)
    app = TrailApp(lambda: screen)
    async with app.run_test(size=(100, 30)) as pilot:
        shown = [screen.board.spectrogram.display]
        await pilot.press("f")
        await app.workers.wait_for_complete()
        await pilot.pause()
        shown.append(screen.board.spectrogram.display)
        word = next(entry for entry in screen.timeline.detected if isinstance(entry.item, WordHeard) and entry.at_ms > 2000)
        screen.player.seek(word.at_ms - 400)
        screen._show(None)
        before = len(screen.board.spectrogram._columns)
        assert before > 20
        assert all(0 < bands[0] < 1 for bands, _ in list(screen.board.spectrogram._columns)[-20:])
        screen.player.play()
        clock.now += 0.8
        screen._let_play()
        new = list(screen.board.spectrogram._columns)[before:]
        assert len(new) in (19, 20)
        assert sum(marked for _, marked in new) == 1
        await pilot.press("f")
        shown.append(screen.board.spectrogram.display)
        assert shown == [False, True, False]


async def test_without_sound_the_spectrogram_says_so(tmp_path: Path) -> None:
    screen = ReplayScreen(recorded(tmp_path), Clock())
    app = TrailApp(lambda: screen)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f")
        assert "this replay has no sound" in screen.message.text_rows[0]
