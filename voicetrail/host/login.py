"""One visitor's connection: the login, and what may be asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh

from voicetrail.host.connection import VisitorConnection
from voicetrail.host.keys import HostKey
from voicetrail.host.microphone import Granted
from voicetrail.host.session import WINDOW, VisitorSession
from voicetrail.host.state import HostState
from voicetrail.visitors.terminal import checked_name

ENVIRONMENT_MAX = 8 * 1024
"""Bytes of variables that a visitor's ssh may send."""
DENIALS_LOGGED = 10
"""Requests of one connection that are logged, of those that are refused."""
FORWARD_MAX = 200
"""Characters of the name of a forward's socket."""


class VisitorChannel(asyncssh.SSHServerChannel[bytes]):
    """A session's channel that takes only so many variables."""

    _environment_bytes = 0

    def _process_env_request(self, packet: Any) -> bool:
        before = len(packet.get_remaining_payload())
        self._environment_bytes += before
        if self._environment_bytes > ENVIRONMENT_MAX:
            packet.get_string()
            packet.get_string()
            return False
        return super()._process_env_request(packet)


class VisitorLogin(asyncssh.SSHServer):
    """What one connection may ask for: a login, one session, and one reverse forward.

    Args:
        host: the server.
    """

    def __init__(self, host: HostState) -> None:
        self.host = host
        self.name = ""
        """What the visitor is called, checked."""
        self.key: HostKey | None = None
        """The key that the visitor showed, if any."""
        self.forward = ""
        """What the visitor called the socket of the reverse forward; empty without one."""
        self._connection: VisitorConnection | None = None
        self._session: VisitorSession | None = None
        self._asked = ""
        self._denials = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """The connection is up."""
        assert isinstance(conn, VisitorConnection)
        self._connection = conn

    @property
    def connection(self) -> VisitorConnection:
        """The connection."""
        assert self._connection is not None
        return self._connection

    def denied(self, what: str) -> None:
        """Note that something was asked for that there is not."""
        self._denials += 1
        if self._denials > DENIALS_LOGGED:  # one visitor's requests are not to hide what others do
            return
        self.host.log.write("denied", what=what, address=self.connection.address, name=self.name or None)

    # The login

    def begin_auth(self, username: str) -> bool:
        """A visitor gives a name; return whether a key is needed."""
        self._asked = self.name = checked_name(username)
        self.key = None
        keys = self.host.keys
        if not self.host.guests:
            return True
        return keys is not None and keys.is_taken(self.name)

    def public_key_auth_supported(self) -> bool:
        """Keys, where there is a file of them."""
        return self.host.keys is not None

    def validate_public_key(self, username: str, key: HostKey) -> bool:
        """Whether a key is that of a visitor, and the name is the key's own where it is somebody's."""
        keys = self.host.keys
        name = None if keys is None else keys.name_of(key)
        if name is None:
            return False
        if keys is not None and keys.is_taken(self._asked) and name.casefold() != self._asked.casefold():
            return False
        # Called for the question whether a key would do, and again for the signature that is made with it: the last one holds.
        self.key, self.name = key, name
        return True

    def password_auth_supported(self) -> bool:
        """There are no passwords."""
        return False

    def kbdint_auth_supported(self) -> bool:
        """There are no questions."""
        return False

    # What may be asked for

    def session_requested(self) -> Any:
        """One session a connection."""
        if self._session is not None:
            self.denied("second-session")
            return False
        self._session = VisitorSession(self.host, self)
        channel = VisitorChannel(
            self.connection, asyncio.get_running_loop(), True, False, False, 0, 1, None, "strict", WINDOW, WINDOW
        )
        return channel, self._session

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        """No connection from here to anywhere (``ssh -L``, ``-D``, ``-W``)."""
        self.denied("forward-tcp")
        return False

    def unix_connection_requested(self, dest_path: str) -> bool:
        """Nor to a socket of this machine."""
        self.denied("forward-unix")
        return False

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        """No port of this machine (``ssh -R PORT``)."""
        self.denied("reverse-tcp")
        return False

    def unix_server_requested(self, listen_path: str) -> Granted | bool:
        """One reverse forward of a socket: the microphone's. No file of that name is made."""
        if self.forward or not listen_path or len(listen_path) > FORWARD_MAX or not listen_path.isprintable():
            self.denied("reverse-unix")
            return False
        self.forward = listen_path
        return Granted()

    def tun_requested(self, unit: int | None) -> bool:
        """No tunnel."""
        self.denied("tun")
        return False

    def tap_requested(self, unit: int | None) -> bool:
        """No tunnel."""
        self.denied("tap")
        return False
