"""Teach words of your own: say each a few times, and a recognizer for them is trained in seconds.

Example: voicetrail teach mine --word links=left --word rechts=right --word hoch=up --word runter=down
Each word is asked for --takes times; say it when its name appears, in your own time. The room is recorded first. Examples can also
come from sound files: --from links=links.wav (a recording may hold several takes). Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import AudioError, TeachingError, UsageError
from voicetrail.progress import progress_bar
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.teaching.examples import ExampleSet
    from voicetrail.teaching.takes import Take
    from voicetrail.teaching.teach import Taught

TAKES = 6
PERSONAL_TAKES = 5
ROOM_S = 4.0
TAKE_TIMEOUT_S = 15.0
"""Seconds without a take after which recording ends with what there is."""
FILES = (".wav", ".flac", ".ogg", ".opus", ".mp3")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="what the set is called")
    parser.add_argument(
        "--word",
        action="append",
        default=[],
        metavar="WORD[=MEANING]",
        help="a word, and what it does in the game: up, down, left, right, go or stop; a word without does nothing",
    )
    parser.add_argument(
        "--personal", action="store_true", help="retune the shipped words to your voice; kept only where it is better"
    )
    parser.add_argument(
        "--takes",
        type=int,
        metavar="N",
        help=f"how often each word is asked for ({TAKES}, or {PERSONAL_TAKES} with --personal)",
    )
    parser.add_argument(
        "--from",
        dest="files",
        action="append",
        default=[],
        metavar="WORD=PATH",
        help="takes from a sound file, or from all in a folder; may be given again",
    )
    parser.add_argument("--examples", type=Path, metavar="FOLDER", help="takes from a folder in the Speech Commands layout")
    parser.add_argument("--add", action="store_true", help="add takes to the set of this name, instead of replacing it")
    parser.add_argument("--source", default="mic", help="where takes are recorded from (%(default)s)")
    parser.add_argument("--device", help="for mic: the input's number, or a part of its name")
    parser.add_argument("--no-takes", action="store_true", help="do not keep the recordings, only what was learned from them")
    parser.add_argument("--base", default="directional4w", help="the weights whose backbone is taught (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Collect takes, train, report and keep."""
    from voicetrail.teaching import making, word_sets
    from voicetrail.teaching.examples import ExampleSet, load_examples

    name = word_sets.check_name(args.name)
    if args.personal and (args.word or args.add):
        raise UsageError("--personal retunes the shipped words: leave --word and --add out")
    count = args.takes or (PERSONAL_TAKES if args.personal else TAKES)
    if not 3 <= count <= 30:
        raise UsageError("--takes must be between 3 and 30")
    examples, meanings = ExampleSet(), dict[str, str]()
    if args.add:
        examples = making.saved_examples(name)
        meanings = dict(word_sets.read_about(word_sets.set_folder(name)).meanings)
    if args.examples is not None:
        loaded = load_examples(args.examples)
        for word in loaded.words:
            for take in loaded.takes[word]:
                examples.add(word, take)
        examples.room = loaded.room if len(loaded.room) else examples.room
    asked = making.words_of(args.base) if args.personal else _words(args.word, meanings)
    from_files = _from_files(args.files, examples)
    to_record = [word for word in asked if word not in from_files]
    if to_record:
        _record(examples, to_record, count, args.source, args.device)
    if not examples.words:
        raise UsageError("name the words with --word, for example --word links=left")
    _say_problems(examples)
    if args.personal:
        return _retune(args, name, examples)
    used = {word: meaning for word, meaning in meanings.items() if word in examples.words}
    with progress_bar("training", patience_s=0.5) as report:
        taught = making.make_set(examples, used, base=args.base, progress=lambda progress: report(progress.part))
    path = making.keep_set(name, taught, None if args.no_takes else examples, base=args.base)
    _say_result(taught, name)
    output.write_line(str(path))
    return 0


def _retune(args: argparse.Namespace, name: str, examples: ExampleSet) -> int:
    """Retune the shipped words, and keep that where it is better."""
    from voicetrail.teaching import making

    with progress_bar("training", patience_s=0.5) as report:
        taught, check = making.make_personal(examples, base=args.base, progress=lambda progress: report(progress.part))
    output.write_error(check.sentence)
    if not check.better:
        output.write_error(f"That is no better than what ships, so nothing is kept: play on with {args.base}.")
        return 0
    path = making.keep_set(name, taught, None if args.no_takes else examples, base=args.base, personal=True)
    output.write_error(f"Play with it: voicetrail play --words '{name}'")
    output.write_line(str(path))
    return 0


def _words(given: list[str], meanings: dict[str, str]) -> list[str]:
    from voicetrail.teaching.examples import check_word
    from voicetrail.vocabulary import MEANINGS

    words = list[str]()
    for entry in given:
        word, _, meaning = entry.partition("=")
        word = check_word(word)
        if word.casefold() in (known.casefold() for known in words):
            raise UsageError(f"--word {printable(word)} is given twice; name each word once")
        words.append(word)
        if meaning:
            if meaning not in MEANINGS:
                raise UsageError(f"--word {printable(entry)}: a word can mean {', '.join(MEANINGS)}, or nothing")
            meanings[word] = meaning
        elif word in MEANINGS:
            meanings.setdefault(word, MEANINGS[word])
    return words


def _from_files(given: list[str], examples: ExampleSet) -> set[str]:
    """Add the takes of files; return their words."""
    from voicetrail.audio.file import FileSource
    from voicetrail.teaching.examples import check_word
    from voicetrail.teaching.recorder import read_all
    from voicetrail.teaching.takes import find_takes

    found = set()
    for entry in given:
        word, separator, path = entry.partition("=")
        if not separator or not path:
            raise UsageError(f"--from {printable(entry)}: write WORD=PATH")
        word = check_word(word)
        root = Path(path)
        files = sorted(p for p in root.rglob("*") if p.suffix.lower() in FILES) if root.is_dir() else [root]
        before = examples.counts().get(word, 0)
        for file in files:
            for take in find_takes(read_all(FileSource(file))):
                examples.add(word, take)
        if examples.counts().get(word, 0) == before:
            raise TeachingError(f"no take of {printable(word)} was found in {printable(path)}; is it silent?")
        found.add(word)
    return found


def _record(examples: ExampleSet, words: list[str], takes: int, spec: str, device: str | None) -> None:
    from voicetrail.sources import open_source
    from voicetrail.teaching.recorder import TakeRecorder

    with open_source(spec, device=device, paced=True) as source:
        recorder = TakeRecorder(source)
        if not len(examples.room):
            output.write_error(f"Be silent for {ROOM_S:.0f} seconds: the room is recorded.")
            examples.room = recorder.record_room(ROOM_S)
        for word in words:
            output.write_error(f"Say “{word}” {takes} times, with a short pause after each.")
            for number, take in enumerate(_takes(recorder, takes), 1):
                accepted = not {problem.name for problem in take.problems} & {"EMPTY", "TOO_LONG"}
                if accepted:
                    examples.add(word, take)
                note = " ".join(problem.value for problem in take.problems) or "Good."
                output.write_error(f"  {number} of {takes}: {take.seconds:.2f} s, {take.level_db:.0f} dB. {note}")


def _takes(recorder: object, count: int) -> Iterator[Take]:
    from voicetrail.teaching.recorder import TakeRecorder

    assert isinstance(recorder, TakeRecorder)
    for _ in range(count):
        take = recorder.next_take(TAKE_TIMEOUT_S)
        if take is None:
            why = recorder.problem or f"nothing was heard for {TAKE_TIMEOUT_S:.0f} s"
            raise AudioError(f"{why}; `voicetrail doctor` checks the microphone")
        yield take


def _say_problems(examples: ExampleSet) -> None:
    for word in examples.words:
        for number in range(len(examples.takes[word])):
            for problem in examples.problems(word, number):
                output.write_error(f"{word}, take {number + 1}: {problem.value}")


def _say_result(taught: Taught, name: str) -> None:
    held_out = taught.held_out
    output.write_error(
        f"{held_out.accuracy:.0%} of held-out takes are right, {held_out.heard(taught.threshold):.0%} reach the threshold of "
        f"{taught.threshold:.2f}, which was chosen for at most three false moves in an hour of other people's talk "
        f"({taught.false_an_hour:.1f} are expected)."
    )
    table = held_out.confusion()
    width = max(len(word) for word in held_out.words)
    output.write_error("Said (rows) and heard (columns):")
    output.write_error(" " * width + " " + " ".join(f"{word:>{max(3, len(word))}}" for word in held_out.words))
    for row, word in zip(table, held_out.words, strict=True):
        cells = " ".join(f"{int(n):>{max(3, len(w))}}" for n, w in zip(row, held_out.words, strict=True))
        output.write_error(f"{word:<{width}} {cells}")
    for line in taught.advice:
        output.write_error(line)
    output.write_error(f"Play with it: voicetrail play --words '{name}'")
