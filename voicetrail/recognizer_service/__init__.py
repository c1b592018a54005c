"""One recognizer for many visitors of a host: a process of its own that takes each visitor's sound and sends back words.

How to use it, from asyncio::

    from voicetrail.recognizer_service import RecognizerService, VisitorSound

    service = RecognizerService(on_report=log)      # ``log`` is given a ``ServiceReport`` for each event: plain values, no voices
    await service.start()                           # loads the weights; a second or two
    spec = await service.add_visitor("7", VisitorSound(folder=folder, sound=folder / "mic"))
    # run the visitor's game with ``--source`` spec (``words+unix://…``): it needs no torch
    await service.remove_visitor("7")
    await service.close()

``folder`` is the visitor's own, mode 0700, of this user; the socket for the words is made in it. ``sound`` is a Unix socket that
serves the sound as ``voicetrail mic`` does (an SSH forwarding of the visitor's own, or a ``link.server.LinkServer``): the service
connects to it, waits for it where it is not there yet, and connects again when it was lost. What serves whom is decided by these
calls alone: nothing that a visitor sends names a path.

Calls come from the event loop that ``start`` ran in. When the recognizer's process dies it is started again, with the same
visitors; their games say that the microphone was lost, go on by keys, and connect again by themselves.
"""

from voicetrail.recognizer_service.messages import ServiceReport, ServiceStatus, VisitorSound
from voicetrail.recognizer_service.supervisor import RecognizerService

__all__ = ["RecognizerService", "ServiceReport", "ServiceStatus", "VisitorSound"]
