"""From what was heard to thresholds and a gain, each with its reason.

``calibration.choice`` says how a threshold is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.calibration.choice import RESTLESS, STAY, Known, choose
from voicetrail.calibration.session import CLEAR, NOTHING, QUIET, Answer, CalibrationRun
from voicetrail.calibration.tail import RoomTail, SpeechCurve
from voicetrail.spotting.detector import DetectorSettings

ASSUMED = 2.0
"""False moves an hour of talk by one word at the threshold that ships, for weights that bring no figures."""
WELL = 0.9
"""A word that is heard less often than this is not heard well."""
GAIN_TARGET = -20.0
"""Where the loudest part of a word should lie, in dB below full scale."""
GAIN_STEP = 3.0
"""A gain is changed only by more than this, in dB."""
GAIN_RANGE = (-20.0, 40.0)


@dataclass(frozen=True, slots=True)
class WordProposal:
    """The threshold of one word."""

    word: str
    now: float
    proposed: float
    reason: str
    heard_now: float | None
    """How likely the word is to be heard, as this player says it in this room; ``None`` when it was not heard often enough
    to say."""
    heard_then: float | None


@dataclass(frozen=True, slots=True)
class GainProposal:
    """The gain of the sound."""

    now: float | str
    proposed: float | str
    reason: str


@dataclass(frozen=True, slots=True)
class CalibrationProposal:
    """What the player may take or leave."""

    words: tuple[WordProposal, ...]
    gain: GainProposal
    warnings: tuple[str, ...]
    room_db: float
    """Level of the room before any gain."""
    speech_db: float
    """Level of the loudest part of a word before any gain."""
    room_moves: float
    """False moves an hour of this room at the proposed thresholds, extrapolated."""
    speech_moves: float
    """False moves an hour of speech that holds no word at the proposed thresholds."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The thresholds that would change."""
        return {each.word: each.proposed for each in self.words if each.proposed != each.now}

    @property
    def settings(self) -> Mapping[str, float | str]:
        """The settings that would change, by name."""
        changed: dict[str, float | str] = {f"thresholds.{word}": value for word, value in self.thresholds.items()}
        if self.gain.proposed != self.gain.now:
            changed["gain"] = self.gain.proposed
        return changed

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return bool(self.settings)


def propose(
    session: CalibrationRun,
    shipped: DetectorSettings,
    gain: float | str,
    curves: Mapping[str, SpeechCurve] | None = None,
) -> CalibrationProposal:
    """Propose thresholds and gain.

    Args:
        session: a calibration that is done; its ``detector`` is what holds now.
        shipped: what comes with the weights.
        gain: the gain setting of now: ``auto`` or a number of dB.
        curves: false moves an hour of speech for each word, as measured with the weights; assumed where missing.
    """
    answers = {word: [a for a in session.answers if a.word == word] for word in session.plan.words}
    words = [_known(word, given, session, shipped, (curves or {}).get(word)) for word, given in answers.items()]
    chosen = choose(words)
    levels = [answer.level_db for answer in session.answers if _counts(answer)] or [a.level_db for a in session.answers]
    speech_db = sorted(levels)[len(levels) // 2]
    return CalibrationProposal(
        tuple(_explain(word, chosen[word.word], answers[word.word], session) for word in words),
        _gain(session, gain, speech_db),
        tuple(_warnings(session, speech_db, answers)),
        session.room.level_db,
        speech_db,
        sum(word.room_moves(chosen[word.word]) for word in words),
        sum(word.speech.per_hour(chosen[word.word]) for word in words),
    )


def _known(
    word: str, answers: Sequence[Answer], session: CalibrationRun, shipped: DetectorSettings, curve: SpeechCurve | None
) -> Known:
    """What the session says of a word."""
    threshold, room = shipped.threshold_of(word), session.room.scores[word]
    return Known(
        word,
        now=session.detector.threshold_of(word),
        shipped=threshold,
        peaks=tuple(answer.peak for answer in answers if _counts(answer)),
        mistaken=tuple(answer.others.get(word, 0.0) for answer in session.answers if answer.word != word),
        room=RoomTail.fit(room, session.room.hop),
        restless=max(room, default=0.0) >= RESTLESS * threshold,
        speech=curve or SpeechCurve.assumed(threshold, ASSUMED),
    )


def _counts(answer: Answer) -> bool:
    """Whether an answer tells how the player says the word: it was loud enough to be said at all, and something was
    recognised.
    """
    return answer.peak >= NOTHING and not answer.clipped and answer.level_db >= QUIET


def _explain(word: Known, proposed: float, answers: Sequence[Answer], session: CalibrationRun) -> WordProposal:
    now, then = (word.heard(word.now), word.heard(proposed)) if word.enough else (None, None)
    scores = ", ".join(f"{answer.peak:.2f}" for answer in answers)
    room = max(session.room.scores[word.word], default=0.0)
    said = f"you reached {scores}; the room {room:.2f} at most" if word.enough else f"heard too seldom to judge ({scores})"
    change = "" if now is None or then is None else f"you are heard about {_percent(then)} instead of {_percent(now)}"
    if proposed < word.now:
        reason = f"{said}: {change}" if change else said
    elif proposed > word.now and word.restless:
        reason = f"{said}: at {word.now:.2f} this room would make about {_rate(word.room_moves(word.now))} false moves an hour"
        if now is not None and then is not None:
            reason = f"{reason}; {'you lose nothing' if now - then < STAY else change}"
    elif proposed > word.now:
        reason = f"{said}: lower than {proposed:.2f} costs more false moves than it is worth"
    elif now is not None and now < WELL and not word.restless:
        reason = f"{said}: you are heard about {_percent(now)}, but a lower one would make too many false moves"
    else:
        reason = f"{said}: it is right as it is"
    return WordProposal(word.word, word.now, proposed, reason, now, then)


def _gain(session: CalibrationRun, gain: float | str, speech_db: float) -> GainProposal:
    clipped = sum(answer.clipped for answer in session.answers)
    if clipped:
        return GainProposal(gain, gain, "the microphone itself is too loud: turn it down in the system's sound settings")
    if isinstance(gain, str):
        return GainProposal(gain, gain, f"it follows your voice by itself (now {session.gain_db:+.0f} dB)")
    proposed = float(round(min(max(GAIN_TARGET - speech_db, GAIN_RANGE[0]), GAIN_RANGE[1])))
    # Raising the sound raises the room as well: past this it is only louder noise.
    if abs(proposed - gain) <= GAIN_STEP or (proposed > gain and speech_db - session.room.level_db < CLEAR):
        return GainProposal(gain, gain, f"your voice reaches {speech_db + gain:.0f} dB with it: that is right")
    loud, speech_db = "loud" if proposed < gain else "quiet", speech_db + gain
    return GainProposal(
        gain, proposed, f"your voice reaches {speech_db:.0f} dB with it, which is too {loud}; {GAIN_TARGET:.0f} dB is best"
    )


def _warnings(session: CalibrationRun, speech_db: float, answers: Mapping[str, Sequence[Answer]]) -> list[str]:
    warnings = []
    clipped = sum(answer.clipped for answer in session.answers)
    if clipped:
        warnings.append(
            f"{clipped} of {len(session.answers)} words were clipped: turn the microphone down, or speak further away"
        )
    if session.losses:
        warnings.append(f"the sound stopped {session.losses} times meanwhile: calibrate again if a word was lost by it")
    above = speech_db - session.room.level_db
    if speech_db < QUIET:
        warnings.append(f"your voice is too quiet ({speech_db:.0f} dB): turn the microphone up, or come closer")
    elif above < CLEAR:
        warnings.append(
            f"your voice is only {above:.0f} dB above the room: come closer to the microphone, or make the room quieter"
        )
    for word, given in answers.items():
        missing = sum(answer.peak < NOTHING for answer in given)
        if missing == len(given):
            rivals = sorted({a.rival for a in given if a.rival and a.rival_peak >= session.detector.threshold_of(a.rival)})
            heard_as = f"; it was taken for {', '.join(rivals)}" if rivals else ""
            warnings.append(f"{word!r} was not heard at all{heard_as}: say it within its time, a little slower")
        elif missing:
            warnings.append(f"{word!r} was not heard {missing} of {len(given)} times")
    return warnings


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _rate(per_hour: float) -> str:
    return f"{per_hour:.0f}" if per_hour >= 1 else f"{per_hour:.1f}"
