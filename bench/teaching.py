"""Measures how well taught words are recognized, and other sounds rejected, with words that the backbone was not trained with.

    python -m bench.teaching WEIGHTS NEGATIVES --data DATA --takes 4 --half judging
    python -m bench.teaching WEIGHTS NEGATIVES --data DATA --takes 5 --strangers --words up down left right backward forward …
    python -m bench.teaching WEIGHTS NEGATIVES --data DATA --takes 5 --voices FOLDER --count 10

``WEIGHTS`` must have been trained without the words (copy the data without their folders). ``NEGATIVES`` is the output of
``voicetrail.training.fit.negatives`` for these weights. By default, the takes come from speakers with enough clips of every word; each
take is left out in turn, and tests a head that is trained with ``--takes`` of the others. With ``--strangers``, every take is by a
different speaker, and the tests are by other speakers. ``FOLDER`` contains voices (synthetic ones, for example), each a folder of
words. To be rejected: validation clips of all other words, those of words that the backbone does not know, and noise.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from voicetrail.errors import TeachingError
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import Embedder, Head, centered
from voicetrail.teaching.heads.negatives import Negatives, backbone_hash, load_negatives
from voicetrail.teaching.heads.teach import Taught, teach
from voicetrail.teaching.takes import Take, find_takes
from voicetrail.vocabulary import is_word

UNSEEN = ("up", "down", "left", "right", "backward", "forward", "marvin", "sheila", "happy", "house")
"""Words that were left out of the training of the development backbone."""
OTHERS, NOISES, TESTS = 1500, 400, 40


def read_take(path: Path) -> Take:
    """Read a clip of one word as a take: the loudest take that is found in it, or the entire clip."""
    sound, _ = soundfile.read(str(path), dtype="float32")
    found = sorted(find_takes(sound), key=lambda take: take.level_db)
    return found[-1] if found else Take(sound, 0, len(sound))


def clips_by_speaker(data: Path, words: Sequence[str]) -> dict[str, dict[str, list[Path]]]:
    """Clips of each speaker, by word."""
    out: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for word in words:
        for path in sorted((data / word).iterdir()):
            out[path.name.split("_nohash")[0]][word].append(path)
    return out


@dataclass(frozen=True, slots=True)
class Case:
    """Takes for teaching and for testing, by word."""

    takes: Mapping[str, Sequence[Path]]
    tests: Mapping[str, Sequence[Path]]
    others: Mapping[str, Sequence[Path]]
    """The same words by other speakers."""


def by_one_speaker(args: argparse.Namespace, found: Mapping[str, Mapping[str, Sequence[Path]]]) -> Iterator[Case]:
    """Takes and tests by one speaker: each of the first five takes of a word is left out in turn."""
    used = [s for s in sorted(found) if all(len(found[s][w]) >= 5 for w in args.words)]
    used = [used[i] for i in np.random.default_rng(11).permutation(len(used))]
    half = {"choosing": used[: len(used) // 2], "judging": used[len(used) // 2 :], "all": used}[args.half][: args.count]
    strangers = {w: [found[s][w][0] for s in sorted(found) if s not in used and found[s][w]][:TESTS] for w in args.words}
    for speaker in half:
        for out in range(0, 5, args.every):
            taken = [i for i in range(5) if i != out][: args.takes]
            yield Case(
                {w: [found[speaker][w][i] for i in taken] for w in args.words},
                {w: [found[speaker][w][out]] for w in args.words},
                strangers if out == 0 else {},
            )


def by_strangers(args: argparse.Namespace, found: Mapping[str, Mapping[str, Sequence[Path]]]) -> Iterator[Case]:
    """Every take by a different speaker, and tests by others."""
    for draw in range(args.count):
        rng, takes, tests = np.random.default_rng(draw), {}, {}
        for word in args.words:
            clips = [found[s][word][0] for s in sorted(found) if found[s][word]]
            chosen = [clips[i] for i in rng.permutation(len(clips))[: args.takes + TESTS]]
            takes[word], tests[word] = chosen[: args.takes], chosen[args.takes :]
        yield Case(takes, tests, {})


def by_voices(args: argparse.Namespace) -> Iterator[Case]:
    """Voices of a folder: ``--size`` words are drawn at a time, and the remaining takes are the tests."""
    for number, folder in enumerate(sorted(args.voices.iterdir())):
        rng = np.random.default_rng(number)
        words = sorted(path.name for path in folder.iterdir())
        for _ in range(args.count):
            drawn = [words[i] for i in rng.permutation(len(words))[: args.size]]
            clips = {word: sorted((folder / word).iterdir()) for word in drawn}
            yield Case({w: c[: args.takes] for w, c in clips.items()}, {w: c[args.takes :] for w, c in clips.items()}, {})


def refused(data: Path, embedder: Embedder, words: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Embeddings of other words (clips of validation speakers) and of noise that is not in the training data."""
    from voicetrail.training.data.heldout import half_of_noise
    from voicetrail.training.data.recordings import sound_files

    commands = data / "speech_commands"
    listed = {str(Path(line).with_suffix("")) for line in (commands / "validation_list.txt").read_text().split()}
    paths = [
        path
        for folder in sorted(commands.iterdir())
        if folder.is_dir() and folder.name not in words and is_word(folder.name)
        for path in sorted(folder.iterdir())
        if f"{folder.name}/{path.stem}" in listed
    ]
    rng, size = np.random.default_rng(2), embedder.window_samples
    chosen = [paths[i] for i in rng.permutation(len(paths))[:OTHERS]]
    clips = embedder.pooled(np.stack([centered(read_take(path), size) for path in chosen]))
    sounds = [p for p in sound_files(data / "noise") if half_of_noise(f"{p.parent.name}/{p.stem}") is not None]
    noise = np.concatenate([soundfile.read(str(path), dtype="float32")[0] for path in sounds])
    starts = rng.integers(0, len(noise) - size, NOISES)
    return clips, embedder.pooled(np.stack([noise[at : at + size] for at in starts]))


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a folder with speech_commands/ and noise/")
    parser.add_argument("--words", nargs="+", default=list(UNSEEN[:4]))
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--count", type=int, default=1000, help="speakers, draws, or draws per voice")
    parser.add_argument("--half", choices=("choosing", "judging", "all"), default="judging", help="the half of the speakers")
    parser.add_argument("--every", type=int, default=1, help="leave out only every n-th take (to save time)")
    parser.add_argument("--strangers", action="store_true", help="every take by a different speaker, tests by others")
    parser.add_argument("--voices", type=Path, help="a folder of voices")
    parser.add_argument("--size", type=int, default=4, help="number of words in a set, with --voices")
    args = parser.parse_args()
    torch.set_num_threads(1)
    commands = args.data / "speech_commands"
    negatives = load_negatives(args.negatives, backbone_hash(load_weights(args.weights).model.state_dict()))
    embedder = Embedder(load_weights(args.weights))
    words, noise = refused(args.data, embedder, args.words)
    rows: dict[str, list[float]] = defaultdict(list)
    cases = list(
        by_voices(args)
        if args.voices
        else (by_strangers if args.strangers else by_one_speaker)(args, clips_by_speaker(commands, args.words))
    )
    for case in cases:
        measure(case, args.weights, negatives, embedder, words, noise, rows)
    print(f"{len(cases[0].takes)} words, {args.takes} takes, {len(cases)} heads, {len(rows['right'])} test takes")
    for name, values in rows.items():
        unit = "" if name in ("seconds", "assumed false moves per hour") else " %"
        print(f"| {name} | {np.mean(values) * (100 if unit else 1):.1f}{unit} |")


def measure(
    case: Case,
    weights: Path,
    negatives: Negatives,
    embedder: Embedder,
    words: Tensor,
    noise: Tensor,
    rows: dict[str, list[float]],
) -> None:
    """Teach one case, and add its results to the rows."""
    examples = ExampleSet()
    for word, paths in case.takes.items():
        for path in paths:
            examples.add(word, read_take(path))
    began = time.perf_counter()
    try:
        taught = teach(examples, load_weights(weights), negatives, {})
    except TeachingError:
        return  # two clips are the same recording (this occurs in both versions of Speech Commands)
    rows["seconds"].append(time.perf_counter() - began)
    head = head_of(taught)
    other, sounds = head.posteriors(words).amax(1), head.posteriors(noise).amax(1)
    at_words, at_all = (float(torch.quantile(x, 0.99)) for x in (other, torch.cat([other, sounds])))
    for said_by, tests in (("", case.tests), ("other speakers: ", case.others)):
        for index, paths in enumerate(tests.values()):
            if not paths:
                continue
            takes = np.stack([centered(read_take(path), embedder.window_samples) for path in paths])
            scores = head.posteriors(embedder.pooled(takes))
            right, most = scores.argmax(1) == index, scores.amax(1)
            rows[f"{said_by}right"] += right.float().tolist()
            rows[f"{said_by}right at 1 % of other words"] += (right & (most > at_words)).float().tolist()
            rows[f"{said_by}right at 1 % of other words and noises"] += (right & (most > at_all)).float().tolist()
            rows[f"{said_by}right at the threshold"] += (right & (most >= taught.threshold)).float().tolist()
    rows["other words taken at the threshold"].append(float((other >= taught.threshold).float().mean()))
    rows["noises taken at the threshold"].append(float((sounds >= taught.threshold).float().mean()))
    rows["assumed false moves per hour"].append(taught.false_an_hour)


def head_of(taught: Taught) -> Head:
    """The taught head, applied to the backbone's own output."""
    tensors, info = taught.tensors, taught.info
    words = tuple(label for label in info.labels if is_word(label))
    return Head(info.classes, tensors["head.weight"], tensors["head.bias"], words, temperature=info.temperature)


if __name__ == "__main__":
    main()
