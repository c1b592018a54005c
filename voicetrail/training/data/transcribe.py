"""Finds English lines that contain a word of the vocabulary, and so must not be used as negatives.

``python -m voicetrail.training.data.transcribe OUT`` transcribes the lines that
``python -m voicetrail.training.data.speech OUT --all`` wrote, and lists those in ``left_out.txt`` that ``training.data.speech`` must
skip from then on. Transcripts are saved in ``OUT/transcripts.jsonl``, so that an interrupted run can continue. Six hours of sound take
half an hour on one core.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from voicetrail import output
from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.install import pip_command
from voicetrail.training.data.recordings import decode, writing
from voicetrail.training.data.speech import LEFT_OUT, read_left_out
from voicetrail.vocabulary import VOCABULARIES

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

ENGLISH = ("drascula", "en_US_f_Allison", "queen")
TRANSCRIPTS = "transcripts.jsonl"
WORDS = frozenset(VOCABULARIES["18w"])
PIECE = int(28.5 * SAMPLE_RATE)
"""Most samples of a piece. Whisper always processes 30 s, so short lines are joined."""
GAP = int(0.6 * SAMPLE_RATE)
"""Samples of silence after each line of a piece."""
HEAD = (
    "# English lines that voicetrail.training.data.speech leaves out: in their transcripts "
    "(voicetrail.training.data.transcribe, Whisper tiny) is a word of the vocabulary 18w or a figure, or nothing at all."
)


def must_go(transcript: str) -> bool:
    """Whether a line must be skipped: its transcript contains one of the words, or is empty.

    A number counts as one of the words ("25" ends in "five").
    """
    words = re.findall(r"[a-z]+", transcript.lower())
    figures = re.search(r"\d", transcript) is not None
    return figures or not words or not WORDS.isdisjoint(words)


def join(lengths: Sequence[int]) -> list[list[int]]:
    """Group lines into pieces of at most ``PIECE`` samples; a longer line is a separate piece.

    Returns:
        The numbers of the lines of each piece, in order.
    """
    pieces: list[list[int]] = []
    size = PIECE
    for number, length in enumerate(lengths):
        if not pieces or size + length + GAP > PIECE:
            pieces.append([])
            size = 0
        pieces[-1].append(number)
        size += length + GAP
    return pieces


def share_out(words: Iterable[tuple[float, float, str]], lengths: Sequence[int]) -> list[str]:
    """Assign the words of a piece to its lines, by their times.

    Args:
        words: start and end in the piece, in seconds, and text (with the space before it).
        lengths: samples of the piece's lines.

    Returns:
        One transcript per line. A word belongs to the line that contains its middle, or is nearest to it.
    """
    ends = (np.cumsum([length + GAP for length in lengths]) - GAP // 2) / SAMPLE_RATE
    texts = [""] * len(lengths)
    for begin, end, text in words:
        texts[min(int(np.searchsorted(ends, (begin + end) / 2, side="right")), len(texts) - 1)] += text
    return texts


def load_model(name: str) -> WhisperModel:
    """Load a Whisper model.

    Raises:
        TrainingError: faster-whisper is not installed, or there is no such model.
    """
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise TrainingError(f"faster-whisper, which transcribes, is not installed: {pip_command('faster-whisper')}") from None
    try:
        return WhisperModel(name, device="cpu", compute_type="int8")
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(f"the model {name} cannot be loaded ({error}); name another, or a folder with one") from None


def transcribe(paths: Sequence[Path], model: WhisperModel) -> Iterator[tuple[Path, str]]:
    """Transcribe lines with greedy decoding, piece by piece.

    Raises:
        TrainingError: a line cannot be read.
    """
    for piece in join([_samples(path) for path in paths]):
        sounds = [decode(paths[number]) for number in piece]
        sound = np.concatenate([np.pad(sound, (0, GAP)) for sound in sounds]).astype(np.float32) / 32768.0
        segments, _ = model.transcribe(
            sound, language="en", beam_size=1, temperature=0.0, word_timestamps=True, condition_on_previous_text=False
        )
        words = [(word.start, word.end, word.word) for segment in segments for word in segment.words or ()]
        yield from zip((paths[number] for number in piece), share_out(words, [len(sound) for sound in sounds]), strict=True)


def _samples(path: Path) -> int:
    try:
        return int(soundfile.info(path).frames)
    except soundfile.LibsndfileError as error:
        raise TrainingError(f"{path} cannot be read as sound ({error}); write it again with training.data.speech") from None


def read_transcripts(path: Path) -> dict[str, str]:
    """Read the transcripts of earlier runs, by the names of the lines; an incomplete last row is ignored.

    Raises:
        TrainingError: the file contains something else.
    """
    rows = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    try:
        read = [json.loads(row) for row in rows if row.endswith("\n")]
        return {str(row["line"]): str(row["text"]) for row in read}
    except (ValueError, TypeError, KeyError):
        raise TrainingError(f"{path} contains no transcripts; remove it") from None


def make_list(out: Path, model_name: str, target: Path) -> tuple[int, int]:
    """Transcribe new lines, and rewrite the list. Lines in the list that are not in ``out`` stay.

    Returns:
        How many lines have transcripts, and how many of them are skipped.

    Raises:
        TrainingError: there are no lines, no model, a line cannot be read, or a list cannot be written.
    """
    paths = {f"{path.parent.name}/{path.stem}": path for voice in ENGLISH for path in sorted((out / voice).glob("*.flac"))}
    saved = out / TRANSCRIPTS
    texts = read_transcripts(saved)
    if not paths and not texts:
        raise TrainingError(
            f"{out} contains no English lines; write them with python -m voicetrail.training.data.speech {out} --all"
        )
    missing = {path: name for name, path in paths.items() if name not in texts}
    if missing:
        model = load_model(model_name)
        # Complete rows only: an incomplete row of a killed run would spoil the next row.
        with writing(saved):
            replace_file(saved, "".join(_row(name, text) for name, text in texts.items()), mode=PUBLIC_FILE)
        with writing(saved), saved.open("a", encoding="utf-8") as file:
            for number, (path, text) in enumerate(transcribe(list(missing), model), 1):
                texts[missing[path]] = text
                file.write(_row(missing[path], text))
                file.flush()
                if number % 100 == 0:
                    output.write_line(f"{number} of {len(missing)} lines", flush=True)
    gone = {name for name, text in texts.items() if must_go(text)}
    names = sorted(gone | (read_left_out(target) - texts.keys()))
    with writing(target):
        replace_file(target, "\n".join([HEAD, *names, ""]), mode=PUBLIC_FILE)
    return len(texts), len(gone)


def _row(name: str, text: str) -> str:
    return json.dumps({"line": name, "text": text}, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.data.transcribe",
        description="List the English lines that contain a word of the vocabulary.",
    )
    parser.add_argument("out", type=Path, help="folder that training.data.speech --all wrote")
    parser.add_argument("--model", default="tiny", help="name or folder of a Whisper model (default: %(default)s)")
    parser.add_argument("--list", type=Path, default=LEFT_OUT, help="the list to rewrite (default: %(default)s)")
    args = parser.parse_args(arguments)
    try:
        lines, gone = make_list(args.out, args.model, args.list)
    except TrainingError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    output.write_line(f"{lines} lines have transcripts, and {gone} of them are skipped: {args.list}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
