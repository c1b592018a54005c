"""The settings: one list of them, several places that can set them, and one effective value for each.

``SETTINGS`` is the list; ``load_settings`` reads all places and returns the ``Settings`` of a run.
"""

from voicetrail.settings.schema import AUTO, SETTINGS, SHIPPED, TUNING, Setting, Value, find
from voicetrail.settings.settings import Settings
from voicetrail.settings.sources import load_settings
from voicetrail.settings.values import SettingValues

__all__ = ["AUTO", "SETTINGS", "SHIPPED", "TUNING", "Setting", "SettingValues", "Settings", "Value", "find", "load_settings"]
