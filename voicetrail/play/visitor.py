"""The session of a visitor (``voicetrail host``, ``voicetrail serve``): its restrictions, and its reports to the server."""

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
"""Dialogs and actions that would use this machine's sound inputs or its disk."""
WITHHELD_WITHOUT_RECORDINGS = frozenset({"record", "marker", "replays"})
WITHHELD_WITHOUT_SOURCE = frozenset({"calibrate"})
LOCKED = frozenset({"source", "device", "weights", "vocabulary", "record_audio", "slow_connection"})
"""Settings for files, devices and addresses of this machine, or that need a recognizer in the game."""
NOT_OF_VISITORS = (*sorted(LOCKED), "record")
"""Settings without a flag for visitors."""
ACTIVE_EVERY_S = 5.0
"""Minimum time between two reports of activity to the server, in s."""
SETTLED_RECORDING = 64 * 1024
"""Minimum free space to start a recording, in bytes."""


def visitor_flags(terms: VisitTerms) -> dict[str, object]:
    """Return the settings that the server determines for a visitor."""
    flags: dict[str, object] = {"source": terms.source, "tutorial": False, "record": False, "record_audio": False}
    return flags


class VisitorContext(SessionContext):
    """The session of a visitor.

    Args:
        settings: the current settings; those of the server are locked.
        terms: the terms of the server.
        channel: the channel to the server.
        open_scores: opens the store of results.
        named: more arguments of ``SessionContext``.
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
        """Whether the server is closing, so that no new round can begin."""
        self.recording.check = self._check_room
        if terms.hint:
            self.add_notice(terms.hint)

    def start(self, send: Send) -> None:
        """Start to listen to words, and to messages of the server."""
        super().start(send)
        self._send = send
        self._channel.listen(self._take_message)

    def close(self, reason: str = "quit") -> tuple[str, ...]:
        """Close the session. A visitor gets no messages about files of the server."""
        super().close(reason)
        self._channel.close()
        return ()

    def begin_round(self, rules: Rules) -> Round:
        """Begin a round, and report it to the server.

        Raises:
            ReplayError: the server is closing, or the recording cannot be created.
        """
        if self.closing:
            raise ReplayError("this host is shutting down, so no new round can begin")
        begun = super().begin_round(rules)  # this leaves the previous round
        self._channel.send(round=True)
        return begun

    def finish_round(self) -> Outcome:
        """Save the result of a finished round, and report its end to the server."""
        outcome = super().finish_round()
        self._channel.send(round=False)
        return outcome

    def leave_round(self) -> str:
        """Leave the round, and report it to the server. A visitor gets no messages about files of the server."""
        super().leave_round()
        self._channel.send(round=False)
        return ""

    def observe(self, event: Event) -> None:
        """Record an event of the listener; a word counts as activity, like a key."""
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
            raise WeightsError("the recognizer of this host is not available; use the arrow keys")

        return ListeningWorker(
            SourceRequest(self._terms.source),
            no_recognizer,
            self.settings.detector_settings,
            send,
            observer=ContextObserver(self),
        )

    def _take_message(self, message: Mapping[str, Any]) -> None:
        """Process a message of the server, in the reader's thread."""
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
            raise ReplayError("this host does not allow recordings")
        used = 0
        with suppress(OSError), os.scandir(folder()) as entries:
            used = sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
        if used > self._terms.recordings_bytes - SETTLED_RECORDING:
            raise ReplayError("your recordings use all the space that this host allows; press l to see them, and delete one")
