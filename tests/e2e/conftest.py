"""Fixtures of the end-to-end tests; ``lab.py`` says what each thing can do.

Everything in this folder is marked ``e2e``. Where a program of the system is missing the test is skipped with the reason.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.lab import SPEECH_VARIABLE, Speech, TmuxTerminal, VirtualMicrophone
from tests.e2e.ssh_line import ROOT, CountingMicrophone, Far, await_nothing, left_behind
from tests.e2e.sshd import SshServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder ``e2e`` and ``clock``."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.clock)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a path short enough for a socket (pytest's own may not be)."""
    with tempfile.TemporaryDirectory(prefix="vt", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment with empty folders for settings, state and data, also set for the test's own process."""
    places = {f"XDG_{kind}_HOME": str(tmp_path / "home" / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")} | {
        "HOME": str(tmp_path / "home")
    }
    for name, value in places.items():
        Path(value).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.startswith("VOICETRAIL_") and name != SPEECH_VARIABLE]:
        monkeypatch.delenv(name)
    return places


@pytest.fixture
def virtual_mic(short_path: Path) -> Iterator[VirtualMicrophone]:
    """A microphone without hardware, on a sound server of its own; give its ``env`` to what is to hear it."""
    microphone = VirtualMicrophone(short_path)
    try:
        yield microphone
    finally:
        microphone.close()


class OpenTerminal(Protocol):
    """What the fixture ``terminal`` gives."""

    def __call__(
        self,
        command: Sequence[str] | str,
        *,
        width: int = 100,
        height: int = 30,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> TmuxTerminal:
        """Run a command in a terminal of this size; it is closed when the test ends."""
        ...


@pytest.fixture
def terminal(home: dict[str, str]) -> Iterator[OpenTerminal]:
    """Opens terminals: ``terminal(VOICETRAIL + ["play"], width=80, height=24, env=virtual_mic.env)``."""
    opened: list[TmuxTerminal] = []
    with tempfile.TemporaryDirectory(prefix="vt", ignore_cleanup_errors=True) as folder:

        def open_terminal(
            command: Sequence[str] | str,
            *,
            width: int = 100,
            height: int = 30,
            env: Mapping[str, str] | None = None,
            cwd: Path | None = None,
        ) -> TmuxTerminal:
            opened.append(TmuxTerminal(Path(folder), command, width=width, height=height, env={**home, **(env or {})}, cwd=cwd))
            return opened[-1]

        try:
            yield open_terminal
        finally:
            for each in opened:
                each.close()


@pytest.fixture(scope="session")
def speech() -> Speech:
    """Real validation clips, from ``$VOICETRAIL_SPEECH`` or ``../shared/speech`` beside the checkout."""
    named = os.environ.get(SPEECH_VARIABLE)
    folder = Path(named) if named else HERE.parents[2] / "shared" / "speech"
    if not (folder / "speech_commands" / "validation_list.txt").is_file():
        pytest.skip(f"no speech clips: set {SPEECH_VARIABLE} to a folder that holds speech_commands/")
    return Speech(folder)


@pytest.fixture
def microphone(short_path: Path) -> Iterator[CountingMicrophone]:
    microphone = CountingMicrophone(short_path)
    yield microphone
    microphone.close()


@pytest.fixture
def open_server(short_path: Path) -> Iterator[Callable[..., SshServer]]:
    """Opens a server with these lines of configuration."""
    opened: list[SshServer] = []

    def open_one(*options: str, **more: Any) -> SshServer:
        folder = short_path / f"sshd{len(opened)}"
        folder.mkdir()
        # The far side is run from the checkout, as an installed program would be from anywhere.
        environment = {"PYTHONPATH": str(ROOT), **more.pop("environment", {})}
        opened.append(SshServer(folder, *options, environment=environment, **more))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def far(tmp_path: Path) -> Far:
    return Far(tmp_path / "far.log")


@pytest.fixture
def nothing_left(short_path: Path) -> Iterator[None]:
    """What was there before the test may be there after it, and no more."""
    before = set(left_behind(short_path))
    yield
    await_nothing(short_path, before)
