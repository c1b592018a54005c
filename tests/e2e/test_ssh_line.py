"""The sound of `voicetrail ssh` over a real sshd on loopback: order, loss and delay, over short lines and long ones."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.ssh_line import BLOCK, ROOT, CountingMicrophone, Far, command
from tests.e2e.sshd import SshServer, delayed

OWN_S = 0.25
"""What a line may add to its own length on a busy machine; ``python -m bench remote`` measures how little it adds."""


@pytest.mark.usefixtures("nothing_left")
def test_the_sound_arrives_in_order_without_loss_and_hardly_later(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far
) -> None:
    server = open_server()
    screen = terminal(command(server, microphone, far), cwd=ROOT)
    far.wait_for_sounds(150)
    screen.send_keys("C-c")
    screen.wait_for_exit()
    sounds = far.sounds()
    # Two blocks that waited together come as one.
    for before, after in pairwise(sounds):
        assert after["sound"] == before["sound"] + before["count"] // BLOCK
    assert sum(entry["lost"] for entry in sounds) == 0
    assert median(far.delays(microphone)[10:]) < OWN_S
    assert sounds[-1]["delay"] < OWN_S


@pytest.mark.parametrize("one_way", [0.05, 0.15, 0.3])
def test_a_long_line_costs_its_own_length_and_no_more(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far, one_way: float
) -> None:
    server = open_server()
    with delayed(server.port, one_way) as proxy:
        server.client_config(port=proxy.port)
        screen = terminal(command(server, microphone, far), cwd=ROOT)
        far.wait_for_sounds(200, 30)
        screen.send_keys("C-c")
        screen.wait_for_exit()
    sounds, delays = far.sounds()[100:], far.delays(microphone)[100:]
    assert sum(entry["lost"] for entry in sounds) == 0
    assert one_way <= median(delays) < one_way + OWN_S
    assert sounds[-1]["delay"] == pytest.approx(one_way, abs=OWN_S), "what the screen shows as the line's delay"
    shown = [entry["at"] - entry["captured"] for entry in sounds]
    assert median(shown) == pytest.approx(median(delays), abs=OWN_S)


def test_a_network_that_stands_for_ten_seconds_is_reported_and_survived(
    open_server: Callable[..., SshServer], terminal: OpenTerminal, microphone: CountingMicrophone, far: Far
) -> None:
    server = open_server()
    with delayed(server.port, 0.02) as proxy:
        server.client_config(port=proxy.port)
        screen = terminal(command(server, microphone, far), cwd=ROOT)
        far.wait_for_sounds(100, 20)
        proxy.stand()
        time.sleep(10)
        assert far.events()[-1] == "SourceDelayed"
        before = len(far.sounds())
        proxy.go_on()
        far.wait_for_sounds(before + 100)
        assert far.events()[-1] == "SourceBack"
        assert screen.exit_status is None
        sounds, delays = far.sounds()[before:], far.delays(microphone)[before:]
        assert sum(entry["lost"] for entry in sounds) > 8 * 16_000
        assert max(delays) < 2, "nothing that is older moves the pen"
        assert median(delays[-30:]) < OWN_S, "and the delay is the old one again"


def test_tcp_with_a_secret_replaces_forbidden_unix_sockets(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    far: Far,
    home: dict[str, str],
) -> None:
    server = open_server("AllowStreamLocalForwarding no")
    screen = terminal(command(server, microphone, far), cwd=ROOT)
    far.wait_for_sounds(50, 60)
    kept = Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".cache" / "voicetrail"
    assert not list(kept.glob("line-*")), "the secret is removed once it was read"
    screen.send_keys("C-c")
    screen.wait_for_exit()
    assert sum(entry["lost"] for entry in far.sounds()) == 0
