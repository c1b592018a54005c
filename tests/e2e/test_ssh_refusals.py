"""What keeps `voicetrail ssh` from a game at the far end, reason in one line."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.ssh_line import FAR, ROOT, CountingMicrophone, Far
from tests.e2e.sshd import SshServer, free_port


def lines_of(screen: str) -> list[str]:
    return [line for line in screen.splitlines() if line.strip() and not line.startswith("Pane is dead")]


def other_key(server: SshServer) -> None:
    (server.folder / "authorized_keys").write_text("")


def other_host_key(server: SshServer) -> None:
    key = (server.folder / "client_key.pub").read_text().split()[1]
    (server.folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 {key}\n")


def nobody_there(server: SshServer) -> None:
    server.client_config(port=free_port())


def no_such_host(server: SshServer) -> None:
    server.client_config(host="nowhere.invalid")


def as_it_is(server: SshServer) -> None:
    del server


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("options", "environment", "prepare", "remote", "reason"),
    [
        (["AllowStreamLocalForwarding no", "AllowTcpForwarding no"], {}, as_it_is, FAR, "does not allow forwarding"),
        ([], {}, as_it_is, ["voicetrail-is-not-here"], "there is no 'voicetrail-is-not-here' on vt"),
        ([], {}, as_it_is, ["false"], "older than this one"),
        ([], {"FAR_PROTOCOL": "0"}, as_it_is, FAR, "older than this one: update it there"),
        ([], {"FAR_PROTOCOL": "99"}, as_it_is, FAR, "newer than this one: update it here"),
        ([], {}, no_such_host, FAR, "there is no host vt"),
        ([], {}, nobody_there, FAR, "vt cannot be reached"),
        ([], {}, other_key, FAR, "vt refuses the login"),
        ([], {}, other_host_key, FAR, "a different host key"),
    ],
)
def test_what_cannot_be_is_reported_in_one_line(
    open_server: Callable[..., SshServer],
    terminal: OpenTerminal,
    microphone: CountingMicrophone,
    far: Far,
    options: list[str],
    environment: dict[str, str],
    prepare: Callable[[SshServer], None],
    remote: list[str],
    reason: str,
) -> None:
    server = open_server(*options, environment=environment)
    prepare(server)
    ours = ["--source", str(microphone.path), "--no-level"]
    line = server.voicetrail_ssh(*ours, play=("--log", str(far.path)), remote=remote)
    # tmux takes the first line away to say that the program has ended.
    screen = terminal(f"echo; {shlex.join(line)}", width=200, cwd=ROOT)
    assert screen.wait_for_exit() == 1
    shown = [text for text in lines_of(screen.capture()) if text.startswith("voicetrail:")]
    assert len(shown) == 1, screen.capture()
    assert reason in shown[0]
    # The first visit to a host is reason by ssh itself.
    others = [text for text in lines_of(screen.capture()) if text not in shown and "Permanently added" not in text]
    assert all("@@@" in text or reason in ("a different host key", "does not allow forwarding") for text in others), others
    assert not far.entries()
