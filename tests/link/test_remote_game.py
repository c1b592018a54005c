"""The game's ears over a line of words: no recogniser is loaded here."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from tests.link.feeding import LoudIsUp, Steady
from voicetrail.events import Ready, WordHeard
from voicetrail.link.address import parse_address
from voicetrail.link.server import LineServer
from voicetrail.link.words_feed import WordsFeed
from voicetrail.play.hearing import GameEars, Hearing
from voicetrail.play.updates import News, Opened, Wanted


def test_the_game_hears_words_from_elsewhere_and_tunes_the_recogniser_there(tmp_path: Path) -> None:
    microphone = Steady(height=0.8)
    feed = WordsFeed(microphone, LoudIsUp(), LoudIsUp.detector)
    server = LineServer(feed, parse_address(f"unix://{tmp_path}/w"))
    server.start()
    told: list[News] = []

    def no_ears() -> GameEars:
        raise AssertionError("a recogniser was loaded")

    thresholds = {"up": 0.95}
    hearing = Hearing(
        Wanted(f"words+unix://{tmp_path}/w"),
        no_ears,
        lambda shipped: replace(shipped, thresholds=thresholds),
        told.extend,
    )
    worker = threading.Thread(target=hearing.run, daemon=True)
    worker.start()

    def wait_for(kind: type) -> None:
        end = time.monotonic() + 20
        while not any(isinstance(news, kind) for news in told):
            assert time.monotonic() < end, told
            time.sleep(0.02)

    wait_for(Opened)
    assert any(isinstance(news, Ready) and news.labels == LoudIsUp.labels for news in told)
    time.sleep(0.4)
    assert not any(isinstance(news, WordHeard) for news in told), "the threshold set here holds there"
    delay = hearing.line_delay
    assert delay is not None
    assert 0 <= delay < 0.06
    microphone.height = 0.0
    time.sleep(0.3)
    thresholds["up"] = 0.5
    hearing.renew_settings()
    microphone.height = 0.8
    wait_for(WordHeard)
    began = time.monotonic()
    hearing.stop()
    worker.join(2)
    assert not worker.is_alive()
    assert time.monotonic() - began < 0.5
    assert hearing.line_delay is None, "a line that is no more has no delay"
    server.close()
