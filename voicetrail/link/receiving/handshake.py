"""The game's side of the protocol's own events: hello, version, proof of the secret, pings. Other events are passed on."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from typing import Literal

from wyoming.event import Event
from wyoming.ping import Ping, Pong

from voicetrail.link.delay import DelayEstimator, TokenBucket
from voicetrail.link.wire import (
    HELLO,
    NONCE_LIMIT,
    PROOF,
    PROTOCOL,
    EventDecoder,
    WireError,
    encode,
    proof,
    same_proof,
    text,
)
from voicetrail.text import printable

SILENCE_LIMIT_S = 10.0
"""Seconds after which a peer that has sent nothing, or has not shown that it knows the secret, is disconnected."""
FIRST_PINGS = 4
"""Pings in quick succession at first, so that the delay is known soon."""
FIRST_PING_INTERVAL_S = 0.1
"""Seconds between the first pings."""
EVENTS_PER_SECOND, EVENTS_IN_HAND = 500, 5_000
"""Events a second that a peer may send: ten times a microphone's, plus what collects while the network stalls."""


class Handshake:
    """The state of one connection; each connection has its own.

    Args:
        content: what this connection must carry.
        secret: what the other end must know, if anything.
        send: sends bytes.
        delay: the estimate of the delay, which outlives the connection.
        ping_interval_s: seconds between two pings.
    """

    def __init__(
        self,
        content: Literal["sound", "words"],
        secret: bytes | None,
        send: Callable[[bytes], None],
        delay: DelayEstimator,
        ping_interval_s: float,
    ) -> None:
        self._content = content
        self._secret = secret
        self._send = send
        self._delay = delay
        self._ping_interval_s = ping_interval_s
        self._decoder = EventDecoder()
        self._events = TokenBucket(EVENTS_PER_SECOND, EVENTS_IN_HAND)
        self._began: float | None = None
        self._next_ping = 0.0
        self._pings = 0
        self._nonce = secrets.token_hex(16)
        self._expected_proof: str | None = None
        self._received_any = False
        self._described = False
        self.proven = secret is None
        """The other end is trusted; until then it is sent nothing but the proof, and nothing from it is used."""
        self.is_voicetrail = False
        """The other end is voicetrail: its time stamps are reliable, and it answers pings."""
        self.name = ""
        """What the other end calls its microphone, safe to show."""
        self.acknowledged: float | None = None
        """Stamp in s of the last block received, sent with each ping, so that the other end stops sending what would only
        pile up."""

    def received(self, data: bytes, now: float) -> list[Event]:
        """Take bytes; return the events that are not the handshake's own and may be trusted.

        Raises:
            WireError: the other end may not be trusted, or sent something invalid, or too much.
        """
        self._received_any = True
        events = self._decoder.feed(data)
        if self._events.spend(len(events), now):
            raise WireError(f"more than {EVENTS_PER_SECOND} events a second")
        return [event for event in events if not self._is_own(event, now) and self.proven]

    def tick(self, now: float) -> None:
        """Ping when due, and disconnect a peer that sends nothing."""
        if self._began is None:
            self._began = now
        if now - self._began > SILENCE_LIMIT_S and not (self._received_any and self.proven):
            raise WireError("nothing" if not self._received_any else "no proof that it knows the secret")
        if self.is_voicetrail and self.proven and now >= self._next_ping:
            self._pings += 1
            self._next_ping = now + (FIRST_PING_INTERVAL_S if self._pings < FIRST_PINGS else self._ping_interval_s)
            self.ping(now)

    def ping(self, now: float) -> None:
        """Send a ping, and say how much of the sound has arrived."""
        event = Ping(text=f"{now:.4f}").event()
        if self.acknowledged is not None:
            event.data["received"] = round(self.acknowledged * 1000)
        self._send(encode(event))

    def _is_own(self, event: Event, now: float) -> bool:
        if event.type == HELLO:
            self._hello(event)
        elif event.type == PROOF:
            self._check_proof(event)
        elif Pong.is_type(event.type):
            self._pong(event, now)
        else:
            return False
        return True

    def _hello(self, event: Event) -> None:
        if self.is_voicetrail:
            raise WireError("a second hello")
        protocol = event.data.get("protocol")
        if protocol != PROTOCOL or isinstance(protocol, bool):
            older = isinstance(protocol, int) and protocol < PROTOCOL
            raise WireError(
                f"a protocol of another version ({printable(protocol, 20)}, this is {PROTOCOL}): "
                f"install the newer voicetrail {'there' if older else 'here'}"
            )
        if event.data.get("secret"):
            if self._secret is None:
                raise WireError("a request for its secret: put ?secret=FILE after the address")
            nonce = text(event.data, "nonce", NONCE_LIMIT)
            self._expected_proof = proof(self._secret, "mic", nonce, self._nonce)
            own = proof(self._secret, "game", self._nonce, nonce)
            self._send(encode(Event(PROOF, {"nonce": self._nonce, "proof": own})))
            if "content" in event.data:
                self._describe(event)  # early versions did so before the proof
        elif self._secret is not None:
            raise WireError("no request for the secret: serve with --secret, or leave ?secret= out of the address")
        else:
            self._describe(event)
        self.is_voicetrail = True

    def _check_proof(self, event: Event) -> None:
        if self._expected_proof is None or not same_proof(event.data.get("proof"), self._expected_proof):
            raise WireError("a wrong proof of the secret")
        self._expected_proof = None
        if not self._described:
            self._describe(event)
        self.proven = True

    def _describe(self, event: Event) -> None:
        """Read what is served, and its name."""
        content = event.data.get("content")
        if content != self._content:
            scheme = "words+tcp:// or words+unix://" if content == "words" else "tcp:// or unix://"
            raise WireError(f"{printable(content, 20)} in place of {self._content}: use its address with {scheme}")
        self.name = printable(event.data.get("name", ""), 60)
        self._described = True

    def _pong(self, event: Event, now: float) -> None:
        try:
            taken = now - float(text(event.data, "text", 32, ""))
        except ValueError:
            return  # an answer that was not asked for
        if math.isfinite(taken) and 0 <= taken < SILENCE_LIMIT_S:
            self._delay.round_trip(taken)
