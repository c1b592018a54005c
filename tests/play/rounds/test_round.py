from __future__ import annotations

from tests.clocks import Clock
from voicetrail.events import Event, Level, Ready, WordHeard
from voicetrail.game import Input, Move, Sketch, Undo
from voicetrail.play.rounds.round import Round


class Notes:
    def __init__(self) -> None:
        self.items: list[tuple[Event | Input, int]] = []

    def record(self, item: Event | Input, at_ms: int) -> None:
        self.items.append((item, at_ms))


def test_words_move_the_pen_and_everything_is_recorded_with_its_time() -> None:
    clock, notes = Clock(), Notes()
    session = Round(Sketch(41, 21, step_length=1), clock, notes)
    clock.now += 1.5
    heard, loud = WordHeard(24_000, "left", 0.9), Level(24_640, -20.0, -10.0, False)
    changes = session.hear(heard)
    assert changes is not None
    assert changes.message == "left"
    assert session.hear(loud) is None
    session.tick()
    clock.now += 0.5
    session.do(Undo())
    assert notes.items == [(heard, 1500), (Move("left"), 1500), (loud, 1500), (Undo(), 2000)]


def test_a_word_that_means_nothing_moves_nothing() -> None:
    session = Round(Sketch(), Clock())
    before = session.rules.checksum()
    assert session.hear(WordHeard(0, "tree", 0.9)) is None
    assert session.rules.checksum() == before


def test_a_word_of_another_vocabulary_has_the_meaning_of_its_recognizer() -> None:
    session = Round(Sketch(41, 21, step_length=1), Clock())
    assert session.hear(Ready(("links", "rechts"), "desk", "mine", "0" * 64, meanings={"links": "left"})) is None
    changes = session.hear(WordHeard(640, "links", 0.9))
    assert changes is not None
    assert changes.message == "left"
    assert session.hear(WordHeard(1280, "rechts", 0.9)) is None
