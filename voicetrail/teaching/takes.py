"""Takes: a word said once, found and cut out of a stream or a longer recording, and checked before a head is trained on it.

A take is found by its energy. The noise floor is the quiet part of the last seconds; a take begins where the level rises well
above the floor and ends where it has stayed near the floor for a quarter of a second, so that a word with a stop in its middle
(*stop*, *eight*) stays whole. Everything is counted in samples of the stream.

The noise behind a word may be louder than the pause before it: a noise gate opens, a clip with hiss of its own follows silence, a
fan starts. Such a take never comes back to its floor. So where it has become steady far below its peak, that is taken for the
noise behind it, and its levels are gone through once more with that as the floor. If the noise only touches the level at which a
take ends, the last frames that are as quiet as that noise do not count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from itertools import pairwise
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE

Sound = npt.NDArray[np.float32]

FRAME = SAMPLE_RATE // 100
"""Samples of one level measurement (10 ms)."""
BEGIN_ABOVE_DB = 12.0
"""A take has begun where the level is this far above the noise floor."""
END_ABOVE_DB = 7.0
"""It reaches as far as the level is this much above the floor."""
LOUD_FLOOR_DB = -50.0
"""Above this floor the noise is so loud that words hardly rise above it. If it is also steady, a lower rise begins a take."""
LEAST_BEGIN_DB = 6.0
SPREADS = 3.0
"""The rise in such noise, in dB: 2 plus this many times the spread of the noise's levels, limited to ``LEAST_BEGIN_DB`` and
``BEGIN_ABOVE_DB``. Of 60 clips of words in a stream with white noise at -30 dB, 49 are found (32 without it). Of the noises tried,
one (an exercise bike at -40 dB) gave one false take."""
BEGIN_FRAMES = 5
"""Frames above the level that begins a take (50 ms): a click is shorter."""
END_FRAMES = 28
"""Frames in a row near the floor that end a take (280 ms): longer than the closure of a stop consonant."""
MARGIN = int(0.4 * SAMPLE_RATE)
"""Samples kept before and after a take (0.4 s): the faint first and last sounds of a word, and the room around it, in which the
word will be heard. Heads trained on takes cut closer refuse less (docs/teaching.md)."""
CUT_OFF = SAMPLE_RATE // 20
"""Samples of quiet that must follow a take at the end of a recording (50 ms); else it is cut off."""
STEADY_FRAMES = 45
"""Frames in a row of steady noise that end a take (450 ms): a weak last syllable or an *s* is shorter."""
STEADY_DB = 6.0
"""Noise is this steady: of ``STEADY_FRAMES`` frames the loudest lies at most so far above the median."""
FLOOR_FRAMES = 300
"""Frames from which the noise floor is estimated (3 s)."""
FLOOR_QUANTILE = 0.2
SPREAD_QUANTILE = 0.9
LOWEST_FLOOR_DB = -75.0
"""The floor is never taken to be lower: digital silence would make a take of the faintest hiss."""
LONGEST = int(1.5 * SAMPLE_RATE)
"""A word is shorter than this, in samples; what is longer is a sentence or a noise that goes on."""
SHORTEST = int(0.08 * SAMPLE_RATE)
"""What is shorter than this, in samples, is no word."""
QUIET_DB = -50.0
"""A take whose loudest 50 ms stay below this is too quiet, in dB below full scale."""
CLEAR_DB = 10.0
"""A take must stand at least this far above the noise."""
CLIPPED_SAMPLES = 4
"""Samples at full scale in a row that count as clipping."""


class TakeProblem(Enum):
    """What may be wrong with a take, as the player reads it."""

    CLIPPED = "It is clipped. Speak more softly, or move away from the microphone."
    QUIET = "It is too quiet. Speak up, or move closer to the microphone."
    NOISY = "It hardly stands out from the noise. Say it again where it is quieter."
    CUT_OFF = "It is cut off at its beginning or end. Say it again, and wait a moment before and after."
    EMPTY = "Nothing was said in it."
    TOO_LONG = "It is longer than 1.5 seconds. Say the word alone."
    OTHER = "It sounds like another of your words. If it is, do it over."
    UNLIKE = "It sounds unlike the other takes of this word. Keep it only if it was said as you mean to say it."
    DUPLICATE = "It is the same recording as another take. It adds nothing."


NO_TAKES = frozenset({TakeProblem.EMPTY, TakeProblem.TOO_LONG})
"""What has one of these is not counted as a take."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a take lies in a stream, in samples."""

    begin: int
    end: int
    floor_db: float
    """The noise floor before it, in dB below full scale."""
    cut_off: bool = False
    """It touches the beginning or the end of the recording."""


T = TypeVar("T")


def remembered(function: Callable[[Take], T]) -> Callable[[Take], T]:
    """Compute something of a take once; a screen asks for it several times a second."""
    known: WeakKeyDictionary[Take, T] = WeakKeyDictionary()

    @wraps(function)
    def look_up(take: Take) -> T:
        if take not in known:
            known[take] = function(take)
        return known[take]

    return look_up


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Take:
    """One recording of a word, with its bounds inside the recording."""

    sound: Sound
    """16 kHz mono, ``[samples]``: the word with ``MARGIN`` around it, at most."""
    begin: int
    """First sample of the word."""
    end: int
    """Sample behind its last."""
    floor_db: float = LOWEST_FLOOR_DB
    cut_off: bool = False

    @property
    def seconds(self) -> float:
        """Length of the word in s."""
        return (self.end - self.begin) / SAMPLE_RATE

    @property
    def level_db(self) -> float:
        """RMS of the loudest 50 ms, in dB below full scale."""
        return _level_db(self)

    @property
    def problems(self) -> tuple[TakeProblem, ...]:
        """What is wrong with the take by itself; whether it is unlike others is for ``examples`` to say."""
        return _problems(self)


@remembered
def _problems(take: Take) -> tuple[TakeProblem, ...]:
    found = []
    level = take.level_db
    if take.end - take.begin < SHORTEST or level <= LOWEST_FLOOR_DB:
        return (TakeProblem.EMPTY,)
    if is_clipped(take.sound):
        found.append(TakeProblem.CLIPPED)
    if level < QUIET_DB:
        found.append(TakeProblem.QUIET)
    elif level - take.floor_db < CLEAR_DB:
        found.append(TakeProblem.NOISY)
    if take.cut_off:
        found.append(TakeProblem.CUT_OFF)
    if take.end - take.begin > LONGEST:
        found.append(TakeProblem.TOO_LONG)
    return tuple(found)


@remembered
def _level_db(take: Take) -> float:
    return loudest_db(take.sound)


def frame_levels_db(sound: Sound) -> npt.NDArray[np.float64]:
    """RMS of each whole frame of 10 ms, in dB below full scale, ``[frames]``."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    power = np.mean(np.square(frames), axis=1) if len(frames) else np.zeros(0)
    return 10 * np.log10(power + 1e-12)


def loudest_db(sound: Sound) -> float:
    """RMS of the loudest 50 ms, in dB below full scale; -120 for no sound."""
    levels = np.sort(10 ** (frame_levels_db(sound) / 10))[-5:]
    return float(10 * np.log10(np.mean(levels) + 1e-12)) if len(levels) else -120.0


def is_clipped(sound: Sound) -> bool:
    """Whether ``CLIPPED_SAMPLES`` in a row stand at full scale, or at one and the same highest value that is near it."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak < 0.5:
        return False
    at_peak = np.abs(sound) >= min(peak, 0.999) - 1e-4
    run = np.convolve(at_peak.astype(np.int32), np.ones(CLIPPED_SAMPLES, dtype=np.int32), "valid")
    return bool((run >= CLIPPED_SAMPLES).any())


class TakeFinder:
    """Finds takes in a stream, block by block.

    The sound itself is not kept: ``feed`` returns where takes lie, and the caller cuts them out.
    """

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=FLOOR_FRAMES)
        self._rest = np.zeros(0, dtype=np.float32)
        self._frame = 0
        self._above = 0
        """Frames in a row so far above the floor that they belong to a take, if one begins."""
        self._loud = 0
        """How many of them are so loud that one begins."""
        self._below = 0
        self._begin: int | None = None
        self._floor = LOWEST_FLOOR_DB
        self._end_above = END_ABOVE_DB
        """How far above the floor the take under way reaches, in dB."""
        self._least_floor = LOWEST_FLOOR_DB
        """The floor is not taken to be lower while levels are gone through once more."""
        self._current: list[float] = []
        """The levels of the take under way."""
        self._peak = LOWEST_FLOOR_DB

    @property
    def floor_db(self) -> float:
        """The noise floor of the last seconds, in dB below full scale."""
        if not self._levels:
            return LOWEST_FLOOR_DB
        return max(LOWEST_FLOOR_DB, float(np.quantile(np.fromiter(self._levels, np.float64), FLOOR_QUANTILE)))

    def assume_floor(self, floor_db: float) -> None:
        """Begin with a noise floor that is known from elsewhere, in dB below full scale."""
        self._levels.extend([floor_db] * BEGIN_FRAMES)

    @property
    def speaking(self) -> bool:
        """Whether a take is under way."""
        return self._begin is not None

    def feed(self, sound: Sound) -> list[Span]:
        """Take some more sound, ``[samples]`` at 16 kHz; return the takes that have ended in it."""
        joined = np.concatenate((self._rest, sound)) if len(self._rest) else sound
        levels = frame_levels_db(joined)
        self._rest = joined[len(levels) * FRAME :].copy()
        return [span for level in levels.tolist() for span in self._take(level)]

    def finish(self) -> list[Span]:
        """The take that is still under way when the sound ends, marked as cut off unless it had all but ended."""
        return [] if self._begin is None else [self._end(at_end=True)]

    def _take(self, level: float) -> list[Span]:
        self._frame += 1
        if self._begin is None:
            self._wait(level)
            return []
        self._current.append(level)
        self._peak = max(self._peak, level)
        self._below = self._below + 1 if level < self._floor + self._end_above else 0
        if self._below >= END_FRAMES:
            return [self._end()]
        if len(self._current) > STEADY_FRAMES and (noise := self._noise_behind()) is not None:
            return self._go_through_again(noise)
        if len(self._current) * FRAME > 2 * LONGEST:
            return self._end_too_long(level)
        return []

    def _wait(self, level: float) -> None:
        """No take is under way: one may begin."""
        floor = max(self.floor_db, self._least_floor) if len(self._levels) >= BEGIN_FRAMES else LOWEST_FLOOR_DB
        begin_above = self._begin_above(floor)
        end_above = begin_above * END_ABOVE_DB / BEGIN_ABOVE_DB
        self._levels.append(level)
        self._above = self._above + 1 if level >= floor + end_above else 0
        self._loud = self._loud + (level >= floor + begin_above) if self._above else 0
        if self._loud < BEGIN_FRAMES:
            return
        self._above = min(self._above, len(self._levels))
        self._begin, self._below = self._frame - self._above, 0
        self._end_above = end_above
        self._current = list(self._levels)[-self._above :]
        self._peak = max(self._current)
        # What has just begun is not part of the floor.
        quiet = sorted(self._levels)[: max(1, len(self._levels) - self._above)]
        self._floor = max(self._least_floor, quiet[int(FLOOR_QUANTILE * (len(quiet) - 1))])

    def _begin_above(self, floor: float) -> float:
        """How far above the floor a take begins, in dB: less in a noise that is loud and steady."""
        if floor < LOUD_FLOOR_DB or len(self._levels) < STEADY_FRAMES:
            return BEGIN_ABOVE_DB
        low, high = np.quantile(np.fromiter(self._levels, np.float64), (FLOOR_QUANTILE, SPREAD_QUANTILE))
        return float(min(BEGIN_ABOVE_DB, max(LEAST_BEGIN_DB, SPREADS * (high - low) + 2.0)))

    def _noise_behind(self) -> float | None:
        """The level of the steady noise, far below its peak, in which the take has ended; ``None`` while there is none."""
        recent = sorted(self._current[-STEADY_FRAMES:])
        noise, loudest = recent[STEADY_FRAMES // 2], recent[-1]
        steady = loudest <= min(self._peak - BEGIN_ABOVE_DB, noise + STEADY_DB)
        return noise if steady and noise > self._floor + 0.5 else None

    def _end_too_long(self, level: float) -> list[Span]:
        """A word in a noise that began before it, or a noise that goes on."""
        noise = sorted(self._current)[int(FLOOR_QUANTILE * len(self._current))]
        if self._peak >= noise + BEGIN_ABOVE_DB and noise > self._floor + 0.5:
            return self._go_through_again(noise)
        self._levels.clear()
        self.assume_floor(level)
        return [self._end()]

    def _go_through_again(self, floor_db: float) -> list[Span]:
        """Look for takes in the levels of the take under way, with a higher floor: what was one take may be several, or none."""
        assert self._begin is not None
        levels, self._frame = self._current, self._begin
        self._begin, self._above, self._loud, self._below = None, 0, 0, 0
        self._levels.clear()
        self.assume_floor(floor_db)
        before, self._least_floor = self._least_floor, floor_db
        spans = [span for level in levels for span in self._take(level)]
        self._least_floor = before
        return spans

    def _end(self, *, at_end: bool = False) -> Span:
        assert self._begin is not None
        quiet = self._quiet_frames()
        cut_off = self._begin == 0 or (at_end and quiet * FRAME < CUT_OFF)
        span = Span(self._begin * FRAME, (self._frame - quiet) * FRAME, self._floor, cut_off)
        self._begin, self._above, self._loud, self._below = None, 0, 0, 0
        return span

    def _quiet_frames(self) -> int:
        """Frames behind the word, which ends now.

        Noise whose median lies just below the level at which a take ends rises above that level every few frames. These frames are
        not part of the word, so all frames count as quiet that are as quiet as this noise may be.
        """
        noise = float(np.median(self._current[-max(self._below, END_FRAMES // 2) :]))
        if noise >= min(self._floor + self._end_above, self._peak - BEGIN_ABOVE_DB):
            return self._below  # the word has not ended, or hardly stands out from the noise
        loudest = noise + STEADY_DB * self._end_above / END_ABOVE_DB
        levels = self._current[: len(self._current) - self._below]
        return self._below + next((number for number, level in enumerate(reversed(levels)) if level > loudest), 0)


def cut(sound: Sound, span: Span, offset: int = 0, after: int = 0, before: int | None = None) -> Take:
    """Cut a take out of sound.

    Args:
        sound: ``[samples]`` at 16 kHz.
        span: where the take lies.
        offset: sample of the stream at which ``sound`` begins.
        after: sample of the stream before which nothing belongs to this take (the middle of the pause before it).
        before: the same for its end; ``None`` for no limit.
    """
    since = max(0, span.begin - offset - MARGIN, after - offset)
    until = min(len(sound), span.end - offset + MARGIN, len(sound) if before is None else before - offset)
    piece = np.ascontiguousarray(sound[since:until], dtype=np.float32)
    return Take(piece, span.begin - offset - since, span.end - offset - since, span.floor_db, span.cut_off)


def find_spans(sound: Sound) -> list[Span]:
    """Where the takes of a whole recording lie, ``[samples]`` at 16 kHz."""
    # A recording that is a clip of one word has no quiet seconds to know the floor by: its own quietest frames must do.
    finder = TakeFinder()
    levels = frame_levels_db(sound)
    if len(levels):
        finder.assume_floor(max(LOWEST_FLOOR_DB, float(np.quantile(levels, 0.1))))
    return [span for span in (*finder.feed(sound), *finder.finish()) if span.end - span.begin >= SHORTEST]


def cut_all(sound: Sound, spans: Sequence[Span]) -> Iterator[Take]:
    """Cut takes out of a whole recording, each with the sound around it up to the middle of the pauses."""
    if not spans:
        return
    middles = [(one.end + two.begin) // 2 for one, two in pairwise(spans)]
    for span, after, before in zip(spans, [0, *middles], [*middles, len(sound)], strict=True):
        yield cut(sound, span, 0, after, before)


def find_takes(sound: Sound) -> Iterator[Take]:
    """Find every take in a whole recording, ``[samples]`` at 16 kHz."""
    return cut_all(sound, find_spans(sound))
