"""A visitor's SSH session: its requests, and the data between terminal and game."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import asyncssh

from voicetrail.errors import VoicetrailError
from voicetrail.host.connection import VisitorConnection
from voicetrail.host.keys import HostKey
from voicetrail.host.microphone import VisitorMicrophone
from voicetrail.link.host_request import HostRequest, HostRequestError, decode_request
from voicetrail.link.wire import PROTOCOL
from voicetrail.remote.janitor import RESET
from voicetrail.remote.ssh import NEWER, OLDER
from voicetrail.text import printable
from voicetrail.visitors.admission import AdmissionRefused, Visit
from voicetrail.visitors.channel import NO_SOURCE
from voicetrail.visitors.terminal import TerminalSize, checked_colorterm, checked_term
from voicetrail.visitors.visitor import Visitor

if TYPE_CHECKING:
    from voicetrail.host.state import HostState
    from voicetrail.visitors.game_process import GameProcess

WINDOW = 32 * 1024
"""Size of the receive window, in bytes."""
TYPED_BYTES = 4 * 1024
"""Maximum number of typed bytes that wait for the game; beyond that, reading pauses."""
UNSENT_BYTES = 64 * 1024
"""Maximum number of output bytes that wait for the visitor; beyond that, the game has to wait."""
LAST_LINE_S = 3.0
"""Maximum time to send the last line to the visitor's ssh, in s."""
RESIZE_S = 0.1
"""Minimum time between two changes of the game's terminal size, in s."""
SAYS = {
    "no recognizer": "the recognizer of this host is not available; use the arrow keys",
    "shell": "the game needs a terminal; run ssh with -t",
    "hint": "to play by voice, connect with `voicetrail ssh`; until then use the arrow keys",
}


class Login(Protocol):
    """The login of the connection, as a session needs it."""

    name: str
    key: HostKey | None
    forward: str

    @property
    def connection(self) -> VisitorConnection:
        """The connection."""
        ...

    def denied(self, what: str) -> None:
        """Log a refused request."""
        ...


class VisitorSession(asyncssh.SSHServerSession[bytes]):
    """The session of a visitor: a game on the visitor's terminal.

    Args:
        host: the state of the server.
        login: the login of the visitor.
    """

    def __init__(self, host: HostState, login: Login) -> None:
        self._host = host
        self._login = login
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._term: str | None = None
        self._size = TerminalSize()
        self._request: HostRequest | None = None
        self._typed: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._typed_bytes = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._resized = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._over = False
        """Set when the game has ended, or could not be started."""

    # Callbacks of asyncssh

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Initialize the session."""
        self._channel = chan
        chan.set_write_buffer_limits(high=UNSENT_BYTES)

    def pty_requested(self, term_type: str, term_size: tuple[int, int, int, int], term_modes: object) -> bool:
        """Accept a terminal, after a check of its type and size."""
        self._term = checked_term(term_type)
        self._size = TerminalSize(term_size[0], term_size[1])
        return True

    def shell_requested(self) -> bool:
        """Accept a shell: the game takes its place."""
        return True

    def exec_requested(self, command: str) -> bool:
        """Refuse commands, except the request of `voicetrail ssh` to a host."""
        try:
            self._request = decode_request(command)
        except HostRequestError:
            self._login.denied("request")
            return False
        if self._request is None:
            self._login.denied("exec")
            return False
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        """Refuse subsystems such as sftp."""
        self._login.denied("subsystem")
        return False

    def session_started(self) -> None:
        """Start the game after an accepted request."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._host.keep(self._task)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Queue typed data for the game."""
        if not data or datatype is not None:
            return
        self._typed_bytes += len(data)
        self._typed.put_nowait(data)
        if self._typed_bytes > TYPED_BYTES and self._channel is not None:
            self._channel.pause_reading()

    def eof_received(self) -> bool:
        """Handle the end of the visitor's input."""
        self._typed.put_nowait(None)
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Handle a new size of the visitor's window."""
        self._size = TerminalSize(width, height)
        self._resized.set()

    def break_received(self, msec: int) -> bool:
        """Ignore breaks."""
        return False

    def pause_writing(self) -> None:
        """Stop writing while the visitor's ssh reads nothing."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Continue writing."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the channel or connection."""
        self._channel = None
        self._writable.set()
        if self._task is not None and not self._over:
            self._task.cancel()

    # The game

    async def _run(self) -> None:
        code, last = 1, ""
        try:
            code, last = await self._admit()
        except AdmissionRefused as refused:
            self._host.log.write("refused", address=self._login.connection.address, reason=refused.kind, name=self._login.name)
            last = str(refused)
        except Exception as error:  # any error ends only this visitor's game, with a message to the visitor
            problem = str(error) if isinstance(error, VoicetrailError | OSError) else f"{type(error).__name__}: {error}"
            self._host.log.write("failed", address=self._login.connection.address, problem=problem)
            last = "the game could not be started; try again later"
        except asyncio.CancelledError:
            self._login.connection.abort()  # without the channel the connection is useless
            raise
        self._over = True
        if (channel := self._channel) is not None:
            with suppress(OSError, asyncssh.Error, TimeoutError):
                if last:
                    channel.write(f"{printable(last)}\r\n".encode())
                channel.exit(code)
                # Close the connection only after the visitor's ssh has received the last line and the exit code.
                await asyncio.wait_for(channel.wait_closed(), LAST_LINE_S)
        # The visitor's ssh should disconnect now; one that stays would hold a connection that no limit counts.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._login.connection.wait_closed(), LAST_LINE_S)
        self._login.connection.abort()

    async def _admit(self) -> tuple[int, str]:
        request = self._request
        if request is not None and request.protocol != PROTOCOL:
            return (OLDER if request.protocol > PROTOCOL else NEWER), ""
        if self._term is None:
            return 1, SAYS["shell"]
        connection = self._login.connection
        visit = self._host.admission.admit(connection.address)
        try:
            connection.enter(sends_sound=request is not None and request.content == "sound")
            return await self._visit(visit)
        finally:
            self._host.admission.leave(visit)

    async def _visit(self, visit: Visit) -> tuple[int, str]:
        login, host, request = self._login, self._host, self._request
        terminal = {"TERM": self._term or "", "SSH_CONNECTION": "visitor"}
        if request is not None and (colorterm := checked_colorterm(request.colorterm)):
            terminal["COLORTERM"] = colorterm
        home = host.homes.make(visit.number, keep_as=host.home_name(login.key))
        visitor = Visitor(visit, home, name=login.name, limits=host.limits, terminal=terminal)
        microphone = self._microphone(visitor)
        code, reason = 1, "lost"
        try:
            async with visitor:
                source, hint = await self._source(visitor, microphone)
                game = visitor.start(
                    self._size,
                    source=source,
                    hint=hint,
                    arguments=request.play if request is not None else (),
                    scores=host.open_scores(login.name, login.key, visit.address),
                    command=host.command,
                    preloaded=host.preloaded,
                )
                host.log.write(
                    "came",
                    visitor=visit.number,
                    address=visit.address,
                    name=login.name,
                    key=login.key is not None,
                    plays_by="keys" if source == NO_SOURCE else request.content if request is not None else None,
                )
                host.came(visitor)
                await self._play(game, visit)
                code = await game.wait()
                reason = "ended" if visitor.end_reason else "left"
        finally:
            if microphone is not None:
                microphone.close()
                if host.recognizer is not None:
                    await host.recognizer.remove_visitor(str(visit.number))
            host.left(visitor)
            host.log.write("left", visitor=visit.number, seconds=visit.length_s, how=reason, why=visitor.end_reason or None)
        if code < 0 or visitor.game.output_lost:
            self._write(RESET.encode())
        if visitor.end_reason:
            return 0, visitor.end_reason
        return (1, "an internal error ended the game") if code < 0 else (code, "")

    def _microphone(self, visitor: Visitor) -> VisitorMicrophone | None:
        if self._request is None or not self._login.forward or self._login.forward != self._request.socket:
            return None
        return VisitorMicrophone(self._login.connection, self._login.forward, visitor.home.run, self._host.log)

    async def _source(self, visitor: Visitor, microphone: VisitorMicrophone | None) -> tuple[str, str]:
        """Return the source of the game's words, and a first message to the visitor."""
        if microphone is None or self._request is None:
            return NO_SOURCE, SAYS["hint"]
        if self._request.content == "words":
            await microphone.start()
            return f"words+unix://{microphone.path}", ""
        if self._host.recognizer is None:
            return NO_SOURCE, SAYS["no recognizer"]
        from voicetrail.recognizer_service import VisitorSound

        await microphone.start()
        sound = VisitorSound(folder=visitor.home.run, sound=microphone.path)
        try:
            return await self._host.recognizer.add_visitor(str(visitor.visit.number), sound), ""
        except VoicetrailError as error:
            self._host.log.write("recognizer", what="refused", visitor=visitor.visit.number, text=str(error))
            return NO_SOURCE, SAYS["no recognizer"]

    async def _play(self, game: GameProcess, visit: Visit) -> None:
        """Transfer data in both directions until the game has ended."""
        loop = asyncio.get_running_loop()
        ended = loop.create_task(game.wait())
        ways: Sequence[asyncio.Task[None]] = (
            loop.create_task(self._carry_keys(game, visit)),
            loop.create_task(self._carry_sizes(game)),
        )
        try:
            while data := await game.read():
                self._write(data)
                for writable in (self._writable, self._login.connection.writable):
                    if not writable.is_set():
                        # A visitor who reads nothing must not keep an ended game.
                        waiting = loop.create_task(writable.wait())
                        await asyncio.wait((waiting, ended), return_when=asyncio.FIRST_COMPLETED)
                        waiting.cancel()
        finally:
            for way in (*ways, ended):
                way.cancel()
            await asyncio.gather(*ways, ended, return_exceptions=True)

    def _write(self, data: bytes) -> None:
        if (channel := self._channel) is not None:
            with suppress(OSError, asyncssh.Error):
                channel.write(data)

    async def _carry_keys(self, game: GameProcess, visit: Visit) -> None:
        while (data := await self._typed.get()) is not None:
            visit.active()
            await game.write(data)
            self._typed_bytes -= len(data)
            if self._typed_bytes <= TYPED_BYTES and self._channel is not None:
                self._channel.resume_reading()
        await game.end()  # as at the end of input on a terminal

    async def _carry_sizes(self, game: GameProcess) -> None:
        while True:
            await self._resized.wait()
            self._resized.clear()
            game.resize(self._size)
            await asyncio.sleep(RESIZE_S)
