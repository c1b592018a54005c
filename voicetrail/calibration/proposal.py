"""The proposal of a calibration: thresholds and gain, each with its reason.

``calibration.choice`` documents how a threshold is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.calibration.choice import ROOM_NEAR, STAY_BONUS, WordEvidence, choose
from voicetrail.calibration.run import ABOVE_ROOM_DB, QUIETEST_DB, RECOGNIZED, Answer, CalibrationRun
from voicetrail.calibration.tail import RoomTail, SpeechCurve
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.text import counted

ASSUMED_PER_HOUR = 2.0
"""False moves per hour of speech by one word at its shipped threshold, for weights without measured curves."""
HEARD_WELL = 0.9
"""A word that is detected less often than this is not detected well."""
GAIN_TARGET_DB = -20.0
"""Desired level of the loudest part of a word, in dB relative to full scale."""
GAIN_STEP_DB = 3.0
"""Minimum change of the gain, in dB."""
GAIN_RANGE_DB = (-20.0, 40.0)


@dataclass(frozen=True, slots=True)
class WordProposal:
    """The proposed threshold of one word."""

    word: str
    now: float
    proposed: float
    reason: str
    heard_now: float | None
    """Probability that the word is detected at the current threshold; ``None`` without enough answers."""
    heard_then: float | None


@dataclass(frozen=True, slots=True)
class GainProposal:
    """The proposed gain."""

    now: float | str
    proposed: float | str
    reason: str


@dataclass(frozen=True, slots=True)
class CalibrationProposal:
    """The proposed changes, which the player can accept or reject."""

    words: tuple[WordProposal, ...]
    gain: GainProposal
    warnings: tuple[str, ...]
    room_db: float
    """Level of the room before any gain, in dB relative to full scale."""
    speech_db: float
    """Level of the loudest part of a word before any gain, in dB relative to full scale."""
    room_moves: float
    """Extrapolated false moves per hour of this room at the proposed thresholds."""
    speech_moves: float
    """False moves per hour of speech without command words at the proposed thresholds."""
    nothing_recognized: bool = False
    """Whether none of the requested words was recognized."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The changed thresholds by word."""
        return {each.word: each.proposed for each in self.words if each.proposed != each.now}

    @property
    def settings(self) -> Mapping[str, float | str]:
        """The changed settings by name."""
        changed: dict[str, float | str] = {f"thresholds.{word}": value for word, value in self.thresholds.items()}
        if self.gain.proposed != self.gain.now:
            changed["gain"] = self.gain.proposed
        return changed

    @property
    def changes(self) -> bool:
        """Whether the proposal changes anything."""
        return bool(self.settings)

    @property
    def summary(self) -> str:
        """A summary if nothing changes; empty otherwise."""
        if self.changes:
            return ""
        if self.nothing_recognized:
            return "no word was recognized, so nothing is changed"
        return "nothing is changed; please read the warnings" if self.warnings else "nothing needs to change"


def propose(
    run: CalibrationRun,
    shipped: DetectorSettings,
    gain: float | str,
    curves: Mapping[str, SpeechCurve] | None = None,
) -> CalibrationProposal:
    """Propose thresholds and gain.

    Args:
        run: a finished calibration; its ``detector`` has the current settings.
        shipped: the detector settings of the weights.
        gain: the current gain setting: ``auto`` or a number of dB.
        curves: measured false moves per hour of speech by word; missing ones are assumed.
    """
    answers = {word: [a for a in run.answers if a.word == word] for word in run.plan.words}
    words = [_evidence(word, given, run, shipped, (curves or {}).get(word)) for word, given in answers.items()]
    chosen = choose(words)
    levels = [answer.level_db for answer in run.answers if _counts(answer)] or [a.level_db for a in run.answers]
    speech_db = sorted(levels)[len(levels) // 2]
    return CalibrationProposal(
        tuple(_explain(word, chosen[word.word], answers[word.word], run) for word in words),
        _gain(run, gain, speech_db),
        tuple(_warnings(run, speech_db, answers)),
        run.room.level_db,
        speech_db,
        sum(word.room_moves(chosen[word.word]) for word in words),
        sum(word.speech.per_hour(chosen[word.word]) for word in words),
        _nothing_recognized(run),
    )


def _evidence(
    word: str, answers: Sequence[Answer], run: CalibrationRun, shipped: DetectorSettings, curve: SpeechCurve | None
) -> WordEvidence:
    """Collect the measurements for a word."""
    threshold, room = shipped.threshold_of(word), run.room.scores[word]
    return WordEvidence(
        word,
        now=run.detector.threshold_of(word),
        shipped=threshold,
        peaks=tuple(answer.peak for answer in answers if _counts(answer)),
        mistaken=tuple(answer.others.get(word, 0.0) for answer in run.answers if answer.word != word),
        room=RoomTail.fit(room, run.room.hop),
        room_near=max(room, default=0.0) >= ROOM_NEAR * threshold,
        speech=curve or SpeechCurve.assumed(threshold, ASSUMED_PER_HOUR),
    )


def _counts(answer: Answer) -> bool:
    """Return whether an answer is valid: it was loud enough, and something was recognized."""
    return answer.peak >= RECOGNIZED and not answer.clipped and answer.level_db >= QUIETEST_DB


def _explain(word: WordEvidence, proposed: float, answers: Sequence[Answer], run: CalibrationRun) -> WordProposal:
    now, then = (word.heard(word.now), word.heard(proposed)) if word.enough else (None, None)
    scores = ", ".join(f"{answer.peak:.2f}" for answer in answers)
    room = max(run.room.scores[word.word], default=0.0)
    said = f"you reached {scores}; the room {room:.2f} at most" if word.enough else f"heard too rarely to judge ({scores})"
    change = "" if now is None or then is None else f"you are heard about {_percent(then)} instead of {_percent(now)}"
    if proposed < word.now:
        reason = f"{said}: {change}" if change else said
    elif proposed > word.now and word.room_near:
        reason = f"{said}: at {word.now:.2f} this room would cause about {_rate(word.room_moves(word.now))} false moves an hour"
        if now is not None and then is not None:
            reason = f"{reason}; {'you are heard as often as before' if now - then < STAY_BONUS else change}"
    elif proposed > word.now:
        reason = f"{said}: a lower threshold than {proposed:.2f} would cause too many false moves"
    elif now is not None and now < HEARD_WELL and not word.room_near:
        reason = f"{said}: you are heard about {_percent(now)}, but a lower threshold would cause too many false moves"
    else:
        reason = f"{said}: the threshold is right"
    return WordProposal(word.word, word.now, proposed, reason, now, then)


def _gain(run: CalibrationRun, gain: float | str, speech_db: float) -> GainProposal:
    clipped = sum(answer.clipped for answer in run.answers)
    if clipped:
        return GainProposal(gain, gain, "the microphone itself is too loud: turn it down in the system's sound settings")
    if isinstance(gain, str):
        return GainProposal(gain, gain, f"it adapts to your voice automatically (now {run.gain_db:+.0f} dB)")
    proposed = float(round(min(max(GAIN_TARGET_DB - speech_db, GAIN_RANGE_DB[0]), GAIN_RANGE_DB[1])))
    # More gain amplifies the room too: beyond this point it only makes the noise louder.
    if abs(proposed - gain) <= GAIN_STEP_DB or (proposed > gain and speech_db - run.room.level_db < ABOVE_ROOM_DB):
        return GainProposal(gain, gain, f"your voice reaches {speech_db + gain:.0f} dB with it, which is right")
    loud, speech_db = "loud" if proposed < gain else "quiet", speech_db + gain
    return GainProposal(
        gain, proposed, f"your voice reaches {speech_db:.0f} dB with it, which is too {loud}; {GAIN_TARGET_DB:.0f} dB is best"
    )


def _nothing_recognized(run: CalibrationRun) -> bool:
    return all(answer.peak < RECOGNIZED for answer in run.answers)


def _warnings(run: CalibrationRun, speech_db: float, answers: Mapping[str, Sequence[Answer]]) -> list[str]:
    warnings = []
    clipped = sum(answer.clipped for answer in run.answers)
    if clipped:
        warnings.append(f"{clipped} of {len(run.answers)} words were clipped: lower the microphone's level, or move away")
    if run.losses:
        warnings.append(f"the sound stopped {counted(run.losses, 'time')}: calibrate again if a word was lost")
    above = speech_db - run.room.level_db
    if _nothing_recognized(run):
        # All words have the same problem, so it is reported once and not for each word.
        return [*warnings, _why_nothing(run, speech_db)]
    if speech_db < QUIETEST_DB:
        warnings.append(f"your voice is too quiet ({speech_db:.0f} dB): raise the microphone's level, or come closer")
    elif above < ABOVE_ROOM_DB:
        warnings.append(
            f"your voice is only {above:.0f} dB above the room: come closer to the microphone, or make the room quieter"
        )
    for word, given in answers.items():
        missing = sum(answer.peak < RECOGNIZED for answer in given)
        if missing == len(given):
            rivals = sorted({a.rival for a in given if a.rival and a.rival_peak >= run.detector.threshold_of(a.rival)})
            heard_as = f"; it was taken for {', '.join(rivals)}" if rivals else ""
            warnings.append(f"{word!r} was not heard at all{heard_as}: say it while it is shown, a little more slowly")
        elif missing:
            warnings.append(f"{word!r} was not heard {missing} of {len(given)} times")
    return warnings


def _why_nothing(run: CalibrationRun, speech_db: float) -> str:
    if speech_db < QUIETEST_DB:
        return f"the sound is too quiet for a voice ({speech_db:.0f} dB): is it the right microphone, and is it switched on?"
    rivals = sorted({a.rival for a in run.answers if a.rival and a.rival_peak >= run.detector.threshold_of(a.rival)})
    if rivals:
        return f"other words were recognized than those requested ({', '.join(rivals)}): say each word while it is shown"
    return f"there was sound ({speech_db:.0f} dB), but no word was recognized: say each word clearly while it is shown"


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _rate(per_hour: float) -> str:
    return f"{per_hour:.0f}" if per_hour >= 1 else f"{per_hour:.1f}"
