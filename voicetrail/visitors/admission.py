"""Admission: how many visitors at once, how many from one address, and how long each may stay."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from voicetrail.errors import VoicetrailError
from voicetrail.visitors.limits import VisitorLimits


class AdmissionRefused(VoicetrailError):
    """A visitor cannot be admitted now. The message is for the visitor, ``kind`` for the log.

    Attributes:
        kind: ``closing``, ``full`` or ``address``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(slots=True)
class Visit:
    """One visitor's stay."""

    number: int
    """Counts from 1 and is never reused."""
    address: str
    began: float
    seen: float
    """When the visitor last did something."""
    _limits: VisitorLimits = field(repr=False)
    _clock: Callable[[], float] = field(repr=False)

    def active(self) -> None:
        """The visitor pressed a key, or said a word."""
        self.seen = self._clock()

    @property
    def length_s(self) -> float:
        """Seconds since the visitor came in."""
        return self._clock() - self.began

    def overstayed(self) -> str:
        """Why the visitor has to leave now, for the visitor to read; empty while there is no reason."""
        if self.length_s >= self._limits.total_s:
            return f"your time is up ({_duration(self._limits.total_s)}): come back any time"
        if self._clock() - self.seen >= self._limits.idle_s:
            return f"nothing was played for {_duration(self._limits.idle_s)}: come back any time"
        return ""


class Admission:
    """Counts visitors. Used from one thread.

    Args:
        limits: how many there may be.
        clock: seconds, never falling.
    """

    def __init__(self, limits: VisitorLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.closing = False
        """Admit nobody any more."""
        self._clock = clock
        self._visits: dict[int, Visit] = {}
        self._addresses: Counter[str] = Counter()
        self._last = 0

    @property
    def visits(self) -> tuple[Visit, ...]:
        """All present visitors."""
        return tuple(self._visits.values())

    def admit(self, address: str) -> Visit:
        """Admit a visitor; ``leave`` must follow.

        Args:
            address: the visitor's IP address; any other text counts as an address of its own.

        Raises:
            AdmissionRefused: the visitor cannot be admitted now.
        """
        group = address_group(address)
        if self.closing:
            raise AdmissionRefused("closing", "this host is shutting down: come back later")
        if len(self._visits) >= self.limits.visitors:
            raise AdmissionRefused("full", f"all {self.limits.visitors} places are taken: try again later")
        if self._addresses[group] >= self.limits.per_address:
            raise AdmissionRefused("address", f"{self.limits.per_address} visitors of your address are here already")
        self._last += 1
        now = self._clock()
        visit = Visit(self._last, address, now, now, self.limits, self._clock)
        self._visits[visit.number] = visit
        self._addresses[group] += 1
        return visit

    def leave(self, visit: Visit) -> None:
        """A visitor has left; safe to call twice."""
        if self._visits.pop(visit.number, None) is None:
            return
        group = address_group(visit.address)
        self._addresses[group] -= 1
        if not self._addresses[group]:
            del self._addresses[group]


def address_group(address: str) -> str:
    """What counts as one address: an IPv4 address, or the 64 bits of an IPv6 address that a network is given as a whole."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
