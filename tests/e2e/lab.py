"""The laboratory of the end-to-end tests: a microphone without hardware, and a terminal without a screen.

The fixtures in ``conftest.py`` hand these out and put everything away again. A test that needs a program which is not there is
skipped, and the reason is printed.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from voicetrail.events import SAMPLE_RATE

VOICETRAIL = [sys.executable, "-m", "voicetrail"]
"""How a test calls the program."""
SPEECH_VARIABLE = "VOICETRAIL_SPEECH"
"""Names the folder with ``speech_commands/`` where it is not beside the checkout."""
GAP = 0.7
"""Silence between joined clips in s."""

Sound = npt.NDArray[np.float32]


def needs(*programs: str) -> None:
    """Skip the test where a program of the system is missing."""
    missing = [program for program in programs if shutil.which(program, path=_path()) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def wait_until(condition: Callable[[], object], timeout: float = 30.0, step: float = 0.05, what: str = "condition") -> None:
    """Wait until the condition holds; fail the test when it does not within ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not come true within {timeout:g} s")
        time.sleep(step)


class VirtualMicrophone:
    """A PulseAudio server of its own, with a microphone that hears what is played into its speaker.

    What runs against it needs ``env`` in its environment (``activate`` does that for the test's own process). Its PortAudio
    device is ``default``.

    Args:
        folder: an empty folder for the server's socket and state; its path must be short enough for a socket (100 characters).
    """

    def __init__(self, folder: Path) -> None:
        needs("pulseaudio", "pactl", "paplay")
        self.folder = folder
        self.socket = folder / "native"
        self.env = {"XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{self.socket}"}
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self, *, plugged: bool = True) -> None:
        """Start the sound server, with the microphone plugged in or not."""
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-target=stderr", "--log-level=error"),
                *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}"),
            ],
            env={**os.environ, **self.env, "XDG_CONFIG_HOME": str(self.folder), "HOME": str(self.folder)},
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: self._pactl("info", check=False).returncode == 0, what="the sound server")
        if plugged:
            self.plug()

    def plug(self) -> None:
        """Plug the microphone in, and the speaker into which it listens."""
        # norewinds: without it a third of what is played is lost on the way, with no sign of it.
        self._pactl("load-module", "module-null-sink", "sink_name=vt_speaker", "rate=16000", "channels=1", "norewinds=1")
        self._pactl("load-module", "module-remap-source", "master=vt_speaker.monitor", "source_name=vt_mic")
        self._pactl("set-default-source", "vt_mic")

    def unplug(self) -> None:
        """Pull the microphone out: its streams stay open and get no more sound."""
        # The speaker goes as well: the server would move the streams to its monitor, as it moves them to another microphone.
        self._pactl("unload-module", "module-remap-source")
        self._pactl("unload-module", "module-null-sink")

    def kill_server(self) -> None:
        """Let the sound server die at once."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(5)
            self._server = None
            self.socket.unlink(missing_ok=True)
            shutil.rmtree(self.folder / "pulse", ignore_errors=True)

    def close(self) -> None:
        """End the server; safe to call when it is already dead."""
        self.kill_server()

    def listeners(self) -> int:
        """How many streams record from the server at the moment."""
        rows = [line.split("\t") for line in self._pactl("list", "short", "source-outputs").stdout.splitlines()]
        # The microphone itself listens to the speaker: a module of the server, which is no client.
        return sum(client != "-" for _, _, client, *_ in rows)

    def wait_for_listener(self, timeout: float = 60.0) -> None:
        """Wait until somebody records, so that nothing that is played after this is missed."""
        wait_until(lambda: self.listeners() > 0, timeout, what="a program that listens to the virtual microphone")

    def play(self, path: Path, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Play a file (16 kHz mono wav or flac) into the microphone."""
        player = subprocess.Popen(["paplay", "--device=vt_speaker", str(path)], env={**os.environ, **self.env})
        if wait and player.wait(120) != 0:
            pytest.fail(f"paplay could not play {path.name}")
        return player

    def play_samples(self, samples: Sound, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Play 16 kHz mono samples into the microphone."""
        path = self.folder / f"play-{time.monotonic_ns()}.wav"
        soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
        return self.play(path, wait=wait)

    def activate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the test's own process use this server: for tests that open ``Microphone`` themselves."""
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        try:
            import sounddevice
        except OSError as error:
            pytest.skip(f"no PortAudio: {error}")
        sounddevice._terminate()
        sounddevice._initialize()

    def _pactl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.env}
        return subprocess.run(["pactl", *arguments], env=environment, capture_output=True, text=True, check=check, timeout=10)


class TmuxTerminal:
    """A terminal that nobody looks at: one tmux session on a server of its own.

    Args:
        folder: a folder for tmux's socket.
        command: what runs in it; a list, or a line for the shell.
        width: columns.
        height: rows.
        env: added to the environment of the command.
        cwd: where the command starts.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] | str,
        *,
        width: int = 100,
        height: int = 30,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        needs("tmux")
        self.socket = folder / f"tmux-{time.monotonic_ns()}"
        """Where the session can be attached to."""
        line = command if isinstance(command, str) else shlex.join(command)
        config = folder / "tmux.conf"
        # The pane stays after its program has ended, to be read.
        config.write_text("set -g remain-on-exit on\nset -g default-terminal tmux-256color\nset -s escape-time 0\n")
        environment = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor", **(env or {})}
        named = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        start = ["new-session", "-d", "-s", "vt", "-x", str(width), "-y", str(height), *named]
        if cwd is not None:
            start += ["-c", str(cwd)]
        subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", str(config), *start, line],
            check=True,
            env={**os.environ, **environment, "TERM": "xterm-256color"},
            timeout=10,
        )

    def send_keys(self, *keys: str, literal: bool = False) -> None:
        """Press keys by tmux's names (``Up``, ``Space``, ``C-c``, ``F1``, ``q``), or type text as it is."""
        self._tmux("send-keys", "-t", "vt", *(["-l"] if literal else []), *keys)

    def capture(self, *, colors: bool = False) -> str:
        """The screen as text, a line a row; with ``colors`` also its escape sequences."""
        return self._tmux("capture-pane", "-p", "-t", "vt", *(["-e"] if colors else []))

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._tmux("resize-window", "-t", "vt", "-x", str(width), "-y", str(height))

    def wait_for(self, text: str, timeout: float = 30.0) -> str:
        """Wait until the text is on the screen, and return the screen."""
        end = time.monotonic() + timeout
        while text not in (screen := self.capture()):
            if time.monotonic() > end:
                pytest.fail(f"{text!r} was not on the screen within {timeout:g} s; it showed:\n{screen}")
            time.sleep(0.05)
        return screen

    @property
    def pid(self) -> int:
        """Process id of the command (of the shell, for a command line)."""
        return int(self._tmux("display-message", "-p", "-t", "vt", "#{pane_pid}"))

    @property
    def exit_status(self) -> int | None:
        """What the command ended with (128 + the signal's number where one ended it); ``None`` while it runs."""
        asked = "#{pane_dead}|#{pane_dead_status}|#{pane_dead_signal}"
        dead, status, ended_by = self._tmux("display-message", "-p", "-t", "vt", asked).split("|")
        if dead == "1" and not status and not ended_by:
            # tmux sometimes misses the end of a child, and asks after all of them when the next one ends.
            self._tmux("run-shell", "true")
        if status:
            return int(status)
        if ended_by:
            return 128 + (int(ended_by) if ended_by.isdigit() else signal.Signals[f"SIG{ended_by.upper()}"].value)
        return None

    def wait_for_exit(self, timeout: float = 30.0) -> int:
        """Wait until the command has ended, and return its exit status."""
        wait_until(lambda: self.exit_status is not None, timeout, what="the end of the program in the terminal")
        status = self.exit_status
        assert status is not None
        return status

    def close(self) -> None:
        """End the session with all that runs in it."""
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], capture_output=True, timeout=10)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-S", str(self.socket), *arguments], capture_output=True, text=True, timeout=10)
        if done.returncode != 0:
            pytest.fail(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")


class Speech:
    """Real clips in the layout of Speech Commands: those of the validation speakers only.

    Args:
        folder: holds ``speech_commands/``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = (folder / "speech_commands" / "validation_list.txt").read_text().split()
        self._clips: dict[str, list[Path]] = {}
        for name in sorted(listed):
            path = folder / "speech_commands" / name
            path = path if path.exists() else path.with_suffix(".opus")
            self._clips.setdefault(path.parent.name, []).append(path)

    def clips(self, word: str, count: int, seed: int = 0) -> list[Path]:
        """Some clips of a word, the same ones for the same seed."""
        return random.Random(f"{word} {seed}").sample(self._clips[word], count)

    def joined(self, words: Sequence[str], seed: int = 0, gap: float = GAP) -> Sound:
        """One clip of each word in turn, with ``gap`` seconds of near silence before, between and after; 16 kHz mono."""
        silence = round(gap * SAMPLE_RATE)
        hiss = np.random.default_rng(seed)
        parts = [np.zeros(silence, dtype=np.float32)]
        for place, word in enumerate(words):
            samples, rate = soundfile.read(self.clips(word, 1, seed * 1000 + place)[0], dtype="float32")
            assert rate == SAMPLE_RATE
            parts += [samples, np.zeros(silence, dtype=np.float32)]
        sound = np.concatenate(parts)
        return (sound + hiss.normal(0, 0.0005, len(sound))).astype(np.float32)
