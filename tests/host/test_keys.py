"""The host's own key, and visitors with a key."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest

from tests.host.serving import begin, open_host, until
from voicetrail.errors import VoicetrailError
from voicetrail.host.keys import load_host_key, read_visitor_keys


def test_the_host_s_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "host" / "key"
    first = load_host_key(path)
    assert load_host_key(path).public_data == first.public_data
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content", [b"", b"rubbish\x1b[2J", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_reported_in_one_line_and_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(VoicetrailError, match="not a usable private key"):
        load_host_key(path)
    assert path.read_bytes() == content


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_host_key(path)
    path.chmod(0o644)
    with pytest.raises(VoicetrailError, match="chmod 600"):
        load_host_key(path)


def test_an_invalid_line_in_a_file_of_keys_is_reported_by_number(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    ada = asyncssh.generate_private_key("ssh-ed25519", comment="ada@laptop")
    public = ada.export_public_key().decode().strip()
    path.write_text(f"# friends\n\n{public}\n")
    assert read_visitor_keys(path).name_of(ada) == "ada"
    for wrong in ("ssh-ed25519 AAAA", f'command="sh" {public}', "\x1b[2J"):
        path.write_text(f"{public}\n{wrong}\n")
        with pytest.raises(VoicetrailError, match=r"line 2: not a public key"):
            read_visitor_keys(path)
    path.write_text("# nobody\n")
    with pytest.raises(VoicetrailError, match="contains no keys"):
        read_visitor_keys(path)
    with pytest.raises(VoicetrailError, match="cannot read the keys"):
        read_visitor_keys(tmp_path / "missing")


async def test_only_visitors_with_a_key_in_the_file_get_its_name(tmp_path: Path) -> None:
    ada, stranger = (asyncssh.generate_private_key("ssh-ed25519", comment=f"{name}@x") for name in ("ada", "eve"))
    path = tmp_path / "keys"
    path.write_bytes(ada.export_public_key())
    async with open_host(keys=read_visitor_keys(path), guests=False) as host:
        async with host.connect("play", client_keys=[ada]) as connection:
            await begin(connection)
            assert "name=ada" in host.log.events("came")[0]
            assert "key=yes" in host.log.events("came")[0]
        for options in ({"client_keys": [stranger]}, {"client_keys": None}, {"client_keys": None, "password": ""}):
            with pytest.raises(asyncssh.PermissionDenied):
                await host.connect("ada", **options)


async def test_a_name_with_a_key_is_not_a_guest_s_and_every_other_name_is(tmp_path: Path) -> None:
    ada = asyncssh.generate_private_key("ssh-ed25519", comment="ada@x")
    bob = asyncssh.generate_private_key("ssh-ed25519", comment="bob@x")
    path = tmp_path / "keys"
    path.write_bytes(ada.export_public_key() + bob.export_public_key())
    async with open_host(keys=read_visitor_keys(path), guests=True) as host:
        async with host.connect("guest") as connection:
            await begin(connection)
        for name in ("ada", "ADA", "ａｄａ"):
            with pytest.raises(asyncssh.PermissionDenied):
                await host.connect(name)
        with pytest.raises(asyncssh.PermissionDenied):
            await host.connect("ada", client_keys=[bob])
        async with host.connect("ada", client_keys=[ada]) as connection:
            await begin(connection)


async def test_the_home_of_a_visitor_with_a_key_stays_and_a_guest_of_that_name_never_sees_it(tmp_path: Path) -> None:
    ada = asyncssh.generate_private_key("ssh-ed25519", comment="ada@x")
    path = tmp_path / "keys"
    path.write_bytes(ada.export_public_key())
    homes = []
    async with open_host(keys=read_visitor_keys(path), keep_in=tmp_path / "homes") as host:
        for name, client_keys in (("ada", [ada]), ("ada", [ada]), ("bob", None)):
            async with host.connect(name, client_keys=client_keys) as connection:
                await begin(connection)
                (visitor,) = host.server.visitors
                homes.append(visitor.home.path)
                (visitor.home.path / "data" / "mine").write_text("mine")
            await until(lambda: not host.server.visitors)
    assert homes[0] == homes[1] != homes[2]
    assert (homes[0] / "data" / "mine").exists()
    assert not homes[2].exists()
