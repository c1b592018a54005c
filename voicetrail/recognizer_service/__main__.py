"""The recognizer's process, ``python -m voicetrail.recognizer_service``; started by the host."""

from voicetrail.recognizer_service.process import main

if __name__ == "__main__":
    main()
