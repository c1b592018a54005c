"""The host's side: a process that is started, given orders, and started again when it dies or hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recognizer_service.games import Game, private, serve, steady
from voicetrail.errors import RemoteError
from voicetrail.link.words import READY, SCORES
from voicetrail.recognizer_service import RecognizerService, ServiceReport, VisitorSound, supervisor
from voicetrail.recognizer_service.messages import decode_line, decode_report, decode_sound, encode_line, encode_sound
from voicetrail.spotting.detector import DetectorSettings


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 120))


async def until(condition: Callable[[], object], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.05)


@pytest.mark.e2e
def test_dead_or_hanging_recognizer_is_restarted_with_its_visitors(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOOK_S", 0.3)

    async def test() -> None:
        reports: list[ServiceReport] = []
        service = RecognizerService(on_report=reports.append)
        await service.start()
        folder, other = private(short_path, "1"), private(short_path, "2")
        server = await serve(folder / "mic", steady)
        await service.add_visitor("1", VisitorSound(folder, folder / "mic"))
        await service.add_visitor("2", VisitorSound(other))
        with pytest.raises(RemoteError, match="already"):
            await service.add_visitor("1", VisitorSound(folder))
        for end in (signal.SIGKILL, signal.SIGSTOP):
            game = Game()
            await game.connect(folder)
            await until(lambda game=game: game.of(SCORES))  # type: ignore[misc]
            starts = service.starts
            assert service.pid is not None
            # What hangs is found soon; what only has little of a busy machine is not taken for it.
            monkeypatch.setattr(supervisor, "ANSWERS_WITHIN_S", 1.0 if end is signal.SIGSTOP else 20.0)
            os.kill(service.pid, end)
            await until(lambda game=game: game.reader.at_eof())  # type: ignore[misc]
            monkeypatch.setattr(supervisor, "ANSWERS_WITHIN_S", 20.0)
            await until(lambda starts=starts: service.starts > starts and (folder / "words").exists())  # type: ignore[misc]
            await game.close()
            for _ in range(100):
                if (await service.status()).visitors == 2:
                    break
                await asyncio.sleep(0.1)
        last = Game()
        await last.connect(folder)
        await until(lambda: last.of(READY) and last.of(SCORES))
        kinds = [report.kind for report in reports]
        assert kinds == ["started", "died", "started", "died", "started"]
        await service.remove_visitor("1")
        await service.remove_visitor("1")
        assert not (folder / "words").exists()
        pid = service.pid
        await service.close()
        await service.close()
        assert pid is not None
        assert not Path(f"/proc/{pid}").exists()
        assert not (other / "words").exists()
        await last.close()
        server.close()

    run(test())


@pytest.mark.parametrize("program", ["import time; time.sleep(0.3)", "import os, sys; os.write(int(sys.argv[2]), b'hello\\n')"])
def test_process_that_is_no_recognizer_is_reported(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """It ends with an order that it did not read (the connection is then reset), or writes something else."""
    opened = asyncio.open_unix_connection

    async def open_and_write(**arguments: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await opened(**arguments)
        writer.write(b"{}\n")
        return reader, writer

    monkeypatch.setattr(asyncio, "open_unix_connection", open_and_write)

    async def test() -> None:
        service = RecognizerService(command=(sys.executable, "-c", program))
        with pytest.raises(RemoteError, match="cannot be started: it ended at once"):
            await service.start()
        assert service.pid is None

    run(test())


def test_errors_are_whole_sentences(short_path: Path) -> None:
    async def test() -> None:
        with pytest.raises(RemoteError, match="cannot be started"):
            await RecognizerService(command=("/nothing/there",)).start()
        with pytest.raises(RemoteError, match="ended at once"):
            await RecognizerService(command=(sys.executable, "-c", "pass")).start()

    run(test())


def test_visitor_before_start_is_refused_at_once(short_path: Path) -> None:
    async def test() -> None:
        service = RecognizerService(command=("/nothing/there",))
        for _ in range(2):
            with pytest.raises(RemoteError, match="not started"):
                await asyncio.wait_for(service.add_visitor("1", VisitorSound(private(short_path, "1"))), 5)
            with pytest.raises(RemoteError, match="cannot be started"):
                await service.start()
            (short_path / "1").rmdir()

    run(test())


@pytest.mark.e2e
def test_weights_that_cannot_be_loaded_are_named() -> None:
    async def test() -> None:
        with pytest.raises(RemoteError, match="no-such-weights"):
            await RecognizerService(weights=("no-such-weights",)).start()

    run(test())


@pytest.mark.e2e
def test_the_process_ends_with_its_host(short_path: Path) -> None:
    """Also when the host is killed so hard that it cannot say so: the socket between them is closed by the system."""

    async def test() -> None:
        service = RecognizerService(weights=())
        await service.start()
        pid = service.pid
        writer = vars(service)["_writer"]
        writer.transport.abort()
        await until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])
        await service.close()

    run(test())


@given(st.binary(max_size=200))
def test_a_line_that_is_no_message_is_refused(line: bytes) -> None:
    try:
        message = decode_line(line)
    except RemoteError:
        return
    assert decode_line(encode_line(message)) == message


@given(
    st.none() | st.just(Path("/run/v/mic")),
    st.floats(-20, 40) | st.just("auto"),
    st.none() | st.builds(DetectorSettings, threshold=st.floats(0.05, 1), margin=st.floats(0, 0.9)),
)
def test_visitor_request_round_trips(sound: Path | None, gain: Any, settings: Any) -> None:
    asked = VisitorSound(Path("/run/v"), sound, "18w", settings, gain)
    assert decode_sound(decode_line(encode_line(encode_sound(asked)))) == asked


def test_reports_hold_no_terminal_escapes() -> None:
    report = decode_report({"report": "cut off", "text": "\x1b[2J" + "x" * 900, "visitor": "a\x07b"})
    assert "\x1b" not in report.text
    assert "\x07" not in report.visitor
    assert len(report.text) <= 310
    with pytest.raises(RemoteError):
        decode_report({"report": "nothing known"})
