"""The host key, which is created at the first start, and the public keys of visitors."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from voicetrail.atomic import OTHERS, file_lock, read_file, replace_file
from voicetrail.errors import VoicetrailError, reason_of
from voicetrail.text import printable
from voicetrail.visitors.terminal import checked_name

KEY_MAX = 64 * 1024
"""Maximum size of a key file, in bytes."""
KEYS_MAX = 1024 * 1024
"""Maximum size of the file with visitors' keys, in bytes."""
COMMENT = "voicetrail host"

HostKey = asyncssh.SSHKey


def default_host_key() -> Path:
    """Return the default path of the host key."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "host" / "ssh_host_ed25519_key"


def load_host_key(path: Path) -> asyncssh.SSHKey:
    """Read the host key; if there is none, create one that only this user can read.

    Raises:
        VoicetrailError: the key cannot be read, created or used, or other users can read it.
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
            f"cannot read or create the host key {shown}: {error.strerror or error}; choose another file with --host-key"
        ) from None
    if mode & OTHERS:
        raise VoicetrailError(f"other users can read the host key {shown}; run: chmod 600 {shown}")
    try:
        return asyncssh.import_private_key(content)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        raise VoicetrailError(f"{shown} is not a usable private key ({printable(error, 80)})") from None


@dataclass(frozen=True, slots=True)
class VisitorKeys:
    """The visitors with a key, and the names reserved for them."""

    names: Mapping[bytes, str] = field(default_factory=dict)
    """The name of each key (by its public data): the first word of its comment, up to an @."""

    def name_of(self, key: asyncssh.SSHKey) -> str | None:
        """Return the name of a key; ``None`` for an unknown key."""
        return self.names.get(key.public_data)

    def is_taken(self, name: str) -> bool:
        """Return whether a name is reserved for a visitor with a key."""
        folded = name.casefold()
        return any(each.casefold() == folded for each in self.names.values())


def read_visitor_keys(path: Path) -> VisitorKeys:
    """Read a file of public keys, one per line, as in ``authorized_keys`` but without options.

    Raises:
        VoicetrailError: the file cannot be read, or a line is not a key; the message has the line number.
    """
    shown = printable(path)
    try:
        text = read_file(path, KEYS_MAX).decode("utf-8")
    except (OSError, ValueError) as error:
        raise VoicetrailError(f"cannot read the keys in {shown}: {reason_of(error)}") from None
    names: dict[bytes, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key = asyncssh.import_public_key(line)
        except (asyncssh.KeyImportError, ValueError):
            raise VoicetrailError(
                f"{shown}, line {number}: not a public key; write each key as in id_ed25519.pub, without options before it"
            ) from None
        comment = key.get_comment() or ""
        names[key.public_data] = checked_name(comment.partition("@")[0].strip() or "friend")
    if not names:
        raise VoicetrailError(f"{shown} contains no keys; add the line of each visitor's id_ed25519.pub")
    return VisitorKeys(names)


def fingerprint(key: asyncssh.SSHKey) -> str:
    """Return the fingerprint of a public key in the format of ssh."""
    return str(key.get_fingerprint())
