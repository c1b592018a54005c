"""Find thresholds and gain for your voice, your microphone and your room, in under a minute.

The command listens to the room first, then asks for each word three times. It shows a proposal, which you accept or reject.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voicetrail import output
from voicetrail.calibration import VERDICT_TEXT, CalibrationProposal, Plan
from voicetrail.errors import AudioError, UsageError
from voicetrail.play.tuning.calibration import NO_ANSWER, Answered, Asked, Calibration, CalibrationStep
from voicetrail.settings import SETTINGS, Settings, load_settings
from voicetrail.settings.flags import add_setting_flags, setting_flags
from voicetrail.settings.schema import TUNING
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.listening import Listener

HERE = ("source", "device", "gain", "vocabulary", "weights", "preset", *TUNING)
"""Settings that this command has a flag for; the others only concern the game."""
NO_SOUND_S = 10.0
"""Calibration gives up after so many seconds without sound."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail calibrate``."""
    parser.add_argument("--only", metavar="WORD,…", help="ask for these words only, separated by commas")
    parser.add_argument(
        "--room", type=float, default=8.0, metavar="SECONDS", help="how long to listen to the room (3 to 60, default 8)"
    )
    parser.add_argument(
        "--slot", type=float, default=2.2, metavar="SECONDS", help="how long to wait for each word (1.5 to 10, default 2.2)"
    )
    parser.add_argument("--yes", action="store_true", help="accept the proposal without asking")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line: room, say, answer, proposal")
    add_setting_flags(parser, without=[name for name in SETTINGS if name not in HERE])


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail calibrate``."""
    for name, low, high in (("room", 3.0, 60.0), ("slot", 1.5, 10.0)):
        if not low <= getattr(args, name) <= high:
            raise UsageError(f"--{name} cannot be {getattr(args, name):g}: it takes {low:g} to {high:g} seconds")
    settings = load_settings(setting_flags(args), args.profile)
    for notice in settings.notices:
        output.note(notice)
    printer = _JsonPrinter() if args.json else _TextPrinter()
    proposal = _calibrate(settings, args, printer)
    if proposal.changes and (args.yes or _confirms(args)):
        settings.set_all(proposal.settings)
        printer.taken(settings)
    return 0


def _calibrate(settings: Settings, args: argparse.Namespace, printer: _Printer) -> CalibrationProposal:
    from voicetrail.audio.gain import make_gain
    from voicetrail.listening import Listener
    from voicetrail.sources import open_source
    from voicetrail.spotting.detector import Detector
    from voicetrail.spotting.recognizer import load_recognizer

    # Wait for a device from the settings file to appear; a device that was named for this run must be there at once.
    patient = settings.origin("device") not in ("flag", "environment")
    values = settings.values
    if values.source == "demo":
        raise UsageError(NO_ANSWER)
    source = open_source(values.source, device=values.input_device, patient=patient)
    try:
        recognizer = load_recognizer(values.recognizer)
        detector = settings.detector_settings(recognizer.detector)
        plan = Plan.for_words(_words(args.only, recognizer.labels, recognizer.meanings), room=args.room, slot=args.slot)
        calibration = Calibration(
            recognizer.labels,
            recognizer.meanings,
            recognizer.about,
            recognizer.detector,
            detector,
            values.gain,
            plan,
        )
        listener = Listener(source, recognizer, Detector(recognizer.labels, detector), gain=make_gain(values.gain))
    except BaseException:
        source.close()
        raise
    printer.begins(source.name, plan)
    _listen(listener, calibration, printer)
    if calibration.problem:
        raise AudioError(f"calibration cannot continue: {calibration.problem}")
    if calibration.proposal is None:
        raise AudioError(
            f"there is no sound from {printable(source.name)}; list the inputs with `voicetrail devices` and name one with --device"
        )
    return calibration.proposal


def _listen(listener: Listener, calibration: Calibration, printer: _Printer) -> None:
    """Listen until there is a proposal or a problem, or until no sound has come for a while."""
    giving_up: threading.Timer | None = _later(listener.stop)
    for event in listener.events():
        for step in calibration.feed(event):
            printer.show(step, len(calibration.run.prompts))
        if calibration.waiting and giving_up is None:
            printer.waits(calibration.waiting)
            giving_up = _later(listener.stop)
        elif giving_up is not None and not calibration.waiting and calibration.run.elapsed > 0:
            giving_up.cancel()
            giving_up = None
        if calibration.ended:
            listener.stop()
    if giving_up is not None:
        giving_up.cancel()


def _later(stop: Callable[[], None]) -> threading.Timer:
    """Start a timer that stops listening after ``NO_SOUND_S``; the caller cancels it when sound arrives."""
    timer = threading.Timer(NO_SOUND_S, stop)
    timer.daemon = True
    timer.start()
    return timer


def _words(given: str | None, labels: Sequence[str], meanings: Mapping[str, str]) -> tuple[str, ...]:
    """The words to ask for: those given, or else the words that move the pen, or else all.

    Raises:
        UsageError: one is not in the vocabulary.
    """
    from voicetrail.vocabulary import is_word, words_that_move

    known = [label for label in labels if is_word(label)]
    if given is None:
        return words_that_move(labels, meanings)
    words = tuple(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))
    for word in words:
        if word not in known:
            raise UsageError(f"{printable(word, 40)!r} is not a word of these weights; their words are {', '.join(known)}")
    if not words:
        raise UsageError(f"--only needs at least one of {', '.join(known)}")
    return words


def _confirms(args: argparse.Namespace) -> bool:
    """Ask whether to accept the proposal; without a terminal to ask on, the answer is no."""
    if args.json or not sys.stdin.isatty() or not sys.stdout.isatty():
        return False
    try:
        return input("Accept the proposal? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


class _Printer:
    """Prints the progress of a calibration."""

    def show(self, step: CalibrationStep, prompts: int) -> None:
        """Print one step; ``prompts`` is how many words are asked for in all."""
        match step:
            case Asked():
                self.asks(step, prompts)
            case Answered():
                self.answered(step, prompts)
            case CalibrationProposal():
                self.proposes(step)

    def begins(self, source: str, plan: Plan) -> None:
        """Print that listening begins, with the room."""
        raise NotImplementedError

    def waits(self, why: str) -> None:
        """Print why there is no sound at the moment."""
        raise NotImplementedError

    def asks(self, step: Asked, prompts: int) -> None:
        """Ask for a word."""
        raise NotImplementedError

    def answered(self, step: Answered, prompts: int) -> None:
        """Print what was detected in the time of a word."""
        raise NotImplementedError

    def proposes(self, proposal: CalibrationProposal) -> None:
        """Print the proposal."""
        raise NotImplementedError

    def taken(self, settings: Settings) -> None:
        """Print that the proposal was accepted and saved."""
        raise NotImplementedError


class _TextPrinter(_Printer):
    """For a person: one line per word."""

    def line(self, text: str) -> None:
        """Print a line, flushed."""
        output.write_line(text, flush=True)

    def begins(self, source: str, plan: Plan) -> None:
        self.line(f"Listening to {printable(source)}. Calibration takes {plan.total:.0f} seconds.")
        self.line(f"First, the room: please be quiet for {plan.room:.0f} seconds.")

    def waits(self, why: str) -> None:
        self.line(f"! {printable(why)}")

    def asks(self, step: Asked, prompts: int) -> None:
        end = "" if sys.stdout.isatty() else "\n"
        output.write_line(f"{step.number:2}/{prompts}  say  {step.word.upper():<8}", end=end, flush=True)

    def answered(self, step: Answered, prompts: int) -> None:
        lead = "" if sys.stdout.isatty() else f"{step.number:2}/{prompts}  "
        answer = step.answer
        self.line(f"{lead}score {answer.peak:.2f}, {answer.level_db:.0f} dB: {VERDICT_TEXT[step.verdict]}")

    def proposes(self, proposal: CalibrationProposal) -> None:
        self.line(f"\nroom {proposal.room_db:.0f} dB, voice {proposal.speech_db:.0f} dB")
        for warning in proposal.warnings:
            self.line(f"! {warning}")
        if not proposal.nothing_recognized:
            for each in proposal.words:
                change = f"{each.now:.2f} → {each.proposed:.2f}" if each.proposed != each.now else f"{each.now:.2f} stays"
                self.line(f"{each.word:<8} {change:<12}  {each.reason}")
        gain = proposal.gain
        if not proposal.nothing_recognized or proposal.changes:
            shown = f"{gain.now} → {gain.proposed}" if gain.proposed != gain.now else f"{gain.now} stays"
            self.line(f"{'gain':<8} {shown:<12}  {gain.reason}")
        if not proposal.changes:
            self.line(f"{proposal.summary[:1].upper()}{proposal.summary[1:]}.")
        elif not sys.stdout.isatty():
            self.line("`voicetrail calibrate --yes` accepts the proposal.")

    def taken(self, settings: Settings) -> None:
        self.line(f"Saved in {printable(settings.paths.state, 500)}.")


class _JsonPrinter(_Printer):
    """For a program: one JSON object per line."""

    def write(self, kind: str, **values: Any) -> None:
        """Print one object."""
        output.write_json({"type": kind, **values}, flush=True)

    def begins(self, source: str, plan: Plan) -> None:
        self.write("room", source=source, seconds=plan.room, total=round(plan.total, 3))

    def waits(self, why: str) -> None:
        self.write("waits", message=printable(why))

    def asks(self, step: Asked, prompts: int) -> None:
        self.write("say", word=step.word, number=step.number, of=prompts)

    def answered(self, step: Answered, prompts: int) -> None:
        answer = step.answer
        level, score = round(answer.level_db, 1), round(answer.peak, 4)
        self.write("answer", word=answer.word, number=step.number, score=score, level=level, verdict=step.verdict)

    def proposes(self, proposal: CalibrationProposal) -> None:
        words = {each.word: {"now": each.now, "proposed": each.proposed, "reason": each.reason} for each in proposal.words}
        gain = {"now": proposal.gain.now, "proposed": proposal.gain.proposed, "reason": proposal.gain.reason}
        self.write(
            "proposal",
            words=words,
            gain=gain,
            warnings=proposal.warnings,
            room_db=round(proposal.room_db, 1),
            voice_db=round(proposal.speech_db, 1),
            false_moves_an_hour={"room": round(proposal.room_moves, 3), "speech": round(proposal.speech_moves, 3)},
        )

    def taken(self, settings: Settings) -> None:
        self.write("taken", file=str(settings.paths.state))
