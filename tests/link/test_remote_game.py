"""The game takes its words from a connection: no recognizer is loaded here."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from tests.link.feeding import LoudIsUp, Steady
from voicetrail.events import Ready, WordHeard
from voicetrail.link.address import parse_address
from voicetrail.link.feeds import WordsFeed
from voicetrail.link.server import LinkServer
from voicetrail.listening import NamedRecognizer
from voicetrail.play.updates import SourceOpened, SourceRequest, Update
from voicetrail.play.worker import ListeningWorker


def test_the_game_hears_words_from_elsewhere_and_tunes_the_recognizer_there(tmp_path: Path) -> None:
    microphone = Steady(height=0.8)
    feed = WordsFeed(microphone, LoudIsUp(), LoudIsUp.detector)
    server = LinkServer(feed, parse_address(f"unix://{tmp_path}/w"))
    server.start()
    told: list[Update] = []

    def no_ears() -> NamedRecognizer:
        raise AssertionError("a recognizer was loaded")

    thresholds = {"up": 0.95}
    hearing = ListeningWorker(
        SourceRequest(f"words+unix://{tmp_path}/w"),
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

    wait_for(SourceOpened)
    assert any(isinstance(news, Ready) and news.labels == LoudIsUp.labels for news in told)
    time.sleep(0.4)
    assert not any(isinstance(news, WordHeard) for news in told), "the threshold set here holds there"
    delay = hearing.delay_s
    assert delay is not None
    assert 0 <= delay < 0.06
    microphone.height = 0.0
    time.sleep(0.3)
    thresholds["up"] = 0.5
    hearing.apply_settings()
    microphone.height = 0.8
    wait_for(WordHeard)
    began = time.monotonic()
    hearing.stop()
    worker.join(2)
    assert not worker.is_alive()
    assert time.monotonic() - began < 0.5
    assert hearing.delay_s is None, "a line that is no more has no delay"
    server.close()
