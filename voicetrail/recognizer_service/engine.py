"""The work of the recognizer's process: visitors, connections, batches, status."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable

from voicetrail.errors import RemoteError
from voicetrail.link.address import Address
from voicetrail.link.delay import TokenBucket
from voicetrail.link.receiving.connection import Receiver
from voicetrail.link.receiving.source import NetworkSource
from voicetrail.link.unix_socket import check_private_folder
from voicetrail.recognizer_service.batches import GATHER_S, LEVELS_S, Batches, Overload, median_waiting_s
from voicetrail.recognizer_service.connection import LoopConnection
from voicetrail.recognizer_service.messages import Kind, ServiceReport, ServiceStatus, VisitorSound, words_spec
from voicetrail.recognizer_service.visitor import VisitorStream
from voicetrail.recognizer_service.words_server import WordsServer
from voicetrail.spotting.recognizer import Recognizer, load_recognizer
from voicetrail.text import printable

TICK_S = 0.2
"""Seconds between checks of pings, missing sound and overload."""
BUSY_TICKS = 25
"""Ticks over which the use of a core is averaged."""
TITLE = "your connection"
"""The name of the socket with the sound, in messages to the visitor."""
STATES = ("in time again", "no scores for charts", "every second window only", "old sound is dropped")
"""The report at each level of overload."""
BUSY = "this host is busy: words may be late"
REPORTS_PER_SECOND, REPORTS_IN_HAND = 0.2, 5
"""Most reports about one visitor."""


class _Guest:
    """A visitor, with its connections."""

    def __init__(self, name: str, words: WordsServer) -> None:
        self.name, self.words = name, words
        self.visitor: VisitorStream
        self.connection: LoopConnection | None = None
        self.reports = TokenBucket(REPORTS_PER_SECOND, REPORTS_IN_HAND)


class Engine:
    """Serves visitors, in the thread of the event loop.

    Args:
        loop: the running event loop.
        report: called with each event for the host's log.
        load: loads a recognizer from the name or path of its weights.
        gather_s: longest time in s that a window waits for others.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        report: Callable[[ServiceReport], None],
        load: Callable[[str], Recognizer] = load_recognizer,
        gather_s: float = GATHER_S,
    ) -> None:
        self._loop, self._report, self._load = loop, report, load
        self._guests: dict[str, _Guest] = {}
        self._recognizers: dict[str, Recognizer] = {}
        self._loading = asyncio.Lock()
        self._batches = Batches(loop, self._failed, gather_s)
        self._overload = Overload()
        self._cpu: deque[tuple[float, float]] = deque(maxlen=BUSY_TICKS + 1)
        self._ticking = loop.call_later(TICK_S, self._tick)

    async def load(self, weights: str) -> Recognizer:
        """Load weights once, in a thread, so that other visitors are not interrupted.

        Raises:
            VoicetrailError: the weights cannot be used.
        """
        async with self._loading:
            if weights not in self._recognizers:
                self._recognizers[weights] = await self._loop.run_in_executor(None, self._load, weights)
            return self._recognizers[weights]

    async def add(self, name: str, sound: VisitorSound) -> str:
        """Start serving a visitor; return the address of the words, for the game's ``--source``.

        Raises:
            VoicetrailError: the folder, the weights or the socket cannot be used, or there already is a visitor with this name.
        """
        if name in self._guests:
            raise RemoteError(f"there already is a visitor {printable(name, 40)}")
        if sound.sound is not None:
            check_private_folder(sound.sound.parent)
        recognizer = await self.load(sound.weights)
        guest: _Guest

        def problem(text: str) -> None:
            self._about(guest, "client", text)

        words = WordsServer(sound.folder, lambda event: guest.visitor.received(event), problem)
        guest = _Guest(name, words)
        try:
            guest.visitor = VisitorStream(name, sound, recognizer, words)
            words.describe(guest.visitor.ready, recognizer.detector)
            await words.start()
            if name in self._guests:  # meanwhile
                raise RemoteError(f"there already is a visitor {printable(name, 40)}")
        except BaseException:
            words.close()
            raise
        self._guests[name] = guest
        self._listen(guest, sound)
        return words_spec(sound.folder)

    def remove(self, name: str) -> None:
        """Stop serving a visitor; does nothing if there is none."""
        guest = self._guests.pop(name, None)
        if guest is not None:
            self._batches.forget(guest.visitor)
            guest.visitor.source.close()
            guest.words.close()

    def set_sound(self, name: str, sound: VisitorSound) -> None:
        """Use another socket for a visitor's sound; with the path ``None``, the visitor has no sound.

        Raises:
            RemoteError: there is no such visitor.
        """
        if name not in self._guests:
            raise RemoteError(f"there is no visitor {printable(name, 40)}")
        if sound.sound is not None:
            check_private_folder(sound.sound.parent)
        self._listen(self._guests[name], sound)

    def status(self) -> ServiceStatus:
        """The status of the service."""
        visitors = [guest.visitor for guest in self._guests.values()]
        (then, used_then), (now, used_now) = (self._cpu[0], self._cpu[-1]) if self._cpu else ((0.0, 0.0), (0.0, 0.0))
        return ServiceStatus(
            len(visitors),
            sum(visitor.hears for visitor in visitors),
            self._batches.windows,
            self._batches.batches,
            time.process_time(),
            (used_now - used_then) / (now - then) if now > then else 0.0,
            self._overload.level,
            median_waiting_s(visitors),
            os.getpid(),
            {visitor.name: visitor.source.lost for visitor in visitors if visitor.source.lost},
        )

    def close(self) -> None:
        """Stop serving all visitors."""
        self._ticking.cancel()
        self._batches.close()
        for name in list(self._guests):
            self.remove(name)

    def _listen(self, guest: _Guest, sound: VisitorSound) -> None:
        visitor = guest.visitor
        self._batches.forget(visitor)
        guest.connection = None
        if sound.sound is None:
            visitor.listen_to(None)
            return

        def transport(address: Address, receiver: Receiver) -> LoopConnection:
            guest.connection = LoopConnection(
                address,
                receiver,
                self._loop,
                on_activity=lambda: self._batches.sound_came(visitor),
                on_cut_off=lambda message: self._cut_off(guest, message),
            )
            return guest.connection

        visitor.listen_to(NetworkSource(Address("wyoming", "unix", path=str(sound.sound), title=TITLE), transport=transport))

    def _cut_off(self, guest: _Guest, message: str) -> None:
        self._batches.forget(guest.visitor)
        guest.visitor.cut_off(message)
        guest.connection = None
        self._about(guest, "cut off", message)

    def _failed(self, visitor: VisitorStream, error: Exception) -> None:
        guest = self._guests[visitor.name]
        self._batches.forget(visitor)
        visitor.cut_off("listening stopped because of an error of the host (the arrow keys still work)")
        guest.connection = None
        self._about(guest, "failed", f"{type(error).__name__}: {error}")

    def _about(self, guest: _Guest, kind: Kind, text: str) -> None:
        if guest.reports.take(1, time.monotonic()):
            self._report(ServiceReport(kind, text, guest.name))

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(TICK_S, self._tick)
        now = time.monotonic()
        self._cpu.append((now, time.process_time()))
        for guest in list(self._guests.values()):
            if guest.connection is not None:
                guest.connection.tick(now)
        visitors = [guest.visitor for guest in self._guests.values()]
        self._batches.expected = max(1, sum(visitor.hears for visitor in visitors))
        waiting_s = median_waiting_s(visitors)
        if self._overload.take(waiting_s, now):
            self._degrade()
        if self._overload.level == len(LEVELS_S) and waiting_s >= LEVELS_S[-1]:
            for visitor in visitors:
                visitor.source.drop_waiting()

    def _degrade(self) -> None:
        """Apply the level of overload to all visitors, and report it."""
        level = self._overload.level
        self._batches.skips = level >= 2
        for guest in self._guests.values():
            guest.words.shows_scores = level == 0
            guest.words.say_busy(BUSY if level >= 2 else None)
        self._report(ServiceReport("busy", STATES[level]))
