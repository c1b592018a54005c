"""The host's own key, made at the first start, and the keys of visitors."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from voicetrail.atomic import OTHERS, file_lock, read_file, replace_file
from voicetrail.errors import VoicetrailError
from voicetrail.text import printable
from voicetrail.visitors.terminal import checked_name

KEY_MAX = 64 * 1024
"""Bytes of a key's file."""
KEYS_MAX = 1024 * 1024
"""Bytes of a file of visitors' keys."""
COMMENT = "voicetrail host"

HostKey = asyncssh.SSHKey


def default_host_key() -> Path:
    """Where the host's key is kept."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "host" / "ssh_host_ed25519_key"


def load_host_key(path: Path) -> asyncssh.SSHKey:
    """Read the host's key; where there is none, make one that only this user can read.

    Raises:
        VoicetrailError: it cannot be read, made or used, or others can read it.
    """
    shown = printable(path)
    try:
        with file_lock(path):
            if not path.exists():
                key = asyncssh.generate_private_key("ssh-ed25519", comment=COMMENT)
                replace_file(path, key.export_private_key())
            mode = stat.S_IMODE(path.stat().st_mode)
            content = read_file(path, KEY_MAX)
    except OSError as error:
        raise VoicetrailError(
            f"the host's key {shown} cannot be had: {error.strerror or error}; --host-key names another"
        ) from None
    if mode & OTHERS:
        raise VoicetrailError(f"other users may read the host's key {shown}: run `chmod 600 {shown}`")
    try:
        return asyncssh.import_private_key(content)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        raise VoicetrailError(f"{shown} is no private key that can be used ({printable(error, 80)})") from None


@dataclass(frozen=True, slots=True)
class VisitorKeys:
    """The visitors who have a key, and the names reserved for them."""

    names: Mapping[bytes, str] = field(default_factory=dict)
    """The name of each key (its public data): the first word of its comment, up to an @."""

    def name_of(self, key: asyncssh.SSHKey) -> str | None:
        """The name of a key; ``None`` where it is none of a visitor's."""
        return self.names.get(key.public_data)

    def is_taken(self, name: str) -> bool:
        """Whether a name belongs to somebody with a key."""
        folded = name.casefold()
        return any(each.casefold() == folded for each in self.names.values())


def read_visitor_keys(path: Path) -> VisitorKeys:
    """Read a file of public keys, one a line, as ``authorized_keys`` has them, without options.

    Raises:
        VoicetrailError: it cannot be read, or a line is no key; the message names the line.
    """
    shown = printable(path)
    try:
        text = read_file(path, KEYS_MAX).decode("utf-8")
    except (OSError, ValueError) as error:
        raise VoicetrailError(
            f"cannot read the keys in {shown}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from None
    names: dict[bytes, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key = asyncssh.import_public_key(line)
        except (asyncssh.KeyImportError, ValueError):
            raise VoicetrailError(
                f"{shown}, line {number}: not a public key; a line is as in id_ed25519.pub, without options before it"
            ) from None
        comment = key.get_comment() or ""
        names[key.public_data] = checked_name(comment.partition("@")[0].strip() or "friend")
    if not names:
        raise VoicetrailError(f"there is no key in {shown}: add the lines of your friends' id_ed25519.pub")
    return VisitorKeys(names)


def fingerprint(key: asyncssh.SSHKey) -> str:
    """The fingerprint of a public key, as ssh shows it."""
    return str(key.get_fingerprint())
