"""A real second user of this machine neither listens to the microphone, nor is taken for it, nor keeps others from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.sshd import free_port
from tests.link.feeding import LoudIsUp, Steady
from tests.link.peers import gather, samples_of
from voicetrail.events import SourceBack, SourceLost
from voicetrail.link.address import parse_address
from voicetrail.link.receiving.source import open_connection
from voicetrail.link.serving.feeds import SoundFeed, WordsFeed
from voicetrail.link.serving.server import LinkServer

SECRET = b"a secret of some length"
HELPERS = """
import contextlib, json, socket, sys, time
def heard(family, address, say=b"", close=False):
    s = socket.socket(family); s.settimeout(1.5)
    with contextlib.suppress(OSError):
        s.connect(address)
        s.sendall(say)
        if close:
            s.close()
            return 0
        total = 0
        while total < 3000:
            data = s.recv(4096)
            if not data: break
            total += len(data)
        return total
    return 0
"""


def as_nobody(program: str) -> subprocess.Popen[str]:
    """Run a program of Python as another user of this machine."""
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    return subprocess.Popen(
        ["runuser", "-u", "nobody", "--", python, "-c", HELPERS + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    )


def said_by_nobody(program: str) -> str:
    output, _ = as_nobody(program).communicate(timeout=30)
    return output.strip()


@pytest.fixture(autouse=True)
def _two_users() -> None:
    if os.geteuid() != 0 or shutil.which("runuser") is None:
        pytest.skip("only root can act as a second user (runuser)")


@pytest.fixture
def serve(short_path: Path) -> Iterator[Callable[..., LinkServer]]:
    """Serves a microphone, or words, at an address."""
    opened: list[LinkServer] = []

    def one(spec: str, *, words: bool = False, secret: bytes | None = None) -> LinkServer:
        feed = WordsFeed(Steady(height=0.8), LoudIsUp(), LoudIsUp.detector) if words else SoundFeed(Steady())
        server = LinkServer(feed, parse_address(spec), secret=secret)
        server.start()
        opened.append(server)
        return server

    yield one
    for each in opened:
        each.close()


@pytest.mark.parametrize("content", ["", "pcm+", "words"])
@pytest.mark.parametrize(
    ("listen", "connect"),
    [
        ("127.0.0.1", "socket.AF_INET, ('127.0.0.1', PORT)"),
        ("127.0.0.1", "socket.AF_INET6, ('::ffff:127.0.0.1', PORT)"),
        ("[::1]", "socket.AF_INET6, ('::1', PORT)"),
    ],
)
def test_does_not_listen(serve: Callable[..., LinkServer], content: str, listen: str, connect: str) -> None:
    words = content == "words"
    server = serve(f"{'' if words else content}tcp://{listen}:0", words=words)
    assert said_by_nobody(f"print(heard({connect.replace('PORT', str(server.port))}))") == "0"
    scheme = "words+" if words else content
    if not words:
        with open_connection(f"{scheme}tcp://{listen}:{server.port}") as source:
            gather(source, lambda items: samples_of(items) > 3200)


def test_does_not_listen_to_a_unix_socket(serve: Callable[..., LinkServer], short_path: Path) -> None:
    short_path.chmod(0o755)
    server = serve(f"unix://{short_path}/mic")
    assert said_by_nobody(f"print(heard(socket.AF_UNIX, {server.address.path!r}))") == "0"


def test_does_not_mute_the_recognizer_not_even_by_leaving_at_once(serve: Callable[..., LinkServer]) -> None:
    """The system lists a connection whose program has closed it as root's."""
    server = serve("tcp://127.0.0.1:0", words=True)
    mute = 'b\'{"type":"vt-mute","data":{"muted":true}}\\n\''
    program = "".join(
        f"\nfor _ in range(20): heard({family}, ({host!r}, {server.port}), {mute}, close=True)"
        for family, host in (("socket.AF_INET", "127.0.0.1"), ("socket.AF_INET6", "::ffff:127.0.0.1"))
    )
    assert said_by_nobody(program + "\nprint('done')") == "done"
    time.sleep(0.5)
    feed = server.feed
    assert isinstance(feed, WordsFeed)
    assert feed._listener.muted is False


@pytest.mark.parametrize(
    ("family", "listen"),
    [("AF_INET", "127.0.0.1"), ("AF_INET6", "::ffff:127.0.0.1"), ("AF_INET6", "::"), ("AF_INET", "0.0.0.0")],
)
@pytest.mark.parametrize("scheme", ["", "pcm+"])
def test_is_not_taken_for_the_microphone(family: str, listen: str, scheme: str) -> None:
    port = free_port()
    chunk = b'{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1},"payload_length":640}\n'
    block = b"" if scheme else chunk
    impostor = as_nobody(f"""
s = socket.socket(socket.{family}); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(({listen!r}, {port})); s.listen(5); print("ready", flush=True)
while True:
    c, _ = s.accept()
    with contextlib.suppress(OSError):
        for n in range(500):
            c.sendall({block!r} + bytes(640))
            time.sleep(0.01)
""")
    assert impostor.stdout is not None
    try:
        assert impostor.stdout.readline().strip() == "ready"
        with open_connection(f"{scheme}tcp://127.0.0.1:{port}") as source:
            end, items = time.monotonic() + 2, []
            while time.monotonic() < end:
                items += [item] if (item := source.read(0.1)) is not None else []
        (lost,) = items
        assert isinstance(lost, SourceLost)
        assert "belongs to another user" in lost.message
    finally:
        impostor.kill()
        impostor.wait(5)


def test_does_not_keep_others_from_a_port_with_a_secret(serve: Callable[..., LinkServer], tmp_path: Path) -> None:
    server = serve("tcp://127.0.0.1:0", secret=SECRET)
    thief = as_nobody(f"""
print("ready", flush=True)
end, held, got = time.time() + 6, [], b""
while time.time() < end:
    while len(held) < 100:
        s = socket.socket(); s.settimeout(0.5)
        try: s.connect(("127.0.0.1", {server.port}))
        except OSError: break
        s.setblocking(False); held.append(s)
    for s in held[:]:
        try:
            data = s.recv(4096)
            got += data
            if not data: held.remove(s); s.close()
        except BlockingIOError: pass
        except OSError: held.remove(s); s.close()
    time.sleep(0.01)
print("name" if b"desk" in got or b"content" in got else "nothing")
""")
    assert thief.stdout is not None
    assert thief.stdout.readline().strip() == "ready"
    time.sleep(1.5)
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(SECRET)
    with open_connection(f"tcp://127.0.0.1:{server.port}?secret={file}") as source:
        items = gather(source, lambda items: samples_of(items) > 16_000, 10)
        assert any(isinstance(item, SourceBack) for item in items)
    output, _ = thief.communicate(timeout=20)
    assert output.strip() == "nothing"


def test_a_socket_of_another_user_is_not_removed(short_path: Path) -> None:
    short_path.chmod(0o777)
    path = short_path / "theirs"
    assert said_by_nobody(f"s = socket.socket(socket.AF_UNIX); s.bind({str(path)!r}); print('bound')") == "bound"
    source = open_connection(f"unix://{path}?once=1")
    assert isinstance(gather(source, bool)[0], SourceLost)
    source.close()
    assert path.is_socket()
