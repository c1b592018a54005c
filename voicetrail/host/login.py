"""The login of a visitor, and the requests that are allowed."""

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
"""Maximum size of the environment variables of a visitor, in bytes."""
DENIALS_LOGGED = 10
"""Maximum number of refused requests per connection in the log."""
FORWARD_MAX = 200
"""Maximum length of the socket name of a forward, in characters."""


class VisitorChannel(asyncssh.SSHServerChannel[bytes]):
    """The channel of a session, with a limit on environment variables."""

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
    """Allows a login, one session and one reverse forward for each connection.

    Args:
        host: the state of the server.
    """

    def __init__(self, host: HostState) -> None:
        self.host = host
        self.name = ""
        """The checked name of the visitor."""
        self.key: HostKey | None = None
        """The visitor's key, if any."""
        self.forward = ""
        """The visitor's name for the socket of the reverse forward; empty without one."""
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
        """Log a refused request."""
        self._denials += 1
        if self._denials > DENIALS_LOGGED:  # the requests of one visitor must not flood the log
            return
        self.host.log.write("denied", what=what, address=self.connection.address, name=self.name or None)

    # The login

    def begin_auth(self, username: str) -> bool:
        """Check the name of a visitor; return whether authentication is required."""
        self._asked = self.name = checked_name(username)
        self.key = None
        keys = self.host.keys
        if not self.host.guests:
            return True
        return keys is not None and keys.is_taken(self.name)

    def public_key_auth_supported(self) -> bool:
        """Return whether there is a file of keys."""
        return self.host.keys is not None

    def validate_public_key(self, username: str, key: HostKey) -> bool:
        """Return whether a key is known, and the name is not reserved for another key."""
        keys = self.host.keys
        name = None if keys is None else keys.name_of(key)
        if name is None:
            return False
        if keys is not None and keys.is_taken(self._asked) and name.casefold() != self._asked.casefold():
            return False
        # Called first to offer a key, and again with its signature; the last call counts.
        self.key, self.name = key, name
        return True

    def password_auth_supported(self) -> bool:
        """Passwords are not supported."""
        return False

    def kbdint_auth_supported(self) -> bool:
        """Keyboard-interactive authentication is not supported."""
        return False

    # Requests

    def session_requested(self) -> Any:
        """Allow one session per connection."""
        if self._session is not None:
            self.denied("second-session")
            return False
        self._session = VisitorSession(self.host, self)
        channel = VisitorChannel(
            self.connection, asyncio.get_running_loop(), True, False, False, 0, 1, None, "strict", WINDOW, WINDOW
        )
        return channel, self._session

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        """Refuse connections to other machines (``ssh -L``, ``-D``, ``-W``)."""
        self.denied("forward-tcp")
        return False

    def unix_connection_requested(self, dest_path: str) -> bool:
        """Refuse connections to sockets of this machine."""
        self.denied("forward-unix")
        return False

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        """Refuse to listen on a port of this machine (``ssh -R PORT``)."""
        self.denied("reverse-tcp")
        return False

    def unix_server_requested(self, listen_path: str) -> Granted | bool:
        """Allow one reverse forward of a socket, for the microphone. No file with that name is created."""
        if self.forward or not listen_path or len(listen_path) > FORWARD_MAX or not listen_path.isprintable():
            self.denied("reverse-unix")
            return False
        self.forward = listen_path
        return Granted()

    def tun_requested(self, unit: int | None) -> bool:
        """Refuse tunnels."""
        self.denied("tun")
        return False

    def tap_requested(self, unit: int | None) -> bool:
        """Refuse tunnels."""
        self.denied("tap")
        return False
