"""Everything that can be set: one list of settings, several places that set them, and one effective value each.

``SETTINGS`` is the list; ``load_settings`` reads the places and gives the ``Settings`` of a run.
"""

from voicetrail.settings.schema import AUTO, SETTINGS, SHIPPED, TUNING, Setting, Value, find
from voicetrail.settings.settings import Settings
from voicetrail.settings.sources import load_settings
from voicetrail.settings.values import SettingValues

__all__ = ["AUTO", "SETTINGS", "SHIPPED", "TUNING", "Setting", "SettingValues", "Settings", "Value", "find", "load_settings"]
