"""The exceptions for every error that a user can cause.

The command line prints ``str(error)`` on one line and exits with ``error.exit_code``; the game shows it in the message line. A
message first says what is wrong, then what to do.
"""


class VoicetrailError(Exception):
    """Base of every error whose message is meant for the user.

    Attributes:
        exit_code: the exit code of the command: 1 for an error that the message explains, 2 for wrong usage.
    """

    exit_code = 1


class UsageError(VoicetrailError):
    """The command was called in a way that cannot work (a wrong flag or value)."""

    exit_code = 2


class OutputError(VoicetrailError):
    """The output of a command cannot be written (a full disk)."""


class AudioError(VoicetrailError):
    """A source of sound cannot be opened or read, or sound cannot be played."""


class WeightsError(VoicetrailError):
    """A weights file is missing, damaged, or does not fit this program."""


class SettingsError(VoicetrailError):
    """A setting has an invalid value, or a settings file cannot be read or written."""

    exit_code = 2


class ReplayError(VoicetrailError):
    """A replay file cannot be read, written or exported."""


class RemoteError(VoicetrailError):
    """The other end of a connection cannot be reached, refused it, or uses another version of the protocol."""


class TrainingError(VoicetrailError):
    """Training or evaluation cannot continue with this data or checkpoint."""


class TeachingError(VoicetrailError):
    """A set of taught words cannot be made, saved or read."""


class TerminalError(VoicetrailError):
    """The terminal cannot show the game."""


def reason_of(error: Exception) -> str:
    """Why a file cannot be read or written, in the system's words and without its number and path."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return getattr(error, "strerror", None) or str(error)
