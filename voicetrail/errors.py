"""One exception family for everything a user can cause.

The command line prints ``str(error)`` on one line and exits with ``error.exit_code``; the game shows it in the message line. A
message says what is wrong and, after it, what to do.
"""


class VoicetrailError(Exception):
    """Base of every error whose message is meant for the user.

    Attributes:
        exit_code: what the command ends with: 1 an error the message explains, 2 wrong usage.
    """

    exit_code = 1


class UsageError(VoicetrailError):
    """The command was called in a way that cannot work (a wrong flag or value)."""

    exit_code = 2


class OutputError(VoicetrailError):
    """What a command prints cannot be written (a full disk)."""


class AudioError(VoicetrailError):
    """Sound cannot be had from where it was asked for."""


class WeightsError(VoicetrailError):
    """A weights file is missing, damaged, or does not fit this program."""


class SettingsError(VoicetrailError):
    """A setting has a value, or a settings file a form, that cannot be used."""

    exit_code = 2


class ReplayError(VoicetrailError):
    """A replay file cannot be read, written or exported."""


class RemoteError(VoicetrailError):
    """The other end of a line cannot be reached, refused, or speaks another protocol."""


class TrainingError(VoicetrailError):
    """Training or evaluation cannot go on with this data or checkpoint."""


class TeachingError(VoicetrailError):
    """A set of taught words cannot be made, kept or read."""


class TerminalError(VoicetrailError):
    """The terminal cannot show the game."""


def reason_of(error: Exception) -> str:
    """Why a file cannot be read or written, in the system's words and without its number and path."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return getattr(error, "strerror", None) or str(error)
