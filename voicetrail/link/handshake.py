"""The game's end of a Wyoming line: hello, protocol version, secret, pings. What is left are the events that matter."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from wyoming.event import Event
from wyoming.ping import Ping, Pong

from voicetrail.link.address import Address, read_secret
from voicetrail.link.delay import DelayEstimator
from voicetrail.link.wire import HELLO, PROOF, PROTOCOL, EventDecoder, WireError, encode, proof, same_proof
from voicetrail.text import printable

SAYS_NOTHING = 10.0
"""Seconds after which a peer that has said nothing, or has not shown that it knows the secret, is dropped."""
FIRST_PINGS = 4
"""Pings that follow each other quickly, to know the line's delay soon."""
TICK_AT_FIRST = 0.1
"""Seconds between the first pings."""
NONCE_LIMIT = 128


class Handshake:
    """One connection's state; made anew for each.

    Args:
        content: what has to come over this line.
        secret: what the other end must know, if anything.
        send: puts bytes on the line.
        clock: the line's clock, which outlives the connection.
        ping_every: seconds between two pings.
    """

    def __init__(
        self,
        content: Literal["sound", "words"],
        secret: bytes | None,
        send: Callable[[bytes], None],
        clock: DelayEstimator,
        ping_every: float,
    ) -> None:
        self._content = content
        self._secret = secret
        self._send = send
        self._clock = clock
        self._ping_every = ping_every
        self._decoder = EventDecoder()
        self._began: float | None = None
        self._next_ping = 0.0
        self._pings = 0
        self._nonce = secrets.token_hex(16)
        self._expected_proof: str | None = None
        self._proven = secret is None
        self._heard = False
        self.is_voicetrail = False
        """The other end is a voicetrail: its stamps can be relied on, and it answers pings."""
        self.name = ""
        """What the other end calls its microphone, safe to show."""
        self.acknowledged: float | None = None
        """Stamp of the last block that came, sent with each ping: the other end stops sending what would only pile up."""

    def received(self, data: bytes, now: float) -> list[Event]:
        """Take bytes; return the events that are not the greeting's own and may be trusted."""
        self._heard = True
        return [event for event in self._decoder.feed(data) if not self._own(event, now) and self._proven]

    def tick(self, now: float) -> None:
        """Ping when it is time, and drop a peer that says nothing."""
        if self._began is None:
            self._began = now
        if now - self._began > SAYS_NOTHING and not (self._heard and self._proven):
            raise WireError("nothing" if not self._heard else "no proof that it knows the secret")
        if self.is_voicetrail and self._proven and now >= self._next_ping:
            self._pings += 1
            self._next_ping = now + (TICK_AT_FIRST if self._pings < FIRST_PINGS else self._ping_every)
            self.ping(now)

    def ping(self, now: float) -> None:
        """Ask for an answer, and tell how far the sound has come."""
        event = Ping(text=f"{now:.4f}").event()
        if self.acknowledged is not None:
            event.data["received"] = round(self.acknowledged * 1000)
        self._send(encode(event))

    def _own(self, event: Event, now: float) -> bool:
        if event.type == HELLO:
            self._hello(event)
        elif event.type == PROOF:
            if self._expected_proof is None or not same_proof(event.data.get("proof"), self._expected_proof):
                raise WireError("a wrong proof of the secret")
            self._proven = True
        elif Pong.is_type(event.type):
            try:
                taken = now - float(str(event.data.get("text"))[:32])
            except ValueError:
                return True
            if 0 <= taken < SAYS_NOTHING:
                self._clock.round_trip(taken)
        else:
            return False
        return True

    def _hello(self, event: Event) -> None:
        protocol, content = event.data.get("protocol"), event.data.get("content")
        if protocol != PROTOCOL:
            older = isinstance(protocol, int) and protocol < PROTOCOL
            raise WireError(
                f"a protocol of another version ({printable(protocol, 20)}, this is {PROTOCOL}): "
                f"install the newer voicetrail {'there' if older else 'here'}"
            )
        if content != self._content:
            scheme = "words+tcp:// or words+unix://" if content == "words" else "tcp:// or unix://"
            raise WireError(f"{printable(content, 20)} in place of {self._content}: take its address with {scheme}")
        nonce = event.data.get("nonce")
        if event.data.get("secret"):
            if self._secret is None:
                raise WireError("a request for its secret: put ?secret=FILE after the address")
            if not isinstance(nonce, str) or len(nonce) > NONCE_LIMIT:
                raise WireError("a request for its secret without a nonce")
            self._expected_proof = proof(self._secret, "mic", nonce, self._nonce)
            own = proof(self._secret, "game", self._nonce, nonce)
            self._send(encode(Event(PROOF, {"nonce": self._nonce, "proof": own})))
        self.is_voicetrail = True
        self.name = printable(event.data.get("name", ""), 60)


def secret_of(address: Address) -> bytes | None:
    """Read the secret that an address names; one that serves once is removed."""
    if address.secret is None:
        return None
    secret = read_secret(address.secret)
    if address.once:
        Path(address.secret).unlink(missing_ok=True)
    return secret
