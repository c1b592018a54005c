"""The private names of Textual that are used, and a check that they exist.

A new version of Textual may remove one of them. Then the game runs without the optimization that needs it, and
``tests/ui/test_textual_private.py`` reports which name changed.
"""

from __future__ import annotations

import importlib
import inspect

USED: dict[str, str] = {
    "textual._compositor:Compositor._regions_to_spans": "cls, regions",
    "textual._compositor:Compositor.render_partial_update": "self",
    "textual._compositor:Compositor.visible_widgets": "",
    "textual._compositor:CompositorUpdate.render_segments": "self, console",
    "textual._compositor:ChopsUpdate.__init__": "self, chops, spans, chop_ends",
    "textual.screen:Screen._on_timer_update": "self",
    "textual.widget:Widget._set_dirty": "self, *regions",
    "textual.app:App._fatal_error": "self",
    "textual.app:App._close_messages_no_wait": "self",
    "textual._ansi_sequences:SYNC_START": "",
    "textual._ansi_sequences:SYNC_END": "",
    "textual.drivers.linux_driver:LinuxDriver._run_input_thread": "self",
    "textual.drivers.linux_driver:LinuxDriver.start_application_mode": "self",
    "textual.drivers.linux_driver:LinuxDriver.stop_application_mode": "self",
    "textual.drivers.linux_driver:LinuxDriver._sigcont_application": "self, *_",
    "textual.drivers.linux_driver:LinuxDriver._sigtstp_application": "self, *_",
    "textual.drivers.linux_driver:LinuxDriver._patch_lflag": "cls, attrs",
    "textual.drivers.linux_driver:LinuxDriver._patch_iflag": "cls, attrs",
    "textual._xterm_parser:XTermParser.feed": "self, data",
    "textual._parser:Parser.tick": "self",
}
"""``module:name`` and its parameters as this package uses them; empty if they do not matter."""


def missing_names() -> tuple[str, ...]:
    """Return the names that are missing or have other parameters, each as a readable line."""
    problems = []
    for place, parameters in USED.items():
        module, _, path = place.partition(":")
        try:
            found: object = importlib.import_module(module)
            for part in path.split("."):
                found = inspect.getattr_static(found, part)
        except (ImportError, AttributeError):
            problems.append(f"{place} is missing")
            continue
        if parameters:
            function = found.__func__ if isinstance(found, classmethod | staticmethod) else found
            taken = _parameters(function)
            if taken != parameters:
                problems.append(f"{place} takes ({taken}) and not ({parameters})")
    return tuple(problems)


def _parameters(function: object) -> str:
    if not callable(function):
        return "no function"
    marks: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return ", ".join(f"{marks.get(each.kind, '')}{each.name}" for each in inspect.signature(function).parameters.values())
