"""Measures personal mode: how many words that the shipped weights miss are recognized after adapting them to the voice.

    python -m bench.personal --data DATA --half judging

Of validation speakers, whom no training saw, with five takes of each direction: each take is left out in turn, the others teach. What
is heard is decided by the detector, in a stream of the take with quiet before and after it: as it was recorded, in the speaker's own
room (held-out noise 10 dB below the words, takes and tests alike), and over a telephone (300 to 3400 Hz, eight bits). By default
only turns are looked at in which what ships misses a word; in the others nothing could be won. False moves are counted in books read
by readers whom no training heard.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from bench.teaching import clips_by_speaker
from bench.teaching_streams import recognizer_of
from voicetrail.events import SAMPLE_RATE, WordHeard
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.score_filter import filtered
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.negatives import Negatives, backbone_hash, find_negatives, load_negatives
from voicetrail.teaching.heads.personal import retune
from voicetrail.teaching.takes import Take, find_takes
from voicetrail.training.data.acoustics import telephone
from voicetrail.training.data.heldout import READERS, half_of_noise
from voicetrail.training.data.recordings import sound_files
from voicetrail.vocabulary import DIRECTIONS

Sound = npt.NDArray[np.float32]
CONDITIONS = ("clean", "noise", "telephone")
AROUND = int(0.7 * SAMPLE_RATE)
"""Quiet before and after a take, in samples."""
SNR_DB = 10.0
MU = 255.0


def loudness(sound: Sound) -> float:
    """Mean power of the loudest third of a second."""
    return float(np.sort(np.mean(sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2, axis=1))[-30:].mean())


def as_heard(rng: np.random.Generator, clip: Sound, condition: str, noise: Sound) -> Sound:
    """A clip with quiet (as loud as its own quietest parts) around it, under a condition."""
    quietest = np.sort(np.mean(clip[: len(clip) // 160 * 160].reshape(-1, 160) ** 2, axis=1))[:20].mean()
    out = rng.standard_normal(len(clip) + 2 * AROUND).astype(np.float32) * np.float32(np.sqrt(quietest) + 1e-5)
    out[AROUND : AROUND + len(clip)] = clip
    if condition == "noise":
        since = int(rng.integers(0, len(noise) - len(out)))
        out = out + noise[since : since + len(out)]
    if condition == "telephone":
        narrow = np.clip(telephone(out), -1, 1)
        code = np.round(np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU) * 127) / 127
        out = (np.sign(code) * np.expm1(np.abs(code) * np.log1p(MU)) / MU).astype(np.float32)
    return out


def words_in(recognizer: Recognizer, sound: Sound) -> list[str]:
    """The words that are detected."""
    detector = Detector(recognizer.labels, recognizer.detector)
    hops = filtered(recognizer.score_all(sound), recognizer.labels, recognizer.score_filter)
    return [e.word for at, row in hops for e in detector.feed(at, row) if isinstance(e, WordHeard)]


def take_in(sound: Sound) -> Take:
    """The loudest take of a stream, or all of it."""
    found = sorted(find_takes(sound), key=lambda take: take.level_db)
    return found[-1] if found else Take(sound, 0, len(sound))


def books(data: Path, half: str, minutes: float) -> Sound:
    """Books read aloud by readers of a half."""
    rows = [line.split("\t") for line in (data / "talk" / "transcripts.tsv").read_text("utf-8").splitlines()[1:]]
    parts, size = [np.zeros(1, dtype=np.float32)], 0
    for row in rows:
        if READERS.get(row[1]) == half and size < minutes * 60 * SAMPLE_RATE:
            parts += [soundfile.read(str(data / row[0]), dtype="float32")[0], np.zeros(SAMPLE_RATE // 2, dtype=np.float32)]
            size += len(parts[-2]) + len(parts[-1])
    return np.concatenate(parts)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with speech_commands/, noise/ and talk/")
    parser.add_argument("--half", choices=("choosing", "judging"), default="judging", help="of the speakers and readers")
    parser.add_argument("--speakers", type=int, default=100)
    parser.add_argument("--every-turn", action="store_true", help="also those in which what ships misses nothing")
    parser.add_argument("--minutes", type=float, default=10.0, help="of books, for each fourth turn")
    parser.add_argument("--negatives", type=Path, help="negatives other than the shipped ones")
    args = parser.parse_args()
    torch.set_num_threads(1)
    root = args.data / "speech_commands"
    listed = {str(Path(line).with_suffix("")) for line in (root / "validation_list.txt").read_text().split()}
    found = clips_by_speaker(root, list(DIRECTIONS))
    speakers = [
        name
        for name, words in sorted(found.items())
        if all(len(words[w]) >= 4 for w in DIRECTIONS) and f"up/{words['up'][0].stem}" in listed
    ][args.half == "judging" :: 2][: args.speakers]
    weights = load_weights("directional4w")
    negatives = load_negatives(args.negatives or find_negatives(), backbone_hash(weights.model.state_dict()))
    shipped = Recognizer(load_weights("directional4w"))
    talk = books(args.data, args.half, args.minutes)
    before_talk = len(words_in(shipped, talk))
    noises = [
        path
        for path in sound_files(args.data / "noise")
        if half_of_noise(f"{path.parent.name}/{path.stem}") is not None and soundfile.info(str(path)).duration >= 4.9
    ]
    sums, false, turns = {condition: Counter[str]() for condition in CONDITIONS}, list[int](), 0
    for number, name in enumerate(speakers):
        rng = np.random.default_rng(number)
        clips = {w: [soundfile.read(str(path), dtype="float32")[0] for path in found[name][w][:5]] for w in DIRECTIONS}
        noise = soundfile.read(str(noises[int(rng.integers(len(noises)))]), dtype="float32")[0]
        noise = np.resize(noise, max(len(noise), 8 * SAMPLE_RATE))
        speech = np.median([loudness(clip) for own in clips.values() for clip in own])
        noise *= np.float32(np.sqrt(speech / (np.mean(noise**2) + 1e-12) * 10 ** (-SNR_DB / 10)))
        for condition in CONDITIONS:
            heard = {w: [as_heard(rng, clip, condition, noise) for clip in own] for w, own in clips.items()}
            room = noise[: 4 * SAMPLE_RATE] if condition == "noise" else np.zeros(0, dtype=np.float32)
            was = {w: [w in words_in(shipped, sound) for sound in own] for w, own in heard.items()}
            for out in range(5):
                if not args.every_turn and all(own[out] for own in was.values() if out < len(own)):
                    continue
                after, saved = _turn(heard, room, out, negatives)
                for w in DIRECTIONS:
                    if out < len(heard[w]):
                        now = w in words_in(after or shipped, heard[w][out])
                        sums[condition][
                            f"{'heard' if was[w][out] else 'missed'} before, {'heard' if now else 'missed'} now"
                        ] += 1
                sums[condition]["saved"] += saved
                sums[condition]["turns"] += 1
                if turns % 4 == 0 and args.minutes:
                    false.append(len(words_in(after or shipped, talk)) - before_talk)
                turns += 1
        print(name, {condition: dict(counts) for condition, counts in sums.items()}, false, flush=True)
    _print(sums, false, before_talk, len(talk) / SAMPLE_RATE / 60)


def _turn(heard: Mapping[str, Sequence[Sound]], room: Sound, out: int, negatives: Negatives) -> tuple[Recognizer | None, bool]:
    """Teach all takes but one of each word; what came of it, ``None`` where the check keeps what ships."""
    examples = ExampleSet(room=room)
    for word, sounds in heard.items():
        for number, sound in enumerate(sounds):
            if number != out:
                examples.add(word, take_in(sound))
    weights = load_weights("directional4w")
    taught, check = retune(examples, weights, negatives)
    return (recognizer_of(weights, taught), True) if check.better else (None, False)


def _print(sums: Mapping[str, Counter[str]], false: Sequence[int], before: int, minutes: float) -> None:
    for condition, counts in sums.items():
        missed = counts["missed before, heard now"] + counts["missed before, missed now"]
        well = counts["heard before, heard now"] + counts["heard before, missed now"]
        print(
            f"| {condition} | {counts['missed before, heard now']} of {missed} missed are heard now "
            f"| {counts['heard before, missed now']} of {well} are missed now | saved in {counts['saved']} of {counts['turns']} |"
        )
    if false:
        print(
            f"false moves in {minutes:.0f} min of books: {before} as it ships, {np.mean(false):+.2f} (mean of {len(false)} turns)"
        )


if __name__ == "__main__":
    main()
