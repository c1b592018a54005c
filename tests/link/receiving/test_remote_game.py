"""The game takes its words from a connection: no recognizer is loaded here."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from wyoming.event import Event

from tests.link.feeding import LoudIsUp, Steady
from voicetrail.events import Ready, WordHeard
from voicetrail.link.address import parse_address
from voicetrail.link.serving.feeds import WordsFeed
from voicetrail.link.serving.server import LinkServer
from voicetrail.link.words import TUNE
from voicetrail.listening import NamedRecognizer
from voicetrail.play.listening.updates import SourceOpened, SourceRequest, Update
from voicetrail.play.listening.worker import ListeningWorker


class NotingFeed(WordsFeed):
    """Tells when the game's settings have come."""

    def __init__(self, source: Steady, recognizer: LoudIsUp) -> None:
        super().__init__(source, recognizer, recognizer.detector)
        self.tuned = threading.Event()

    def received(self, event: Event) -> None:
        super().received(event)
        if event.type == TUNE:
            self.tuned.set()


def test_game_receives_remote_words_and_tunes_the_remote_recognizer(tmp_path: Path) -> None:
    microphone = Steady(height=0.0)
    feed = NotingFeed(microphone, LoudIsUp())
    server = LinkServer(feed, parse_address(f"unix://{tmp_path}/w"))
    server.start()
    sent: list[Update] = []

    def no_recognizer() -> NamedRecognizer:
        raise AssertionError("a recognizer was loaded")

    thresholds = {"up": 0.95}
    worker = ListeningWorker(
        SourceRequest(f"words+unix://{tmp_path}/w"),
        no_recognizer,
        lambda shipped: replace(shipped, thresholds=thresholds),
        sent.extend,
    )
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()

    def wait_for(kind: type) -> None:
        end = time.monotonic() + 20
        while not any(isinstance(update, kind) for update in sent):
            assert time.monotonic() < end, sent
            time.sleep(0.02)

    wait_for(SourceOpened)
    assert any(isinstance(update, Ready) and update.labels == LoudIsUp.labels for update in sent)
    assert feed.tuned.wait(20)
    microphone.height = 0.8
    time.sleep(0.4)
    assert not any(isinstance(update, WordHeard) for update in sent), "the threshold set here holds there"
    end = time.monotonic() + 20
    while (delay := worker.delay_s) is None and time.monotonic() < end:
        time.sleep(0.02)
    assert delay is not None
    assert 0 <= delay < 1
    microphone.height = 0.0
    time.sleep(0.3)
    thresholds["up"] = 0.5
    feed.tuned.clear()
    worker.apply_settings()
    assert feed.tuned.wait(20)
    microphone.height = 0.8
    wait_for(WordHeard)
    began = time.monotonic()
    worker.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 5
    assert worker.delay_s is None, "a line that is no more has no delay"
    server.close()
