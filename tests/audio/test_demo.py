from __future__ import annotations

from voicetrail.audio.file import demo_path
from voicetrail.audio.gain import make_gain
from voicetrail.events import WordHeard, seconds
from voicetrail.game import Sketch
from voicetrail.game.glyphs import BOX_GLYPHS
from voicetrail.listening import Listener
from voicetrail.play.rounds.round import Round
from voicetrail.sources import open_source
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import load_recognizer

SAID = "up up up right down right up right down right up right down down down left left up left down left left"  # as in tools/
CASTLE = """\
╭───╮   ╭───╮   ╭───╮
│   │   │   │   │   │
│   ╰───╯   ╰───╯   │
│                   │
│       ╭───╮       │
│       │   │       │
◄───────╯   ╰───────╯"""


def test_bundled_voice_is_recognized_and_draws_a_castle() -> None:
    """Nothing is scripted: the recording goes through the real recognizer, on the path that the game uses."""
    recognizer = load_recognizer("directional4w")
    rules = Sketch()
    session = Round(rules, clock=lambda: 0.0)
    heard = []
    listener = Listener(
        open_source("demo"), recognizer, Detector(recognizer.labels, recognizer.detector), gain=make_gain("auto")
    )
    for event in listener.events():
        session.hear(event)
        if isinstance(event, WordHeard):
            heard.append(event.word)
    assert heard == SAID.split()
    drawn = [row.rstrip() for row in BOX_GLYPHS.rows(rules.trail)]
    assert "\n".join(drawn) == CASTLE
    assert 25 < seconds(listener.time) < 35


def test_the_bundled_voice_is_small() -> None:
    assert demo_path().stat().st_size < 500_000
