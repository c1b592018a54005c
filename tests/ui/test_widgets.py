from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from voicetrail.events import Level, WordHeard, WordRejected
from voicetrail.keys import ACTIONS
from voicetrail.ui.style.look import Look, make_look
from voicetrail.ui.widgets.keybar import KeyBar
from voicetrail.ui.widgets.listening.bars import ScoreBars
from voicetrail.ui.widgets.listening.status import ListeningStatus
from voicetrail.ui.widgets.listening.word_list import WordList, reason_text
from voicetrail.ui.widgets.message import MessageLine
from voicetrail.vocabulary import NOISE, UNKNOWN, VOCABULARIES

LABELS = ("up", "down", "left", "right", UNKNOWN, NOISE)


class Stage(App[None]):
    CSS = "ScoreBars { height: 7; } WordList { height: 5; }"

    def __init__(self) -> None:
        super().__init__()
        self.now = 10.0
        self.look: Look = make_look({}, ansi=True, ascii_only=False)

    def clock(self) -> float:
        return self.now

    def compose(self) -> ComposeResult:
        yield ListeningStatus(self.clock)
        yield ScoreBars(self.clock)
        yield WordList()
        yield MessageLine()
        yield KeyBar(ACTIONS)


async def test_bars() -> None:
    app = Stage()
    async with app.run_test(size=(34, 20)):
        bars = app.query_one(ScoreBars)
        bars.set_labels(LABELS)
        bars.set_thresholds({"up": 0.75, "down": 0.75, "left": 0.5, "right": 0.75})
        bars.set_fired({"up": 3, "down": 0, "left": 1, "right": 12})
        bars.set_scores(640, (0.5, 0.0, 0.72, 0.0, 0.0, 0.2))
        bars.light("up")
        bars.select("left")
        assert bars.text_rows == [
            "  word  score         needs  /min",
            " ●up    ██████▌───┃──   .75     3",
            "  down  ──────────┃──   .75     0",
            "▸ left  ██████┃▓▓▓───   .50     1",
            "  right ──────────┃──   .75    12",
            "  other speech     ─────────────",
            "  background noise ███──────────",
        ]
        bars.set_scores(640 * 60, (0.0,) * 6)
        assert bars.text_rows[1] == " ●up    ─────╌────┃──   .75     3", "the peak of the last seconds fades"
        app.now += 2
        bars.fade()
        bars.set_scores(640 * 200, (0.0,) * 6)
        assert bars.text_rows[1] == "  up    ──────────┃──   .75     3"


async def test_bars_of_many_words_stand_in_two_columns() -> None:
    app = Stage()
    async with app.run_test(size=(44, 30)):
        bars = app.query_one(ScoreBars)
        bars.styles.height = 11
        bars.set_labels((*VOCABULARIES["18w"], UNKNOWN, NOISE))
        await app.animator.wait_for_idle()
        bars.rebuild()
        assert len(bars.text_rows) == 11
        shown = " ".join(bars.text_rows)
        assert all(word in shown for word in (*VOCABULARIES["18w"], "other", "noise"))
        assert max(map(len, bars.text_rows)) <= 44


async def test_the_status_of_listening() -> None:
    app = Stage()
    async with app.run_test(size=(34, 20)):
        ear = app.query_one(ListeningStatus)
        assert "loading recognizer" in ear.text_rows[0]
        ear.set_state("listening")
        ear.set_source("desk\x1b[31m mic")
        ear.set_latency(84)
        ear.set_level(Level(0, -30.0, -20.0, False, gain_db=6.0))
        assert ear.text_rows == [
            " ● listening   word to move 84 ms",
            "   ━━━━━━━━━━━───────────  -30 dB",
            "   desk�[31m mic        gain +6 dB",
        ]
        assert "\x1b" not in "".join(ear.text_rows)
        ear.set_level(Level(0, -2.0, 0.0, True))
        assert "CLIP" in ear.text_rows[1]
        ear.set_level(Level(0, -2.0, 0.0, False))
        ear.fade()
        assert "CLIP" in ear.text_rows[1], "for a while"
        app.now += 3
        ear.fade()
        assert "CLIP" not in ear.text_rows[1], "also when no sound comes any more"
        ear.set_level(Level(0, -30.0, -20.0, False))
        before = list(ear.text_rows)
        ear.set_level(Level(0, -30.9, -20.0, False))
        assert ear.text_rows == before, "what cannot be seen changes nothing"
        ear.set_source("a microphone with a name")
        ear.set_level(Level(0, -30.0, -20.0, False, gain_db=6.0))
        assert ear.text_rows[2] == "   a microphone with a name  +6 dB", "the name is more important than what the figure is"
        ear.set_lost(120)
        assert "lost 120 ms" in ear.text_rows[2]


async def test_the_delay_of_the_connection_is_shown_beside_the_source() -> None:
    app = Stage()
    async with app.run_test(size=(32, 20)):
        ear = app.query_one(ListeningStatus)
        ear.set_source("desk over unix:///tmp/mic")
        ear.set_connection(23)
        assert ear.text_rows[2] == "   desk over unix:/~ delay 23 ms"
        ear.set_lost(120)
        assert ear.text_rows[2] == "   des~ delay 23 ms  lost 120 ms"
        ear.set_level(Level(0, -30.0, -20.0, False, gain_db=12.0))
        assert ear.text_rows[2] == "   des~ delay 23 ms  lost 120 ms", "where there is no room the gain gives way"
        ear.set_connection(None)
        assert "delay" not in ear.text_rows[2]


async def test_the_newest_word_is_on_top_and_old_words_disappear() -> None:
    app = Stage()
    async with app.run_test(size=(34, 20)):
        words = app.query_one(WordList)
        for second in range(4):
            words.add(WordHeard(0, "up", 0.9), second)
        assert words.text_rows == [" 0:03 ● up .90", " 0:02 ● up .90", " 0:01 ● up .90", " 0:00 ● up .90"]
        words.add(WordRejected(0, "left", 0.62, "threshold", 0.13), 64)
        words.add(WordHeard(0, "down", 0.8), 65)
        assert words.text_rows[:2] == [" 1:05 ● down .80", " 1:04 · left .62, .13 short"]
        assert len(words.text_rows) == 5, "as many as there is room for"
        words.clear()
        assert words.text_rows == []


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (WordRejected(0, "left", 0.62, "threshold", 0.13), ".13 short"),
        (WordRejected(0, "up", 0.9, "refractory", 0.3), "too soon (0.3 s left)"),
        (WordRejected(0, "up", 0.8, "margin", 0.05, "down"), "beaten by down"),
        (WordRejected(0, "up", 0.9, "muted"), "not listening"),
    ],
)
def test_the_reason_of_a_near_miss_is_shown(event: WordRejected, text: str) -> None:
    assert reason_text(event) == text


async def test_the_message_line() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)):
        line = app.query_one(MessageLine)
        line.set_right("3 strokes")
        line.say("up")
        assert line.text_rows == [" up" + " " * 47 + "3 strokes"]
        line.say("the \x1b[2Jedge", "warn")
        assert line.text_rows[0].startswith("! the �[2Jedge"), "what warns has a sign, and nothing reaches the terminal raw"
        line.say("a long message " * 6)
        await app.animator.wait_for_idle()
        assert " ".join(row.strip() for row in line.text_rows) == ("a long message " * 6).strip(), "nothing is cut"
        assert max(map(len, line.text_rows)) <= 60
        line.say("left")
        line.set_recording("REC 0:07")
        assert line.text_rows[0].endswith("● REC 0:07  3 strokes")


@pytest.mark.parametrize(
    ("width", "has", "lacks"), [(100, ("u Undo", "s Settings"), ()), (60, ("u Undo", "q Quit"), ("Micro",))]
)
async def test_the_footer_fits(width: int, has: tuple[str, ...], lacks: tuple[str, ...]) -> None:
    app = Stage()
    async with app.run_test(size=(width, 20)):
        (row,) = app.query_one(KeyBar).text_rows
        assert len(row) <= width
        assert all(text in row for text in has)
        assert not any(text in row for text in lacks)
