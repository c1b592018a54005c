"""The scores of visitors as `voicetrail host` has them."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path

from tests.host_scores.test_writer import round_of, saved
from voicetrail.host_scores.address import database_address
from voicetrail.host_scores.shared_scores import SharedScores
from voicetrail.host_scores.writer import ScoresReport
from voicetrail.scores.shared.client import HostTable
from voicetrail.scores.shared.result import played_of


async def test_what_visitors_sent_last_is_saved_when_the_host_closes(tmp_path: Path) -> None:
    address = database_address(folder=tmp_path, environment={})
    scores = SharedScores(address, tmp_path, host="north")
    sent = [round_of() for _ in range(20)]
    for number, row in enumerate(sent):
        with closing(scores.connect(f"guest {number}")) as game:
            game.sendall(json.dumps({"type": "result", "result": played_of(row)}).encode() + b"\n")
    await scores.close()
    await scores.close()
    results = saved(address)
    assert {one.uid for one in results} == {row.uid for row in sent}
    assert {one.host for one in results} == {"north"}


async def test_a_key_and_a_guest_with_the_same_name_are_two_visitors(tmp_path: Path) -> None:
    address = database_address(folder=tmp_path, environment={})
    scores = SharedScores(address, tmp_path)
    for fingerprint in ("", "SHA256:a", "SHA256:b"):
        table = HostTable(scores.connect("Anna", fingerprint))
        table.send(round_of())
        await asyncio.to_thread(table.close)
    await scores.close()
    results = saved(address)
    assert [one.name for one in results] == ["Anna"] * 3
    assert len({one.visitor for one in results}) == 3
    assert sum(one.known for one in results) == 2


async def test_visitors_without_a_name_are_distinguished_by_address(tmp_path: Path) -> None:
    address = database_address(folder=tmp_path, environment={})
    scores = SharedScores(address, tmp_path)
    for name, origin in (
        ("play", "10.0.0.1"),
        ("play", "10.0.0.2"),
        ("play", "10.0.0.1"),
        ("Ada", "10.0.0.1"),
        ("Ada", "10.0.0.2"),
    ):
        with closing(scores.connect(name, "", origin)) as game:
            game.sendall(json.dumps({"type": "result", "result": played_of(round_of())}).encode() + b"\n")
    await scores.close()
    results = saved(address)
    assert len({one.visitor for one in results if one.name == "play"}) == 2
    assert len({one.visitor for one in results if one.name == "Ada"}) == 1
    assert not any("10.0.0" in str(one) for one in results)


async def test_a_host_that_closes_does_not_wait_for_a_game_that_stays(tmp_path: Path) -> None:
    reports: list[ScoresReport] = []
    scores = SharedScores(database_address("postgresql://me@127.0.0.1:1/x"), tmp_path, report=reports.append)
    game = scores.connect("Anna")
    async with asyncio.timeout(15):
        await scores.close()
    game.close()
    assert reports[0].state == "away"
    assert reports[0].text.startswith("Connection refused")
