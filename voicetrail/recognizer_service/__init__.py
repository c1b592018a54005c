"""One recognizer for all visitors of a host: a separate process that receives each visitor's sound and sends back words.

Usage, from asyncio::

    from voicetrail.recognizer_service import RecognizerService, VisitorSound

    service = RecognizerService(on_report=log)      # ``log`` is given a ``ServiceReport`` for each event: plain values, no voices
    await service.start()                           # loads the weights, in a second or two
    spec = await service.add_visitor("7", VisitorSound(folder=folder, sound=folder / "mic"))
    # run the visitor's game with ``--source`` spec (``words+unix://…``): it needs no torch
    await service.remove_visitor("7")
    await service.close()

``folder`` belongs to the visitor and has mode 0700; the socket for the words is created in it. ``sound`` is a Unix socket that serves
sound like ``voicetrail mic`` (an SSH forward of the visitor, or a ``link.serving.server.LinkServer``). The service connects to it,
waits for it if it does not exist yet, and reconnects if it is lost. Only these calls decide which visitor uses which socket: no
message from a visitor names a path.

All calls must come from the event loop that ran ``start``. If the recognizer's process dies, it is restarted with the same visitors;
their games report a lost microphone, continue with keys, and reconnect automatically.
"""

from voicetrail.recognizer_service.messages import ServiceReport, ServiceStatus, VisitorSound
from voicetrail.recognizer_service.supervisor import RecognizerService

__all__ = ["RecognizerService", "ServiceReport", "ServiceStatus", "VisitorSound"]
