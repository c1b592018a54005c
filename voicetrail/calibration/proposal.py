"""From what was heard to thresholds and a gain, each with its reason.

For every word the player's few scores say how likely it is to reach a threshold (a normal distribution over log-odds, its
width drawn towards that of many speakers), and the room and the speech curves say how often it would be taken by mistake.
All words share one allowance of false moves an hour. The thresholds are those that hear most within it; one is moved only
if that gains something.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.calibration.session import CLEAR, NOTHING, QUIET, Answer, Session
from voicetrail.calibration.tail import RoomTail, SpeechCurve, log_odds
from voicetrail.spotting.detector import DetectorSettings

ALLOWED = 1.0
"""False moves an hour that all words together may make, of the room and of speech each; of speech also as many as the
thresholds that ship make, where that is more."""
LOWEST, HIGHEST = 0.2, 0.97
"""No threshold outside these is proposed."""
FURTHEST = 0.35
"""No threshold is proposed further below the one that ships."""
GRID = 0.01
RESTLESS = 0.3
"""A room that takes a word's score to this part of the threshold that ships has a say in what is proposed."""
SPREAD = 1.6
"""Width of one speaker's scores for a word, in log-odds, as measured over many speakers."""
SPREAD_WEIGHT = 4
"""How many answers the measured width is worth."""
STAY = 0.02
"""A threshold moves only for at least this part of words heard more, or when the allowance asks for it."""
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
class Proposal:
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


@dataclass(frozen=True, slots=True)
class _Word:
    """What is known of a word."""

    word: str
    now: float
    shipped: float
    peaks: tuple[float, ...]
    """Of the answers that count: the word was said and the sound was not clipped."""
    room: RoomTail | None
    speech: SpeechCurve

    def heard(self, threshold: float) -> float:
        """How likely the word is to reach a threshold."""
        odds = [log_odds(peak) for peak in self.peaks]
        mean = sum(odds) / len(odds)
        square = sum((value - mean) ** 2 for value in odds)
        width = math.sqrt((SPREAD_WEIGHT * SPREAD**2 + square) / (SPREAD_WEIGHT + len(odds) - 1))
        return 0.5 * math.erfc((log_odds(threshold) - mean) / (width * math.sqrt(2.0)))

    def false_moves(self, threshold: float) -> tuple[float, float]:
        """False moves an hour of the room and of speech."""
        return (0.0 if self.room is None else self.room.per_hour(threshold), self.speech.per_hour(threshold))

    def grid(self) -> list[float]:
        """The thresholds that may be proposed, the one of now first."""
        low = math.ceil(max(LOWEST, self.shipped - FURTHEST) / GRID - 1e-6)
        return [self.now, *(round(number * GRID, 4) for number in range(low, round(HIGHEST / GRID) + 1))]


def propose(
    session: Session,
    shipped: DetectorSettings,
    gain: float | str,
    curves: Mapping[str, SpeechCurve] | None = None,
) -> Proposal:
    """Propose thresholds and gain.

    Args:
        session: a calibration that is done; its ``detector`` is what holds now.
        shipped: what comes with the weights.
        gain: the gain setting of now: ``auto`` or a number of dB.
        curves: false moves an hour of speech for each word, as measured with the weights; assumed where missing.
    """
    answers = {word: [a for a in session.answers if a.word == word] for word in session.plan.words}
    share = ALLOWED / 2 / max(len(answers), 1)
    words = [
        _Word(
            word=word,
            now=session.detector.threshold_of(word),
            shipped=shipped.threshold_of(word),
            peaks=tuple(answer.peak for answer in given if _counts(answer, session)),
            # A few quiet seconds say next to nothing of an hour: only a room whose scores really rise has a say.
            room=RoomTail.fit(session.room.scores[word], session.room.hop)
            if max(session.room.scores[word], default=0.0) >= RESTLESS * shipped.threshold_of(word)
            else None,
            speech=(curves or {}).get(word) or SpeechCurve.assumed(shipped.threshold_of(word), share),
        )
        for word, given in answers.items()
    ]
    chosen = _choose(words)
    levels = [answer.level_db for answer in session.answers if _counts(answer, session)] or [
        a.level_db for a in session.answers
    ]
    speech_db = sorted(levels)[len(levels) // 2]
    proposals = tuple(_explain(word, chosen[word.word], answers[word.word], session) for word in words)
    moves = [word.false_moves(chosen[word.word]) for word in words]
    return Proposal(
        proposals,
        _gain(session, gain, speech_db),
        tuple(_warnings(session, speech_db, answers)),
        session.room.level_db,
        speech_db,
        sum(room for room, _ in moves),
        sum(speech for _, speech in moves),
    )


def _counts(answer: Answer, session: Session) -> bool:
    """Whether an answer tells how the player says the word: it was loud enough to be said at all, and something was
    recognised.
    """
    return answer.peak >= NOTHING and not answer.clipped and answer.level_db >= QUIET


def _choose(words: Sequence[_Word]) -> dict[str, float]:
    """The threshold of each word that together hear most within the allowance.

    A price for a false move makes the words independent: each takes the threshold at which words heard less the price of
    its false moves are most. The lowest price whose choices keep to the allowance is the one (Everett's method of Lagrange
    multipliers).
    """
    tables = [(word, [(t, _worth(word, t), word.false_moves(t)) for t in word.grid()]) for word in words]
    best: dict[str, float] = {}
    shipped = sum(word.speech.per_hour(word.shipped) for word in words)
    for exponent in range(-48, 49):
        price = 2.0 ** (exponent / 4)
        chosen = {}
        room_total = speech_total = 0.0
        for word, table in tables:
            threshold, _, (room, speech) = max(table, key=lambda row: row[1] - price * (row[2][0] + row[2][1]))
            chosen[word.word] = threshold
            room_total += room
            speech_total += speech
        best = chosen
        if room_total <= ALLOWED and speech_total <= max(ALLOWED, shipped):
            break
    return best


def _worth(word: _Word, threshold: float) -> float:
    """Part of the words heard at a threshold, with a little for staying where it is."""
    stays = STAY if threshold == word.now else 0.0
    # Without answers nothing is known to gain; the room and speech alone may ask for a higher threshold.
    if len(word.peaks) < 2:
        return stays - abs(threshold - word.now)
    return word.heard(threshold) + stays


def _explain(word: _Word, proposed: float, answers: Sequence[Answer], session: Session) -> WordProposal:
    enough = len(word.peaks) >= 2
    now, then = (word.heard(word.now), word.heard(proposed)) if enough else (None, None)
    scores = ", ".join(f"{answer.peak:.2f}" for answer in answers)
    room = max(session.room.scores[word.word], default=0.0)
    said = f"you reached {scores}; the room {room:.2f} at most"
    if not enough:
        said = f"heard too seldom to judge ({scores})"
    if proposed < word.now and now is not None and then is not None:
        reason = f"{said}: lower hears about {_percent(then)} instead of {_percent(now)}"
    elif proposed > word.now:
        too_many = sum(word.false_moves(word.now))
        reason = f"{said}: at {word.now:.2f} this room and talk would make about {_rate(too_many)} false moves an hour"
        if now is not None and then is not None:
            lost = "you lose nothing" if now - then < STAY else f"you are heard {_percent(then)} instead of {_percent(now)}"
            reason = f"{reason}; {lost}"
    else:
        reason = f"{said}: it is right as it is"
    return WordProposal(word.word, word.now, proposed, reason, now, then)


def _gain(session: Session, gain: float | str, speech_db: float) -> GainProposal:
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


def _warnings(session: Session, speech_db: float, answers: Mapping[str, Sequence[Answer]]) -> list[str]:
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
