"""Plays takes, one at a time; meanwhile the session does not listen."""

from __future__ import annotations

from voicetrail.audio.playback import Playback, playback_problem
from voicetrail.errors import AudioError
from voicetrail.teaching.takes import Take


class TakePlayer:
    """Plays takes; ``poll`` must be called several times a second."""

    def __init__(self) -> None:
        self._playback: Playback | None = None

    @property
    def playing(self) -> bool:
        """Whether a take is being played."""
        return self._playback is not None and self._playback.running()

    def play(self, take: Take) -> str:
        """Play a take, and stop the previous one. Returns an error message, or an empty text."""
        self.stop()
        if (problem := playback_problem()) is not None:
            return problem
        try:
            self._playback = Playback(take.sound)
        except AudioError as error:
            return str(error)
        return ""

    def poll(self) -> bool:
        """Close the output once a take has ended; return whether one has just ended."""
        if self._playback is None or self._playback.running():
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """Stop playback."""
        playback, self._playback = self._playback, None
        if playback is not None:
            playback.close()
