"""The session of a visitor (``voicetrail host``, ``voicetrail serve``): what it may not do, and what its server gets to know."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from voicetrail.errors import ReplayError
from voicetrail.events import Event, WordHeard
from voicetrail.play.context import Send, SessionContext
from voicetrail.play.listening.updates import Problem
from voicetrail.play.setup import ContextObserver
from voicetrail.visitors.channel import NO_SOURCE, GameChannel, VisitTerms

if TYPE_CHECKING:
    from voicetrail.game import Rules
    from voicetrail.play.listening.worker import ListeningWorker
    from voicetrail.play.rounds.outcome import Outcome
    from voicetrail.play.rounds.round import Round
    from voicetrail.scores.store import ScoreStore
    from voicetrail.settings import Settings

WITHHELD = frozenset({"microphone", "words", "teach", "screenshot"})
"""Dialogs and actions that would use this machine's inputs or its disk."""
WITHHELD_WITHOUT_RECORDINGS = frozenset({"record", "marker", "replays"})
WITHHELD_WITHOUT_SOURCE = frozenset({"calibrate"})
LOCKED = frozenset({"source", "device", "weights", "vocabulary", "record_audio", "slow_line"})
"""Settings that name this machine's files, devices and addresses, or that only a recognizer in the game could follow."""
NOT_OF_VISITORS = (*sorted(LOCKED), "record")
"""Settings for which a visitor has no flag."""
ACTIVE_EVERY_S = 5.0
"""Seconds between two reports to the server that words are said."""
SETTLED_RECORDING = 64 * 1024
"""Bytes that have to be left for a recording to begin."""


def visitor_flags(terms: VisitTerms) -> dict[str, object]:
    """Settings of a visitor's run that nobody asks the visitor for."""
    flags: dict[str, object] = {"source": terms.source, "tutorial": False, "record": False, "record_audio": False}
    return flags


class VisitorContext(SessionContext):
    """The session of a visitor.

    Args:
        settings: the settings of the run; what is the server's to set is locked.
        terms: what the server lets the game know.
        channel: the connection to the server.
        open_scores: opens what keeps results.
        named: further arguments of ``SessionContext``.
    """

    def __init__(
        self,
        settings: Settings,
        terms: VisitTerms,
        channel: GameChannel,
        open_scores: Callable[[], ScoreStore] | None = None,
        **named: Any,
    ) -> None:
        settings.locked = LOCKED if terms.recordings_bytes else LOCKED | {"record"}
        listens = terms.source != NO_SOURCE
        super().__init__(settings, self._make_listening_worker if listens else None, open_scores=open_scores, **named)
        self.withheld = WITHHELD
        if not terms.recordings_bytes:
            self.withheld |= WITHHELD_WITHOUT_RECORDINGS
        if not listens:
            self.withheld |= WITHHELD_WITHOUT_SOURCE
        self._terms = terms
        self._channel = channel
        self._reported = -ACTIVE_EVERY_S
        self.closing = False
        """The server closes: no further round begins."""
        self.recording.check = self._check_room
        if terms.hint:
            self.add_notice(terms.hint)

    def start(self, send: Send) -> None:
        """Begin to listen, to the recognizer and to the server."""
        super().start(send)
        self._send = send
        self._channel.listen(self._take_message)

    def close(self, reason: str = "quit") -> tuple[str, ...]:
        """End everything. Where its files lie is nothing to a visitor."""
        super().close(reason)
        self._channel.close()
        return ()

    def begin_round(self, rules: Rules) -> Round:
        """Begin a round, and let the server know.

        Raises:
            ReplayError: the server closes, or the recording cannot be made.
        """
        if self.closing:
            raise ReplayError("this host is shutting down: no further round begins")
        begun = super().begin_round(rules)  # which leaves the one before
        self._channel.send(round=True)
        return begun

    def finish_round(self) -> Outcome:
        """Take the result of a round that is over."""
        outcome = super().finish_round()
        self._channel.send(round=False)
        return outcome

    def leave_round(self) -> None:
        """The player leaves the round."""
        super().leave_round()
        self._channel.send(round=False)

    def observe(self, event: Event) -> None:
        """Record what the listener gives out; a word counts as activity, as keys do."""
        super().observe(event)
        if isinstance(event, WordHeard) and (now := monotonic()) - self._reported >= ACTIVE_EVERY_S:
            self._reported = now
            self._channel.send(active=True)

    def _make_listening_worker(self, context: SessionContext, send: Send) -> ListeningWorker:
        from voicetrail.errors import WeightsError
        from voicetrail.listening import NamedRecognizer
        from voicetrail.play.listening.updates import SourceRequest
        from voicetrail.play.listening.worker import ListeningWorker

        def no_recognizer() -> NamedRecognizer:
            raise WeightsError("the recognizer of this host cannot be reached: the arrow keys draw")

        return ListeningWorker(
            SourceRequest(self._terms.source),
            no_recognizer,
            self.settings.detector_settings,
            send,
            observer=ContextObserver(self),
        )

    def _take_message(self, message: Mapping[str, Any]) -> None:
        """The server said something (in the thread that reads the connection)."""
        match message:
            case {"say": str(text)}:
                self._report(text)
            case {"closing": int(seconds)}:
                self.closing = True
                ends = f"this round may end within {seconds} s" if self.round is not None else "try again later"
                if self._send is not None:
                    self._send((Problem(f"this host is shutting down: {ends}"),))

    def _check_room(self) -> None:
        from voicetrail.replay.library import folder

        if not self._terms.recordings_bytes:
            raise ReplayError("nothing is recorded on this host")
        used = 0
        with suppress(OSError), os.scandir(folder()) as entries:
            used = sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
        if used > self._terms.recordings_bytes - SETTLED_RECORDING:
            raise ReplayError("your recordings take all the room that this host gives: delete one (l lists them)")
