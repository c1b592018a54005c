"""Every knob of the program: one list, several places to set it, one value that holds.

``SETTINGS`` is the list; ``load_settings`` reads the places and gives the ``Settings`` of a run.
"""

from voicetrail.settings.load import load_settings
from voicetrail.settings.schema import AUTO, SETTINGS, SHIPPED, TUNING, Setting, Value, find
from voicetrail.settings.store import Settings

__all__ = ["AUTO", "SETTINGS", "SHIPPED", "TUNING", "Setting", "Settings", "Value", "find", "load_settings"]
