"""Admission: limits the number of visitors, in total and per address, and the time of each visit."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from voicetrail.errors import VoicetrailError
from voicetrail.visitors.limits import VisitorLimits


class AdmissionRefused(VoicetrailError):
    """A visitor cannot be admitted. The message is for the visitor, ``kind`` is for the log.

    Attributes:
        kind: ``closing``, ``full`` or ``address``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(slots=True)
class Visit:
    """One visit of a visitor."""

    number: int
    """Number of the visit, from 1; never reused."""
    address: str
    began: float
    seen: float
    """Time of the last activity."""
    _limits: VisitorLimits = field(repr=False)
    _clock: Callable[[], float] = field(repr=False)

    def active(self) -> None:
        """Record activity: a key or a word."""
        self.seen = self._clock()

    @property
    def length_s(self) -> float:
        """Time since the visit began, in s."""
        return self._clock() - self.began

    def overstayed(self) -> str:
        """Return why the visit has to end, as a message to the visitor; empty if it can go on."""
        if self.length_s >= self._limits.total_s:
            return f"your time on this host is over ({_duration(self._limits.total_s)}); you are welcome to come back"
        if self._clock() - self.seen >= self._limits.idle_s:
            return f"there was no input for {_duration(self._limits.idle_s)}; you are welcome to come back"
        return ""


class Admission:
    """Counts visitors. Must be used in one thread.

    Args:
        limits: the limits for visitors.
        clock: monotonic, in s.
    """

    def __init__(self, limits: VisitorLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.closing = False
        """Whether no more visitors are admitted."""
        self._clock = clock
        self._visits: dict[int, Visit] = {}
        self._addresses: Counter[str] = Counter()
        self._last = 0

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The current visits."""
        return tuple(self._visits.values())

    def admit(self, address: str) -> Visit:
        """Admit a visitor. Call ``leave`` at the end of the visit.

        Args:
            address: IP address of the visitor; any other text counts as a separate address.

        Raises:
            AdmissionRefused: the visitor cannot be admitted.
        """
        group = address_group(address)
        if self.closing:
            raise AdmissionRefused("closing", "this host is shutting down; come back later")
        if len(self._visits) >= self.limits.visitors:
            raise AdmissionRefused("full", f"all {self.limits.visitors} places are taken; try again later")
        if self._addresses[group] >= self.limits.per_address:
            raise AdmissionRefused(
                "address", f"{self.limits.per_address} visitors from your address are already here; try again later"
            )
        self._last += 1
        now = self._clock()
        visit = Visit(self._last, address, now, now, self.limits, self._clock)
        self._visits[visit.number] = visit
        self._addresses[group] += 1
        return visit

    def leave(self, visit: Visit) -> None:
        """End a visit; safe to call twice."""
        if self._visits.pop(visit.number, None) is None:
            return
        group = address_group(visit.address)
        self._addresses[group] -= 1
        if not self._addresses[group]:
            del self._addresses[group]


def address_group(address: str) -> str:
    """Return the group that counts as one address: an IPv4 address, or the /64 network of an IPv6 address."""
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
