from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.command import CommandList
from textual.pilot import Pilot

from tests.ui.stage import make_app, make_settings, round_screen, sketch
from tests.ui.tones import GAP, TONE, tone_file
from tests.ui.waiting import until
from voicetrail.events import SourceBack, SourceDelayed, SourceLost, WordHeard, WordRejected
from voicetrail.game.ink import Ink
from voicetrail.keys import ACTIONS
from voicetrail.play.listening.updates import Problem, SourceOpened, Update
from voicetrail.replay.file.reader import read
from voicetrail.ui.app import VoicetrailApp
from voicetrail.ui.messages import UpdatesArrived
from voicetrail.ui.screens.help import HelpScreen
from voicetrail.ui.screens.round import TICK_S, RoundScreen


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoicetrailApp:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return make_app(make_settings(tmp_path))


def shown(app: VoicetrailApp) -> RoundScreen:
    return round_screen(app)


def drawn(game: RoundScreen) -> list[str]:
    rows = [row for row in game.board.canvas.text_rows if row.strip()]
    indent = min(len(row) - len(row.lstrip()) for row in rows)
    return [row[indent:].rstrip() for row in rows]


def painted(app: VoicetrailApp) -> list[str]:
    return [strip.text.strip() for strip in app.screen._compositor.render_strips()]


async def send(pilot: Pilot[None], *updates: Update) -> RoundScreen:
    game = shown(pilot.app)  # type: ignore[arg-type]
    game.app.post_message(UpdatesArrived(updates))
    await pilot.pause()
    return game


async def test_keys_change_pen_and_color_and_lift_the_pen(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("e", "o", "right", "w", "right", "w", "right")
        game = shown(app)
        pen = sketch(game).trail.pen
        assert drawn(game) == ["╺━━━╸   ╺━━━►"]
        assert sketch(game).mark_at((pen.x - 1, pen.y)).ink == Ink("heavy", "red")
        await pilot.press("u", "u", "u", "U")
        assert game.message.message == "redone: right"


async def test_arrows_draw_undo_works_and_clear_can_be_undone(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("right", "down", "left", "u")
        game = shown(app)
        assert drawn(game) == ["╶───╮", "    │", "    ▼"]
        assert game.message.message == "undone: left"
        await pilot.press("c")
        assert drawn(game) == ["●"]
        assert game.message.text_rows[0].endswith("0 strokes, length 0")
        await pilot.press("u")
        assert drawn(game) == ["╶───╮", "    │", "    ▼"]
        assert game.message.text_rows[0].endswith("2 strokes, length 4")


async def test_words_draw_light_their_bar_and_are_listed(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        shown(app).board.show_labels(("up", "left", "_unknown_"))
        shown(app).board.bars._clock = lambda: 0.0
        game = await send(pilot, WordHeard(16_000, "left", 0.91), WordRejected(17_000, "up", 0.6, "threshold", 0.1))
        assert drawn(game) == ["◄───╴"]
        assert game.board.bars.text_rows[2].startswith(" ●left")
        assert game.board.words.text_rows[1].endswith("● left .91")
        assert game.board.words.text_rows[0].endswith("· up .60, .10 short")


async def test_space_stops_listening_at_once(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        game = await send(pilot, SourceOpened("desk"))
        assert "● listening" in game.board.status.text_rows[0]
        assert "space Mute" in game.keys.text_rows[0]
        await pilot.press("space")
        assert "○ not listening" in game.board.status.text_rows[0]
        assert "space Listen" in game.keys.text_rows[0]
        await send(pilot, WordHeard(0, "up", 0.9))
        assert drawn(game) == ["●"], "a word that was on its way is not taken"
        assert game.board.words.text_rows[0].endswith("up .90, not listening")
        await pilot.press("space")
        await send(pilot, WordHeard(0, "up", 0.9))
        assert drawn(game) == ["▲", "│", "╵"]


async def test_push_to_talk_listens_for_a_while(app: VoicetrailApp) -> None:
    app.context.settings.set("push_to_talk_time", 0.5)
    async with app.run_test(size=(100, 30)) as pilot:
        game = await send(pilot, SourceOpened("desk"))
        await pilot.press("p")
        assert "space to talk" in game.board.status.text_rows[0]
        assert "space Listen" in game.keys.text_rows[0]
        await pilot.press("space")
        assert not game.context.muted
        assert "space Mute" in game.keys.text_rows[0]
        await until(pilot, lambda: game.context.muted)
        assert "space Listen" in game.keys.text_rows[0]


async def test_a_problem_with_the_source_is_shown(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        game = await send(pilot, SourceOpened("desk"), SourceLost(0, "the microphone is gone"))
        assert "! no sound" in game.board.status.text_rows[0]
        assert game.message.text_rows[0].startswith("! the microphone is gone")
        await pilot.press("up")
        assert drawn(game)[0] == "▲", "the keyboard plays on"
        await send(pilot, SourceBack(0, "desk"))
        assert "● listening" in game.board.status.text_rows[0]
        await send(pilot, SourceDelayed(0, "microphone delayed"))
        assert game.message.message == "microphone delayed"
        await send(pilot, Problem("no weights", fatal=True))
        assert "! keyboard only" in game.board.status.text_rows[0]


async def test_a_glide_goes_on_until_space(app: VoicetrailApp) -> None:
    app.context.settings.set("glide_speed", 30)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("g", "right")
        game = sketch(shown(app))
        await until(pilot, lambda: game.tally.length >= 3)
        await pilot.press("space")
        length = game.tally.length
        await asyncio.sleep(3 * TICK_S)
        await pilot.pause()
        assert game.tally.length == length
        assert not game.movement.moving


async def test_help_lists_every_key(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 60)) as pilot:
        for key in ("question_mark", "f1"):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, HelpScreen)
            assert any("Stop or start listening" in line for line in painted(app))
            await pilot.press("up", "escape")
            await pilot.pause()
            assert len(app.screen_stack) == 2
            assert drawn(shown(app)) == ["●"], "keys in the help do not draw"


async def test_the_palette_lists_every_action_and_runs_one(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("left", "ctrl+p")
        listed = app.screen.query_one(CommandList)
        await until(pilot, lambda: listed.option_count == len(ACTIONS) - 1)  # all but the palette itself
        await pilot.press(*"undo")
        await until(pilot, lambda: listed.option_count < len(ACTIONS) - 1)
        await pilot.press("enter")
        await until(pilot, lambda: drawn(shown(app)) == ["●"])


async def test_record_and_marker(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("m")
        game = shown(app)
        assert "press r to start one" in game.message.message
        await pilot.press("up", "r")
        assert "REC 0:00" in game.message.text_rows[0]
        path = game.context.recording.recorder.path
        assert path is not None
        await pilot.press("m", "left", "r")
        assert game.message.message.startswith("recorded to ")
        assert "REC" not in game.message.text_rows[0]
    kept = read(path)
    assert kept.remark == ""
    assert [type(entry.item).__name__ for entry in kept.entries].count("Marker") == 1


async def test_dark_and_light(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        before = shown(app).board.canvas.render_line(14)
        await pilot.press("t")
        assert app.theme == "paper"
        assert shown(app).board.canvas.render_line(14) != before, "the colors are others"
        await pilot.press("t")
        assert app.theme == "midnight"


async def test_ascii_mode_uses_only_ascii(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path, ascii=True))
    async with app.run_test(size=(100, 30)) as pilot:
        shown(app).board.show_labels(("up", "left", "_unknown_"))
        await pilot.press("up", "right")
        await send(pilot, WordHeard(0, "left", 0.91))
        assert len(painted(app)) == 30
        for line in painted(app):
            assert line.isascii(), line


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
async def test_every_part_is_there_at_every_size(app: VoicetrailApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        game = shown(app)
        game.board.show_labels(("up", "down", "left", "right", "_unknown_", "_background_noise_"))
        await pilot.pause()
        for part in (game.board.canvas, game.board.status, game.board.bars, game.board.words, game.message):
            assert part.region.width > 20
            assert part.region.height >= 1
            assert part.region.bottom <= size[1]
        assert game.board.bars.text_rows[6].strip().startswith("background noise")


async def test_a_window_that_is_too_small_shows_a_message_and_recovers(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("right")
        await pilot.resize_terminal(50, 12)
        message = ["The window is too small.", "60×20 is needed, but it has 50×12."]
        await until(pilot, lambda: painted(app)[:2] == message)
        await pilot.resize_terminal(30, 8)
        narrow = ["The window is too small.", "60×20 is needed, but it has", "30×8.", "Make it larger, or press q to", "quit."]
        await until(pilot, lambda: painted(app)[:5] == narrow)
        await pilot.resize_terminal(50, 12)
        await until(pilot, lambda: painted(app)[:4] == [*message, "Make it larger, or press q to quit.", ""])
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: "voicetrail" in painted(app)[0])
        assert drawn(shown(app)) == ["╶───►"]


async def test_a_click_on_the_footer_does_what_the_key_does(app: VoicetrailApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("right")
        await pilot.click("#keys", offset=(2, 0))
        assert drawn(shown(app)) == ["●"]


async def test_sound_draws_through_the_listener(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path), tone_file(tmp_path / "way.wav", ["up", "right"]))
    async with app.run_test(size=(100, 30)) as pilot:
        game = shown(app)
        await until(pilot, lambda: sketch(game).tally.words == 2)
        assert drawn(game) == ["╭───►", "│", "╵"]
        assert game.board.status.latency_ms is not None
        assert game.board.status.latency_ms < (2 * GAP + TONE) * 1000, "counted from the word itself"
        assert game.board.status.source == "way.wav"
        await pilot.press("q")
    assert app.return_code == 0


async def test_an_internal_error_leaves_a_log_and_no_traceback(app: VoicetrailApp, capsys: pytest.CaptureFixture[str]) -> None:
    async def break_it() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            shown(app).set_timer(0.01, _fail)
            await until(pilot, lambda: app.log_path)

    with pytest.raises(ZeroDivisionError):
        await break_it()
    assert app.log_path is not None
    assert "ZeroDivisionError" in app.log_path.read_text()
    app.log_path.unlink()
    assert "Traceback" not in capsys.readouterr().err


def _fail() -> None:
    raise ZeroDivisionError
