from __future__ import annotations

import io

from voicetrail.events import Level
from voicetrail.remote.meter import CELLS, Meter, bar, level_line


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def level(db: float, *, clipped: bool = False) -> Level:
    return Level(0, db, db, clipped)


def test_the_bar_is_empty_in_silence_and_full_at_full_scale() -> None:
    assert bar(-90) == "▯" * CELLS
    assert bar(0) == "▮" * CELLS
    assert bar(-30, ascii_only=True) == "#" * (CELLS // 2) + "." * (CELLS // 2)


def test_a_line_has_level_clipping_name_and_note() -> None:
    line = level_line("desk\x1b mic", level(-3, clipped=True), "1 listening")
    assert "-3 dB clipping!" in line
    assert "\x1b" not in line
    assert line.endswith("1 listening")


def test_meter_writes_ten_times_per_second_and_stops_for_the_game() -> None:
    terminal, now = Terminal(), [100.0]
    meter = Meter("desk", terminal, lambda: now[0])
    for _ in range(100):
        now[0] += 0.01
        meter.show(level(-20))
    assert 9 <= terminal.getvalue().count("\r") <= 11
    meter.say("a message")
    assert terminal.getvalue().endswith("a message\n")
    meter.end()
    before = terminal.getvalue()
    now[0] += 10
    meter.show(level(-20))
    assert terminal.getvalue() == before


def test_meter_writes_no_level_without_a_terminal() -> None:
    stream = io.StringIO()
    Meter("desk", stream).show(level(-20))
    assert stream.getvalue() == ""


def test_a_dead_microphone_is_known_by_its_loudest_moment() -> None:
    meter = Meter("desk", io.StringIO())
    meter.show(level(-95))
    assert meter.dead
    meter.show(level(-80))
    meter.show(level(-100))
    assert not meter.dead
