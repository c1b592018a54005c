"""One calibration from its first hop to its proposal, without a screen: what the command and the game's screen share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.calibration import (
    Answer,
    CalibrationProposal,
    CalibrationRun,
    Plan,
    Stage,
    Verdict,
    propose,
    speech_curves,
)
from voicetrail.events import Event, Level, Scores, SourceEnded, SourceLost
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import words_that_move

NO_ANSWER = "the bundled voice (demo) says its own words, not those that are asked for: calibrate with a microphone"


@dataclass(frozen=True, slots=True)
class Asked:
    """A word is asked for."""

    number: int
    """From 1."""
    word: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A word's time is over."""

    number: int
    answer: Answer
    verdict: Verdict


CalibrationStep = Asked | Answered | CalibrationProposal


class Calibration:
    """Takes the listener's events, and says what there is to show.

    Args:
        labels: of the recognizer.
        meanings: what its words stand for in the game.
        about: what its weights say about themselves: figures of false moves may be in it.
        shipped: the detector's settings that come with the weights.
        detector: those that hold now.
        gain: the gain setting of now.
        plan: what is asked for when; made from the words that move the pen when ``None``.
    """

    def __init__(
        self,
        labels: Sequence[str],
        meanings: Mapping[str, str],
        about: Mapping[str, object],
        shipped: DetectorSettings,
        detector: DetectorSettings,
        gain: float | str,
        plan: Plan | None = None,
    ) -> None:
        self.run = CalibrationRun(labels, plan or Plan.for_words(words_that_move(labels, meanings)), detector)
        self.proposal: CalibrationProposal | None = None
        """What is proposed, once all was heard."""
        self._about, self._shipped, self._gain = about, shipped, gain
        self._asked = 0

    @property
    def plan(self) -> Plan:
        """What is asked for when."""
        return self.run.plan

    @property
    def stage(self) -> Stage:
        """What is going on now."""
        return self.run.stage

    @property
    def waiting(self) -> str:
        """Why no sound comes at the moment; empty while it comes."""
        return self.run.lost

    @property
    def problem(self) -> str:
        """Why it cannot go on; empty while it can."""
        return self.run.broken

    @property
    def ended(self) -> bool:
        """There is a proposal, or a problem."""
        return self.proposal is not None or bool(self.problem)

    @property
    def answered(self) -> Sequence[Answered]:
        """The words whose time is over so far."""
        stage, prompts = self.stage, len(self.run.prompts)
        over = stage.number - 1 if stage.kind == "word" else prompts if stage.kind == "done" else 0
        return [self._answered(number) for number in range(1, over + 1)]

    def feed(self, event: Event) -> list[CalibrationStep]:
        """Take an event of the listener; return what happened by it."""
        if self.ended or not isinstance(event, Level | Scores | SourceLost | SourceEnded):
            return []
        self.run.feed(event)
        if self.problem:
            return []
        steps: list[CalibrationStep] = []
        # The last word's scores may still come when its time is over: only `done` ends it.
        done = self.run.done
        number = len(self.run.prompts) + 1 if done else self.stage.number
        if number != self._asked and (done or self.stage.kind == "word"):
            if self._asked:
                steps.append(self._answered(self._asked))
            if number <= len(self.run.prompts):
                steps.append(Asked(number, self.run.prompts[number - 1]))
            self._asked = number
        if done:
            self.proposal = propose(self.run, self._shipped, self._gain, speech_curves(self._about))
            steps.append(self.proposal)
        return steps

    def _answered(self, number: int) -> Answered:
        return Answered(number, self.run.answers[number - 1], self.run.verdict(number))
