"""The microphone, through PortAudio. This is the only module that imports sounddevice.

The whole process shares one PortAudio: opening, closing and listing devices exclude each other (``LOCK``). New devices appear only
after restarting PortAudio, which ends every open stream, so this is done only while no stream is open. ``audio.playback`` uses
the same library.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import Any, Protocol, Self

from voicetrail.audio.decoding.pcm import PcmConverter
from voicetrail.audio.devices import InputDevice, choose, lasting_name
from voicetrail.audio.microphone_problem import ZeroCheck, no_input, no_portaudio, only_zeros
from voicetrail.audio.native_libraries import silence_native_libraries
from voicetrail.audio.queue import Captured, SoundQueue
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceBack, SourceDelayed, SourceEvent, SourceLost
from voicetrail.text import printable

BLOCK_S = 0.02
"""Length of a block, in s."""
LATENCY_S = 0.1
"""Latency requested from the driver, in s; with a smaller one, a busy machine loses sound."""
HELD_S = 1.0
"""Most seconds of sound that wait for a slow reader; older sound is dropped."""
SILENT_S = 0.5
"""A stream without a callback for this many seconds of checks has lost its device; PortAudio does not report it in another way."""
FIRST_REPORTED_S = 0.8
"""A new stream without a callback is reported as lost after this many seconds; it may still start."""
FIRST_S = 3.0
"""Longest wait for the first callback of a new stream, in s (wireless headsets are slow)."""
WATCH_S = 0.1
"""Seconds between checks of a running stream."""
DELAYS_S = (0.25, 0.5, 1.0, 2.0)
"""Seconds before each attempt to open the device again; the last value repeats."""

LOCK = threading.RLock()


class OpenStream(Protocol):
    """An open stream; PortAudio is not restarted while there is one."""

    def running(self) -> bool:
        """Whether the stream is still running."""
        ...

    def close(self) -> None:
        """Close the stream; safe to call twice."""
        ...


OPEN: set[OpenStream] = set()
"""Every stream of this process; changed under ``LOCK``."""


def end_stream(stream: Any) -> None:
    """Close a stream of PortAudio, ignoring errors of a device that has disappeared; ``None`` does nothing."""
    if stream is not None:
        with contextlib.suppress(Exception):
            stream.abort(ignore_errors=True)
        with contextlib.suppress(Exception):
            stream.close(ignore_errors=True)


def portaudio() -> ModuleType:
    """Return the library, imported on first use, because the import itself searches for devices.

    Raises:
        AudioError: PortAudio is not installed.
    """
    with LOCK:
        silence_native_libraries()
        try:
            import sounddevice
        except (ImportError, OSError):
            raise AudioError(no_portaudio()) from None
        module: ModuleType = sounddevice
        return module


def inputs(*, refresh: bool = False) -> list[InputDevice]:
    """List the system's sound inputs.

    Args:
        refresh: search for devices again; does nothing while a stream is open, because that would end it.

    Raises:
        AudioError: PortAudio is not installed.
    """
    library = portaudio()
    with LOCK:
        if refresh:
            _look_again(library)
        try:
            default = library.query_devices(kind="input")["index"]
        except (library.PortAudioError, ValueError):
            default = -1
        return [
            InputDevice(
                index=each["index"],
                name=printable(each["name"], 80),
                default=each["index"] == default,
                rate=round(each["default_samplerate"]),
                channels=each["max_input_channels"],
            )
            for each in library.query_devices()
            if each["max_input_channels"] > 0
        ]


def microphone_problem() -> str | None:
    """Explain on one line why there is no microphone, with the command that fixes it; ``None`` if there is one."""
    try:
        return None if inputs() else no_input()
    except AudioError as error:
        return str(error)


def portaudio_version() -> str:
    """PortAudio's name and version.

    Raises:
        AudioError: it is not installed.
    """
    return str(portaudio().get_portaudio_version()[1])


def _look_again(library: Any) -> None:
    """Make PortAudio search for devices again, unless a stream is open."""
    for stream in [each for each in OPEN if not each.running()]:
        stream.close()
    if not OPEN:
        with contextlib.suppress(library.PortAudioError):
            library._terminate()
        library._initialize()


class Capture:
    """Records from a device: calls ``receive`` with each block, in the audio thread.

    Args:
        device: the input.
        receive: must return quickly.
        block_s: seconds per block.

    Raises:
        AudioError: the device cannot be opened.
    """

    def __init__(self, device: InputDevice, receive: Callable[[Captured], None], *, block_s: float = BLOCK_S) -> None:
        self.device = device
        self._receive = receive
        self._began = time.monotonic()
        self.last: float | None = None
        """Time of the last callback, by ``time.monotonic()``; ``None`` before the first."""
        self.finished = False
        """Whether the stream has ended."""
        self.rate, self.channels = SAMPLE_RATE, 1
        with LOCK:
            library = portaudio()
            self._stream: Any = None
            problem: Exception | None = None
            # Most devices, or the system, resample; a device that does not is opened at its own rate.
            # Two channels are mixed here: if one is inverted, the driver's own mix is silence.
            stereo = min(2, max(1, device.channels))
            for rate, channels in dict.fromkeys(
                (
                    (SAMPLE_RATE, stereo),
                    (SAMPLE_RATE, 1),
                    (device.rate, stereo),
                    (device.rate, 1),
                    (device.rate, device.channels),
                )
            ):
                self.rate, self.channels = rate, channels
                try:
                    self._stream = library.RawInputStream(
                        samplerate=rate,
                        blocksize=round(rate * block_s),
                        device=device.index,
                        channels=channels,
                        dtype="int16",
                        latency=LATENCY_S,
                        callback=self._callback,
                        finished_callback=self._on_finished,
                    )
                    self._stream.start()
                    break
                except (library.PortAudioError, ValueError) as error:
                    problem = error
                    self._end_stream()
            if self._stream is None:
                raise AudioError(f"cannot record from {device.shown}: {printable(problem, 120)}; see `voicetrail doctor`")
            OPEN.add(self)

    def running(self) -> bool:
        """Whether sound arrives, or a new stream may still start."""
        if self.finished or self._stream is None:
            return False
        now = time.monotonic()
        return now - self._began < FIRST_S if self.last is None else now - self.last < SILENT_S

    def close(self) -> None:
        """Release the device; safe to call twice."""
        with LOCK:
            OPEN.discard(self)
            self._end_stream()

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        end_stream(stream)

    def _callback(self, data: Any, frames: int, moment: Any, status: Any) -> None:
        now = self.last = time.monotonic()
        # How long ago the last sample was captured, according to the driver; some drivers report nonsense.
        age = moment.currentTime - moment.inputBufferAdcTime - frames / self.rate
        captured = now - age if 0.0 < age < HELD_S else now
        # The driver does not report how much it lost: at least one block.
        lost = frames * SAMPLE_RATE // self.rate if status.input_overflow else 0
        self._receive(Captured(bytes(data), captured, self.rate, lost, self.channels))

    def _on_finished(self) -> None:
        self.finished = True


class Microphone:
    """The microphone as a source of 16 kHz blocks. A lost device is reopened as soon as it is back.

    A separate thread opens the device, notices when its sound stops, and tries to open it again, with a growing delay, so that
    ``read`` never waits for a driver.

    Args:
        device: the input's index or part of its name; ``None`` for the current system default.
        patient: wait for a named device that is missing (one remembered from an earlier session) instead of raising an error.

    Raises:
        AudioError: PortAudio is not installed, or the device matches no input, or several. Having no input at all is not an error:
            it is reported with ``SourceLost``, and the source waits for one.
    """

    live = True
    delay_s = None

    def __init__(self, device: str | None = None, *, patient: bool = False) -> None:
        self._device = device or None
        available = inputs(refresh=True)
        try:
            chosen = choose(available, self._device)
        except AudioError:
            if not patient:
                raise
            chosen = None
        self.name = chosen.shown if chosen is not None else printable(device or "microphone")
        if chosen is not None and self._device:
            # Indices change when devices are connected or disconnected; the name identifies the device later.
            self._device = lasting_name(available, chosen)
        self._queue = SoundQueue(round(HELD_S * SAMPLE_RATE))
        self._closed = threading.Event()
        self._lost = False
        self._converter: PcmConverter | None = None
        self._zeros = ZeroCheck()
        self._held: AudioBlock | None = None
        """A block to return after an event."""
        self._capture_thread = threading.Thread(target=self._run, name="microphone", daemon=True)
        self._capture_thread.start()

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Wait at most ``timeout`` seconds for the next block or event of the device."""
        if (held := self._held) is not None and not self._closed.is_set():
            self._held = None
            return held
        got = self._queue.get(timeout)
        if got is None or self._closed.is_set():
            return None
        item, lost = got
        if not isinstance(item, Captured):
            self._converter, self._zeros = None, ZeroCheck()
            return item
        if self._converter is None or self._converter.format[:2] != (item.rate, item.channels):
            self._converter = PcmConverter(item.rate, item.channels)
        block = AudioBlock(self._converter.convert(item.data), item.captured, lost)
        if self._zeros.changed(block.samples):
            self._held = block
            return SourceDelayed(0, only_zeros(self.name)) if self._zeros.is_dead else SourceBack(0, self.name)
        return block

    def close(self) -> None:
        """Stop, and release the device within half a second; safe to call twice and from another thread."""
        self._closed.set()
        self._queue.close()
        if threading.current_thread() is not self._capture_thread:
            self._capture_thread.join(0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        """Open the device, watch it, and reopen it, until closed."""
        failures = 0
        while not self._closed.is_set():
            capture = self._try_to_open()
            if capture is not None:
                begun = self._watch(capture)
                capture.close()
                if begun:
                    failures = 0
                if not self._closed.is_set():
                    self._report_lost(f"there is no sound from {self.name}; trying again")
            self._closed.wait(DELAYS_S[min(failures, len(DELAYS_S) - 1)])
            failures += 1

    def _try_to_open(self) -> Capture | None:
        try:
            chosen = choose(inputs(refresh=self._lost), self._device)
            if chosen is None:
                self._report_lost(no_input())
                return None
            self.name = chosen.shown
            return Capture(chosen, self._receive)
        except AudioError as error:
            self._report_lost(str(error))
        except Exception as error:
            # No error of a driver whose device disappears may end this thread.
            self._report_lost(f"the microphone cannot be opened ({printable(error, 80)}); trying again")
        return None

    def _watch(self, capture: Capture) -> bool:
        """Wait until the sound stops, or until ``close``; return whether there was any sound."""
        opened = time.monotonic()
        while capture.last is None:
            if not capture.running() or self._closed.wait(WATCH_S):
                return False
            if capture.last is None and time.monotonic() - opened > FIRST_REPORTED_S:
                self._report_lost(f"there is no sound from {self.name} yet; waiting for it")
        # Silence is counted in checks, and not by the clock: on a busy machine the audio thread may wait as long as this one, and
        # opening a device again that has sound would lose a word.
        seen, silent = capture.last, 0
        while silent * WATCH_S < SILENT_S and not capture.finished and not self._closed.wait(WATCH_S):
            silent = silent + 1 if capture.last == seen else 0
            seen = capture.last
        return True

    def _report_lost(self, message: str) -> None:
        """Report once that the sound has stopped."""
        if not self._lost:
            self._lost = True
            self._queue.put_event(SourceLost(0, message))

    def _receive(self, sound: Captured) -> None:
        if self._lost:
            self._lost = False
            self._queue.put_event(SourceBack(0, self.name))
        self._queue.put(sound)
