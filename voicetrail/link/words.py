"""The format of words and scores on a connection: the recognizer runs where the microphone is, and no sound leaves that machine.

Beside the events of ``link.wire`` there are these Wyoming events (times in samples, scores in hundredths, levels in dB):

- ``vt-ready``: ``labels``, ``source``, ``weights``, ``hash``, ``detector`` (what ships with the weights), and
  ``meanings`` (the game's word for a label) where there are any. The first one.
- ``vt-heard``: ``t`` time, ``w`` word, ``p`` score, ``c`` the sender's clock in ms when its last sample was captured.
- ``vt-near``: ``t``, ``w``, ``p``, ``r`` reason, ``l`` lacking, ``v`` rival: a word that was not detected.
- ``vt-scores``: ``t``, ``s`` the highest smoothed score of each label since the last, ``l`` loudness, ``k`` peak, ``x``
  clipping, ``g`` gain, ``u`` the threshold shift, ``d`` the delay of the sound before it was recognized, in ms, where there is
  one. Only when something has changed, at most twice a second.
- ``vt-lost``: ``t``, ``n`` samples lost now, ``a`` in all.
- back to the recognizer: ``vt-tune`` (the detector's settings), ``vt-mute`` (``muted``) and, where ``vt-ready`` has ``gain``,
  ``vt-gain`` (``gain``: dB, or ``auto``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, cast, get_args

from wyoming.event import Event as WireEvent

from voicetrail.events import Event, Level, Ready, RejectionReason, SamplesLost, Scores, WordHeard, WordRejected
from voicetrail.link.wire import WireError, number, text
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.text import printable

READY, HEARD, NEAR, SCORES, LOST, TUNE, MUTE, GAIN = (
    f"vt-{name}" for name in ("ready", "heard", "near", "scores", "lost", "tune", "mute", "gain")
)
LABELS_LIMIT = 64
"""Most labels of a remote recognizer."""
LABEL_LENGTH = 40
"""Most characters of a label."""
NAME_LENGTH = 80
"""Most characters of the name of a source or of weights."""
LARGEST_TIME = 1e15
"""Largest time of a stream, in samples."""
LARGEST_CLOCK_MS = 1e15
"""Largest clock of a sender, in ms."""
LONGEST_DELAY_MS = 60_000
"""Longest delay of the sound that a sender may report."""
MOST_LOST = 1e12
"""Most samples that can be lost."""
GAIN_DB = (-40.0, 40.0)
"""Lowest and highest gain that a game may ask for."""
REASONS = get_args(RejectionReason)


def encode_word(event: WordHeard | WordRejected | SamplesLost) -> WireEvent:
    """Write a word, a near miss or a loss."""
    if isinstance(event, SamplesLost):
        return WireEvent(LOST, {"t": event.time, "n": event.count, "a": event.total})
    data: dict[str, Any] = {"t": event.time, "w": event.word, "p": round(event.score * 100)}
    if isinstance(event, WordHeard):
        return WireEvent(HEARD, data | {"c": None if event.captured is None else round(event.captured * 1000)})
    return WireEvent(NEAR, data | {"r": event.reason, "l": round(event.lacking, 3), "v": event.rival})


def encode_ready(ready: Ready, shipped: DetectorSettings, *, takes_gain: bool = False) -> WireEvent:
    """Write the description of the recognizer; ``takes_gain``: the game may set the gain of the sound."""
    return WireEvent(
        READY,
        {
            "labels": list(ready.labels),
            "source": ready.source,
            "weights": ready.weights,
            "hash": ready.weights_hash,
            "detector": shipped.to_dict(),
        }
        | ({"meanings": dict(ready.meanings)} if ready.meanings else {})
        | ({"gain": True} if takes_gain else {}),
    )


def decode_settings(data: object) -> DetectorSettings:
    """Read the detector's settings.

    Raises:
        WireError: one of them is out of bounds.
    """
    try:
        settings = DetectorSettings.from_dict(data)
    except ValueError as error:
        raise WireError(str(error)) from None
    if len(settings.thresholds) > LABELS_LIMIT:
        raise WireError("too many thresholds")
    return replace(settings, thresholds={printable(word, LABEL_LENGTH): value for word, value in settings.thresholds.items()})


def decode_mute(data: Mapping[str, Any]) -> bool:
    """Read whether words are to be held back.

    Raises:
        WireError: it is neither on nor off.
    """
    muted = data.get("muted")
    if not isinstance(muted, bool):
        raise WireError("a mute that is neither on nor off")
    return muted


def decode_gain(data: Mapping[str, Any]) -> float | Literal["auto"]:
    """Read a gain: dB, or ``auto``.

    Raises:
        WireError: it is neither, or out of bounds.
    """
    return "auto" if data.get("gain") == "auto" else number(data, "gain", *GAIN_DB)


def decode_ready(data: Mapping[str, Any]) -> tuple[Ready, DetectorSettings]:
    """Read the description of the recognizer.

    Raises:
        WireError: something in it is invalid.
    """
    labels = data.get("labels")
    if not isinstance(labels, list) or not 1 <= len(labels) <= LABELS_LIMIT:
        raise WireError("no labels")
    names = tuple(printable(text({"label": label}, "label", LABEL_LENGTH), LABEL_LENGTH) for label in labels)
    if len(set(names)) != len(names) or not all(names):
        raise WireError("labels that are empty or the same")
    shipped = decode_settings(data.get("detector"))
    thresholds = {label: shipped.threshold_of(label) for label in names}
    source, weights, digest = (printable(data.get(key, ""), NAME_LENGTH) for key in ("source", "weights", "hash"))
    stated = _mapping(data.get("meanings", {}))
    meanings = {label: printable(stated[label], LABEL_LENGTH) for label in names if label in stated}
    return Ready(names, source, weights, digest, thresholds, meanings), shipped


def decode_word(event: WireEvent, labels: tuple[str, ...]) -> WordHeard | WordRejected | SamplesLost:
    """Read a word, a near miss or a loss; ``captured`` is the sender's clock in s.

    Raises:
        WireError: something in it is invalid.
    """
    data = event.data
    time = round(number(data, "t", 0, LARGEST_TIME))
    if event.type == LOST:
        return SamplesLost(time, round(number(data, "n", 0, MOST_LOST)), round(number(data, "a", 0, MOST_LOST)))
    word, score = data.get("w"), number(data, "p", 0, 100) / 100
    if word not in labels:
        raise WireError("a word that is not one of its labels")
    if event.type == HEARD:
        return WordHeard(time, word, score, number(data, "c", 0, LARGEST_CLOCK_MS) / 1000 if "c" in data else None)
    reason, rival = data.get("r"), data.get("v")
    if reason not in REASONS or (rival is not None and rival not in labels):
        raise WireError("an unknown reason")
    return WordRejected(time, word, score, cast(RejectionReason, reason), number(data, "l", 0, 60), rival)


def decode_scores(data: Mapping[str, Any], labels: tuple[str, ...]) -> tuple[Level, Scores]:
    """Read scores and level.

    Raises:
        WireError: something in them is invalid.
    """
    time, scores = round(number(data, "t", 0, LARGEST_TIME)), data.get("s")
    if not isinstance(scores, list) or len(scores) != len(labels):
        raise WireError("scores of other labels")
    values = tuple(number(dict(enumerate(scores)), index, 0, 100) / 100 for index in range(len(scores)))
    level = Level(
        time, number(data, "l", -200, 20), number(data, "k", -200, 20), bool(data.get("x")), number(data, "g", -99, 99, 0.0)
    )
    return level, Scores(time, values, values, talk_shift=number(data, "u", 0, 100, 0.0) / 100)


def decode_delay(data: Mapping[str, Any]) -> float:
    """Read the delay of the sound before it was recognized, in s; 0 where none is stated.

    Raises:
        WireError: it is out of bounds.
    """
    return number(data, "d", 0, LONGEST_DELAY_MS, 0.0) / 1000


class HopSummary:
    """Collects levels and scores, and sends a summary of them when they have changed.

    A quiet room costs almost nothing, a talking player about 150 bytes a second.
    """

    INTERVAL_SAMPLES = 8_000
    """Samples between two summaries at least: half a second."""
    SCORE_STEP = 0.04
    """Smallest change of a score that is sent."""
    LEVEL_STEP_DB = 4.0
    """Smallest change of the level that is sent."""

    def __init__(self) -> None:
        self._level: Level | None = None
        self._talk_shift = 0.0
        self._highest: tuple[float, ...] = ()
        self._sent_at: int | None = None
        self._sent: tuple[float, ...] = ()
        self._sent_level = math.inf

    def take(self, event: Event, delay_s: float | None = None) -> WireEvent | None:
        """Take an event; return what is to be sent now, if anything.

        Args:
            event: of the listener.
            delay_s: of its source, where that has one.
        """
        if isinstance(event, Level):
            self._level = event
        elif isinstance(event, Scores):
            smoothed = event.smoothed or event.posteriors
            self._talk_shift = event.talk_shift
            self._highest = tuple(map(max, self._highest, smoothed)) if self._highest else smoothed
            if self._level is not None and self._due(event.time, self._level):
                return self._send(event.time, self._level, delay_s)
        return None

    def _due(self, time: int, level: Level) -> bool:
        if self._sent_at is None:
            return True
        if time - self._sent_at < self.INTERVAL_SAMPLES:
            return False
        moved = abs(level.rms_db - self._sent_level) >= self.LEVEL_STEP_DB or level.clipped
        if moved or any(abs(a - b) >= self.SCORE_STEP for a, b in zip(self._highest, self._sent, strict=True)):
            return True
        self._highest = ()
        return False

    def _send(self, time: int, level: Level, delay_s: float | None) -> WireEvent:
        data: dict[str, Any] = {"t": time, "s": [round(score * 100) for score in self._highest]}
        data |= {"l": round(level.rms_db), "k": round(level.peak_db)}
        data |= {
            "x": 1 if level.clipped else None,
            "g": round(level.gain_db, 1) or None,
            "u": round(self._talk_shift * 100) or None,
            "d": min(round((delay_s or 0.0) * 1000), LONGEST_DELAY_MS) or None,
        }
        self._sent_at, self._sent, self._sent_level, self._highest = time, self._highest, level.rms_db, ()
        return WireEvent(SCORES, data)


def _mapping(value: object) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise WireError("something other than an object")
    return value
