"""The conditions for measuring weights: different rooms, microphones and voices.

Each condition transforms a stream of words: into another room, through another channel, or to another voice. All are seeded. The rooms
are held out, or simulated with parameters outside the range of the training.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import Sound, coded, hum, impulse_response, telephone, through_rooms
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import KITCHEN, MUSIC, Half, half_of_room
from voicetrail.training.evaluate.negatives import reading
from voicetrail.training.evaluate.streams import (
    LEVEL,
    SNRS_DB,
    Spoken,
    Stream,
    close_stream,
    crowded_stream,
    noise_of_unit_level,
    rapid_stream,
    same_word_stream,
    stretched,
    word_stream,
)
from voicetrail.vocabulary import DIRECTIONS

SIMULATED_ROOM = 0.5
"""Reverberation time in s of the simulated room, at a distance of 1 to 3 m."""
HALL = ("ToobAmp__St._Margaret_s_Church", "quantumVerb__medium_chamber")
"""Measured rooms with reverberation times of at least 1.0 s, one for each half; the other measured rooms are smaller."""
BEHIND_DB = 10.0
"""Level of the words above background speech, in dB."""
QUIET_DB, CLIPPED_DB, HUM_DB = -40.0, 24.0, 0.0
"""Gain of a quiet microphone; gain of a clipping one; level of the words above mains hum; in dB."""
SEMITONES = 4.0
TEMPOS = (1.3, 0.75)
SEGMENT = 10 * SAMPLE_RATE
"""Samples after which the room changes."""
KINDS_DB = 10.0
"""Level of the words above kitchen sounds and above music, in dB."""

Make = Callable[[], Stream]


def conditions(
    corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS
) -> Iterator[tuple[str, Make]]:
    """Yield the name of each condition, and a function that makes its stream (which takes seconds).

    Args:
        corpus: the validation split.
        which: half of the speakers, of the noise, of the readers and of the rooms.
        seconds: length of each stream.
        seed: of all streams. The words are the same in most of them.
        words: the words that the game listens for.
    """
    clean = partial(word_stream, corpus, which, None, seconds, seed, words)
    for snr_db in SNRS_DB:
        name = "clean" if snr_db is None else f"{snr_db:g} dB"
        yield name, partial(word_stream, corpus, which, snr_db, seconds, seed, words)
    for name, kinds in (("kitchen", KITCHEN), ("music", MUSIC)):
        yield f"{name}, {KINDS_DB:g} dB", lambda name=name, kinds=kinds: _with_noise(clean(), corpus, which, seed, name, kinds)  # type: ignore[misc]
    yield "cut close", partial(close_stream, corpus, which, seconds, seed, words)
    yield "crowded", partial(crowded_stream, corpus, which, seconds, seed + 1, words)
    yield "rapid", partial(rapid_stream, corpus, which, seconds / 2, seed + 2, words)
    yield "same word", partial(same_word_stream, corpus, which, seconds / 2, seed + 3, words)
    simulated = [simulated_room(seed, number) for number in range(6)]
    yield f"room, {SIMULATED_ROOM:g} s", lambda: in_rooms(clean(), simulated, "room")
    held = {name: response for name, response in corpus.rooms.items() if half_of_room(name) == which}
    for label, responses in (
        ("measured rooms", [response for name, response in sorted(held.items()) if not name.startswith(HALL)]),
        ("hall, 1 s", [response for name, response in sorted(held.items()) if name.startswith(HALL)]),
    ):
        if responses:
            yield label, lambda label=label, responses=responses: in_rooms(clean(), responses, label)  # type: ignore[misc]
    yield "telephone", lambda: changed(clean(), telephone)
    for codec in ("opus", "gsm"):
        yield f"{codec}, low rate", lambda codec=codec: changed(clean(), lambda sound: coded(sound, codec))  # type: ignore[misc]
    if len(reading(corpus.readers, which)):
        yield f"people talking, {BEHIND_DB:g} dB", lambda: _talked_over(clean(), corpus, which, seed)
    yield "quiet", lambda: changed(clean(), quiet)
    yield "clipped", lambda: changed(clean(), lambda sound: np.clip(sound * np.float32(10 ** (CLIPPED_DB / 20)), -1, 1))
    yield "hum", lambda: changed(clean(), lambda sound: sound + _hum(seed, len(sound)))
    if shutil.which("ffmpeg") is not None:
        yield (
            f"{SEMITONES:g} semitones up",
            lambda: changed(clean(), partial(stretched, tempo=1.0, pitch=2 ** (SEMITONES / 12))),
        )
        for tempo in TEMPOS:
            yield f"tempo {tempo:g}", lambda tempo=tempo: faster(clean(), tempo)  # type: ignore[misc]


def changed(stream: Stream, change: Callable[[Sound], Sound]) -> Stream:
    """Transform the sound of a stream, without moving its words."""
    return replace(stream, sound=np.clip(change(stream.sound), -1, 1).astype(np.float32))


def quiet(sound: Sound) -> Sound:
    """Simulate a microphone with a very low gain, where few of the 16-bit steps are used."""
    out: Sound = (np.round(sound * 10 ** (QUIET_DB / 20) * 32767) / 32768).astype(np.float32)
    return out


def _hum(seed: int, length: int) -> Sound:
    return hum(np.random.default_rng((seed, 5)), length) * np.float32(LEVEL * 10 ** (-HUM_DB / 20))


def _with_noise(stream: Stream, corpus: Corpus, which: Half, seed: int, name: str, kinds: Sequence[str]) -> Stream:
    noise = noise_of_unit_level(corpus, which, len(stream.sound), np.random.default_rng((seed, 6)), kinds)
    return replace(changed(stream, lambda sound: sound + noise * np.float32(LEVEL * 10 ** (-KINDS_DB / 20))), name=name)


def _talked_over(stream: Stream, corpus: Corpus, which: Half, seed: int) -> Stream:
    """Add continuous background speech by two readers at once."""
    speech, rng = reading(corpus.readers, which), np.random.default_rng((seed, 7))
    behind = np.zeros(len(stream.sound), dtype=np.float32)
    for _ in range(2):
        since = int(rng.integers(len(speech)))
        behind += np.resize(np.roll(speech, -since), len(behind))
    behind *= np.float32(LEVEL * 10 ** (-BEHIND_DB / 20) / np.sqrt(np.mean(behind**2)))
    return changed(stream, lambda sound: sound + behind)


def simulated_room(seed: int, number: int) -> Sound:
    """The response of a simulated room with a fixed reverberation time."""
    rng = np.random.default_rng((seed, 8, number))
    return impulse_response(rng, (SIMULATED_ROOM, SIMULATED_ROOM), (1.0, 3.0))


def in_rooms(stream: Stream, responses: Sequence[Sound], name: str) -> Stream:
    """Put a stream into a sequence of rooms, at the same level."""
    return replace(changed(stream, lambda sound: through_rooms(sound, responses, SEGMENT)), name=name)


def faster(stream: Stream, tempo: float, pitch: float = 1.0) -> Stream:
    """The same words, faster (or, below 1, slower), by the same voices or, with another pitch, by higher or lower ones."""
    spoken = tuple(Spoken(each.word, round(each.begin / tempo), round(each.end / tempo)) for each in stream.spoken)
    return Stream(f"tempo {tempo:g}", stretched(stream.sound, tempo, pitch), spoken)
